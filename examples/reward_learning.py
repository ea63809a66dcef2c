"""Two patterns, learned from reward alone.
========================================

Inputs 0 to 11 make pattern A, 8 to 19 pattern B; the rest is noise. A trial repeats one of them ten
times. Even neurons are rewarded if they answer to A and keep silent at B, odd ones the other way
round. At the end of a trial a rule on the chip's plasticity processors reads spike counters and
causal correlation sensors, and changes weights by (reward - expected reward) * correlation, plus a
random walk that tries new things. No neuron is told which inputs matter.

What one sees: the share of right answers climbs from about a half to nearly all. The weights of
even and odd neurons become their patterns; inputs that belong to none stay in between.

    python reward_learning.py                 # writes results/reward_learning_quantized.png
    python reward_learning.py --chip silicon  # on a particular chip
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim as sim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--chip", default="quantized", help="chip model, for example silicon")
parser.add_argument("--trials", type=int, default=500)
options = parser.parse_args()

INPUTS, NEURONS = 28, 16
TRIAL, BETWEEN, VOLLEYS = 300.0, 20.0, 10  # ms, ms
NOISE, JITTER = 4.0, 1.0  # Hz, ms
members = np.zeros((2, INPUTS), bool)
members[0, :12] = members[1, 8:20] = True
even_or_odd = np.arange(NEURONS) % 2

rng = np.random.default_rng(0)
pattern = rng.integers(0, 2, options.trials)
end = TRIAL * options.trials
trains = []
for k in range(INPUTS):
    volleys = TRIAL * np.flatnonzero(members[pattern, k])[:, np.newaxis] + 10.0
    volleys = volleys + BETWEEN * np.arange(VOLLEYS)
    volleys = (volleys + rng.normal(0.0, JITTER, volleys.shape)).ravel()
    noise = rng.uniform(0.0, end, rng.poisson(NOISE * end / 1e3))
    trains.append(np.unique(np.round(np.concatenate([volleys, noise]), 1)))


class RewardedCorrelation(sim.PlasticityRule):
    """Weights follow correlation where it has brought more reward than expected."""

    def __init__(self, timer):
        super().__init__(timer, {"success": sim.ObservablePerNeuron("uint8")})
        self.expected = np.full(NEURONS, 0.5)
        self.baseline, self.trial = None, 0
        self.random = np.random.default_rng(1)

    def kernel(self, synapses, neurons, recording):
        count = np.zeros(NEURONS, int)
        for handle in neurons:
            count[handle.cells] = handle.counters()
        if self.baseline is None:  # before the first trial: sensors are empty
            self.baseline = [handle.causal.astype(int) for handle in synapses]
            return
        wanted = even_or_odd == pattern[self.trial]
        reward = (count >= VOLLEYS // 2) == wanted
        surprise = reward - self.expected
        self.expected += surprise / 16
        self.trial += 1
        for handle, baseline in zip(synapses, self.baseline, strict=True):
            neuron = handle.connection.max(axis=0) % NEURONS
            correlation = np.maximum(baseline - handle.causal, 0)
            step = surprise[neuron] * correlation
            step += 2.0 * self.random.normal(size=step.shape) * (1 - self.expected[neuron])
            handle.weights = np.clip(np.rint(handle.weights + step), 0, 63).astype(int)
            handle.reset_correlations()
        for k, handle in enumerate(neurons):
            recording.success[k] = reward[handle.cells]


sim.setup(timestep=0.1, chip=options.chip)
inputs = sim.Population(INPUTS, sim.SpikeSourceArray(spike_times=trains), label="inputs")
cell = sim.IF_curr_exp(cm=0.2, tau_m=10.0, tau_syn_E=3.0, tau_refrac=5.0)
cells = sim.Population(NEURONS, cell, label="cells")
rule = RewardedCorrelation(sim.Timer(start=0.0, period=TRIAL, num_periods=options.trials + 1))
rule.add_neurons(cells)
synapse = sim.PlasticSynapse(weight=0.16, w_max=0.25, plasticity_rule=rule)
projection = sim.Projection(inputs, cells, sim.AllToAllConnector(), synapse)
sim.run(end + 0.1)

success = np.array([sample.data for sample in cells.get_plasticity_data("success")[0]])[1:]
weights = projection.get("weight", "array")
sim.end()

few = max(1, options.trials // 10)
print(f"right answers: at first {success[:few].mean():.2f}, at last {success[-few:].mean():.2f}")

_, (top, bottom) = plt.subplots(2, 1, figsize=(7, 6), constrained_layout=True)
share = [part.mean() for part in np.array_split(success, 50)]
top.plot(np.linspace(0, options.trials, len(share)), share)
top.set(xlabel="trial", ylabel="right answers", ylim=(0, 1.05), title=f"Reward, {options.chip}")
for parity, name in enumerate(("even: rewarded for A", "odd: rewarded for B")):
    mean = weights[:, parity::2].mean(1)
    bottom.plot(mean, "o-", label=name)
bottom.set(xlabel="input: A is 0 to 11, B is 8 to 19", ylabel="mean weight (nA)")
bottom.legend()
figure = Path(f"results/reward_learning_{options.chip}.png")
figure.parent.mkdir(exist_ok=True)
plt.savefig(figure, dpi=150)
print(f"figure: {figure}")
