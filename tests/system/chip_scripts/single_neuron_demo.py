"""Row single_neuron_demo: a neuron that nobody has calibrated, whose inputs are open.

Cells of a population are read in turn (`record(None)`, views, reset), then both receptors are
stimulated in an experiment of their own.
"""

import numpy as np
import pynn_brainscales.brainscales2 as pynn

NEURON = dict(
    leak_v_leak=650, leak_i_bias=90, threshold_v_threshold=480, threshold_enable=True,
    reset_v_reset=400, reset_i_bias=1022, reset_enable_multiplication=True,
    membrane_capacitance_capacitance=63, refractory_period_refractory_time=120,
    excitatory_input_enable=True, excitatory_input_i_bias_tau=120, excitatory_input_i_bias_gm=500,
    excitatory_input_enable_high_resistance=True, inhibitory_input_enable=True,
    inhibitory_input_i_bias_tau=120, inhibitory_input_i_bias_gm=500,
    inhibitory_input_enable_high_resistance=True,
)  # fmt: skip

pynn.setup()
pop = pynn.Population(3, pynn.cells.HXNeuron(**NEURON))
rest = []
for k in range(3):
    pop.record(None)
    pop[k : k + 1].record("v")
    pynn.run(0.05)
    (signal,) = pop.get_data("v").segments[-1].irregularlysampledsignals
    assert signal.array_annotations["channel_index"][0] == k
    rest.append(signal.magnitude.mean())
    pynn.reset()
assert len(pop.get_data("v").segments) == 3
pynn.end()
# 0.79 readings for each code, and neurons that differ
assert abs(np.mean(rest) - (0.79 * 650 - 180)) < 40
assert np.ptp(rest) > 1

change = {}
for receptor, sign in (("excitatory", 1), ("inhibitory", -1)):
    pynn.setup()
    pop = pynn.Population(1, pynn.cells.HXNeuron(**NEURON))
    source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=[0.02]))
    pynn.Projection(
        source, pop, pynn.AllToAllConnector(), receptor_type=receptor,
        synapse_type=pynn.synapses.StaticSynapse(weight=sign * 63),
    )  # fmt: skip
    pop.record(["v", "spikes"])
    pynn.run(0.06)
    segment = pop.get_data().segments[-1]
    signal = segment.irregularlysampledsignals[0]
    before, after = signal.time_slice(None, 0.02), signal.time_slice(0.022, 0.035)
    change[receptor] = float(after.magnitude.mean() - before.magnitude.mean())
    assert len(segment.spiketrains[0]) == 0
    pynn.end()
assert change["excitatory"] > 5
assert change["inhibitory"] < -5
