"""Which code gives which value on which circuit: one interface for all who believe to know it.

`Characteristics.nominal` believes that all circuits follow the nominal curves; a calibration holds
what it has measured of each circuit of one chip. `registers` asks either of them alike.

Currents and conductances are those of a circuit with nominal membrane capacitance: only their ratio
to the capacitance shows in a membrane, and nothing else can be measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.records import LINES, frozen_array

__all__ = ["LINE_NAMES", "UNITS", "AffineLaw", "Characteristics", "Law", "PowerLaw"]

#: A value this far, relatively, beyond the end of a law is still its end.
_TOLERANCE = 1e-9


@frozen
class Law:
    """A monotone relation of codes and values, with coefficients of its own for each circuit.

    Attributes
    ----------
    factor, second : float64 (n,)
        Coefficients; of length 1 where all circuits have the same.
    low, high : int
        Smallest and largest code.
    """

    factor: np.ndarray
    second: np.ndarray
    low: int = 0
    high: int = chip.ANALOG_MAX

    def __post_init__(self) -> None:
        values = np.broadcast_arrays(*np.atleast_1d(self.factor, self.second))
        for name, array in zip(("factor", "second"), values, strict=True):
            object.__setattr__(self, name, frozen_array(array.copy(), np.float64, (-1,), name))

    def __len__(self) -> int:
        return len(self.factor)

    def refitted(self, factor: ArrayLike, second: ArrayLike = 0.0) -> Self:
        """The law with other coefficients."""
        return replace(self, factor=np.asarray(factor), second=np.asarray(second))

    def at(self, circuit: np.ndarray) -> Self:
        """The law of some circuits, in their order."""
        if len(self) == 1:
            return self
        return replace(self, factor=self.factor[circuit], second=self.second[circuit])

    def repeated(self, n: int) -> Self:
        """The law of `n` circuits that are all alike."""
        factor, second = (np.broadcast_to(c, (n,)) for c in (self.factor, self.second))
        return replace(self, factor=factor, second=second)

    def then(self, others: Sequence[Self]) -> Self:
        """This law for the first circuits, `others` for those that follow."""
        laws = (self, *others)
        return replace(
            self,
            factor=np.concatenate([law.factor for law in laws]),
            second=np.concatenate([law.second for law in laws]),
        )

    def value(self, code: ArrayLike) -> np.ndarray:
        """Physical value of `code`, one for each circuit: float64."""
        raise NotImplementedError

    def _exact_code(self, value: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def code(self, value: ArrayLike) -> np.ndarray:
        """Nearest code of `value`, within `low` to `high`: uint16."""
        nearest = np.rint(self._exact_code(np.asarray(value, np.float64)))
        return np.clip(nearest, self.low, self.high).astype(np.uint16)

    @property
    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest value of each circuit: float64 (n,) each."""
        ends = self.value(self.low), self.value(self.high)
        return np.minimum(*ends), np.maximum(*ends)

    def clips(self, value: ArrayLike) -> np.ndarray:
        """Where `value` lies outside of `reach`: bool."""
        value = np.asarray(value, np.float64)
        low, high = self.reach
        slack = _TOLERANCE * np.maximum(np.abs(low), np.abs(high))
        return (value < low - slack) | (value > high + slack)


class AffineLaw(Law):
    """``value = factor * code + second``."""

    def value(self, code: ArrayLike) -> np.ndarray:
        return self.factor * np.asarray(code, np.float64) + self.second

    def _exact_code(self, value: np.ndarray) -> np.ndarray:
        return (value - self.second) / self.factor

    @classmethod
    def nominal(cls, curve: curves.Affine) -> AffineLaw:
        """All circuits follow `curve`."""
        return cls(np.array(curve.slope), np.array(curve.offset), curve.low, curve.high)


@frozen
class PowerLaw(Law):
    """``value = factor * (code + second) ** exponent``; a code below 1 does what 1 does.

    The code of no finite positive value is its end.
    """

    exponent: float = 1.0

    def value(self, code: ArrayLike) -> np.ndarray:
        shifted = np.maximum(np.asarray(code, np.float64) + self.second, 1.0)
        return self.factor * shifted**self.exponent

    def _exact_code(self, value: np.ndarray) -> np.ndarray:
        low, high = self.reach
        return (np.clip(value, low, high) / self.factor) ** (1 / self.exponent) - self.second

    @classmethod
    def nominal(cls, curve: curves.PowerLaw) -> PowerLaw:
        """All circuits follow `curve`."""
        factor = np.array(curve.factor)
        return cls(factor, np.zeros(()), curve.low, curve.high, curve.exponent)


#: Share of the circuits that may be too weak for the strongest synapses.
_FEW = 0.01

#: Endings of the laws of the two input lines.
LINE_NAMES = ("exc", "inh")

#: Laws by name, in the order of their columns, each with the unit of its values.
UNITS = {
    "leak": "mV",
    "reset": "mV",
    "threshold": "mV",
    "capacitance": "pF",
    "tau_mem": "us",
    "tau_mem_divided": "us",
    "tau_mem_multiplied": "us",
    "tau_reset": "us",
    "tau_syn_exc": "us",
    "tau_syn_inh": "us",
    "tau_syn_low_exc": "us",
    "tau_syn_low_inh": "us",
    "strength_exc": "nA",
    "strength_inh": "nA",
    "modulation_exc": "1/mV",
    "modulation_inh": "1/mV",
    "reversal_exc": "mV",
    "reversal_inh": "mV",
    "offset_source": "nA",
    "offset_sink": "nA",
    "tau_w": "us",
    "a": "uS/us",
    "b": "nA/us",
    "v_exp": "mV",
    "delta_t": "mV",
}


@frozen
class Characteristics:
    """The laws of all analog parameters that the mapping sets.

    Attributes
    ----------
    leak, reset, threshold : AffineLaw, mV
    capacitance : AffineLaw, pF
        Of the membrane, the parasitic one included; the largest is taken for nominal.
    tau_mem, tau_mem_divided, tau_mem_multiplied : PowerLaw, µs
        Membrane time constant of one circuit with the largest capacitance, for each setting of the
        switches of the leak.
    tau_reset : PowerLaw, µs
        Of the same membrane while it is held at reset, multiplied.
    tau_syn_exc, tau_syn_inh, tau_syn_low_exc, tau_syn_low_inh : PowerLaw, µs
        Of each input line, with high and low resistance.
    strength_exc, strength_inh : AffineLaw, nA
        What one weight code adds to a current-based line, by the code of the transconductance.
    modulation_exc, modulation_inh : AffineLaw, 1/mV
        Ratio of the conductance of a conductance-based line to that current, by its bias code.
    reversal_exc, reversal_inh : AffineLaw, mV
    offset_source, offset_sink : AffineLaw, nA
    tau_w : PowerLaw, µs
    a : AffineLaw, µS/µs
        Subthreshold adaptation for each µs of ``tau_w``: the resistance of the node of the
        adaptation current sets both.
    b : AffineLaw, nA/µs
        Growth of the adaptation current with each spike, for each µs of the pulse.
    v_exp : AffineLaw, mV
    delta_t : PowerLaw, mV
    """

    leak: AffineLaw
    reset: AffineLaw
    threshold: AffineLaw
    capacitance: AffineLaw
    tau_mem: PowerLaw
    tau_mem_divided: PowerLaw
    tau_mem_multiplied: PowerLaw
    tau_reset: PowerLaw
    tau_syn_exc: PowerLaw
    tau_syn_inh: PowerLaw
    tau_syn_low_exc: PowerLaw
    tau_syn_low_inh: PowerLaw
    strength_exc: AffineLaw
    strength_inh: AffineLaw
    modulation_exc: AffineLaw
    modulation_inh: AffineLaw
    reversal_exc: AffineLaw
    reversal_inh: AffineLaw
    offset_source: AffineLaw
    offset_sink: AffineLaw
    tau_w: PowerLaw
    a: AffineLaw
    b: AffineLaw
    v_exp: AffineLaw
    delta_t: PowerLaw

    @classmethod
    @cache
    def nominal(cls) -> Characteristics:
        """All circuits follow the nominal curves."""
        affine, power = AffineLaw.nominal, PowerLaw.nominal
        strength = affine(curves.Affine(curves.CURRENT_STEP, 0.0, chip.GM_MIN, chip.GM_MAX))
        modulation = affine(
            curves.Affine(
                curves.CONDUCTANCE_STEP / curves.CURRENT_STEP, 0.0, chip.BIAS_MIN, chip.ANALOG_MAX
            )
        )
        return cls(
            leak=affine(curves.LEAK),
            reset=affine(curves.RESET),
            threshold=affine(curves.THRESHOLD),
            capacitance=affine(curves.CAPACITANCE),
            tau_mem=power(curves.TAU_MEM),
            tau_mem_divided=power(curves.TAU_MEM_DIVIDED),
            tau_mem_multiplied=power(curves.TAU_MEM_MULTIPLIED),
            tau_reset=power(curves.TAU_RESET),
            tau_syn_exc=power(curves.TAU_SYN[0]),
            tau_syn_inh=power(curves.TAU_SYN[1]),
            tau_syn_low_exc=power(curves.TAU_SYN_LOW[0]),
            tau_syn_low_inh=power(curves.TAU_SYN_LOW[1]),
            strength_exc=strength,
            strength_inh=strength,
            modulation_exc=modulation,
            modulation_inh=modulation,
            reversal_exc=affine(curves.CELL),
            reversal_inh=affine(curves.CELL),
            offset_source=affine(curves.OFFSET_CURRENT),
            offset_sink=affine(curves.OFFSET_CURRENT),
            tau_w=power(curves.TAU_W),
            a=affine(curves.Affine(curves.A_RATIO / curves.TAU_W.factor, 0.0)),
            b=affine(curves.Affine(chip.ADAPTATION_TRANSCONDUCTANCE * chip.B_STEP, 0.0)),
            v_exp=affine(curves.CELL),
            delta_t=power(curves.EXP_SLOPE),
        )

    def __len__(self) -> int:
        """Circuits of which something is known; 1 where all are alike."""
        return len(self.leak)

    def repeated(self, n: int) -> Characteristics:
        """Those of `n` circuits that are all alike."""
        return Characteristics(**{f.name: getattr(self, f.name).repeated(n) for f in fields(self)})

    @classmethod
    def of_chips(cls, parts: Sequence[Characteristics]) -> Characteristics:
        """Those of several chips, their circuits counted over all of them."""
        first, *others = parts
        if not others:
            return first
        return cls(
            **{
                f.name: getattr(first, f.name).then([getattr(part, f.name) for part in others])
                for f in fields(cls)
            }
        )

    def at(self, circuit: np.ndarray) -> Characteristics:
        """Those of some circuits, in their order."""
        return Characteristics(**{f.name: getattr(self, f.name).at(circuit) for f in fields(self)})

    def line(self, name: str, line: int) -> Law:
        """The law `name` of one input line, e.g. ``line("strength", 0)``."""
        return getattr(self, f"{name}_{LINE_NAMES[line]}")

    @staticmethod
    def conductance(tau: np.ndarray | float) -> np.ndarray:
        """Conductance (µS) that gives a circuit of the largest capacitance the time constant `tau`.

        The same formula leads back from conductance to time constant (µs).
        """
        return curves.capacitance(chip.CAPACITANCE_MAX, 1) / tau

    def tau_of(
        self, code: ArrayLike, divided: np.ndarray | bool, multiplied: np.ndarray | bool
    ) -> np.ndarray:
        """Membrane time constant of leak codes, µs; both switches together cancel."""
        return np.where(
            np.logical_and(divided, np.logical_not(multiplied)),
            self.tau_mem_divided.value(code),
            np.where(
                np.logical_and(multiplied, np.logical_not(divided)),
                self.tau_mem_multiplied.value(code),
                self.tau_mem.value(code),
            ),
        )

    def leak_codes(
        self, conductance: ArrayLike
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Codes of a leak conductance, by the setting with the finest codes that reaches.

        Parameters
        ----------
        conductance : float64 (n,), µS

        Returns
        -------
        code : uint16 (n,)
        divided, multiplied, clipped : bool (n,)
        """
        tau = self.conductance(np.asarray(conductance, np.float64))
        divided = tau >= self.tau_mem_divided.reach[0]
        multiplied = (tau < self.tau_mem.reach[0]) & ~divided
        code = np.where(
            divided,
            self.tau_mem_divided.code(tau),
            np.where(multiplied, self.tau_mem_multiplied.code(tau), self.tau_mem.code(tau)),
        )
        clipped = (divided & self.tau_mem_divided.clips(tau)) | (
            multiplied & self.tau_mem_multiplied.clips(tau)
        )
        return code, divided, multiplied, clipped

    def tau_syn_codes(self, line: int, tau: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Codes of the time constant of an input line.

        Returns
        -------
        code : uint16 (n,)
        high_resistance, clipped : bool (n,)
        """
        tau = np.asarray(tau, np.float64)
        high, low = self.line("tau_syn", line), self.line("tau_syn_low", line)
        high_resistance = tau >= high.reach[0]
        code = np.where(high_resistance, high.code(tau), low.code(tau))
        return code, high_resistance, np.where(high_resistance, high.clips(tau), low.clips(tau))

    def strength_reach(self) -> tuple[float, float]:
        """Shares of the largest nominal strength that all but a few circuits reach, at most 1.

        Returns
        -------
        current, conductance : float
            Of current-based and of conductance-based lines.
        """
        nominal = Characteristics.nominal()
        shares = []
        for line in range(LINES):
            current, ratio = (
                self.line(name, line).reach[1] / nominal.line(name, line).reach[1]
                for name in ("strength", "modulation")
            )
            shares.append([np.quantile(share, _FEW) for share in (current, current * ratio)])
        current, conductance = np.minimum(np.min(shares, axis=0), 1.0).tolist()
        return current, conductance

    def weight_step(
        self, line: int, gm: ArrayLike, coba: ArrayLike, conductance_based: np.ndarray | bool
    ) -> np.ndarray:
        """What one weight code adds to the state of input `line`: nA, or µS.

        Parameters
        ----------
        gm, coba : int (n,)
            Codes of transconductance and modulation.
        conductance_based : bool (n,)
        """
        current = self.line("strength", line).value(gm)
        modulated = current * self.line("modulation", line).value(coba)
        return np.where(conductance_based, modulated, current)
