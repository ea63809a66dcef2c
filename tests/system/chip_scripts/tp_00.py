"""Row tp_00: with the calibration for matrices, a neuron adds up its inputs."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from _static.common.helpers import get_nightly_calibration

steps = {}
# the strength of the inputs differs, too
for name, weight in (("hagen_cocolist.pbin", 200), ("spiking_cocolist.pbin", 30)):
    pynn.setup(initial_config=get_nightly_calibration(name))
    neuron = pynn.Population(1, pynn.cells.HXNeuron(threshold_enable=False))
    source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=[0.01, 0.02, 0.03]))
    projection = pynn.Projection(
        source, neuron, pynn.AllToAllConnector(),
        synapse_type=pynn.synapses.StaticSynapse(weight=weight),
    )  # fmt: skip
    neuron.record("v")
    pynn.run(0.06)
    signal = neuron.get_data("v").segments[-1].irregularlysampledsignals[0]
    time, v = signal.times.rescale("us").magnitude, signal.magnitude[:, 0]
    pynn.end()
    rest = v[time < 10].mean()
    levels = [v[(time > t + 4) & (time < t + 10)].mean() - rest for t in (10, 20, 30)]
    steps[name] = np.array([*levels, v[(time > 55)].mean() - rest])
adding, forgetting = steps.values()
assert adding[0] > 5
# each input adds about as much as the one before
assert np.allclose(np.diff(adding[:3]) / adding[0], 1, atol=0.45)
# 25 us later most of it is still there, where a spiking neuron has forgotten
assert adding[3] > 0.5 * adding[2]
assert forgetting[3] < 0.45 * forgetting[2]
