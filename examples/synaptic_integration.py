"""Postsynaptic potentials: what one spike does to a neuron, and what many do.
===========================================================================

Two neurons at rest get the same input spikes: one with current-based synapses (CUBA, IF_curr_exp),
one with conductance-based synapses (COBA, IF_cond_exp). Excitatory spikes arrive at 20 ms and, as
a burst of five, from 100 ms; inhibitory ones at 180 ms and, as a burst of five, from 260 ms.

What one sees: each spike raises (or lowers) the potential within a few ms; it decays with the
membrane time constant. Spikes of a burst add up. With current-based synapses they add exactly, and
each single potential is a difference of two exponentials that can be written down,

    V(t) = V_rest + (w / C) (tau_m tau_s / (tau_m - tau_s)) (exp(-t / tau_m) - exp(-t / tau_s)),

which the script compares with the simulation. With conductance-based synapses they add up to less,
because the driving force shrinks as the potential comes nearer to the reversal potential.

    python synaptic_integration.py          # the simulated BrainScaleS-2 chip
    python synaptic_integration.py nest     # another PyNN backend
"""

import argparse
import importlib

import numpy as np
from pyNN.utility.plotting import Figure, Panel

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("simulator", nargs="?", help="another PyNN backend, such as nest")
parser.add_argument("--chip", help="chip model, for example ideal or quantized")
options = parser.parse_args()

if options.simulator:
    sim = importlib.import_module(f"pyNN.{options.simulator}")
else:
    import pynn_bss2sim as sim

timestep, delay, v_rest, tau_m, c_m = 0.1, 1.0, -65.0, 20.0, 0.5  # ms, ms, mV, ms, nF
tau_syn = {"excitatory": 5.0, "inhibitory": 10.0}  # ms
e_rev = {"excitatory": 0.0, "inhibitory": -80.0}  # mV
weight = {"excitatory": 0.4, "inhibitory": -0.2}  # nA
spike_times = {
    "excitatory": np.array([20.0, 100.0, 105.0, 110.0, 115.0, 120.0]),
    "inhibitory": np.array([180.0, 260.0, 265.0, 270.0, 275.0, 280.0]),
}

chip = {"chip": options.chip} if options.chip else {}
sim.setup(timestep=timestep, min_delay=0.1, **chip)

membrane = {
    "cm": c_m,
    "tau_m": tau_m,
    "v_rest": v_rest,
    "v_reset": v_rest,
    "v_thresh": -40.0,  # mV, out of reach
    "tau_syn_E": tau_syn["excitatory"],
    "tau_syn_I": tau_syn["inhibitory"],
}
neurons = {
    "CUBA": sim.Population(1, sim.IF_curr_exp(**membrane), label="CUBA"),
    "COBA": sim.Population(
        1, sim.IF_cond_exp(e_rev_E=0.0, e_rev_I=-80.0, **membrane), label="COBA"
    ),
}
for receptor, times in spike_times.items():
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times), label=receptor)
    # the same current at rest: conductance = current / driving force
    conductance = weight[receptor] / (e_rev[receptor] - v_rest)
    for model, strength in (("CUBA", weight[receptor]), ("COBA", conductance)):
        synapse = sim.StaticSynapse(weight=strength, delay=delay)
        sim.Projection(
            source, neurons[model], sim.AllToAllConnector(), synapse, receptor_type=receptor
        )
for neuron in neurons.values():
    neuron.initialize(v=v_rest)
    neuron.record("v")

sim.run(350.0)

signals = {m: n.get_data().segments[0].filter(name="v")[0] for m, n in neurons.items()}
trace = {model: signal.magnitude[:, 0] for model, signal in signals.items()}
time = timestep * np.arange(len(trace["CUBA"]))
theory = np.full(len(time), v_rest)
for receptor, times in spike_times.items():
    tau_s = tau_syn[receptor]
    scale = weight[receptor] / c_m * tau_m * tau_s / (tau_m - tau_s)
    for t in times:
        since = np.maximum(time - t - delay, 0.0)
        theory += scale * (np.exp(-since / tau_m) - np.exp(-since / tau_s))

print(f"CUBA: largest deviation from the formula {np.abs(trace['CUBA'] - theory).max():.2g} mV")
for model, v in trace.items():
    for receptor, (single, burst) in {
        "excitatory": (v[200:1000].max(), v[1000:1800].max()),
        "inhibitory": (v[1800:2600].min(), v[2600:].min()),
    }.items():
        ratio = (burst - v_rest) / (single - v_rest)
        print(
            f"{model} {receptor}: one spike {single - v_rest:+.2f} mV, "
            f"five spikes {burst - v_rest:+.2f} mV, ratio {ratio:.2f}"
        )

name = "_".join(filter(None, [options.simulator or "bss2sim", options.chip]))
figure = f"results/synaptic_integration_{name}.png"
Figure(
    *(Panel(s, ylabel=f"{m} (mV)", legend=False, yticks=True) for m, s in signals.items()),
    title=f"Synaptic integration, {name}",
).save(figure)
print(f"figure: {figure}")
sim.end()
