"""Time constants and strength of the synaptic input lines of each circuit."""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core import curves, device
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import ChipConfig, RowMode
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.records import LINES, Variable
from pynn_bss2sim.mapping.characteristics import LINE_NAMES, Characteristics, Law, PowerLaw

from .bench import PULSE_ROWS, pulse_registers
from .fits import affine, amplitude, exponential, proportional, psp, shifted_power
from .meter import CAPACITANCE, CIRCUITS, REST, Codes, Meter, codes, leak_switches, registers

__all__ = ["measure_conductance", "measure_strength", "measure_tau_syn", "psp_setup", "psp_size"]

_TAU_CODES = (25, 60, 150, 400, 1000)
_TAU_WEIGHT = 6  #: of each of the synapses that make a line decay
_SPAN = 5.0  #: of a trace, in expected time constants
_SAMPLES = 60  #: of a trace
_REPETITIONS = 8
_STEPS = 4  #: of the emulation, for each sample

#: Weight 1 everywhere: an input line is nearly linear up to half of its largest current.
_WEIGHT = 1
_STRENGTH_CODES = (150, 300, 500, 800)
_TAU_MEM, _TAU_SYN = 15.0, 4.0  #: µs, in measurements of the strength
_PSP_SPAN = 75.0  #: µs, of a PSP: five time constants of the membrane
_PSP_REPETITIONS = 20

_COBA_GM = 400
_COBA_CODES = (250, 500, 1000)
_REVERSAL_CODES = ((300, 550), (120, 400))  #: excitatory, inhibitory
_COBA_RESTS = (300.0, 850.0)  #: mV
#: Weights grow towards the reversal potential so that PSPs are like those at this distance, mV.
_DISTANCE = 600.0
_LARGEST_WEIGHT = 2
_LINE_VARIABLES = (Variable.LINE0, Variable.LINE1)


def measure_tau_syn(meter: Meter, law: Characteristics) -> dict[str, Law]:
    """Exponential fits to the lines after an event."""
    result: dict[str, Law] = {}
    for name, high in (("tau_syn", True), ("tau_syn_low", False)):
        laws = [law.line(name, line) for line in range(LINES)]
        measured = np.stack([_tau_syn(meter, code, high, laws) for code in _TAU_CODES])
        for line, nominal in enumerate(laws):
            assert isinstance(nominal, PowerLaw)
            factor, shift = shifted_power(_TAU_CODES, measured[:, line], nominal.exponent)
            result[f"{name}_{LINE_NAMES[line]}"] = nominal.refitted(factor, shift)
    return result


def _tau_syn(meter: Meter, code: int, high: bool, laws: list[Law]) -> np.ndarray:
    """Time constants of both lines: float64 (2, 512)."""
    switches = device.LINE_HIGH_RESISTANCE if high else ()
    config = registers(
        dict.fromkeys(device.LINE_TAU, code),
        (*device.LINE_ENABLE, *switches),
        **pulse_registers(_TAU_WEIGHT, RowMode.BOTH),
    )
    result = []
    for line, law in enumerate(laws):
        span = _SPAN * float(law.value(code)[0])
        period = span / _SAMPLES
        meter.bench.configure(config, period / _STEPS)
        time, trace = _after_pulses(meter, span, period, _REPETITIONS, _LINE_VARIABLES[line])
        result.append(exponential(time, trace)[0])
    return np.stack(result)


def _after_pulses(
    meter: Meter, span: float, period: float, repetitions: int, source: Variable = Variable.V
) -> tuple[np.ndarray, np.ndarray]:
    """Mean trace after an event that comes every `span`: time (k,), since it came; (k, 512)."""
    meter.bench.run(span)
    total: np.ndarray = np.zeros(())
    for _ in range(repetitions):
        time, voltage, _ = meter.trace(span, period, (0.0,), source)
        total = total + voltage
    arrived = period / _STEPS  # one step after it was sent
    later = time > arrived + period / 2
    return time[later] - arrived, total[later] / repetitions


def measure_strength(meter: Meter, law: Characteristics) -> dict[str, Law]:
    """Sizes of current-based PSPs of known shape.

    Parameters
    ----------
    law : Characteristics
        With leak, ``tau_mem`` and ``tau_syn`` as measured.
    """
    result = {}
    for line in range(LINES):
        measured = []
        for gm in _STRENGTH_CODES:
            config, taus = psp_setup(law, line, REST, {device.LINE_GM[line]: gm})
            size = np.abs(psp_size(meter, config, taus))
            measured.append(size * CAPACITANCE / _passed(line, _WEIGHT))
        factor = proportional(_STRENGTH_CODES, np.stack(measured))
        nominal = law.line("strength", line)
        result[f"strength_{LINE_NAMES[line]}"] = nominal.refitted(factor)
    return result


def _passed(line: int, weight: int) -> float:
    """Weight codes, all rows together, whose charge the amplifier of a nominal line passes.

    Of a decaying current that begins at x times the largest one, ``4/81 x**2`` is lacking: the
    integral of ``sat``, see `Circuits`, over that of x.
    """
    codes = weight * PULSE_ROWS
    return codes * (1 - 4 / 81 * (codes / curves.LINE_RANGE[line]) ** 2)


_MODES = (RowMode.EXCITATORY, RowMode.INHIBITORY)


def psp_setup(
    law: Characteristics,
    line: int,
    rest: float,
    analog: Codes,
    switches: tuple[Switch, ...] = (),
    weight: int = _WEIGHT,
) -> tuple[ChipConfig, tuple[np.ndarray, np.ndarray]]:
    """Registers for PSPs of one line, and the time constants of line and membrane."""
    leak, on = leak_switches(law, _TAU_MEM)
    tau, high, _ = law.tau_syn_codes(line, np.full(CIRCUITS, _TAU_SYN))
    tau_syn = np.where(
        high, law.line("tau_syn", line).value(tau), law.line("tau_syn_low", line).value(tau)
    )
    on |= {device.LINE_ENABLE[line]: True, device.LINE_HIGH_RESISTANCE[line]: high}
    on |= dict.fromkeys(switches, True)
    config = registers(
        {
            Analog.V_LEAK: codes(law.leak, rest),
            Analog.I_BIAS_LEAK: leak,
            device.LINE_TAU[line]: tau,
            **analog,
        },
        on,
        **pulse_registers(weight, _MODES[line]),
    )
    divided, multiplied = on[Switch.LEAK_DIVISION], on[Switch.LEAK_MULTIPLICATION]
    return config, (tau_syn, law.tau_of(leak, divided, multiplied))


def psp_size(
    meter: Meter,
    config: ChipConfig,
    taus: tuple[np.ndarray, np.ndarray],
    repetitions: int = _PSP_REPETITIONS,
) -> np.ndarray:
    """Initial slope of a PSP, mV/µs, by a fit of its known shape."""
    period = _PSP_SPAN / _SAMPLES
    meter.bench.configure(config, period / _STEPS)
    time, trace = _after_pulses(meter, _PSP_SPAN, period, repetitions)
    # a little of the one before is left
    return amplitude(psp(time, *taus) + psp(time + _PSP_SPAN, *taus), trace)


def measure_conductance(meter: Meter, law: Characteristics) -> dict[str, Law]:
    """Sizes of conductance-based PSPs at several resting potentials.

    They shrink towards the reversal potential, which they so tell.

    Parameters
    ----------
    law : Characteristics
        With all but the laws of conductance-based lines as measured.
    """
    result = {}
    for line in range(LINES):
        low, high = _REVERSAL_CODES[line]
        points = [(low, _COBA_CODES[1]), *((high, code) for code in _COBA_CODES)]
        found = {point: _conductance(meter, law, line, *point) for point in points}
        gm = law.line("strength", line).value(_COBA_GM)
        ratio = np.stack([found[high, code][0] for code in _COBA_CODES]) / gm
        name = LINE_NAMES[line]
        result[f"modulation_{name}"] = law.line("modulation", line).refitted(
            proportional(_COBA_CODES, ratio)
        )
        reversal = np.stack([found[code, _COBA_CODES[1]][1] for code in (low, high)])
        factor, offset = affine(np.array([[low], [high]], float), reversal)
        result[f"reversal_{name}"] = law.line("reversal", line).refitted(factor, offset)
    return result


def _conductance(
    meter: Meter, law: Characteristics, line: int, reversal: int, coba: int
) -> tuple[np.ndarray, np.ndarray]:
    """Conductance of a weight code, µS, and reversal potential, mV."""
    analog = {
        device.LINE_GM[line]: _COBA_GM,
        device.LINE_COBA[line]: coba,
        device.LINE_REVERSAL[line]: reversal,
    }
    sizes, volts = [], []
    nominal = float(law.line("reversal", line).value(reversal)[0])
    for rest in _COBA_RESTS:
        weight = int(np.clip(round(_DISTANCE / abs(nominal - rest)), 1, _LARGEST_WEIGHT))
        config, taus = psp_setup(law, line, rest, analog, device.LINE_IS_COBA, weight)
        size = psp_size(meter, config, taus)
        # while the current flows, the PSP itself has moved the membrane
        volts.append(rest + size * _lag(*taus))
        sizes.append(size / _passed(line, weight))
    slope, offset = affine(np.stack(volts), np.stack(sizes))
    conductance = -slope * CAPACITANCE
    return conductance, -offset / slope


def _lag(tau_syn: np.ndarray, tau_mem: np.ndarray) -> np.ndarray:
    """Mean of a PSP of slope 1 over the decaying current that makes it, µs."""
    # the integral of both over time, over that of the current
    return tau_syn * tau_mem / (2 * (tau_syn + tau_mem))
