"""Which connections are given up where neurons are asked for more synapses than they have.

A column has a synapse in each row of its array, and each row of an array serves one input line. The
rows are divided between the two lines so that as few synapses as possible are lost, and among
divisions that are equal in this, so that both lines lose the same share. Within a line, chance
decides: so every projection and every source loses the same share of what it sends to a neuron.
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.ordering import stable_order
from pynn_bss2sim._core.records import LINES

from .place import Placement
from .weights import Joined

__all__ = ["divided", "kept"]


def kept(joined: Joined, rows: np.ndarray, placement: Placement, seed: int) -> np.ndarray:
    """Which connections are routed: bool (n_connections,).

    Parameters
    ----------
    joined : Joined
    rows : int64 (n_connections,)
        Synapses that each connection needs.
    placement : Placement
    seed : int
    """
    count = placement.count
    array = placement.chip * chip.HEMISPHERES + placement.row
    # what a neuron could not even have alone takes no rows from others
    result, asked = np.ones(len(rows), bool), rows
    if rows.max(initial=0) > chip.ROWS * count.min(initial=1):
        result = rows <= (chip.ROWS * count)[joined.post]
        asked = rows * result
    needed = np.bincount(joined.slot, asked, LINES * len(count)).astype(np.int64)
    if _all_fit(needed.reshape(-1, LINES), count, array):
        return result
    most = divided(needed.reshape(-1, LINES), count, array)[array] * count[:, np.newaxis]
    most = most.ravel()
    result &= rows <= most[joined.slot]
    at_stake = np.flatnonzero(result & (needed > most)[joined.slot])
    if not len(at_stake):
        return result
    order = np.random.default_rng(seed).permutation(at_stake)
    order = order[stable_order(joined.slot[order])]
    slot = joined.slot[order]
    upto = np.cumsum(rows[order])
    begin = np.searchsorted(slot, slot)
    result[order] = upto - (upto - rows[order])[begin] <= most[slot]
    return result


def _all_fit(needed: np.ndarray, count: np.ndarray, array: np.ndarray) -> bool:
    """Whether the rows of each array can be divided so that nothing is lost; see `divided`."""
    widest = np.zeros((int(array.max(initial=-1)) + 1, LINES), np.int64)
    np.maximum.at(widest, array, -(-needed // count[:, np.newaxis]))
    return bool((widest.sum(axis=1) <= chip.ROWS).all())


def divided(needed: np.ndarray, count: np.ndarray, array: np.ndarray) -> np.ndarray:
    """Rows of each line of each array: int64 (n_arrays, 2).

    Parameters
    ----------
    needed : int64 (n_neurons, 2)
        Synapses for each line of each neuron.
    count, array : int64 (n_neurons,)
        Circuits of each neuron, and its array.
    """
    n_arrays = int(array.max(initial=-1)) + 1
    total = np.stack([np.bincount(array, column, n_arrays) for column in needed.T], axis=1)
    best = np.zeros(n_arrays, np.int64)
    least = np.full((n_arrays, 2), np.inf)
    for first in range(chip.ROWS + 1):
        room = np.array([first, chip.ROWS - first]) * count[:, np.newaxis]
        over = np.maximum(0, needed - room)
        lost = np.stack([np.bincount(array, column, n_arrays) for column in over.T], axis=1)
        share = lost / np.maximum(1, total)
        value = np.stack([lost.sum(axis=1), np.abs(share[:, 0] - share[:, 1])], axis=1)
        better = (value[:, 0] < least[:, 0]) | (
            (value[:, 0] == least[:, 0]) & (value[:, 1] < least[:, 1])
        )
        best[better] = first
        least[better] = value[better]
    return np.stack([best, chip.ROWS - best], axis=1)
