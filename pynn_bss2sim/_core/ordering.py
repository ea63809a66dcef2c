"""The order of whole numbers, faster than NumPy's general ways to it."""

from __future__ import annotations

import numpy as np

from .radix import radix_order

__all__ = ["distinct", "present", "stable_order", "starts"]

#: Numbers up to so many times their number are looked up in a table.
_DENSE = 16


def stable_order(key: np.ndarray) -> np.ndarray:
    """The indices that sort whole numbers, equal ones in the order they have: int64 (n,).

    The same as ``np.argsort(key, kind="stable")``.
    """
    return radix_order(np.ascontiguousarray(key, np.int64))


def distinct(values: np.ndarray) -> np.ndarray:
    """The different ones of many whole numbers, ascending: int64.

    The same as ``np.unique(values)``.
    """
    if not len(values):
        return np.empty(0, np.int64)
    low, high = int(values.min()), int(values.max())
    if high - low <= _DENSE * len(values):
        return present(values - low, high - low + 1) + low
    ordered = values[stable_order(values)]
    return ordered[starts(ordered)].astype(np.int64)


def starts(ordered: np.ndarray) -> np.ndarray:
    """Where the runs of equal ones among numbers that do not descend begin: int64."""
    new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return np.flatnonzero(new)


def present(values: np.ndarray, n: int) -> np.ndarray:
    """Which of the numbers 0 to n - 1 are among `values`, ascending: int64."""
    there = np.zeros(n, bool)
    there[values] = True
    return np.flatnonzero(there)
