"""Row ts_02: an image drawn by rates: at each tick, a rule writes its next column."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from dlens_vx_v3 import hal

SIZE, TICKS, TICK = 64, 64, 0.2  # lines, columns, ms
line, column = np.mgrid[:SIZE, :TICKS]
IMAGE = ((line // 8 + column // 8) % 2) * int(hal.SynapseWeightQuad.Value.max)


class Draw(pynn.PlasticityRule):
    """Writes one column after the other; which one is next is kept from tick to tick."""

    current = 0

    def kernel(self, synapses, neurons, recording):
        for handle in synapses:
            for i in range(len(handle.rows)):
                row = np.array(handle.get_weights(i).values)
                mine = handle.connected[i]
                row[handle.columns[mine]] = IMAGE[handle.connection[i][mine], self.current]
                handle.set_weights(row, i)
        self.current += 1


np.random.seed(1)  # noqa: NPY002
pynn.setup(enable_neuron_bypass=True)
rule = Draw(timer=pynn.Timer(start=0, period=TICK, num_periods=TICKS))
neurons = pynn.Population(SIZE, pynn.cells.HXNeuron())
sources = pynn.Population(
    SIZE, pynn.cells.SpikeSourcePoisson(start=0, rate=5e4, duration=TICKS * TICK)
)
pynn.Projection(
    sources, neurons, pynn.OneToOneConnector(),
    synapse_type=pynn.synapses.PlasticSynapse(weight=0, plasticity_rule=rule),
)  # fmt: skip
neurons.record("spikes")
pynn.run(TICKS * TICK)
trains = neurons.get_data("spikes").segments[-1].spiketrains
pynn.end()
edges = np.arange(TICKS + 1) * TICK
counts = np.array([np.histogram(t.magnitude, edges)[0] for t in trains])
expected = 5e4 * TICK / 1e3
# Poisson counts of some thousand pixels, five standard deviations of their mean
white = counts[IMAGE > 0]
assert abs(white.mean() - expected) < 5 * np.sqrt(expected / white.size) + 0.02 * expected
# an event on its way at a tick may come out after it
assert counts[IMAGE == 0].mean() < 0.1
