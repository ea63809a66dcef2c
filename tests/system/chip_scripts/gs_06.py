"""Row gs_06: neurons as logic gates, decided by the weights of excitation and inhibition."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn

calibration = pynn.helper.chip_from_nightly()


def gate(weights, pattern):
    """Whether a neuron fires for inputs that are on or off, and its highest reading."""
    pynn.setup(initial_config=calibration)
    out = pynn.Population(1, pynn.cells.HXNeuron())
    out.record(["spikes", "v"])
    for on, weight in zip(pattern, weights, strict=True):
        times = list(0.02 + 1e-3 * np.arange(4)) if on else []
        source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=times))
        pynn.Projection(
            source, out, pynn.AllToAllConnector(),
            receptor_type="inhibitory" if weight < 0 else "excitatory",
            synapse_type=pynn.synapses.StaticSynapse(weight=weight),
        )  # fmt: skip
    pynn.run(0.1)
    segment = out.get_data().segments[-1]
    pynn.end()
    return len(segment.spiketrains[0]) > 0, segment.irregularlysampledsignals[0].magnitude.max()


patterns = ((0, 0), (1, 0), (0, 1), (1, 1))
for weights, truth in (
    ((30, 30), [False, False, False, True]),
    ((60, 60), [False, True, True, True]),
    ((60, -60), [False, True, False, False]),
):
    fired, tops = zip(*(gate(weights, pattern) for pattern in patterns), strict=True)
    assert list(fired) == truth, (weights, fired)
    # without input, nothing happens
    assert tops[0] < 0.9 * max(tops)
