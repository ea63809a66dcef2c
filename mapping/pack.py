"""Sources into groups: vector bin packing.

Each source needs some rows in some columns; a group has so many rows in each column, and 64
labels. First fit, largest sources first (a standard heuristic of bin packing), with a way out: a
source that fits into no group as a whole is split and sent to several, first to where most of it
fits. So nothing that is asked of a column is lost while it has a free row in a group with a free
label.
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.hicannx import LABELS

from .repair import Packed, repaired

__all__ = ["pack"]


def pack(
    capacity: np.ndarray,
    begin: np.ndarray,
    slot: np.ndarray,
    rows: np.ndarray,
    seed: int,
    balanced: bool,
) -> Packed:
    """Pack sources.

    Parameters
    ----------
    capacity : int (n_slots, n_groups)
        Rows of each group at each input line.
    begin : int64 (n_sources + 1,)
        Where the entries of each source begin.
    slot, rows : int64 (n_entries,)
        Input line, and rows needed there.
    seed : int
        Decides the order of sources of one size.
    balanced : bool
        Of the groups into which a source fits, take that with the most free labels instead of
        the first: better where labels are scarce.
    """
    groups = _Groups(capacity, balanced)
    # what no neuron has room for is lost as a whole, and takes no rows from others
    rows = np.where(rows <= capacity.sum(axis=1)[slot], rows, 0)
    total = np.add.reduceat(rows, begin[:-1]) if len(begin) > 1 else rows[:0]
    tie = np.random.default_rng(seed).permutation(len(total))
    size = rows.astype(np.int16)
    found: list[tuple[np.ndarray, int, np.ndarray]] = []
    sources = []
    bounds = begin.tolist()
    for source in np.lexsort((tie, -total)).tolist():
        first, end = bounds[source], bounds[source + 1]
        for group, taken in groups.take(slot[first:end], size[first:end]):
            some = np.flatnonzero(taken)
            found.append((some + first, group, taken[some]))
            sources.append(source)
    empty = np.empty(0, np.int64)
    member = np.array([group for _, group, _ in found], np.int64)
    packed = Packed(
        np.concatenate([empty, *(entry for entry, _, _ in found)]),
        np.repeat(member, np.array([len(entry) for entry, _, _ in found], np.int64)),
        np.concatenate([empty, *(taken for _, _, taken in found)]).astype(np.int64),
        np.array(sources, np.int64),
        member,
        _count_up(member),
    )
    owner = np.repeat(np.arange(len(total)), np.diff(begin))
    return repaired(packed, groups.free(), owner, slot, rows)


def _count_up(member: np.ndarray) -> np.ndarray:
    """How many equal values precede each one."""
    order = np.argsort(member, kind="stable")
    label = np.empty(len(member), np.int64)
    run = np.flatnonzero(np.diff(member[order], prepend=-1))
    length = np.diff(np.append(run, len(member)))
    label[order] = np.arange(len(member)) - np.repeat(run, length)
    return label


class _Groups:
    """Free rows and labels while groups are being filled."""

    def __init__(self, capacity: np.ndarray, balanced: bool) -> None:
        #: free rows, (n_slots, n_groups), and those only of groups that have a label left
        self._all = np.array(capacity, np.int16)
        self._rows = self._all.copy()
        self._group = np.arange(self._rows.shape[1])
        self._labels = np.full(self._rows.shape[1], LABELS)
        self._balanced = balanced

    def take(self, slot: np.ndarray, wanted: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """Give a source its rows: groups, each with the rows that are taken at each slot."""
        room = self._rows[slot]
        whole = (room >= wanted[:, np.newaxis]).all(axis=0)
        if self._balanced:
            best = int((whole * self._labels).argmax()) if len(whole) else 0
        else:
            best = int(whole.argmax()) if len(whole) else 0
        if len(whole) and whole[best]:
            chosen = [(best, wanted)]
        else:
            chosen = self._split(room, wanted)
        result = []
        for best, taken in chosen:
            self._rows[slot, best] -= taken
            self._labels[best] -= 1
            result.append((int(self._group[best]), taken))
        if chosen and not self._labels.all():
            kept = np.flatnonzero(self._labels)
            self._all[:, self._group] = self._rows
            self._rows = np.ascontiguousarray(self._rows[:, kept])
            self._group, self._labels = self._group[kept], self._labels[kept]
        return result

    def free(self) -> np.ndarray:
        """Rows that are left: int16 (n_slots, n_groups)."""
        self._all[:, self._group] = self._rows
        return self._all

    @staticmethod
    def _split(room: np.ndarray, wanted: np.ndarray) -> list[tuple[int, np.ndarray]]:
        chosen = []
        while room.shape[1] and wanted.any():
            fitting = np.minimum(room, wanted[:, np.newaxis])
            best = int(fitting.sum(axis=0).argmax())
            taken = fitting[:, best]
            if not taken.any():
                break
            chosen.append((best, taken))
            wanted = wanted - taken
            room[:, best] = 0
        return chosen
