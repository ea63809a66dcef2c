"""Calibrated neurons: each is asked for a resting potential of its own.
=====================================================================

What one sees: what 64 neurons rest at, in readings of the column converters, against what they were
asked for; and what a neuron with the code of its neighbour would do.

    python calibrated_neurons.py               # writes results/calibrated_neurons.png
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim.brainscales2 as pynn

TARGETS = np.linspace(60, 140, 64)

pynn.setup()
neurons = pynn.Population(64, pynn.cells.CalibHXNeuronCuba(v_rest=TARGETS, v_thresh=200))
neurons.record("v", device="cadc")
pynn.run(None, pynn.RunCommand.PREPARE)


def rest():
    """Mean reading of each neuron."""
    pynn.run(0.1)
    signals = neurons.get_data(clear=True).segments[-1].irregularlysampledsignals
    pynn.reset()
    return np.array([signal.magnitude.mean() for signal in signals])


calibrated = rest()
codes = [neuron.leak.v_leak for neuron in neurons.actual_hwparams]
for neuron, code in zip(neurons.actual_hwparams, np.roll(codes, 1), strict=True):
    neuron.leak.v_leak = code
swapped = rest()
print(f"calibrated: spread {np.std(calibrated - TARGETS):.2f} LSB")
print(f"codes of neighbours: spread {np.std((swapped - TARGETS)[1:]):.2f} LSB")

figure, axis = plt.subplots(figsize=(5, 4), layout="constrained")
axis.plot(TARGETS, TARGETS, color="0.7")
axis.plot(TARGETS[1:], swapped[1:], ".", color="C1", label="codes of neighbours")
axis.plot(TARGETS, calibrated, ".", color="C0", label="calibrated")
axis.set(xlabel="v_rest asked for (LSB)", ylabel="reading (LSB)")
axis.legend()
Path("results").mkdir(exist_ok=True)
figure.savefig("results/calibrated_neurons.png", dpi=150)
print("figure: results/calibrated_neurons.png")
pynn.end()
