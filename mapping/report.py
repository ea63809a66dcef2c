"""What the mapping asked of the chip, and what it got."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ParameterReport", "PopulationReport", "ProjectionReport", "Report"]

#: Relative deviations below this are of floating-point arithmetic, not of the chip.
EXACT = 1e-9


@dataclass(frozen=True)
class ParameterReport:
    """One parameter of a population that is not realised as asked.

    Attributes
    ----------
    name, unit : str
    clipped : int
        Values that lie outside of what the chip can do.
    rounded : int
        Values that changed, clipped ones included.
    asked, realised : tuple of float
        Smallest and largest value.
    worst_asked, worst_realised : float
        The value that changed most.
    """

    name: str
    unit: str
    clipped: int
    rounded: int
    asked: tuple[float, float]
    realised: tuple[float, float]
    worst_asked: float
    worst_realised: float

    def __str__(self) -> str:
        what = f"{self.clipped} clipped" if self.clipped else f"{self.rounded} rounded"
        return (
            f"{self.name}: {what}, asked {self.worst_asked:.6g} {self.unit}, "
            f"realised {self.worst_realised:.6g} {self.unit}"
        )


@dataclass(frozen=True)
class PopulationReport:
    """One population.

    Attributes
    ----------
    label : str
    size, circuits : int
    synapse_rows : int
        Most synapse rows that one of its neurons occupies.
    voltage_gain, voltage_offset : float
        ``chip mV = voltage_gain * mV + voltage_offset``.
    parameters : tuple of ParameterReport
        Those that deviate.
    """

    label: str
    size: int
    circuits: int
    synapse_rows: int
    voltage_gain: float
    voltage_offset: float
    parameters: tuple[ParameterReport, ...]


@dataclass(frozen=True)
class ProjectionReport:
    """One projection.

    Attributes
    ----------
    label : str
    asked, realised, lost : int
        Connections.
    synapses : int
        Synapses of the chip that they occupy.
    rounded_to_zero : int
        Connections whose weight is smaller than half a step: realised with weight 0.
    weight_error_rms, weight_error_worst : float, %
        Relative to each weight that is not 0, of those that are not lost.
    delay_asked, delay_realised : tuple of float, ms
        Smallest and largest.
    delays_changed : int
    """

    label: str
    asked: int
    realised: int
    lost: int
    synapses: int
    rounded_to_zero: int
    weight_error_rms: float
    weight_error_worst: float
    delay_asked: tuple[float, float]
    delay_realised: tuple[float, float]
    delays_changed: int


@dataclass(frozen=True)
class Report:
    """The mapping of a network in numbers; ``str(report)`` is a page for a terminal.

    Attributes
    ----------
    chip : str
        The chip model.
    timestep : float, ms
    chips, circuits_used, circuits_free : int
    populations : tuple of PopulationReport
    projections : tuple of ProjectionReport
    notes : tuple of str
        What this chip model leaves out.
    picture : callable, optional
        Draws one chip, given its number, or all of them, given None.
    """

    chip: str
    timestep: float
    chips: int
    circuits_used: int
    circuits_free: int
    populations: tuple[PopulationReport, ...]
    projections: tuple[ProjectionReport, ...]
    notes: tuple[str, ...]
    picture: Callable[[int | None], Figure] | None = field(default=None, repr=False, compare=False)

    def plot(self, chip: int | None = None) -> Figure:
        """Draw the chips: circuits by population, synapses in use, drivers and crossbar.

        Parameters
        ----------
        chip : int, optional
            Number of the chip to draw in detail; by default all chips are drawn, and a single
            one in detail.

        Returns
        -------
        matplotlib.figure.Figure
            ``figure.savefig("chip.svg")`` saves it.

        Raises
        ------
        ImportError
            matplotlib is not installed.
        ValueError
            There is no such chip, or the report was made without a mapping.
        """
        if self.picture is None:
            raise ValueError("this report is not that of a mapping; there is nothing to draw")
        return self.picture(chip)

    @property
    def clipped(self) -> tuple[str, ...]:
        """A sentence for each parameter of which values were clipped."""
        return tuple(
            f"{population.label}: {parameter}"
            for population in self.populations
            for parameter in population.parameters
            if parameter.clipped
        )

    def to_dict(self) -> dict:
        """All of it as dicts, lists and numbers."""
        numbers = asdict(replace(self, picture=None))
        del numbers["picture"]
        return numbers

    def to_json(self, indent: int | None = 2) -> str:
        """All of it as JSON."""
        return json.dumps(self.to_dict(), indent=indent)

    def __str__(self) -> str:
        lines = [
            f"Mapping onto {self.chip}",
            f"  {_count(self.chips, 'chip')}, {_count(self.circuits_used, 'neuron circuit')} used, "
            f"{self.circuits_free} free; time step {self.timestep:g} ms",
        ]
        if self.populations:
            lines += ["", "Populations"]
        for p in self.populations:
            lines.append(_population_line(p))
            lines += [f"    {parameter}" for parameter in p.parameters]
        if self.projections:
            lines += ["", "Projections"]
        for p in self.projections:
            lines += _projection_lines(p)
        if self.notes:
            lines += ["", "Notes", *(f"  {note}" for note in self.notes)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def deviations(
    name: str, unit: str, asked: np.ndarray, realised: np.ndarray, clipped: np.ndarray | None = None
) -> ParameterReport | None:
    """Compare, or None where all is as asked.

    Parameters
    ----------
    asked, realised : float64 (size,)
    clipped : bool (size,), optional
        Where `asked` lies outside of the range.
    """
    difference = np.abs(realised - asked)
    changed = difference > EXACT * np.maximum(np.abs(asked), np.abs(realised))
    if not changed.any():
        return None
    worst = int(difference.argmax())
    return ParameterReport(
        name,
        unit,
        clipped=0 if clipped is None else int((clipped & changed).sum()),
        rounded=int(changed.sum()),
        asked=_range(asked),
        realised=_range(realised),
        worst_asked=float(asked[worst]),
        worst_realised=float(realised[worst]),
    )


def projection_report(
    label: str,
    weight: tuple[np.ndarray, np.ndarray],
    delay: tuple[np.ndarray, np.ndarray],
    synapses: int,
) -> ProjectionReport:
    """Compare asked with realised `weight` and `delay`, each float64 (n,); NaN = lost."""
    there = ~np.isnan(weight[1])
    lost = len(there) - int(there.sum())
    if lost:
        weight, delay = (tuple(values[there] for values in pair) for pair in (weight, delay))
    asked, realised = weight
    weighted = asked != 0
    error = np.abs(realised[weighted] / asked[weighted] - 1)
    error = error[error > EXACT]
    square = float(np.square(error).sum())
    return ProjectionReport(
        label,
        asked=len(there),
        realised=len(asked),
        lost=lost,
        synapses=synapses,
        rounded_to_zero=int((weighted & (realised == 0)).sum()),
        weight_error_rms=100 * (square / max(1, int(weighted.sum()))) ** 0.5,
        weight_error_worst=100 * float(error.max(initial=0.0)),
        delay_asked=_range(delay[0]),
        delay_realised=_range(delay[1]),
        delays_changed=int((delay[0] != delay[1]).sum()),
    )


def _range(values: np.ndarray) -> tuple[float, float]:
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _span(values: tuple[float, float]) -> str:
    low, high = values
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _population_line(p: PopulationReport) -> str:
    line = (
        f"  {p.label}: {_count(p.size, 'neuron')} on {_count(p.circuits, 'circuit')}, "
        f"at most {_count(p.synapse_rows, 'synapse row')} each"
    )
    if p.voltage_gain != 1 or p.voltage_offset != 0:
        line += f"; chip mV = {p.voltage_gain:.4g} * mV {p.voltage_offset:+.5g}"
    return line


def _projection_lines(p: ProjectionReport) -> list[str]:
    lines = [
        f"  {p.label}: {p.realised} of {p.asked} connections, {p.lost} lost, "
        f"{_count(p.synapses, 'synapse')} of the chip"
    ]
    if p.weight_error_worst:
        lines.append(
            f"    weight error {p.weight_error_rms:.3g} % RMS, {p.weight_error_worst:.3g} % worst"
            f"; {p.rounded_to_zero} rounded to zero"
        )
    if p.delays_changed:
        lines.append(
            f"    delay asked {_span(p.delay_asked)} ms, realised {_span(p.delay_realised)} ms"
            f" ({p.delays_changed} changed)"
        )
    return lines
