"""The network that the mapping is given, and the way back."""

import numpy as np
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim.capture import capture_network


@pytest.fixture(autouse=True)
def begin():
    sim.setup(timestep=0.1)


def neuron(*receptors):
    return sim.PointNeuron(
        sim.LIF(), **{name: sim.CondExpPostSynapticResponse() for name in receptors}
    )


def test_indices():
    """Sources follow all neurons, whatever the order in which a script creates them."""
    early = sim.Population(2, sim.SpikeSourceArray(), label="early")
    a = sim.Population(3, sim.IF_curr_exp(), label="a")
    late = sim.Population(4, sim.SpikeSourceArray(), label="late")
    b = sim.Population(5, sim.IF_cond_exp(), label="b")
    connector, synapse = sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=0.2)
    sim.Projection(early, b, connector, synapse)
    sim.Projection(late[1:], a[[2]], connector, synapse)
    sim.Projection(a, b, connector, synapse, receptor_type="inhibitory")
    capture = capture_network(sim.state)
    network = capture.network
    assert [p.label for p in network.populations] == ["a", "b"]
    assert [s.label for s in network.sources] == ["early", "late"]
    assert (network.n_neurons, network.n_sources) == (8, 14)
    first, second, third = network.projections
    assert set(first.pre.tolist()) == {8, 9} and set(first.post.tolist()) == set(range(3, 8))
    assert second.pre.tolist() == [11, 12, 13] and second.post.tolist() == [2, 2, 2]
    assert (first.line, second.line, third.line) == (0, 0, 1)
    assert set(third.delay) == {0.2} and set(third.weight) == {0.1}
    assert capture.cell_of_neuron(2) == (a, 2) and capture.cell_of_neuron(3) == (b, 0)
    assert capture.neurons_of_cells([b[1], a[0]]).tolist() == [4, 0]


def test_one_receptor_on_different_lines():
    """Receptors take the lines in the order of their names."""
    first = sim.Population(2, neuron("AMPA", "GABA"))
    second = sim.Population(2, neuron("GABA", "NMDA"))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    weights = np.array([[0.1, 0.2, 0.3, 0.4]])
    projection = sim.Projection(
        source, second[:1] + first + second[1:], sim.AllToAllConnector(),
        sim.StaticSynapse(weight=weights), receptor_type="GABA",
    )  # fmt: skip
    capture = capture_network(sim.state)
    zero, one = sorted(capture.network.projections, key=lambda p: p.line)
    assert (zero.line, one.line) == (0, 1)
    assert dict(zip(zero.post.tolist(), zero.weight.tolist(), strict=True)) == {2: 0.1, 3: 0.4}
    assert dict(zip(one.post.tolist(), one.weight.tolist(), strict=True)) == {0: 0.2, 1: 0.3}
    collected = capture.collect(projection, [p.weight for p in capture.network.projections])
    np.testing.assert_array_equal(collected, weights[0])
    sim.run(3.0)


def test_a_state_keeps_its_meaning_when_the_chip_is_scaled_anew():
    sim.setup(timestep=0.1, chip="quantized")
    population = sim.Population(2, sim.IF_cond_exp(tau_m=20.0), label="P")
    population.initialize(v=-60.0)
    population.record("v")
    sim.run(5.0)
    before = population.get_data().segments[0].analogsignals[0].magnitude[-1]
    scaling = sim.state.mapping.scaling
    population.set(v_thresh=-10.0, v_reset=-95.0)
    sim.run(0.1)
    assert not sim.state.mapping.scaling.same_as(scaling)
    after = population.get_data().segments[0].analogsignals[0].magnitude[-1]
    np.testing.assert_allclose(after, before, atol=0.2)
