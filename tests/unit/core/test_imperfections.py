"""Limits and noise of circuits: what they are derived from, and when they are there."""

from dataclasses import fields

import numpy as np
import pytest
from alike import ALONE, all_alike
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim._core import curves, hicannx
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.records import Circuits

NOMINAL, CHIP = Device(), Device(seed=11)
#: Columns that only circuits with imperfections have; the hold-off is a register, and what all
#: registers say is known to a few digits.
DEPARTURES = [
    f.name
    for f in fields(Circuits)
    if "default" in f.metadata and f.name not in ("holdoff_steps", "single_precision")
]
NOISE = [name for name in DEPARTURES if name.startswith("sigma")]
LIMITS = [name for name in DEPARTURES if name not in NOISE]


def ideal(circuits, names):
    default = {f.name: f.metadata.get("default") for f in fields(Circuits)}
    return [bool((getattr(circuits, name) == default[name]).all()) for name in names]


def saturated(x):
    """Slope 1 at 0, at most 1."""
    y = np.clip(x, -1.5, 1.5)
    return y - 4 / 27 * y**3


def test_the_nominal_chip_is_ideal_unless_asked():
    circuits = NOMINAL.circuits([all_alike()], *ALONE, 0.1)
    assert all(ideal(circuits, DEPARTURES)) and circuits.single_precision.all()
    circuits = NOMINAL.circuits([all_alike()], *ALONE, 0.1, limits=True, noise=True)
    assert not any(ideal(circuits, DEPARTURES))


def test_each_kind_of_imperfection_is_switched_by_itself():
    circuits = CHIP.circuits([all_alike()], *ALONE, 0.1)
    assert not any(ideal(circuits, LIMITS))
    assert all(ideal(circuits, NOISE))
    circuits = CHIP.circuits([all_alike()], *ALONE, 0.1, limits=False, noise=True)
    assert all(ideal(circuits, LIMITS))
    assert not any(ideal(circuits, NOISE))


def travel_time(start, end, target, code):
    """Time (µs) in which the leak alone takes a membrane from `start` to `end`, mV."""
    v = np.linspace(start, end, 2001)
    limit = hicannx.LEAK_RANGE
    slope = limit * saturated((target - v) / limit) / curves.TAU_MEM.value(code)
    return np.trapezoid(1 / slope, v)


def test_the_range_of_the_leak_agrees_with_all_that_tells_it():
    """brainscales2-demos: a step by 380 MADC LSB, leak over threshold, two offset currents."""
    step = 380 / hicannx.MADC_PER_MV
    assert travel_time(0, (1 - np.exp(-1)) * step, step, 150) == pytest.approx(19, rel=0.2)
    low, high, leak = curves.RESET.value(400), curves.THRESHOLD.value(300), curves.LEAK.value(1000)
    refractory = 255 * float(curves.refractory_cycle(0))
    assert travel_time(low, high, leak, 150) + refractory == pytest.approx(13, rel=0.15)
    current = [
        saturated(rise / hicannx.MADC_PER_MV / hicannx.LEAK_RANGE) / curves.TAU_MEM.value(code)
        for code, rise in ((150, 50), (70, 130))
    ]
    assert 200 / 300 < current[0] / current[1] < 270 / 300


def test_the_leak_carries_at_most_its_conductance_times_its_range():
    circuits = NOMINAL.circuits([all_alike()], *ALONE, 0.1, limits=True)
    assert circuits.leak_limit == pytest.approx(circuits.g_leak * hicannx.LEAK_RANGE)


def psp_peak(circuits, line, weight):
    """Peak of the PSP of `weight` by the equations of `Circuits`, MADC LSB."""
    current, v, peak, h = weight * NOMINAL.weight_step(hicannx.PSP_GM, 0, False), 0.0, 0.0, 0.01
    c_m, g_leak = circuits.c_m[0], circuits.g_leak[0]
    leak_limit, line_limit = circuits.leak_limit[0], circuits.line_limit[line, 0]
    for _ in range(4000):
        leak = leak_limit * saturated(g_leak * v / leak_limit)
        v += h * (line_limit * saturated(current / line_limit) - leak) / c_m
        current *= 1 - h / circuits.tau_syn[line, 0]
        peak = max(peak, v)
    return peak * hicannx.MADC_PER_MV


def test_psps_saturate_as_in_the_figure():
    """Excitatory ones are linear: what the leak lacks, the line lacks, too.

    0.79 LSB for each weight code; at 288, 245 and 128 LSB.
    """
    circuits = NOMINAL.circuits([all_alike()], *ALONE, 0.1, limits=True)
    assert psp_peak(circuits, 0, 31) == pytest.approx(0.79 * 31, rel=0.1)
    assert psp_peak(circuits, 1, 31) == pytest.approx(0.79 * 31, rel=0.1)
    assert psp_peak(circuits, 0, 63) == pytest.approx(56, abs=6)
    assert psp_peak(circuits, 0, 288) == pytest.approx(245, rel=0.1)
    for weight, read in ((96, 65), (160, 98), (288, 128)):
        assert psp_peak(circuits, 1, weight) == pytest.approx(read, rel=0.12)


def test_a_line_saturates_at_the_charge_that_is_published():
    circuits = NOMINAL.circuits([all_alike()], *ALONE, 0.1, limits=True)
    jump = circuits.line_limit * hicannx.PSP_TAU / circuits.c_m * hicannx.CADC_PER_MV
    assert jump[0] == pytest.approx(hicannx.LINE_KNEE_EXC)
    assert jump[1] == pytest.approx(hicannx.LINE_KNEE_INH)


def test_a_line_that_is_off_or_has_no_gain_has_no_limit():
    config = all_alike({Analog.I_BIAS_SYNIN_EXC_GM: 0}, [Switch.EXC_ENABLE])
    assert np.isinf(NOMINAL.circuits([config], *ALONE, 0.1, limits=True).line_limit).all()


@pytest.mark.parametrize(
    ("switches", "slower"),
    [([Switch.RESET_MULTIPLICATION], 1), ([], 8), ([Switch.RESET_DIVISION], 64),
     ([Switch.RESET_DIVISION, Switch.RESET_MULTIPLICATION], 8)],
)  # fmt: skip
def test_the_fastest_reset_takes_half_a_microsecond(switches, slower):
    circuits = NOMINAL.circuits([all_alike(switches=switches)], *ALONE, 0.1, limits=True)
    at_1022 = curves.TAU_RESET.value(hicannx.RESET_BIAS)
    assert at_1022 == pytest.approx(0.5)
    assert circuits.tau_reset == pytest.approx(at_1022 * slower)


def test_a_reset_that_takes_time_is_held_for_a_step_at_least():
    config = all_alike(refractory_counter=np.zeros(512, int))
    assert (NOMINAL.circuits([config], *ALONE, 0.1).refractory_steps == 0).all()
    assert (NOMINAL.circuits([config], *ALONE, 0.1, limits=True).refractory_steps == 1).all()


def test_noise_of_membrane_and_lines_adds_up_to_half_an_lsb():
    """A line's noise, correlated over its time constant, passes the membrane's low-pass."""
    circuits = NOMINAL.circuits([all_alike()], *ALONE, 0.1, noise=True)
    tau = circuits.c_m / circuits.g_leak
    own = (
        circuits.sigma_line / circuits.g_leak * np.sqrt(circuits.tau_syn / (circuits.tau_syn + tau))
    )
    total = np.sqrt(circuits.sigma_v**2 + (own**2).sum(axis=0)) * hicannx.CADC_PER_MV
    assert total == pytest.approx(0.5, rel=0.05)


def test_noise_grows_on_a_smaller_capacitance_and_averages_over_joined_circuits():
    small = all_alike(capacitance=np.full(512, 10))
    circuits = NOMINAL.circuits([small], np.array([0, 10]), np.array([1, 4]), 0.1, noise=True)
    assert circuits.sigma_v[0] == pytest.approx(2 * circuits.sigma_v[1])
    assert 2 * circuits.sigma_line[:, 0] == pytest.approx(circuits.sigma_line[:, 1])
    limited = NOMINAL.circuits([small], np.array([0, 10]), np.array([1, 4]), 0.1, limits=True)
    assert 4 * limited.line_limit[:, 0] == pytest.approx(limited.line_limit[:, 1])


def test_where_the_membrane_ends():
    circuits = NOMINAL.circuits([all_alike()], *ALONE, 0.1, limits=True)
    assert circuits.v_floor == pytest.approx(curves.cadc_to_mv(hicannx.MEMBRANE_FLOOR))
    assert circuits.v_ceiling == pytest.approx(curves.cadc_to_mv(hicannx.MEMBRANE_CEILING))


@given(data=st.data())
def test_no_code_makes_an_impossible_circuit(data):
    """`Circuits` itself refuses what has no physical meaning."""
    codes = {name: data.draw(st.integers(0, 1022), name.name) for name in Analog}
    switches = data.draw(st.lists(st.sampled_from(list(Switch)), unique=True))
    counter = data.draw(st.integers(0, 255))
    config = all_alike(codes, switches, refractory_counter=np.full(512, counter))
    device = Device(seed=data.draw(st.integers(0, 10**6)))
    joined = np.arange(0, 512, 4), np.full(128, 4)
    for first, count in (ALONE, joined):
        circuits = device.circuits([config], first, count, 0.1, noise=True)
        assert (circuits.i_offset >= 0).all() or Switch.OFFSET_SINK in switches
    assert (device.weight_steps([config]) >= 0).all()


def test_a_reset_above_threshold_is_possible_where_it_takes_time():
    config = all_alike({Analog.V_RESET: 900, Analog.V_THRESHOLD: 100})
    circuits = CHIP.circuits([config], *ALONE, 0.1)
    assert (circuits.v_reset > circuits.v_thresh).all()
    with pytest.raises(ValueError, match="v_reset must lie below"):
        CHIP.circuits([config], *ALONE, 0.1, limits=False)


def test_a_circuit_that_stands_alone_does_not_depend_on_its_neighbours():
    config = all_alike()
    analog = config.analog.copy()
    analog[1:] = 0
    changed = ChipConfig(**{**config.to_dict(), "analog": analog})
    one, other = (
        CHIP.circuits([c], np.array([0]), np.array([1]), 0.1, noise=True) for c in (config, changed)
    )
    for f in fields(Circuits):
        assert np.array_equal(getattr(one, f.name), getattr(other, f.name)), f.name
