"""Which limit of the chip changes a model: the same network with one limit at a time.
===================================================================================

A volley of spikes drives two hundred neurons, and through them thirty neurons that fire only where
enough spikes arrive together; inhibition follows shortly after. The network runs on the ideal chip,
on the ideal chip with each limit of the quantized one in turn, on the quantized one, and on
particular chips, calibrated (silicon) and not.

What one sees: how many neurons of the last population fire, and when. Where a bar departs from that
of the ideal chip, this limit matters to the model; where it does not, there is nothing to repair.

    python ablation.py                      # writes results/ablation.png
    python ablation.py --seeds 5            # five chips of each kind
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim as sim


def volley(chip):
    """Run the network on a chip; how many neurons answer, and when."""
    sim.setup(timestep=0.1, chip=chip, on_loss="ignore")
    rng = sim.NumpyRNG(seed=1)
    times = np.random.default_rng(1).normal(20.0, 1.5, 100)
    source = sim.Population(100, sim.SpikeSourceArray(spike_times=[[t] for t in times]))
    # held for 2 ms, since the reset of a real circuit takes its time
    cell = {"tau_m": 10.0, "tau_syn_E": 2.0, "tau_syn_I": 4.0, "cm": 0.25, "tau_refrac": 2.0}
    relay = sim.Population(200, sim.IF_curr_exp(**cell), label="relay")
    brake = sim.Population(50, sim.IF_curr_exp(**cell), label="brake")
    answer = sim.Population(30, sim.IF_curr_exp(**cell), label="answer")
    for pre, post, receptor, weight, delay in [
        (source, relay, "excitatory", 0.5, 1.0),
        (source, brake, "excitatory", 0.5, 1.0),
        (relay, answer, "excitatory", 0.2, 1.0),
        (brake, answer, "inhibitory", -0.8, 3.0),
    ]:
        sim.Projection(pre, post, sim.FixedProbabilityConnector(0.2, rng=rng),
                       sim.StaticSynapse(weight=weight, delay=delay),
                       receptor_type=receptor)  # fmt: skip
    answer.record("spikes")
    sim.run(60.0)
    spikes = [train.magnitude for train in answer.get_data().segments[0].spiketrains]
    sim.end()
    first = [train[0] for train in spikes if len(train)]
    return {"answered": len(first), "when": float(np.mean(first)) if first else np.nan}


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--seeds", type=int, default=2, help="chips of each kind")
options = parser.parse_args()

limits = sim.ChipModel.between("ideal", "quantized")
chips = ["ideal", *limits, "quantized", "silicon", "uncalibrated"]
table = sim.ablate(volley, chips, seeds=range(options.seeds), progress=False)
print(table[["chip", "seed", "answered", "when", "lost", "error"]].to_string(index=False))

mean = table.groupby("chip", sort=False)[["answered", "when"]].mean()
figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), sharey=True, layout="constrained")
labels = {"answered": "neurons that answer", "when": "mean time of answer (ms)"}
for axis, (name, label) in zip(axes, labels.items(), strict=True):
    axis.barh([text.removeprefix("ChipModel.") for text in mean.index], mean[name])
    axis.axvline(mean[name].iloc[0], color="k", lw=0.8)
    axis.set_xlabel(label)
axes[0].invert_yaxis()
axes[1].set_xlim(mean["when"].min() - 1, mean["when"].max() + 1)
Path("results").mkdir(exist_ok=True)
figure.savefig("results/ablation.png", dpi=150)
print("figure: results/ablation.png")
