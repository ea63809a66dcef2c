"""Adaptation and exponential term of each circuit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pynn_bss2sim._core import curves, device
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import ChipConfig, RowMode
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.records import Variable
from pynn_bss2sim.mapping.characteristics import Characteristics, Law
from pynn_bss2sim.mapping.refractory import MOST_CYCLES, clock_scale, counter

from .bench import pulse_registers
from .fits import affine, combination, exponential, proportional, psp, shifted_power
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

__all__ = ["measure_adaptation", "measure_exponential"]

_TAU_MEM = 8.0  #: µs
_TAU_W_CODES = (60, 200, 600, 1000)
_B_CODES = (150, 300, 600)
_B_TAU_CODE = 120
_PULSE_SCALE = 7
_TRIGGER = 60.0  #: mV, from rest to threshold
_TRIGGER_TAU = 1.0  #: µs, of the line that makes a membrane spike, of the weakest circuits, too
_TRIGGER_WEIGHT = 40
_HELD = 10.0  #: µs after a spike, until nothing is left of what made it
_SPAN = 5.0  #: of a trace, in expected time constants
_SAMPLES = 60
_REPETITIONS = 5
_STEP = 0.1  #: µs

_A_CODES = (40, 80, 160)
_A_CURRENT = 8.0  #: nA
_A_READINGS = 100

#: Codes of onset and slope: a search, then gentle slopes first.
_EXPONENTIAL_POINTS = ((300, 350), (300, 200), (300, 350), (300, 600), (300, 1000), (420, 600))
_FAST = 1.0  #: µs
#: Rests in slopes below the onset: the last ones lie near where a membrane runs away.
_APPROACH = (3.4, 2.8, 2.3, 1.9, 1.6, 1.35, 1.15)
#: The same where nothing is known: slopes differ by factors of two and more.
_SEARCH = (8.0, 6.5, 5.2, 4.2, 3.4, 2.7, 2.1, 1.7, 1.3, 1.0, 0.8, 0.6)
_RUNAWAY = 5.0  #: slopes above the onset, where a circuit spikes
_SHARE = (0.02, 0.7)  #: of its slope, by which the exponential term may lift a membrane in a fit
_READING = 150.0  #: µs


def measure_adaptation(meter: Meter, law: Characteristics) -> dict[str, Law]:
    """Decay of the adaptation after a spike, its effect then, and on a plateau.

    Parameters
    ----------
    law : Characteristics
        With potentials, ``tau_mem``, ``tau_syn`` and offset current as measured.
    """
    taus = np.stack([_tau_w(meter, law, code) for code in _TAU_W_CODES])
    nominal = NOMINAL.tau_w
    factor, shift = shifted_power(_TAU_W_CODES, taus, nominal.exponent)
    law = replace(law, tau_w=nominal.refitted(factor, shift))
    b = np.stack([_b(meter, law, code) for code in _B_CODES])
    a = np.stack([_a(meter, law, code) for code in _A_CODES])
    b /= float(curves.pulse_length(_PULSE_SCALE))
    a /= law.tau_w.value(chip.TAU_W_CODE)
    return {
        "tau_w": law.tau_w,
        "b": NOMINAL.b.refitted(proportional(_B_CODES, b)),
        "a": NOMINAL.a.refitted(proportional(_A_CODES, a)),
    }


def _spiking(law: Characteristics, analog: Codes, switches: tuple[Switch, ...]) -> ChipConfig:
    """Circuits that spike with every event, and come back to rest."""
    leak, on = leak_switches(law, _TAU_MEM)
    tau, high, _ = law.tau_syn_codes(0, np.full(CIRCUITS, _TRIGGER_TAU))
    on |= {device.LINE_ENABLE[0]: True, device.LINE_HIGH_RESISTANCE[0]: high}
    on |= dict.fromkeys((Switch.THRESHOLD_ENABLE, *switches), True)
    scale = clock_scale(_HELD / MOST_CYCLES)
    return registers(
        {
            Analog.V_LEAK: codes(law.leak, REST),
            Analog.V_RESET: codes(law.reset, REST),
            Analog.V_THRESHOLD: codes(law.threshold, REST + _TRIGGER),
            Analog.I_BIAS_LEAK: leak,
            device.LINE_TAU[0]: tau,
            device.LINE_GM[0]: chip.GM_MAX,
            **analog,
        },
        on,
        refractory_counter=np.full(CIRCUITS, counter(_HELD, scale), np.uint8),
        refractory_clock_scale=np.full(
            (chip.BACKEND_BLOCKS, chip.REFRACTORY_CLOCKS), scale, np.uint8
        ),
        adaptation_pulse_scale=np.full(chip.BACKEND_BLOCKS, _PULSE_SCALE, np.uint8),
        **pulse_registers(_TRIGGER_WEIGHT, RowMode.EXCITATORY),
    )


_ADAPTING = (Switch.ADAPTATION_ENABLE, Switch.ADAPTATION_PULSE_ENABLE)


def _tau_w(meter: Meter, law: Characteristics, code: int) -> np.ndarray:
    expected = float(NOMINAL.tau_w.value(code)[0])
    config = _spiking(
        law, {Analog.I_BIAS_ADAPT_TAU: code, Analog.I_BIAS_ADAPT_B: _B_CODES[1]}, _ADAPTING
    )
    time, trace = _after_spikes(meter, config, _SPAN * expected, Variable.W)
    return exponential(time, trace)[0]


def _after_spikes(
    meter: Meter, config: ChipConfig, span: float, source: Variable
) -> tuple[np.ndarray, np.ndarray]:
    """Mean trace from the end of the hold on: time (k,), since the spike; (k, 512), mV."""
    period = max(1, round(span / _SAMPLES / _STEP)) * _STEP
    meter.bench.configure(config, _STEP)
    duration = period * np.ceil((_HELD + span) / period)
    total: np.ndarray = np.zeros(())
    for _ in range(_REPETITIONS):
        time, voltage, _ = meter.trace(duration, period, (0.0,), source)
        total = total + voltage
    seen = (time > 1.2 * _HELD) & (time <= _HELD + span)
    return time[seen], total[seen] / _REPETITIONS


def _b(meter: Meter, law: Characteristics, code: int) -> np.ndarray:
    """Growth of the adaptation current with a spike, nA: by how it moves the membrane."""
    span = _SPAN * float(NOMINAL.tau_w.value(_B_TAU_CODE)[0])
    analog = {Analog.I_BIAS_ADAPT_TAU: _B_TAU_CODE, Analog.I_BIAS_ADAPT_B: code}
    time, trace = _after_spikes(meter, _spiking(law, analog, _ADAPTING), span, Variable.V)
    leak, on = leak_switches(law, _TAU_MEM)
    tau_mem, tau_w = law.tau_of(leak, *on.values()), law.tau_w.value(_B_TAU_CODE)
    since = time - _HELD
    shapes = np.stack(
        [
            psp(since, tau_w, tau_mem) * np.exp(-_HELD / tau_w),
            np.exp(-since[:, np.newaxis] / tau_mem),
            np.ones((len(time), CIRCUITS)),
        ]
    )
    return -combination(shapes, trace)[0] * CAPACITANCE


def _a(meter: Meter, law: Characteristics, code: int) -> np.ndarray:
    """Subthreshold adaptation, µS: it lowers the plateau that a constant current makes."""
    leak, on = leak_switches(law, _TAU_MEM)
    analog: Codes = {
        Analog.V_LEAK: codes(law.leak, REST),
        Analog.I_BIAS_LEAK: leak,
        Analog.I_MEM_OFFSET: codes(law.offset_source, _A_CURRENT),
        Analog.I_BIAS_ADAPT_TAU: chip.TAU_W_CODE,
        Analog.I_BIAS_ADAPT_A: code,
    }
    tau_w = float(NOMINAL.tau_w.value(chip.TAU_W_CODE)[0])
    volts = []
    meter.bench.configure(registers(analog, on), _TAU_MEM / 40)
    for adapting in ((), (Switch.ADAPTATION_ENABLE,)):
        plateaus = []
        for current in ((), (Switch.OFFSET_ENABLE,)):
            meter.bench.rewrite(
                registers(analog, {**on, **dict.fromkeys((*adapting, *current), True)})
            )
            settle = 8 * tau_w if adapting else 10 * _TAU_MEM
            plateaus.append(meter.plateau(settle, _TAU_MEM, _A_READINGS))
        volts.append(plateaus[1] - plateaus[0])
    return law.conductance(law.tau_of(leak, *on.values())) * (volts[0] / volts[1] - 1)


def measure_exponential(meter: Meter, law: Characteristics) -> dict[str, Law]:
    """How far the exponential term lifts membranes that rest near its onset.

    At rest, ``V - E = delta_t exp((V - v_exp) / delta_t)``: the logarithm of the lift is a straight
    line over V.

    Parameters
    ----------
    law : Characteristics
        With potentials and ``tau_mem`` as measured.
    """
    slope: dict[int, list[np.ndarray]] = {}
    onset: dict[int, list[np.ndarray]] = {}
    shift, factor = np.zeros(CIRCUITS), np.ones(CIRCUITS)
    for number, (volts, bias) in enumerate(_EXPONENTIAL_POINTS):
        # each measurement knows better than the former ones where to look
        expected = NOMINAL.delta_t.value(bias) * factor
        near = NOMINAL.v_exp.value(volts) + shift
        approach = _APPROACH if number else _SEARCH
        found, at = _exponential(meter, law, (volts, bias), expected, near, approach)
        slope.setdefault(bias, []).append(found)
        onset.setdefault(volts, []).append(at)
        good = np.isfinite(found) & (np.abs(at - near) < 2 * expected)
        factor = np.where(good, found / NOMINAL.delta_t.value(bias), factor)
        shift = np.where(good, at - NOMINAL.v_exp.value(volts), shift)
    nominal = NOMINAL.delta_t
    size, by = shifted_power(
        list(slope), np.stack([values[-1] for values in slope.values()]), nominal.exponent
    )
    gain, offset = affine(
        np.array(list(onset), float)[:, np.newaxis],
        np.stack([values[-1] for values in onset.values()]),
    )
    return {
        "delta_t": nominal.refitted(size, by),
        "v_exp": NOMINAL.v_exp.refitted(gain, offset),
    }


def _exponential(
    meter: Meter,
    law: Characteristics,
    registered: tuple[int, int],
    expected: np.ndarray,
    near: np.ndarray,
    approach: Sequence[float],
) -> tuple[np.ndarray, np.ndarray]:
    """Slope and onset, mV: float64 (512,) each, NaN where they do not show.

    Parameters
    ----------
    registered : tuple of int
        Codes of onset and slope.
    expected, near : float64 (512,), mV
        Where about slope and onset may lie.
    approach : sequence of float
        Rests, in slopes below the onset.
    """
    leak, on = leak_switches(law, _FAST)
    voltages, lifts = [], []
    for below in approach:
        analog: Codes = {
            Analog.V_LEAK: law.leak.code(near - below * expected),
            Analog.V_RESET: law.reset.code(near - 6 * expected),
            Analog.I_BIAS_LEAK: leak,
            Analog.V_THRESHOLD: law.threshold.code(near + _RUNAWAY * expected),
            Analog.V_EXP: registered[0],
            Analog.I_BIAS_EXP: registered[1],
        }
        term = {**on, Switch.EXPONENTIAL_ENABLE: True, Switch.THRESHOLD_ENABLE: True}
        meter.bench.configure(registers(analog, on), _FAST / 20)
        rest, _ = _resting(meter)
        meter.bench.rewrite(registers(analog, term))
        with_term, ran_away = _resting(meter)
        voltages.append(np.where(ran_away, np.nan, with_term))
        lifts.append(with_term - rest)
    lifted, lift = np.stack(voltages), np.stack(lifts)
    low, high = (share * expected for share in _SHARE)
    usable = (lift > low) & (lift < high) & np.isfinite(lifted)
    with np.errstate(invalid="ignore", divide="ignore"):
        inverse, offset = affine(
            np.where(usable, lifted, 0.0), np.where(usable, np.log(lift), np.nan), lift**2
        )
        slope = np.where(inverse > 0, 1 / inverse, np.nan)
        return slope, slope * (np.log(slope) - offset)


def _resting(meter: Meter) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each membrane, mV, and whether it spiked."""
    meter.bench.run(20 * _FAST)
    _, voltage, spikes = meter.trace(_READING, _FAST / 2)
    return voltage.mean(axis=0), np.bincount(spikes.circuit, minlength=CIRCUITS) > 0
