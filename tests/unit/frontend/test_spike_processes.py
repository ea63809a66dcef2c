"""Point processes: statistics against theory, independence of windows, changes, trials.

Bands are those of the theory at the stated number of events, six standard deviations wide (a
false alarm in about 5e8 draws), with fixed seeds.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_bss2sim.gamma_hazard import gamma_hazard
from pynn_bss2sim.spike_processes import (
    BLOCK_MS,
    Gamma,
    InhomogeneousGamma,
    Poisson,
    PoissonRefractory,
    SpikeTimes,
)

SIGMAS = 6.0
ALWAYS = {"start": 0.0, "duration": 1e10}


def poisson(size=20, seed=1, **changes):
    return Poisson(size, {"rate": 50.0} | ALWAYS | changes, seed)


def refractory(size=20, seed=1, **changes):
    return PoissonRefractory(size, {"rate": 50.0, "tau_refrac": 10.0} | ALWAYS | changes, seed)


def gamma(size=20, seed=1, **changes):
    return Gamma(size, {"alpha": 3.0, "beta": 150.0} | ALWAYS | changes, seed)


def inhomogeneous(size=20, seed=1, a=(3.0,), b=(1 / 150,), tbins=(0.0,), **changes):
    bins = {"a": [a] * size, "b": [b] * size, "tbins": [tbins] * size}
    return InhomogeneousGamma(size, bins | ALWAYS | changes, seed)


RANDOM = [poisson, refractory, gamma, inhomogeneous]


def intervals(times, cells):
    """Return all intervals between spikes of one cell."""
    order = np.lexsort((times, cells))
    same = np.diff(cells[order]) == 0
    return np.diff(times[order])[same]


def assert_mean(values, mean, std):
    """The mean of `values` lies within the band about `mean` for the theory's `std`."""
    band = SIGMAS * std / math.sqrt(len(values))
    assert abs(np.mean(values) - mean) < band, (np.mean(values), mean, band)


# --- statistics ---------------------------------------------------------------------------------


def test_poisson_counts_are_poisson():
    rates = np.repeat([0.0, 5.0, 80.0], 1000)
    _, cells = poisson(3000, rate=rates).spikes(0.0, 1000.0)
    counts = np.bincount(cells, minlength=3000).reshape(3, 1000)
    assert (counts[0] == 0).all()
    for row, mean in ((counts[1], 5.0), (counts[2], 80.0)):
        assert_mean(row, mean, math.sqrt(mean))
        # the variance of the squared deviation of a Poisson variable is m + 2 m^2
        assert_mean((row - mean) ** 2, mean, math.sqrt(mean + 2 * mean**2))


def test_poisson_intervals_are_exponential():
    gaps = intervals(*poisson(100).spikes(0.0, 5000.0))
    survival = np.exp(-np.linspace(5, 60, 12) / 20.0)
    for x, p in zip(np.linspace(5, 60, 12), survival, strict=True):
        assert_mean(gaps > x, p, math.sqrt(p * (1 - p)))


def test_refractory_rate_dead_time_and_intervals():
    gaps = intervals(*refractory(200).spikes(0.0, 5000.0))
    assert gaps.min() >= 10.0
    assert_mean(gaps, 20.0, 10.0)
    assert_mean((gaps - 20.0) ** 2, 100.0, math.sqrt(8.0) * 100.0)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 3.0, 20.0])
def test_gamma_intervals(alpha):
    mean = 20.0
    times, cells = gamma(200, alpha=alpha, beta=alpha * 50.0).spikes(0.0, 10_000.0)
    # intervals begun in the first half, so that the end of the window censors none of them
    gaps = first_intervals(times, cells, 200, 100)
    assert_mean(gaps, mean, mean / math.sqrt(alpha))
    variance = mean**2 / alpha
    assert_mean((gaps - mean) ** 2, variance, variance * math.sqrt(2 + 6 / alpha))


def first_intervals(times, cells, size, n):
    """Return the first n intervals of each cell, without the bias of a window's end."""
    order = np.lexsort((times, cells))
    times, cells = times[order], cells[order]
    first = np.searchsorted(cells, np.arange(size))
    assert (np.bincount(cells, minlength=size) > n).all()
    return np.concatenate([np.diff(times[f : f + n + 1]) for f in first])


def test_gamma_begins_with_a_whole_interval():
    times, cells = gamma(4000, alpha=4.0, beta=200.0, start=30.0).spikes(0.0, 1000.0)
    first = np.full(4000, np.inf)
    np.minimum.at(first, cells, times)
    assert_mean(first - 30.0, 20.0, 10.0)


def test_inhomogeneous_gamma_with_constant_parameters_is_gamma():
    times, cells = inhomogeneous(100).spikes(0.0, 6000.0)
    gaps = first_intervals(times, cells, 100, 100)
    assert_mean(gaps, 20.0, 20.0 / math.sqrt(3))
    variance = 400 / 3
    assert_mean((gaps - 20.0) ** 2, variance, variance * math.sqrt(2 + 6 / 3))


def test_inhomogeneous_gamma_of_shape_one_follows_its_rate():
    rates = np.array([10.0, 90.0, 30.0])
    process = inhomogeneous(2000, a=(1.0,) * 3, b=1 / rates, tbins=(0.0, 130.0, 310.0))
    _, cells = process.spikes(0.0, 130.0)
    for begin, end, rate in ((0.0, 130.0, 10.0), (130.0, 310.0, 90.0), (310.0, 410.0, 30.0)):
        _, cells = process.spikes(begin, end)
        mean = rate * (end - begin) / 1e3
        assert_mean(np.bincount(cells, minlength=2000), mean, math.sqrt(mean))


def test_inhomogeneous_gamma_has_the_hazard_of_its_age():
    # survival without spike from the start: the hazard of shape 2 up to 20 ms, then of shape 5
    process = inhomogeneous(20_000, a=(2.0, 5.0), b=(0.01, 0.004), tbins=(0.0, 20.0))
    times, cells = process.spikes(0.0, 100.0)
    first = np.full(20_000, np.inf)
    np.minimum.at(first, cells, times)

    def survival(x, shape, scale):
        """Of an integer shape, in closed form."""
        u = x / scale
        return math.exp(-u) * sum(u**k / math.factorial(k) for k in range(shape))

    for t in (5.0, 15.0, 20.0, 25.0, 35.0):
        p = survival(min(t, 20.0), 2, 10.0)
        if t > 20.0:
            p *= survival(t, 5, 4.0) / survival(20.0, 5, 4.0)
        assert_mean(first > t, p, math.sqrt(p * (1 - p)))


def test_inhomogeneous_gamma_is_silent_before_its_first_bin():
    times, _ = inhomogeneous(50, tbins=(250.0,)).spikes(0.0, 1000.0)
    assert times.min() >= 250.0


@pytest.mark.parametrize("shape", [1.0, 2.0, 5.0])
def test_gamma_hazard_of_integer_shapes(shape):
    x = np.concatenate([[0.0], np.geomspace(1e-3, 200.0, 200)])
    series = sum(x**k / math.factorial(k) for k in range(int(shape)))
    expected = x ** (shape - 1) / math.factorial(int(shape) - 1) / series
    np.testing.assert_allclose(gamma_hazard(x, shape), expected, rtol=1e-11)


def test_gamma_hazard_never_exceeds_its_bound():
    x, a = np.meshgrid(np.geomspace(1e-6, 1e5, 300), np.linspace(1.0, 300.0, 100))
    hazard = gamma_hazard(x.ravel(), a.ravel())
    assert np.isfinite(hazard).all()
    assert (hazard >= 0).all()
    assert (hazard <= 1.0 + 1e-9).all()


@pytest.mark.parametrize("make", RANDOM)
def test_cells_and_blocks_are_independent(make):
    times, cells = make(200).spikes(0.0, 20 * BLOCK_MS)
    counts = np.zeros((200, 20))
    np.add.at(counts, (cells, (times // BLOCK_MS).astype(int)), 1)
    assert len(np.unique(times)) == len(times)
    # of different cells: correlation coefficients of independent variables have std 1/sqrt(n)
    deviations = counts - counts.mean()
    between = deviations[:-1] * deviations[1:]
    assert_mean(between.ravel(), 0.0, deviations.std() ** 2)


# --- windows, start and duration ----------------------------------------------------------------


@pytest.mark.parametrize("make", RANDOM)
def test_start_and_duration_bound_the_spikes(make):
    start = np.array([0.0, 120.0, 350.0, 1e9])
    times, cells = make(4, start=start, duration=200.0).spikes(0.0, 1000.0)
    assert set(cells) == {0, 1, 2}
    assert (times >= start[cells]).all()
    assert (times < start[cells] + 200.0).all()
    # and they use their time: none of them is silent for its last quarter
    for cell in range(3):
        assert times[cells == cell].max() > start[cell] + 130.0


@pytest.mark.parametrize("make", RANDOM)
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.floats(0.0, 350.0), max_size=8))
def test_windows_do_not_change_the_spikes(make, cuts):
    whole = make(5).spikes(-1.0, 350.0)
    process = make(5)
    bounds = [-1.0, *sorted(cuts), 350.0]
    parts = [process.spikes(a, b) for a, b in zip(bounds, bounds[1:], strict=False)]
    np.testing.assert_array_equal(np.concatenate([p[0] for p in parts]), whole[0])
    np.testing.assert_array_equal(np.concatenate([p[1] for p in parts]), whole[1])


@pytest.mark.parametrize("make", RANDOM)
def test_a_window_can_be_asked_for_again(make):
    process = make(5)
    whole = process.spikes(0.0, 1000.0)
    process.spikes(730.0, 2000.0)
    np.testing.assert_array_equal(process.spikes(0.0, 1000.0)[0], whole[0])


@pytest.mark.parametrize("make", RANDOM)
def test_spikes_are_sorted_and_within_the_window(make):
    times, cells = make(50).spikes(33.0, 478.0)
    assert times.dtype == np.float64
    assert cells.dtype == np.int32
    assert (np.diff(times) >= 0).all()
    assert times.min() >= 33.0
    assert times.max() < 478.0
    assert set(cells) <= set(range(50))


@pytest.mark.parametrize("make", RANDOM)
def test_seed_decides(make):
    same = make(5, seed=3).spikes(0.0, 500.0)[0]
    np.testing.assert_array_equal(same, make(5, seed=3).spikes(0.0, 500.0)[0])
    assert not np.isin(make(5, seed=4).spikes(0.0, 500.0)[0], same).any()


@pytest.mark.parametrize("make", RANDOM)
def test_a_new_trial_has_new_spikes_and_is_reproducible(make):
    one, other = make(5), make(5)
    first = one.spikes(0.0, 500.0)[0]
    one.restart()
    other.restart()
    second = one.spikes(0.0, 500.0)[0]
    assert not np.isin(second, first).any()
    np.testing.assert_array_equal(second, other.spikes(0.0, 500.0)[0])


@pytest.mark.parametrize("make", RANDOM)
def test_an_infinite_window_is_refused(make):
    with pytest.raises(ValueError, match="finite"):
        make().spikes(0.0, math.inf)


# --- changes of parameters ----------------------------------------------------------------------

CHANGES = {
    poisson: ({"rate": 50.0}, {"rate": 0.0}, {"rate": 400.0}),
    refractory: (
        {"rate": 50.0, "tau_refrac": 10.0},
        {"rate": 0.0, "tau_refrac": 10.0},
        {"rate": 400.0, "tau_refrac": 1.0},
    ),
    gamma: (
        {"alpha": 3.0, "beta": 150.0},
        {"alpha": 3.0, "beta": 0.0},
        {"alpha": 3.0, "beta": 1200.0},
    ),
    inhomogeneous: (
        {"a": [[3.0]] * 20, "b": [[1 / 150]] * 20, "tbins": [[0.0]] * 20},
        {"a": [[3.0]] * 20, "b": [[1e3]] * 20, "tbins": [[0.0]] * 20},
        {"a": [[3.0]] * 20, "b": [[1 / 1200]] * 20, "tbins": [[0.0]] * 20},
    ),
}


@pytest.mark.parametrize("make", RANDOM)
@pytest.mark.parametrize("now", [200.0, 237.5])
def test_a_change_holds_from_now_on_and_leaves_the_past(make, now):
    _, silent, fast = CHANGES[make]
    untouched = make(20).spikes(0.0, 1000.0)[0]
    process = make(20)
    process.spikes(0.0, 100.0)
    process.update(silent | ALWAYS, now)
    times = process.spikes(100.0, 500.0)[0]
    np.testing.assert_array_equal(times, untouched[(untouched >= 100.0) & (untouched < now)])
    process.update(fast | ALWAYS, 500.0)
    times, _ = process.spikes(500.0, 1500.0)
    # 20 cells for 1 s at 400 /s
    assert abs(len(times) - 8000) < SIGMAS * math.sqrt(8000)


@pytest.mark.parametrize("make", RANDOM)
def test_the_last_of_two_changes_at_one_time_counts(make):
    same, silent, fast = CHANGES[make]
    process, other = make(20), make(20)
    process.update(silent | ALWAYS, 150.0)
    process.update(fast | ALWAYS, 150.0)
    other.update(fast | ALWAYS, 150.0)
    np.testing.assert_array_equal(process.spikes(0.0, 400.0)[0], other.spikes(0.0, 400.0)[0])
    # and a change before the first run leaves nothing of what was before
    process, other = make(20), make(20)
    process.update(silent | ALWAYS, 0.0)
    process.update(same | ALWAYS, 0.0)
    np.testing.assert_array_equal(process.spikes(0.0, 400.0)[0], other.spikes(0.0, 400.0)[0])


@pytest.mark.parametrize("make", RANDOM)
def test_a_change_made_after_drawing_ahead_still_counts(make):
    _, silent, fast = CHANGES[make]
    process, other = make(20), make(20)
    process.update(silent | ALWAYS, 150.0)
    assert len(process.spikes(150.0, 180.0)[0]) == 0
    process.update(fast | ALWAYS, 150.0)
    other.update(fast | ALWAYS, 150.0)
    np.testing.assert_array_equal(process.spikes(150.0, 400.0)[0], other.spikes(150.0, 400.0)[0])


@pytest.mark.parametrize("make", [poisson, refractory, inhomogeneous])
def test_a_change_to_the_same_parameters_leaves_the_rate(make):
    settings = {"size": 10_000}
    if make is inhomogeneous:  # of shape 2 and 100 /s: 50 /s in the long run
        settings |= {"a": (2.0,), "b": (0.01,)}
    process = make(**settings)
    process.spikes(0.0, 355.0)
    same = CHANGES[make][0] | ALWAYS
    if make is inhomogeneous:
        same |= {"a": [[2.0]] * 10_000, "b": [[0.01]] * 10_000, "tbins": [[0.0]] * 10_000}
    process.update(same, 355.0)
    # at most one spike in 5 ms for the refractory ones, and a narrower distribution than Poisson
    _, cells = process.spikes(355.0, 360.0)
    assert_mean(np.bincount(cells, minlength=10_000), 0.25, 0.5)


def test_a_change_keeps_the_dead_time():
    process = refractory(200, rate=90.0)
    parts = [process.spikes(0.0, 155.0)]
    process.update({"rate": 99.0, "tau_refrac": 10.0} | ALWAYS, 155.0)
    parts.append(process.spikes(155.0, 400.0))
    times, cells = (np.concatenate(p) for p in zip(*parts, strict=True))
    assert intervals(times, cells).min() >= 10.0


def test_a_change_of_rate_stretches_the_gamma_interval_under_way():
    slow, fast = gamma(300, alpha=50.0, beta=500.0), gamma(300, alpha=50.0, beta=500.0)
    times, cells = slow.spikes(0.0, 1000.0)
    now = 40.0
    fast.update({"alpha": 50.0, "beta": 2000.0} | ALWAYS, now)
    assert times.min() > now  # intervals of 100 ms, coefficient of variation 0.14
    first = np.full(300, np.inf)
    np.minimum.at(first, cells, times)
    changed = np.full(300, np.inf)
    np.minimum.at(changed, *fast.spikes(0.0, 1000.0)[::-1])
    np.testing.assert_allclose(changed - now, (first - now) / 4.0, rtol=1e-9)


@pytest.mark.parametrize("make", RANDOM)
def test_memory_does_not_grow_with_the_run(make):
    process = make(5)
    for i in range(40):
        process.spikes(i * 50.0, (i + 1) * 50.0)
        process.update(CHANGES[make][0] | ALWAYS if make is not inhomogeneous else
                       {k: v[:5] for k, v in CHANGES[make][0].items()} | ALWAYS,
                       (i + 1) * 50.0)  # fmt: skip
    assert len(process._epochs) <= 2
    assert all(len(epoch.carries) <= 3 for epoch in process._epochs)
    process = make(5)
    for i in range(40):
        process.spikes(i * 50.0, (i + 1) * 50.0)
    assert len(process._epochs[0].carries) <= 3


# --- spike times --------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    trains=st.lists(
        st.lists(st.integers(0, 20).map(float), max_size=6).map(sorted), min_size=1, max_size=4
    ),
    cuts=st.lists(st.integers(0, 21).map(float), max_size=4),
)
def test_spike_times_come_out_once_in_order(trains, cuts):
    process = SpikeTimes(len(trains), {"spike_times": trains})
    bounds = [0.0, *sorted(cuts), 21.0]
    parts = [process.spikes(a, b) for a, b in zip(bounds, bounds[1:], strict=False)]
    got = [(t, c) for times, cells in parts for t, c in zip(times, cells, strict=True)]
    assert got == sorted((t, c) for c, train in enumerate(trains) for t in train)


def test_spike_times_change_now_and_replay_after_a_restart():
    process = SpikeTimes(2, {"spike_times": [[5.0, 15.0, 20.0], [25.0]]})
    assert process.spikes(0.0, 10.0)[0].tolist() == [5.0]
    process.update({"spike_times": [[12.0, 20.0], []]}, 15.0)
    assert process.spikes(10.0, 30.0)[0].tolist() == [20.0]
    process.restart()
    assert process.spikes(0.0, 30.0)[0].tolist() == [12.0, 20.0]


def test_a_spike_time_equal_to_now_is_not_lost_to_rounding():
    process = SpikeTimes(1, {"spike_times": [[]]})
    process.update({"spike_times": [[0.3]]}, 3 * 0.1)
    assert process.spikes(3 * 0.1 - 0.05, 1.0)[0].tolist() == [0.3]


def test_spike_times_need_one_train_for_each_cell():
    with pytest.raises(ValueError, match="1 sequences for 2 cells"):
        SpikeTimes(2, {"spike_times": [[1.0]]})
