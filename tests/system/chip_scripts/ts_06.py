"""Row ts_06: dynamic range: weights up to 288 on neurons anywhere, over one open connection."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from _static.common.helpers import get_nightly_calibration
from dlens_vx_v3 import hxcomm

log = pynn.logger.get("dynamic_range")
calibration = get_nightly_calibration()
weights = (32, 64, 128, 200, 288)


def heights(connection, circuit, sign):
    """Height of the potential by weight, on one circuit."""
    pynn.setup(initial_config=calibration, connection=connection, neuronPermutation=[circuit])
    neuron = pynn.Population(1, pynn.cells.HXNeuron())
    # before the configuration is loaded, as scripts of other releases do
    neuron.set(threshold_enable=False)
    source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=[0.02]))
    projection = pynn.Projection(
        source, neuron, pynn.AllToAllConnector(),
        receptor_type="excitatory" if sign > 0 else "inhibitory",
        synapse_type=pynn.synapses.StaticSynapse(weight=sign * weights[0]),
    )  # fmt: skip
    neuron.record("v")
    found = []
    for weight in weights:
        projection.set(weight=sign * weight)
        pynn.run(0.06)
        signal = neuron.get_data("v", clear=True).segments[-1].irregularlysampledsignals[0]
        pynn.reset()
        rest = signal.time_slice(None, 0.02).magnitude.mean()
        after = np.convolve(
            signal.time_slice(0.02, None).magnitude[:, 0] - rest, np.full(15, 1 / 15)
        )
        found.append(sign * np.max(sign * after))
    (placed,) = projection.placed_connections
    assert len(placed) == -(-weights[-1] // 63)
    pynn.end()
    log.info("circuit %d: %s", circuit, found)
    return np.array(found)


with hxcomm.ManagedConnection() as connection:
    assert len(connection.get_unique_identifier()) == 1
    for circuit in (7, 400):
        exc = heights(connection, circuit, 1)
        # about 0.8 readings for each code of the weight, nearly proportional up to the end
        assert 0.6 < exc[1] / 64 < 1.1
        assert 0.7 < exc[-1] / 288 / (exc[1] / 64) < 1.4
        inh = heights(connection, circuit, -1)
        # downwards, the lower end of the range is near
        assert (np.diff(inh) < 0).all()
        assert 0.2 < inh[-1] / 288 / (inh[1] / 64) < 0.85
