"""Circuits without a comparator never spike; circuits in bypass spike with every event."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.records import InputEvents, SynapseTable

STEP = 0.032
ONE = np.ones(1, np.int64)
DEVICES = [Device(), Device(seed=3)]


def chip(*switches, **codes):
    analog = np.zeros((512, len(Analog)), np.uint16)
    for name, code in codes.items():
        analog[:, Analog[name]] = code
    on = np.zeros((512, len(Switch)), bool)
    on[:, list(switches)] = True
    return ChipConfig.default(analog=analog, switches=on)


def spikes(device, config, events, codes, line=0, steps=200):
    """Steps at which a circuit spikes whose synapses, one each, get events at these steps."""
    circuits = device.circuits([config], np.zeros(1, np.int64), ONE, STEP, noise=True)
    size = device.weight_steps([config])[0, line] * np.array(codes, float)
    n = len(codes)
    table = SynapseTable.from_pairs(
        1, 1 + n, 1 + np.arange(n), np.zeros(n, int), np.full(n, line), size, np.ones(n, int)
    )
    order = np.argsort([step for step, _ in events], kind="stable")
    given = [events[k] for k in order]
    emulator = Emulator(circuits, table, STEP)
    inputs = InputEvents([step for step, _ in given], [source for _, source in given])
    return emulator.run(steps, inputs).spike_step.tolist()


@pytest.mark.parametrize("device", DEVICES)
def test_a_circuit_without_comparator_is_silent(device):
    codes = {"V_LEAK": 1000, "I_BIAS_LEAK": 500, "V_THRESHOLD": 100, "V_RESET": 300}
    silent, firing = chip(**codes), chip(Switch.THRESHOLD_ENABLE, **codes)
    assert spikes(device, silent, [], []) == []
    assert len(spikes(device, firing, [], [])) > 1


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("line", [0, 1])
@given(
    steps=st.lists(st.integers(0, 150), max_size=20, unique=True),
    codes=st.lists(st.integers(1, 63 * 256), min_size=1, max_size=4),
)
def test_every_event_of_any_weight_is_one_spike(device, line, steps, codes):
    config = chip(Switch.BYPASS_EXC, Switch.BYPASS_INH)
    events = [(step, k % len(codes)) for k, step in enumerate(steps)]
    assert spikes(device, config, events, codes, line) == [step + 2 for step in sorted(steps)]


def test_events_at_once_are_one_spike():
    config = chip(Switch.BYPASS_EXC, Switch.BYPASS_INH)
    assert len(spikes(DEVICES[0], config, [(10, 0), (10, 1)], [63, 20])) == 1


def test_a_line_that_is_not_forwarded_has_no_effect():
    assert (DEVICES[1].weight_steps([chip(Switch.BYPASS_EXC)]) == [1.0, 0.0]).all()
