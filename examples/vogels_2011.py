"""Inhibitory plasticity balances excitation: neurons learn to fire at the rate they are told.
===========================================================================================

120 excitatory neurons get Poisson spikes through weights that differ between them, and would fire
60 to 130 times per second. 30 inhibitory neurons project onto all of them
through synapses that learn by the rule of Vogels et al. (2011): pairs of spikes make inhibition
stronger, spikes of inhibitory neurons alone make it weaker, and both are equal at the target rate.

What one sees: rates begin high and far apart; within ten seconds all come near the target of
10 Hz, each neuron with an inhibition that fits its excitation.

    python vogels_2011.py        # writes results/vogels_2011.png
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim as sim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--chip", default="ideal", help="a chip model with exact weights")
parser.add_argument("--seconds", type=int, default=20)
options = parser.parse_args()

N_E, N_I, N_INPUT, TARGET = 120, 30, 200, 10.0  # Hz
rng = np.random.default_rng(2011)

sim.setup(timestep=0.1, chip=options.chip)
cell_type = sim.IF_cond_exp(
    cm=0.2, tau_m=20.0, v_rest=-60.0, v_reset=-60.0, v_thresh=-50.0, tau_refrac=5.0,
    tau_syn_E=5.0, tau_syn_I=10.0, e_rev_E=0.0, e_rev_I=-80.0,
)  # fmt: skip
excitatory = sim.Population(N_E, cell_type, label="excitatory")
inhibitory = sim.Population(N_I, cell_type, label="inhibitory")
inputs = sim.Population(N_INPUT, sim.SpikeSourcePoisson(rate=20.0), label="inputs")
for cells, low, high in ((excitatory, 0.5, 1.5), (inhibitory, 0.9, 1.1)):
    strength = rng.uniform(low, high, len(cells)) * 0.0012  # uS
    weights = np.where(rng.random((N_INPUT, len(cells))) < 0.5, strength, np.nan)
    sim.Projection(inputs, cells, sim.ArrayConnector(~np.isnan(weights)),
                   sim.StaticSynapse(weight=np.nan_to_num(weights), delay=1.0))  # fmt: skip
stdp = sim.STDPMechanism(
    timing_dependence=sim.Vogels2011Rule(tau=20.0, eta=5e-7, rho=TARGET),
    weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=0.05),
    weight=0.0,
    delay=1.0,
)
balancing = sim.Projection(
    inhibitory, excitatory, sim.AllToAllConnector(), stdp,
    receptor_type="inhibitory", label="balancing",
)  # fmt: skip
excitatory.record("spikes")

total = []
for _ in range(options.seconds):
    sim.run(1000.0)
    total.append(np.sum(balancing.get("weight", "array"), axis=0))

trains = excitatory.get_data().segments[0].spiketrains
edges = 1000.0 * np.arange(options.seconds + 1)
rates = np.array([np.histogram(train.magnitude, edges)[0] for train in trains])
for name, some in (("first", rates[:, 0]), ("last", rates[:, -5:].mean(1))):
    print(f"{name}: mean {some.mean():.1f} Hz, from {some.min():.1f} to {some.max():.1f} Hz")

_, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(6, 5), layout="constrained")
seconds = np.arange(options.seconds) + 0.5
above.plot(seconds, rates.T, color="0.8", lw=0.5)
above.plot(seconds, rates.mean(0), label="mean")
above.axhline(TARGET, ls=":", color="k", label="target")
above.set_ylabel("rate of each neuron (Hz)")
above.legend(frameon=False)
below.plot(seconds + 0.5, 1e3 * np.array(total), color="0.8", lw=0.5)
below.set_ylabel("sum of its inhibitory weights (nS)")
below.set_xlabel("time (s)")
figure = Path("results/vogels_2011.png")
figure.parent.mkdir(exist_ok=True)
plt.savefig(figure, dpi=150)
print(f"figure: {figure}")
sim.end()
