"""Measures of spike trains against what theory says of trains that one knows."""

import math

import neo
import numpy as np
import pytest
import quantities as pq

from pynn_bss2sim.comparison import measures
from pynn_bss2sim.comparison.measures import (
    MOST_CELLS,
    TIMESCALE,
    distances,
    effect_size,
    intervals,
    rates,
    statistics,
)
from pynn_bss2sim.comparison.recordings import Recording, read_block


def recording(*trains, stop=1000.0, segment=0):
    made = {
        (segment, k): neo.SpikeTrain(np.sort(times), t_stop=stop, units="ms")
        for k, times in enumerate(trains)
    }
    return Recording(made, {}, stop)


def test_a_clock_and_a_poisson_process():
    rng = np.random.default_rng(1)
    clock = statistics(recording(np.arange(5.0, 1000.0, 10.0), stop=1000.0))
    assert clock["rate"] == pytest.approx(100.0) and clock["cv"] == pytest.approx(0.0, abs=1e-9)
    trains = [np.cumsum(rng.exponential(10.0, 2000)) for _ in range(40)]
    trains = [train[train < 10_000.0] for train in trains]
    poisson = recording(*trains, stop=10_000.0)
    found = statistics(poisson)
    # 40 trains of about 1000 intervals: standard errors 0.005 of both, relative to 1
    assert found["rate"] == pytest.approx(100.0, rel=0.02)
    assert found["cv"] == pytest.approx(1.0, abs=0.02)
    # 780 pairs of 1000 bins
    assert abs(found["correlation"]) < 5 / math.sqrt(780 * 1000)
    assert intervals(poisson).mean() == pytest.approx(10.0, rel=0.02)


def test_trains_that_share_half_of_their_spikes_are_half_correlated():
    """Sums of a common and an own Poisson process of the same rate: correlation 1/2."""
    rng = np.random.default_rng(2)
    common = rng.uniform(0.0, 20_000.0, 1000)
    trains = [np.r_[common, rng.uniform(0.0, 20_000.0, 1000)] for _ in range(20)]
    found = statistics(recording(*trains, stop=20_000.0))
    assert found["correlation"] == pytest.approx(0.5, abs=0.05)


def test_a_shifted_spike_costs_what_the_definitions_say():
    still = recording([500.0])
    assert distances(still, still) == {"victor_purpura": 0.0, "van_rossum": 0.0}
    shift = 4.0
    found = distances(recording([500.0 + shift]), still)
    assert found["victor_purpura"] == pytest.approx(shift / TIMESCALE / 2)
    # two exponentials: 1 - exp(-shift / tau), twice in Elephant's norm of one spike being 1
    assert found["van_rossum"] == pytest.approx(math.sqrt(2 - 2 * math.exp(-shift / TIMESCALE)))
    far = distances(recording([100.0]), still)
    assert far["victor_purpura"] == pytest.approx(1.0)
    assert far["van_rossum"] == pytest.approx(math.sqrt(2.0), rel=1e-6)


def test_distances_compare_the_same_cells_of_the_same_segment():
    a = recording([1.0], [500.0])
    b = Recording({(0, 1): a.trains[0, 1], (1, 0): a.trains[0, 0]}, {}, 1000.0)
    assert distances(a, b)["victor_purpura"] == 0.0
    nothing = distances(a, Recording({}, {}, 0.0))
    assert all(map(math.isnan, nothing.values()))
    silent = recording([], [])
    assert distances(silent, silent) == {"victor_purpura": 0.0, "van_rossum": 0.0}


def test_many_cells_are_thinned_evenly():
    assert measures._spread(list(range(10))) == list(range(10))
    chosen = measures._spread(list(range(1000)))
    assert len(chosen) == MOST_CELLS and chosen[0] == 0 and chosen[-1] == 999
    assert np.ptp(np.diff(chosen)) <= 1


def test_effect_size():
    # means 1 apart, standard deviation 1, 8 degrees of freedom: 1 - 3 / 31
    a = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    a /= a.std(ddof=1)
    assert effect_size(a + 1.0, a) == pytest.approx(1 - 3 / 31)
    assert effect_size(a, a + 1.0) == pytest.approx(3 / 31 - 1)
    assert math.isnan(effect_size([1.0], [2.0, 3.0]))
    assert math.isnan(effect_size([1.0, 1.0], [2.0, 2.0]))


def test_nothing_spikes_and_nothing_is_recorded():
    silent = statistics(recording([], [1.0]))
    assert silent["spikes"] == 1 and silent["rate"] == 0.5
    assert math.isnan(silent["cv"]) and math.isnan(silent["correlation"])
    empty = statistics(Recording({}, {}, 0.0))
    assert empty["cells"] == 0 and math.isnan(empty["rate"])
    assert rates(Recording({}, {}, 0.0)).shape == (0,)


def test_blocks_of_several_segments():
    block = neo.Block(first_id=10)
    for number, stop in enumerate((100.0, 50.0)):
        segment = neo.Segment()
        segment.spiketrains.append(
            neo.SpikeTrain([number + 1.0], t_stop=stop, units="ms", source_index=3)
        )
        segment.spiketrains.append(
            neo.SpikeTrain([], t_stop=0.001 * stop, units="s", channel_id=12)
        )
        segment.analogsignals.append(
            neo.AnalogSignal(
                np.arange(8.0).reshape(4, 2),
                units="mV",
                name="v",
                sampling_period=0.1 * pq.ms,
                array_annotations={"channel_index": [4, 7]},
            )
        )
        block.segments.append(segment)
    found = read_block(block)
    assert list(found.trains) == [(0, 2), (0, 3), (1, 2), (1, 3)]
    assert found.duration == pytest.approx(150.0)
    assert list(found.traces) == [("v", 0, 4), ("v", 0, 7), ("v", 1, 4), ("v", 1, 7)]
    trace = found.traces["v", 1, 7]
    assert trace.values.tolist() == [1.0, 3.0, 5.0, 7.0] and trace.units == "mV"
    assert trace.times == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert rates(found).tolist() == pytest.approx([0.0, 2e3 / 150.0])
