"""Each deviation acts on the quantities that it is the deviation of, and on nothing else."""

from dataclasses import fields, replace

import numpy as np
import pytest
from alike import ALONE, EVERYTHING, all_alike

from pynn_bss2sim._core import hicannx
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.deviations import Deviations
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.records import Circuits

ODD = 7  #: the one circuit that deviates
FACTOR = 1.5
COBA = [*EVERYTHING, Switch.EXC_COBA, Switch.INH_COBA]
LOW = [s for s in EVERYTHING if s not in (Switch.EXC_HIGH_RESISTANCE, Switch.INH_HIGH_RESISTANCE)]


def columns(deviations, switches):
    """All columns of all circuits, (n, 512) each, and the weight steps."""
    device = Device(seed=0)
    device.__dict__["deviations"] = deviations
    config = all_alike(switches=switches)
    circuits = device.circuits([config], *ALONE, 0.1, limits=True, noise=True)
    found = {f.name: np.atleast_2d(getattr(circuits, f.name)) for f in fields(Circuits)}
    return found | {"weight_step": device.weight_steps([config]).T}


def changed(quantity, value, switches=EVERYTHING):
    """Ratio by which the columns of circuit `ODD` change, where they do: dict of name to float."""
    none = Deviations.none()
    values = getattr(none, quantity).copy()
    values[ODD] = value
    before, after = columns(none, switches), columns(replace(none, **{quantity: values}), switches)
    ratios = {}
    for name in before:
        differs = before[name] != after[name]
        assert not np.delete(differs, ODD, axis=1).any(), name
        if differs.any():
            ratios[name] = float(after[name][-1, ODD] / before[name][-1, ODD])
    return ratios


@pytest.mark.parametrize(
    ("quantity", "switches", "powers"),
    [
        ("tau_mem", EVERYTHING, {"g_leak": -1, "leak_limit": -1}),
        ("leak_division", EVERYTHING, {}),
        ("leak_division", [Switch.LEAK_DIVISION], {"g_leak": -1, "leak_limit": -1}),
        ("leak_multiplication", EVERYTHING, {}),
        ("leak_multiplication", [Switch.LEAK_MULTIPLICATION], {"g_leak": 1, "leak_limit": 1}),
        ("tau_syn", EVERYTHING, {"tau_syn": 1}),
        ("line_resistance", EVERYTHING, {}),
        ("line_resistance", LOW, {"tau_syn": 1}),
        ("gain", EVERYTHING, {"weight_step": 1, "line_limit": 1, "sigma_line": 1}),
        ("modulation", EVERYTHING, {}),
        ("modulation", COBA, {"weight_step": 1, "line_limit": 1, "sigma_line": 1}),
        ("offset_current", EVERYTHING, {"i_offset": 1}),
        ("tau_w", EVERYTHING, {"tau_w": 1}),
        ("a", EVERYTHING, {"a": 1}),
        ("b", EVERYTHING, {"b": 1}),
        ("delta_t", EVERYTHING, {"delta_t": 1}),
        ("tau_reset", EVERYTHING, {"tau_reset": 1}),
        ("leak_range", EVERYTHING, {"leak_limit": 1}),
        ("line_range", EVERYTHING, {"line_limit": 1}),
    ],
)
def test_a_factor_multiplies_what_it_belongs_to(quantity, switches, powers):
    assert changed(quantity, FACTOR, switches) == pytest.approx(
        {name: FACTOR**power for name, power in powers.items()}
    )


@pytest.mark.parametrize(
    ("quantity", "share"),
    [("capacitance", 63 / 69.3), ("parasitic", 6.3 / 69.3)],
)  # fmt: skip
def test_capacitances_make_up_the_membrane(quantity, share):
    larger = 1 + 0.5 * share
    assert changed(quantity, FACTOR) == pytest.approx(
        {"c_m": larger, "tau_reset": larger, "sigma_v": larger**-0.5}
    )


def test_rails_are_shifted():
    ratios = changed("rails", 2.0)
    assert set(ratios) == {"v_floor", "v_ceiling"}
    nominal = columns(Deviations.none(), EVERYTHING)["v_floor"][0, ODD]
    assert (ratios["v_floor"] - 1) * nominal == pytest.approx(2.0 / hicannx.CADC_PER_MV)


PARAMETERS = {
    Analog.V_LEAK: {"e_leak"},
    Analog.V_RESET: {"v_reset"},
    Analog.V_THRESHOLD: {"v_thresh"},
    Analog.E_SYNIN_EXC_REV: {"e_rev"},
    Analog.V_EXP: {"v_exp"},
    Analog.I_BIAS_LEAK: {"g_leak", "leak_limit"},
    Analog.I_BIAS_RESET: {"tau_reset"},
    Analog.I_BIAS_SYNIN_INH_TAU: {"tau_syn"},
    Analog.I_BIAS_SYNIN_EXC_GM: {"weight_step", "line_limit", "sigma_line"},
    Analog.I_BIAS_ADAPT_TAU: {"tau_w", "a"},
    Analog.I_BIAS_ADAPT_A: {"a"},
    Analog.I_BIAS_ADAPT_B: {"b"},
    Analog.I_BIAS_EXP: {"delta_t"},
    Analog.I_MEM_OFFSET: {"i_offset"},
}


@pytest.mark.parametrize(
    ("parameter", "names"), PARAMETERS.items(), ids=[p.name for p in PARAMETERS]
)
def test_a_shifted_code_acts_as_that_code(parameter, names):
    shift = np.zeros(len(Analog))
    shift[parameter] = -5.0
    assert set(changed("code_offset", shift)) == names
    values = Deviations.none().code_offset.copy()
    values[ODD] = shift
    shifted = columns(replace(Deviations.none(), code_offset=values), EVERYTHING)
    device = Device(seed=0)
    device.__dict__["deviations"] = Deviations.none()
    nominal_code = int(all_alike().analog[0, parameter])
    config = all_alike({parameter: nominal_code - 5})
    as_code = device.circuits([config], *ALONE, 0.1, limits=True, noise=True)
    for name in names - {"weight_step"}:
        expected = np.atleast_2d(getattr(as_code, name))[:, ODD]
        assert shifted[name][:, ODD] == pytest.approx(expected)


def test_the_slope_of_a_voltage_turns_about_the_middle_code():
    gain = np.zeros(hicannx.VOLTAGES)
    gain[Analog.V_LEAK] = 0.1
    values = Deviations.none().voltage_gain.copy()
    values[ODD] = gain
    chip = replace(Deviations.none(), voltage_gain=values)
    assert set(changed("voltage_gain", gain)) == {"e_leak"}
    device = Device(seed=0)
    device.__dict__["deviations"] = chip
    for code in (200, 511, 800):
        config = all_alike({Analog.V_LEAK: code})
        leak = device.circuits([config], *ALONE, 0.1).e_leak
        expected = 0.1 * (code - 511) * hicannx.LEAK_SLOPE / hicannx.CADC_PER_MV
        assert leak[ODD] - leak[0] == pytest.approx(expected, abs=1e-9)


def test_the_synapse_bias_deviates_with_the_quadrant():
    values = Deviations.none().synapse_dac.copy()
    values[2] = FACTOR
    none = Deviations.none()
    ratio = (
        columns(replace(none, synapse_dac=values), EVERYTHING)["weight_step"]
        / columns(none, EVERYTHING)["weight_step"]
    )
    assert ratio[:, 256:384] == pytest.approx(FACTOR)
    assert (np.delete(ratio, np.arange(256, 384), axis=1) == 1).all()
