"""Row fp_singleNeuron: one neuron by hand, without and with a calibration, at the pull of sliders.

Each position of a slider is a setup, a run and an end of its own.
"""

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from _static.common.helpers import get_nightly_calibration, setup_hardware_client
from dlens_vx_v3 import hxcomm

setup_hardware_client()
calibration = get_nightly_calibration()


def experiment(connection=None, config=None, **sliders):
    """Spikes (ms) and readings of a neuron over threshold."""
    pynn.setup(initial_config=config, connection=connection)
    neuron = pynn.Population(
        1,
        pynn.cells.HXNeuron(
            **{
                "leak_v_leak": 1000, "leak_i_bias": 150, "threshold_v_threshold": 300,
                "reset_v_reset": 400, "threshold_enable": True,
                "membrane_capacitance_capacitance": 63, "reset_i_bias": 1022,
                "reset_enable_multiplication": True, "refractory_period_refractory_time": 255,
                **sliders,
            }
        ),
    )  # fmt: skip
    neuron.record(["v", "spikes"])
    pynn.run(0.2)
    segment = neuron.get_data().segments[-1]
    pynn.end()
    spikes = segment.spiketrains[0].rescale("ms").magnitude
    return spikes, segment.irregularlysampledsignals[0].magnitude[:, 0]


with hxcomm.ManagedConnection() as connection:
    tops = []
    for threshold in (200, 300, 400):
        spikes, v = experiment(connection, threshold_v_threshold=threshold)
        tops.append(np.percentile(v, 99))
    # about one reading for each code of the threshold
    assert np.allclose(np.diff(tops), 100, rtol=0.25)
    bottoms = [
        np.percentile(experiment(connection, reset_v_reset=code)[1], 1) for code in (350, 400, 450)
    ]
    assert np.allclose(np.diff(bottoms), 0.88 * 50, rtol=0.3)
    periods = [
        np.median(np.diff(experiment(connection, leak_i_bias=code)[0])) for code in (150, 300, 600)
    ]
    assert periods == sorted(periods, reverse=True)
    assert len(experiment(connection, leak_v_leak=400)[0]) == 0

# of a calibrated chip only what is not given: rest of 80 LSB, tau of 10 us
spikes, v = experiment(config=calibration, leak_v_leak=0, threshold_enable=False)
assert len(spikes) == 0
pynn.setup(initial_config=calibration)
neuron = pynn.Population(1, pynn.cells.HXNeuron())
neuron.record("v", device="cadc")
pynn.run(0.1)
signal = neuron.get_data("v").segments[-1].irregularlysampledsignals[0]
assert abs(signal.magnitude.mean() - 80) < 3
assert neuron.get("threshold_enable")
pynn.end()
