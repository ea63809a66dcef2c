"""Row external_input: 20 spike sources made the old way, one of which is recorded, and a membrane.

All sources send the same times: their potentials add up.
"""

import warnings

import numpy as np
import pynn_brainscales.brainscales2 as pynn

pynn.setup()
neuron = pynn.Population(
    1,
    pynn.cells.HXNeuron(
        leak_v_leak=650, leak_i_bias=90, membrane_capacitance_capacitance=63,
        excitatory_input_enable=True, excitatory_input_i_bias_tau=120,
        excitatory_input_i_bias_gm=500, excitatory_input_enable_high_resistance=True,
    ),
)  # fmt: skip
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    sources = pynn.Population(
        20, pynn.cells.SpikeSourceArray, cellparams={"spike_times": [0.02, 0.08]}
    )
sources[0:1].record("spikes")
neuron.record("v")
projection = pynn.Projection(
    sources, neuron, pynn.AllToAllConnector(),
    synapse_type=pynn.standardmodels.synapses.StaticSynapse(weight=5),
)  # fmt: skip
heights = []
for weight in (5, 10):
    projection.set(weight=weight)
    pynn.run(0.15)
    signal = neuron.get_data("v").segments[-1].irregularlysampledsignals[0]
    time, v = signal.times.rescale("ms").magnitude, signal.magnitude[:, 0]
    rest = v[time < 0.02].mean()
    heights.append([v[(time > t) & (time < t + 0.03)].max() - rest for t in (0.02, 0.08)])
    pynn.reset()
trains = sources.get_data("spikes").segments[-1].spiketrains
assert len(trains) == 1
assert np.allclose(trains[0].magnitude, [0.02, 0.08], atol=8e-6)
pynn.end()
heights = np.array(heights)
assert (heights[0] > 15).all()
assert np.allclose(heights[1] / heights[0], 2, rtol=0.25)
