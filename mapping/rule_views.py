"""Where the synapses and neurons lie that a plasticity rule works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.frozen import frozen

if TYPE_CHECKING:
    from .coded import CodedMapping
    from .mapped import Mapping
    from .place import Placement

__all__ = ["NeuronView", "SynapseView", "neuron_views", "synapse_views"]


@frozen
class SynapseView:
    """Synapses of one projection in one synapse array.

    Attributes
    ----------
    chip, hemisphere : int
    rows : int64 (n,)
    columns : int64 (m,)
    connection : int64 (n, m)
        Whose synapse lies where row and column cross, by its position in the projection; -1 = none.
    part : int64 (n, m)
        Which of the synapses of its connection.
    """

    chip: int
    hemisphere: int
    rows: np.ndarray
    columns: np.ndarray
    connection: np.ndarray
    part: np.ndarray


@frozen
class NeuronView:
    """Some neurons in one hemisphere of one chip.

    Attributes
    ----------
    chip, hemisphere : int
    columns : int64 (n,)
        Of the first circuit of each.
    position : int64 (n,)
        Which of the neurons that were asked for.
    circuits : list of int64 arrays
        All circuits of each, counted on its chip.
    """

    chip: int
    hemisphere: int
    columns: np.ndarray
    position: np.ndarray
    circuits: list[np.ndarray]


def synapse_views(mapping: Mapping | CodedMapping, record: int) -> list[SynapseView]:
    """The synapses of projection number `record` of the network, array by array."""
    routing = mapping.routed
    first, last = routing.joined.offset[record : record + 2]
    mine = np.flatnonzero((routing.connection >= first) & (routing.connection < last))
    array, within = np.divmod(routing.synapse[mine], chip.ROWS * chip.COLUMNS)
    views = []
    for number in np.unique(array):
        here = array == number
        rows, row = np.unique(within[here] // chip.COLUMNS, return_inverse=True)
        columns, column = np.unique(within[here] % chip.COLUMNS, return_inverse=True)
        connection, part = np.full((2, len(rows), len(columns)), -1)
        connection[row, column] = routing.connection[mine[here]] - first
        part[row, column] = routing.part[mine[here]]
        on_chip, hemisphere = divmod(int(number), chip.HEMISPHERES)
        views.append(SynapseView(on_chip, hemisphere, rows, columns, connection, part))
    return views


def neuron_views(placement: Placement, neuron: np.ndarray) -> list[NeuronView]:
    """Some neurons, int64 (n,), hemisphere by hemisphere."""
    array = placement.chip[neuron] * chip.HEMISPHERES + placement.row[neuron]
    views = []
    for number in np.unique(array):
        position = np.flatnonzero(array == number)
        some = neuron[position]
        start = placement.circuit[some] % placement.target.circuits
        circuits = [np.arange(a, a + n) for a, n in zip(start, placement.count[some], strict=True)]
        on_chip, hemisphere = divmod(int(number), chip.HEMISPHERES)
        columns = placement.column[some]
        views.append(NeuronView(on_chip, hemisphere, columns, position, circuits))
    return views
