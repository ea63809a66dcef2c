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
    n_neurons = len(array)
    wanted = np.flatnonzero(kept)
    post = joined.post.astype(np.int64)
    line = joined.slot % LINES
    n_settings = int(joined.setting.max(initial=0)) + 1
    key = (array[post] * n_settings + joined.setting) * n_sources + joined.pre
    key = (key * LINES + line) * n_neurons + post
    connection = wanted[stable_order(key[wanted])]
    key = key[connection]
    first = starts(key)
    one = connection[first]
    begin = np.append(first, len(key))
    total = np.concatenate([[0], np.cumsum(rows[connection])])
    return Demand(
        array[post[one]],
        joined.setting[one],
        joined.pre[one].astype(np.int64),
        post[one],
        line[one],
        np.diff(total[begin]),
        connection,
        begin,
    )
