"""What each population records."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import neo
import numpy as np
from pyNN import errors, recording
from pyNN.recording import Variable as RecordedVariable
from pyNN.recording import get_io

from . import simulator
from .readout import DEVICES, MadcTrack, ReadoutError, cadc_steps, check_request
from .segments import (
    Signal,
    Snapshot,
    Track,
    asked,
    contained,
    intersection,
    make_segment,
    next_sample,
    variable_names,
    with_session,
)

if TYPE_CHECKING:
    from .populations import Population


__all__ = ["Recorder", "RecordingError"]


class RecordingError(errors.RecordingError):
    """A variable was asked for that the population's cells do not have."""

    def __init__(self, label: str, variable: str, celltype: Any) -> None:
        super().__init__(variable, celltype)
        self.label = label

    def __str__(self) -> str:
        return (
            f"{self.label}: cannot record {self.variable!r} from cells of type "
            f"{type(self.cell_type).__name__}; available variables are "
            f"{', '.join(self.cell_type.recordable)}"
        )


class Recorder(recording.Recorder):
    """Records one population.

    Parameters
    ----------
    population : Population
    file : str, optional
    """

    _simulator = simulator

    def __init__(self, population: Population, file: Any = None) -> None:
        super().__init__(population, file)
        # PyNN's own looks through all that it has for each that comes
        self.cache: list[Snapshot] = []
        self._tracks: list[Track] = []
        self._first_step = simulator.state.step
        self._forget_spikes(None)

    def _forget_spikes(self, since: np.ndarray | None) -> None:
        """Drop stored spikes; `since` (size,) says from when on (ms) spikes count, NaN: never."""
        self._spike_times: list[np.ndarray] = []
        self._spike_cells: list[np.ndarray] = []
        self._spikes_since = since

    # --- what to record -------------------------------------------------------------------

    def record(
        self,
        variables: str | Sequence[str],
        ids: Any,
        sampling_interval: float | None = None,
        locations: None = None,
        device: str = "probe",
        units: str | None = None,
    ) -> None:
        """Begin to record variables of the cells `ids` (see `Population.record`)."""
        label = self.population.label
        if locations is not None:
            raise ValueError(
                f"{label}: locations={locations!r}: neurons have one compartment; leave it out"
            )
        names = [variables] if isinstance(variables, str) else list(variables)
        for name in names:
            if not self.population.can_record(name):
                raise RecordingError(label, name, self.population.celltype)
        sampled = {n: self.population.celltype.variables[n] for n in names if n != "spikes"}
        check_request(label, device, units, sampling_interval, sampled, simulator.state.chip)
        cells = np.sort(self.population.id_to_index(ids))
        raw = units == "raw"
        if sampled:
            self._check_converters(device, raw, sampled, cells)
            self._set_sampling_interval(device, sampling_interval)
        for name in names:
            variable = RecordedVariable(name, location=None, label=None)
            self.recorded[variable] = self.recorded[variable].union(ids)
            if name == "spikes":
                self._record_spikes(cells)
            else:
                self._record_samples(name, cells, device, raw)
        simulator.state.recording_changed()

    def _check_converters(
        self, device: str, raw: bool, names: Collection[str], cells: np.ndarray
    ) -> None:
        """A neuron has one analog output, and a signal one unit."""
        if device == "probe":
            return
        label = self.population.label
        for track in self._tracks:
            if track.device == "probe":
                continue
            both = np.intersect1d(track.cells, cells)
            if track.name not in names and len(both):
                raise ReadoutError(
                    f"{label}: cell {both[0]}: {track.name!r} is recorded with "
                    f"device={track.device!r}, and a converter reads one variable of a neuron; use "
                    "other cells, or call record(None) first"
                )
            if track.device == device and track.raw != raw:
                raise ReadoutError(
                    f"{label}: {track.name!r} is recorded with device={device!r} "
                    f"{'in LSB' if track.raw else 'in physical units'} already; give the same "
                    "units for all cells, or call record(None) first"
                )

    def _set_sampling_interval(self, device: str, interval: float | None) -> None:
        if device == "madc":
            return
        dt, label = simulator.state.dt, self.population.label
        if interval is not None:
            steps = round(interval / dt) if math.isfinite(interval) else 0
            if steps < 1 or not math.isclose(steps * dt, interval, rel_tol=1e-9):
                raise ValueError(
                    f"{label}: sampling_interval={interval} ms is no multiple of the time step "
                    f"({dt} ms); {max(steps, 1) * dt:g} ms is the nearest"
                )
        used = next((t.interval for t in self._tracks if t.device == device), None)
        if device == "cadc":
            steps = cadc_steps(label, interval, dt)
            self._cadc_interval = used if used and interval is None else steps
        elif interval is not None:
            self.sampling_interval = float(interval)
        if interval is not None and used not in (None, steps):
            raise ValueError(
                f"{label}: sampling_interval={interval} ms, but a population has one interval "
                f"for all its cells and variables, and {used * dt:g} ms is in use; "
                "call record(None) first to change it"
            )

    def _interval_steps(self, device: str) -> int:
        if device == "cadc":
            return self._cadc_interval
        return round(self.sampling_interval / simulator.state.dt)

    def _record_spikes(self, cells: np.ndarray) -> None:
        if self._spikes_since is None:
            self._spikes_since = np.full(self.population.size, np.nan)
        new = cells[np.isnan(self._spikes_since[cells])]
        self._spikes_since[new] = simulator.state.t

    def _record_samples(self, name: str, cells: np.ndarray, device: str, raw: bool) -> None:
        known = [t.cells for t in self._tracks if (t.name, t.device) == (name, device)]
        new = np.setdiff1d(cells, np.concatenate(known)) if known else cells
        if not len(new):
            return
        variable = self.population.celltype.variables[name]
        step = simulator.state.step
        if device == "madc":
            given = {"name": name, "variable": variable, "device": device, "raw": raw}
            self._tracks += [
                MadcTrack.switched_on(step, simulator.state.dt, cells=cell, **given)
                for cell in new[:, np.newaxis]
            ]
            return
        interval = self._interval_steps(device)
        start = next_sample(step, interval)
        for track in self._tracks:
            same = (track.name, track.device) == (name, device)
            if same and not track.chunks and track.start_step >= step:
                track.cells = np.union1d(track.cells, new)
                track.start_step = start
                return
        self._tracks.append(Track(name, variable, new, interval, start, device, raw))

    def tracks(self) -> list[Track]:
        """What is to be sampled."""
        return self._tracks

    def spiking_cells(self) -> np.ndarray:
        """Positions of the cells whose spikes are recorded: int64 (k,)."""
        if self._spikes_since is None:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(~np.isnan(self._spikes_since))

    def _reset(self) -> None:
        self._tracks = []
        self._forget_spikes(None)
        simulator.state.recording_changed()

    # --- storing --------------------------------------------------------------------------

    def store_spikes(self, times: np.ndarray, cells: np.ndarray) -> None:
        """Store spikes: times (n,) in ms, ascending from call to call or not, and positions."""
        if self._spikes_since is None or not len(times):
            return
        # NaN (not recorded) compares as False
        wanted = times >= self._spikes_since[cells]
        self._spike_times.append(times[wanted])
        self._spike_cells.append(cells[wanted].astype(np.int64))

    def drop_spikes_after(self, time: float) -> None:
        """Forget spikes later than `time` ms: their source will be asked for them again."""
        for k, times in enumerate(self._spike_times):
            keep = times <= time
            self._spike_times[k] = times[keep]
            self._spike_cells[k] = self._spike_cells[k][keep]

    def _spikes(self) -> tuple[np.ndarray, np.ndarray]:
        """Times (n,) and positions (n,) of all spikes of the segment."""
        if not self._spike_times:
            return np.empty(0), np.empty(0, dtype=np.int64)
        if len(self._spike_times) > 1:
            self._spike_times = [np.concatenate(self._spike_times)]
            self._spike_cells = [np.concatenate(self._spike_cells)]
        return self._spike_times[0], self._spike_cells[0]

    # --- reading --------------------------------------------------------------------------

    def _snapshot(
        self, names: Sequence[str] | None = None, cells: np.ndarray | None = None
    ) -> Snapshot:
        """Describe the present segment, reduced to variables `names` and cells `cells`."""
        state = simulator.state
        times, spike_cells = self._spikes()
        # in the order in which they were switched on, as the user wrote it
        wanted = [n for n in dict.fromkeys(t.name for t in self._tracks) if asked(n, names)]
        spiking, since = None, np.empty(0)
        if self._spikes_since is not None and asked("spikes", names):
            recorded = self.spiking_cells()
            spiking = intersection(recorded, cells)
            since = self._spikes_since[spiking]
            if len(spiking) < len(recorded):
                mine = np.isin(spike_cells, spiking)
                times, spike_cells = times[mine], spike_cells[mine]
        return Snapshot(
            label=self.population.label,
            first_id=self.population.first_id_number,
            name=f"segment{state.segment_counter:03d}",
            rec_datetime=datetime.now(),
            t_stop=state.t,
            spiking_cells=spiking,
            spikes_since=since,
            times=times,
            cells=spike_cells,
            signals=tuple(s for n in wanted for s in self._signals(n, cells)),
            annotations={},
        )

    def _signals(self, name: str, cells: np.ndarray | None) -> list[Signal]:
        """Signals of a variable, by device; one for each cell of the MADC."""
        tracks = [t for t in self._tracks if t.name == name and t.chunks]
        signals = []
        for device in DEVICES:
            mine = [t for t in tracks if t.device == device]
            groups = [[t] for t in mine] if device == "madc" else [mine]
            signals += [s for g in groups if (s := self._signal(name, g, cells)) is not None]
        return signals

    def _signal(
        self, name: str, tracks: Sequence[Track], cells: np.ndarray | None
    ) -> Signal | None:
        """Put tracks of a variable together: cells in order, NaN where not yet recorded."""
        columns = [np.flatnonzero(contained(t.cells, cells)) for t in tracks]
        parts = [(t, c) for t, c in zip(tracks, columns, strict=True) if len(c)]
        if not parts:
            return None
        one = parts[0][0]
        if isinstance(one, MadcTrack):
            return self._madc_signal(one)
        units = self.population.celltype.units[name]
        interval = one.interval
        start = min(t.start_step for t, _ in parts)
        order = np.sort(np.concatenate([t.cells[c] for t, c in parts]))
        if len(parts) == 1:
            values = _samples(*parts[0])
        else:
            rows = max((t.start_step - start) // interval + t.n_samples for t, _ in parts)
            values = np.full((rows, len(order)), np.nan)
            for track, column in parts:
                first = (track.start_step - start) // interval
                place = np.searchsorted(order, track.cells[column])
                values[first : first + track.n_samples, place] = _samples(track, column)
        dt = simulator.state.dt
        where = simulator.state.readout.notes(self.population, one, order)
        return Signal(
            name,
            "dimensionless" if one.raw else units,
            order,
            simulator.state.time(start),
            round(interval * dt, 12),
            values,
            {"device": one.device} if where else {},
            where,
        )

    def _madc_signal(self, track: MadcTrack) -> Signal:
        assert track.sampling is not None
        units = self.population.celltype.units[track.name]
        return Signal(
            track.name,
            "dimensionless" if track.raw else units,
            track.cells,
            round(float(track.sampling.time(track.first)), 12),
            round(track.sampling.period, 12),
            np.concatenate(track.chunks),
            {"device": track.device},
            simulator.state.readout.notes(self.population, track, track.cells),
        )

    def get(
        self,
        variables: str | Sequence[str],
        gather: bool = False,
        filter_ids: Any = None,
        clear: bool = False,
        annotations: dict | None = None,
        locations: None = None,
    ) -> neo.Block:
        """Return the recorded data as a Neo `Block`, one segment for each trial."""
        if locations is not None:
            raise ValueError(
                f"{self.population.label}: locations={locations!r}: neurons have one "
                "compartment; leave it out"
            )
        names = variable_names(variables)
        cells = None if filter_ids is None else np.sort(self.population.id_to_index(filter_ids))
        description = self.population.describe()
        segments = [make_segment(s, names, cells, description, copy=True) for s in self.cache]
        if simulator.state.running and self.population.is_current:
            present = self._snapshot(names, cells)
            segments.append(make_segment(present, names, cells, description))
        block = neo.Block(
            name=self.population.label,
            description=description,
            rec_datetime=segments[0].rec_datetime if segments else datetime.now(),
        )
        block.segments = segments
        for segment in segments:
            segment.block = block
        block.annotate(**self.metadata)
        if annotations:
            block.annotate(**annotations)
        if clear:
            self.clear()
        return block

    def write(
        self,
        variables: str | Sequence[str],
        file: Any = None,
        gather: bool = False,
        filter_ids: Any = None,
        clear: bool = False,
        annotations: dict | None = None,
        locations: None = None,
    ) -> None:
        """Write the recorded data to a file (see `Population.write_data`)."""
        io = get_io(file) if isinstance(file, str) else file or self.file
        super().write(
            variables, io, gather, filter_ids, clear, with_session(io, annotations), locations
        )

    def _local_count(self, variable: str, filter_ids: Any = None) -> dict[int, int]:
        """Spikes of each recorded cell in the present segment: dict of ID number to int."""
        self.population.require_current("get_spike_counts")
        cells = self.spiking_cells()
        if filter_ids is not None:
            cells = intersection(cells, self.population.id_to_index(filter_ids))
        times, spike_cells = self._spikes()
        spike_cells = spike_cells[times <= simulator.state.t]
        counts = np.bincount(spike_cells, minlength=self.population.size)[cells]
        ids = cells + self.population.first_id_number
        return dict(zip(ids.tolist(), counts.tolist(), strict=True))

    def spike_rates(self) -> np.ndarray:
        """Mean rate of each cell in the present segment, Hz: float64 (size,), NaN: not recorded."""
        rates = np.full(self.population.size, np.nan)
        cells, now = self.spiking_cells(), simulator.state.t
        if self._spikes_since is None or not len(cells):
            return rates
        times, spike_cells = self._spikes()
        counts = np.bincount(spike_cells[times <= now], minlength=len(rates))[cells]
        duration = now - self._spikes_since[cells]
        seen = duration > 0
        rates[cells[seen]] = 1e3 * counts[seen] / duration[seen]
        return rates

    # --- segments -------------------------------------------------------------------------

    def clear(self) -> None:
        """Drop all recorded data; the last samples become the first of what follows."""
        self.cache.clear()
        self._begin(simulator.state.step)
        self.clear_flag = True

    def store_to_cache(self, annotations: dict | None = None) -> None:
        """Close the present segment and begin the next at time 0."""
        state = simulator.state
        # what get_data(clear=True) has just handed out is not to come back
        news = state.step > self._first_step or not self.clear_flag
        if state.running and self.recorded and news:
            snapshot = self._snapshot()
            snapshot.annotations.update(annotations or {})
            self.cache.append(snapshot)
        for track in self._tracks:
            track.chunks = []
        self._begin(0)
        self.clear_flag = False

    def _begin(self, step: int) -> None:
        """Begin an empty segment at `step`."""
        self._first_step = step
        for track in self._tracks:
            track.restart(step)
        since = self._spikes_since
        if since is not None:
            time = simulator.state.time(step)
            since = np.where(np.isnan(since), np.nan, time)
        times, cells = self._spikes()
        self._forget_spikes(since)
        if step:
            # a source may have fired ahead of the present time
            ahead = times > simulator.state.t
            self.store_spikes(times[ahead], cells[ahead])


def _samples(track: Track, column: np.ndarray) -> np.ndarray:
    """Samples of a track, of the cells in the columns `column`: float64 (n, m)."""
    every = len(column) == len(track.cells)
    return np.concatenate([c if every else c[:, column] for c in track.chunks])
