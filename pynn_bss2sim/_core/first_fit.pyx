"""Sources into groups of synapse drivers, one after the other; see mapping/pack.py.

The same in plain NumPy, written to be read, is reference_first_fit.py.
"""

from libc.stdint cimport int32_t, int64_t

from pynn_bss2sim._core.pointers cimport const_int64s, int32s, int64s

import numpy as np

from pynn_bss2sim._core.checks import checked_index, checked_offsets

__all__ = ["first_fit"]


cdef struct Groups:
    int64_t count
    int32_t *rows  # free ones, (n_slots, count)
    int64_t *labels  # free ones of each group
    int64_t all_labels


cdef struct Needs:
    int64_t count
    int64_t first  # the first of these entries
    const int64_t *slot
    int64_t *left  # rows that each still needs


cdef struct Found:
    int64_t members, entries
    int64_t *source
    int64_t *member
    int64_t *label
    int64_t *entry
    int64_t *group
    int64_t *rows


cdef bint fits(const Groups *groups, const Needs *needs, int64_t group) noexcept nogil:
    cdef int64_t k
    for k in range(needs.count):
        if groups.rows[needs.slot[k] * groups.count + group] < needs.left[k]:
            return False
    return True


cdef int64_t fitting(const Groups *groups, const Needs *needs, bint balanced) noexcept nogil:
    """The group that takes all; -1: none does."""
    cdef int64_t group, best = -1, most = 0
    for group in range(groups.count):
        if groups.labels[group] > most and fits(groups, needs, group):
            if not balanced:
                return group
            best, most = group, groups.labels[group]
    return best


cdef int64_t fullest(const Groups *groups, const Needs *needs) noexcept nogil:
    """The group that takes most rows; -1: none takes any."""
    cdef int64_t group, k, total, best = -1, most = 0
    for group in range(groups.count):
        if groups.labels[group] > 0:
            total = 0
            for k in range(needs.count):
                total += min(needs.left[k], groups.rows[needs.slot[k] * groups.count + group])
            if total > most:
                best, most = group, total
    return best


cdef void take(Groups *groups, Needs *needs, int64_t group, int64_t source,
               Found *found) noexcept nogil:
    """Give a source what there is in a group."""
    cdef int64_t k, some
    cdef int32_t *free
    for k in range(needs.count):
        free = &groups.rows[needs.slot[k] * groups.count + group]
        some = min(needs.left[k], free[0])
        if some > 0:
            free[0] -= <int32_t> some
            needs.left[k] -= some
            found.entry[found.entries] = needs.first + k
            found.group[found.entries] = group
            found.rows[found.entries] = some
            found.entries += 1
    found.source[found.members] = source
    found.member[found.members] = group
    found.label[found.members] = groups.all_labels - groups.labels[group]
    found.members += 1
    groups.labels[group] -= 1


def first_fit(free, begin, slot, rows, order, int64_t labels, bint balanced):
    """Give each source rows in one group if it fits into one, else in several.

    Parameters
    ----------
    free : int32 (n_slots, n_groups), at least 0
        Free rows; what is taken is subtracted.
    begin : int64 (n_sources + 1,)
        Where the entries of each source begin.
    slot, rows : int64 (n_entries,)
        Slot, and rows needed there, at least 1; a source has one entry for a slot at most.
    order : int64 (n_sources,)
        The sources as they have their turn.
    labels : int
        So many sources can be in a group.
    balanced : bool
        Of the groups into which a source fits, take that with the most free labels instead of
        the first.

    Returns
    -------
    entry, group, rows : int64 (n,)
        So many rows of this entry are in this group.
    source, member, label : int64 (m,)
        Which sources are in which groups, and what they are called there.

    Raises
    ------
    ValueError
        An index leads outside of an array, or a number of rows is too small.
    """
    n_slots, n_groups = free.shape
    begin = checked_offsets("begin", begin, len(slot))
    slot = checked_index("slot", slot, 0, n_slots, np.int64)
    left = checked_index("rows", rows, 1, 2**31, np.int64)
    order = checked_index("order", order, 0, len(begin) - 1, np.int64)
    if len(left) != len(slot) or len(begin) != len(order) + 1:
        raise ValueError("begin, slot, rows and order do not belong together")
    if free.size and free.min() < 0:
        raise ValueError("free: rows cannot be fewer than 0")
    # a piece has a row at least, a member a piece, or all pieces of its source
    most = len(order) + int(left.sum())
    columns = np.empty((6, most), np.int64)
    members, entries = columns[:3], columns[3:]
    free_labels = np.full(n_groups, labels, np.int64)
    cdef Groups groups = Groups(n_groups, int32s(free), int64s(free_labels), labels)
    cdef Found found = Found(0, 0, int64s(members[0]), int64s(members[1]), int64s(members[2]),
                             int64s(entries[0]), int64s(entries[1]), int64s(entries[2]))
    cdef const int64_t *begins = const_int64s(begin)
    cdef const int64_t *slots = const_int64s(slot)
    cdef const int64_t *turns = const_int64s(order)
    cdef int64_t *needed = int64s(left)
    cdef int64_t k, group, source, n_sources = len(order)
    cdef Needs needs
    with nogil:
        for k in range(n_sources):
            source = turns[k]
            needs.first, needs.count = begins[source], begins[source + 1] - begins[source]
            if not needs.count:
                continue
            needs.slot, needs.left = &slots[needs.first], &needed[needs.first]
            group = fitting(&groups, &needs, balanced)
            if group >= 0:
                take(&groups, &needs, group, source, &found)
                continue
            group = fullest(&groups, &needs)
            while group >= 0:
                take(&groups, &needs, group, source, &found)
                group = fullest(&groups, &needs)
    return (*entries[:, :found.entries], *members[:, :found.members])
