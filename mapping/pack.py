"""Sources into groups: vector bin packing.

Each source needs some rows in some columns; a group has so many rows in each column, and 64
labels. First fit, largest sources first (a standard heuristic of bin packing), with a way out: a
source that fits into no group as a whole is split and sent to several, first to where most of it
fits. So nothing that is asked of a column is lost while it has a free row in a group with a free
label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pynn_bss2sim._core.hicannx import LABELS

__all__ = ["Packed", "pack"]


@dataclass(frozen=True, eq=False)
class Packed:
    """Where the rows of sources are.

    Attributes
    ----------
    entry, group, rows : int64 (n,)
        So many rows of this entry are in this group.
    source, member : int64 (m,)
        Which sources are sent to which groups.
    label : int64 (m,)
        What they are called there.
    """

    entry: np.ndarray
    group: np.ndarray
    rows: np.ndarray
    source: np.ndarray
    member: np.ndarray
    label: np.ndarray


def pack(
    capacity: np.ndarray, begin: np.ndarray, slot: np.ndarray, rows: np.ndarray, seed: int
) -> Packed:
    """Pack sources.

    Parameters
    ----------
    capacity : int (n_groups, n_slots)
        Rows of each group at each input line.
    begin : int64 (n_sources + 1,)
        Where the entries of each source begin.
    slot, rows : int64 (n_entries,)
        Input line, and rows needed there.
    seed : int
        Decides the order of sources of one size.
    """
    left = np.array(capacity, np.int16)
    labels = np.zeros(len(left), np.int64)
    found: list[tuple[np.ndarray, int, np.ndarray]] = []
    members: list[tuple[int, int, int]] = []
    total = np.add.reduceat(rows, begin[:-1]) if len(begin) > 1 else rows[:0]
    tie = np.random.default_rng(seed).permutation(len(total))
    for s in np.lexsort((tie, -total)).tolist():
        own = slice(begin[s], begin[s + 1])
        at, wanted = slot[own], rows[own].astype(np.int16)
        entries = np.arange(own.start, own.stop)
        for group, taken in _groups_for(left, labels, at, wanted):
            left[group, at] -= taken
            members.append((s, group, int(labels[group])))
            labels[group] += 1
            some = np.flatnonzero(taken)
            found.append((entries[some], group, taken[some]))
    empty = np.empty(0, np.int64)
    table = np.array(members, np.int64).reshape(-1, 3)
    return Packed(
        np.concatenate([empty, *(entry for entry, _, _ in found)]),
        np.repeat([g for _, g, _ in found], [len(e) for e, _, _ in found]).astype(np.int64),
        np.concatenate([empty, *(taken for _, _, taken in found)]),
        *table.T,
    )


def _groups_for(left: np.ndarray, labels: np.ndarray, at: np.ndarray, wanted: np.ndarray):
    """Yield groups for a source, each with the rows that it takes there."""
    usable = np.flatnonzero(labels < LABELS)
    room = left[usable[:, np.newaxis], at]
    whole = (room >= wanted).all(axis=1)
    if whole.any():
        yield int(usable[whole.argmax()]), wanted
        return
    while len(usable) and wanted.any():
        fitting = np.minimum(room, wanted)
        best = int(fitting.sum(axis=1).argmax())
        taken = fitting[best]
        if not taken.any():
            return
        yield int(usable[best]), taken
        wanted = wanted - taken
        room[best] = 0
