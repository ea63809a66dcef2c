"""Refractory times as the chip counts them: by a counter of 8 bits, in cycles of a clock."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip

__all__ = ["MOST_CYCLES", "clock_scale", "counter"]

#: Most cycles for which the counter holds a membrane.
MOST_CYCLES = chip.REFRACTORY_MAX - chip.RESET_LAG


def clock_scale(cycle: ArrayLike) -> np.ndarray:
    """Scale (uint8) of the fastest clock with cycles of at least `cycle` µs, or of the slowest."""
    ratio = np.maximum(np.asarray(cycle) / curves.refractory_cycle(0), 1.0)
    return np.minimum(np.ceil(np.log2(ratio)), chip.CLOCK_SCALE_MAX).astype(np.uint8)


def counter(tau: ArrayLike, scale: ArrayLike) -> np.ndarray:
    """Value of the counter nearest to the times `tau`, µs: float64, perhaps more than it holds.

    Parameters
    ----------
    scale : int array
        Of the clock.
    """
    return np.rint(tau / curves.refractory_cycle(scale)) + chip.RESET_LAG
