"""Row isi_calib: intervals between spikes by the refractory time and the clock of its counter.

The refractory time is the counter's length over 250 MHz / 2**(scale + 1); beyond it, an interval
holds the way from reset to threshold, which stays the same.
"""

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from dlens_vx_v3 import halco, lola


def intervals(clock_scale, refractory_times):
    """Median interval (ms) for each refractory time, in one setup."""
    config = lola.Chip()
    for block in halco.iter_all(halco.CommonNeuronBackendConfigOnDLS):
        backend = config.neuron_block.backends[block]
        backend.enable_clocks = True
        backend.clock_scale_slow = backend.clock_scale_fast = clock_scale
    pynn.setup(initial_config=config)
    pop = pynn.Population(
        1,
        pynn.cells.HXNeuron(
            leak_v_leak=1022, leak_i_bias=1022, leak_enable_multiplication=True,
            threshold_enable=True, threshold_v_threshold=100, reset_v_reset=400,
            reset_i_bias=1022, reset_enable_multiplication=True,
            membrane_capacitance_capacitance=4,
        ),
    )  # fmt: skip
    pop.record("spikes")
    pynn.run(None, pynn.RunCommand.PREPARE)
    found = []
    for counts in refractory_times:
        pop.set(refractory_period_refractory_time=counts)
        pynn.run(0.4)
        (train,) = pop.get_data("spikes", clear=True).segments[-1].spiketrains
        found.append(np.median(np.diff(train.rescale("ms").magnitude)))
        pynn.reset()
    pynn.end()
    return np.array(found)


refractory_times = np.arange(5, 256, 50)
for scale in (0, 3):
    measured = intervals(scale, refractory_times)
    slope, _ = np.polyfit(refractory_times, measured, 1)
    expected = 2.0 ** (scale + 1) / 250e3
    assert abs(slope / expected - 1) < 0.03, (scale, slope / expected)
    # no calibration, as short as possible: 0.01 ms and below are reached
    assert measured.min() < 0.01
assert abs(measured.max() - 255 * expected) < 0.003
