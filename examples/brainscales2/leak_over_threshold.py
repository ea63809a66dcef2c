"""Leak over threshold: a neuron that fires like a clock, in register codes.
=========================================================================

The leak potential lies above the threshold. What one sees: the sawtooth of its membrane between
reset and threshold, and its spikes.

    python leak_over_threshold.py               # writes results/chip_leak_over_threshold.png
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim.brainscales2 as pynn

pynn.setup()
neuron = pynn.Population(
    1,
    pynn.cells.HXNeuron(
        leak_v_leak=1000,
        leak_i_bias=150,
        threshold_enable=True,
        threshold_v_threshold=300,
        reset_v_reset=400,
        reset_i_bias=1022,
        reset_enable_multiplication=True,
        refractory_period_refractory_time=255,
        membrane_capacitance_capacitance=63,
    ),
)
neuron.record(["spikes", "v"])
pynn.run(0.2)
segment = neuron.get_data().segments[-1]
spikes = segment.spiketrains[0].rescale("us").magnitude
membrane = segment.irregularlysampledsignals[0]

print(f"interval {np.diff(spikes).mean():.2f} us, {len(spikes)} spikes")
print(f"membrane {membrane.magnitude.min():.0f} to {membrane.magnitude.max():.0f} LSB")
figure, axis = plt.subplots(figsize=(7, 3.5), layout="constrained")
axis.plot(membrane.times.rescale("us"), membrane.magnitude, lw=0.7)
axis.plot(spikes, np.full(len(spikes), 420), "|", color="k")
axis.set(xlabel="time (µs)", ylabel="membrane (LSB)")
Path("results").mkdir(exist_ok=True)
figure.savefig("results/chip_leak_over_threshold.png", dpi=150)
print("figure: results/chip_leak_over_threshold.png")
pynn.end()
