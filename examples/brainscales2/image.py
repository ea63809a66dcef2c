"""An image drawn by firing rates: neurons in bypass, whose weights are the image's columns.
=========================================================================================

In bypass each event at a synapse is a spike of its neuron, whatever the weight, but for weight 0.
Each of 64 neurons is a line of the image and has a Poisson source of its own; its weight is set for
each column in turn, a snippet each. What one sees: the image in black and white, and the spikes by
line and column.

    python image.py               # writes results/image.png
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim.brainscales2 as pynn

SIZE, SNIPPET, RATE = 64, 0.5, 4e4  # lines and columns, ms, Hz

line, column = np.mgrid[:SIZE, :SIZE] - SIZE / 2 + 0.5
radius, angle = np.hypot(line, column), np.arctan2(line, column)
IMAGE = (radius < 28) & (np.sin(3 * angle + radius / 5) > 0)

np.random.seed(1)  # noqa: NPY002
pynn.setup(enable_neuron_bypass=True)
neurons = pynn.Population(SIZE, pynn.cells.HXNeuron())
sources = pynn.Population(
    SIZE, pynn.cells.SpikeSourcePoisson(start=0, rate=RATE, duration=SIZE * SNIPPET)
)
projection = pynn.Projection(
    sources, neurons, pynn.OneToOneConnector(), pynn.synapses.StaticSynapse(weight=0)
)
neurons.record("spikes")
for k in range(SIZE):
    projection.set(weight=IMAGE[:, k] * pynn.hal.SynapseWeightQuad.Value.max)
    pynn.run(SNIPPET, pynn.RunCommand.APPEND)
pynn.run(None)
trains = neurons.get_data("spikes").segments[-1].spiketrains
counts = np.array([len(train) for train in trains]).reshape(SIZE, SIZE).T

print(f"white: {counts[IMAGE].mean():.1f} spikes, expected {RATE * SNIPPET / 1000:.1f}")
print(f"black: {counts[~IMAGE].sum()} spikes in all")
figure, (asked, drawn) = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
asked.imshow(IMAGE, cmap="gray")
drawn.imshow(counts, cmap="gray")
asked.set(title="image")
drawn.set(title="spikes")
Path("results").mkdir(exist_ok=True)
figure.savefig("results/image.png", dpi=150)
print("figure: results/image.png")
pynn.end()
