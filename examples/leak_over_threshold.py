"""Five hundred and twelve circuits asked for one firing rate: leak-over-threshold.
================================================================================

The leak potential of each neuron lies above its threshold, so that it fires like a clock, at the
rate 1 / (refractory time + tau_m ln((rest - reset) / (rest - threshold))). Everything that a
calibration has to get right enters here: leak, reset and threshold, membrane time constant and
refractory time. Model time is a thousand times chip time: 100 Hz are 100 kHz on the chip.

What one sees: the rates of all 512 circuits of a chip against the rate asked for, on a nominal
chip, a calibrated one and the same one without calibration. Grey: within 0.90 and 1.15 of the
target. What is left after calibration comes from threshold and membrane time constant, in equal
parts, and hardly from rest and reset. All calibrated circuits are some per cent slow, since the
amplifier of a real leak saturates far from rest. Blue: once more, with the
membrane time constant of each circuit corrected by its own interval of the first time; on the real
chip rates are calibrated in such a loop, too.

    python leak_over_threshold.py               # writes results/leak_over_threshold.png
    python leak_over_threshold.py --seed 1      # another chip
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim as sim

TARGETS = (20.0, 50.0, 80.0, 100.0, 120.0)  # Hz
LOW, HIGH = 0.90, 1.15  # of the target
REFRACTORY, RESET, THRESHOLD, REST = 2.0, -63.0, -59.0, -55.0  # ms and mV

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--seed", type=int, default=0, help="which chip")
parser.add_argument("--time", type=float, default=1000.0, help="biological time (ms)")
options = parser.parse_args()


def rates(chip, target):
    """Rates (Hz) of 512 circuits that should fire at `target`, as they are and trimmed."""
    sim.setup(timestep=0.05, chip=chip)
    held = 1000.0 / target - REFRACTORY  # time from reset to threshold
    tau = np.full(512, held / np.log((REST - RESET) / (REST - THRESHOLD)))
    cell = sim.IF_curr_exp(tau_refrac=REFRACTORY, v_rest=REST, v_reset=RESET, v_thresh=THRESHOLD)
    circuits = sim.Population(512, cell, label="circuits")
    circuits.record("spikes")
    interval = []
    for trial in range(2):
        if trial:
            tau *= np.clip(held / np.maximum(interval[0] - REFRACTORY, 0.05), 0.5, 2.0)
            sim.reset()
        circuits.set(tau_m=tau)
        circuits.initialize(v=RESET)
        sim.run(options.time)
        trains = [t.magnitude for t in circuits.get_data().segments[-1].spiketrains]
        interval.append(np.array([np.diff(t).mean() if len(t) > 2 else 1e6 for t in trains]))
    sim.end()
    return 1000.0 / interval[0], 1000.0 / interval[1]


chips = {
    "quantized": sim.ChipModel.quantized(bandwidth="unlimited"),
    "silicon": sim.ChipModel.silicon(seed=options.seed, bandwidth="unlimited"),
    "uncalibrated": sim.ChipModel.uncalibrated(seed=options.seed, bandwidth="unlimited"),
}
figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), sharey=True, layout="constrained")
chance = np.random.default_rng(0)
for (name, chip), axis in zip(chips.items(), axes, strict=True):
    axis.fill_between([0, 130], [0, LOW * 130], [0, HIGH * 130], color="0.85")
    for target in TARGETS:
        for color, word, found in zip(("C1", "C0"), ("", " trimmed"), rates(chip, target),
                                      strict=True):  # fmt: skip
            share = np.mean((found > LOW * target) & (found < HIGH * target))
            near = np.mean(np.abs(found - target) < 8.0 + 0.08 * target)
            print(
                f"{name}{word} {target:g} Hz: mean {found.mean():.1f}, spread {found.std():.1f}, "
                f"within 0.90 to 1.15 {100 * share:.1f} %, within 8 Hz + 8 % {100 * near:.1f} %"
            )
            beside = target + 4.0 * bool(word) + chance.normal(0.0, 0.8, len(found))
            axis.plot(beside, found, ".", ms=1.5, color=color)
    axis.set(title=name, xlabel="rate asked for (Hz)", ylim=(0, 200))
axes[0].set_ylabel("rate (Hz)")
Path("results").mkdir(exist_ok=True)
figure.savefig("results/leak_over_threshold.png", dpi=150)
print("figure: results/leak_over_threshold.png")
