"""Five hundred and twelve circuits asked for one firing rate: leak-over-threshold.

The leak potential of each neuron lies above its threshold, so that it fires like a clock, at the
rate 1 / (refractory time + tau_m ln((rest - reset) / (rest - threshold))). Everything that a
calibration has to get right enters here: leak, reset and threshold, membrane time constant and
refractory time. Model time is a thousand times chip time: 100 Hz are 100 kHz on the chip.

What one sees: the rates of all 512 circuits of a chip against the rate asked for, on a nominal
chip, a calibrated one and the same one without calibration. Grey: within 0.90 and 1.15 of the
target, where more than 90 % of calibrated circuits are expected. Calibrated circuits are a little
slow on average, since the amplifier of a real leak saturates.

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
REFRACTORY, RESET, THRESHOLD, REST = 2.0, -70.0, -61.0, -55.0  # ms and mV

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--seed", type=int, default=0, help="which chip")
parser.add_argument("--time", type=float, default=1000.0, help="biological time (ms)")
options = parser.parse_args()


def rates(chip, target):
    """Rates (Hz) of 512 circuits that should fire at `target`; 0 where there are few spikes."""
    sim.setup(timestep=0.05, chip=chip)
    tau = (1000.0 / target - REFRACTORY) / np.log((REST - RESET) / (REST - THRESHOLD))
    cell = sim.IF_curr_exp(tau_m=tau, tau_refrac=REFRACTORY, v_rest=REST, v_reset=RESET,
                           v_thresh=THRESHOLD)  # fmt: skip
    circuits = sim.Population(512, cell, label="circuits")
    circuits.initialize(v=RESET)
    circuits.record("spikes")
    sim.run(options.time)
    trains = [train.magnitude for train in circuits.get_data().segments[0].spiketrains]
    sim.end()
    return np.array([1000.0 / np.diff(t).mean() if len(t) > 2 else 0.0 for t in trains])


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
        found = rates(chip, target)
        share = np.mean((found > LOW * target) & (found < HIGH * target))
        near = np.mean(np.abs(found - target) < 8.0 + 0.08 * target)
        print(
            f"{name} {target:g} Hz: mean {found.mean():.1f}, spread {found.std():.1f}, "
            f"within 0.90 to 1.15 {100 * share:.1f} %, within 8 Hz + 8 % {100 * near:.1f} %"
        )
        axis.plot(target + chance.normal(0.0, 1.2, len(found)), found, ".", ms=1.5)
    axis.set(title=name, xlabel="rate asked for (Hz)", ylim=(0, 200))
axes[0].set_ylabel("rate (Hz)")
Path("results").mkdir(exist_ok=True)
figure.savefig("results/leak_over_threshold.png", dpi=150)
print("figure: results/leak_over_threshold.png")
