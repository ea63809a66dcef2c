"""What looks random on the chip: generators, and events that get lost at high rates."""

import numpy as np
import pytest

import pynn_bss2sim.brainscales2 as pynn

from .conftest import neurons, trains

#: Runs of the generators, ms, and the bins of the spectrum, µs.
DURATION, BIN = 40.0, 1.0


@pytest.fixture
def bypass():
    pynn.setup(enable_neuron_bypass=True)
    return pynn


@pytest.mark.parametrize("rate", [5e4, 3e5])
def test_generators_have_their_rate_and_a_flat_spectrum(face, rate):
    size = 4
    pop = face.Population(size, face.cells.SpikeSourcePoissonOnChip(rate=rate, seed=77))
    pop.record("spikes")
    face.run(DURATION)
    by_cell = trains(pop)
    expected = size * rate * DURATION / 1e3
    times = 1e3 * np.concatenate(by_cell)
    # registers meet the rate within 1 %; counts of a Poisson process, five standard deviations
    assert abs(len(times) - expected) < 5 * np.sqrt(expected) + 0.01 * expected
    counts = np.array([len(one) for one in by_cell])
    assert (np.abs(counts - expected / size) < 5 * np.sqrt(expected / size) + 0.01 * expected).all()
    binned = np.histogram(times, np.arange(0, 1e3 * DURATION + BIN, BIN))[0]
    power = np.abs(np.fft.rfft(binned - binned.mean())[1:]) ** 2 / len(times)
    for band in np.array_split(power, 10):
        # powers are distributed exponentially about 1: so is their mean, narrower
        assert abs(band.mean() - 1) < 5 / np.sqrt(len(band))
    gaps = np.diff(np.sort(times))
    # exponential but for the shortest, which a period of the generator forbids
    assert np.std(gaps) / np.mean(gaps) == pytest.approx(1, abs=0.05)


def test_few_events_of_many_sources_are_lost_at_the_rates_of_tutorials(bypass):
    np.random.seed(3)  # noqa: NPY002
    size, rate = 64, 4e4
    stimulus = bypass.Population(
        size, bypass.cells.SpikeSourcePoisson(start=0, rate=rate, duration=4.9)
    )
    pop = neurons(size)
    bypass.Projection(
        stimulus, pop, bypass.OneToOneConnector(), bypass.synapses.StaticSynapse(weight=63)
    )
    for cells in (stimulus, pop):
        cells.record("spikes")
    bypass.run(5.0)
    sent, seen = (np.array([len(t) for t in trains(cells)]) for cells in (stimulus, pop))
    assert (seen <= sent).all()
    assert seen.sum() > 0.98 * sent.sum()
