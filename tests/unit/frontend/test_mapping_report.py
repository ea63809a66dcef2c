"""The mapping report of a network that has run, or not yet."""

import numpy as np
import pytest

import pynn_bss2sim as sim


@pytest.fixture(autouse=True)
def chip():
    sim.setup(timestep=0.1, chip="quantized")
    yield
    sim.end()


def network(source):
    """Ten sources, each to one of ten neurons that spikes with it."""
    sources = sim.Population(10, source, label="in")
    cells = sim.Population(10, sim.IF_curr_exp(tau_refrac=0.5), label="out")
    sim.Projection(sources, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=20.0))
    return sources, cells


def into_the_chip(report):
    return [k for k in report.rates.links if "from FPGA" in k.name and "chip 0" in k.name]


@pytest.mark.parametrize(
    ("source", "rate"),
    [
        (sim.SpikeSourcePoisson(rate=30.0), 30.0),
        (sim.SpikeSourcePoissonRefractory(rate=20.0, tau_refrac=5.0), 20.0),
        (sim.SpikeSourceGamma(alpha=2.0, beta=80.0), 40.0),
    ],
)
def test_before_a_run_the_rates_are_those_given_to_sources(source, rate):
    network(source)
    rates = sim.mapping_report().rates
    assert rates.basis == "the rates given to spike sources"
    assert sum(k.rate for k in into_the_chip(sim.mapping_report())) == pytest.approx(10 * rate)
    assert (rates.sources, rates.unknown) == (20, 10)


def test_a_rate_that_is_changed_is_seen_without_mapping_anew():
    sources, _ = network(sim.SpikeSourcePoisson(rate=30.0))
    sim.mapping_report()
    sources.set(rate=7.0)
    assert sum(k.rate for k in into_the_chip(sim.mapping_report())) == pytest.approx(70)


def test_after_a_run_the_rates_are_those_of_recorded_spikes():
    times = [np.arange(5.0, 100.0, 10.0 + k) for k in range(10)]
    sources, cells = network(sim.SpikeSourceArray(spike_times=times))
    cells.record("spikes")
    sim.run(50.0)
    sources.record("spikes")  # counts from here on
    sim.run(50.0)
    report = sim.mapping_report()
    expected = sum(len(t[t > 50.0]) for t in times) / 0.05
    assert report.rates.unknown == 0
    assert sum(k.rate for k in into_the_chip(report)) == pytest.approx(expected)
    leaving = [k.rate for k in report.rates.links if "event output" in k.name]
    spikes = sum(len(t) for t in cells.get_data().segments[0].spiketrains)
    assert sum(leaving) == pytest.approx(spikes / 0.1)
    assert "the spikes recorded until 100 ms" in str(report)


def test_sources_with_given_times_are_unknown_before_a_run():
    network(sim.SpikeSourceArray(spike_times=[1.0]))
    report = sim.mapping_report()
    assert report.rates.unknown == report.rates.sources == 20
    assert not any("busiest" in sentence for sentence in report.headline)
