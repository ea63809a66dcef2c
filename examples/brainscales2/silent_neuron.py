"""A silent neuron: what the fast converter reads of a membrane at rest.
=====================================================================

The leak potential is a code of the chip's memory. What one sees: steps of the membrane, in readings
of the converter (LSB), with the noise of circuit and converter, as the code is changed every 50 µs.

    python silent_neuron.py               # writes results/silent_neuron.png
"""

from pathlib import Path

import matplotlib.pyplot as plt

import pynn_bss2sim.brainscales2 as pynn

CODES = (400, 500, 600, 700, 800)

pynn.setup()
neuron = pynn.Population(
    1, pynn.cells.HXNeuron(leak_i_bias=300, membrane_capacitance_capacitance=63)
)
neuron.record("v")
for code in CODES:
    neuron.set(leak_v_leak=code)
    pynn.run(0.05, pynn.RunCommand.APPEND)
pynn.run(None)

figure, axis = plt.subplots(figsize=(7, 3.5), layout="constrained")
for code, signal in zip(CODES, neuron.get_data().segments[-1].irregularlysampledsignals,
                        strict=True):  # fmt: skip
    half = len(signal) // 2
    late = signal.magnitude[half:]
    print(f"code {code}: mean {late.mean():.1f} LSB, noise {late.std():.2f} LSB")
    axis.plot(signal.times.rescale("us"), signal.magnitude, lw=0.5, label=f"{code}")
axis.set(xlabel="time (µs)", ylabel="membrane (LSB)")
axis.legend(title="leak_v_leak", fontsize="small")
Path("results").mkdir(exist_ok=True)
figure.savefig("results/silent_neuron.png", dpi=150)
print("figure: results/silent_neuron.png")
pynn.end()
