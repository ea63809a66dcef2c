"""The parameters of a neuron circuit by their names on the chip, and the registers behind them.

Names are flattened, ``<group>_<field>``. `COLUMNS` lists all of them; `configured` turns one column
of values for each into the registers of a chip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.config import NeuronSwitch as Switch

__all__ = [
    "CIRCUITS",
    "COLUMNS",
    "COUPLING",
    "GROUPS",
    "VISIBLE",
    "Column",
    "check_column",
    "configured",
    "defaults",
    "fields_of",
    "registers_of",
]

CIRCUITS = chip.HICANN_X.circuits


@dataclass(frozen=True)
class Column:
    """A parameter of a neuron circuit.

    Attributes
    ----------
    default : bool or float
    high : int
        Largest value, 1 for switches; the smallest is 0.
    register : AnalogParameter, NeuronSwitch, str or None
        Where `ChipConfig` holds it: a column of its analog parameters or switches, or the name of a
        register. None: the emulation knows nothing of it.
    hidden : bool
        Set by the frontend, not by users.
    """

    default: bool | float
    high: int
    register: Analog | Switch | str | None
    hidden: bool = False

    @property
    def is_switch(self) -> bool:
        return isinstance(self.default, bool)

    @property
    def dtype(self) -> type:
        """Of an array of values."""
        return np.bool_ if self.is_switch else np.float64


def _code(register: Any = None, hidden: bool = False) -> Column:
    return Column(0.0, chip.ANALOG_OFF, register, hidden)


def _switch(register: Any = None, default: bool = False, hidden: bool = False) -> Column:
    return Column(default, 1, register, hidden)


def _number(high: int, register: Any = None, default: float = 0.0, hidden: bool = False) -> Column:
    return Column(default, high, register, hidden)


def _input(name: str) -> dict[str, Column]:
    line = {"excitatory": "EXC", "inhibitory": "INH"}[name]
    return {
        f"{name}_input_{field}": column
        for field, column in {
            "enable": _switch(Switch[f"{line}_ENABLE"]),
            "i_bias_gm": _code(Analog[f"I_BIAS_SYNIN_{line}_GM"]),
            "i_bias_tau": _code(Analog[f"I_BIAS_SYNIN_{line}_TAU"]),
            "i_shift_reference": _code(Analog[f"I_BIAS_SYNIN_{line}_SHIFT"]),
            "enable_high_resistance": _switch(Switch[f"{line}_HIGH_RESISTANCE"]),
            "enable_small_capacitance": _switch(default=True),
            "enable_coba_mode": _switch(Switch[f"{line}_COBA"]),
            "i_bias_coba": _code(Analog[f"I_BIAS_SYNIN_{line}_COBA"]),
            "v_rev_coba": _code(Analog[f"E_SYNIN_{line}_REV"]),
        }.items()
    }


#: All parameters of a circuit, in the order of their groups.
COLUMNS: dict[str, Column] = {
    "adaptation_enable": _switch(Switch.ADAPTATION_ENABLE),
    "adaptation_enable_pulse": _switch(Switch.ADAPTATION_PULSE_ENABLE),
    "adaptation_i_bias_a": _code(Analog.I_BIAS_ADAPT_A),
    "adaptation_i_bias_b": _code(Analog.I_BIAS_ADAPT_B),
    "adaptation_i_bias_tau": _code(Analog.I_BIAS_ADAPT_TAU),
    "adaptation_invert_a": _switch(Switch.ADAPTATION_INVERT_A),
    "adaptation_invert_b": _switch(Switch.ADAPTATION_INVERT_B),
    "adaptation_v_leak": _code(Analog.V_ADAPT_LEAK),
    "adaptation_v_ref": _code(Analog.V_ADAPT_REF),
    "bayesian_connect_fire_from_right": _switch(),
    "bayesian_connect_fire_to_right": _switch(),
    "bayesian_connect_fire_vertical": _switch(),
    "bayesian_enable_master": _switch(),
    "bayesian_enable_slave": _switch(),
    "bayesian_operation": _number(3),
    "bayesian_to_post_pulse": _switch(default=True),
    "constant_current_enable": _switch(Switch.OFFSET_ENABLE),
    "constant_current_i_offset": _code(Analog.I_MEM_OFFSET),
    "constant_current_type": _number(1, Switch.OFFSET_SINK),
    "event_routing_address": _number(chip.ADDRESS_MAX, "address"),
    "event_routing_analog_output": _number(2, hidden=True),
    "event_routing_enable_bypass_excitatory": _switch(Switch.BYPASS_EXC),
    "event_routing_enable_bypass_inhibitory": _switch(Switch.BYPASS_INH),
    "event_routing_enable_digital": _switch(Switch.DIGITAL_ENABLE, hidden=True),
    "event_routing_enable_post_overwrite": _switch(),
    **_input("excitatory"),
    "exponential_enable": _switch(Switch.EXPONENTIAL_ENABLE),
    "exponential_i_bias": _code(Analog.I_BIAS_EXP),
    "exponential_v_exp": _code(Analog.V_EXP),
    **_input("inhibitory"),
    "leak_enable_degeneration": _switch(),
    "leak_enable_division": _switch(Switch.LEAK_DIVISION),
    "leak_enable_multiplication": _switch(Switch.LEAK_MULTIPLICATION),
    "leak_i_bias": _code(Analog.I_BIAS_LEAK),
    "leak_v_leak": _code(Analog.V_LEAK),
    "leak_reset_i_bias_source_follower": _code(hidden=True),
    "membrane_capacitance_capacitance": _number(chip.CAPACITANCE_MAX, "capacitance"),
    "multicompartment_connect_right": _switch(),
    "multicompartment_connect_soma": _switch(),
    "multicompartment_connect_soma_right": _switch(),
    "multicompartment_connect_vertical": _switch(),
    "multicompartment_enable_conductance": _switch(),
    "multicompartment_enable_conductance_division": _switch(),
    "multicompartment_enable_conductance_multiplication": _switch(),
    "multicompartment_i_bias_nmda": _code(Analog.I_BIAS_NMDA),
    "readout_enable_amplifier": _switch(hidden=True),
    "readout_enable_buffered_access": _switch(hidden=True),
    "readout_enable_unbuffered_access": _switch(),
    "readout_i_bias": _code(hidden=True),
    "readout_source": _number(3, hidden=True),
    "refractory_period_enable_pause": _switch(),
    "refractory_period_input_clock": _number(1, "refractory_fast"),
    "refractory_period_refractory_time": _number(chip.REFRACTORY_MAX, "refractory_counter"),
    "refractory_period_reset_holdoff": _number(
        chip.HOLDOFF_MAX, "reset_holdoff", float(chip.HOLDOFF_SHORTEST)
    ),
    "reset_enable_degeneration": _switch(),
    "reset_enable_division": _switch(Switch.RESET_DIVISION),
    "reset_enable_multiplication": _switch(Switch.RESET_MULTIPLICATION),
    "reset_i_bias": _code(Analog.I_BIAS_RESET),
    "reset_v_reset": _code(Analog.V_RESET),
    "threshold_enable": _switch(Switch.THRESHOLD_ENABLE),
    "threshold_v_threshold": _code(Analog.V_THRESHOLD),
}

#: Names of the parameters that users may set.
VISIBLE = tuple(name for name, column in COLUMNS.items() if not column.hidden)

#: Switches that join a circuit with its neighbours.
COUPLING = (
    *(f"multicompartment_connect_{to}" for to in ("soma", "soma_right", "vertical")),
    "multicompartment_enable_conductance",
    *(f"bayesian_connect_fire_{way}" for way in ("from_right", "to_right", "vertical")),
    *(f"bayesian_enable_{role}" for role in ("master", "slave")),
)

#: The groups of a circuit's parameters.
GROUPS = (
    "adaptation",
    "bayesian",
    "constant_current",
    "event_routing",
    "excitatory_input",
    "exponential",
    "inhibitory_input",
    "leak_reset",
    "leak",
    "membrane_capacitance",
    "multicompartment",
    "readout",
    "refractory_period",
    "reset",
    "threshold",
)


def fields_of(group: str) -> dict[str, str]:
    """The fields of a group, each with its flattened name."""
    # a name belongs to the first group that it begins with: leak_reset comes before leak
    return {
        name.removeprefix(f"{group}_"): name
        for name in COLUMNS
        if next(g for g in GROUPS if name.startswith(f"{g}_")) == group
    }


def defaults(size: int) -> dict[str, np.ndarray]:
    """Columns of circuits after reset: (size,) each."""
    return {name: np.full(size, c.default, c.dtype) for name, c in COLUMNS.items()}


def check_column(name: str, values: ArrayLike) -> np.ndarray:
    """Values of a parameter as an array of its type, fractions cut off.

    Raises
    ------
    ValueError
        A value lies outside the register's range, or joins circuits.
    """
    column = COLUMNS[name]
    array = np.asarray(values)
    if column.is_switch:
        switches = array.astype(np.bool_)
        if name in COUPLING and switches.any():
            raise ValueError(
                f"{name} = True at index {int(np.flatnonzero(switches)[0])}: joined circuits are "
                "not emulated in this version; leave it off, and use neurons of one circuit each"
            )
        return switches
    array = np.trunc(array.astype(np.float64))
    bad = ~((array >= 0) & (array <= column.high))
    if bad.any():
        index = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"{name} = {np.ravel(values)[index]:g} at index {index}; the register holds 0 to "
            f"{column.high}"
        )
    return array


def configured(columns: Mapping[str, np.ndarray], **blocks: np.ndarray) -> ChipConfig:
    """The registers of a chip.

    Parameters
    ----------
    columns : dict of str to array (512,)
        All of `COLUMNS`.
    **blocks
        Registers beside those of the circuits.
    """
    registers = {
        "analog": np.zeros((CIRCUITS, len(Analog)), np.uint16),
        "switches": np.zeros((CIRCUITS, len(Switch)), np.bool_),
    }
    for name, column in COLUMNS.items():
        register = column.register
        if isinstance(register, Analog):
            registers["analog"][:, register] = columns[name]
        elif isinstance(register, Switch):
            registers["switches"][:, register] = columns[name]
        elif register is not None:
            registers[register] = np.asarray(columns[name]).astype(np.uint8)
    fast = registers["refractory_fast"]
    return ChipConfig.default(**{**registers, "refractory_fast": fast.astype(np.bool_)}, **blocks)


def registers_of(config: ChipConfig) -> dict[str, np.ndarray]:
    """The columns that the registers of a chip hold: the inverse of `configured`."""
    columns = defaults(CIRCUITS)
    for name, column in COLUMNS.items():
        register = column.register
        if isinstance(register, Analog):
            columns[name] = config.analog[:, register].astype(np.float64)
        elif isinstance(register, Switch):
            columns[name] = config.switches[:, register].astype(column.dtype)
        elif register is not None:
            columns[name] = getattr(config, register).astype(np.float64)
    return columns
