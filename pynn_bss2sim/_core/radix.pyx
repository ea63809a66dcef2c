"""The order of whole numbers, found digit by digit: a stable sort in linear time.

NumPy's ``argsort(kind="stable")`` gives the same, later.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from pynn_bss2sim._core.pointers cimport const_int64s, int64s

import numpy as np

__all__ = ["radix_order"]

cdef enum:
    DIGIT = 11  # most bits of one: counts of all its values stay in the fastest cache


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


cdef int bit_length(uint64_t value) noexcept nogil:
    cdef int bits = 0
    while value:
        value >>= 1
        bits += 1
    return bits


cdef void by_digit(const uint64_t *item, int64_t n, int shift, int bits,
                   uint64_t *sorted_item) noexcept nogil:
    """Sort items by the digit of so many `bits` that begins at bit `shift`."""
    cdef int64_t place[1 << DIGIT]
    cdef int64_t k, some, begin = 0
    cdef uint64_t digit, mask = (<uint64_t> 1 << bits) - 1
    memset(place, 0, (mask + 1) * sizeof(int64_t))
    for k in range(n):
        place[item[k] >> shift & mask] += 1
    for k in range(<int64_t> mask + 1):
        some = place[k]
        place[k] = begin
        begin += some
    for k in range(n):
        digit = item[k] >> shift & mask
        sorted_item[place[digit]] = item[k]
        place[digit] += 1


cdef void order_keys(const int64_t *key, int64_t n, int64_t low, int key_bits, int index_bits,
                     uint64_t *scratch, uint64_t *order) noexcept nogil:
    """The order of keys that have so many bits above `low`, for indices of `index_bits`."""
    cdef int n_digits = (key_bits + DIGIT - 1) // DIGIT
    cdef int bits = (key_bits + n_digits - 1) // n_digits
    cdef uint64_t *item = scratch if n_digits % 2 else order  # so that the last ones are in order
    cdef uint64_t *other = order if n_digits % 2 else scratch
    cdef uint64_t mask = (<uint64_t> 1 << index_bits) - 1
    cdef int64_t k
    cdef int digit
    for k in range(n):
        # without a sign the difference is right, whatever its size
        item[k] = (<uint64_t> key[k] - <uint64_t> low) << index_bits | <uint64_t> k
    for digit in range(n_digits):
        by_digit(item, n, index_bits + digit * bits, bits, other)
        item, other = other, item
    for k in range(n):
        order[k] &= mask


def radix_order(key):
    """The indices that sort whole numbers, equal ones in the order they have.

    Parameters
    ----------
    key : int64 (n,), contiguous

    Returns
    -------
    int64 (n,)
    """
    cdef int64_t n = len(key), low = 0, high = 0
    if not n:
        return np.empty(0, np.int64)
    cdef const int64_t *keys = const_int64s(key)
    if ascends(keys, n, &low, &high):
        return np.arange(n)
    cdef int key_bits = bit_length(<uint64_t> high - <uint64_t> low)
    cdef int index_bits = bit_length(n)
    if key_bits + index_bits > 64:
        return np.argsort(key, kind="stable")
    result = np.empty(n, np.int64)
    cdef uint64_t *order = <uint64_t *> int64s(result)
    cdef uint64_t *scratch = <uint64_t *> malloc(n * sizeof(uint64_t))
    if scratch == NULL:
        raise MemoryError
    with nogil:
        order_keys(keys, n, low, key_bits, index_bits, scratch, order)
        free(scratch)
    return result
