"""Waveforms on the grid of time steps."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_bss2sim import waveforms

DT = 0.1
WAVES = {
    "constant": lambda a, b: waveforms.constant(a, b, DT, amplitude=0.7, start=2.0, stop=9.0),
    "piecewise": lambda a, b: waveforms.piecewise(
        a, b, DT, times=np.array([1.0, 1.04, 3.0, 8.0]), amplitudes=np.array([1.0, 2.0, -1.0, 0.5])
    ),
    "alternating": lambda a, b: waveforms.alternating(
        a, b, DT, amplitude=0.5, offset=0.1, frequency=100.0, phase=30.0, start=2.0, stop=9.0
    ),
    "noise": lambda a, b: waveforms.noise(
        a, b, DT, mean=0.2, stdev=0.1, hold=7, start=2.0, stop=9.0, seed=(1, 2)
    ),
}


def dense(wave, first, last):
    """Return the value in each of the steps [first, last)."""
    steps, values = wave(first, last)
    assert steps.dtype == np.int64
    assert steps[0] == first
    assert (np.diff(steps) > 0).all()
    assert steps[-1] < last
    assert (np.diff(values) != 0).all(), "a value is given only where it changes"
    return waveforms.in_force(steps, values, np.arange(first, last))


@pytest.mark.parametrize("name", WAVES)
@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(1, 119), max_size=8, unique=True).map(sorted))
def test_a_window_may_be_cut_anywhere(name, cuts):
    whole = dense(WAVES[name], 0, 120)
    bounds = [0, *cuts, 120]
    parts = [dense(WAVES[name], a, b) for a, b in zip(bounds, bounds[1:], strict=False)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    windows = [WAVES[name](a, b) for a, b in zip(bounds, bounds[1:], strict=False)]
    steps, values = waveforms.joined(windows)
    np.testing.assert_array_equal(waveforms.in_force(steps, values, np.arange(120)), whole)


def test_constant():
    steps, values = WAVES["constant"](0, 120)
    assert steps.tolist() == [0, 20, 90]
    assert values.tolist() == [0.0, 0.7, 0.0]


def test_constant_without_end_and_without_duration():
    forever = waveforms.constant(0, 50, DT, amplitude=1.0, start=0.0, stop=1e12)
    assert [x.tolist() for x in forever] == [[0], [1.0]]
    for stop in (3.0, 1.0):
        never = waveforms.constant(0, 50, DT, amplitude=1.0, start=3.0, stop=stop)
        assert [x.tolist() for x in never] == [[0], [0.0]]


def test_piecewise_rounds_to_the_grid_and_the_last_one_counts():
    steps, values = WAVES["piecewise"](0, 120)
    assert steps.tolist() == [0, 10, 30, 80]
    assert values.tolist() == [0.0, 2.0, -1.0, 0.5]


def test_piecewise_without_times_is_silent():
    steps, values = waveforms.piecewise(3, 9, DT, times=np.empty(0), amplitudes=np.empty(0))
    assert (steps.tolist(), values.tolist()) == ([3], [0.0])


def test_alternating_has_its_phase_at_its_start():
    values = dense(WAVES["alternating"], 0, 120)
    t = np.arange(70) * DT
    expected = 0.1 + 0.5 * np.sin(2 * math.pi * 0.1 * t + math.pi / 6)
    np.testing.assert_allclose(values[20:90], expected, atol=1e-14)
    assert (values[:20] == 0).all()
    assert (values[90:] == 0).all()


def test_alternating_stays_exact_after_long_times():
    begin = 36_000_000  # steps: one hour
    wave = waveforms.alternating(
        begin, begin + 100, DT, amplitude=1.0, offset=0.0, frequency=100.0, phase=0.0,
        start=0.0, stop=1e12,
    )  # fmt: skip
    values = waveforms.in_force(*wave, np.arange(begin, begin + 100))
    np.testing.assert_allclose(values, np.sin(2 * math.pi * np.arange(100) / 100), atol=1e-7)


def test_noise_is_held_and_gaussian():
    n, hold = 20_000, 3
    wave = waveforms.noise(
        0, n * hold, DT, mean=0.2, stdev=0.1, hold=hold, start=0.0, stop=1e12, seed=(5,)
    )
    steps, values = wave
    assert np.array_equal(steps, np.arange(n) * hold)
    assert abs(values.mean() - 0.2) < 6 * 0.1 / math.sqrt(n)
    assert abs(values.std() - 0.1) < 6 * 0.1 / math.sqrt(2 * n)
    # successive values are independent
    x = (values - 0.2) / 0.1
    assert abs(np.mean(x[1:] * x[:-1])) < 6 / math.sqrt(n)


def test_noise_depends_on_its_seed_alone():
    settings = {"mean": 0.0, "stdev": 1.0, "hold": 1, "stop": 1e12}
    one = waveforms.noise(0, 2000, DT, seed=(1, 0), start=0.0, **settings)[1]
    later = waveforms.noise(500, 2500, DT, seed=(1, 0), start=50.0, **settings)[1]
    other = waveforms.noise(0, 2000, DT, seed=(1, 1), start=0.0, **settings)[1]
    np.testing.assert_array_equal(one, later)
    assert not np.isin(other, one).any()
