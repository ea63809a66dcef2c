"""Firing patterns of the adaptive exponential integrate-and-fire neuron (AdEx).
=============================================================================

One neuron model, five sets of parameters, one constant current each: the patterns of Naud,
Marcille, Clopath & Gerstner (2008), Biol. Cybern. 99:335-347.

What one sees: tonic spiking with equal intervals; adaptation, where the intervals grow; an initial
burst followed by slow regular spikes; regular bursting, where short and long intervals alternate
in one rhythm; and irregular spiking, which never repeats although nothing in it is random.
The script names each pattern from its spike times alone and says whether this is the expected one.

    python adex_gallery.py          # the simulated BrainScaleS-2 chip
    python adex_gallery.py nest     # another PyNN backend
"""

import argparse
import importlib

import numpy as np
from pyNN.utility.plotting import Figure, Panel

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("simulator", nargs="?", help="another PyNN backend, such as nest")
parser.add_argument("--chip", help="chip model, for example ideal or quantized")
parser.add_argument("--time", type=float, default=1500.0, help="biological time (ms)")
options = parser.parse_args()

if options.simulator:
    sim = importlib.import_module(f"pyNN.{options.simulator}")
else:
    import pynn_bss2sim as sim

#         C (pF)  g_L (nS)  E_L (mV)  a (nS)  tau_w (ms)  b (pA)  V_reset (mV)  I (pA)
patterns = {
    "tonic": (200, 10, -70, 2, 30, 0, -58, 500),
    "adapting": (200, 12, -70, 2, 300, 60, -58, 500),
    "initial burst": (130, 18, -58, 4, 150, 120, -50, 400),
    "regular bursting": (200, 10, -58, 2, 120, 100, -46, 210),
    "irregular": (100, 12, -60, -11, 130, 30, -48, 160),
}


def classify(spike_times):
    """Name the firing pattern of spike times that were measured under constant current."""
    intervals = np.diff(spike_times)
    if len(intervals) < 8:
        return "too few spikes"
    early, late = intervals[:2].mean(), intervals[len(intervals) // 2 :]
    if late.std() < 0.1 * late.mean():  # it has settled to one interval
        if abs(early - late.mean()) < 0.1 * late.mean():
            return "tonic"
        # a burst is a jump to the slow rhythm, adaptation a gradual way to it
        largest_jump = np.max(intervals[1:6] / intervals[:5])
        return "initial burst" if largest_jump > 3 else "adapting"
    # bursts: each interval returns after a fixed number of spikes, the period
    for period in range(2, 9):
        change = np.abs(late[period:] - late[:-period])
        if len(change) > period and change.max() < 0.1 * late.mean():
            return "regular bursting"
    return "irregular"


chip = {"chip": options.chip} if options.chip else {}
sim.setup(timestep=0.05, min_delay=0.1, **chip)

neurons = {}
for name, (c, g_leak, e_leak, a, tau_w, b, v_reset, current) in patterns.items():
    cell_type = sim.EIF_cond_exp_isfa_ista(
        cm=c / 1000.0,  # nF
        tau_m=c / g_leak,  # ms
        v_rest=e_leak,
        v_thresh=-50.0,
        v_reset=v_reset,
        v_spike=0.0,
        delta_T=2.0,
        a=a,
        tau_w=tau_w,
        b=b / 1000.0,  # nA
        tau_refrac=0.05,
        i_offset=current / 1000.0,  # nA
    )
    neurons[name] = sim.Population(1, cell_type, label=name)
    neurons[name].initialize(v=e_leak, w=0.0)
    neurons[name].record(["v", "spikes"])

sim.run(options.time)

panels = []
for name, neuron in neurons.items():
    data = neuron.get_data().segments[0]
    spike_times = data.spiketrains[0].magnitude
    found = classify(spike_times)
    verdict = "as expected" if found == name else "NOT as expected"
    print(f"{name}: {len(spike_times)} spikes, classified as {found} ({verdict})")
    panels.append(Panel(data.filter(name="v")[0], ylabel=name, legend=False, xticks=True))

name = "_".join(filter(None, [options.simulator or "bss2sim", options.chip]))
figure = f"results/adex_gallery_{name}.png"
Figure(*panels, title=f"AdEx firing patterns, {name}").save(figure)
print(f"figure: {figure}")
sim.end()
