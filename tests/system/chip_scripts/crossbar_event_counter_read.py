"""Row crossbar_event_counter_read: counters of the crossbar, read before and after a run."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from dlens_vx_v3 import hal, halco

outputs = list(halco.iter_all(halco.CrossbarOutputOnDLS))
switches = hal.CrossbarOutputConfig()
readout = pynn.InjectedReadout()
for output in outputs:
    switches.enable_event_counter[output] = True
    readout.pre_realtime.add(output)
    readout.post_realtime.add(output)
injected = pynn.InjectedConfiguration(pre_realtime={halco.CrossbarOutputConfigOnDLS(): switches})

pynn.setup(enable_neuron_bypass=True, injected_config=injected, injected_readout=readout)
assert pynn.get_pre_realtime_read() == {}
size, n_spikes = 8, 40
pop = pynn.Population(size, pynn.cells.HXNeuron())
sources = pynn.Population(size, pynn.cells.SpikeSourceArray())
sources.set(spike_times=[list(np.arange(n_spikes) * 5e-3 + 5e-4 * k) for k in range(size)])
pynn.Projection(
    sources, pop, pynn.OneToOneConnector(), synapse_type=pynn.synapses.StaticSynapse(weight=63)
)
pop.record("spikes")
pynn.run(0.25)
before, after = pynn.get_pre_realtime_read(), pynn.get_post_realtime_read()
counted = [int(after[o].value) - int(before[o].value) for o in outputs]
# each event passes once to a synapse driver, and each spike once off the chip
assert sum(counted[:8]) == size * n_spikes
assert sum(counted[8:]) == size * n_spikes
assert sum(map(len, pop.get_data("spikes").segments[-1].spiketrains)) == size * n_spikes
pynn.end()
