"""Row pynn_introduction (gs_02): sources, a calibrated neuron, and what each input makes of it."""

import pynn_brainscales.brainscales2 as pynn
from _static.common.helpers import get_nightly_calibration, setup_hardware_client

setup_hardware_client()
counts = {}
for n_inputs in (1, 6):
    pynn.setup(initial_config=get_nightly_calibration())
    neurons = pynn.Population(3, pynn.cells.HXNeuron())
    sources = pynn.Population(n_inputs, pynn.cells.SpikeSourceArray(spike_times=[0.01, 0.03, 0.06]))
    pynn.Projection(
        sources, neurons, pynn.AllToAllConnector(),
        synapse_type=pynn.synapses.StaticSynapse(weight=45),
    )  # fmt: skip
    neurons.record(["spikes"])
    pynn.run(0.1)
    trains = neurons.get_data("spikes").segments[0].spiketrains
    assert [train.annotations["source_index"] for train in trains] == [0, 1, 2]
    counts[n_inputs] = [len(train) for train in trains]
    first = [train[0].rescale("ms").magnitude for train in trains if len(train)]
    pynn.end()
assert counts[1] == [0, 0, 0]
assert all(3 <= count <= 12 for count in counts[6])
# within a membrane's rise after the first input
assert all(0.01 < time < 0.02 for time in first)
