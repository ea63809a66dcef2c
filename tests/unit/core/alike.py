"""Registers of chips whose circuits all have the same codes."""

import numpy as np

from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.config import NeuronSwitch as Switch

#: Codes of all circuits with which the nominal chip has its default targets.
DEFAULTS = {
    Analog.V_LEAK: 600, Analog.V_RESET: 453, Analog.V_THRESHOLD: 330, Analog.I_BIAS_LEAK: 83,
    Analog.I_BIAS_SYNIN_EXC_TAU: 125, Analog.I_BIAS_SYNIN_INH_TAU: 114,
    Analog.I_BIAS_SYNIN_EXC_GM: 500, Analog.I_BIAS_SYNIN_INH_GM: 500,
    Analog.I_MEM_OFFSET: 100, Analog.I_BIAS_ADAPT_TAU: 100, Analog.I_BIAS_ADAPT_A: 100,
    Analog.I_BIAS_ADAPT_B: 100, Analog.I_BIAS_EXP: 500, Analog.V_EXP: 400,
    Analog.I_BIAS_RESET: 1022, Analog.E_SYNIN_EXC_REV: 900, Analog.E_SYNIN_INH_REV: 100,
    Analog.I_BIAS_SYNIN_EXC_COBA: 500, Analog.I_BIAS_SYNIN_INH_COBA: 500,
}  # fmt: skip
EVERYTHING = [
    Switch.EXC_ENABLE, Switch.INH_ENABLE, Switch.EXC_HIGH_RESISTANCE, Switch.INH_HIGH_RESISTANCE,
    Switch.OFFSET_ENABLE, Switch.ADAPTATION_ENABLE, Switch.ADAPTATION_PULSE_ENABLE,
    Switch.EXPONENTIAL_ENABLE, Switch.RESET_MULTIPLICATION,
]  # fmt: skip
ALONE = np.arange(512), np.ones(512, np.int64)


def all_alike(codes=None, switches=EVERYTHING, **registers):
    """A chip whose circuits all have the same codes and switches, and can spike."""
    analog = np.zeros((512, len(Analog)), np.uint16)
    for name, code in {**DEFAULTS, **(codes or {})}.items():
        analog[:, name] = code
    switch = np.zeros((512, len(Switch)), bool)
    switch[:, [Switch.THRESHOLD_ENABLE, *switches]] = True
    registers = {"capacitance": np.full(512, 63), **registers}
    return ChipConfig.default(analog=analog, switches=switch, **registers)
