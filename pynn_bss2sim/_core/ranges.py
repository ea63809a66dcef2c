"""Runs of integers, as one array."""

import numpy as np

__all__ = ["ranges"]


def ranges(begin: np.ndarray, count: np.ndarray) -> np.ndarray:
    """``begin[0] .. begin[0] + count[0] - 1, begin[1] ..`` behind one another."""
    shift = np.cumsum(count) - count
    return np.arange(int(count.sum())) + np.repeat(begin - shift, count)
