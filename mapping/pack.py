"""Sources into groups: vector bin packing.

Each source needs some rows in some columns; a group has so many rows in each column, and 64
labels. First fit, largest sources first (a standard heuristic of bin packing), with a way out: a
source that fits into no group as a whole is split and sent to several, first to where most of it
fits. So nothing that is asked of a column is lost while it has a free row in a group with a free
label.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pynn_bss2sim._core.hicannx import LABELS
from pynn_bss2sim._core.ranges import ranges

from .repair import Packed, repaired

__all__ = ["pack"]

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
    groups = _Groups((_FreeArray if wide else _FreeBits)(capacity, slot, rows), balanced)
    total = np.add.reduceat(rows, begin[:-1]) if len(begin) > 1 else rows[:0]
    tie = np.random.default_rng(seed).permutation(len(total))
    found = _Found()
    bounds = begin.tolist()
    for source in np.lexsort((tie, -total)).tolist():
        first, end = bounds[source], bounds[source + 1]
        group = groups.take(first, end)
        if group is not None:
            found.add(source, group)
            continue
        for group, some, taken in groups.split(slot[first:end], rows[first:end]):
            found.add_part(source, group, some + first, taken)
    owner = np.repeat(np.arange(len(total)), np.diff(begin))
    return repaired(found.packed(begin, rows), groups.rows, owner, slot, rows)


class _Found:
    """Where sources were put, source after source."""

    def __init__(self) -> None:
        self._source: list[int] = []
        self._member: list[int] = []
        self._split: list[int] = []
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, source: int, group: int) -> None:
        """All entries of a source are in this group."""
        self._source.append(source)
        self._member.append(group)

    def add_part(self, source: int, group: int, entries: np.ndarray, rows: np.ndarray) -> None:
        """So many rows of some entries of a source are in this group."""
        self._split.append(len(self._source))
        self._parts.append((entries, rows))
        self.add(source, group)

    def packed(self, begin: np.ndarray, rows: np.ndarray) -> Packed:
        source, member = np.array(self._source, np.int64), np.array(self._member, np.int64)
        entries = np.diff(begin)[source]
        entries[self._split] = [len(part) for part, _ in self._parts]
        entry = ranges(begin[source], entries)
        taken = rows[entry]
        if self._parts:
            split = np.zeros(len(source), bool)
            split[self._split] = True
            of_parts = np.repeat(split, entries)
            entry[of_parts], taken[of_parts] = map(np.concatenate, zip(*self._parts, strict=True))
        group = np.repeat(member, entries)
        return Packed(entry, group, taken, source, member, _count_up(member))


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

    Parameters
    ----------
    capacity, slot, wanted
        As for `pack`.

    Attributes
    ----------
    rows : int32 (n_slots, n_groups)
        Free rows.
    """

    def __init__(self, capacity: np.ndarray, slot: np.ndarray, wanted: np.ndarray) -> None:
        self.rows = np.array(capacity, np.int32, order="C")
        self._row = self.rows.reshape(-1).data
        sizes = np.unique(wanted)
        self._most = int(sizes.max(initial=0))
        self._having = [bits for size in sizes for bits in _bits(self.rows >= size)]
        #: numbers of rows that are asked for, and where their slots begin in `_having`
        self._sizes = [(size, k * len(capacity)) for k, size in enumerate(sizes.tolist())]
        # a list is cut into many small pieces faster than an array
        self._needed = (np.searchsorted(sizes, wanted) * len(capacity) + slot).tolist()
        self._slot, self._wanted = slot.tolist(), wanted.tolist()

    def fitting(self, first: int, end: int) -> int:
        """The groups that have all rows that some entries want: the bits of an integer."""
        having, fitting = self._having, -1
        for needed in self._needed[first:end]:
            fitting &= having[needed]
        return fitting

    def use_all(self, first: int, end: int, group: int) -> None:
        """Take all rows that some entries want."""
        self.use(self._slot[first:end], group, self._wanted[first:end])

    def use(self, slots: Sequence[int], group: int, wanted: Sequence[int]) -> None:
        """Take rows of slots."""
        row, having, n_groups = self._row, self._having, self.rows.shape[1]
        others = ~(1 << group)
        for slot, some in zip(slots, wanted, strict=True):
            at = slot * n_groups + group
            before = row[at]
            row[at] = left = before - some
            if left < self._most:
                for size, first in self._sizes:
                    if left < size <= before:
                        having[first + slot] &= others


class _FreeArray:
    """The same for sources of many slots, which are compared with all groups at once."""

    def __init__(self, capacity: np.ndarray, slot: np.ndarray, wanted: np.ndarray) -> None:
        self.rows = np.array(capacity, np.int32, order="C")
        self._slot, self._wanted = slot, wanted.astype(np.int32)

    def fitting(self, first: int, end: int) -> int:
        """The groups that have all rows that some entries want: the bits of an integer."""
        enough = self.rows[self._slot[first:end]] >= self._wanted[first:end, np.newaxis]
        return _bits(np.all(enough, axis=0, keepdims=True))[0]

    def use_all(self, first: int, end: int, group: int) -> None:
        """Take all rows that some entries want."""
        self.rows[self._slot[first:end], group] -= self._wanted[first:end]

    def use(self, slots: Sequence[int], group: int, wanted: Sequence[int]) -> None:
        """Take rows of slots."""
        self.rows[slots, group] -= np.array(wanted, np.int32)


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
        #: no group has more free labels
        self._most_labels = LABELS

    @property
    def rows(self) -> np.ndarray:
        """Free rows: int32 (n_slots, n_groups)."""
        return self._free.rows

    def take(self, first: int, end: int) -> int | None:
        """Give a source, entries `first` to `end`, all of its rows in one group; None: in none."""
        fitting = self._open and self._open & self._free.fitting(first, end)
        if not fitting:
            return None
        if self._balanced:
            fitting = self._with_most_labels(fitting)
        group = (fitting & -fitting).bit_length() - 1
        self._free.use_all(first, end, group)
        self._name(group)
        return group

    def _with_most_labels(self, groups: int) -> int:
        """Those of the groups, which are open, that have the most free labels."""
        with_labels, labels = self._with_labels, self._most_labels
        while not with_labels[labels]:
            labels -= 1
        self._most_labels = labels
        while not groups & with_labels[labels]:
            labels -= 1
        return groups & with_labels[labels]

    def split(
        self, slots: np.ndarray, wanted: np.ndarray
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
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
            self._free.use(slots[which[some]].tolist(), group, taken[some].tolist())
            self._name(group)
            yield group, which[some], taken[some]
            wanted = wanted - taken
            missing = wanted.nonzero()[0]
            room, wanted, which = room[missing], wanted[missing], which[missing]
            room[:, group] = 0

    def _name(self, group: int) -> None:
        """Take a label."""
        bit = 1 << group
        left = self._labels[group] - 1
        self._labels[group] = left
        self._with_labels[left + 1] ^= bit
        self._with_labels[left] |= bit
        if not left:
            self._open ^= bit


def _bits(flags: np.ndarray) -> list[int]:
    """Each row of `flags`, bool (n, m), as the bits of an integer."""
    packed = np.packbits(flags, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]
