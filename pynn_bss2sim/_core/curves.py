"""From the codes of analog parameters to physical quantities, and back.

Nominal curves: what an average circuit of a chip does. How single circuits deviate from them stands
in `deviations`. Voltages follow straight lines; times and conductances, which a bias current sets,
power laws. `CATALOGUE` lists all curves with formula, range and confidence. All functions are
vectorised. Units: µs, mV, pF, µS, nA.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from . import hicannx as chip

__all__ = [
    "A_RATIO",
    "CAPACITANCE",
    "CATALOGUE",
    "CELL",
    "CONDUCTANCE_STEP",
    "CURRENT_STEP",
    "EXP_SLOPE",
    "LEAK",
    "LINE_RANGE",
    "OFFSET_CURRENT",
    "PULSE",
    "RAILS",
    "RESET",
    "TAU_MEM",
    "TAU_MEM_DIVIDED",
    "TAU_MEM_MULTIPLIED",
    "TAU_RESET",
    "TAU_SYN",
    "TAU_SYN_LOW",
    "TAU_W",
    "THRESHOLD",
    "Affine",
    "Described",
    "PowerLaw",
    "cadc_to_mv",
    "capacitance",
    "madc_to_mv",
    "pulse_length",
    "recovery_time",
    "refractory_cycle",
    "utilization",
]

#: A value this far, relatively, beyond the end of a curve is still its end.
_TOLERANCE = 1e-9


class _Curve:
    """A monotone relation of codes ``low`` to ``high`` and values."""

    low: int
    high: int

    def value(self, code: ArrayLike) -> np.ndarray:
        """Physical value of `code`: float64."""
        raise NotImplementedError

    def _exact_code(self, value: np.ndarray) -> np.ndarray:
        """The code as a real number, unlimited."""
        raise NotImplementedError

    def code(self, value: ArrayLike) -> np.ndarray:
        """Nearest code of `value`, within ``low`` to ``high``: uint16."""
        nearest = np.rint(self._exact_code(np.asarray(value, np.float64)))
        return np.clip(nearest, self.low, self.high).astype(np.uint16)

    @property
    def reach(self) -> tuple[float, float]:
        """Smallest and largest value."""
        ends = sorted((float(self.value(self.low)), float(self.value(self.high))))
        return ends[0], ends[1]

    def clips(self, value: ArrayLike) -> np.ndarray:
        """Where `value` lies outside of `reach`: bool."""
        value = np.asarray(value, np.float64)
        low, high = self.reach
        slack = _TOLERANCE * max(abs(low), abs(high))
        return (value < low - slack) | (value > high + slack)


@dataclass(frozen=True)
class Affine(_Curve):
    """``value = slope * code + offset``."""

    slope: float
    offset: float
    low: int = 0
    high: int = chip.ANALOG_MAX

    def value(self, code: ArrayLike) -> np.ndarray:
        return self.slope * np.asarray(code, np.float64) + self.offset

    def _exact_code(self, value: np.ndarray) -> np.ndarray:
        return (value - self.offset) / self.slope


@dataclass(frozen=True)
class PowerLaw(_Curve):
    """``value = factor * code ** exponent``; a code below 1 does what 1 does.

    The code of no finite positive value is its end.
    """

    factor: float
    exponent: float
    low: int = chip.BIAS_MIN
    high: int = chip.BIAS_MAX

    def value(self, code: ArrayLike) -> np.ndarray:
        return self.factor * np.maximum(np.asarray(code, np.float64), 1.0) ** self.exponent

    def _exact_code(self, value: np.ndarray) -> np.ndarray:
        low, high = self.reach
        return (np.clip(value, low, high) / self.factor) ** (1 / self.exponent)


_Level = TypeVar("_Level", float, np.ndarray)


def cadc_to_mv(lsb: _Level) -> _Level:
    """Membrane potential in mV at which the column converter reads `lsb`."""
    return (lsb - chip.CADC_OFFSET) / chip.CADC_PER_MV


def madc_to_mv(lsb: _Level) -> _Level:
    """Membrane potential in mV at which the fast converter reads `lsb`."""
    return (lsb - chip.MADC_OFFSET) / chip.MADC_PER_MV


def _potential(slope: float, offset: float) -> Affine:
    return Affine(slope / chip.CADC_PER_MV, cadc_to_mv(offset))


#: Leak, reset and threshold potential, mV.
LEAK = _potential(chip.LEAK_SLOPE, chip.LEAK_OFFSET)
RESET = _potential(chip.RESET_SLOPE, chip.RESET_OFFSET)
THRESHOLD = _potential(chip.THRESHOLD_SLOPE, chip.THRESHOLD_OFFSET)

#: Voltages of which no curve is published: that of the memory cell, mV.
CELL = Affine(chip.CELL_VOLTAGE, 0.0)


def capacitance(code: ArrayLike, circuits: ArrayLike) -> np.ndarray:
    """Membrane capacitance in pF of joined `circuits` whose codes sum up to `code`."""
    code = np.asarray(code, np.float64)
    return chip.CAPACITANCE_STEP * (code + chip.CAPACITANCE_PARASITIC * np.asarray(circuits))


#: Membrane capacitance of one circuit, pF.
CAPACITANCE = Affine(chip.CAPACITANCE_STEP, float(capacitance(0, 1)), high=chip.CAPACITANCE_MAX)

#: Time constants of a membrane of one circuit with the largest capacitance, µs.
TAU_MEM = PowerLaw(chip.TAU_MEM_FACTOR, chip.TAU_MEM_EXPONENT)
TAU_MEM_DIVIDED = PowerLaw(chip.TAU_MEM_DIVIDED_FACTOR, chip.TAU_MEM_DIVIDED_EXPONENT)
TAU_MEM_MULTIPLIED = PowerLaw(chip.TAU_MEM_FACTOR / chip.LEAK_MULTIPLICATION, chip.TAU_MEM_EXPONENT)

#: Time constants of the excitatory and inhibitory input line, µs: with high resistance, and low.
TAU_SYN = (
    PowerLaw(chip.TAU_SYN_EXC_FACTOR, chip.TAU_SYN_EXC_EXPONENT),
    PowerLaw(chip.TAU_SYN_INH_FACTOR, chip.TAU_SYN_INH_EXPONENT),
)
TAU_SYN_LOW = tuple(
    PowerLaw(curve.factor / chip.LINE_RESISTANCE_RATIO, curve.exponent) for curve in TAU_SYN
)

#: Current step of one weight code at code 1 of the transconductance, nA. From the peak of a
#: current-based PSP with equal time constants: ``V = I tau / (e C)``.
CURRENT_STEP = (
    chip.PSP_PER_WEIGHT
    / chip.CADC_PER_MV
    * np.e
    * float(capacitance(chip.CAPACITANCE_MAX, 1))
    / chip.PSP_TAU
    / chip.PSP_GM
)

#: Conductance step of one weight code at code 1 of the transconductance and of the modulation
#: bias, µS: the current step vanishes at the reversal potential, `COBA_DISTANCE` away.
CONDUCTANCE_STEP = CURRENT_STEP / chip.COBA_DISTANCE / chip.COBA_BIAS

#: Weight codes at which the excitatory and inhibitory line's amplifier saturates, with the synapse
#: bias of the PSP that ``CURRENT_STEP`` is derived from. The knee is stated as the jump that the
#: charge would make on a membrane without leak, ``I tau / C``: e times the peak of the PSP.
LINE_RANGE = tuple(
    knee / np.e / chip.PSP_PER_WEIGHT for knee in (chip.LINE_KNEE_EXC, chip.LINE_KNEE_INH)
)

#: Lowest and highest membrane potential, mV.
RAILS = (cadc_to_mv(chip.MEMBRANE_FLOOR), cadc_to_mv(chip.MEMBRANE_CEILING))

#: Time constant of a membrane of the largest capacitance while it is held at reset, µs, with
#: multiplication; the conductance depends on its bias as that of the leak does.
TAU_RESET = PowerLaw(
    chip.TAU_RESET * float(chip.RESET_BIAS) ** -chip.TAU_MEM_EXPONENT, chip.TAU_MEM_EXPONENT
)

#: Offset current, nA, without its sign.
OFFSET_CURRENT = Affine(chip.OFFSET_CURRENT_STEP, 0.0)

#: Time constant of adaptation, µs.
TAU_W = PowerLaw(chip.TAU_W_REFERENCE * chip.TAU_W_CODE, -1.0)

#: Subthreshold adaptation for code 1 of ``a`` and code 1 of its time constant, µS: it is
#: proportional to the first and, by the resistance of the w node, inverse to the second.
A_RATIO = chip.ADAPTATION_TRANSCONDUCTANCE * chip.A_GAIN * chip.TAU_W_CODE

#: Slope factor of the exponential term, mV.
EXP_SLOPE = PowerLaw(chip.EXP_SLOPE_REFERENCE * chip.EXP_SLOPE_CODE, -1.0)


#: Length of the current pulse of a synapse driver, over the full one, at the voltage (code) of its
#: short-term plasticity; outside of 0 to 1 the pulse is missing or full.
PULSE = Affine(
    -1.0 / (chip.STP_V_SHORTEST - chip.STP_V_LONGEST),
    chip.STP_V_SHORTEST / (chip.STP_V_SHORTEST - chip.STP_V_LONGEST),
)


def utilization(code: ArrayLike) -> np.ndarray:
    """Part of its way to the charged state that a driver's state goes at each event."""
    return chip.STP_USE_STEP * (np.asarray(code, np.float64) + 1.0)


def recovery_time(code: ArrayLike, speed: ArrayLike) -> np.ndarray:
    """Time constant with which a driver's state recovers, µs.

    Parameters
    ----------
    code : int
        Recovery of the driver.
    speed : int
        Of the recovery clock of its hemisphere.
    """
    tick = np.exp2(chip.STP_CLOCK_BITS - np.asarray(speed, np.float64)) / chip.CLOCK
    return tick / (chip.STP_RECOVERY_SHARE * (np.asarray(code, np.float64) + 1.0))


def refractory_cycle(scale: ArrayLike) -> np.ndarray:
    """One cycle of a backend clock divided by `scale`, µs."""
    return np.exp2(np.asarray(scale, np.float64) + 1) / chip.CLOCK


def pulse_length(scale: ArrayLike) -> np.ndarray:
    """Length of the adaptation pulse, µs: one cycle of the clock of that `scale`."""
    return refractory_cycle(scale)


@dataclass(frozen=True)
class Described:
    """A curve with what it says and what it rests on.

    Attributes
    ----------
    curve : Affine or PowerLaw
    parameter : str
        Whose code: name of an `AnalogParameter`; "*" stands for EXC or INH.
    quantity, unit : str
    facts : tuple of str
        Names of the facts of `hicannx` in it.
    """

    curve: Affine | PowerLaw
    parameter: str
    quantity: str
    unit: str
    facts: tuple[str, ...]

    @property
    def confidence(self) -> str:
        """The weakest of its facts."""
        return max((chip.FACTS[name].confidence for name in self.facts), key=chip.CONFIDENCE.index)

    @property
    def formula(self) -> str:
        """Its formula, with numbers."""
        if isinstance(self.curve, PowerLaw):
            return f"{self.curve.factor:.4g} * code ** {self.curve.exponent:.4g}"
        return f"{self.curve.slope:.4g} * code {self.curve.offset:+.4g}"


_SCALE = ("CADC_PER_MV", "CADC_OFFSET")

#: All curves by name.
CATALOGUE: dict[str, Described] = {
    "LEAK": Described(
        LEAK, "V_LEAK", "leak potential", "mV", ("LEAK_SLOPE", "LEAK_OFFSET", *_SCALE)
    ),
    "RESET": Described(
        RESET, "V_RESET", "reset potential", "mV", ("RESET_SLOPE", "RESET_OFFSET", *_SCALE)
    ),
    "THRESHOLD": Described(
        THRESHOLD,
        "V_THRESHOLD",
        "threshold",
        "mV",
        ("THRESHOLD_SLOPE", "THRESHOLD_OFFSET", *_SCALE),
    ),
    "CELL": Described(
        CELL, "E_SYNIN_*_REV, V_EXP", "reversal potentials, exponential onset", "mV",
        ("CELL_VOLTAGE",),
    ),
    "CAPACITANCE": Described(
        CAPACITANCE, "capacitance", "membrane capacitance of one circuit", "pF",
        ("CAPACITANCE_STEP", "CAPACITANCE_PARASITIC"),
    ),
    "TAU_MEM": Described(
        TAU_MEM, "I_BIAS_LEAK", "membrane time constant, capacitance 63", "us",
        ("TAU_MEM_FACTOR", "TAU_MEM_EXPONENT"),
    ),
    "TAU_MEM_DIVIDED": Described(
        TAU_MEM_DIVIDED, "I_BIAS_LEAK", "the same, leak divided", "us",
        ("TAU_MEM_DIVIDED_FACTOR", "TAU_MEM_DIVIDED_EXPONENT"),
    ),
    "TAU_MEM_MULTIPLIED": Described(
        TAU_MEM_MULTIPLIED, "I_BIAS_LEAK", "the same, leak multiplied", "us",
        ("TAU_MEM_FACTOR", "TAU_MEM_EXPONENT", "LEAK_MULTIPLICATION"),
    ),
    "TAU_SYN[0]": Described(
        TAU_SYN[0], "I_BIAS_SYNIN_EXC_TAU", "excitatory line, high resistance", "us",
        ("TAU_SYN_EXC_FACTOR", "TAU_SYN_EXC_EXPONENT"),
    ),
    "TAU_SYN[1]": Described(
        TAU_SYN[1], "I_BIAS_SYNIN_INH_TAU", "inhibitory line, high resistance", "us",
        ("TAU_SYN_INH_FACTOR", "TAU_SYN_INH_EXPONENT"),
    ),
    "TAU_SYN_LOW[0]": Described(
        TAU_SYN_LOW[0], "I_BIAS_SYNIN_EXC_TAU", "excitatory line, low resistance", "us",
        ("TAU_SYN_EXC_FACTOR", "TAU_SYN_EXC_EXPONENT", "LINE_RESISTANCE_RATIO"),
    ),
    "TAU_SYN_LOW[1]": Described(
        TAU_SYN_LOW[1], "I_BIAS_SYNIN_INH_TAU", "inhibitory line, low resistance", "us",
        ("TAU_SYN_INH_FACTOR", "TAU_SYN_INH_EXPONENT", "LINE_RESISTANCE_RATIO"),
    ),
    "TAU_RESET": Described(
        TAU_RESET, "I_BIAS_RESET", "membrane while held at reset, multiplied", "us",
        ("TAU_RESET", "RESET_BIAS", "TAU_MEM_EXPONENT"),
    ),
    "OFFSET_CURRENT": Described(
        OFFSET_CURRENT, "I_MEM_OFFSET", "constant current", "nA", ("OFFSET_CURRENT_STEP",)
    ),
    "TAU_W": Described(
        TAU_W, "I_BIAS_ADAPT_TAU", "adaptation time constant", "us",
        ("TAU_W_REFERENCE", "TAU_W_CODE"),
    ),
    "PULSE": Described(
        PULSE, "STP_V_CHARGE, STP_V_RECOVER", "pulse of a driver over the full one", "1",
        ("STP_V_LONGEST", "STP_V_SHORTEST"),
    ),
    "EXP_SLOPE": Described(
        EXP_SLOPE, "I_BIAS_EXP", "slope of the exponential term", "mV",
        ("EXP_SLOPE_REFERENCE", "EXP_SLOPE_CODE"),
    ),
}  # fmt: skip
