"""What the chip makes of a network, in numbers and as a picture.
==============================================================

A network of 375 neurons is mapped onto the quantized chip: weights of 6 bits, parameters of 10
bits, a fixed latency instead of delays, and spikes that travel as labelled events through the
crossbar, four buses per hemisphere and the synapse drivers.

What one sees: the report lists what was asked and what was realised. In the picture, each column of
the two synapse arrays feeds the neuron circuit of that column, and each row carries the spikes of
up to 64 sources; red rows excite, blue rows inhibit.

    python mapping_report.py                # writes results/chip.png
"""

from pathlib import Path

import pynn_bss2sim as sim

sim.setup(timestep=0.1, chip="quantized")
rng = sim.NumpyRNG(seed=1)

cells = sim.IF_cond_exp(tau_m=15.0, e_rev_I=-75.0)
excitatory = sim.Population(300, cells, label="excitatory")
inhibitory = sim.Population(75, cells, label="inhibitory")
noise = sim.Population(100, sim.SpikeSourcePoisson(rate=20.0), label="noise")

connector = sim.FixedProbabilityConnector(0.1, rng=rng)
for source, receptor, weight in (
    (noise, "excitatory", 0.01),
    (excitatory, "excitatory", 0.004),
    (inhibitory, "inhibitory", 0.03),
):
    for target in (excitatory, inhibitory):
        synapse = sim.StaticSynapse(weight=weight, delay=1.5)
        sim.Projection(source, target, connector, synapse, receptor_type=receptor)

report = sim.mapping_report()  # maps the network; nothing has run yet
print(report)

Path("results").mkdir(exist_ok=True)
report.plot().savefig("results/chip.png", dpi=120)
print("figure: results/chip.png")
sim.end()
