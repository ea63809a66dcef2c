"""What all measurements share: plain registers, converters that are known, traces in mV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.readout import Madc, Transfer
from pynn_bss2sim._core.records import Variable
from pynn_bss2sim.mapping.characteristics import Characteristics, Law

from .bench import Bench, Spikes
from .fits import affine

__all__ = [
    "CAPACITANCE",
    "CIRCUITS",
    "NOMINAL",
    "REST",
    "Meter",
    "codes",
    "leak_switches",
    "registers",
]

CIRCUITS = chip.HICANN_X.circuits
NOMINAL = Characteristics.nominal()

#: Codes of all circuits, or of each.
Codes: TypeAlias = Mapping[Analog, np.ndarray | int]
#: Switches of all circuits, or of each.
Switches: TypeAlias = dict[Switch, np.ndarray | bool]

#: Of a nominal circuit, pF. Currents and conductances are measured relative to it.
CAPACITANCE = float(curves.capacitance(chip.CAPACITANCE_MAX, 1))

#: Membrane potential around which time constants and currents are measured, mV.
REST = 450.0

#: Known voltages at which the converters are read, mV: no channel of the CADC is at its end there.
_REFERENCES = (350.0, 950.0)
_READINGS = 128
_EVERY = np.arange(CIRCUITS)


def registers(
    analog: Codes,
    switches: Iterable[Switch] | Switches = (),
    **others: np.ndarray,
) -> ChipConfig:
    """A chip whose circuits are silent, alone and at rest, but for what is given."""
    code = np.zeros((CIRCUITS, len(Analog)), np.uint16)
    code[:, Analog.V_THRESHOLD] = chip.ANALOG_MAX
    code[:, Analog.I_BIAS_RESET] = chip.RESET_BIAS
    for parameter, codes_of_circuits in {**_IDLE, **analog}.items():
        code[:, parameter] = codes_of_circuits
    on = np.zeros((CIRCUITS, len(Switch)), bool)
    on[:, Switch.RESET_MULTIPLICATION] = True
    for name in switches:
        on[:, name] = switches[name] if isinstance(switches, dict) else True
    given = {"capacitance": np.full(CIRCUITS, chip.CAPACITANCE_MAX, np.uint8), **others}
    return ChipConfig.default(analog=code, switches=on, **given)


_IDLE: Codes = {
    Analog.V_LEAK: NOMINAL.leak.code(REST),
    Analog.V_RESET: NOMINAL.reset.code(REST - 100.0),
    Analog.I_BIAS_LEAK: 300,
    Analog.I_BIAS_SYNIN_EXC_TAU: 300,
    Analog.I_BIAS_SYNIN_INH_TAU: 300,
    Analog.I_BIAS_SYNIN_EXC_GM: chip.PSP_GM,
    Analog.I_BIAS_SYNIN_INH_GM: chip.PSP_GM,
    Analog.I_BIAS_SYNIN_EXC_SHIFT: chip.SHIFT_REFERENCE,
    Analog.I_BIAS_SYNIN_INH_SHIFT: chip.SHIFT_REFERENCE,
    Analog.I_BIAS_ADAPT_TAU: chip.TAU_W_CODE,
    Analog.I_BIAS_EXP: chip.EXP_SLOPE_CODE,
}


def codes(law: Law, value: float) -> np.ndarray:
    """Codes with which all circuits reach `value`: uint16 (512,)."""
    return np.broadcast_to(law.code(value), (CIRCUITS,))


def leak_switches(law: Characteristics, tau: float) -> tuple[np.ndarray, Switches]:
    """Code and switches of the leak with which all membranes have the time constant `tau`, µs."""
    code, divided, multiplied, _ = law.leak_codes(np.full(CIRCUITS, law.conductance(tau)))
    return code, {Switch.LEAK_DIVISION: divided, Switch.LEAK_MULTIPLICATION: multiplied}


@frozen
class Meter:
    """A bench whose converters are known.

    Attributes
    ----------
    bench : Bench
    cadc : Transfer
        Of all column converters, as measured.
    madc : Transfer
        Of both channels.
    """

    bench: Bench
    cadc: Transfer
    madc: Transfer

    @classmethod
    def adjusted(cls, bench: Bench) -> Meter:
        """Measure the converters: they read two known voltages."""
        readings = [bench.read_reference(voltage, _READINGS) for voltage in _REFERENCES]
        known = np.array(_REFERENCES)[:, np.newaxis]
        cadc, madc = (
            Transfer(*affine(known, np.stack([reading[k].mean(axis=0) for reading in readings])))
            for k in range(2)
        )
        return cls(bench, cadc, madc)

    def trace(
        self,
        duration: float,
        period: float,
        pulses: Sequence[float] = (),
        source: Variable = Variable.V,
    ) -> tuple[np.ndarray, np.ndarray, Spikes]:
        """Read all circuits with the fast converter.

        Returns
        -------
        time : float64 (k,), µs
        voltage : float64 (k, 512), mV
        spikes : Spikes
        """
        time, raw, spikes = self.bench.run(duration, pulses, source=source, period=period)
        return time, self.madc.to_mv(raw, Madc.channel_of(_EVERY)), spikes

    def plateau(
        self, settle: float, spacing: float = chip.CADC_PERIOD, count: int = 64
    ) -> np.ndarray:
        """Mean of `count` readings of the column converters: float64 (512,), mV."""
        self.bench.run(settle)
        return self.averaged(spacing, count)

    def averaged(self, spacing: float = chip.CADC_PERIOD, count: int = 64) -> np.ndarray:
        """As `plateau`, from now on."""
        _, raw, _ = self.bench.run(count * spacing, period=spacing, column_converters=True)
        return self.cadc.to_mv(raw, _EVERY).mean(axis=0)
