"""Fixed-pattern variation: ten neurons with the same codes.
=========================================================

What one sees: membranes of ten neurons that should all do the same. Their resets and thresholds
lie tens of LSB apart, and stay there in every run: circuits of a chip differ, which calibration
corrects.

    python fixed_pattern.py               # writes results/fixed_pattern.png
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim.brainscales2 as pynn

pynn.setup()
neurons = pynn.Population(
    10,
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
floors, peaks = [], []
figure, axis = plt.subplots(figsize=(7, 3.5), layout="constrained")
for k in range(10):
    # one after the other, as the converter reads two neurons of a chip at most
    neurons.record(None)
    neurons[k : k + 1].record("v")
    pynn.run(0.1)
    signal = neurons.get_data(clear=True).segments[-1].irregularlysampledsignals[0]
    pynn.reset()
    floors.append(np.percentile(signal.magnitude, 1))
    peaks.append(np.percentile(signal.magnitude, 99))
    axis.plot(signal.times.rescale("us"), signal.magnitude, lw=0.6)
print(f"reset {min(floors):.0f} to {max(floors):.0f} LSB")
print(f"threshold {min(peaks):.0f} to {max(peaks):.0f} LSB")
axis.set(xlabel="time (µs)", ylabel="membrane (LSB)")
Path("results").mkdir(exist_ok=True)
figure.savefig("results/fixed_pattern.png", dpi=150)
print("figure: results/fixed_pattern.png")
pynn.end()
