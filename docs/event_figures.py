"""Figures of synaptic events, measured on a bench with the default calibration of the chip."""

import numpy as np
from chip_figures import default, running

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.config import RowMode
from pynn_bss2sim.mapping.calibration.bench import PULSE_ROWS, pulse_registers
from pynn_bss2sim.mapping.calibration.meter import CIRCUITS

_MODES = (RowMode.EXCITATORY, RowMode.INHIBITORY)


def psp(line, weight, repetitions=6):
    """Largest deflection by `weight`, a multiple of 32 over as many synapses, MADC LSB."""
    on = pulse_registers(weight // PULSE_ROWS, _MODES[line])
    return _deflection(line, on, repetitions)


def single_psp(line, weights, repetitions=20):
    """Largest deflection by one event through a synapse for each of `weights`, MADC LSB.

    The mean over drivers, which deviate.
    """
    on = pulse_registers(0, _MODES[line])
    rows = np.flatnonzero(on["driver_enable"][0])[:, np.newaxis] * chip.ROWS_PER_DRIVER
    found = []
    for begin in range(0, len(rows), len(rows) // 4):
        on["synapse_weight"][:] = 0
        for k, weight in enumerate(weights):
            on["synapse_weight"][:, rows[begin + k]] = weight
        found.append(_deflection(line, on, repetitions // 4))
    return np.mean(found)


def _deflection(line, rows, repetitions):
    bench = running(default({Analog.V_THRESHOLD: chip.ANALOG_MAX}, **rows), 0.05)
    total = 0.0
    for _ in range(repetitions):
        bench.run(100.0)
        before = bench.run(10.0, period=0.25)[1].mean(axis=0)
        total = total + bench.run(50.0, (0.0,), period=0.25)[1] - before
    trace = np.median(total, axis=1) / repetitions
    return trace.max() if line == 0 else -trace.min()


def events_to_threshold():
    """Simultaneous events of weight 63 that make most circuits fire."""
    on = pulse_registers(0, RowMode.EXCITATORY)
    rows = np.flatnonzero(on["driver_enable"][0]) * chip.ROWS_PER_DRIVER
    for count in range(1, 10):
        on["synapse_weight"][:, rows[:count]] = chip.WEIGHT_MAX
        bench = running(default(switches=(Switch.THRESHOLD_ENABLE,), **on), 0.05)
        bench.run(50.0)
        spikes = bench.run(50.0, (0.0,))[2]
        if len(np.unique(spikes.circuit)) > CIRCUITS / 2:
            return count
    raise AssertionError("no number of events makes circuits fire")


def poisson_input(weights=(10, 15, 20, 25, 30), rate=0.12, duration=3000.0):
    """Poisson input of 120 kHz by each of `weights`: mean rates (kHz), share of silent circuits."""
    generator = np.random.default_rng(0)
    times = np.sort(generator.uniform(0.0, duration, generator.poisson(rate * duration)))
    on = pulse_registers(0, RowMode.EXCITATORY)
    row = np.flatnonzero(on["driver_enable"][0])[5] * chip.ROWS_PER_DRIVER
    rates, silent = [], []
    for weight in weights:
        on["synapse_weight"][:, row] = weight
        bench = running(default(switches=(Switch.THRESHOLD_ENABLE,), **on), 0.1)
        spikes = bench.run(duration, times)[2]
        rates.append(len(spikes.circuit) / CIRCUITS / duration * 1000.0)
        silent.append(1.0 - len(np.unique(spikes.circuit)) / CIRCUITS)
    return rates, silent
