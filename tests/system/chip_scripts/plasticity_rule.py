"""Row plasticity_rule: a rule that switches all synapses off after 5 ms."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn


class Off(pynn.PlasticityRule):
    """Sets all weights to 0."""

    def kernel(self, synapses, neurons, recording):
        off = np.zeros(256, int)
        for handle in synapses:
            for row in range(len(handle.rows)):
                handle.set_weights(off, row)


pynn.setup(initial_config=pynn.helper.chip_from_nightly())
rule = Off(timer=pynn.Timer(start=5.0, period=10.0, num_periods=1))
pop = pynn.Population(1, pynn.cells.HXNeuron(threshold_enable=False))
source = pynn.Population(5, pynn.cells.SpikeSourceArray(spike_times=np.arange(4.9, 5.1, 0.02)))
pynn.Projection(
    source, pop, pynn.AllToAllConnector(),
    synapse_type=pynn.synapses.PlasticSynapse(weight=60, plasticity_rule=rule),
)  # fmt: skip
pynn.run(4.8, pynn.RunCommand.APPEND)
pop.record(["v", "spikes"])
pynn.run(0.4)
signal = pop.get_data("v").segments[-1].irregularlysampledsignals[0]
time, v = signal.times.magnitude, signal.magnitude[:, 0]
rest = v[time < 4.9].mean()
assert v[(time > 4.9) & (time < 5.0)].max() > rest + 100
assert v[time > 5.08].max() < rest + 10
pynn.end()
