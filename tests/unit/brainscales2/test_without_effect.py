"""Settings that the emulation knows nothing of are told once; all others take effect."""

import warnings

import numpy as np
import pytest

import pynn_bss2sim.brainscales2 as pynn
from pynn_bss2sim.brainscales2.circuit_parameters import COLUMNS
from pynn_bss2sim.brainscales2.without_effect import WITHOUT_EFFECT, EffectWarning

from .conftest import FIRING, neurons, source, trains

OF_CIRCUITS = [name for name in WITHOUT_EFFECT if name in COLUMNS]
OF_SETUP = {
    "calibration_cache": ["/nowhere"],
    "backgroundPermutation": [1, 0, 2, 3],
}
OF_CHIPS = {
    "clock_scale_post_pulse": lambda chip, value: setattr(
        chip.neuron_block.backends[0], "clock_scale_post_pulse", value
    ),
    "enable_clocks": lambda chip, value: setattr(
        chip.neuron_block.backends[0], "enable_clocks", value
    ),
    "enable_connect_neuron": lambda chip, value: setattr(
        chip.cadc_readout_chains[0].channels_causal[3], "enable_connect_neuron", value
    ),
}


def other(name):
    column = COLUMNS[name]
    return not column.default if column.is_switch else 3


OF_CALIBRATIONS = {
    "e_coba_reference": lambda target, options: setattr(
        target.neuron_target, "e_coba_reference", 100
    ),
    "tau_icc": lambda target, options: setattr(target.neuron_target, "tau_icc", 1.0),
    "refine_potentials": lambda target, options: setattr(options, "refine_potentials", True),
    "readout_neuron": lambda target, options: setattr(options.neuron_options, "readout_neuron", 3),
}


def test_all_settings_are_looked_at():
    assert {*OF_CIRCUITS, *OF_SETUP, *OF_CHIPS, *OF_CALIBRATIONS} == set(WITHOUT_EFFECT)


@pytest.mark.parametrize("name", OF_CALIBRATIONS)
def test_requests_to_calibrations_are_told(name):
    target, options = pynn.SpikingCalibTarget(), pynn.SpikingCalibOptions()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pynn.setup(injected_calib_target=target, injected_calib_options=options)
    OF_CALIBRATIONS[name](target, options)
    with pytest.warns(EffectWarning, match=f"{name} has no effect"):
        pynn.setup(injected_calib_target=target, injected_calib_options=options)


@pytest.mark.parametrize("name", OF_CIRCUITS)
def test_parameters_of_circuits_are_told(face, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pop = neurons(2, **{name: COLUMNS[name].default})
    with pytest.warns(EffectWarning, match=f"{name} has no effect on the emulated chip"):
        neurons(2, **{name: [COLUMNS[name].default, other(name)]})
    with pytest.warns(EffectWarning, match=name):
        pop.set(**{name: other(name)})
    group, field = face.helper.decompose_in_member_names(name)
    neuron = face.lola.AtomicNeuron()
    with pytest.warns(EffectWarning, match=name):
        setattr(getattr(neuron, group), field, other(name))


@pytest.mark.parametrize("name", OF_SETUP)
def test_parameters_of_setup_are_told(name):
    with pytest.warns(EffectWarning, match=f"{name} has no effect"):
        pynn.setup(**{name: OF_SETUP[name]})


@pytest.mark.parametrize("name", OF_CHIPS)
def test_fields_of_chips_are_told(name):
    value = {"clock_scale_post_pulse": 2}.get(name, False)
    chip = pynn.lola.Chip()
    with pytest.warns(EffectWarning, match=f"{name} has no effect"):
        OF_CHIPS[name](chip, value)


def test_a_setting_is_told_once_and_calibrations_are_not_told():
    with warnings.catch_warnings(record=True) as caught:
        warnings.resetwarnings()
        warnings.simplefilter("default")
        for _ in range(3):
            pynn.setup()
            neurons(1, leak_enable_degeneration=True)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pynn.setup(initial_config=pynn.helper.chip_from_nightly())
        pop = neurons()
        pynn.run(None, pynn.RunCommand.PREPARE)
        pop.set(leak_v_leak=500)
        assert pop.get("excitatory_input_i_shift_reference") > 0


# --- what takes effect ---


def test_hold_off_releases_the_membrane_and_keeps_it_silent(face):
    """Of 39 cycles of 512 ns without a spike, 30 go by while the membrane rises again."""
    chip = face.lola.Chip()
    for backend in chip.neuron_block.backends:
        backend.clock_scale_slow = 6
    isi = {}
    for holdoff in (15, 0):
        face.setup(initial_config=chip)
        refractory = {"refractory_time": 40, "reset_holdoff": holdoff}
        pop = neurons(1, **FIRING | {f"refractory_period_{k}": v for k, v in refractory.items()})
        pop.record("spikes")
        face.run(0.5)
        isi[holdoff] = np.diff(trains(pop)[0]).mean()
    assert isi[0] == pytest.approx(39 * 512e-6, abs=40e-6)
    # without hold-off, the rise of some 5 µs comes behind
    assert isi[15] > isi[0] + 3e-3


@pytest.mark.parametrize(
    ("time", "code", "enable", "told"),
    [(20, 0, True, True), (31, 0, True, False), (0, 15, True, False), (20, 0, False, False)],
)
def test_resets_that_a_hold_off_misses_are_told(face, time, code, enable, told):
    pop = neurons(2, **FIRING)
    refractory = {"refractory_time": time, "reset_holdoff": code}
    pop[1:2].set(
        threshold_enable=enable, **{f"refractory_period_{k}": v for k, v in refractory.items()}
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        face.run(None, face.RunCommand.PREPARE)
    found = [str(w.message) for w in caught if w.category is EffectWarning]
    assert len(found) == told
    if told:
        assert "= 20 is shorter than the 31 cycles of reset_holdoff = 0" in found[0]


@pytest.mark.parametrize(
    ("holdoff", "code"), [(0.0, 15), (0.12, 8), (0.24, 1), (0.25, 8), (3.9, 1)]
)
def test_calibrated_neurons_have_the_hold_off_that_is_asked_for(holdoff, code):
    target = pynn.SpikingCalibTarget()
    target.neuron_target.holdoff_time = holdoff
    pynn.setup(injected_calib_target=target)
    tau = 2.0 if holdoff < 1 else 10.0
    pop = pynn.Population(2, pynn.cells.CalibHXNeuronCuba(tau_refrac=tau))
    pynn.run(None, pynn.RunCommand.PREPARE)
    mapping = pynn.get_execution_instance_data()
    circuit = pop.calib_hwparams[0].refractory_period
    assert circuit.reset_holdoff == code
    # of both clocks the fast one serves neurons that are alike
    cycle = 2 * 2.0 ** int(mapping.config.refractory_clock_scale[0, 1]) / 250
    assert (31 - 2 * code) * cycle == pytest.approx(max(holdoff, cycle), abs=1.5 * cycle)
    assert (circuit.refractory_time - 1) * cycle == pytest.approx(tau, abs=cycle)


def test_a_hold_off_that_cannot_be_is_refused():
    target = pynn.SpikingCalibTarget()
    target.neuron_target.holdoff_time = 4.1
    with pytest.raises(ValueError, match="holdoff_time = 4.1"):
        pynn.setup(injected_calib_target=target)


@pytest.fixture
def bypass():
    pynn.setup(enable_neuron_bypass=True)
    return pynn


def causal_change(pop, times):
    """By how much the causal sensor of a synapse falls in bypass."""
    synapse = pynn.synapses.StaticRecordingSynapse(
        pynn.Timer(start=0.0, period=0.45, num_periods=2), 63, {"correlation_causal"}
    )
    projection = pynn.Projection(source(*times), pop, pynn.AllToAllConnector(), synapse)
    pynn.run(0.5)
    first, last = (s.data[0][0] for s in projection.get_data("correlation_causal")[0])
    return first - last


TIMES = np.arange(20) * 20e-3 + 1e-3


@pytest.mark.parametrize(
    ("parameters", "seen"),
    [
        ({}, True),
        ({"bayesian_to_post_pulse": False}, False),
        ({"event_routing_enable_post_overwrite": True}, False),
    ],
)
def test_sensors_see_spikes_that_are_handed_on_to_them(bypass, parameters, seen):
    assert (causal_change(neurons(1, **parameters), TIMES) > 4) == seen


class Looking(pynn.PlasticityRule):
    def __init__(self):
        super().__init__(pynn.Timer(start=0.02, period=0.01, num_periods=4))
        self.seen = []

    def kernel(self, synapses, neurons, recording):
        self.seen.append(neurons[0].membranes.astype(int))


def test_processors_read_the_source_that_is_chosen(face):
    kind = face.cells.HXNeuron.ReadoutSource
    rule = Looking()
    pop = face.Population(
        3,
        face.cells.HXNeuron(
            rule, leak_v_leak=500, leak_i_bias=500, membrane_capacitance_capacitance=63,
            adaptation_v_ref=[0, 0, 100],
            plasticity_rule_enable_readout_source=[False, True, True],
            plasticity_rule_readout_source=[kind.adaptation, kind.exc_synin, kind.adaptation],
        ),
    )  # fmt: skip
    pop.record("v")
    face.run(0.1)
    membrane, line, adaptation = np.array(rule.seen).mean(axis=0)
    assert len(rule.seen) == 4
    # three voltages that differ by far more than circuits do
    assert line > membrane + 30
    assert adaptation < membrane - 20
