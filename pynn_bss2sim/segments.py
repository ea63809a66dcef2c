"""Recorded data between the emulator and Neo: tracks being recorded, snapshots, segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import neo
import numpy as np
import quantities as pq
from neo.core.spiketrainlist import SpikeTrainList

from ._core.frozen import frozen

if TYPE_CHECKING:
    from ._core.records import Variable

#: The unit of a name, which Quantities would parse each time.
_unit = cache(pq.unit_registry.__getitem__)

__all__ = [
    "Signal",
    "Snapshot",
    "Track",
    "asked",
    "contained",
    "intersection",
    "joined_name",
    "make_segment",
    "next_sample",
    "variable_names",
    "variable_of",
    "with_session",
]


@dataclass(eq=False)
class Track:
    """Samples of one variable of some cells that have been recorded since the same time.

    Attributes
    ----------
    name : str
        The recorded variable's name in PyNN.
    variable : _core.records.Variable
    cells : int64 (m,)
        Ascending positions in the population.
    interval : int
        Steps between samples.
    start_step : int
        Step of the first sample, a multiple of `interval`.
    device : {"probe", "madc", "cadc"}
        What samples: the emulation itself, or a converter of the chip.
    raw : bool
        The samples are in the converter's LSB.
    chunks : list of float64 (k, m)
        Biological units, or LSB.
    """

    name: str
    variable: Variable
    cells: np.ndarray
    interval: int
    start_step: int
    device: str = "probe"
    raw: bool = False
    chunks: list = field(default_factory=list)

    @property
    def n_samples(self) -> int:
        """Samples of each cell."""
        return sum(len(c) for c in self.chunks)

    def starts_at(self, step: int) -> bool:
        """The first sample is still to be taken, at `step`."""
        return not self.chunks and step == self.start_step

    def append(self, samples: np.ndarray) -> None:
        """Store samples (k, m) that follow those stored."""
        self.chunks.append(samples)

    def restart(self, step: int) -> None:
        """Drop the samples; the one of `step` is kept and becomes the first."""
        last = self.start_step + (self.n_samples - 1) * self.interval
        self.chunks = [self.chunks[-1][-1:].copy()] if self.chunks and last == step else []
        self.start_step = next_sample(step, self.interval)


def next_sample(step: int, interval: int) -> int:
    """First multiple of `interval` from `step` on."""
    return -(-step // interval) * interval


@frozen
class Signal:
    """Samples of one variable: `values` (n, m) float64 of the cells `cells`, from `t_start` ms.

    `notes` are annotations for Neo, `cell_notes` those of single cells, arrays (m,).
    """

    name: str
    units: str
    cells: np.ndarray
    t_start: float
    interval: float
    values: np.ndarray
    notes: dict = field(default_factory=dict)
    cell_notes: dict = field(default_factory=dict)


@frozen
class Snapshot:
    """What was recorded in one segment.

    Attributes
    ----------
    label, first_id : str, int
        Label of the population, number of its first cell.
    spiking_cells : int64 (k,)
        Ascending positions of the cells whose spikes were recorded.
    spikes_since : float64 (k,), ms
        From when on.
    times, cells : float64 (n,), int64 (n,)
        Spikes, ordered by time.
    """

    label: str
    first_id: int
    name: str
    rec_datetime: datetime
    t_stop: float
    spiking_cells: np.ndarray | None
    spikes_since: np.ndarray
    times: np.ndarray
    cells: np.ndarray
    signals: tuple[Signal, ...]
    annotations: dict


def make_segment(
    snapshot: Snapshot,
    names: Sequence[str] | None,
    cells: np.ndarray | None,
    description: str = "",
    copy: bool = False,
) -> neo.Segment:
    """Make the Neo segment of a snapshot, reduced to variables and cells.

    With `copy` it does not share memory with the snapshot.
    """
    segment = neo.Segment(
        name=snapshot.name, description=description, rec_datetime=snapshot.rec_datetime
    )
    segment.annotate(**snapshot.annotations)
    if snapshot.spiking_cells is not None and asked("spikes", names):
        spiking = contained(snapshot.spiking_cells, cells)
        if spiking.any():
            segment.spiketrains = _spike_trains(snapshot, spiking)
            segment.spiketrains.segment = segment
    for signal in snapshot.signals:
        mine = contained(signal.cells, cells)
        if asked(signal.name, names) and mine.any():
            neo_signal = _analog_signal(snapshot, signal, mine, copy)
            segment.analogsignals.append(neo_signal)
            neo_signal.segment = segment
    return segment


def _spike_trains(snapshot: Snapshot, wanted: np.ndarray) -> SpikeTrainList:
    """Make spike trains of the cells `snapshot.spiking_cells[wanted]`."""
    assert snapshot.spiking_cells is not None
    cells, since = snapshot.spiking_cells[wanted], snapshot.spikes_since[wanted]
    mine = snapshot.times <= snapshot.t_stop
    if len(cells) < len(snapshot.spiking_cells):
        mine &= np.isin(snapshot.cells, cells)
    times, spike_cells = snapshot.times[mine], snapshot.cells[mine]
    first_id = snapshot.first_id
    if (since == since[0]).all():
        return SpikeTrainList.from_spike_time_array(
            times,
            spike_cells + first_id,
            all_channel_ids=cells + first_id,
            t_stop=pq.Quantity(snapshot.t_stop, pq.ms),
            units=pq.ms,
            t_start=pq.Quantity(since[0], pq.ms),
            source_population=snapshot.label,
            source_index=cells,
        )
    return SpikeTrainList(
        [
            neo.SpikeTrain(
                times[spike_cells == cell],
                units="ms",
                t_start=start,
                t_stop=snapshot.t_stop,
                source_population=snapshot.label,
                source_index=int(cell),
                channel_id=int(cell + first_id),
            )
            for cell, start in zip(cells, since, strict=True)
        ]
    )


def _analog_signal(
    snapshot: Snapshot, signal: Signal, wanted: np.ndarray, copy: bool
) -> neo.AnalogSignal:
    cells = signal.cells[wanted]
    values = signal.values if wanted.all() else signal.values[:, wanted]
    return neo.AnalogSignal(
        values.copy() if copy else values,
        units=_unit(signal.units),
        t_start=pq.Quantity(signal.t_start, pq.ms),
        sampling_period=pq.Quantity(signal.interval, pq.ms),
        name=signal.name,
        channel_ids=cells + snapshot.first_id,
        source_population=snapshot.label,
        array_annotations={
            "channel_index": cells,
            **{name: values[wanted] for name, values in signal.cell_notes.items()},
        },
        **signal.notes,
    )


def joined_name(signal: neo.AnalogSignal) -> str:
    """A name that those signals share with `signal` that can be joined with it."""
    device = signal.annotations.get("device")
    if device is None:
        return signal.name
    cells = signal.annotations["channel_ids"] if device == "madc" else ()
    return "/".join([signal.name, device, str(signal.units.dimensionality), *map(str, cells)])


def variable_of(name: str) -> str:
    """The variable in a name made by `joined_name`."""
    return name.partition("/")[0]


def variable_names(variables: str | Sequence[str]) -> list[str] | None:
    """Names of the variables asked for, None for all."""
    if variables == "all":
        return None
    return [variables] if isinstance(variables, str) else list(variables)


def asked(name: str, names: Sequence[str] | None) -> bool:
    return names is None or name in names


def contained(cells: np.ndarray, chosen: np.ndarray | None) -> np.ndarray:
    """Which of `cells` are among `chosen` (None: all): bool (len(cells),)."""
    return np.ones(len(cells), dtype=bool) if chosen is None else np.isin(cells, chosen)


def intersection(cells: np.ndarray, chosen: np.ndarray | None) -> np.ndarray:
    return cells if chosen is None else cells[np.isin(cells, chosen)]


def with_session(io: Any, annotations: dict | None) -> dict:
    """Add to `annotations` (dict or None) what the format of the Neo IO `io` cannot do without."""
    annotations = dict(annotations or {})
    if isinstance(io, neo.io.NWBIO):
        annotations.setdefault("session_start_time", datetime.now().astimezone())
    return annotations
