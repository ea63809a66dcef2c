"""Membrane capacitance, time constants and offset current of each circuit."""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim.mapping.characteristics import AffineLaw, Characteristics, PowerLaw

from .fits import exponential, proportional, shifted_power
from .meter import (
    CAPACITANCE,
    CIRCUITS,
    NOMINAL,
    REST,
    Codes,
    Meter,
    codes,
    leak_switches,
    registers,
)

__all__ = ["measure_capacitance", "measure_offset", "measure_tau_mem", "measure_tau_reset"]

#: Laws of the time constant, each with the switches of the leak for which it holds.
SETTINGS = {
    "tau_mem": (),
    "tau_mem_divided": (Switch.LEAK_DIVISION,),
    "tau_mem_multiplied": (Switch.LEAK_MULTIPLICATION,),
}
_CODES = (12, 35, 100, 300, 1000)

#: From reset to leak, mV: well within the linear range of the leak.
_STEP_SIZE = 45.0
_REPETITIONS = 8
_SPAN = 5.0  #: of a trace, in expected time constants
_SAMPLES = 60  #: of a trace
_HELD = 5.0  #: µs, ten time constants of the reset
_LARGEST_STEP = 0.2  #: µs, of the emulation

#: Capacitances are compared with this code of the leak. The step is so large that it drowns the
#: noise of the smallest one; what the leak saturates is the same for both.
_CAPACITANCE_LEAK = 100
_CAPACITANCE_STEP = 150.0
_CAPACITANCE_REPETITIONS = {chip.CAPACITANCE_MAX: 16, 0: 80}

_RESET_CODES = (300, 1000)
_RESET_STEP_SIZE = 150.0  #: mV, from rest to reset
_RESET_PERIOD = 0.05  #: µs
_REST_AGAIN = 40.0  #: µs, ten time constants of the membrane

_OFFSET_CODES = (100, 300, 900)
_SHIFT = 30.0  #: mV that the offset current is to shift the membrane by


def measure_tau_mem(meter: Meter, law: Characteristics) -> dict[str, PowerLaw]:
    """Exponential fits to membranes that are released from reset.

    As those of the real chip they hold what a saturating leak adds: half a per cent at this step.

    Parameters
    ----------
    law : Characteristics
        With leak and reset as measured.
    """
    result = {}
    for name, switches in SETTINGS.items():
        nominal = getattr(NOMINAL, name)
        measured = [
            _tau_mem(meter, law, code, switches, float(nominal.value(code)[0])) for code in _CODES
        ]
        factor, shift = shifted_power(_CODES, np.stack(measured), nominal.exponent)
        result[name] = nominal.refitted(factor, shift)
    return result


def measure_capacitance(meter: Meter, law: Characteristics) -> dict[str, AffineLaw]:
    """The time constants that one leak gives to the smallest and the largest capacitance.

    Their ratio is that of the capacitances, the parasitic one included.

    Parameters
    ----------
    law : Characteristics
        With leak and reset as measured.
    """
    nominal = NOMINAL.capacitance
    at = {
        code: _tau_mem(
            meter,
            law,
            _CAPACITANCE_LEAK,
            (),
            float(NOMINAL.tau_mem.value(_CAPACITANCE_LEAK)[0] * nominal.value(code)[0])
            / CAPACITANCE,
            capacitance=code,
            size=_CAPACITANCE_STEP,
            repetitions=repetitions,
        )
        for code, repetitions in _CAPACITANCE_REPETITIONS.items()
    }
    smallest = CAPACITANCE * at[nominal.low] / at[nominal.high]
    step = (CAPACITANCE - smallest) / nominal.high
    return {"capacitance": nominal.refitted(step, smallest)}


def _tau_mem(
    meter: Meter,
    law: Characteristics,
    code: int,
    switches: tuple[Switch, ...],
    expected: float,
    capacitance: int = chip.CAPACITANCE_MAX,
    size: float = _STEP_SIZE,
    repetitions: int = _REPETITIONS,
) -> np.ndarray:
    """Membrane time constants with the leak `code`, µs."""
    config = registers(
        {
            Analog.V_LEAK: codes(law.leak, REST),
            Analog.V_RESET: codes(law.reset, REST - size),
            Analog.I_BIAS_LEAK: code,
        },
        switches,
        capacitance=np.full(CIRCUITS, capacitance, np.uint8),
    )
    period = _SPAN * expected / _SAMPLES
    step = period / np.ceil(period / _LARGEST_STEP)
    meter.bench.configure(config, step)
    total: np.ndarray = np.zeros(())
    for _ in range(repetitions):
        meter.bench.hold(_HELD)
        meter.bench.run(_HELD)
        time, voltage, _ = meter.trace(_SPAN * expected, period)
        total = total + voltage
    return exponential(time, total / repetitions)[0]


def measure_tau_reset(meter: Meter, law: Characteristics) -> dict[str, PowerLaw]:
    """Exponential fits to membranes that fall from rest to reset.

    Parameters
    ----------
    law : Characteristics
        With leak and reset as measured.
    """
    nominal = NOMINAL.tau_reset
    expected = [float(nominal.value(code)[0]) for code in _RESET_CODES]
    measured = np.stack(
        [
            _tau_reset(meter, law, code, tau)
            for code, tau in zip(_RESET_CODES, expected, strict=True)
        ]
    )
    return {"tau_reset": nominal.refitted(nominal.factor * proportional(expected, measured))}


def _tau_reset(meter: Meter, law: Characteristics, code: int, expected: float) -> np.ndarray:
    """Time constants of the reset with the bias `code`, multiplied, µs."""
    config = registers(
        {
            Analog.V_LEAK: codes(law.leak, REST),
            Analog.V_RESET: codes(law.reset, REST - _RESET_STEP_SIZE),
            Analog.I_BIAS_RESET: code,
        }
    )
    meter.bench.configure(config, _RESET_PERIOD / 2)
    total: np.ndarray = np.zeros(())
    for _ in range(_REPETITIONS):
        meter.bench.run(_REST_AGAIN)
        meter.bench.hold(2 * _SPAN * expected)
        time, voltage, _ = meter.trace(_SPAN * expected, _RESET_PERIOD)
        total = total + voltage
    return exponential(time, total / _REPETITIONS)[0]


def measure_offset(meter: Meter, law: Characteristics) -> dict[str, AffineLaw]:
    """The shift of resting membranes.

    Parameters
    ----------
    law : Characteristics
        With leak and ``tau_mem`` as measured.
    """
    result = {}
    for name, sink in (("offset_source", ()), ("offset_sink", (Switch.OFFSET_SINK,))):
        nominal = getattr(NOMINAL, name)
        current = np.stack([_current(meter, law, code, sink) for code in _OFFSET_CODES])
        result[name] = nominal.refitted(proportional(_OFFSET_CODES, current))
    return result


def _current(meter: Meter, law: Characteristics, code: int, sink: tuple[Switch, ...]) -> np.ndarray:
    """Offset current of `code`, nA."""
    tau = float(_SHIFT * CAPACITANCE / curves.OFFSET_CURRENT.value(code))
    leak, switches = leak_switches(law, tau)
    analog: Codes = {
        Analog.V_LEAK: codes(law.leak, REST),
        Analog.I_BIAS_LEAK: leak,
        Analog.I_MEM_OFFSET: code,
    }
    with_current = {**switches, **dict.fromkeys((Switch.OFFSET_ENABLE, *sink), True)}
    volts = []
    meter.bench.configure(registers(analog, switches), tau / 20)
    for on in (switches, with_current):
        meter.bench.rewrite(registers(analog, on))
        volts.append(meter.plateau(10 * tau, max(2 * tau, chip.CADC_PERIOD)))
    return np.abs(volts[1] - volts[0]) * law.conductance(law.tau_of(leak, *switches.values()))
