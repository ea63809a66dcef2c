"""What the synapse arrays are asked for: the connections, ordered by array and source."""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.hicannx import HEMISPHERES
from pynn_bss2sim._core.ordering import stable_order, starts
from pynn_bss2sim._core.records import LINES

from .place import Placement
from .weights import Joined

__all__ = ["Demand", "demand"]


@frozen
class Demand:
    """Rows that sources need at input lines: one entry for each pair of source and line.

    Entries are sorted by array, setting of drivers, source, line and neuron. Parallel connections
    share an entry.

    Attributes
    ----------
    array : int64 (n,)
        Synapse array: ``chip * 2 + hemisphere``.
    setting, source, neuron, line : int64 (n,)
    rows : int64 (n,)
        Synapses, each in a row of its own circuit.
    connection : int64 (n_kept,)
        Connections, entry after entry.
    begin : int64 (n + 1,)
        Where each entry begins in `connection`.
    """

    array: np.ndarray
    setting: np.ndarray
    source: np.ndarray
    neuron: np.ndarray
    line: np.ndarray
    rows: np.ndarray
    connection: np.ndarray
    begin: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


def demand(
    joined: Joined, rows: np.ndarray, kept: np.ndarray, placement: Placement, n_sources: int
) -> Demand:
    """Order the connections that are `kept`, bool (n,), and need `rows` synapses, int64 (n,)."""
    array = placement.chip * HEMISPHERES + placement.row
    key = _keys(joined, array, n_sources)
    if kept.all():
        connection = stable_order(key)
    else:
        wanted = np.flatnonzero(kept)
        connection = wanted[stable_order(key[wanted])]
    begin = np.append(starts(key[connection]), len(connection))
    one, total = connection, rows[connection]
    if len(begin) - 1 < len(connection):
        one, total = connection[begin[:-1]], np.add.reduceat(total, begin[:-1])
    neuron = joined.post[one].astype(np.int64)
    return Demand(
        array[neuron],
        joined.setting[one],
        joined.pre[one].astype(np.int64),
        neuron,
        joined.slot[one] - LINES * neuron,
        total,
        connection,
        begin,
    )


def _keys(joined: Joined, array: np.ndarray, n_sources: int) -> np.ndarray:
    """Array, setting, source, line and neuron of each connection as one number: int64 (n,)."""
    neuron, line = np.divmod(np.arange(LINES * len(array)), LINES)
    of_source = LINES * len(array)
    of_setting = of_source * n_sources
    of_array = of_setting * (int(joined.setting.max(initial=0)) + 1)
    key = (array[neuron] * of_array + line * len(array) + neuron)[joined.slot]
    key += np.multiply(joined.pre, of_source, dtype=np.int64)
    if of_array > of_setting:
        key += joined.setting * of_setting
    return key
