"""Row ts_10: 64 configurations in one experiment: weights of a column for each snippet.

The spikes of the source are those of the first snippet, and are not set anew: all repeat them.
"""

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from dlens_vx_v3 import hal

SIZE, SNIPPET, N_SPIKES = 64, 0.1, 11
line, column = np.mgrid[:SIZE, :SIZE]
IMAGE = (np.hypot(line - 32, column - 32) < 25) * float(hal.SynapseWeightQuad.Value.max)

pynn.setup(enable_neuron_bypass=True)
neurons = pynn.Population(SIZE, pynn.cells.HXNeuron())
times = np.linspace(0, SNIPPET, N_SPIKES)
source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=times))
projection = pynn.Projection(
    source, neurons, pynn.AllToAllConnector(), synapse_type=pynn.synapses.StaticSynapse(weight=0)
)
neurons.record("spikes")
for k in range(SIZE):
    projection.set(weight=IMAGE[:, k])
    pynn.run(SNIPPET, pynn.RunCommand.APPEND)
assert abs(pynn.get_current_time() - SIZE * SNIPPET) < 1e-3
pynn.run(None, pynn.RunCommand.EXECUTE)
trains = neurons.get_data("spikes").segments[-1].spiketrains
pynn.end()
# a train for each neuron and snippet, snippets first
assert len(trains) == SIZE**2
counts = np.array([len(train) for train in trains]).reshape(SIZE, SIZE).T
# the last one lies at the end of its snippet and belongs to none; one is on its way at a border
assert np.abs(counts - (N_SPIKES - 1) * (IMAGE > 0)).max() <= 1
assert counts[IMAGE == 0].sum() == 0
assert trains[SIZE].t_start.rescale("ms").magnitude == SNIPPET
