"""Refractory times from the shortest to the longest of the chip, and how far resets come in them.
===============================================================================================

Neurons whose rest lies above threshold fire without end. After each spike a counter holds the
membrane at reset, while a conductance pulls it there; when the counter is through, the membrane
turns and rises again. The turning points of recorded membranes tell the refractory time, and how
far the membrane had come.

What one sees. Left: a counter has 8 bits and a clock for each power of two. A population with one
refractory time gets the clock that suits it and errs by half a cycle at most: 0.004 ms of model
time, or 0.4 %. Where one network asks for all of them (bars), half a chip has but two clocks, and
the shortest times are rounded to steps of the faster one. Right: the part of the way to v_reset
that is done. Nominal circuits jump. Real ones have a time constant, which shrinks with the
capacitance of the membrane: where short times are asked for, it is made smaller, and neurons are
held until their reset is through. They have no refractory times below about a millisecond.

    python refractory_times.py              # writes results/refractory_times.png
    python refractory_times.py --seed 1     # another chip
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim as sim

SHORTEST, LONGEST = 0.04, 32.0  # ms of the model, µs of the chip
CYCLE = 0.008  # ms, of the fastest clock
RESET, THRESHOLD, REST = -65.0, -58.0, -45.0  # mV
N = 40  # neurons for each value

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--seed", type=int, default=0, help="which chip")
parser.add_argument("--values", type=int, default=12, help="how many refractory times")
options = parser.parse_args()
asked = np.geomspace(SHORTEST, LONGEST, options.values)


def measured(chip, values):
    """Refractory times (ms) of N neurons for each of `values`, begin and end of their resets."""
    # of the clocks of the chip, one that is fast enough
    timestep = CYCLE * 2.0 ** max(0, np.floor(np.log2(min(values) / 400 / CYCLE)))
    sim.setup(timestep=timestep, chip=chip)
    cell = sim.IF_curr_exp(v_rest=REST, v_reset=RESET, v_thresh=THRESHOLD, tau_m=4.0)
    neurons = sim.Population(N * len(values), cell, label="neurons")
    neurons.set(tau_refrac=np.tile(values, N))  # every part of the chip gets all of them
    neurons.initialize(v=RESET)
    neurons.record(["spikes", "v"])
    sim.run(max(values) + 25.0)
    segment = neurons.get_data().segments[0]
    sim.end()
    trace = segment.analogsignals[0].magnitude
    times, top, bottom = [], [], []
    for train, v in zip(segment.spiketrains, trace.T, strict=True):
        first, following = (np.r_[train.magnitude, np.inf, np.inf][:2] / timestep).round()
        after = v[int(first) : int(min(following, len(v)))]
        low = np.flatnonzero(after < after.min() + 1e-6)[-1]
        times.append(low * timestep)
        top.append(v[int(first) - 1])
        bottom.append(after[low])
    return [np.reshape(found, (N, -1)).T for found in (times, top, bottom)]


chips = {
    "quantized": sim.ChipModel.quantized(bandwidth="unlimited"),
    # without noise, turning points are sharp
    "silicon": sim.ChipModel.silicon(seed=options.seed, noise=False, bandwidth="unlimited"),
}
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for color, (name, chip) in enumerate(chips.items()):
    alone = [measured(chip, [value]) for value in asked]
    together = measured(chip, asked)[0]
    times, top, bottom = (np.concatenate(parts) for parts in zip(*alone, strict=True))
    way = (top - bottom) / (top - bottom[-1])
    shortest = np.median(times[0])
    reached = asked[:, np.newaxis] >= times[0]  # what the circuit can do
    off, both = (np.where(reached, np.abs(found - asked[:, np.newaxis]), 0.0)
                 for found in (times, together))  # fmt: skip
    worst = (off.T / asked)[:, asked >= 1].max()
    print(f"{name}: shortest {shortest:.3f} ms; largest error of times that are reached "
          f"{off[asked < 1].max():.4f} ms below 1 ms, {worst:.4f} of what was asked above; "
          f"all of them together {(both.T / asked).max():.3f}")  # fmt: skip
    print(f"{name} way to reset: "
          + ", ".join(f"{t:.2f} ms {np.median(w):.3f} spread {w.std():.3f}"
                      for t, w in zip(asked, way, strict=True)))  # fmt: skip
    at = np.repeat(asked * 1.05 ** (color - 1), N)
    for found, mark in ((times, "."), (together, "_")):
        word = "alone" if mark == "." else "together"
        left.plot(at, found.ravel(), mark, color=f"C{color}", ms=4, label=f"{name}, {word}")
    right.plot(at, way.ravel(), ".", color=f"C{color}", ms=2, label=name)
left.plot(asked, asked, "k", lw=0.5)
left.set(
    xlabel="refractory time asked for (ms)", ylabel="achieved (ms)", xscale="log", yscale="log"
)
right.set(
    xlabel="refractory time asked for (ms)", ylabel="way to v_reset", xscale="log", ylim=(0, 1.05)
)
left.legend(fontsize=7)
Path("results").mkdir(exist_ok=True)
figure.savefig("results/refractory_times.png", dpi=150)
print("figure: results/refractory_times.png")
