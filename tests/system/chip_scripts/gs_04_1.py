"""Row gs_04-1: a chain of single neurons in one population, closed to a ring by views."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn

SIZE = 12

pynn.setup(initial_config=pynn.helper.chip_from_nightly())
pop = pynn.Population(SIZE, pynn.cells.HXNeuron())
stimulus = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=[0.01]))
synapse = pynn.synapses.StaticSynapse(weight=400)
pynn.Projection(stimulus, pop[0:1], pynn.AllToAllConnector(), synapse_type=synapse)
chain = pynn.Projection(
    pop[: SIZE - 1], pop[1:SIZE], pynn.OneToOneConnector(), synapse_type=synapse
)
pop.record("spikes")
pynn.run(0.2)
trains = pop.get_data("spikes").segments[-1].spiketrains
ids = [train.annotations["source_id"] for train in trains]
assert ids == list(range(SIZE))
first = np.array([train[0].rescale("us").magnitude for train in trains])
# one after the other, some us each
assert (np.diff(first) > 0.3).all()
assert (np.diff(first) < 10).all()
pynn.reset()

ring = pynn.Projection(
    pop[SIZE - 1 : SIZE], pop[0:1], pynn.AllToAllConnector(), synapse_type=synapse
)
assert len(chain) == SIZE - 1
pynn.run(0.4)
trains = pop.get_data("spikes").segments[-1].spiketrains
# it goes round and round; of one calibration, neurons fire about equally often
counts = np.array([len(train) for train in trains])
assert counts.min() > 4
assert trains[0][-1].rescale("ms").magnitude > 0.35
pynn.end()
