"""A synfire chain: volleys that run through groups of calibrated neurons.
=======================================================================

Each group excites the next one, and its inhibitory neurons end its own volley. What one sees:
spikes of all groups; a volley goes through the chain, some µs for each.

    python synfire_chain.py               # writes results/chip_synfire_chain.png
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim.brainscales2 as pynn

GROUPS, EXCITATORY, INHIBITORY = 8, 8, 4


def project(pre, post, weight, receptor):
    """Connect all with all."""
    pynn.Projection(
        pre,
        post,
        pynn.AllToAllConnector(),
        synapse_type=pynn.synapses.StaticSynapse(weight=weight),
        receptor_type=receptor,
    )


pynn.setup(initial_config=pynn.helper.chip_from_nightly())
excitatory = [pynn.Population(EXCITATORY, pynn.cells.HXNeuron()) for _ in range(GROUPS)]
inhibitory = [pynn.Population(INHIBITORY, pynn.cells.HXNeuron()) for _ in range(GROUPS)]
stimulus = pynn.Population(4, pynn.cells.SpikeSourceArray(spike_times=[0.02]))
project(stimulus, excitatory[0], 63, "excitatory")
project(stimulus, inhibitory[0], 63, "excitatory")
for k in range(GROUPS):
    project(inhibitory[k], excitatory[k], -20, "inhibitory")
    if k + 1 < GROUPS:
        project(excitatory[k], excitatory[k + 1], 63, "excitatory")
        project(excitatory[k], inhibitory[k + 1], 63, "excitatory")
for group in excitatory:
    group.record("spikes")
pynn.run(0.3)

figure, axis = plt.subplots(figsize=(7, 3.5), layout="constrained")
for k, group in enumerate(excitatory):
    trains = group.get_data("spikes").segments[-1].spiketrains
    times = [train.rescale("us").magnitude for train in trains]
    first = [t[0] for t in times if len(t)]
    count = sum(len(t) for t in times) / EXCITATORY
    print(f"group {k}: {np.median(first) if first else np.nan:.1f} us, {count:.1f} spikes each")
    for cell, t in enumerate(times):
        axis.plot(t, np.full(len(t), k * EXCITATORY + cell), "|", ms=4, color=f"C{k % 2}")
axis.set(xlabel="time (µs)", ylabel="neuron")
Path("results").mkdir(exist_ok=True)
figure.savefig("results/chip_synfire_chain.png", dpi=150)
print("figure: results/chip_synfire_chain.png")
pynn.end()
