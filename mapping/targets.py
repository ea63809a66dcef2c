"""Registers of neurons that are calibrated to targets, as for experiments on the chip itself.

Targets are what an experimenter measures: readings of the column converters (LSB), µs, and codes of
a nominal circuit for the strength of inputs. Every circuit gets the codes that its own
characteristics give.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import device as layout
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.records import LINES

from .calibration import calibrated
from .characteristics import Characteristics
from .refractory import MOST_CYCLES, clock_scale, counter

__all__ = ["SpikingTarget", "circuit_laws", "targeted"]

_CIRCUITS = chip.HICANN_X.circuits
_NOMINAL = Characteristics.nominal()


@dataclass(frozen=True)
class SpikingTarget:
    """What circuits are calibrated to: one value, or one for each circuit, float64 (512,).

    Attributes
    ----------
    leak, reset, threshold : LSB of the column converters
    tau_mem : µs
    tau_syn : µs, of both input lines
    refractory_time : µs
    holdoff_time : µs
        By how much the reset ends before the refractory time does.
    capacitance : 0 to 63
    gm : of both input lines
        Strength of inputs, as the code that gives it to a nominal circuit.
    reversal : LSB of the column converters, of both input lines
        NaN: inputs are currents.
    synapse_bias : int
    threshold_enable : bool
    """

    leak: np.ndarray | float = 80.0
    reset: np.ndarray | float = 70.0
    threshold: np.ndarray | float = 125.0
    tau_mem: np.ndarray | float = 10.0
    tau_syn: tuple = (10.0, 10.0)
    refractory_time: np.ndarray | float = 2.0
    holdoff_time: np.ndarray | float = 0.0
    capacitance: np.ndarray | float = float(chip.CAPACITANCE_MAX)
    gm: tuple[float, float] = (500.0, 500.0)
    reversal: tuple = (np.nan, np.nan)
    synapse_bias: int = chip.SYNAPSE_BIAS
    threshold_enable: bool = True


def circuit_laws(model: ChipModel) -> Characteristics:
    """What is known of the circuits of the first chip: measured, or nominal where all are alike."""
    device = model.device
    if device.seed is None:
        return _NOMINAL.repeated(_CIRCUITS)
    return calibrated(device).characteristics


def targeted(model: ChipModel, target: SpikingTarget) -> ChipConfig:
    """The registers with which the circuits of the first chip meet targets as well as they can.

    Parameters
    ----------
    model : ChipModel
    target : SpikingTarget
    """
    laws = circuit_laws(model)
    value = {f.name: getattr(target, f.name) for f in fields(SpikingTarget)}
    leak, reset, threshold = (
        np.broadcast_to(curves.cadc_to_mv(np.asarray(value[name], np.float64)), _CIRCUITS)
        for name in ("leak", "reset", "threshold")
    )
    capacitance = np.broadcast_to(np.rint(target.capacitance), _CIRCUITS).astype(np.uint8)
    conductance = curves.capacitance(capacitance, 1) / np.asarray(target.tau_mem, np.float64)
    code, divided, multiplied, _ = laws.leak_codes(conductance)
    analog = np.zeros((_CIRCUITS, len(Analog)), np.uint16)
    switches = np.zeros((_CIRCUITS, len(Switch)), bool)
    analog[:, Analog.V_LEAK] = laws.leak.code(leak)
    analog[:, Analog.V_RESET] = laws.reset.code(reset)
    analog[:, Analog.V_THRESHOLD] = laws.threshold.code(threshold)
    analog[:, Analog.I_BIAS_LEAK] = code
    analog[:, Analog.I_BIAS_RESET] = chip.RESET_BIAS
    switches[:, Switch.LEAK_DIVISION] = divided
    switches[:, Switch.LEAK_MULTIPLICATION] = multiplied
    switches[:, Switch.RESET_MULTIPLICATION] = True
    switches[:, Switch.THRESHOLD_ENABLE] = target.threshold_enable
    for line in range(LINES):
        _set_line(analog, switches, laws, target, line, leak)
    return ChipConfig.default(
        analog=analog,
        switches=switches,
        capacitance=capacitance,
        synapse_bias=np.full(chip.QUADRANTS, target.synapse_bias),
        **_refractory(
            np.broadcast_to(target.refractory_time, _CIRCUITS),
            np.broadcast_to(target.holdoff_time, _CIRCUITS),
        ),
    )


def _set_line(
    analog: np.ndarray,
    switches: np.ndarray,
    laws: Characteristics,
    target: SpikingTarget,
    line: int,
    rest: np.ndarray,
) -> None:
    """Set the registers of an input line; `rest`, mV, is where a conductance acts as a current."""
    tau = np.broadcast_to(np.asarray(target.tau_syn[line], np.float64), _CIRCUITS)
    code, high, _ = laws.tau_syn_codes(line, tau)
    wanted = _NOMINAL.line("strength", line).value(target.gm[line])
    analog[:, layout.LINE_TAU[line]] = code
    analog[:, layout.LINE_GM[line]] = laws.line("strength", line).code(wanted)
    analog[:, layout.LINE_SHIFT[line]] = chip.SHIFT_REFERENCE
    switches[:, layout.LINE_ENABLE[line]] = True
    switches[:, layout.LINE_HIGH_RESISTANCE[line]] = high
    reversal = np.broadcast_to(
        curves.cadc_to_mv(np.asarray(target.reversal[line], np.float64)), _CIRCUITS
    )
    coba = np.isfinite(reversal)
    volts = np.where(coba, reversal, rest)
    distance = np.maximum(np.abs(volts - rest), 1.0)
    codes = (
        laws.line("reversal", line).code(volts),
        laws.line("modulation", line).code(1 / distance),
    )
    analog[:, layout.LINE_REVERSAL[line]] = np.where(coba, codes[0], 0)
    analog[:, layout.LINE_COBA[line]] = np.where(coba, codes[1], 0)
    switches[:, layout.LINE_IS_COBA[line]] = coba


def _refractory(tau: np.ndarray, holdoff: np.ndarray) -> dict[str, np.ndarray]:
    """Registers of refractory and hold-off times, µs.

    The longer half of each block gets the slow clock.
    """
    column = np.arange(_CIRCUITS) % chip.COLUMNS
    block = column // chip.COLUMNS_PER_BLOCK
    mean = np.bincount(block, tau) / np.bincount(block)
    fast = tau <= mean[block] * (1 + 1e-12)
    scale = np.zeros((chip.BACKEND_BLOCKS, chip.REFRACTORY_CLOCKS), np.uint8)
    most = chip.RESET_LAG + chip.HOLDOFF_CYCLES * chip.HOLDOFF_SHORTEST
    needed = clock_scale(np.maximum(tau / MOST_CYCLES, holdoff / most))
    np.maximum.at(scale, (block, fast.astype(int)), needed)
    own = scale[block, fast.astype(int)]
    cycle = curves.refractory_cycle(own)
    early = np.clip(np.rint(holdoff / cycle), chip.RESET_LAG, most) - chip.RESET_LAG
    code = np.ceil(chip.HOLDOFF_SHORTEST - early / chip.HOLDOFF_CYCLES)
    return {
        "refractory_counter": np.minimum(counter(tau, own), chip.REFRACTORY_MAX).astype(np.uint8),
        "reset_holdoff": code.astype(np.uint8),
        "refractory_fast": fast,
        "refractory_clock_scale": scale,
    }
