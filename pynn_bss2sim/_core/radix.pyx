"""The order of whole numbers, found digit by digit: a stable sort in linear time.

NumPy's ``argsort(kind="stable")`` gives the same and takes ten times as long.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from pynn_bss2sim._core.pointers cimport const_int64s, int64s

import numpy as np

__all__ = ["radix_order"]

cdef enum:
    DIGIT = 11  # bits: the counts of all values of a digit stay in the fastest cache
    VALUES = 1 << DIGIT


cdef struct Item:
    uint64_t key
    int64_t index


cdef bint ascends(const int64_t *key, int64_t n, int64_t *low, int64_t *high) noexcept nogil:
    """Whether numbers, of which there are some, do not descend; the least and the largest."""
    cdef int64_t k, least = key[0], most = key[0]
    cdef bint result = True
    for k in range(1, n):
        result &= key[k] >= key[k - 1]
        least = min(least, key[k])
        most = max(most, key[k])
    low[0], high[0] = least, most
    return result


cdef void count_digits(const Item *items, int64_t n, int shift, int64_t *place) noexcept nogil:
    """Where the items with each value of a digit begin once they are sorted by it."""
    cdef int64_t k, some, begin = 0
    memset(place, 0, VALUES * sizeof(int64_t))
    for k in range(n):
        place[items[k].key >> shift & (VALUES - 1)] += 1
    for k in range(VALUES):
        some = place[k]
        place[k] = begin
        begin += some


cdef void sort(Item *items, Item *other, int64_t n, uint64_t span, int64_t *order) noexcept nogil:
    """The order of items whose keys are at most `span`; both arrays of items are used up."""
    cdef int64_t place[VALUES]
    cdef int64_t k
    cdef int shift = 0
    cdef uint64_t digit
    while span >> shift >= VALUES:
        count_digits(items, n, shift, place)
        for k in range(n):
            digit = items[k].key >> shift & (VALUES - 1)
            other[place[digit]] = items[k]
            place[digit] += 1
        items, other = other, items
        shift += DIGIT
    count_digits(items, n, shift, place)
    for k in range(n):
        digit = items[k].key >> shift & (VALUES - 1)
        order[place[digit]] = items[k].index
        place[digit] += 1


def radix_order(key):
    """The indices that sort whole numbers, equal ones in the order they have.

    Parameters
    ----------
    key : int64 (n,), contiguous

    Returns
    -------
    int64 (n,)
    """
    cdef int64_t n = len(key), low = 0, high = 0, k
    if not n:
        return np.empty(0, np.int64)
    cdef const int64_t *keys = const_int64s(key)
    if ascends(keys, n, &low, &high):
        return np.arange(n)
    result = np.empty(n, np.int64)
    cdef int64_t *order = int64s(result)
    cdef Item *items = <Item *> malloc(2 * n * sizeof(Item))
    if items == NULL:
        raise MemoryError
    with nogil:
        for k in range(n):
            # without a sign the difference is right, whatever its size
            items[k].key = <uint64_t> keys[k] - <uint64_t> low
            items[k].index = k
        sort(items, items + n, n, <uint64_t> high - <uint64_t> low, order)
        free(items)
    return result
