"""Row ts_00: a silent neuron, the fixed pattern of ten that fire, and calibrated inputs."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from _static.common.helpers import get_nightly_calibration

OVER_THRESHOLD = dict(
    leak_v_leak=1000, leak_i_bias=150, threshold_v_threshold=300, threshold_enable=True,
    reset_v_reset=400, reset_i_bias=1022, reset_enable_multiplication=True,
    membrane_capacitance_capacitance=63, refractory_period_refractory_time=255,
)  # fmt: skip

means = []
for code in (500, 700, 900):
    pynn.setup()
    neuron = pynn.Population(
        1,
        pynn.cells.HXNeuron(
            leak_v_leak=code, leak_i_bias=1022, membrane_capacitance_capacitance=63
        ),
    )
    neuron.record("v")
    pynn.run(0.05)
    v = neuron.get_data("v").segments[-1].irregularlysampledsignals[0].magnitude
    assert v.std() < 4
    means.append(v.mean())
    pynn.end()
assert np.allclose(np.diff(means), 0.79 * 200, rtol=0.15)

pynn.setup()
pop = pynn.Population(10, pynn.cells.HXNeuron(**OVER_THRESHOLD))
pop.record("spikes")
tops, bottoms = [], []
for k in range(10):
    view = pynn.PopulationView(pop, [k])
    pop.record(None)
    view.record(["v", "spikes"])
    pynn.run(0.1)
    segment = view.get_data().segments[-1]
    assert len(segment.spiketrains) == len(segment.irregularlysampledsignals) == 1
    assert len(segment.spiketrains[0]) > 3
    tops.append(segment.irregularlysampledsignals[0].magnitude.max())
    bottoms.append(segment.irregularlysampledsignals[0].magnitude.min())
    pynn.reset()
pynn.end()
assert abs(np.mean(tops) - 415) < 50
assert abs(np.mean(bottoms) - 230) < 50
# equal codes, different circuits
assert np.ptp(tops) > 15
assert np.ptp(bottoms) > 15

pynn.setup(initial_config=get_nightly_calibration())
neuron = pynn.Population(1, pynn.cells.HXNeuron())
source = pynn.Population(4, pynn.cells.SpikeSourceArray(spike_times=[0.02]))
for receptor, weight in (("excitatory", 63), ("inhibitory", 0)):
    pynn.Projection(
        source, neuron, pynn.AllToAllConnector(), receptor_type=receptor,
        synapse_type=pynn.synapses.StaticSynapse(weight=weight),
    )  # fmt: skip
neuron.record(["v", "spikes"])
exc, inh = pynn.simulator.state.projections
spikes = []
for inhibition in (0, -63):
    inh.set(weight=inhibition)
    pynn.run(0.1)
    spikes.append(len(neuron.get_data("spikes").segments[-1].spiketrains[0]))
    pynn.reset()
assert spikes[0] > 0 == spikes[1]
pynn.end()
