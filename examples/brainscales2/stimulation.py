"""Stimulation of a calibrated neuron: excitatory and inhibitory input of many weights.
====================================================================================

Weights are integers; beyond 63 a connection takes several synapses. What one sees: postsynaptic
potentials on a neuron of the nightly calibration, and their height by the weight. Excitation grows
in proportion, inhibition saturates.

    python stimulation.py               # writes results/stimulation.png
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim.brainscales2 as pynn

WEIGHTS = (-288, -160, -96, -63, -32, 32, 63, 96, 160, 288)

pynn.setup(initial_config=pynn.helper.chip_from_nightly())
neuron = pynn.Population(1, pynn.cells.HXNeuron(threshold_enable=False))
source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=[0.02]))
projections = {
    receptor: pynn.Projection(
        source,
        neuron,
        pynn.AllToAllConnector(),
        synapse_type=pynn.synapses.StaticSynapse(weight=0),
        receptor_type=receptor,
    )
    for receptor in ("excitatory", "inhibitory")
}
neuron.record("v")
heights = []
figure, (traces, curve) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
for weight in WEIGHTS:
    projections["excitatory"].set(weight=max(weight, 0))
    projections["inhibitory"].set(weight=min(weight, 0))
    pynn.run(0.1)
    signal = neuron.get_data(clear=True).segments[-1].irregularlysampledsignals[0]
    pynn.reset()
    time, v = signal.times.rescale("us").magnitude, signal.magnitude[:, 0]
    rest = v[time < 20].mean()
    smooth = np.convolve(v, np.ones(15) / 15, "valid")
    heights.append((smooth.max() if weight > 0 else smooth.min()) - rest)
    print(f"weight {weight}: {heights[-1]:.1f} LSB from {rest:.0f}")
    traces.plot(time, v, lw=0.6)
traces.set(xlabel="time (µs)", ylabel="membrane (LSB)")
curve.plot(WEIGHTS, heights, "o-", ms=4)
curve.set(xlabel="weight", ylabel="height (LSB)")
Path("results").mkdir(exist_ok=True)
figure.savefig("results/stimulation.png", dpi=150)
print("figure: results/stimulation.png")
pynn.end()
