"""The window of spike-timing dependent plasticity, measured pair by pair.
=======================================================================

Each of 82 neurons sees one pair of spikes: one of its source, and one of its own that a strong
synapse makes it fire, from 80 ms earlier to 80 ms later. What the pair has done to the weight is
read back, and an exponential is fitted to each side.

What one sees: weights grow where the source fired first and shrink where the neuron did. The fits
give back the time constants and amplitudes of the rule.

    python stdp_window.py        # writes results/stdp_window.png
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim as sim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--chip", default="ideal", help="a chip model with exact weights")
options = parser.parse_args()

RULE = {"tau_plus": 17.0, "tau_minus": 34.0, "A_plus": 0.01, "A_minus": 0.006}
W_MAX, PAIR_AT = 0.01, 100.0  # nA, ms
distance = np.concatenate([np.arange(-81.0, 0.0, 2.0), np.arange(1.0, 82.0, 2.0)])  # ms

sim.setup(timestep=0.1, chip=options.chip)
times = [[PAIR_AT]] * len(distance), [[PAIR_AT + d] for d in distance]
sources, drivers = (
    sim.Population(len(distance), sim.SpikeSourceArray(spike_times=trains)) for trains in times
)
cells = sim.Population(len(distance), sim.IF_curr_exp(tau_syn_E=0.5, tau_refrac=5.0), label="cells")
cells.record("spikes")
strong = sim.StaticSynapse(weight=80.0, delay=0.1)
sim.Projection(drivers, cells, sim.OneToOneConnector(), strong)
stdp = sim.STDPMechanism(
    timing_dependence=sim.SpikePairRule(**RULE),
    weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=W_MAX),
    weight=0.5 * W_MAX,
    delay=0.1,
)
learning = sim.Projection(sources, cells, sim.OneToOneConnector(), stdp, label="learning")
sim.run(PAIR_AT + 100.0)

fired = np.array([train.magnitude[0] for train in cells.get_data().segments[0].spiketrains])
# the synapse sees the spike of the neuron after its delay, which is dendritic
apart = fired + 0.1 - PAIR_AT
change = np.array(learning.get("weight", "list", with_address=False)) / W_MAX - 0.5

fits = {}
for side, sign in (("plus", 1.0), ("minus", -1.0)):
    some = sign * apart > 0
    slope, log_amplitude = np.polyfit(np.abs(apart[some]), np.log(sign * change[some]), 1)
    fits[side] = -1.0 / slope, np.exp(log_amplitude)
    tau, amplitude = fits[side]
    print(f"tau_{side}: {tau:.2f} ms ({RULE[f'tau_{side}']:g} asked)")
    print(f"A_{side}: {amplitude:.5f} ({RULE[f'A_{side}']:g} asked)")

plt.axhline(0.0, color="0.8", lw=0.8)
plt.plot(apart, 100.0 * change, ".", ms=4, label="measured")
for (tau, amplitude), sign in zip(fits.values(), (1.0, -1.0), strict=True):
    t = np.linspace(0.0, 85.0, 200)
    label = f"{sign * 100.0 * amplitude:.2f} % exp(-|t| / {tau:.1f} ms)"
    plt.plot(sign * t, sign * 100.0 * amplitude * np.exp(-t / tau), lw=1, label=label)
plt.xlabel("spike of the neuron after that of its source (ms)")
plt.ylabel("change of the weight (% of the largest)")
plt.legend(frameon=False)
figure = Path("results/stdp_window.png")
figure.parent.mkdir(exist_ok=True)
plt.savefig(figure, dpi=150)
print(f"figure: {figure}")
sim.end()
