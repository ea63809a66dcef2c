"""A second chance for what found no group: others make room.

A row may be lost although its column has a free row: in a group all of whose labels are taken.
Then another source that uses the column elsewhere, and has a label in that group, moves there. (One
step of an augmenting path.)
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.hicannx import LABELS

__all__ = ["Packed", "repaired"]

#: So many lost rows are tried at most; many more than that are no accident of packing.
_MOST = 2000


@frozen
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


def repaired(
    packed: Packed, free: np.ndarray, begin: np.ndarray, slot: np.ndarray, rows: np.ndarray
) -> Packed:
    """Find room for lost rows.

    Parameters
    ----------
    packed : Packed
    free : int (n_slots, n_groups)
        Rows that are left.
    begin : int64 (n_sources + 1,)
        Where the entries of each source begin.
    slot, rows : int64 (n_entries,)
        Input line of each entry, and the rows that it needs.
    """
    if packed.rows.sum() == rows.sum():
        return packed
    missing = rows - np.bincount(packed.entry, packed.rows, len(rows)).astype(np.int64)
    owner = np.repeat(np.arange(len(begin) - 1), np.diff(begin))
    state = _State(packed, free, owner, slot)
    for entry in np.repeat(np.arange(len(rows)), missing)[:_MOST].tolist():
        state.place(entry)
    return state.result()


class _State:
    """Pieces of one row each, and who has labels where."""

    def __init__(
        self, packed: Packed, free: np.ndarray, owner: np.ndarray, slot: np.ndarray
    ) -> None:
        self._packed = packed
        self._free = free
        self._owner, self._slot = owner, slot
        self._entry = np.repeat(packed.entry, packed.rows)
        self._group = np.repeat(packed.group, packed.rows)
        self._at = slot[self._entry]
        n_sources = int(owner.max(initial=-1)) + 1
        self._member = np.zeros((n_sources, free.shape[1]), bool)
        self._member[packed.source, packed.member] = True
        self._labels = LABELS - np.bincount(packed.member, minlength=free.shape[1])
        self._joined: list[tuple[int, int, int]] = []
        self._more: list[tuple[int, int]] = []

    def place(self, entry: int) -> None:
        """Find room for one row."""
        source, slot = self._owner[entry], self._slot[entry]
        open_to = self._member[source] | (self._labels > 0)
        room = np.flatnonzero(self._free[slot])
        here = room[open_to[room]]
        if len(here):
            self._put(entry, slot, int(here[0]))
            return
        # who uses this line in a group that is open to us, and has a label where there is room?
        users = np.flatnonzero((self._at == slot) & open_to[self._group])
        able = self._member[self._owner[self._entry[users]]][:, room]
        able &= room != self._group[users][:, np.newaxis]
        user, where = np.nonzero(able)
        if not len(user):
            return
        known = self._member[source, self._group[users[user]]]
        best = int(known.argmax())
        mover, left = users[user[best]], int(self._group[users[user[best]]])
        self._group[mover] = room[where[best]]
        self._free[slot, room[where[best]]] -= 1
        self._free[slot, left] += 1
        self._put(entry, slot, left)

    def _put(self, entry: int, slot: int, group: int) -> None:
        source = int(self._owner[entry])
        if not self._member[source, group]:
            self._member[source, group] = True
            self._labels[group] -= 1
            self._joined.append((source, group, LABELS - 1 - int(self._labels[group])))
        self._free[slot, group] -= 1
        self._more.append((entry, group))

    def result(self) -> Packed:
        more = np.array(self._more, np.int64).reshape(-1, 2)
        joined = np.array(self._joined, np.int64).reshape(-1, 3)
        packed = self._packed
        entry = np.append(self._entry, more[:, 0])
        return Packed(
            entry,
            np.append(self._group, more[:, 1]),
            np.ones(len(entry), np.int64),
            np.append(packed.source, joined[:, 0]),
            np.append(packed.member, joined[:, 1]),
            np.append(packed.label, joined[:, 2]),
        )
