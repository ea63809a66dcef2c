"""Facilitating and depressing synapses, on paper and on the chip.
===============================================================

Eight spikes at 50 Hz and one half a second later reach thirty neurons through Tsodyks-Markram
synapses that depress (U = 0.5, recovery in 300 ms) or facilitate (U = 0.1, for 500 ms).

What one sees: the ideal chip follows the textbook. On all others the synapse drivers do the
work, which know one utilization in steps of 0.05, one time constant, and voltages that two kinds of
synapses can share: depression nearly as asked for, facilitation a little off, since nothing
depresses beside it. A real chip's drivers differ in all of these; calibration makes their pulses
alike, without which weak pulses are far off.

    python tsodyks_markram.py                # writes results/tsodyks_markram.png
    python tsodyks_markram.py --seed 1       # another chip
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim as sim

N, DT, DURATION = 30, 0.1, 700.0  # neurons, ms, ms
TIMES = np.append(20.0 + 20.0 * np.arange(8), 660.0)  # ms
WEIGHT = 0.01  # uS
KINDS = {
    "depression": {"U": 0.5, "tau_rec": 300.0, "tau_facil": 0.0},
    "facilitation": {"U": 0.1, "tau_rec": 5.0, "tau_facil": 500.0},
}

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--seed", type=int, default=0, help="which chip")
options = parser.parse_args()


def textbook(U, tau_rec, tau_facil):
    """Part of the weight that acts at each spike (Tsodyks, Uziel & Markram 2000)."""
    u, x, last, found = 0.0, 1.0, 0.0, []
    for time in TIMES:
        u *= np.exp(-(time - last) / tau_facil) if tau_facil else 0.0
        x = 1.0 - (1.0 - x) * np.exp(-(time - last) / tau_rec)
        u += U * (1.0 - u)
        found.append(u * x)
        x, last = x - u * x, time
    return np.array(found)


def responses(chip):
    """For each kind: mean potential (mV) and conductances (of the weight) at the spikes."""
    sim.setup(timestep=DT, chip=chip)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=TIMES), label="source")
    cell = sim.IF_cond_exp(tau_m=15.0, tau_syn_E=3.0, v_thresh=-45.0, tau_refrac=2.0)
    populations = {}
    for kind, parameters in KINDS.items():
        cells = sim.Population(N, cell, label=kind)
        cells.initialize(v=-65.0)
        cells.record(["v", "gsyn_exc"])
        synapse = sim.TsodyksMarkramSynapse(weight=WEIGHT, delay=0.4, **parameters)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse, label=kind)
        populations[kind] = cells
    sim.run(DURATION)
    found = {}
    for kind, cells in populations.items():
        v, g = (
            cells.get_data().segments[0].filter(name=name)[0].magnitude.mean(axis=1)
            for name in ("v", "gsyn_exc")
        )
        # what a spike adds: the conductance just behind it, less what has been left before
        arrived = np.rint((TIMES + 0.4) / DT).astype(int)
        left = np.exp(-2 * DT / 3.0) * g[arrived - 1]
        found[kind] = v, (g[arrived + 1] - left) * np.exp(DT / 3.0) / WEIGHT
    sim.end()
    return found


chips = {
    "ideal": sim.ChipModel.ideal(),
    "quantized": sim.ChipModel.quantized(),
    "silicon": sim.ChipModel.silicon(seed=options.seed),
    "uncalibrated": sim.ChipModel.uncalibrated(seed=options.seed),
}
figure, axes = plt.subplots(2, 2, figsize=(10, 6), layout="constrained", width_ratios=(2, 1))
theory = {kind: textbook(**parameters) for kind, parameters in KINDS.items()}
for color, (name, chip) in enumerate(chips.items()):
    for row, (kind, (v, amplitudes)) in zip(axes, responses(chip).items(), strict=True):
        off = np.sqrt(np.mean((amplitudes - theory[kind]) ** 2) / np.mean(theory[kind] ** 2))
        first, last, later = amplitudes[[0, 7, 8]]
        print(
            f"{name} {kind}: {100 * off:.1f} % off the textbook; first spike {first:.3f} of the "
            f"weight, eighth {last:.3f}, half a second later {later:.3f}"
        )
        row[0].plot(DT * np.arange(len(v)), v, lw=0.8, color=f"C{color}", label=name)
        row[1].plot(np.arange(1, 10), amplitudes, ".-", lw=0.6, color=f"C{color}")
for row, kind in zip(axes, KINDS, strict=True):
    row[1].plot(np.arange(1, 10), theory[kind], "k_", ms=12, label="textbook")
    row[1].legend(fontsize=8)
    row[0].set(title=kind, ylabel="mean potential (mV)")
    row[1].set(title="conductance over weight", ylim=(0, None))
axes[0, 0].legend(fontsize=8)
axes[1, 0].set_xlabel("time (ms)")
axes[1, 1].set_xlabel("spike")
Path("results").mkdir(exist_ok=True)
figure.savefig("results/tsodyks_markram.png", dpi=150)
print("figure: results/tsodyks_markram.png")
