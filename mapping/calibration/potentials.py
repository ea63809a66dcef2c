"""Leak, reset and threshold potential of each circuit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim.mapping.characteristics import AffineLaw

from .bench import Spikes
from .fits import affine
from .meter import CAPACITANCE as _CAPACITANCE
from .meter import CIRCUITS, NOMINAL, Meter, leak_switches, registers

__all__ = ["measure_leak", "measure_reset", "measure_threshold"]

_LEAK_CODES = (500, 700, 900)
_RESET_CODES = (400, 580, 760)
_THRESHOLD_CODES = (150, 330, 510)

_STEP = 0.05  #: µs
_SETTLE = 20.0  #: µs, many time constants of membrane and reset
_HELD = 400.0  #: µs, longer than all readings
_OVER = 200.0  #: mV, by which the membrane is driven over its threshold, more than its leak holds
_DRIVE = 30.0  #: nA, that does so
_BELOW = 150.0  #: mV, from threshold to reset
_FIRING = 300.0  #: µs, of regular firing with periods of some 20 µs


def measure_leak(meter: Meter) -> AffineLaw:
    """The mean of resting membranes."""
    plateaus = []
    for code in _LEAK_CODES:
        meter.bench.configure(registers({Analog.V_LEAK: code}), _STEP)
        plateaus.append(meter.plateau(_SETTLE))
    return _law(NOMINAL.leak, _LEAK_CODES, plateaus)


def measure_reset(meter: Meter) -> AffineLaw:
    """The mean of membranes that are held at reset."""
    plateaus = []
    for code in _RESET_CODES:
        meter.bench.configure(registers({Analog.V_RESET: code}), _STEP)
        meter.bench.hold(_HELD)
        plateaus.append(meter.plateau(_SETTLE))
    return _law(NOMINAL.reset, _RESET_CODES, plateaus)


def measure_threshold(meter: Meter) -> AffineLaw:
    """The peaks of membranes that a constant current drives over their threshold."""
    peaks = []
    for code in _THRESHOLD_CODES:
        volts = float(NOMINAL.threshold.value(code)[0])
        leak, on = leak_switches(NOMINAL, _OVER / _DRIVE * _CAPACITANCE)
        on |= dict.fromkeys((Switch.THRESHOLD_ENABLE, Switch.OFFSET_ENABLE), True)
        config = registers(
            {
                Analog.V_THRESHOLD: code,
                Analog.V_LEAK: NOMINAL.leak.code(volts),
                Analog.V_RESET: NOMINAL.reset.code(volts - _BELOW),
                Analog.I_BIAS_LEAK: leak,
                Analog.I_MEM_OFFSET: NOMINAL.offset_source.code(_DRIVE),
            },
            on,
            refractory_counter=np.full(CIRCUITS, 255, np.uint8),
        )
        meter.bench.configure(config, _STEP)
        _, voltage, spikes = meter.trace(_FIRING, _STEP)
        peaks.append(_mean_peak(voltage, spikes))
    return _law(NOMINAL.threshold, _THRESHOLD_CODES, peaks)


def _mean_peak(voltage: np.ndarray, spikes: Spikes) -> np.ndarray:
    """Mean of the last sample before each spike, NaN for circuits without: float64 (n,)."""
    before = (
        np.rint(spikes.time / _STEP).astype(np.int64) - 2
    )  # sample k is taken after k + 1 steps
    seen = before >= 0
    circuit = spikes.circuit[seen]
    total = np.bincount(circuit, voltage[before[seen], circuit], CIRCUITS)
    with np.errstate(invalid="ignore"):
        return total / np.bincount(circuit, minlength=CIRCUITS)


def _law(nominal: AffineLaw, code: Sequence[int], value: Sequence[np.ndarray]) -> AffineLaw:
    factor, offset = affine(np.array(code, float)[:, np.newaxis], np.stack(value))
    return nominal.refitted(factor, offset)
