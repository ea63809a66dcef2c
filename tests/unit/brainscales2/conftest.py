"""Experiments on the chip that users meet, and populations made in few words."""

import numpy as np
import pytest

import pynn_bss2sim.brainscales2 as pynn
from pynn_bss2sim.brainscales2 import simulator

#: A neuron whose leak potential lies above its threshold.
FIRING = dict(
    leak_v_leak=1000,
    leak_i_bias=150,
    threshold_v_threshold=300,
    threshold_enable=True,
    reset_v_reset=400,
    reset_i_bias=1022,
    reset_enable_multiplication=True,
    membrane_capacitance_capacitance=63,
    refractory_period_refractory_time=255,
)
#: A neuron at rest whose inputs are connected.
LISTENING = dict(
    leak_v_leak=650,
    leak_i_bias=90,
    membrane_capacitance_capacitance=63,
    **{
        f"{line}_input_{name}": value
        for line in ("excitatory", "inhibitory")
        for name, value in dict(
            enable=True, enable_high_resistance=True, i_bias_tau=120, i_bias_gm=500
        ).items()
    },
)


@pytest.fixture(autouse=True)
def chip(monkeypatch):
    """The default chip, and no experiment before or after a test."""
    monkeypatch.setenv("BSS2SIM_CHIP", "silicon")
    yield
    simulator.state = None


@pytest.fixture
def face():
    """The module after setup()."""
    pynn.setup()
    return pynn


def neurons(size=1, **parameters):
    return pynn.Population(size, pynn.cells.HXNeuron(**parameters))


def source(*times, size=1):
    return pynn.Population(size, pynn.cells.SpikeSourceArray(spike_times=list(times)))


def trains(population):
    """Spike times of the last segment, ms: a list of arrays."""
    return [t.magnitude for t in population.get_data("spikes").segments[-1].spiketrains]


def signal(population, index=0):
    """Times (ms) and values of a signal of the last segment."""
    found = population.get_data().segments[-1].irregularlysampledsignals[index]
    return found.times.rescale("ms").magnitude, np.asarray(found.magnitude)[:, 0]
