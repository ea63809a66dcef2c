"""Few synapses find the inputs that matter.
=========================================

Each neuron has synapses for 8 of 48 inputs, of which only 12 ever fire. Which input a synapse hears
is a register of its own, its label: a synapse hears one of the inputs whose events come to its row.
A plasticity rule looks at the causal sensors once in 2 s of the model. A synapse without any
correlation is given the label of another input of its row, drawn at random; nothing is moved.

What one sees: a quarter of the synapses hear active inputs at first; after a minute of the model,
60 ms on the chip, nearly all do. Several synapses of a neuron may then hear the same input.

    python structural_plasticity.py         # writes results/structural_plasticity.png
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim as sim

INPUTS, ACTIVE, NEURONS, FAN_IN = 48, 12, 24, 8
PERIOD, SILENT = 2000.0, 2  # ms; LSB: less than this is no correlation

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--time", type=float, default=60.0, help="s of the model")
options = parser.parse_args()

rng = np.random.default_rng(1)
active = rng.permutation(INPUTS) < ACTIVE


def heard(handle):
    """Input that each synapse hears, (n, m), and those of each row and label, (n, 64)."""
    sources = handle.presynaptic - NEURONS
    return np.take_along_axis(sources, handle.labels.astype(int), axis=1), sources


def rewire(synapses, neurons, recording):
    found = possible = 0
    for handle in synapses:
        now, sources = heard(handle)
        found += active[now[handle.connected]].sum()
        able = (active[sources] & (sources >= 0)).any(axis=1)
        possible += (handle.connected & able[:, np.newaxis]).sum()
        silent = handle.connected & (180 - handle.causal.astype(int) < SILENT)
        labels = handle.labels
        for row, column in np.argwhere(silent):
            labels[row, column] = rng.choice(np.flatnonzero(sources[row] >= 0))
        handle.labels = labels
        handle.reset_correlations()
    recording.found = [found, possible]


sim.setup(timestep=0.1, chip=sim.ChipModel.quantized())
rule = sim.PlasticityRule(
    sim.Timer(start=PERIOD, period=PERIOD, num_periods=10_000),
    {"found": sim.ObservableArray("uint16", 2)},
    rewire,
)
rates = np.where(active, 30.0, 0.0)
inputs = sim.Population(INPUTS, sim.SpikeSourcePoisson(rate=rates), label="inputs")
cell = sim.IF_curr_exp(cm=0.2, tau_m=10.0, tau_syn_E=5.0, tau_refrac=5.0)
cells = sim.Population(NEURONS, cell, label="cells")
synapse = sim.PlasticSynapse(weight=0.3, plasticity_rule=rule)
connector = sim.FixedNumberPreConnector(FAN_IN, rng=sim.NumpyRNG(seed=2))
projection = sim.Projection(inputs, cells, connector, synapse)
cells.record("spikes")
sim.run(options.time * 1e3)
samples = rule.get_observable_array("found")[0]
counts = [len(train) for train in cells.get_data().segments[0].spiketrains]
times = np.array([sample.time for sample in samples]) / 1e3
found, possible = np.array([sample.data for sample in samples], float).T
sim.end()

n = NEURONS * FAN_IN
print(f"active inputs heard at first: {found[0]:.0f} of {n} synapses")
print(f"active inputs heard at last: {found[-1]:.0f} of {n} synapses, {possible[-1]:.0f} can")
print(f"mean rate: {np.mean(counts) / options.time:.1f} Hz")

figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
axis.plot(times, found / n, label="synapses that hear an active input")
axis.plot(times, possible / n, "k:", label="synapses in whose row there is one")
axis.axhline(ACTIVE / INPUTS, color="C3", lw=1, label="chance")
axis.set(xlabel="time (s of the model)", ylabel="part of all synapses", ylim=(0, 1.05))
axis.legend()
Path("results").mkdir(exist_ok=True)
figure.savefig("results/structural_plasticity.png", dpi=150)
print("figure: results/structural_plasticity.png")
