"""Time constants and refractory times that are asked for, and those that circuits have.
=====================================================================================

Forty neurons for each value. Membranes start 3 mV above rest and decay; input lines decay after
a spike; neurons whose rest lies above threshold are held at reset for the refractory time and rise
only then. The recorded traces are fitted as those of an experiment would be.

What one sees: the nominal chip follows the diagonal, but for steps of its digital codes. On a
calibrated chip circuits scatter a little around it, without calibration by about 30 %, except for
the refractory time, which a digital counter keeps. (Short ones: `refractory_times.py`.)

    python time_constants.py                # writes results/time_constants.png
    python time_constants.py --seed 1       # another chip
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim as sim

N = 40  # neurons for each value
#: Ranges in which the chip is calibrated, ms of the model (µs of the chip).
RANGES = {"membrane": (0.5, 60.0), "synapse": (0.3, 30.0), "refractory": (2.0, 32.0)}

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--seed", type=int, default=0, help="which chip")
parser.add_argument("--values", type=int, default=10, help="how many of each kind")
options = parser.parse_args()


def decay(trace, timestep):
    """Time constant of a decay to 0: from the area under its first part."""
    mean = trace.mean(axis=1) / trace[0].mean()
    far = np.flatnonzero(mean < 0.2)
    end = far[0] if len(far) else len(trace) - 1
    area = timestep * (trace[:end].sum(0) + (trace[end] - trace[0]) / 2)
    return area / (trace[0] - trace[end])


def measured(chip, kind, value):
    """What N circuits do that are asked for one `value` (ms) of a kind of time: float (N,)."""
    timestep = float(np.clip(value / 50, 0.01, 0.1))
    sim.setup(timestep=timestep, chip=chip)
    given = {"v_rest": -65.0, "v_reset": -65.0, "v_thresh": -50.0, "tau_m": 10.0, "tau_refrac": 2.0}
    given |= {
        "membrane": {"tau_m": value},
        "synapse": {"tau_syn_E": value},
        "refractory": {"tau_refrac": value, "v_rest": -45.0, "v_thresh": -58.0},
    }[kind]
    cells = sim.Population(N, sim.IF_curr_exp(**given), label=kind)
    cells.initialize(v=-62.0 if kind == "membrane" else -65.0)
    cells.record(["spikes", "isyn_exc" if kind == "synapse" else "v"])
    if kind == "synapse":
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=[2.0]))
        sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1))
    sim.run(8.0 * value + 25.0)  # membranes come to rest
    segment = cells.get_data().segments[0]
    trace = segment.analogsignals[0].magnitude
    sim.end()
    if kind == "membrane":  # the rest of each circuit is where it ends
        return decay(trace - trace[-1], timestep)
    if kind == "synapse":
        return decay(trace[round(3.5 / timestep) :], timestep)
    spike = [round(float(train[0]) / timestep) for train in segment.spiketrains]
    window = round((value + 3.0) / timestep)
    low = [np.flatnonzero(v[s : s + window] < v[s : s + window].min() + 0.01)[-1]
           for s, v in zip(spike, trace.T, strict=True)]  # fmt: skip
    return np.array(low) * timestep


chips = {
    "quantized": sim.ChipModel.quantized(),
    # measured without noise: what is left is what calibration leaves
    "silicon": sim.ChipModel.silicon(seed=options.seed, noise=False),
    "uncalibrated": sim.ChipModel.uncalibrated(seed=options.seed, noise=False),
}
figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
for (kind, ends), axis in zip(RANGES.items(), axes, strict=True):
    axis.plot(ends, ends, "k", lw=0.8)
    for offset, (name, chip) in zip((0.96, 1.0, 1.04), chips.items(), strict=True):
        asked = np.geomspace(*ends, options.values)
        found = np.array([measured(chip, kind, value) for value in asked])
        ratio = found / asked[:, np.newaxis]
        print(f"{name} {kind}: mean {np.median(ratio):.3f}, spread {ratio.std(1).mean():.3f}, "
              f"largest spread {ratio.std(1).max():.3f} of what was asked")  # fmt: skip
        axis.plot(np.repeat(asked * offset, N), found.ravel(), ".", ms=2, label=name)
    axis.set(title=f"{kind} (ms)", xlabel="asked", ylabel="measured", xscale="log", yscale="log")
    ticks = [t for t in (0.5, 1, 2, 5, 10, 20, 50) if ends[0] <= t <= ends[1]]
    for scale in (axis.xaxis, axis.yaxis):
        scale.set_ticks(ticks, labels=[f"{t:g}" for t in ticks])
        scale.set_minor_formatter("")
axes[0].legend(markerscale=4)
Path("results").mkdir(exist_ok=True)
figure.savefig("results/time_constants.png", dpi=150)
print("figure: results/time_constants.png")
