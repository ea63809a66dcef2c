"""Codes become physical quantities, and the inverses find the nearest code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim._core import curves, hicannx
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import ChipConfig, ConfigError
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.curves import Affine, PowerLaw
from pynn_bss2sim._core.device import Device

CURVES = {
    name: curve for name, curve in vars(curves).items() if isinstance(curve, (Affine, PowerLaw))
}
CURVES |= {f"TAU_SYN[{k}]": curve for k, curve in enumerate(curves.TAU_SYN)}
CURVES |= {f"TAU_SYN_LOW[{k}]": curve for k, curve in enumerate(curves.TAU_SYN_LOW)}
DEVICE = Device()


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES)
def test_every_code_is_found_again(curve):
    codes = np.arange(curve.low, curve.high + 1)
    assert np.array_equal(curve.code(curve.value(codes)), codes)
    assert not curve.clips(curve.value(codes)).any()


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES)
@given(where=st.floats(0, 1))
def test_a_value_lies_within_one_code_of_what_is_realised(curve, where):
    low, high = curve.reach
    value = low + where * (high - low)
    code = int(curve.code(value))
    neighbours = curve.value(np.clip([code - 1, code, code + 1], curve.low, curve.high))
    assert min(neighbours) - 1e-9 <= value <= max(neighbours) + 1e-9
    if isinstance(curve, Affine):
        assert abs(curve.value(code) - value) <= abs(curve.slope) / 2 + 1e-9


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES)
def test_beyond_the_ends_is_clipped_and_said(curve):
    low, high = curve.reach
    beyond = np.array([low - abs(low) - 1, high * 2 + 1])
    assert curve.clips(beyond).all()
    assert np.allclose(curve.value(curve.code(beyond)), [low, high])


def test_time_constants_of_the_published_fits():
    assert curves.TAU_MEM.reach == pytest.approx((1.65, 46), rel=0.01)
    assert curves.TAU_MEM_DIVIDED.reach == pytest.approx((14.3, 219), rel=0.01)
    assert curves.TAU_SYN[0].reach == pytest.approx((1.36, 111), rel=0.01)
    assert curves.TAU_SYN[1].reach == pytest.approx((1.19, 105), rel=0.01)


def test_potentials_of_the_default_calibration():
    """80, 70 and 125 LSB of the column converter are codes of about 600, 453 and 330."""
    assert curves.LEAK.code(curves.cadc_to_mv(80)) == pytest.approx(600, abs=2)
    assert curves.RESET.code(curves.cadc_to_mv(70)) == pytest.approx(453, abs=2)
    assert curves.THRESHOLD.code(curves.cadc_to_mv(125)) == pytest.approx(330, abs=2)


def test_weight_step_gives_the_psp_it_is_derived_from():
    """Integrate one PSP with fine steps and compare its peak with the measured one."""
    c_m = curves.capacitance(63, 1)
    step, tau, v, peak = 1e-3, hicannx.PSP_TAU, 0.0, 0.0
    current = DEVICE.weight_step(hicannx.PSP_GM, 0, False)
    for n in range(30000):
        v += step * (current * np.exp(-n * step / tau) / c_m - v / tau)
        peak = max(peak, v)
    assert peak * hicannx.CADC_PER_MV == pytest.approx(hicannx.PSP_PER_WEIGHT, rel=1e-3)


def test_conductance_step_is_the_current_step_over_its_distance():
    conductance = DEVICE.weight_step(500, hicannx.COBA_BIAS, True)
    assert conductance * hicannx.COBA_DISTANCE == pytest.approx(DEVICE.weight_step(500, 0, False))
    assert DEVICE.weight_step(500, 1000, True) == pytest.approx(2 * conductance)
    assert DEVICE.weight_step(500, 500, True, synapse_bias=300) == pytest.approx(conductance / 2)


@given(st.floats(0.25, 200))
def test_leak_finds_the_membrane_time_constant(tau):
    c_m = curves.capacitance(63, 1)
    code, divided, multiplied, clipped = DEVICE.leak_codes(c_m / tau)
    assert not clipped
    realised = c_m / DEVICE.leak_conductance(code, divided, multiplied)
    assert realised == pytest.approx(tau, rel=0.03)  # half a code at the slow end


def test_leak_says_when_it_cannot():
    c_m = curves.capacitance(63, 1)
    assert DEVICE.leak_codes(c_m / np.array([0.1, 10.0, 300.0]))[3].tolist() == [True, False, True]


@pytest.mark.parametrize("line", [0, 1])
@given(tau=st.floats(0.3, 100))
def test_input_lines_find_their_time_constant(line, tau):
    code, high, clipped = DEVICE.tau_syn_codes(line, tau)
    assert not clipped
    assert DEVICE.tau_syn(line, code, high) == pytest.approx(tau, rel=0.05)


@pytest.mark.parametrize(("counter", "scale", "us"), [(256, 0, 2.04), (126, 1, 2.0), (1, 9, 0)])
def test_refractory_counter_counts_cycles_of_its_clock(counter, scale, us):
    assert DEVICE.refractory_time(counter, scale) == pytest.approx(us)


def one_chip(codes=None, switches=None, **registers):
    """A chip whose circuit 0 has these codes and switches."""
    analog = np.zeros((512, len(Analog)), np.uint16)
    analog[:, [Analog.I_BIAS_LEAK, Analog.I_BIAS_SYNIN_EXC_TAU, Analog.I_BIAS_SYNIN_INH_TAU]] = 100
    analog[:, [Analog.V_LEAK, Analog.V_RESET, Analog.V_THRESHOLD]] = (600, 450, 330)
    switch = np.zeros((512, len(Switch)), bool)
    for name, code in (codes or {}).items():
        analog[0, name] = code
    for name in switches or ():
        switch[0, name] = True
    return ChipConfig.default(analog=analog, switches=switch, **registers)


def read(config, first=0, count=1, timestep=0.1):
    return DEVICE.circuits([config], np.array([first]), np.array([count]), timestep)


def test_a_plain_circuit_is_what_its_codes_say():
    circuit = read(one_chip(capacitance=np.full(512, 63)))
    assert circuit.e_leak[0] == curves.LEAK.value(600)
    assert circuit.v_reset[0] == curves.RESET.value(450)
    assert circuit.v_thresh[0] == curves.THRESHOLD.value(330)
    assert circuit.c_m[0] / circuit.g_leak[0] == pytest.approx(242 * 100**-0.72)
    assert (circuit.i_offset[0], circuit.delta_t[0], circuit.a[0], circuit.b[0]) == (0, 0, 0, 0)
    assert not circuit.adex[0]
    assert not circuit.conductance_based[0]


@pytest.mark.parametrize(("switches", "sign"), [([], 0), ([11], 1), ([11, 12], -1), ([12], 0)])
def test_offset_current_has_an_enable_and_a_sign(switches, sign):
    circuit = read(one_chip({Analog.I_MEM_OFFSET: 100}, switches))
    assert circuit.i_offset[0] == pytest.approx(sign * 6.0)


def test_adaptation_and_exponential_term_are_there_if_switched_on():
    codes = {Analog.I_BIAS_ADAPT_TAU: 100, Analog.I_BIAS_ADAPT_A: 10, Analog.I_BIAS_ADAPT_B: 200}
    codes |= {Analog.I_BIAS_EXP: 500, Analog.V_EXP: 400}
    off = read(one_chip(codes))
    assert (off.adex[0], off.a[0], off.b[0], off.delta_t[0]) == (False, 0, 0, 0)
    on = [Switch.ADAPTATION_ENABLE, Switch.ADAPTATION_PULSE_ENABLE, Switch.EXPONENTIAL_ENABLE]
    circuit = read(one_chip(codes, on))
    assert circuit.adex[0]
    assert circuit.tau_w[0] == pytest.approx(115)
    assert circuit.a[0] == pytest.approx(0.087 * 0.76)
    assert circuit.b[0] == pytest.approx(0.087 * 0.38 * 200 * 0.008)
    assert circuit.delta_t[0] == pytest.approx(30)
    without_pulse = [Switch.ADAPTATION_ENABLE, Switch.EXPONENTIAL_ENABLE]
    assert read(one_chip(codes, without_pulse)).b[0] == 0
    inverted = [*on, Switch.ADAPTATION_INVERT_A, Switch.ADAPTATION_INVERT_B]
    circuit = read(one_chip(codes, inverted))
    assert circuit.a[0] < 0
    assert circuit.b[0] < 0


def test_joined_circuits_add_their_capacitance():
    codes = np.zeros(512, np.uint8)
    codes[3:6] = (50, 0, 2)
    config = one_chip(capacitance=codes)
    assert read(config, 3, 3).c_m[0] == pytest.approx(0.0355 * (52 + 3 * 6.3))


def test_refractory_period_takes_the_clock_of_its_block():
    counter = np.full(512, 101, np.uint8)
    fast = np.zeros(512, bool)
    fast[200] = True
    scales = np.array([[1, 2], [3, 4]])
    config = one_chip(
        refractory_counter=counter, refractory_fast=fast, refractory_clock_scale=scales
    )
    for circuit, scale in ((5, 1), (200, 4), (201, 3), (256 + 130, 3)):
        steps = read(config, circuit).refractory_steps[0]
        assert steps == np.rint(100 * 2.0 ** (scale + 1) / 250 / 0.1)


def test_circuits_of_several_chips_are_told_apart():
    configs = [one_chip({Analog.V_LEAK: 500}), one_chip({Analog.V_LEAK: 700})]
    circuits = DEVICE.circuits(configs, np.array([512, 0]), np.array([1, 1]), 0.1)
    assert circuits.e_leak.tolist() == curves.LEAK.value([700, 500]).tolist()


def test_a_parameter_that_is_not_driven_is_refused():
    with pytest.raises(ConfigError, match="circuit 0: V_LEAK is 1023"):
        read(one_chip({Analog.V_LEAK: 1023}))


def test_no_chip_has_no_circuits():
    none = np.zeros(0, np.int64)
    assert len(DEVICE.circuits([], none, none, 0.1)) == 0
