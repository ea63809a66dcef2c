"""Row adex (fp_adex, ts_08): a neuron with adaptation and exponential term under a current step.

Clocks are scaled in the configuration of the chip after setup; one neuron shows its membrane, its
neighbour its adaptation. A permutation says where they lie.
"""

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from dlens_vx_v3 import halco

COMMON = dict(
    leak_v_leak=650, leak_i_bias=70, membrane_capacitance_capacitance=63, threshold_enable=True,
    threshold_v_threshold=380, reset_i_bias=1022, reset_enable_multiplication=True,
    refractory_period_refractory_time=250, exponential_enable=True, exponential_v_exp=370,
    exponential_i_bias=400, adaptation_v_ref=500, adaptation_v_leak=450, reset_v_reset=420,
    constant_current_i_offset=700,
)  # fmt: skip
ADAPTING = dict(
    adaptation_enable=True, adaptation_enable_pulse=True, adaptation_i_bias_tau=100,
    adaptation_i_bias_a=10, adaptation_i_bias_b=150,
)  # fmt: skip
BURSTING = dict(
    ADAPTING, reset_v_reset=680, constant_current_i_offset=900, adaptation_i_bias_a=2,
    adaptation_i_bias_b=900,
)  # fmt: skip


def pattern(**own):
    """Intervals (us) during the step, and readings of adaptation before and in it."""
    pynn.setup(neuronPermutation=[0, 1])
    backends = pynn.simulator.state.grenade_chip_config.neuron_block.backends
    for block in halco.iter_all(halco.CommonNeuronBackendConfigOnDLS):
        backends[block].clock_scale_adaptation_pulse = 6
    pop = pynn.Population(2, pynn.cells.HXNeuron(**{**COMMON, **own}))
    pop.record("spikes")
    pop[[0]].record("v")
    pop[[1]].record("adaptation")
    for on, duration in ((False, 0.05), (True, 0.4)):
        pop.set(constant_current_enable=on)
        pynn.run(duration, pynn.RunCommand.APPEND)
    pynn.run(None)
    trains = pop.get_data("spikes").segments[-1].spiketrains
    before, step = pop[[1]].get_data("adaptation").segments[-1].irregularlysampledsignals
    assert before.name == "adaptation"
    assert pop[[0]].get_data("v").segments[-1].irregularlysampledsignals[0].name == "v"
    pynn.end()
    assert len(trains[0]) == 0
    return np.diff(trains[2].rescale("us").magnitude), before.magnitude, step.magnitude


silent, _, _ = pattern(constant_current_i_offset=50)
assert len(silent) == 0
tonic, _, _ = pattern()
assert np.allclose(tonic, np.median(tonic), rtol=0.3)
adapting, before, step = pattern(**ADAPTING)
assert adapting[0] < 0.75 * np.median(adapting) < adapting[-1]
# adaptation rises with each spike
assert step.max() > before.mean() + 20
bursting, _, _ = pattern(**BURSTING)
assert bursting.max() > 15 * np.median(bursting)
