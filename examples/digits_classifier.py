"""Handwritten digits, sorted by a plasticity rule that never sees which digit it is.
==================================================================================

64 pixels and their negatives send Poisson spikes to neurons that inhibit each other. Every fourth
image a rule on the chip's plasticity processors reads the correlation sensors and spike counters:
weights of a neuron move towards what was on when it fired, and their sum towards a size at which it
fires as often as the others. After the training each neuron is named after the digit that it
answered most to; the images after that are classified by the names of those that fire.

What one sees: receptive fields that look like digits, and the share of new images that they
classify rightly, 75.5 %. Guessing makes 10 %, neurons that keep random weights (`--frozen`) 41.5 %.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import pynn_bss2sim as sim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--chip", default="quantized", help="chip model, for example silicon")
parser.add_argument("--neurons", type=int, default=40)
parser.add_argument("--train", type=int, default=1200, help="images to learn from")
parser.add_argument("--frozen", action="store_true", help="keep the random weights")
parser.add_argument("--test", type=int, default=200, help="images to classify")
options = parser.parse_args()

period, shown, rate = 200.0, 150.0, 80.0  # ms, ms, Hz of a pixel that is fully on
images_per_update = 4
n_images = options.train + options.test
rng = np.random.default_rng(1)

images, digits = load_digits(return_X_y=True)
order = rng.permutation(len(images))[:n_images]
images, digits = images[order] / 16.0, digits[order]
images = np.hstack([images, 1.0 - images])  # every image has the same sum

counts = rng.poisson(images * rate * shown / 1000.0)
trains = []
for pixel in counts.T:
    begin = np.repeat(period * np.arange(n_images), pixel)
    trains.append(np.unique(np.round(begin + rng.uniform(1.0, shown, len(begin)), 1)))


class Competition(sim.PlasticityRule):
    """Weights follow correlation; their sum follows how seldom a neuron fires."""

    def __init__(self, timer, spikes_wanted):
        super().__init__(timer)
        self.spikes_wanted, self.total = spikes_wanted, None
        self.random = np.random.default_rng(2)

    def kernel(self, synapses, neurons, recording):
        spikes = {(n.chip, n.hemisphere): n.get_rate_counters() for n in neurons}
        if self.total is None:  # sensors are empty
            self.baseline = [s.causal.astype(int) for s in synapses]
            self.total = [s.weights.sum(0, dtype=int) for s in synapses]
        for s, baseline, total in zip(synapses, self.baseline, self.total, strict=True):
            fired = spikes[s.chip, s.hemisphere].values[s.columns].astype(int)
            total += self.spikes_wanted - fired
            seen = np.maximum(baseline - s.causal, 0)
            some = np.maximum(seen.sum(0), 1)
            weight = s.weights.astype(int)
            speed = np.where(some > 8, np.minimum(some // 2, 77), 0)  # of 256
            fine = 256 * weight + speed * (np.minimum(seen * total // some, 63) - weight)
            size = np.maximum(fine.sum(0) // 256, 1)
            fine += fine * (total - size) // (5 * size)
            rounded = fine + self.random.integers(0, 256, fine.shape) >> 8
            s.weights = np.clip(rounded, 0, 63)
            s.reset_correlations()


sim.setup(timestep=0.1, chip=options.chip)
pixels = sim.Population(128, sim.SpikeSourceArray(spike_times=trains), label="pixels")
cell_type = sim.IF_curr_exp(tau_m=20.0, tau_syn_E=5.0, tau_syn_I=5.0, tau_refrac=3.0)
cells = sim.Population(options.neurons, cell_type, label="cells")
cells.record("spikes")

updates = 0 if options.frozen else options.train // images_per_update + 1
every = period * images_per_update
timer = sim.Timer(start=0.0, period=every, num_periods=updates)
rule = Competition(timer, spikes_wanted=4)
rule.add_neurons(cells)
weights = rng.uniform(0.05, 0.25, (len(trains), options.neurons))  # nA
synapse = sim.PlasticSynapse(weight=weights, delay=0.2, plasticity_rule=rule, w_max=0.5)
learning = sim.Projection(pixels, cells, sim.AllToAllConnector(), synapse, label="learning")
others = sim.AllToAllConnector(allow_self_connections=False)
sim.Projection(cells, cells, others, sim.StaticSynapse(weight=-3.0), receptor_type="inhibitory")

sim.run(period * n_images)

edges = period * np.arange(n_images + 1)
spiketrains = cells.get_data().segments[0].spiketrains
answers = np.array([np.histogram(train.magnitude, edges)[0] for train in spiketrains])
known = slice(options.train // 2, options.train)
by_digit = np.eye(10)[digits[known]] / np.bincount(digits[known], minlength=10)
preference = answers[:, known] @ by_digit
preference /= preference.sum(1, keepdims=True) + 1e-9
new = slice(options.train, None)
guesses = (preference.T @ answers[:, new]).argmax(0)
accuracy = np.mean(guesses == digits[new])
print(f"accuracy: {accuracy:.3f} of {options.test} images")

held = learning.get("weight", "array")
_, axes = plt.subplots(-(-options.neurons // 10), 10, figsize=(8, 4.2), squeeze=False)
for index, axis in enumerate(axes.flat):
    axis.set_axis_off()
    if index < options.neurons:
        axis.imshow((held[:64, index] - held[64:, index]).reshape(8, 8), cmap="gray")
        axis.set_title(preference[index].argmax(), fontsize=8)
plt.suptitle(f"{options.chip}: {accuracy:.0%} of {options.test} new digits classified rightly")
figure = Path(f"results/digits_classifier_{options.chip}.png")
figure.parent.mkdir(exist_ok=True)
plt.savefig(figure, dpi=150)
print(f"figure: {figure}")
sim.end()
