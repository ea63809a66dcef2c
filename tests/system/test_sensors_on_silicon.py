"""The window of correlation sensors on particular chips, measured as an experimenter would.

The bands are those of the fact sheet of calibrated sensors: the middle of amplitudes and time
constants within a factor of two of their targets, four fifths of all sensors respond.
"""

import numpy as np
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim._core import hicannx as chip

PAIRS, APART = 40, 60.0  # per delay; ms between pairs
BEFORE = np.array([2.0, 3.0, 5.0, 8.0, 12.0, 30.0])  # ms from event to spike, about
N_INPUTS, N_CELLS = 24, 24


def readings(model):
    """Causal sensors after 40 pairs at each distance, and the distances of each cell.

    Returns
    -------
    fallen : int (len(BEFORE), N_INPUTS, N_CELLS)
        How far readings have fallen from those of empty sensors.
    distance : float64 (len(BEFORE), N_CELLS), ms
    again : int (N_INPUTS, N_CELLS)
        Change between two readings of the same empty sensors.
    """
    found = []

    def read(synapses, neurons, recording):
        values = np.zeros((N_INPUTS, N_CELLS), int)
        twice = np.zeros_like(values)
        for handle in synapses:
            pre, post = np.divmod(handle.connection, N_CELLS)
            values[pre, post], twice[pre, post] = handle.causal, handle.causal
            handle.reset_correlations()
        found.append((values, twice))

    period = PAIRS * APART
    force = np.arange(PAIRS * len(BEFORE)) * APART + 40.0
    events = force - np.repeat(BEFORE, PAIRS)
    sim.setup(timestep=0.1, chip=model)
    cells = sim.Population(
        N_CELLS, sim.IF_curr_exp(tau_m=10.0, tau_syn_E=2.0, tau_refrac=5.0, cm=0.2)
    )
    cells.record("spikes")
    inputs = sim.Population(N_INPUTS, sim.SpikeSourceArray(spike_times=events))
    teacher = sim.Population(1, sim.SpikeSourceArray(spike_times=force))
    rule = sim.PlasticityRule(sim.Timer(start=0.0, period=period, num_periods=7), kernel=read)
    synapse = sim.PlasticSynapse(weight=0.0, w_max=1.0, plasticity_rule=rule)
    sim.Projection(inputs, cells, sim.AllToAllConnector(), synapse)
    sim.Projection(teacher, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=8.0))
    sim.run(period * len(BEFORE) + 0.1)
    spikes = [train.magnitude for train in cells.get_data().segments[0].spiketrains]
    sim.end()
    assert {len(train) for train in spikes} == {len(force)}, "one spike for each volley"
    distance = np.array([(train - events).reshape(-1, PAIRS).mean(1) for train in spikes]).T
    (empty, twice), *rest = found
    return np.array([empty - values for values, _ in rest]), distance, twice - empty


@pytest.fixture(scope="module", params=[0, 1])
def window(request):
    """Readings of one chip."""
    return readings(sim.ChipModel.silicon(seed=request.param))


def test_amplitudes_and_time_constants_lie_within_the_spread(window):
    fallen, distance, _ = window
    distance = np.broadcast_to(distance[:, np.newaxis], fallen.shape)
    responds = fallen[0] > 5 * chip.CADC_NOISE
    assert responds.mean() > 0.8
    seen = np.where(fallen > 2, fallen, np.nan)[:4, responds]
    x = distance[:4, responds]
    slope, offset = np.array([
        np.polyfit(x[ok, k], np.log(seen[ok, k]), 1)
        for k in range(x.shape[1])
        if (ok := np.isfinite(seen[:, k])).sum() >= 3
    ]).T  # fmt: skip
    amplitude, tau = np.exp(offset) / PAIRS, -1 / slope
    for values, target in ((amplitude, chip.SENSOR_AMPLITUDE), (tau, chip.SENSOR_TAU)):
        low, high = np.percentile(values, [30, 70])
        assert target / 2 < low < high < target * 2
        assert high / low > 1.1, "no two sensors are alike"


def test_distant_pairs_do_not_count(window):
    fallen, *_ = window
    assert abs(np.median(fallen[-1])) <= 1


def test_readings_are_noisy_on_silicon_only(window):
    *_, again = window
    assert 0.7 * chip.CADC_NOISE < again.std() / np.sqrt(2) < 1.5 * chip.CADC_NOISE
    *_, again = readings(sim.ChipModel.quantized())
    assert not again.any()
