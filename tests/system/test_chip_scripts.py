"""Combinations of features as scripts for the real chip use them, small."""

import numpy as np
import pytest
from pyNN.parameters import Sequence

import pynn_bss2sim.brainscales2 as pynn
from pynn_bss2sim.brainscales2 import simulator


@pytest.fixture(autouse=True)
def chip(monkeypatch):
    monkeypatch.setenv("BSS2SIM_CHIP", "silicon")
    yield
    simulator.state = None


@pytest.fixture(scope="module")
def nightly():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BSS2SIM_CHIP", "silicon")
        return pynn.helper.chip_from_nightly()


def connect(pre, post, weight, receptor=None, connector=None):
    return pynn.Projection(
        pre, post, connector or pynn.AllToAllConnector(),
        synapse_type=pynn.synapses.StaticSynapse(weight=weight), receptor_type=receptor,
    )  # fmt: skip


def counts(population):
    return np.array([len(t) for t in population.get_data("spikes").segments[-1].spiketrains])


def test_rates_grow_with_a_constant_current():
    """A sweep of a parameter over many runs of one setup."""
    pynn.setup()
    pop = pynn.Population(
        1,
        pynn.cells.HXNeuron(
            leak_v_leak=600,
            leak_i_bias=150,
            threshold_enable=True,
            threshold_v_threshold=250,
            reset_v_reset=400,
            reset_i_bias=1022,
            reset_enable_multiplication=True,
            refractory_period_refractory_time=255,
            membrane_capacitance_capacitance=63,
            constant_current_enable=True,
        ),
    )
    pop.record("spikes")
    rates = []
    for code in (0, 300, 600, 900):
        pop.set(constant_current_i_offset=code)
        pynn.run(0.5)
        rates.append(len(pop.get_data(clear=True).segments[-1].spiketrains[0]))
        pynn.reset()
    assert rates[0] == 0
    assert rates == sorted(rates)
    assert rates[3] > rates[2] > 5


def test_logic_gates(nightly):
    """Excitation and inhibition decide between AND, OR and AND NOT; several setups."""
    expected = {
        "and": ((30, 30), [0, 0, 0, 1]),
        "or": ((60, 60), [0, 1, 1, 1]),
        "but not": ((60, -60), [0, 1, 0, 0]),
    }
    for weights, truth in expected.values():
        results = []
        for pattern in ((0, 0), (1, 0), (0, 1), (1, 1)):
            pynn.setup(initial_config=nightly)
            out = pynn.Population(1, pynn.cells.HXNeuron())
            out.record("spikes")
            for on, weight in zip(pattern, weights, strict=True):
                times = list(0.02 + 1e-3 * np.arange(4)) if on else []
                connect(pynn.Population(1, pynn.cells.SpikeSourceArray(times)), out, weight)
            pynn.run(0.1)
            results.append(int(counts(out)[0] > 0))
            pynn.end()
        assert results == truth


def test_groups_that_inhibit_each_other_leave_one_winner(nightly):
    """Views of one population, inhibition between all of them, noise, and a clue for one."""
    np.random.seed(2)  # noqa: NPY002
    pynn.setup(initial_config=nightly)
    pop = pynn.Population(12, pynn.cells.HXNeuron())
    groups = [pynn.PopulationView(pop, slice(3 * k, 3 * k + 3)) for k in range(4)]
    noise = pynn.Population(12, pynn.cells.SpikeSourcePoisson(start=0, rate=6e4, duration=1.0))
    connect(noise, pop, 40, connector=pynn.OneToOneConnector())
    for k, group in enumerate(groups):
        connect(group, group, 20)
        for other in (g for j, g in enumerate(groups) if j != k):
            connect(group, other, -63)
    clue = pynn.Population(1, pynn.cells.SpikeSourceArray(list(np.arange(0.005, 1, 0.01))))
    projection = connect(clue, groups[2], 0)
    for one in projection:
        one.weight = 63.0
    pop.record("spikes")
    noise.set(duration=0.9)
    pynn.run(1.0)
    by_group = counts(pop).reshape(4, 3).sum(axis=1)
    assert by_group.argmax() == 2
    assert by_group[2] > 2 * np.delete(by_group, 2).max()


def test_a_classifier_learns_by_gradients_in_python(nightly):
    """Many runs; weights of two projections set by arrays from a loop in Python."""
    pynn.setup(initial_config=nightly)
    sources = pynn.Population(4, pynn.cells.SpikeSourceArray([]))
    out = pynn.Population(2, pynn.cells.HXNeuron())
    excitatory = connect(sources, out, 0, "excitatory")
    inhibitory = connect(sources, out, 0, "inhibitory")
    out.record(["spikes", "v"])
    patterns = np.array([[1, 1, 0, 0], [0, 0, 1, 1]])
    weight = np.zeros((4, 2))
    for _ in range(6):
        errors = 0
        for label, pattern in enumerate(patterns):
            sources.set(spike_times=[Sequence(0.02 + 2e-3 * np.arange(3 * on)) for on in pattern])
            excitatory.set(weight=np.clip(np.rint(weight), 0, None))
            inhibitory.set(weight=np.clip(np.rint(weight), None, 0))
            pynn.run(0.08)
            spikes = counts(out)
            pynn.reset()
            wanted = 2 * (np.arange(2) == label)
            errors += int((np.minimum(spikes, 2) != wanted).sum())
            weight += 20 * np.outer(pattern, np.sign(wanted - np.minimum(spikes, 2)))
            weight = np.clip(weight, -63, 63)
    assert errors == 0
    assert len(out.get_data().segments) == 12


def test_neurons_are_read_one_after_the_other_with_a_permutation():
    """Parameters by neuron, a permutation, and the converter on one neuron after the other."""
    order = np.random.default_rng(0).permutation(512)[:20].tolist()
    pynn.setup(neuronPermutation=order)
    codes = np.linspace(500, 800, 20).astype(int)
    pop = pynn.Population(20, pynn.cells.HXNeuron(leak_i_bias=300))
    pop.set(leak_v_leak=codes)
    means = []
    for k in range(20):
        pop.record(None)
        pop[[k]].record("v")
        pynn.run(0.03)
        signal = pop.get_data(clear=True).segments[-1].irregularlysampledsignals[0]
        means.append(signal.magnitude.mean())
        pynn.reset()
    slope, _ = np.polyfit(codes, means, 1)
    assert slope == pytest.approx(0.79, rel=0.15)


def test_every_neuron_of_the_chip_is_driven_by_generators(nightly):
    """512 neurons, generators of the chip, and rates read in one run."""
    pynn.setup(initial_config=nightly)
    pop = pynn.Population(512, pynn.cells.HXNeuron())
    generators = pynn.Population(8, pynn.cells.SpikeSourcePoissonOnChip(rate=5e4, seed=11))
    connect(generators, pop, 30)
    pop.record("spikes")
    pynn.run(0.5)
    rates = counts(pop)
    assert np.median(rates) > 2
    assert np.mean(rates > 0) > 0.9
