"""Runs of integers, and of equal values, as one array."""

import numpy as np

__all__ = ["ranges", "repeated"]


def ranges(begin: np.ndarray, count: np.ndarray) -> np.ndarray:
    """``begin[0] .. begin[0] + count[0] - 1, begin[1] ..`` behind one another: int64.

    `begin` itself where each run is one number.
    """
    if _one_each(count):
        return np.asarray(begin, np.int64)
    upto = np.cumsum(count)
    total = int(upto[-1]) if len(upto) else 0
    result = np.repeat(begin - (upto - count), count)
    result += np.arange(total)
    return result


def repeated(values: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Each value so many times, as ``np.repeat``; `values` itself where that is once."""
    return values if _one_each(count) else np.repeat(values, count)


def _one_each(count: np.ndarray) -> bool:
    """Whether all counts are 1, as they are where no connections are parallel."""
    return bool(count.min(initial=1) == 1 == count.max(initial=1))
