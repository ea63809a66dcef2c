"""What wrong registers do to a network: a mapped network is saved, damaged and run again.
=======================================================================================

Fifty neurons are driven by twenty regular sources, each neuron by two of them. The first
population is pinned to the top hemisphere, the second to the bottom one, and what the chip is
configured with is saved to a file. From there on the script that made the network is not needed:
the file is loaded, a growing share of the labels that synapses listen to is made wrong, and the
configured chip is run with the same input.

What one sees: a synapse with a wrong label is deaf to its source, or hears another one. Neurons
lose spikes, or fire at other times, the more labels are wrong; with none wrong, the spikes are
those of the script.

    python wrong_registers.py               # writes results/wrong_registers.png
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim as sim

SHARES = (0.0, 0.1, 0.3, 1.0)
TIME = 200.0  # ms

sim.setup(timestep=0.1, chip="quantized")
times = [[t + k for t in range(5, int(TIME), 20)] for k in range(20)]
source = sim.Population(20, sim.SpikeSourceArray(spike_times=times), label="source")
first = sim.Population(25, sim.IF_curr_exp(tau_m=10.0), label="first")
second = sim.Population(25, sim.IF_curr_exp(tau_m=10.0), label="second")
sim.place(first, chip=0, hemisphere="top")
sim.place(second, chip=0, hemisphere="bottom")
rng = sim.NumpyRNG(seed=3)
for target in (first, second):
    sim.Projection(source, target, sim.FixedNumberPreConnector(2, rng=rng),
                   sim.StaticSynapse(weight=4.0))  # fmt: skip
first.record("spikes")

Path("results").mkdir(exist_ok=True)
sim.save_configuration("results/wrong_registers.npz")
print("hemisphere of second:", *np.unique(sim.placement(second)["hemisphere"]))
sim.run(TIME)
print("spikes of the script:", sum(map(len, first.get_data().segments[0].spiketrains)))
sim.end()

saved = sim.load_configuration("results/wrong_registers.npz")
used = saved.chips[0].synapse_weight > 0
chance = np.random.default_rng(seed=1)
damage, other = chance.random(used.shape), chance.integers(0, 64, used.shape)
figure, axes = plt.subplots(1, len(SHARES), figsize=(10, 3), sharey=True, layout="constrained")
for share, axis in zip(SHARES, axes, strict=True):
    labels = np.where(used & (damage < share), other, saved.chips[0].synapse_label)
    block = saved.altered(0, synapse_label=labels).run(TIME, {"source": times})["first"]
    trains = [train.magnitude for train in block.segments[0].spiketrains]
    print(f"spikes with {share:.0%} of the labels wrong:", sum(map(len, trains)))
    axis.eventplot(trains, colors="k", linewidths=0.8)
    axis.set(title=f"{share:.0%} wrong", xlabel="time (ms)")
axes[0].set_ylabel("neuron")
figure.savefig("results/wrong_registers.png", dpi=120)
print("figure: results/wrong_registers.png")
