"""Row static_recording_synapse: weights and correlations of synapses that do not change."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn

pynn.setup(enable_neuron_bypass=True)
pop = pynn.Population(2, pynn.cells.HXNeuron())
source = pynn.Population(3, pynn.cells.SpikeSourceArray(spike_times=np.arange(0.02, 0.4, 0.02)))
synapse = pynn.synapses.StaticRecordingSynapse(
    timer=pynn.Timer(start=0.0, period=0.1, num_periods=5),
    weight=63,
    observables={"weights", "correlation_causal"},
)
projection = pynn.Projection(source, pop, pynn.AllToAllConnector(), synapse_type=synapse)
weights = np.array([[63, 10], [0, 1], [32, 5]])
projection.set(weight=weights)
pynn.run(0.45)
(samples,) = projection.get_data("weights")
# cycles of 8 ns
assert [int(sample.time) for sample in samples] == [12_500 * k for k in range(5)]
for sample in samples:
    assert [entry[0] for entry in sample.data] == weights.ravel().tolist()
causal = np.array([s.data for s in projection.get_data("correlation_causal")[0]])[..., 0]
assert causal.shape == (5, 6)
assert -128 <= causal.min() <= causal.max() <= 127
pynn.end()
