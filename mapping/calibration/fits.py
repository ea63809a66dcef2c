"""Fits of all circuits at once.

Arrays have one row for each sample or code and one column for each circuit. What cannot be fitted
comes back as NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "affine",
    "amplitude",
    "combination",
    "exponential",
    "proportional",
    "psp",
    "shifted_power",
]

_ROUNDS = 12  #: Gauss-Newton steps; they converge quadratically after the first few
_STEP = 0.5  #: largest change of the logarithm of a time constant in one of them
_GUESSES = 16
_RANGE = (0.02, 3.0)  #: time constants looked for, in lengths of the trace
_RIDGE = 1e-12


def affine(
    code: np.ndarray, value: np.ndarray, weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Fit ``value = factor * code + offset``.

    Parameters
    ----------
    code : float64 (k, n) or (k, 1)
    value : float64 (k, n)
        NaN where a point is not to be used.
    weight : float64 (k, n), optional
        Inverse variances.

    Returns
    -------
    factor, offset : float64 (n,)
        NaN with fewer than two points.
    """
    value = np.asarray(value, np.float64)
    code = np.broadcast_to(np.asarray(code, np.float64), value.shape)
    good = np.isfinite(value)
    w = np.where(good, 1.0 if weight is None else weight, 0.0)
    y = np.where(good, value, 0.0)
    enough = good.sum(axis=0) >= 2
    with np.errstate(invalid="ignore", divide="ignore"):
        total = w.sum(axis=0)
        mean_code, mean = (w * code).sum(axis=0) / total, (w * y).sum(axis=0) / total
        spread = (w * (code - mean_code) ** 2).sum(axis=0)
        factor = (w * (code - mean_code) * (y - mean)).sum(axis=0) / spread
    factor = np.where(enough, factor, np.nan)
    return factor, mean - factor * mean_code


def proportional(code: ArrayLike, value: np.ndarray) -> np.ndarray:
    """Fit ``value = factor * code`` with equal relative errors.

    Parameters
    ----------
    code : sequence of float (k,)
    value : float64 (k, n)

    Returns
    -------
    float64 (n,)
    """
    ratio = np.asarray(value, np.float64) / np.asarray(code, np.float64)[:, np.newaxis]
    return ratio.mean(axis=0)


def shifted_power(
    code: ArrayLike, value: np.ndarray, exponent: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fit ``value = factor * (code + shift) ** exponent`` with equal relative errors.

    Parameters
    ----------
    code : sequence of float (k,)
    value : float64 (k, n)
        NaN where a point is not to be used.

    Returns
    -------
    factor, shift : float64 (n,)
    """
    value = np.where(np.asarray(value, np.float64) > 0, value, np.nan)
    straight = value ** (1 / exponent)
    code = np.asarray(code, np.float64)[:, np.newaxis]
    slope, offset = affine(code, straight, straight**-2.0)
    slope = np.where(slope > 0, slope, np.nan)
    return slope**exponent, offset / slope


def exponential(time: np.ndarray, trace: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit ``trace = offset + size * exp(-time / tau)``.

    Parameters
    ----------
    time : float64 (k,)
    trace : float64 (k, n)

    Returns
    -------
    tau, size, offset : float64 (n,)
        NaN where tau leaves the range that the length of the trace can tell.
    """
    length = time[-1] - time[0]
    t = (np.asarray(time, np.float64) - time[0]) / length
    y = np.asarray(trace, np.float64)
    log_tau = _guess(t, y)
    low, high = np.log(_RANGE)
    for _ in range(_ROUNDS):
        decay = np.exp(-t[:, np.newaxis] / np.exp(log_tau))
        size, offset = _line(decay, y)
        slope = size * decay * (t[:, np.newaxis] / np.exp(log_tau))
        change = combination(
            np.stack([decay, np.ones_like(decay), slope]), y - size * decay - offset
        )[2]
        log_tau = np.clip(log_tau + np.clip(change, -_STEP, _STEP), low - _STEP, high + _STEP)
    size, offset = _line(np.exp(-t[:, np.newaxis] / np.exp(log_tau)), y)
    told = (log_tau > low) & (log_tau < high)
    # the size is that at time 0, not at the begin of the trace
    tau = np.where(told, np.exp(log_tau) * length, np.nan)
    return tau, size * np.exp(time[0] / tau), offset


def _guess(t: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The best of some time constants for each column, as logarithm."""
    centred = y - y.mean(axis=0)
    low, high = np.log(_RANGE)
    guesses = np.linspace(low, high, _GUESSES)
    decays = np.exp(-t / np.exp(guesses)[:, np.newaxis])
    decays -= decays.mean(axis=1, keepdims=True)
    decays /= np.sqrt((decays**2).sum(axis=1, keepdims=True))
    return guesses[np.argmax((decays @ centred) ** 2, axis=0)]


def _line(shape: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit ``y = size * shape + offset`` in each column."""
    return affine(shape, y)


def combination(columns: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least squares of each column of y (k, n) by three functions (3, k, n): float64 (3, n)."""
    norm = np.sqrt((columns**2).sum(axis=1, keepdims=True)) + 1e-300
    columns = columns / norm
    matrix = np.einsum("ikn,jkn->nij", columns, columns)
    matrix += _RIDGE * np.eye(len(columns))
    right = np.einsum("ikn,kn->ni", columns, y)
    return np.linalg.solve(matrix, right[..., np.newaxis])[..., 0].T / norm[:, 0]


def psp(time: np.ndarray, tau_rise: np.ndarray, tau_fall: np.ndarray) -> np.ndarray:
    """Response of a membrane to a decaying current, for one mV/µs at time 0.

    Parameters
    ----------
    time : float64 (k,), µs
    tau_rise, tau_fall : float64 (n,), µs
        Of the current and of the membrane, in either order.

    Returns
    -------
    float64 (k, n), mV
    """
    t = np.asarray(time, np.float64)[:, np.newaxis]
    close = np.abs(tau_rise - tau_fall) < 1e-3 * tau_fall
    rise = np.where(close, tau_rise * 1.002, tau_rise)  # the limit, to better than a permille
    rate = 1 / tau_fall - 1 / rise
    return np.where(t > 0, (np.exp(-t / rise) - np.exp(-t / tau_fall)) / rate, 0.0)


def amplitude(shape: np.ndarray, trace: np.ndarray) -> np.ndarray:
    """Fit ``trace = size * shape + offset``; return the sizes, float64 (n,)."""
    return affine(shape, trace)[0]
