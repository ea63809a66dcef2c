"""A synfire chain with feed-forward inhibition: synchrony survives, scattered activity dies.
==========================================================================================

After Kremkow, Perrinet, Masson & Aertsen (2010), J. Comput. Neurosci. 28:579-594: groups of 100
excitatory and 25 inhibitory neurons. Each neuron gets input from 60 excitatory neurons of the
group before; the inhibitory neurons of a group stop its excitatory neurons a little later. So a
group fires only if its input comes within a short window.

What one sees: two packets of 100 spikes enter the chain. The first is narrow (standard deviation
2 ms) and travels through all groups as a sharp volley. The second has as many spikes, but
scattered (10 ms), and dies out at once: no group ever gets enough of it within one window.

    python synfire_chain.py          # the simulated BrainScaleS-2 chips
    python synfire_chain.py nest     # another PyNN backend
"""

import argparse
import importlib

import numpy as np
from pyNN.random import NumpyRNG
from pyNN.utility.plotting import Figure, Panel

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("simulator", nargs="?", help="another PyNN backend, such as nest")
parser.add_argument("--chip", help="chip model, for example ideal or quantized")
parser.add_argument("--groups", type=int, default=6, help="length of the chain")
options = parser.parse_args()

if options.simulator:
    sim = importlib.import_module(f"pyNN.{options.simulator}")
else:
    import pynn_bss2sim as sim

cell_parameters = {
    "cm": 0.29,  # nF
    "tau_m": 10.0,  # ms
    "v_rest": -70.0,  # mV
    "v_thresh": -57.0,
    "v_reset": -70.0,
    "tau_refrac": 2.0,
    "tau_syn_E": 1.5,
    "tau_syn_I": 10.0,
    "e_rev_E": 0.0,
    "e_rev_I": -75.0,
}
packet_width = {"narrow": 2.0, "scattered": 10.0}  # ms, standard deviation of the spike times
packet_time = {"narrow": 50.0, "scattered": 350.0}  # ms, centre of the packet
n_excitatory, n_inhibitory, n_inputs = 100, 25, 60
group_delay, inhibition_delay = 20.0, 4.0  # ms

chip = {"chip": options.chip} if options.chip else {}
sim.setup(timestep=0.1, min_delay=0.1, max_delay=group_delay, **chip)
rng = NumpyRNG(seed=4242)

numbers = np.random.default_rng(7)
packets = [numbers.normal(packet_time[p], packet_width[p], n_excitatory) for p in packet_time]
times = [np.maximum(np.sort(pair), 1.0) for pair in np.transpose(packets)]
source = sim.Population(n_excitatory, sim.SpikeSourceArray(spike_times=times), label="input")

feed_forward = sim.StaticSynapse(weight=0.0018, delay=group_delay)  # uS
inhibition = sim.StaticSynapse(weight=0.004, delay=inhibition_delay)
groups = []
for index in range(options.groups):
    cell_type = sim.IF_cond_exp(**cell_parameters)
    excitatory = sim.Population(n_excitatory, cell_type, label=f"group {index + 1}")
    inhibitory = sim.Population(n_inhibitory, cell_type, label=f"inhibition {index + 1}")
    for target in (excitatory, inhibitory):
        target.initialize(v=-70.0)
        connector = sim.FixedNumberPreConnector(n_inputs, rng=rng)
        sim.Projection(source, target, connector, feed_forward, receptor_type="excitatory")
    connector = sim.AllToAllConnector()
    sim.Projection(inhibitory, excitatory, connector, inhibition, receptor_type="inhibitory")
    excitatory.record("spikes")
    groups.append(excitatory)
    source = excitatory

sim.run(600.0 + group_delay * options.groups)

trains = [group.get_data().segments[0].spiketrains for group in groups]
for packet, centre in packet_time.items():
    for index, group_trains in enumerate(trains):
        arrival = centre + group_delay * (index + 1)
        spikes = np.concatenate([train.magnitude for train in group_trains])
        spikes = spikes[np.abs(spikes - arrival) < 100.0]
        width = f", width {spikes.std():.2f} ms" if len(spikes) else ""
        print(f"{packet} packet, group {index + 1}: {len(spikes)} spikes{width}")
    outcome = "survives" if len(spikes) > n_excitatory / 2 else "dies out"
    print(f"{packet} packet: {outcome}")

name = "_".join(filter(None, [options.simulator or "bss2sim", options.chip]))
figure = f"results/synfire_chain_{name}.png"
Figure(
    *(Panel(t, markersize=1.0, xticks=i == len(trains) - 1) for i, t in enumerate(trains)),
    title=f"Synfire chain, {name}",
).save(figure)
print(f"figure: {figure}")
sim.end()
