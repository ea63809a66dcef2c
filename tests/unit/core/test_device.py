"""Codes become physical quantities, and the inverses find the nearest code."""

import numpy as np
import pytest
from alike import ALONE, all_alike
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


@pytest.mark.parametrize(("counter", "scale", "us"), [(256, 0, 2.04), (126, 1, 2.0), (1, 9, 0)])
def test_refractory_counter_counts_cycles_of_its_clock(counter, scale, us):
    assert DEVICE.refractory_time(counter, scale) == pytest.approx(us)


@pytest.mark.parametrize(
    ("counter", "holdoff", "cycles"), [(101, 15, 100), (101, 14, 98), (101, 0, 70), (20, 0, 0)]
)
def test_hold_off_ends_the_reset_early(counter, holdoff, cycles):
    """Of 31 - 2 * holdoff cycles before the counter ends, the shortest hold-off takes one."""
    assert DEVICE.reset_time(counter, holdoff, 0) == pytest.approx(cycles * 0.008)
    config = one_chip(refractory_counter=np.full(512, counter), reset_holdoff=np.full(512, holdoff))
    circuit = DEVICE.circuits([config], np.array([0]), np.array([1]), 0.008)
    assert circuit.refractory_steps[0] == cycles
    assert circuit.refractory_steps[0] + circuit.holdoff_steps[0] == counter - 1


def one_chip(codes=None, switches=None, **registers):
    """A chip whose circuit 0 has these codes and switches."""
    analog = np.zeros((512, len(Analog)), np.uint16)
    analog[:, [Analog.I_BIAS_LEAK, Analog.I_BIAS_SYNIN_EXC_TAU, Analog.I_BIAS_SYNIN_INH_TAU]] = 100
    analog[:, [Analog.V_LEAK, Analog.V_RESET, Analog.V_THRESHOLD]] = (600, 450, 330)
    switch = np.zeros((512, len(Switch)), bool)
    switch[:, Switch.THRESHOLD_ENABLE] = True
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
    assert circuit.i_offset[0] == pytest.approx(sign * 100 * hicannx.OFFSET_CURRENT_STEP)


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


# --- one particular chip ---


def spread(name, line=None):
    """A column of the circuits of five chips."""
    config = all_alike()
    values = np.stack(
        [getattr(Device(seed=s).circuits([config], *ALONE, 0.1), name) for s in range(5)]
    )
    values = values if line is None else values[:, line]
    return values.ravel()


@pytest.mark.parametrize(
    ("name", "cadc"),
    [("e_leak", hicannx.SPREAD_LEAK), ("v_reset", hicannx.SPREAD_RESET),
     ("v_thresh", hicannx.SPREAD_THRESHOLD)],
)  # fmt: skip
def test_potentials_spread_as_stated(name, cadc):
    """By shift and slope: the standard deviation is that of the shift, a few per cent more."""
    values = spread(name) * hicannx.CADC_PER_MV
    assert values.std() == pytest.approx(cadc, rel=5 / np.sqrt(2 * len(values)) + 0.04)
    nominal = DEVICE.circuits([all_alike()], *ALONE, 0.1)
    error = cadc * 5 / np.sqrt(len(values))
    assert values.mean() == pytest.approx(
        getattr(nominal, name)[0] * hicannx.CADC_PER_MV, abs=1.1 * error
    )


@pytest.mark.parametrize(
    ("name", "line", "sigma", "bias"),
    [("tau_syn", 0, hicannx.SPREAD_TAU_SYN, 125), ("tau_syn", 1, hicannx.SPREAD_TAU_SYN, 114),
     ("g_leak", None, hicannx.SPREAD_TAU_MEM, 83), ("tau_w", None, hicannx.SPREAD_ADAPTATION, 100),
     ("b", None, hicannx.SPREAD_ADAPTATION, 100),
     ("delta_t", None, hicannx.SPREAD_EXP_SLOPE, 500),
     ("i_offset", None, hicannx.SPREAD_OFFSET_CURRENT, 100)],
)  # fmt: skip
def test_conductances_times_and_currents_spread_as_stated(name, line, sigma, bias):
    """By a log-normal factor, plus the shift of the code of the bias that sets them."""
    logs = np.log(spread(name, line))
    total = np.hypot(sigma, hicannx.SPREAD_CURRENT_CODE / bias)
    assert logs.std() == pytest.approx(total, rel=5 / np.sqrt(2 * len(logs)))


def test_the_refractory_time_is_digital_and_has_no_spread():
    config = all_alike(refractory_counter=np.full(512, 100), refractory_clock_scale=[[4, 4]] * 2)
    steps = Device(seed=2).circuits([config], *ALONE, 0.01).refractory_steps
    assert (steps == steps[0]).all()
    assert steps[0] > 100


def test_strength_of_lines_spreads_as_stated():
    config = all_alike()
    steps = np.stack([Device(seed=s).weight_steps([config]) for s in range(5)])
    nominal = DEVICE.weight_steps([config])
    logs = np.log(steps / nominal).reshape(5, 4, 128, 2)
    within = logs - logs.mean(axis=(2, 3), keepdims=True)  # quadrants have a factor in common
    assert within.std() == pytest.approx(hicannx.SPREAD_GAIN, rel=5 / np.sqrt(2 * logs.size))


def test_every_chip_of_a_network_is_another_one():
    configs = [all_alike()] * 2
    device = Device(seed=7)
    both = device.circuits(configs, np.arange(1024), np.ones(1024, np.int64), 0.1)
    second = Device(seed=7, index=1).circuits(configs[:1], *ALONE, 0.1)
    assert np.array_equal(both.e_leak[512:], second.e_leak)
    assert not np.array_equal(both.e_leak[:512], second.e_leak)
    assert np.array_equal(
        device.weight_steps(configs)[512:], Device(seed=7, index=1).weight_steps(configs[:1])
    )


def test_joined_circuits_share_a_line_of_mean_time_constant():
    device, config = Device(seed=3), all_alike()
    alone = device.circuits([config], *ALONE, 0.1)
    joined = device.circuits([config], np.array([10, 20]), np.array([4, 1]), 0.1)
    assert joined.tau_syn[:, 0] == pytest.approx(alone.tau_syn[:, 10:14].mean(axis=1))
    assert joined.tau_syn[:, 1] == pytest.approx(alone.tau_syn[:, 20])
    assert joined.c_m[0] == pytest.approx(alone.c_m[10:14].sum())
    for name in ("g_leak", "e_leak", "v_reset", "v_thresh", "tau_w", "a", "b"):
        assert getattr(joined, name)[0] == getattr(alone, name)[10]


def test_lines_that_are_off_have_no_part_in_the_mean():
    switches = np.zeros((512, len(Switch)), bool)
    switches[11, [Switch.EXC_ENABLE, Switch.EXC_HIGH_RESISTANCE]] = True
    config = all_alike()
    config = ChipConfig(**{**config.to_dict(), "switches": switches})
    joined = DEVICE.circuits([config], np.array([10]), np.array([3]), 0.1)
    assert joined.tau_syn[0, 0] == curves.TAU_SYN[0].value(125)
    assert joined.tau_syn[1, 0] == curves.TAU_SYN_LOW[1].value(114)


def test_an_undriven_line_of_any_joined_circuit_is_refused():
    analog = all_alike().analog.copy()
    analog[11, Analog.I_BIAS_SYNIN_INH_TAU] = 1023
    analog[12, Analog.V_LEAK] = 1023  # only that of the first circuit counts
    config = ChipConfig(**{**all_alike().to_dict(), "analog": analog})
    with pytest.raises(ConfigError, match="circuit 11: I_BIAS_SYNIN_INH_TAU"):
        DEVICE.circuits([config], np.array([10]), np.array([3]), 0.1)


@pytest.mark.parametrize("parameter", list(Analog), ids=lambda p: p.name)
def test_a_larger_code_never_turns_a_quantity_round(parameter):
    """Each quantity of one particular circuit is monotonic in each code."""
    device = Device(seed=5)
    values = []
    for code in range(100, 1023, 100):
        config = all_alike({Analog.V_RESET: 100, Analog.V_THRESHOLD: 1000, parameter: code})
        circuits = device.circuits([config], *ALONE, 0.1)
        names = (
            "g_leak",
            "e_leak",
            "v_reset",
            "v_thresh",
            "i_offset",
            "tau_syn",
            "e_rev",
            "delta_t",
            "v_exp",
        )
        names += ("tau_w", "a", "b")
        values.append(np.concatenate([getattr(circuits, n).ravel() for n in names]))
    steps = np.diff(values, axis=0)
    assert ((steps >= 0).all(axis=0) | (steps <= 0).all(axis=0)).all()
