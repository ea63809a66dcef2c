"""PyNN objects to the record that the mapping takes, and the way back to populations and cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING

import numpy as np
from pyNN.common import Assembly as BaseAssembly

from ._core.frozen import frozen
from .mapping import network as records
from .mapping.constraints import ANYWHERE, Constraints

if TYPE_CHECKING:
    from .populations import Population
    from .projections import Projection
    from .pynn_types import Cells
    from .simulator import ID, State

_MS_PER_S = 1e3

__all__ = ["Capture", "capture_network", "members"]


@frozen
class Capture:
    """A captured network and the tables that lead from it back to the user's objects.

    Attributes
    ----------
    network : Network
    populations : tuple
        Neuron populations in the order of the network.
    first_neuron : dict of Population to int
        Index of each population's first neuron.
    first_source : dict of Population to int
        Position of each source population's first cell among the external inputs.
    parts : dict of Projection to tuple of (int, index array or None)
        Which records of `network.projections` hold a projection, and which of its synapses each
        of them holds (None: all).
    """

    network: records.Network
    populations: tuple
    first_neuron: dict = field(default_factory=dict)
    first_source: dict = field(default_factory=dict)
    parts: dict = field(default_factory=dict)

    def cell_of_neuron(self, neuron: int) -> tuple[Population, int]:
        """Population and index within it of a neuron."""
        k = int(np.searchsorted(self.network.first_neuron, neuron, side="right")) - 1
        return self.populations[k], int(neuron - self.network.first_neuron[k])

    def neurons_of_cells(self, cells: Sequence[ID]) -> np.ndarray:
        """Neuron indices of a list of IDs: int64 (n,)."""
        return np.array(
            [self.first_neuron[c.parent] + c.parent.id_to_index(c) for c in cells], dtype=np.int64
        )

    def collect(
        self, projection: Projection, values: Sequence[np.ndarray] | dict[int, np.ndarray]
    ) -> np.ndarray:
        """Put what the mapping says of a projection's synapses into the user's order.

        Parameters
        ----------
        projection : Projection
        values : sequence of float64 (n,)
            One array for each record of `network.projections`.
        """
        parts = self.parts[projection]
        if len(parts) == 1 and parts[0][1] is None:
            return values[parts[0][0]]
        result = np.empty(len(projection))
        for k, synapses in parts:
            result[synapses] = values[k]
        return result


class _Ends:
    """Where the cells of projections are in the network; each group of cells is looked up once.

    Parameters
    ----------
    first : dict of Population to int
        Index in the network of each population's first cell.
    """

    def __init__(self, first: dict[Population, int]) -> None:
        self._first = first
        self._index: dict[int, np.ndarray] = {}
        self._line: dict[tuple[int, str], tuple[np.ndarray, np.ndarray]] = {}

    def index(self, cells: Cells) -> np.ndarray:
        """Index in the network of each cell of a population, view or assembly: int32 (size,)."""
        index = self._index.get(id(cells))
        if index is None:
            parts = [self._first[p.root] + p.cell_index for p in members(cells)]
            index = self._index[id(cells)] = np.concatenate(parts).astype(np.int32)
        return index

    def lines(self, cells: Cells, receptor: str) -> tuple[np.ndarray, np.ndarray]:
        """Input line of a receptor of each cell, int8 (size,), and all lines among them."""
        known = self._line.get((id(cells), receptor))
        if known is None:
            parts = [
                np.full(p.size, list(p.celltype.receptor_types).index(receptor), np.int8)
                for p in members(cells)
            ]
            lines = np.concatenate(parts)
            known = self._line[id(cells), receptor] = lines, np.unique(lines)
        return known


def capture_network(state: State) -> Capture:
    """Describe the network that `state` holds, in biological units."""
    first_neuron, n_neurons = _offsets(state.populations)
    first_source, _ = _offsets(state.sources)
    first = dict(first_neuron)
    first.update((p, n_neurons + offset) for p, offset in first_source.items())
    ends = _Ends(first)
    projections: list[records.Projection] = []
    parts = {}
    for projection in state.projections:
        parts[projection] = _capture_projection(projection, ends, projections)
    network = records.Network(
        timestep=state.dt,
        populations=tuple(
            p.celltype.record(p.label, p.size, p.parameter_arrays) for p in state.populations
        ),
        sources=tuple(records.Sources(p.label, p.size, _on_chip(p)) for p in state.sources),
        projections=tuple(projections),
        constraints=_constraints(state, first_neuron),
    )
    return Capture(network, tuple(state.populations), first_neuron, first_source, parts)


def _on_chip(population: Population) -> records.OnChip | None:
    """What the generators of a spike source shall send; None = its spikes come from the host."""
    if not population.on_chip:
        return None
    rate, seed = (population.parameter_arrays[name][0] for name in ("rate", "seed"))
    return records.OnChip(float(rate) / _MS_PER_S, int(seed))


def _constraints(state: State, first_neuron: dict) -> Constraints | None:
    """What the user demands of the placement; None = nothing."""
    pins = np.concatenate(
        [np.empty((3, 0), np.int64), *(p.pins for p in state.populations)], axis=1
    )
    if (pins == ANYWHERE).all() and not state.together:
        return None
    chip, hemisphere, circuit = pins
    return Constraints.of_labels(
        [p.label for p in state.populations],
        [p.size for p in state.populations],
        [together.group(first_neuron) for together in state.together],
        chip=chip,
        hemisphere=hemisphere,
        circuit=circuit,
    )


def _offsets(populations: Sequence[Population]) -> tuple[dict[Population, int], int]:
    """First index of each population in their common index space, and its size."""
    offsets, total = {}, 0
    for population in populations:
        offsets[population] = total
        total += population.size
    return offsets, total


def members(cells: Cells) -> list:
    """Populations and views of which `cells` (population, view or assembly) consists."""
    return cells.populations if isinstance(cells, BaseAssembly) else [cells]


def _capture_projection(
    projection: Projection, ends: _Ends, out: list[records.Projection]
) -> tuple[tuple[int, np.ndarray | None], ...]:
    """Append the record(s) of a projection to `out`; return which synapses each of them holds.

    One record has one input line. A projection onto an assembly may need one for each line, where
    its populations list the receptor at different places.
    """
    columns = projection.columns
    pre = ends.index(projection.pre)[columns.pre]
    post = ends.index(projection.post)[columns.post]
    weight, delay = columns["weight"], columns["delay"]
    dynamics = projection.dynamics()
    lines, used = ends.lines(projection.post, projection.receptor_type)
    if len(used) == 1:
        line = int(used[0])
        out.append(records.Projection(projection.label, pre, post, line, weight, delay, **dynamics))
        return ((len(out) - 1, None),)
    parts = []
    for line in used:
        some = np.flatnonzero(lines[columns.post] == line)
        out.append(
            records.Projection(
                projection.label,
                pre[some],
                post[some],
                int(line),
                weight[some],
                delay[some],
                **{kind: record.take(some) for kind, record in dynamics.items()},
            )
        )
        parts.append((len(out) - 1, some))
    return tuple(parts)
