"""The exponential function of the kernels, in NumPy: the same operations, hence the same bits.

The C library's and NumPy's own ``exp`` differ in the last bit between machines; spikes must not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["exp", "phi"]

_MAGIC = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer kept in the low bits
_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10


def exp(x: ArrayLike) -> np.ndarray:
    """Return e**x, clipped to -708 <= x <= 709; relative error below 5e-16.

    Parameters
    ----------
    x : array_like of float64

    Returns
    -------
    float64 array
    """
    x = np.asarray(x, np.float64)
    x = np.where(x < -708.0, -708.0, x)
    x = np.where(x > 709.0, 709.0, x)
    t = x * _LOG2_E + _MAGIC
    k = t - _MAGIC
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    low = (1.0 + r) + r2 * (1.0 / 2.0 + r * (1.0 / 6.0))
    middle = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0))
    high = (
        (1.0 / 40320.0 + r * (1.0 / 362880.0)) + r2 * (1.0 / 3628800.0 + r * (1.0 / 39916800.0))
    ) + r4 * (1.0 / 479001600.0)
    scale = ((t.view(np.uint64) + np.uint64(1023)) << np.uint64(52)).view(np.float64)
    return (low + r4 * (middle + r4 * high)) * scale


def phi(x: ArrayLike) -> np.ndarray:
    """Return (e**x - 1) / x, which is 1 at 0, without cancellation near 0.

    Parameters
    ----------
    x : array_like of float64

    Returns
    -------
    float64 array
    """
    x = np.asarray(x, np.float64)
    near = np.abs(x) < 0.5
    small = np.where(near, x, 0.0)
    series = np.ones_like(small)
    for k in range(16, 1, -1):  # 1 + x/2 (1 + x/3 (1 + ...)): truncated below 1e-18
        series = 1.0 + series * small / k
    large = np.where(near, 1.0, x)
    return np.where(near, series, (exp(large) - 1.0) / large)


#: How far from 0 the functions ``..._near`` may be asked.
NEAR = 0.25


def exp_near(x: np.ndarray) -> np.ndarray:
    """Return e**x of float64 `x` with \\|x\\| <= `NEAR`; relative error below 4e-12.

    A polynomial that begins with 1 + x and keeps the largest relative error smallest.
    """
    x2 = x * x
    x4 = x2 * x2
    low = (1.0 + x) + x2 * (0.500000001000621 + x * 0.16666666555430878)
    high = (0.04166656382164824 + x * 0.008333376898276533) + x2 * (
        0.0013918137826166004 + x * 0.00019815742829393395
    )
    return low + x4 * high


def phi_near(x: np.ndarray) -> np.ndarray:
    """Return (e**x - 1) / x of float64 `x` with \\|x\\| <= `NEAR`; relative error below 3e-11."""
    x2 = x * x
    low = 1.0 + x * 0.5000000007212264
    middle = 0.16666666698722418 + x * 0.04166657689924479
    high = (0.008333303396358599 + x * 0.0013916808650833157) + x2 * 0.00019903364251249128
    return low + x2 * (middle + x2 * high)
