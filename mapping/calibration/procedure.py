"""The order of the measurements: each needs what the former ones have found."""

from __future__ import annotations

from dataclasses import replace

from .adex import measure_adaptation, measure_exponential
from .bench import Bench
from .drivers import measure_trims
from .lines import measure_conductance, measure_strength, measure_tau_syn
from .membrane import measure_capacitance, measure_offset, measure_tau_mem, measure_tau_reset
from .meter import CIRCUITS, NOMINAL, Meter
from .potentials import measure_leak, measure_reset, measure_threshold
from .record import Calibration, mended

__all__ = ["calibrate"]

_STEPS = (
    measure_capacitance,
    measure_tau_mem,
    measure_tau_syn,
    measure_offset,
    measure_strength,
    measure_conductance,
    measure_adaptation,
    measure_exponential,
    measure_tau_reset,
)


def calibrate(bench: Bench) -> Calibration:
    """Characterise all circuits of a chip.

    First the converters, by known voltages; then potentials, capacitance, time constants,
    offset current, strength of the lines, adaptation and exponential term, speed of the reset; last
    the drivers.

    Parameters
    ----------
    bench : Bench
        All that is known of the chip is what it measures.
    """
    meter = Meter.adjusted(bench)
    law = replace(
        NOMINAL.repeated(CIRCUITS),
        leak=measure_leak(meter),
        reset=measure_reset(meter),
        threshold=measure_threshold(meter),
    )
    law, suspects = mended(law)
    for measure in _STEPS:
        found = measure(meter, law)
        law, suspect = mended(replace(law, **found))
        suspects |= {name: suspects[name] | suspect[name] for name in suspects}
    return Calibration(law, suspects, meter.cadc, meter.madc, measure_trims(meter, law))
