"""AdEx patterns in register codes: tonic, adapting and bursting responses to a step of current.
=============================================================================================

A constant current is switched on between two snippets of an experiment; how the neuron responds is
decided by a few codes of reset and adaptation. What one sees: membrane and spikes.

    python adex.py               # writes results/chip_adex.png
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pynn_bss2sim.brainscales2 as pynn

COMMON = dict(
    leak_v_leak=650,
    leak_i_bias=70,
    membrane_capacitance_capacitance=63,
    threshold_enable=True,
    threshold_v_threshold=380,
    reset_i_bias=1022,
    reset_enable_multiplication=True,
    refractory_period_refractory_time=250,
    exponential_enable=True,
    exponential_v_exp=370,
    exponential_i_bias=400,
    constant_current_i_offset=420,
    adaptation_v_ref=500,
)
PATTERNS = {
    "tonic": dict(reset_v_reset=420),
    "adapting": dict(
        reset_v_reset=420,
        adaptation_enable=True,
        adaptation_enable_pulse=True,
        adaptation_i_bias_tau=100,
        adaptation_i_bias_a=10,
        adaptation_i_bias_b=150,
    ),
    "bursting": dict(
        reset_v_reset=680,
        constant_current_i_offset=530,
        adaptation_enable=True,
        adaptation_enable_pulse=True,
        adaptation_i_bias_tau=100,
        adaptation_i_bias_a=2,
        adaptation_i_bias_b=900,
    ),
}

figure, axes = plt.subplots(len(PATTERNS), 1, figsize=(7, 6), sharex=True, layout="constrained")
for (name, own), axis in zip(PATTERNS.items(), axes, strict=True):
    pynn.setup()
    for backend in pynn.simulator.state.grenade_chip_config.neuron_block.backends:
        backend.clock_scale_adaptation_pulse = 6
    neuron = pynn.Population(1, pynn.cells.HXNeuron(**{**COMMON, **own}))
    neuron.record(["spikes", "v"])
    for on in (False, True):
        neuron.set(constant_current_enable=on)
        pynn.run((0.05, 0.6)[on], pynn.RunCommand.APPEND)
    pynn.run(None)
    segment = neuron.get_data().segments[-1]
    spikes = np.concatenate([train.rescale("us").magnitude for train in segment.spiketrains])
    intervals = np.diff(spikes)
    print(
        f"{name}: {len(spikes)} spikes, intervals first {intervals[0]:.1f} us, median "
        f"{np.median(intervals):.1f} us, last {intervals[-1]:.1f} us, longest "
        f"{intervals.max():.1f} us"
    )
    for signal in segment.irregularlysampledsignals:
        axis.plot(signal.times.rescale("us"), signal.magnitude, lw=0.5, color="C0")
    axis.plot(spikes, np.full(len(spikes), 520), "|", color="k")
    axis.set(ylabel="membrane (LSB)", title=name)
    pynn.end()
axes[-1].set_xlabel("time (µs)")
Path("results").mkdir(exist_ok=True)
figure.savefig("results/chip_adex.png", dpi=150)
print("figure: results/chip_adex.png")
