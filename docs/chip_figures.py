"""Figures of the chip, measured on a bench: registers are written, converters read.

Those of events stand in `event_figures.py`.

Nothing here looks at the curves or deviations of the emulated chip. A number is the median over the
512 circuits of one chip. Where a figure is one of the default calibration, the circuits get the
codes that the calibration of this chip gives for it; elsewhere all of them get the same code.
"""

from functools import cache

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import device as layout
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.config import RowMode
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.records import LINES, Variable
from pynn_bss2sim.mapping.calibration import Bench, calibrated
from pynn_bss2sim.mapping.calibration.bench import pulse_registers
from pynn_bss2sim.mapping.calibration.fits import exponential
from pynn_bss2sim.mapping.calibration.meter import CIRCUITS, NOMINAL, leak_switches, registers

DEVICE = Device(seed=0)
#: Defaults of calix: leak, reset, threshold in CADC LSB; time constants, µs; transconductance.
TARGETS, TAU, GM = (80, 70, 125), 10.0, 500
#: Leak-over-threshold of the demos.
SAWTOOTH = {Analog.V_LEAK: 1000, Analog.I_BIAS_LEAK: 150, Analog.V_RESET: 400}
LINES_OF = {"exc": 0, "inh": 1}


@cache
def law():
    """What the calibration of the chip has found."""
    return calibrated(DEVICE).characteristics


def running(config, step, noise=True):
    """The chip on a bench, configured."""
    bench = Bench(DEVICE, seed=1, noise=noise)
    bench.configure(config, step)
    return bench


def mean_lsb(bench, settle, **how):
    """Mean reading of each circuit, LSB, after `settle` (µs)."""
    bench.run(settle)
    return bench.run(100.0, period=1.7 if how else 0.5, **how)[1].mean(axis=0)


def line_through(codes, readings):
    """Slope (LSB for each code) and offset of the median circuit."""
    return np.polyfit(codes, np.median(readings, axis=1), 1)


# --- potentials ---------------------------------------------------------------------------------


def leak_potentials(codes=(500, 700, 900)):
    """MADC readings of resting membranes."""
    return line_through(
        codes, [mean_lsb(running(registers({Analog.V_LEAK: c}), 0.05), 20.0) for c in codes]
    )


def reset_potentials(codes=(400, 580, 760)):
    """MADC readings of membranes that are held at reset."""
    readings = []
    for code in codes:
        bench = running(registers({Analog.V_RESET: code}), 0.05)
        bench.hold(300.0)
        readings.append(mean_lsb(bench, 20.0))
    return line_through(codes, readings)


def thresholds(codes=(200, 300, 400)):
    """MADC readings of the peaks of membranes that fire."""
    return line_through(codes, [sawtooth(code)[1] for code in codes])


def sawtooth(threshold, step=0.02):
    """Leak-over-threshold: lowest and highest MADC reading and period (µs) of each circuit."""
    config = registers(
        {**SAWTOOTH, Analog.V_THRESHOLD: threshold},
        (Switch.THRESHOLD_ENABLE,),
        refractory_counter=np.full(CIRCUITS, chip.REFRACTORY_MAX, np.uint8),
    )
    bench = running(config, step)
    bench.run(50.0)
    _, raw, spikes = bench.run(200.0, period=step)
    before = np.rint(spikes.time / step).astype(np.int64) - 2  # sample k is taken after k + 1 steps
    seen = before >= 0
    circuit = spikes.circuit[seen]
    peak = np.bincount(circuit, raw[before[seen], circuit], CIRCUITS)
    peak /= np.bincount(circuit, minlength=CIRCUITS)
    return np.quantile(raw, 0.02, axis=0), peak, _intervals(spikes)


def converters():
    """Slope and offset of the MADC over the corrected CADC, at two known voltages."""
    readings = [Bench(DEVICE).read_reference(voltage, 100) for voltage in (350.0, 950.0)]
    cadc, madc = (np.array([r[k].mean() for r in readings]) for k in range(2))
    return np.polyfit(cadc, madc, 1)


# --- the default calibration ----------------------------------------------------------------------


def default(analog=(), switches=(), **others):
    """Registers of the default spiking calibration, but for what is given."""
    volts = [curves.cadc_to_mv(target) for target in TARGETS]
    leak, on = leak_switches(law(), TAU)
    codes = {
        Analog.V_LEAK: law().leak.code(volts[0]),
        Analog.V_RESET: law().reset.code(volts[1]),
        Analog.V_THRESHOLD: law().threshold.code(volts[2]),
        Analog.I_BIAS_LEAK: leak,
    }
    for line in range(LINES):
        code, high, _ = law().tau_syn_codes(line, np.full(CIRCUITS, TAU))
        strength = NOMINAL.line("strength", line).value(GM)
        codes |= {
            layout.LINE_TAU[line]: code,
            layout.LINE_GM[line]: law().line("strength", line).code(strength),
        }
        on |= {layout.LINE_ENABLE[line]: True, layout.LINE_HIGH_RESISTANCE[line]: high}
    return registers({**codes, **dict(analog)}, {**on, **dict.fromkeys(switches, True)}, **others)


def default_codes():
    """Median codes of leak, reset and threshold."""
    return np.median(default().analog[:, [Analog.V_LEAK, Analog.V_RESET, Analog.V_THRESHOLD]], 0)


def default_potentials():
    """MADC readings at rest, held at reset, and at the threshold."""
    silent = {Analog.V_THRESHOLD: chip.ANALOG_MAX}
    rest = mean_lsb(running(default(silent), 0.1), 100.0)
    bench = running(default(silent), 0.1)
    bench.hold(300.0)
    reset = mean_lsb(bench, 20.0)
    on = (Switch.THRESHOLD_ENABLE, Switch.OFFSET_ENABLE)
    driven = default({Analog.I_MEM_OFFSET: 500}, on)
    bench = running(driven, 0.02)
    _, raw, spikes = bench.run(60.0, period=0.02)
    _, first = np.unique(spikes.circuit, return_index=True)
    sample = np.rint(spikes.time[first] / 0.02).astype(np.int64) - 2
    peak = raw[sample, spikes.circuit[first]]
    return [np.median(readings) for readings in (rest, reset, peak)]


def excursions():
    """Readings of the CADC, less 128, at rest and with the offset current as source and sink."""
    found = []
    for current in ((), (Switch.OFFSET_ENABLE,), (Switch.OFFSET_ENABLE, Switch.OFFSET_SINK)):
        codes = {Analog.I_MEM_OFFSET: 1000, Analog.V_THRESHOLD: chip.ANALOG_MAX}
        bench = running(default(codes, current), 0.1)
        found.append(np.median(mean_lsb(bench, 300.0, column_converters=True)) - 128)
    return found


# --- times ----------------------------------------------------------------------------------------


def membrane_tau(leak, switches, expected, capacitance=chip.CAPACITANCE_MAX):
    """Time constant (µs) of each membrane that is released from reset, 45 mV below rest.

    `leak` is a code, or one for each circuit; `switches` are those of the leak; the trace has five
    times the `expected` length.
    """
    config = registers(
        {
            Analog.V_LEAK: law().leak.code(450.0),
            Analog.V_RESET: law().reset.code(405.0),
            Analog.I_BIAS_LEAK: leak,
        },
        switches,
        capacitance=np.full(CIRCUITS, capacitance, np.uint8),
    )
    period = expected / 12
    bench = running(config, period / np.ceil(period / 0.2))
    total = 0.0
    for _ in range(8):
        bench.hold(5.0)
        bench.run(5.0)
        time, raw, _ = bench.run(5 * expected, period=period)
        total = total + raw
    return exponential(time, total)[0]


def line_tau(line, code, high, expected):
    """Time constant (µs) of each input line after an event; `high` resistance or not."""
    switches = {layout.LINE_ENABLE[line]: True, layout.LINE_HIGH_RESISTANCE[line]: high}
    config = registers({layout.LINE_TAU[line]: code}, switches, **pulse_registers(6, RowMode.BOTH))
    period = expected / 12
    bench = running(config, period / 4)
    total = 0.0
    for _ in range(8):
        bench.run(5 * expected)
        source = (Variable.LINE0, Variable.LINE1)[line]
        time, raw, _ = bench.run(5 * expected, (0.0,), source=source, period=period)
        total = total + raw
    return exponential(time[1:], total[1:])[0]


def membrane_taus():
    """Time constants at three codes, without and with division of the leak."""
    settings = {
        "": ((), lambda code: 242 * code**-0.72),
        "divided ": ((Switch.LEAK_DIVISION,), lambda code: 851 * code**-0.59),
    }
    return {
        f"tau_mem {name}{code}": np.median(membrane_tau(code, switches, about(code)))
        for name, (switches, about) in settings.items()
        for code in (10, 100, 1020)
    }


def line_taus():
    """Time constants of both lines at three codes of high resistance."""
    return {
        f"tau_syn {name} {code}": np.median(line_tau(line, code, True, 990 * code**-0.96))
        for name, line in LINES_OF.items()
        for code in (10, 100, 1020)
    }


def parasitic_capacitance():
    """Intercept over slope of the membrane time constant over the capacitance code, in codes."""
    codes = (8, 32, 63)
    divided = (Switch.LEAK_DIVISION,)
    taus = [membrane_tau(118, divided, 4.64 + 0.734 * code, code) for code in codes]
    slope, offset = np.polyfit(codes, np.array(taus), 1)
    return np.median(offset / slope)


def share_within(values, target, tolerance=0.15):
    """Share of the circuits that meet a target."""
    return np.mean(np.abs(values / target - 1) < tolerance)


def calibrated_ranges():
    """Shares of circuits that reach the ends of the ranges of calix, within 15 %."""
    found = {}
    for tau in (0.5, 60.0):
        code, switches = leak_switches(law(), tau)
        found[f"range tau_mem {tau:g}"] = share_within(membrane_tau(code, switches, tau), tau)
    for name, line in LINES_OF.items():
        for tau in (0.3, 30.0):
            code, high, _ = law().tau_syn_codes(line, np.full(CIRCUITS, tau))
            reached = line_tau(line, code, high, tau)
            found[f"range tau_syn {name} {tau:g}"] = share_within(reached, tau)
    return found


def refractory_times():
    """Shortest and longest time of calix, µs: end of a fall, and difference of two intervals."""
    step = 0.008
    noiseless = running(_counting(5, 0), step, noise=False)
    noiseless.run(20.0)
    _, raw, spikes = noiseless.run(30.0, period=step)
    circuit, first = np.unique(spikes.circuit, return_index=True)
    begin = np.rint(spikes.time[first] / step).astype(np.int64) - 1
    falls = raw[begin + np.arange(40)[:, np.newaxis], circuit].astype(int)
    shortest = np.median(np.argmin(falls, axis=0)) * step
    intervals = []
    for counter in (50, 250):
        _, _, spikes = running(_counting(counter, 4), 0.05).run(1000.0)
        intervals.append(_intervals(spikes))
    return shortest, np.median(intervals[1] - intervals[0]) * 250 / 200


def _intervals(spikes):
    """Mean interval (µs) of each circuit."""
    first, last = np.full(CIRCUITS, np.inf), np.zeros(CIRCUITS)
    np.minimum.at(first, spikes.circuit, spikes.time)
    np.maximum.at(last, spikes.circuit, spikes.time)
    return (last - first) / (np.bincount(spikes.circuit, minlength=CIRCUITS) - 1)


def _counting(cycles, scale):
    """Registers of the sawtooth whose counters let `cycles` pass at reset."""
    return registers(
        {**SAWTOOTH, Analog.V_THRESHOLD: 300},
        (Switch.THRESHOLD_ENABLE,),
        refractory_counter=np.full(CIRCUITS, cycles + chip.RESET_LAG, np.uint8),
        refractory_clock_scale=np.full(
            (chip.BACKEND_BLOCKS, chip.REFRACTORY_CLOCKS), scale, np.uint8
        ),
    )


def reset_tau():
    """Time constant (µs) of the fall to reset, with the fastest reset."""
    bench = running(registers({Analog.V_LEAK: 700, Analog.V_RESET: 400}), 0.02)
    total = 0.0
    for _ in range(8):
        bench.run(50.0)
        bench.hold(10.0)
        time, raw, _ = bench.run(2.0, period=0.04)
        total = total + raw
    return np.median(exponential(time, total)[0])


def step_time():
    """Time (µs) to 63 % of a step of the leak potential by 380 MADC LSB, leak code 150."""
    slope, _ = leak_potentials()
    low = registers({**SAWTOOTH, Analog.V_LEAK: round(1000 - 380 / slope)})
    bench = running(low, 0.05)
    bench.run(100.0)
    bench.rewrite(registers(SAWTOOTH))
    time, raw, _ = bench.run(100.0, period=0.1)
    trace = np.median(raw, axis=1)
    return time[np.argmax(trace > trace[0] + 0.632 * (trace[-1] - trace[0]))]


# --- currents and adaptation ----------------------------------------------------------------------


def offset_current(code, length):
    """Offset current, nA at 2.46 pF: how fast a membrane of the default calibration rises."""
    silent = {Analog.V_THRESHOLD: chip.ANALOG_MAX, Analog.I_MEM_OFFSET: code}
    total = 0.0
    bench = running(default(silent), 0.02)
    for _ in range(4):
        bench.rewrite(default(silent))
        bench.run(200.0)
        before = bench.run(5.0, period=0.1)[1].mean(axis=0)
        bench.rewrite(default(silent, (Switch.OFFSET_ENABLE,)))
        bench.run(length)
        total = total + bench.run(0.02, period=0.02)[1][0] - before
    rise = np.median(total) / 4 / chip.MADC_PER_MV
    # the leak has taken its part
    linear = TAU * (1 - np.exp(-(length + 0.02) / TAU))
    return rise / linear * float(curves.capacitance(chip.CAPACITANCE_MAX, 1))


def lifted(leak, codes):
    """Rise (MADC LSB) of membranes of that leak code by each of the codes of the offset current."""
    levels = []
    for code in (0, *codes):
        given = {Analog.V_LEAK: 650, Analog.I_BIAS_LEAK: leak, Analog.I_MEM_OFFSET: code}
        bench = running(registers(given, (Switch.OFFSET_ENABLE,)), 0.1)
        levels.append(np.median(mean_lsb(bench, 200.0)))
    return np.array(levels[1:]) - levels[0]


def rheobase(rise=50.0, codes=(100, 200, 300, 400)):
    """Code of the offset current that lifts membranes by `rise` MADC LSB, leak code 150."""
    return np.interp(rise, lifted(150, codes), codes)


def subthreshold_adaptation():
    """Rise of w over that of v, and fall of the plateau of v over the rise of w.

    Codes of the demo: leak 70, a 10, time constant 100; a step of the offset current.
    """
    codes = {Analog.V_LEAK: 650, Analog.I_BIAS_LEAK: 70, Analog.I_MEM_OFFSET: 120,
             Analog.I_BIAS_ADAPT_TAU: 100, Analog.I_BIAS_ADAPT_A: 10}  # fmt: skip
    adapting, current = Switch.ADAPTATION_ENABLE, Switch.OFFSET_ENABLE
    bench = running(registers(codes, (adapting,)), 0.2)
    levels = []
    for switches in ((adapting,), (current,), (adapting, current)):
        bench.rewrite(registers(codes, switches))
        bench.run(1000.0)
        levels.append([bench.run(200.0, period=0.4, source=source)[1].mean(axis=0)
                       for source in (Variable.V, Variable.W)])  # fmt: skip
    (v_rest, w_rest), (v_free, _), (v_adapted, w_adapted) = levels
    rise = w_adapted - w_rest
    return np.median(rise / (v_adapted - v_rest)), np.median((v_free - v_adapted) / rise)


def spike_triggered_adaptation():
    """Time constant of w (µs), code 100; its growth with a spike (MADC LSB), code 200 for 1.024 µs.

    After the spike the membrane stays at reset, so that w decays freely.
    """
    codes = {**SAWTOOTH, Analog.V_THRESHOLD: 300, Analog.I_BIAS_ADAPT_B: 200,
             Analog.I_BIAS_ADAPT_TAU: 100}  # fmt: skip
    switches = ("THRESHOLD_ENABLE", "ADAPTATION_ENABLE", "ADAPTATION_PULSE_ENABLE")
    clocks = (chip.BACKEND_BLOCKS, chip.REFRACTORY_CLOCKS)
    given = {
        "switches": [Switch[name] for name in switches],
        "adaptation_pulse_scale": np.full(chip.BACKEND_BLOCKS, 7, np.uint8),
        "refractory_counter": np.full(CIRCUITS, chip.REFRACTORY_MAX, np.uint8),
        "refractory_clock_scale": np.full(clocks, chip.CLOCK_SCALE_MAX, np.uint8),
    }
    bench = running(registers({**codes, Analog.V_LEAK: 500}, **given), 0.1)
    bench.run(50.0)
    bench.rewrite(registers(codes, **given))
    _, raw, spikes = bench.run(60.0, period=0.5, source=Variable.W)
    spike = np.floor(spikes.time / 0.5).astype(np.int64)  # the first sample behind it
    growth = raw[spike + 1, spikes.circuit].astype(float) - raw[spike - 2, spikes.circuit]
    time, raw, _ = bench.run(600.0, period=2.0, source=Variable.W)
    return np.median(exponential(time, raw)[0]), np.median(growth)
