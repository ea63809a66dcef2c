"""Circuits joined with a right neighbour that only shows the membrane."""

import numpy as np
import pytest

import pynn_bss2sim.brainscales2 as pynn

from .conftest import FIRING, neurons, source, trains

SMALL = FIRING | dict(membrane_capacitance_capacitance=0, leak_i_bias=20, leak_enable_division=True)


def couple(size=2, **parameters):
    """A population whose first neuron is joined with the second."""
    pop = neurons(size)
    pop[0:1].set(multicompartment_connect_right=True, **parameters)
    return pop


def signals(pop):
    """Times and values by cell."""
    found = pop.get_data().segments[-1].irregularlysampledsignals
    cells = [int(s.array_annotations["channel_index"][0]) for s in found]
    values = [(s.times.rescale("us").magnitude, s.magnitude[:, 0]) for s in found]
    return dict(zip(cells, values, strict=True))


def test_the_neighbour_shows_the_membrane_while_the_neuron_shows_another_variable(face):
    pop = couple(adaptation_enable=True, **FIRING)
    pop[0:1].record("adaptation")
    pop[1:2].record("v")
    pop.record("spikes")
    face.run(0.2)
    spikes, silent = trains(pop)
    assert len(spikes) > 5
    assert len(silent) == 0
    time, v = signals(pop)[1]
    # as low as the reset right behind each spike, and high before it
    after = np.array([v[(time > 1e3 * t + 0.5) & (time < 1e3 * t + 1.5)].mean() for t in spikes])
    before = np.array([v[(time > 1e3 * t - 0.5) & (time < 1e3 * t)].mean() for t in spikes[1:]])
    assert after.max() < before.min() - 100


@pytest.mark.parametrize("device", ["madc", "cadc"])
def test_both_show_the_same_membrane(face, device):
    pop = couple(**FIRING)
    pop.record("v", device=device)
    face.run(0.1)
    found = signals(pop)
    times = found[1][0][2:-2]
    own, other = (np.interp(times, *found[cell]) for cell in (0, 1))
    # the two readings differ by 68 ns and by their converters
    assert np.corrcoef(own, other)[0, 1] > 0.97
    assert abs(np.median(own - other)) < 20


def test_joined_membranes_have_both_capacitances(face):
    intervals = []
    for joined in (False, True):
        face.setup()
        pop = couple(**SMALL)
        pop[0:1].set(multicompartment_connect_right=joined)
        pop.record("spikes")
        face.run(0.3)
        intervals.append(np.median(np.diff(trains(pop)[0])))
    refractory = 255 * 8e-6
    ratio = (intervals[1] - refractory) / (intervals[0] - refractory)
    # capacitances of circuits spread by some percent
    assert ratio == pytest.approx(2, rel=0.15)


def test_rules_read_the_joined_membrane(face):
    class Watch(face.PlasticityRule):
        seen = ()

        def kernel(self, synapses, neurons, recording):
            self.seen = neurons[0].membranes.astype(int)

    rule = Watch(face.Timer(start=0.05, period=1, num_periods=1))
    pop = face.Population(3, face.cells.HXNeuron(plasticity_rule=rule))
    pop[0:1].set(multicompartment_connect_right=True, leak_v_leak=800, leak_i_bias=500)
    face.run(0.1)
    own, joined, alone = rule.seen
    assert abs(own - joined) < 30
    assert own > alone + 40


def test_synapses_of_the_neuron_drive_the_joined_membrane(face):
    pop = couple(
        leak_v_leak=650, leak_i_bias=90, membrane_capacitance_capacitance=63,
        excitatory_input_enable=True, excitatory_input_i_bias_tau=120,
        excitatory_input_i_bias_gm=500, excitatory_input_enable_high_resistance=True,
    )  # fmt: skip
    stimulus = source(0.03)
    face.Projection(
        stimulus, pop[0:1], face.AllToAllConnector(), face.synapses.StaticSynapse(weight=63)
    )
    pop[1:2].record("v")
    face.run(0.06)
    time, v = signals(pop)[1]
    assert v[(time > 32) & (time < 45)].mean() > v[time < 30].mean() + 10


@pytest.mark.parametrize(
    ("neighbour", "message"),
    [
        ({"leak_i_bias": 5}, "leak_i_bias"),
        ({"threshold_enable": True}, "threshold_enable"),
        ({"inhibitory_input_enable": True}, "inhibitory_input_enable"),
        ({"multicompartment_connect_right": True}, "multicompartment_connect_right"),
    ],
)
def test_neighbours_with_parts_of_their_own_are_refused(face, neighbour, message):
    pop = couple(**FIRING)
    pop[1:2].set(**neighbour)
    with pytest.raises(RuntimeError, match=f"right neighbour has {message}"):
        face.run(0.01)


def test_neighbours_that_nobody_uses_count_by_the_configuration(face):
    config = face.lola.Chip()
    config.neuron_block.atomic_neurons[8].leak.i_bias = 3
    for permutation, refused in (([7], True), ([9], False), ([127], True), ([255], True)):
        face.setup(neuronPermutation=permutation, initial_config=config)
        neurons(1, multicompartment_connect_right=True)
        if refused:
            with pytest.raises(RuntimeError, match="right neighbour"):
                face.run(0.01)
        else:
            face.run(0.01)


def test_circuits_are_not_joined_by_injected_containers():
    neuron = pynn.lola.AtomicNeuron()
    neuron.multicompartment.connect_right = True
    injected = pynn.InjectedConfiguration(pre_realtime={pynn.halco.AtomicNeuronOnDLS(3): neuron})
    pynn.setup(injected_config=injected)
    neurons()
    with pytest.raises(NotImplementedError, match="connect_right"):
        pynn.run(0.01)
