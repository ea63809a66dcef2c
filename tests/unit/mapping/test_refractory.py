"""Refractory times in cycles of the clock that suits them."""

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim.mapping.refractory import MOST_CYCLES, clock_scale, counter


def test_the_fastest_clock_with_which_the_counter_reaches_is_chosen():
    longest = float(MOST_CYCLES * curves.refractory_cycle(chip.CLOCK_SCALE_MAX))
    tau = np.geomspace(0.01, longest, 500)
    scale = clock_scale(tau / MOST_CYCLES)
    count = counter(tau, scale)
    assert (count <= chip.REFRACTORY_MAX).all() and (count >= chip.RESET_LAG).all()
    slower = scale > 0
    assert (
        slower.any() and (tau > MOST_CYCLES * curves.refractory_cycle(scale - slower))[slower].all()
    )
    cycle = curves.refractory_cycle(scale)
    assert (np.abs((count - chip.RESET_LAG) * cycle - tau) <= 0.5 * cycle * (1 + 1e-9)).all()


def test_times_beyond_the_slowest_clock_overflow_the_counter():
    tau = 2.0 * MOST_CYCLES * curves.refractory_cycle(chip.CLOCK_SCALE_MAX)
    assert clock_scale(tau / MOST_CYCLES) == chip.CLOCK_SCALE_MAX
    assert counter(tau, chip.CLOCK_SCALE_MAX) > chip.REFRACTORY_MAX
