"""Row ts_11: homeostasis: a rule adapts weights until 512 neurons fire at a target rate.

The rule belongs to the projection and the population, sees rate counters, and records weights.
"""

import numpy as np
import pynn_brainscales.brainscales2 as pynn

PERIOD, PERIODS, TARGET = 1.0, 40, 6  # ms, runs of the rule, spikes in a period


class Homeostasis(pynn.PlasticityRule):
    """One code up or down for each neuron that fired too little or too much."""

    def kernel(self, synapses, neurons, recording):
        for k, (handle, cells) in enumerate(zip(synapses, neurons, strict=True)):
            counts = cells.counters(reset=True).astype(int)
            weights = handle.weights.astype(int) + np.sign(TARGET - counts)
            handle.weights = np.clip(weights, 0, 63)
            recording.weights[k] = handle.weights


observable = pynn.PlasticityRule.ObservablePerSynapse(
    pynn.PlasticityRule.ObservablePerSynapse.Type.uint8,
    pynn.PlasticityRule.ObservablePerSynapse.LayoutPerRow.packed_active_columns,
)
rule = Homeostasis(
    timer=pynn.Timer(start=PERIOD, period=PERIOD, num_periods=PERIODS),
    observables={"weights": observable},
)
pynn.setup(initial_config=pynn.helper.chip_from_nightly())
pop = pynn.Population(512, pynn.cells.HXNeuron(plasticity_rule=rule))
noise = pynn.Population(1, pynn.cells.SpikeSourcePoissonOnChip(rate=120e3, seed=1234))
projection = pynn.Projection(
    noise, pop, pynn.AllToAllConnector(),
    synapse_type=pynn.synapses.PlasticSynapse(weight=0, plasticity_rule=rule),
)  # fmt: skip
pop.record("spikes")
pynn.run(PERIOD * (PERIODS + 1))
(samples,) = projection.get_data("weights")
weights = np.array([[entry[0] for entry in sample.data] for sample in samples])
assert weights.shape == (PERIODS, 512)
assert set(weights[0]) == {1}
trains = pop.get_data("spikes").segments[-1].spiketrains
counts = np.array([np.sum(train.magnitude > PERIOD * (PERIODS - 9)) for train in trains]) / 10
pynn.end()
# it takes 10 to 30 codes, of each neuron its own
final = np.median(weights[-10:], axis=0)
assert 12 < np.median(final) < 40
assert final.std() > 1
assert abs(np.median(counts) - TARGET) < 2
