"""Row partitioned_network: two layers of 1000 neurons, executed in parts on the same chip."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn

pynn.setup(enable_neuron_bypass=True)
times = np.linspace(0.01, 0.95, 50)
source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=times))
hidden = pynn.Population(1000, pynn.cells.HXNeuron(), label="hidden")
output = pynn.Population(1000, pynn.cells.HXNeuron(), label="output")
synapse = pynn.synapses.StaticSynapse(weight=63)
pynn.Projection(source, hidden, pynn.AllToAllConnector(), synapse_type=synapse)
pynn.Projection(hidden, output, pynn.OneToOneConnector(), synapse_type=synapse)
for layer in (hidden, output):
    layer.record("spikes")
pynn.run(1.0)
for layer in (hidden, output):
    trains = layer.get_data("spikes").segments[-1].spiketrains
    assert len(trains) == 1000
    assert {len(train) for train in trains} == {50}
    late = np.concatenate([train.magnitude - times for train in trains])
    assert late.min() > 0
    assert late.max() < 5e-3
assert "MappedTopologyStatistics" in str(pynn.get_backend_statistics())
pynn.end()
