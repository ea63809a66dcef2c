"""Trims of the synapse drivers' short-term plasticity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pynn_bss2sim._core import curves, device
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import ChipConfig, RowMode
from pynn_bss2sim._core.wiring import BUSES, FIRST_FPGA_INPUT
from pynn_bss2sim.mapping.characteristics import Characteristics

from .lines import psp_setup, psp_size
from .meter import NOMINAL, REST, Meter, codes

__all__ = ["measure_trims"]

_SHAPE = (chip.HEMISPHERES, chip.DRIVERS)

_EXCITATORY = 0
_WEIGHT = 20  #: of both synapses that a driver has in a column: input lines are linear up to there
#: The noise of the membranes, averaged, is then less than what the steps of the codes leave.
_REPETITIONS = 100


def measure_trims(meter: Meter, law: Characteristics) -> np.ndarray:
    """Offset codes with which the pulses of all drivers are alike: uint8 (2, 128).

    Every column has synapses of one driver only. Its PSP with short-term plasticity, while both
    target voltages are the same, over that without tells the length of the driver's pulse.

    Parameters
    ----------
    meter : Meter
    law : Characteristics
        With all laws of membranes and current-based lines as measured.
    """
    alike = law.line("strength", _EXCITATORY)
    gm = codes(alike, float(NOMINAL.line("strength", _EXCITATORY).value(chip.PSP_GM)[0]))
    config, taus = psp_setup(law, _EXCITATORY, REST, {device.LINE_GM[_EXCITATORY]: gm})
    static = replace(config, **_one_driver_for_each_column())
    equal = np.full((chip.QUADRANTS, chip.STP_TARGETS), chip.STP_V_EQUAL)
    plastic = replace(
        static, stp_enable=np.ones(_SHAPE, bool), stp_v_charge=equal, stp_v_recover=equal
    )
    sizes = (psp_size(meter, config, taus, _REPETITIONS) for config in (plastic, static))
    length = np.divide(*sizes)
    # columns c and c + 128 have the same driver
    mean = length.reshape(chip.HEMISPHERES, -1, chip.DRIVERS).mean(axis=1)
    missing = float(curves.PULSE.value(chip.STP_V_EQUAL)) - mean
    code = chip.STP_OFFSET_NEUTRAL + np.rint(missing / chip.STP_OFFSET_STEP)
    return np.clip(code, 0, chip.STP_CODE_MAX).astype(np.uint8)


def _one_driver_for_each_column() -> dict[str, np.ndarray]:
    """Registers with which an event of the host triggers all drivers of both hemispheres."""
    registers = ChipConfig.default().to_dict()
    weight, mask, target = (
        registers[name].copy() for name in ("synapse_weight", "crossbar_mask", "crossbar_target")
    )
    column = np.arange(chip.COLUMNS)
    first = column % chip.DRIVERS * chip.ROWS_PER_DRIVER
    weight[:] = 0
    for row in range(chip.ROWS_PER_DRIVER):
        weight[:, first + row, column] = _WEIGHT
    mask[FIRST_FPGA_INPUT, :BUSES] = target[FIRST_FPGA_INPUT, :BUSES] = 0
    return {
        "synapse_weight": weight,
        "row_mode": np.full((chip.HEMISPHERES, chip.ROWS), RowMode.EXCITATORY),
        "driver_enable": np.ones(_SHAPE, bool),
        "driver_mask": np.zeros(_SHAPE, np.uint8),
        "padi_enable": np.ones((chip.HEMISPHERES, chip.PADI_BUSES), bool),
        "crossbar_mask": mask,
        "crossbar_target": target,
    }
