"""Row gs_03: spikes of a calibrated neuron by the number of inputs, at the pull of a slider."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn

calibration = pynn.helper.chip_from_nightly()


def experiment(n_inputs, weight):
    """How often a neuron fires for spikes of all inputs at once."""
    pynn.setup(initial_config=calibration)
    neuron = pynn.Population(1, pynn.cells.HXNeuron())
    times = np.arange(0.02, 0.18, 0.04)
    sources = pynn.Population(n_inputs, pynn.cells.SpikeSourceArray(spike_times=times))
    pynn.Projection(
        sources, neuron, pynn.AllToAllConnector(),
        synapse_type=pynn.synapses.StaticSynapse(weight=weight),
    )  # fmt: skip
    neuron.record("spikes")
    pynn.run(0.2)
    (train,) = neuron.get_data("spikes").segments[0].spiketrains
    pynn.end()
    return len(train)


by_weight = [experiment(6, weight) for weight in (0, 10, 63)]
assert by_weight[0] == by_weight[1] == 0
assert by_weight[2] >= 4
by_number = [experiment(n, 50) for n in (1, 2, 4, 8)]
assert by_number == sorted(by_number)
assert by_number[0] == 0
assert by_number[-1] >= 4
