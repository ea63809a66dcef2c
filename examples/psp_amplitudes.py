"""Postsynaptic potentials of all 63 weight steps.
===============================================

Sixty neurons get one spike after another through synapses whose weights are 1, 2 ... 63 parts of
the largest one: current-based lines, membrane and synaptic time constants of 10 ms. A current of
weight w then raises the membrane by w tau / (e C) at most.

What one sees: on the nominal chip a straight line, each weight a step. On a calibrated chip slopes
differ by some per cent, and each synapse deviates from the slope of its neuron by about 15 %, the
noise of the membrane included; without calibration slopes differ by 30 %, and the strongest
synapses make some neurons fire. Amplifiers of real lines saturate, inhibitory ones early: the
mapping has chosen membrane capacitances with which they do not, up to the largest weight.

    python psp_amplitudes.py                # writes results/psp_amplitudes.png
    python psp_amplitudes.py --seed 1       # another chip
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim as sim

N, STEPS, TAU, C_M, INTERVAL = 60, 63, 10.0, 0.2, 120.0  # neurons, weights, ms, nF, ms
FULL = 0.3  # largest weight, nA
SIGN = {"excitatory": 1.0, "inhibitory": -1.0}

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--seed", type=int, default=0, help="which chip")
options = parser.parse_args()


def amplitudes(chip, receptor):
    """Largest deflections (mV) of N neurons for each weight: float (STEPS, N)."""
    sim.setup(timestep=0.1, chip=chip)
    cell = sim.IF_curr_exp(cm=C_M, tau_m=TAU, tau_syn_E=TAU, tau_syn_I=TAU, v_rest=-65.0,
                           v_reset=-70.0, v_thresh=-50.0, tau_refrac=2.0)  # fmt: skip
    cells = sim.Population(N, cell, label="cells")
    cells.initialize(v=-65.0)
    cells.record("v")
    times = [[INTERVAL * (k + 1)] for k in range(STEPS)]
    sources = sim.Population(STEPS, sim.SpikeSourceArray(spike_times=times), label="sources")
    weights = SIGN[receptor] * FULL * np.arange(1, STEPS + 1)[:, np.newaxis] / STEPS
    synapse = sim.StaticSynapse(weight=np.repeat(weights, N, axis=1), delay=0.4)
    sim.Projection(sources, cells, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    sim.run(INTERVAL * (STEPS + 1))
    v = cells.get_data().segments[0].analogsignals[0].magnitude
    sim.end()
    cut = round(INTERVAL / 0.1)
    pieces = v[cut : cut * (STEPS + 1)].reshape(STEPS, cut, N)
    # the mean of a ms around the peak, against that of the ms before the spike
    peak = round((TAU + 0.4) / 0.1)
    before = v[cut - 10 : cut * (STEPS + 1) - 10].reshape(STEPS, cut, N)[:, :10].mean(1)
    return SIGN[receptor] * (pieces[:, peak - 5 : peak + 5].mean(1) - before)


weight = FULL * np.arange(1, STEPS + 1) / STEPS
theory = weight * TAU / (np.e * C_M)
chips = {
    "quantized": sim.ChipModel.quantized(),
    "silicon": sim.ChipModel.silicon(seed=options.seed),
    "uncalibrated": sim.ChipModel.uncalibrated(seed=options.seed),
}
figure, axes = plt.subplots(2, 3, figsize=(11, 6), sharex=True, sharey=True, layout="constrained")
for row, receptor in zip(axes, SIGN, strict=True):
    for axis, (name, chip) in zip(row, chips.items(), strict=True):
        found = amplitudes(chip, receptor)
        # slope over the lower half of the weights, where nothing saturates much
        half = slice(0, STEPS // 2)
        slope = (theory[half] @ found[half]) / (theory[half] @ theory[half])
        single = (found / theory[:, np.newaxis] / slope)[16:48].std()
        last = np.median(found[-1] / (slope * theory[-1]))
        print(
            f"{name} {receptor}: slope {np.median(slope):.3f} of the one asked for, "
            f"spread {slope.std() / slope.mean():.3f}, of its synapses {single:.3f}; "
            f"at weight 63 {last:.3f} of the slope"
        )
        axis.plot(np.arange(1, STEPS + 1), found, lw=0.3, color="C0")
        axis.plot(np.arange(1, STEPS + 1), theory, "k", lw=0.8)
        axis.set_title(f"{name}, {receptor}", fontsize=9)
for axis in axes[-1]:
    axis.set_xlabel("weight (63rd of the largest)")
for axis in axes[:, 0]:
    axis.set_ylabel("amplitude (mV)")
Path("results").mkdir(exist_ok=True)
figure.savefig("results/psp_amplitudes.png", dpi=150)
print("figure: results/psp_amplitudes.png")
