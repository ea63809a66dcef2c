"""How well the circuits of a chip meet their targets, with a calibration and without.

Unlike the measurements, this looks at what the circuits really are: it judges a calibration, and is
no part of it.
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import device as layout
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.records import LINES
from pynn_bss2sim.mapping.characteristics import LINE_NAMES, UNITS, Characteristics
from pynn_bss2sim.mapping.refractory import MOST_CYCLES, clock_scale, counter

from .meter import CAPACITANCE, CIRCUITS, NOMINAL, leak_switches, registers
from .record import Calibration

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["TARGETS", "Achieved", "Quality", "quality", "realised"]

#: What a chip is usually calibrated to, in the units of `UNITS`; of strength and modulation, the
#: value at a code. Refractory times are counted by a clock: nothing about them is measured.
TARGETS = {
    "leak": curves.cadc_to_mv(80),
    "reset": curves.cadc_to_mv(70),
    "threshold": curves.cadc_to_mv(125),
    "tau_mem": 10.0,
    "tau_reset": 1.0,
    "tau_refrac": 2.0,
    "tau_syn_exc": 10.0,
    "tau_syn_inh": 10.0,
    "strength_exc": float(NOMINAL.strength_exc.value(chip.PSP_GM)[0]),
    "strength_inh": float(NOMINAL.strength_inh.value(chip.PSP_GM)[0]),
    "modulation_exc": float(NOMINAL.modulation_exc.value(chip.COBA_BIAS)[0]),
    "modulation_inh": float(NOMINAL.modulation_inh.value(chip.COBA_BIAS)[0]),
    "reversal_exc": 900.0,
    "reversal_inh": 300.0,
    "offset_source": 10.0,
    "tau_w": 100.0,
    "a": 0.1,
    "b": 2.0,
    "v_exp": 600.0,
    "delta_t": 25.0,
}

_UNITS = {**UNITS, "a": "uS", "b": "nA", "tau_refrac": "us"}
_TRIM = 0.05  #: share of the circuits that lie farthest out, which spreads leave aside
_PULSE_SCALE = 7
_NARROWEST = 0.01  #: half the width of a histogram, of the target


@dataclass(frozen=True)
class Achieved:
    """One parameter over the circuits of a chip.

    Attributes
    ----------
    parameter, unit : str
    target : float
    mean, spread : float
        Mean and standard deviation with the calibration, without the 5 % that lie farthest out.
    mean_before, spread_before : float
        The same with the codes of a nominal chip.
    suspects : int
        Circuits whose measurement failed.
    """

    parameter: str
    unit: str
    target: float
    mean: float
    spread: float
    mean_before: float
    spread_before: float
    suspects: int


@dataclass(frozen=True)
class Quality:
    """Targets and what circuits make of them, of one chip; ``str()`` gives a table.

    Attributes
    ----------
    seed, index : int
        Which chip.
    rows : tuple of Achieved
    values : dict of str to tuple of float64 (512,)
        For each parameter its values with and without the calibration.
    """

    seed: int | None
    index: int
    rows: tuple[Achieved, ...]
    values: Table[str, tuple[np.ndarray, np.ndarray]]

    def to_dict(self) -> list[dict]:
        """One dictionary for each parameter, as for ``pandas.DataFrame``."""
        return [asdict(row) for row in self.rows]

    def __str__(self) -> str:
        lines = [
            f"Calibration of chip {self.index} of seed {self.seed}: mean ± standard deviation over "
            f"{CIRCUITS} circuits",
            f"{'parameter':15}{'target':>10}{'calibrated':>20}{'nominal codes':>20}  unit",
        ]
        for row in self.rows:
            after, before = (
                f"{mean:.4g} ± {spread:.2g}"
                for mean, spread in ((row.mean, row.spread), (row.mean_before, row.spread_before))
            )
            lines.append(
                f"{row.parameter:15}{row.target:>10.4g}{after:>20}{before:>20}  {row.unit}"
            )
        return "\n".join(lines)

    def plot(self) -> Figure:
        """Histograms of all parameters, with and without the calibration."""
        from matplotlib.figure import Figure

        columns = 4
        figure = Figure(figsize=(12, 9), layout="constrained")
        axes = figure.subplots(-(-len(self.rows) // columns), columns, squeeze=False).ravel()
        for axis in axes[len(self.rows) :]:
            axis.set_axis_off()
        for axis, row in zip(axes, self.rows, strict=False):
            after, before = self.values[row.parameter]
            low, high = np.quantile(before, (0.005, 0.995))
            # wide enough where all are equal
            margin = max(0.0, _NARROWEST * row.target - (high - low) / 2)
            bins = np.linspace(low - margin, high + margin, 41)
            axis.hist(before, bins, color="0.75", label="nominal codes")
            axis.hist(after, bins, color="C0", label="calibrated")
            axis.axvline(row.target, color="k", lw=0.8)
            axis.set_xlabel(f"{row.parameter} ({row.unit})")
        axes[0].legend(fontsize="small")
        return figure


def quality(
    device: Device, calibration: Calibration, targets: Table[str, float] | None = None
) -> Quality:
    """Compare all circuits with `targets`.

    Parameters
    ----------
    targets : dict of str to float, optional
        Other values than `TARGETS`, by the same names.
    """
    targets = {**TARGETS, **(targets or {})}
    after = realised(device, calibration.characteristics, targets)
    before = realised(device, NOMINAL, targets)
    rows = []
    for name, target in targets.items():
        (mean, spread), (mean_before, spread_before) = (
            _trimmed(values[name]) for values in (after, before)
        )
        rows.append(
            Achieved(
                name,
                _UNITS[name],
                float(target),
                mean,
                spread,
                mean_before,
                spread_before,
                int(calibration.suspects[name].sum()) if name in calibration.suspects else 0,
            )
        )
    values = {name: (after[name], before[name]) for name in targets}
    return Quality(device.seed, device.index, tuple(rows), values)


def _trimmed(values: np.ndarray) -> tuple[float, float]:
    kept = np.sort(np.abs(values - np.median(values)).argsort()[: round((1 - _TRIM) * len(values))])
    return float(values[kept].mean()), float(values[kept].std())


def realised(
    device: Device, law: Characteristics, targets: Table[str, float]
) -> dict[str, np.ndarray]:
    """What circuits really do with the codes that `law` holds for right: float64 (512,) each.

    Currents and conductances are given relative to the capacitance, as for nominal circuits.
    """
    config = _config(law, targets)
    coba = np.isin(np.arange(len(Switch)), layout.LINE_IS_COBA)
    conductances = replace(config, switches=config.switches | coba)
    clock = config.refractory_clock_scale[0, 0]
    circuits = device.circuits((config,), np.arange(CIRCUITS), np.ones(CIRCUITS, np.int64), 0.1)
    per_capacitance = CAPACITANCE / circuits.c_m
    current = device.weight_steps((config,))
    modulation = device.weight_steps((conductances,)) / current
    steps = current * per_capacitance[:, np.newaxis]
    silent = device.refractory_time(config.refractory_counter, clock)
    result = {
        "leak": circuits.e_leak,
        "reset": circuits.v_reset,
        "threshold": circuits.v_thresh,
        "tau_mem": circuits.c_m / circuits.g_leak,
        "tau_reset": circuits.tau_reset,
        "tau_refrac": silent,
        "offset_source": circuits.i_offset * per_capacitance,
        "tau_w": circuits.tau_w,
        "a": circuits.a * per_capacitance,
        "b": circuits.b * per_capacitance,
        "v_exp": circuits.v_exp,
        "delta_t": circuits.delta_t,
    }
    for line, name in enumerate(LINE_NAMES):
        result[f"tau_syn_{name}"] = circuits.tau_syn[line]
        result[f"reversal_{name}"] = circuits.e_rev[line]
        result[f"strength_{name}"] = steps[:, line]
        result[f"modulation_{name}"] = modulation[:, line]
    return result


def _config(law: Characteristics, targets: Table[str, float]) -> ChipConfig:
    law = Characteristics(
        **{
            f.name: one.repeated(CIRCUITS) if len(one := getattr(law, f.name)) == 1 else one
            for f in fields(Characteristics)
        }
    )
    leak, on = leak_switches(law, targets["tau_mem"])
    tau_w = law.tau_w.code(targets["tau_w"])
    names = (
        "ADAPTATION_ENABLE",
        "ADAPTATION_PULSE_ENABLE",
        "EXPONENTIAL_ENABLE",
        "OFFSET_ENABLE",
        "THRESHOLD_ENABLE",
    )
    on |= dict.fromkeys((Switch[name] for name in names), True)
    pulse = float(curves.pulse_length(_PULSE_SCALE))
    analog = {
        Analog.V_LEAK: law.leak.code(targets["leak"]),
        Analog.V_RESET: law.reset.code(targets["reset"]),
        Analog.V_THRESHOLD: law.threshold.code(targets["threshold"]),
        Analog.I_BIAS_LEAK: leak,
        Analog.I_BIAS_RESET: law.tau_reset.code(targets["tau_reset"]),
        Analog.I_MEM_OFFSET: law.offset_source.code(targets["offset_source"]),
        Analog.I_BIAS_ADAPT_TAU: tau_w,
        Analog.I_BIAS_ADAPT_A: law.a.code(targets["a"] / law.tau_w.value(tau_w)),
        Analog.I_BIAS_ADAPT_B: law.b.code(targets["b"] / pulse),
        Analog.V_EXP: law.v_exp.code(targets["v_exp"]),
        Analog.I_BIAS_EXP: law.delta_t.code(targets["delta_t"]),
    }
    coded = (
        ("strength", layout.LINE_GM),
        ("modulation", layout.LINE_COBA),
        ("reversal", layout.LINE_REVERSAL),
    )
    for line in range(LINES):
        name = LINE_NAMES[line]
        code, high, _ = law.tau_syn_codes(line, np.full(CIRCUITS, targets[f"tau_syn_{name}"]))
        on |= {layout.LINE_ENABLE[line]: True, layout.LINE_HIGH_RESISTANCE[line]: high}
        analog[layout.LINE_TAU[line]] = code
        for kind, column in coded:
            analog[column[line]] = law.line(kind, line).code(targets[f"{kind}_{name}"])
    clock = clock_scale(targets["tau_refrac"] / MOST_CYCLES)
    count = np.minimum(counter(targets["tau_refrac"], clock), chip.REFRACTORY_MAX)
    clocks = (chip.BACKEND_BLOCKS, chip.REFRACTORY_CLOCKS)
    return registers(
        analog,
        on,
        adaptation_pulse_scale=np.full(chip.BACKEND_BLOCKS, _PULSE_SCALE, np.uint8),
        refractory_counter=np.full(CIRCUITS, count, np.uint8),
        refractory_clock_scale=np.full(clocks, clock, np.uint8),
    )
