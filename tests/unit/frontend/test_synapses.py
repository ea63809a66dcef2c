"""Static synapses: default delay, checks of weights."""

from types import SimpleNamespace

import numpy as np
import pytest
from pyNN import errors

import pynn_bss2sim as sim
from pynn_bss2sim.standardmodels.synapses import check_weights


@pytest.fixture(autouse=True)
def simulation():
    sim.setup(timestep=0.1, min_delay=0.3)
    yield
    sim.end()


def projection(receptor, conductance_based):
    post = SimpleNamespace(conductance_based=conductance_based)
    return SimpleNamespace(label="a to b", receptor_type=receptor, post=post)


CONDUCTANCE = projection("inhibitory", True)
EXCITATORY = projection("excitatory", False)
INHIBITORY = projection("inhibitory", False)
OTHER = projection("slow", False)


def test_default_delay_is_the_smallest():
    assert sim.StaticSynapse().native_parameters["delay"].base_value == 0.3
    assert sim.StaticSynapse(delay=0.7).native_parameters["delay"].base_value == 0.7
    sim.setup(timestep=0.2, min_delay="auto")
    assert sim.StaticSynapse().native_parameters["delay"].base_value == 0.2


@pytest.mark.parametrize(
    ("target", "weights"),
    [
        (CONDUCTANCE, [0.0, 1.0]),
        (EXCITATORY, [0.0, 1.0]),
        (INHIBITORY, [0.0, -1.0]),
        (OTHER, [0.0, 1.0]),
        (OTHER, [0.0, -1.0]),
    ],
)
def test_good_weights(target, weights):
    check_weights(np.array(weights), target)
    check_weights(weights[1], target)
    check_weights(np.empty(0), target)


@pytest.mark.parametrize(
    ("target", "weights", "message"),
    [
        (CONDUCTANCE, [1.0, -2.0], "weights from -2 to 1 .*onto conductances"),
        (EXCITATORY, -2.0, "weights from -2 to -2 .*excites"),
        (INHIBITORY, [-1.0, 2.0], "weights from -1 to 2 .*inhibits"),
        (OTHER, [-1.0, 2.0], ".*one sign"),
        (OTHER, [1.0, np.nan], ".*finite"),
        (CONDUCTANCE, np.inf, ".*finite"),
        (EXCITATORY, "strong", "weights must be numbers, not 'strong'"),
    ],
)
def test_bad_weights_are_refused(target, weights, message):
    with pytest.raises(errors.ConnectionError, match=f"a to b: {message}"):
        check_weights(np.array(weights) if isinstance(weights, list) else weights, target)
