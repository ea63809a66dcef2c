"""Row adex (fp_adex, ts_08): a neuron with adaptation and exponential term under a current step.

Clocks are scaled in the configuration of the chip after setup. The neuron shows its adaptation, and
its right neighbour, which is joined with it and has nothing of its own, its membrane.
"""

import numpy as np
import pyhalco_hicann_dls_vx_v3 as halco
import pylola_vx_v3 as lola
import pynn_brainscales.brainscales2 as pynn

COMMON = dict(
    leak_v_leak=650, leak_i_bias=70, membrane_capacitance_capacitance=63, threshold_enable=True,
    threshold_v_threshold=380, reset_i_bias=1022, reset_enable_multiplication=True,
    refractory_period_refractory_time=250, exponential_enable=True, exponential_v_exp=370,
    exponential_i_bias=400, adaptation_v_ref=500, adaptation_v_leak=450, reset_v_reset=420,
    constant_current_i_offset=420,
)  # fmt: skip
ADAPTING = dict(
    adaptation_enable=True, adaptation_enable_pulse=True, adaptation_i_bias_tau=100,
    adaptation_i_bias_a=10, adaptation_i_bias_b=150,
)  # fmt: skip
BURSTING = dict(
    ADAPTING, reset_v_reset=680, constant_current_i_offset=530, adaptation_i_bias_a=2,
    adaptation_i_bias_b=900,
)  # fmt: skip


def pattern(**own):
    """Intervals (us) during the step, and readings of adaptation and membrane before and in it."""
    pynn.setup(neuronPermutation=[0, 1], initial_config=lola.Chip())
    backends = pynn.simulator.state.grenade_chip_config.neuron_block.backends
    for block in halco.iter_all(halco.CommonNeuronBackendConfigOnDLS):
        backends[block].clock_scale_adaptation_pulse = 6
    pop = pynn.Population(2, pynn.cells.HXNeuron())
    neuron = pop[0]
    for name, value in {**COMMON, **own}.items():
        setattr(neuron, name, value)
    neuron.multicompartment_connect_right = True
    pop[0:1].record(["adaptation", "spikes"])
    pop[1:2].record("v")
    for on, duration in ((False, 0.05), (True, 0.4)):
        pop[0:1].set(constant_current_enable=on)
        pynn.run(duration, pynn.RunCommand.APPEND)
    pynn.run(None)
    segment = pop.get_data().segments[-1]
    pynn.end()
    silent, train = segment.spiketrains
    assert len(silent) == 0
    names = [signal.name for signal in segment.irregularlysampledsignals]
    assert names == ["adaptation", "v", "adaptation", "v"]
    return np.diff(train.rescale("us").magnitude), [
        signal.magnitude for signal in segment.irregularlysampledsignals
    ]


silent, (_, before, _, step) = pattern(constant_current_i_offset=50)
assert len(silent) == 0
# the current lifts the joined membrane
assert step[-300:].mean() > before.mean() + 5
tonic, (_, before, _, step) = pattern()
assert np.allclose(tonic, np.median(tonic), rtol=0.3)
assert step.max() > before.mean() + 50
adapting, (before, _, step, _) = pattern(**ADAPTING)
assert adapting[0] < 0.75 * np.median(adapting) < adapting[-1]
# adaptation rises with each spike
assert step.max() > before.mean() + 20
# adaptation that follows the membrane lets it overshoot
subthreshold, (_, _, _, step) = pattern(
    threshold_enable=False,
    exponential_enable=False,
    adaptation_enable=True,
    adaptation_i_bias_tau=100,
    adaptation_i_bias_a=40,
)
assert len(subthreshold) == 0
assert np.percentile(step, 99) > step[-300:].mean() + 15
bursting, _ = pattern(**BURSTING)
assert bursting.max() > 15 * np.median(bursting)
