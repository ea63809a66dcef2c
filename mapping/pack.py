"""Sources into groups: vector bin packing.

Each source needs some rows in some columns; a group has so many rows in each column, and 64
labels. First fit, largest sources first (a standard heuristic of bin packing), with a way out: a
source that fits into no group as a whole is split and sent to several, first to where most of it
fits. So nothing that is asked of a column is lost while it has a free row in a group with a free
label.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from pynn_bss2sim._core.hicannx import LABELS

from .repair import Packed, repaired

__all__ = ["pack"]

Slots = Sequence[int] | np.ndarray
#: Mean number of slots of a source from which on arrays are faster than bits.
WIDE = 24


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
    wide = len(begin) > 1 and len(rows) > WIDE * (len(begin) - 1)
    groups = _Groups(_FreeArray(capacity) if wide else _FreeBits(capacity, rows), balanced)
    total = np.add.reduceat(rows, begin[:-1]) if len(begin) > 1 else rows[:0]
    tie = np.random.default_rng(seed).permutation(len(total))
    found = _Found()
    # a list is cut into many small pieces faster than an array
    bounds = begin.tolist()
    at, wanted = (slot, rows) if wide else (slot.tolist(), rows.tolist())
    for source in np.lexsort((tie, -total)).tolist():
        first, end = bounds[source], bounds[source + 1]
        group = groups.take(at[first:end], wanted[first:end])
        if group is not None:
            found.add(source, group, range(first, end), wanted[first:end])
            continue
        for group, some, taken in groups.split(slot[first:end], rows[first:end]):
            found.add(source, group, [first + k for k in some], taken)
    owner = np.repeat(np.arange(len(total)), np.diff(begin))
    return repaired(found.packed(), groups.rows, owner, slot, rows)


class _Found:
    """Where sources were put, source after source."""

    def __init__(self) -> None:
        self._entry: list[int] = []
        self._rows: list[int] = []
        self._source: list[int] = []
        self._member: list[int] = []
        self._entries: list[int] = []

    def add(self, source: int, group: int, entries: Iterable[int], rows: Slots) -> None:
        self._entry.extend(entries)
        self._rows.extend(rows)
        self._source.append(source)
        self._member.append(group)
        self._entries.append(len(rows))

    def packed(self) -> Packed:
        member = np.array(self._member, np.int64)
        return Packed(
            np.array(self._entry, np.int64),
            np.repeat(member, np.array(self._entries, np.int64)),
            np.array(self._rows, np.int64),
            np.array(self._source, np.int64),
            member,
            _count_up(member),
        )


def _count_up(member: np.ndarray) -> np.ndarray:
    """How many equal values precede each one."""
    order = np.argsort(member, kind="stable")
    label = np.empty(len(member), np.int64)
    run = np.flatnonzero(np.diff(member[order], prepend=-1))
    length = np.diff(np.append(run, len(member)))
    label[order] = np.arange(len(member)) - np.repeat(run, length)
    return label


class _FreeBits:
    """Free rows; finds groups fast for sources of few slots.

    For each number of rows that is asked for, and each slot, the groups that have it are the bits
    of one integer; so the groups into which a source fits are found by one *and* for each of its
    slots.

    Attributes
    ----------
    rows : int32 (n_slots, n_groups)
        Free rows.
    """

    def __init__(self, capacity: np.ndarray, wanted: np.ndarray) -> None:
        self.rows = np.array(capacity, np.int32, order="C")
        self._row = self.rows.data
        self._sizes = np.unique(wanted).tolist()
        self._having = {size: _bits(self.rows >= size) for size in self._sizes}

    def fitting(self, slots: Slots, wanted: Slots) -> int:
        """The groups that have all the rows that are wanted: the bits of an integer."""
        fitting = (1 << self.rows.shape[1]) - 1
        for slot, size in zip(slots, wanted, strict=True):
            fitting &= self._having[size][slot]
        return fitting

    def use(self, slots: Slots, group: int, wanted: Slots) -> None:
        """Take rows of slots."""
        for slot, size in zip(map(int, slots), map(int, wanted), strict=True):
            before = self._row[slot, group]
            left = before - size
            self._row[slot, group] = left
            for other in self._sizes:
                if left < other <= before:
                    self._having[other][slot] &= ~(1 << group)


class _FreeArray:
    """The same for sources of many slots, which are compared with all groups at once."""

    def __init__(self, capacity: np.ndarray) -> None:
        self.rows = np.array(capacity, np.int32, order="C")

    def fitting(self, slots: Slots, wanted: Slots) -> int:
        """The groups that have all the rows that are wanted: the bits of an integer."""
        enough = self.rows[slots] >= np.asarray(wanted)[:, np.newaxis]
        return _bits(np.all(enough, axis=0, keepdims=True))[0]

    def use(self, slots: Slots, group: int, wanted: Slots) -> None:
        """Take rows of slots."""
        self.rows[slots, group] -= wanted


class _Groups:
    """Free rows and labels while groups are being filled.

    A source fits into a group if every one of its slots has enough rows there.
    """

    def __init__(self, free: _FreeBits | _FreeArray, balanced: bool) -> None:
        self._free = free
        n_groups = free.rows.shape[1]
        self._labels = [LABELS] * n_groups
        self._balanced = balanced
        #: groups with so many free labels: the bits of one integer each
        self._with_labels = [0] * (LABELS + 1)
        self._with_labels[LABELS] = self._open = (1 << n_groups) - 1

    @property
    def rows(self) -> np.ndarray:
        """Free rows: int32 (n_slots, n_groups)."""
        return self._free.rows

    def take(self, slots: Slots, wanted: Slots) -> int | None:
        """Give a source all of its rows in one group; None if it fits into none."""
        fitting = self._open and self._open & self._free.fitting(slots, wanted)
        if not fitting:
            return None
        if self._balanced:
            fitting = next(both for same in reversed(self._with_labels) if (both := fitting & same))
        group = (fitting & -fitting).bit_length() - 1
        self._free.use(slots, group, wanted)
        self._name(group)
        return group

    def split(
        self, slots: np.ndarray, wanted: np.ndarray
    ) -> Iterator[tuple[int, list[int], list[int]]]:
        """Give a source what there is: groups, which of its slots, and the rows that they take."""
        room = self.rows[slots] * (np.array(self._labels) > 0)
        which = np.arange(len(slots))
        while len(which):
            fitting = np.minimum(room, wanted[:, np.newaxis])
            total = fitting.sum(axis=0)
            if not len(total):
                return  # other events take all drivers
            group = int(total.argmax())
            if not total[group]:
                return
            taken = fitting[:, group]
            some = taken.nonzero()[0]
            self._free.use(slots[which[some]], group, taken[some])
            self._name(group)
            yield group, which[some].tolist(), taken[some].tolist()
            wanted = wanted - taken
            missing = wanted.nonzero()[0]
            room, wanted, which = room[missing], wanted[missing], which[missing]
            room[:, group] = 0

    def _name(self, group: int) -> None:
        """Take a label."""
        bit = 1 << group
        left = self._labels[group] - 1
        self._labels[group] = left
        self._with_labels[left + 1] &= ~bit
        self._with_labels[left] |= bit
        if not left:
            self._open &= ~bit


def _bits(flags: np.ndarray) -> list[int]:
    """Each row of `flags`, bool (n, m), as the bits of an integer."""
    packed = np.packbits(flags, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]
