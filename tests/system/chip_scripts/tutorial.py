"""Row tutorial: the smallest network there is."""

import pynn_brainscales.brainscales2 as pynn

pynn.setup()
neurons = pynn.Population(2, pynn.cells.HXNeuron())
source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=[0.01]))
projection = pynn.Projection(source, neurons, pynn.AllToAllConnector())
neurons.record("spikes")
pynn.run(0.2)
assert len(projection) == 2
assert pynn.get_current_time() == 0.2
assert [len(train) for train in neurons.get_data().segments[0].spiketrains] == [0, 0]
pynn.end()
assert pynn.simulator.state is None
