"""The exponential functions of the kernels in single precision; see `exponential`.

Relative errors are below 5e-7.
"""

from __future__ import annotations

import numpy as np

__all__ = ["bernoulli", "exp", "exp_near"]

_ONE = np.float32(1.0)
_LARGEST = np.float32(80.0)
_MAGIC = np.float32(12582912.0)  # 1.5 * 2**23: adding it rounds to an integer kept in the low bits
_LOG2_E = np.float32(1.44269504)
_LN2_HIGH = np.float32(0.693145752)
_LN2_LOW = np.float32(1.42860677e-6)
_EXP = [np.float32(c) for c in (0.49999234, 0.16667119, 0.041889906, 0.008311953)]
_BERNOULLI = [np.float32(c) for c in (0.5, 0.08332866, 0.00136286)]
_NEAR = np.float32(0.75)


def exp(x: np.ndarray) -> np.ndarray:
    """Return e**x, clipped to -80 <= x <= 80.

    Parameters
    ----------
    x : float32 array

    Returns
    -------
    float32 array
    """
    x = np.where(x < -_LARGEST, -_LARGEST, x)
    x = np.where(x > _LARGEST, _LARGEST, x)
    t = x * _LOG2_E + _MAGIC
    k = t - _MAGIC
    scale = ((t.view(np.uint32) + np.uint32(127)) << np.uint32(23)).view(np.float32)
    return exp_near((x - k * _LN2_HIGH) - k * _LN2_LOW) * scale


def exp_near(x: np.ndarray) -> np.ndarray:
    """Return e**x of float32 `x` with \\|x\\| <= ln 2 / 2."""
    x2 = x * x
    return (_ONE + x) + x2 * ((_EXP[0] + x * _EXP[1]) + x2 * (_EXP[2] + x * _EXP[3]))


def bernoulli(x: np.ndarray) -> np.ndarray:
    """Return x / (e**x - 1) of float32 `x`."""
    x2 = x * x
    near = (_ONE - x * _BERNOULLI[0]) + x2 * (_BERNOULLI[1] - x2 * _BERNOULLI[2])
    return np.where(np.abs(x) > _NEAR, x / (exp(x) - _ONE), near)
