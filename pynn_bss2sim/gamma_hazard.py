"""Hazard of the gamma distribution, in NumPy alone."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["gamma_hazard"]

_EPSILON = np.finfo(np.float64).eps
#: Bounds both expansions below; either converges in some ten terms but for very large shapes.
_MOST_TERMS = 10_000
#: Keeps the continued fraction from dividing by zero.
_TINY = 1e-300

_lgamma = np.frompyfunc(math.lgamma, 1, 1)


def gamma_hazard(x: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Return the hazard of the standard gamma distribution.

    ``h(x) = x**(a - 1) * exp(-x) / Gamma(a, x)``, the density over the survival function.

    Parameters
    ----------
    x : float64 (n,), >= 0
        Age, in units of the scale parameter.
    a : float64 (n,), >= 1
        Shape.

    Returns
    -------
    float64 (n,)
        From 0 (1 for ``a == 1``) at ``x == 0``, rising towards 1. Relative error about 1e-12.

    References
    ----------
    NIST Digital Library of Mathematical Functions, sections 8.7.1 (power series) and 8.9.2
    (continued fraction of the upper incomplete gamma function).
    """
    x, a = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(a, np.float64))
    hazard = np.empty(x.shape)
    old = x >= a + 1.0
    hazard[old] = _fraction(x[old], a[old])
    hazard[~old] = _series(x[~old], a[~old])
    return hazard


def _series(x: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Hazard for ``x < a + 1``, from the series of the lower incomplete gamma function."""
    term = 1.0 / a
    total = term.copy()
    for n in range(1, _MOST_TERMS):
        term = term * (x / (a + n))
        total += term
        if (term <= _EPSILON * total).all():
            break
    with np.errstate(divide="ignore"):
        log_x = np.log(x)
    # x ** (a - 1) is 1 for a == 1, also at x == 0
    log_power = np.where(a == 1.0, 0.0, (a - 1.0) * np.where(a == 1.0, 0.0, log_x))
    density = np.exp(log_power - x - _lgamma(a).astype(np.float64))
    return density / (1.0 - density * x * total)


def _fraction(x: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Hazard for ``x >= a + 1``, from the continued fraction evaluated with Lentz's method."""
    b = x + 1.0 - a
    value = np.where(b == 0.0, _TINY, b)
    c, d = value.copy(), np.zeros_like(value)
    for n in range(1, _MOST_TERMS):
        numerator = n * (a - n)
        b = b + 2.0
        d = b + numerator * d
        d = 1.0 / np.where(d == 0.0, _TINY, d)
        c = b + numerator / c
        c = np.where(c == 0.0, _TINY, c)
        value *= c * d
        if (np.abs(c * d - 1.0) <= _EPSILON).all():
            break
    # the fraction is x ** a * exp(-x) / Gamma(a, x)
    return value / x
