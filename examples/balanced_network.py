"""A balanced network of excitatory and inhibitory neurons.
========================================================

Benchmarks 1 (COBA) and 2 (CUBA) of Brette et al. (2007), J. Comput. Neurosci. 23:349-398, after
Vogels & Abbott (2005), J. Neurosci. 25:10786-10795: 80 % excitatory and 20 % inhibitory neurons,
2 % of all pairs connected. A COBA network is kicked by 50 ms of random spikes and keeps itself
going; a CUBA network needs no kick, because its resting potential lies above its threshold.

What one sees: asynchronous, irregular activity. Each neuron fires at its own time, at about
16 spikes per second (COBA) or 6 (CUBA), with irregular intervals: the coefficient of variation
(CV) of the intervals between spikes is 1 for a Poisson process and 0 for a clock.

    python balanced_network.py                              # the simulated BrainScaleS-2 chips
    python balanced_network.py --chip ideal --model CUBA    # a chip model by name
    python balanced_network.py nest                         # another PyNN backend
"""

import argparse
import importlib

import numpy as np
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.utility.plotting import Figure, Panel

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("simulator", nargs="?", help="another PyNN backend, such as nest")
parser.add_argument("--model", choices=["COBA", "CUBA"], default="COBA")
parser.add_argument("--size", type=int, default=4000, help="number of neurons")
parser.add_argument("--time", type=float, default=1000.0, help="biological time (ms)")
parser.add_argument("--chip", help="chip model, for example ideal or quantized")
options = parser.parse_args()

if options.simulator:
    sim = importlib.import_module(f"pyNN.{options.simulator}")
else:
    import pynn_bss2sim as sim

# === Parameters ===========================================================================

cell_parameters = {
    "cm": 0.2,  # nF
    "tau_m": 20.0,  # ms
    "v_rest": -60.0,  # mV
    "v_thresh": -50.0,  # mV
    "v_reset": -60.0,  # mV
    "tau_refrac": 5.0,  # ms
    "tau_syn_E": 5.0,  # ms
    "tau_syn_I": 10.0,  # ms
}
if options.model == "COBA":
    cell_parameters |= {"e_rev_E": 0.0, "e_rev_I": -80.0}
    cell_type = sim.IF_cond_exp(**cell_parameters)
    excitatory_weight, inhibitory_weight = 0.004, 0.051  # uS
else:
    cell_parameters["v_rest"] = -49.0
    cell_type = sim.IF_curr_exp(**cell_parameters)
    excitatory_weight, inhibitory_weight = 0.0162, -0.09  # nA

n_excitatory = round(0.8 * options.size)
n_inhibitory = options.size - n_excitatory
# a smaller network keeps the 80 inputs to each neuron of the original
connection_probability = min(1.0, 0.02 * 4000 / options.size)

# === Network ==============================================================================

chip = {"chip": options.chip} if options.chip else {}
sim.setup(timestep=0.1, min_delay=0.2, max_delay=1.0, **chip)
rng = NumpyRNG(seed=98765)

excitatory = sim.Population(n_excitatory, cell_type, label="excitatory")
inhibitory = sim.Population(n_inhibitory, cell_type, label="inhibitory")
for population in (excitatory, inhibitory):
    population.initialize(v=RandomDistribution("uniform", low=-60.0, high=-50.0, rng=rng))
    population.record("spikes")

connector = sim.FixedProbabilityConnector(connection_probability, rng=rng)
for source, weight, receptor in (
    (excitatory, excitatory_weight, "excitatory"),
    (inhibitory, inhibitory_weight, "inhibitory"),
):
    synapse = sim.StaticSynapse(weight=weight, delay=0.2)
    for target in (excitatory, inhibitory):
        sim.Projection(source, target, connector, synapse, receptor_type=receptor)

if options.model == "COBA":
    kick = sim.Population(20, sim.SpikeSourcePoisson(rate=100.0, duration=50.0), label="kick")
    kick_connector = sim.FixedProbabilityConnector(0.01, rng=rng)
    kick_synapse = sim.StaticSynapse(weight=0.1, delay=0.2)
    for target in (excitatory, inhibitory):
        sim.Projection(kick, target, kick_connector, kick_synapse, receptor_type="excitatory")

# === Run ==================================================================================

sim.run(options.time)

spike_trains = {p.label: p.get_data().segments[0].spiketrains for p in (excitatory, inhibitory)}
for label, trains in spike_trains.items():
    rate = 1000.0 * sum(len(train) for train in trains) / len(trains) / options.time
    intervals = [np.diff(train.magnitude) for train in trains if len(train) > 3]
    cv = np.mean([i.std() / i.mean() for i in intervals]) if intervals else float("nan")
    print(f"{label}: {len(trains)} neurons, rate {rate:.1f} Hz, CV of intervals {cv:.2f}")

if hasattr(sim, "mapping_report"):
    print(sim.mapping_report())

name = "_".join(filter(None, [options.simulator or "bss2sim", options.chip]))
figure = f"results/balanced_network_{options.model}_{name}.png"
panels = []
for population, color in ((excitatory, "firebrick"), (inhibitory, "royalblue")):
    # every fourth neuron is enough to see the pattern
    trains = population[::4].get_data("spikes").segments[0].spiketrains
    look = {"data_labels": [population.label], "markersize": 1.0, "markeredgecolor": color}
    panels.append(Panel(trains, xlabel="time (ms)", xticks=True, yticks=True, **look))
Figure(*panels, title=f"{options.model}, {options.size} neurons, {name}").save(figure)
print(f"figure: {figure}")
sim.end()
