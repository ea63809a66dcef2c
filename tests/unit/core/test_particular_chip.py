"""A chip with deviations, limits and noise in the emulator shows the figures it was made of."""

import numpy as np
import pytest
from alike import ALONE, all_alike

from pynn_bss2sim._core import curves, hicannx
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.records import InputEvents, Probe, SynapseTable, Variable

STEP = 0.1
INPUTS = [
    Switch.EXC_ENABLE, Switch.INH_ENABLE, Switch.EXC_HIGH_RESISTANCE, Switch.INH_HIGH_RESISTANCE,
    Switch.RESET_MULTIPLICATION,
]  # fmt: skip
EVERY = np.arange(512)
SILENT = {Analog.V_THRESHOLD: 1000}


def emulated(device, duration, codes=SILENT, spikes=(), line=0, weight=0, **choices):
    """Membranes of all circuits, mV, (steps, 512), and the activity; one input drives all."""
    config = all_alike(codes, INPUTS)
    circuits = device.circuits([config], *ALONE, STEP, **choices)
    amplitude = weight * device.weight_steps([config])[:, line]
    table = SynapseTable.from_pairs(
        512, 513, np.full(512, 512), EVERY, np.full(512, line), amplitude, np.ones(512)
    )
    probe = Probe(Variable.V, EVERY, 1)
    emulator = Emulator(circuits, table, STEP, [probe], noise_seed=3)
    steps = np.rint(np.asarray(spikes, float) / STEP).astype(int)
    activity = emulator.run(round(duration / STEP), InputEvents(steps, np.zeros(len(steps))))
    return activity.samples[0], activity


def test_membranes_rest_where_the_code_says_but_for_their_deviations():
    rest = np.concatenate([emulated(Device(seed=s), 5.0)[0][-1] for s in range(3)])
    cadc = rest * hicannx.CADC_PER_MV + hicannx.CADC_OFFSET
    nominal = hicannx.LEAK_SLOPE * 600 + hicannx.LEAK_OFFSET
    assert cadc.mean() == pytest.approx(nominal, abs=5 * hicannx.SPREAD_LEAK / np.sqrt(len(cadc)))
    assert cadc.std() == pytest.approx(hicannx.SPREAD_LEAK, rel=0.15)


def test_noise_of_a_resting_membrane_is_half_an_lsb():
    trace, _ = emulated(Device(), 2000.0, limits=True, noise=True)
    own = trace[1000:].std(axis=0) * hicannx.CADC_PER_MV
    assert own.mean() == pytest.approx(0.5, rel=0.1)
    quiet, _ = emulated(Device(), 100.0, limits=True)
    assert (np.ptp(quiet, axis=0) < 1e-9).all()


@pytest.mark.parametrize(("line", "sign"), [(0, 1), (1, -1)])
def test_psps_have_the_published_size(line, sign):
    """17 to 21 LSB of the column converter for one event of weight 63, or a little less."""
    trace, _ = emulated(Device(), 60.0, spikes=[5.0], line=line, weight=sign * 63, limits=True)
    peak = np.abs(trace - trace[0]).max(axis=0) * hicannx.CADC_PER_MV
    assert 16.5 < peak.min() <= peak.max() < 21


def test_psps_of_an_uncalibrated_chip_differ_by_gain_and_time_constants():
    trace, _ = emulated(Device(seed=4), 80.0, spikes=[5.0], weight=31)
    peak = (trace - trace[0]).max(axis=0)
    assert 0.3 < np.log(peak).std() < 0.6


def test_a_short_reset_leaves_the_membrane_above_the_reset_potential():
    """At the slowest useful bias; with the fastest one, V gets there within 2 µs."""
    codes = {Analog.V_LEAK: 800, Analog.V_THRESHOLD: 330, Analog.V_RESET: 453}
    reset = curves.RESET.value(453)
    lowest = []
    for bias in (1022, 100):
        trace, activity = emulated(
            Device(), 100.0, {**codes, Analog.I_BIAS_RESET: bias}, limits=True
        )
        assert len(activity.spike_step) > 512
        lowest.append(trace[len(trace) // 2 :].min() - reset)
    assert 0 < lowest[0] < lowest[1]


def test_a_circuit_whose_reset_lies_above_threshold_fires_without_end():
    codes = {Analog.V_RESET: 600, Analog.V_THRESHOLD: 200, Analog.V_LEAK: 700}
    _, activity = emulated(Device(seed=1), 20.0, codes)
    counts = np.bincount(activity.spike_neuron, minlength=512)
    assert counts.min() > 50


def test_membranes_stay_between_floor_and_ceiling():
    codes = {**SILENT, Analog.V_LEAK: 1022}
    trace, _ = emulated(Device(seed=1), 60.0, codes, spikes=np.arange(1, 50), weight=500)
    device = Device(seed=1)
    circuits = device.circuits([all_alike(codes, INPUTS)], *ALONE, STEP)
    rounded = np.spacing(np.float32(circuits.v_ceiling))  # as membranes in float are
    assert (trace <= circuits.v_ceiling + rounded).all()
    assert (trace.max(axis=0) >= circuits.v_ceiling - rounded).mean() > 0.9
