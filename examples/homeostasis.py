"""Neurons that regulate their own rates.
======================================

The circuits of a chip that nobody has calibrated differ: the same input lets one neuron fire at
60 Hz and another not at all. A plasticity rule puts that right. Twice a second of the model it
reads the spike counters; where a neuron has fired too little, a random quarter of its synapses
becomes stronger by a few codes, and where too much, weaker. Only registers are read and written.

What one sees: within half a minute of the model (30 ms on the chip) all neurons fire near the rate
they are to have. What differs between them now are the weights.

    python homeostasis.py                   # writes results/homeostasis.png
    python homeostasis.py --seed 1          # another chip
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim as sim
from pynn_bss2sim.ppu import ParallelRng

INPUTS, NEURONS = 64, 48
RATE_IN, TARGET = 20.0, 20.0  # Hz
PERIOD = 500.0  # ms
CHANGED, MOST = 64, 4  # of 256: part of the synapses that change at a time; codes

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--seed", type=int, default=0, help="which chip")
parser.add_argument("--time", type=float, default=40.0, help="s of the model")
options = parser.parse_args()

rng = ParallelRng(np.arange(1, 257) % 256)


def homeostasis(synapses, neurons, recording):
    counts = np.concatenate([handle.counters() for handle in neurons]).astype(int)
    cells = np.concatenate([handle.cells for handle in neurons])
    wanted = np.zeros(NEURONS, int)
    wanted[cells] = np.clip((TARGET * PERIOD / 1e3 - counts) / 2, -MOST, MOST).astype(int)
    for handle in synapses:
        # each column belongs to one neuron
        neuron = handle.connection.max(axis=0) % NEURONS
        drawn = np.stack([rng.rand().values[handle.columns] for _ in handle.rows])
        change = np.where(drawn < CHANGED, wanted[neuron], 0)
        handle.weights = np.clip(handle.weights + change, 0, 63)
    for k, handle in enumerate(neurons):
        recording.counts[k] = counts[np.isin(cells, handle.cells)]
    for k, handle in enumerate(synapses):
        recording.weights[k] = handle.weights


sim.setup(timestep=0.1, chip=sim.ChipModel.uncalibrated(seed=options.seed))
n = round(options.time * 1e3 / PERIOD)
rule = sim.PlasticityRule(
    sim.Timer(start=PERIOD, period=PERIOD, num_periods=n),
    {"counts": sim.ObservablePerNeuron("uint8"), "weights": sim.ObservablePerSynapse("uint8")},
    homeostasis,
)
inputs = sim.Population(INPUTS, sim.SpikeSourcePoisson(rate=RATE_IN), label="inputs")
cell = sim.IF_curr_exp(cm=0.2, tau_m=10.0, tau_syn_E=5.0, tau_refrac=3.0)
cells = sim.Population(NEURONS, cell, label="cells")
rule.add_neurons(cells)
synapse = sim.PlasticSynapse(weight=0.03, w_max=0.2, plasticity_rule=rule)
projection = sim.Projection(inputs, cells, sim.AllToAllConnector(), synapse)
sim.run(options.time * 1e3 + 0.1)

times = np.array([sample.time for sample in cells.get_plasticity_data("counts")[0]])
rates = np.array([sample.data for sample in cells.get_plasticity_data("counts")[0]]) * 1e3 / PERIOD
weights = np.array([sample.data for sample in projection.get_data("weights")[0]])
weights = weights.reshape(len(times), INPUTS, NEURONS).mean(axis=1)
sim.end()

# half a second is too short to tell the rate of a neuron
few = max(1, len(times) // 8)
for name, part in (("at first", rates[:2]), ("at last", rates[-few:])):
    mean = part.mean(axis=0)
    print(f"{name}: mean rate {mean.mean():.1f} Hz, spread between neurons {mean.std():.1f} Hz")
print(f"weights at last: {weights[-1].min():.1f} to {weights[-1].max():.1f} codes")
print(f"a run of the rule takes {rule.duration:.0f} of {PERIOD:g} ms of the model")

figure, (above, below) = plt.subplots(2, 1, figsize=(8, 6), sharex=True, layout="constrained")
above.plot(times / 1e3, rates, lw=0.4, color="C0", alpha=0.6)
above.plot(times / 1e3, rates.mean(axis=1), "k", lw=1.5, label="mean")
above.axhline(TARGET, color="C3", lw=1, label="target")
above.set_ylabel("rate (Hz)")
above.legend()
below.plot(times / 1e3, weights, lw=0.6, color="C0")
below.set_ylabel("mean weight (codes)")
below.set_xlabel("time (s of the model)")
Path("results").mkdir(exist_ok=True)
figure.savefig("results/homeostasis.png", dpi=150)
print("figure: results/homeostasis.png")
