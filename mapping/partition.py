"""Neurons to chips so that few connections cross.

Starting from a placement, free neurons of equal size exchange their places in rounds: between each
pair of chips, those whose connections lie most on the other side, as long as it pays. Neurons that
the user binds stay where they are; the others come to them. This is balanced label propagation
(Ugander and Backstrom 2013), a relative of the heuristic of Kernighan and Lin that works on whole
arrays. The chips stay as full as they were. It needs no further package: METIS bindings would have
to be compiled by the user, and graph libraries in Python are too slow for millions of connections.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from pynn_bss2sim._core.ordering import stable_order
from pynn_bss2sim._core.ranges import ranges

from .place import Placement
from .weights import Joined

__all__ = ["crossing", "exchanged"]

#: A gain below this share of all connections is not worth other places.
_WORTH = 0.01
_ROUNDS = 40
#: The kind of neurons that stay.
_BOUND = -1
#: The gain of neurons that have gone in this round: less than any loss, and no overflow of sums.
_GONE = -(1 << 40)


def crossing(joined: Joined, chip: np.ndarray) -> int:
    """Connections between neurons of different chips, for the `chip` of each neuron."""
    inner = joined.pre < len(chip)
    return int((chip[joined.pre[inner]] != chip[joined.post[inner]]).sum())


def exchanged(joined: Joined, placement: Placement, width: np.ndarray, seed: int) -> Placement:
    """Exchange places of neurons.

    Parameters
    ----------
    joined : Joined
    placement : Placement
    width : int64 (n_neurons,)
        Only neurons of the same width and number of circuits are exchanged, and none that
        constraints bind.
    seed : int
        Decides which of the neurons go that would gain the same.

    Returns
    -------
    Placement
        `placement` itself if nothing is gained.
    """
    n_chips = placement.chips
    inner = np.flatnonzero(joined.pre < len(placement.count))
    if n_chips < 2 or not len(inner):
        return placement
    ends = (joined.pre[inner], joined.post[inner])
    # both ends of each connection, ordered by the other one
    one, other = np.concatenate(ends), np.concatenate(ends[::-1])
    order = stable_order(other)
    base, other = one[order].astype(np.int64) * n_chips, other[order]
    count = np.bincount(other, minlength=len(placement.count))
    begin = np.cumsum(count) - count
    kind = np.unique(np.stack([placement.count, width]), axis=1, return_inverse=True)[1].ravel()
    kind[~placement.free] = _BOUND
    rng = np.random.default_rng(seed)
    circuit, chip = placement.circuit.copy(), placement.chip
    size, neurons = len(chip) * n_chips, np.arange(len(chip))
    near = np.bincount(base + chip[other], minlength=size).reshape(-1, n_chips)
    cut = before = crossing(joined, chip)
    share = 0.5
    for _ in range(_ROUNDS):
        place = _round(near, chip, kind, share, rng)
        moved = chip[place]
        gone = np.flatnonzero(moved != chip)
        some = ranges(begin[gone], count[gone])
        at, partner = base[some], np.repeat(gone, count[gone])
        change = np.bincount(at + moved[partner], minlength=size)
        change -= np.bincount(at + chip[partner], minlength=size)
        newer = near + change.reshape(-1, n_chips)
        # connections within a chip are counted at both ends
        less = len(inner) - int(newer[neurons, moved].sum()) // 2
        if less < cut:
            circuit, chip, cut, near = circuit[place], moved, less, newer
        else:
            share /= 2
            if share < 1 / len(chip):
                break
    if before - cut < _WORTH * len(inner):
        return placement
    return replace(placement, circuit=circuit)


def _round(
    near: np.ndarray, chip: np.ndarray, kind: np.ndarray, share: float, rng: np.random.Generator
) -> np.ndarray:
    """Whose place each neuron takes: int64 (n_neurons,).

    Parameters
    ----------
    near : int64 (n_neurons, n_chips)
        Connections of each neuron with each chip.
    chip, kind : int64 (n_neurons,)
        Neurons of the same kind can be exchanged, those of kind -1 with no other.
    share : float
        Part of those who would gain that may go in this round.
    """
    place = np.arange(len(chip))
    group = kind * near.shape[1] + chip
    order = rng.permutation(len(chip))
    order = order[np.argsort(group[order], kind="stable")]
    gain = np.ascontiguousarray((near - near[place, chip][:, np.newaxis])[order].T)
    for parts in _by_kind(group[order], near.shape[1]):
        for (a, mine), (b, others) in combinations(parts, 2):
            here, there = _paying(gain[b, mine], gain[a, others])
            n = min(len(here), max(1, int(share * len(here))))
            here, there = here[:n] + mine.start, there[:n] + others.start
            place[order[here]], place[order[there]] = order[there], order[here]
            gain[:, here] = gain[:, there] = _GONE
    return place


def _by_kind(group: np.ndarray, n_chips: int) -> list[list[tuple[int, slice]]]:
    """For each kind but that of bound neurons: chips, and where their neurons are.

    Parameters
    ----------
    group : int64 (n_neurons,), ascending
        ``kind * n_chips + chip``
    """
    found: dict[int, list[tuple[int, slice]]] = {}
    keys, begin, count = np.unique(group, return_index=True, return_counts=True)
    for key, first, n in zip(keys.tolist(), begin.tolist(), count.tolist(), strict=True):
        k, chip = divmod(key, n_chips)
        found.setdefault(k, []).append((chip, slice(first, first + n)))
    found.pop(_BOUND, None)
    return list(found.values())


def _paying(here: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs whose exchange pays, those that gain most first, for the gains on both sides."""
    most = here.max(), there.max()
    # others lose more than the best of the other side gains
    one, other = np.flatnonzero(here > -most[1]), np.flatnonzero(there > -most[0])
    one = one[np.argsort(-here[one], kind="stable")]
    other = other[np.argsort(-there[other], kind="stable")]
    n = min(len(one), len(other))
    paying = np.count_nonzero(here[one[:n]] + there[other[:n]] > 0)
    return one[:paying], other[:paying]
