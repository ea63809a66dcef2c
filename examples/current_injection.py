"""One kind of neuron, four kinds of injected current.
===================================================

Four equal neurons each get current from another of PyNN's current sources: a constant (DC), a
staircase (step), a sine wave (AC) and noise. Between 100 and 300 ms the constant current is just
strong enough to make its neuron fire; the others fire when their current is high for long enough.

What one sees: four membrane potentials. The first rises to the threshold at -50 mV, falls back to
-65 mV and repeats this like a clock; the second follows the stairs; the third fires in each crest
of the sine; the fourth fires irregularly.

    python current_injection.py          # the simulated BrainScaleS-2 chip
    python current_injection.py nest     # another PyNN backend
"""

import argparse
import importlib

from pyNN.utility.plotting import Figure, Panel

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("simulator", nargs="?", help="another PyNN backend, such as nest")
parser.add_argument("--chip", help="chip model, for example ideal or quantized")
options = parser.parse_args()

if options.simulator:
    sim = importlib.import_module(f"pyNN.{options.simulator}")
else:
    import pynn_bss2sim as sim

chip = {"chip": options.chip} if options.chip else {}
sim.setup(timestep=0.1, min_delay=0.1, **chip)

# a membrane of 20 MOhm: 1 nA raises the potential by 20 mV, the threshold is 15 mV above rest
cell_type = sim.IF_curr_exp(
    cm=1.0, tau_m=20.0, v_rest=-65.0, v_reset=-65.0, v_thresh=-50.0, tau_refrac=2.0
)
neurons = sim.Population(4, cell_type, label="neurons")
neurons.initialize(v=-65.0)
neurons.record(["v", "spikes"])

constant = sim.DCSource(amplitude=0.8, start=100.0, stop=300.0)
staircase = sim.StepCurrentSource(times=[100.0, 200.0, 300.0], amplitudes=[0.5, 1.0, 0.0])
sine = sim.ACSource(start=100.0, stop=300.0, amplitude=0.8, offset=0.4, frequency=10.0, phase=0.0)
noise = sim.NoisyCurrentSource(mean=0.7, stdev=1.0, start=100.0, stop=300.0, dt=1.0)
for neuron, source in zip(neurons, [constant, staircase, sine, noise], strict=True):
    source.inject_into([neuron])

sim.run(400.0)

data = neurons.get_data().segments[0]
names = ["constant", "staircase", "sine", "noise"]
trains = sorted(data.spiketrains, key=lambda train: train.annotations["source_index"])
for name, train in zip(names, trains, strict=True):
    times = ", ".join(f"{time:.1f}" for time in train.magnitude)
    print(f"{name}: {len(train)} spikes at (ms) {times}")

potential = data.filter(name="v")[0]
name = "_".join(filter(None, [options.simulator or "bss2sim", options.chip]))
figure = f"results/current_injection_{name}.png"
Figure(
    *(
        Panel(potential[:, i], ylabel=f"{names[i]} (mV)", legend=False, yticks=True, xticks=i == 3)
        for i in range(4)
    ),
    title=f"Current injection, {name}",
).save(figure)
print(f"figure: {figure}")
sim.end()
