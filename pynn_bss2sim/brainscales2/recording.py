"""Recorders: what a population records, and its data as Neo objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import neo
import numpy as np
import quantities as pq
from pyNN import recording

from pynn_bss2sim.segments import asked, variable_names

from . import simulator
from .recording_data import ANALOG, Request, Signal, SnippetData

if TYPE_CHECKING:
    from .populations import Population


__all__ = ["Recorder"]

#: Of cells that have one compartment, as their only one is called.
_LOCATION = "unlabeled"


@dataclass(eq=False)
class _Segment:
    """The data of one experiment."""

    name: str
    snippets: list[SnippetData]
    made: datetime = field(default_factory=datetime.now)
    annotations: dict = field(default_factory=dict)


class Recorder(recording.Recorder):
    """Settings and data of the recordings of one population."""

    _simulator = simulator

    def __init__(self, population: Population, file: Any = None) -> None:
        super().__init__(population, file)
        self.request = Request()
        self._current: list[SnippetData] = []
        self._cached: list[_Segment] = []
        self._cleared = False

    # --- settings -------------------------------------------------------------------------

    def record(self, variables: Iterable[str], cells: np.ndarray, device: str) -> None:
        """Record variables of the cells at these positions, too."""
        label = self.population.label
        names = [variables] if isinstance(variables, str) else list(variables)
        for name in names:
            if name not in self.population.celltype.recordable:
                raise RuntimeError(
                    f"{label}: {name!r} cannot be recorded; there are "
                    f"{', '.join(self.population.celltype.recordable)}"
                )
        analog = [name for name in names if name in ANALOG]
        if len(analog) > 1:
            raise ValueError(
                f"{label}: {' and '.join(analog)}: a neuron has one analog output; record one of "
                "them"
            )
        request = self.request
        for name in names:
            if name == "spikes":
                request = request.with_spikes(cells)
            else:
                request = request.with_analog(label, name, cells, device)
        self.request = request

    def reset(self) -> None:
        """Record nothing any more, and drop what has not been fetched of the present segment."""
        self.request = Request()
        self._current = []

    # --- data -----------------------------------------------------------------------------

    def store(self, data: SnippetData) -> None:
        """Take what was recorded in a snippet."""
        self._current.append(data)

    def begin(self) -> None:
        """An experiment has been executed: its data are those of the present segment."""
        self._current, self._cleared = [], False

    def store_to_cache(self, annotations: dict | None = None) -> None:
        """Close the present segment."""
        if simulator.current("get_data").executed and not self._cleared:
            segment = self._segment()
            segment.annotations.update(annotations or {})
            self._cached.append(segment)
        self._current, self._cleared = [], False

    def clear(self) -> None:
        """Drop all data."""
        self._cached, self._current, self._cleared = [], [], True

    def _segment(self) -> _Segment:
        state = simulator.current("get_data")
        return _Segment(f"segment{state.segment_counter:03d}", self._current)

    def get(
        self,
        variables: str | Sequence[str],
        gather: bool = False,
        filter_ids: Any = None,
        clear: bool = False,
        annotations: dict | None = None,
        locations: None = None,
    ) -> neo.Block:
        """Return the data as a Neo `Block`, with one segment for each experiment.

        Raises
        ------
        IndexError
            There has been no experiment.
        """
        names = variable_names(variables)
        cells = None
        if filter_ids is not None:
            cells = np.sort(self.population.id_to_index(filter_ids))
        segments = list(self._cached)
        state = simulator.state
        if state is not None and state.executed:
            segments.append(self._segment())
        if not segments:
            raise IndexError(f"{self.population.label}: there are no data; call run() first")
        block = neo.Block(
            name=self.population.label,
            description=self.population.describe(),
            rec_datetime=segments[0].made,
        )
        block.annotate(**self.metadata, **(annotations or {}))
        block.segments = [self._neo_segment(s, names, cells) for s in segments]
        for segment in block.segments:
            segment.block = block
        if clear:
            self.clear()
        return block

    def _neo_segment(self, found: _Segment, names: Any, cells: Any) -> neo.Segment:
        segment = neo.Segment(name=found.name, rec_datetime=found.made)
        segment.annotate(**found.annotations)
        for data in found.snippets:
            if asked("spikes", names):
                segment.spiketrains.extend(self._spike_trains(data, cells))
            segment.irregularlysampledsignals.extend(
                [
                    self._signal(signal)
                    for signal in data.signals
                    if asked(signal.variable, names) and (cells is None or signal.cell in cells)
                ]
            )
        for child in (*segment.spiketrains, *segment.irregularlysampledsignals):
            child.segment = segment
        return segment

    def _spike_trains(self, data: SnippetData, cells: Any) -> list[neo.SpikeTrain]:
        wanted = data.spiking if cells is None else np.intersect1d(data.spiking, cells)
        order = np.argsort(data.cells, kind="stable")
        times, owner = data.times[order], data.cells[order]
        begin, end = (np.searchsorted(owner, wanted, side) for side in ("left", "right"))
        return [
            neo.SpikeTrain(
                times[a:b],
                units="ms",
                t_start=data.start,
                t_stop=data.stop,
                source_population=self.population.label,
                source_id=int(self.population.first_id_number + cell),
                source_location=_LOCATION,
                source_compartment=0,
                source_index=int(cell),
            )
            for a, b, cell in zip(begin, end, wanted, strict=True)
        ]

    def _signal(self, signal: Signal) -> neo.IrregularlySampledSignal:
        return neo.IrregularlySampledSignal(
            signal.times,
            # scripts take the plain quantity from the attribute `base`
            pq.Quantity(signal.values[:, np.newaxis], pq.dimensionless, dtype=np.float32),
            time_units=pq.ms,
            name=signal.variable,
            device=signal.device,
            source_ids=[int(self.population.first_id_number + signal.cell)],
            source_locations=[_LOCATION],
            source_population=self.population.label,
            source_compartments=[0],
            array_annotations={"channel_index": np.array([signal.cell])},
        )

    def count(self, variable: str, gather: bool = True, filter_ids: Any = None) -> dict[int, int]:
        """Spikes of each recorded cell in the present segment, by its ID."""
        cells = self.request.spiking
        if filter_ids is not None:
            cells = np.intersect1d(cells, self.population.id_to_index(filter_ids))
        total = np.zeros(self.population.size, np.int64)
        for data in self._current:
            total += np.bincount(data.cells, minlength=len(total))
        return {int(self.population.first_id_number + k): int(total[k]) for k in cells}
