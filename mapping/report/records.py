"""What a report knows: frozen records of numbers, without any layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = [
    "ChipUsage",
    "ParameterReport",
    "PopulationReport",
    "ProjectionReport",
    "Spread",
    "Usage",
    "parameter_report",
    "projection_report",
]

#: Relative deviations below this are of floating-point arithmetic, not of the chip.
EXACT = 1e-9
#: Where 0 mV lies means nothing, so errors of voltages are never compared with less than this.
SMALL_VOLTAGE = 10.0


@dataclass(frozen=True)
class Spread:
    """Values of many neurons or synapses, in a few numbers.

    Attributes
    ----------
    low, high, mean, std : float
        Smallest, largest, mean and standard deviation; all 0 where there is no value.
    """

    low: float
    high: float
    mean: float
    std: float

    @classmethod
    def of(cls, values: np.ndarray) -> Spread:
        """Summarise `values`, float64 (n,)."""
        if not len(values):
            return cls(0.0, 0.0, 0.0, 0.0)
        low, high = float(values.min()), float(values.max())
        if low == high:
            return cls(low, high, low, 0.0)
        return cls(low, high, float(values.mean()), float(values.std()))


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
    asked, realised : Spread
        Over the neurons of the population.
    worst_asked, worst_realised : float
        The value that changed most.
    error_rms : float
        Root of the mean square of what the values changed by, in `unit`.
    """

    name: str
    unit: str
    clipped: int
    rounded: int
    asked: Spread
    realised: Spread
    worst_asked: float
    worst_realised: float
    error_rms: float

    @property
    def worst_error(self) -> float:
        """By how much the value changed that changed most, in `unit`."""
        return abs(self.worst_realised - self.worst_asked)

    @property
    def relative_error(self) -> float:
        """`worst_error` relative to that value; a voltage near 0 is taken for one of 10 mV."""
        floor = SMALL_VOLTAGE if self.unit == "mV" else 0.0
        return self.worst_error / max(abs(self.worst_asked), floor, 1e-300)

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
    chips : tuple of int
        Numbers of the chips that it lies on.
    synapse_rows : int
        Most synapse rows that one of its neurons occupies.
    voltage_gain, voltage_offset : float
        ``chip mV = voltage_gain * mV + voltage_offset``.
    capacitance : Spread or None
        Of the membranes on the chip, pF, as far as it is known; None where it is as asked.
    parameters : tuple of ParameterReport
        Those that deviate.
    """

    label: str
    size: int
    circuits: int
    chips: tuple[int, ...]
    synapse_rows: int
    voltage_gain: float
    voltage_offset: float
    capacitance: Spread | None
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
    weighted : int
        Realised connections whose weight is asked to be other than 0: those that the errors are
        taken over.
    weight_error_rms, weight_error_worst : float, %
        Relative to each weight that is not 0, of those that are not lost.
    weight_asked, weight_realised : Spread
        Of those that are not lost, nA or µS.
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
    weighted: int
    weight_error_rms: float
    weight_error_worst: float
    weight_asked: Spread
    weight_realised: Spread
    delay_asked: tuple[float, float]
    delay_realised: tuple[float, float]
    delays_changed: int


@dataclass(frozen=True)
class Usage:
    """How much of one resource is in use.

    Attributes
    ----------
    name : str
        In words, e.g. "synapse drivers".
    used, available : int
    """

    name: str
    used: int
    available: int

    @property
    def free(self) -> int:
        """What is left."""
        return self.available - self.used

    @property
    def fraction(self) -> float:
        """Used part, 0 to 1."""
        return self.used / self.available if self.available else 0.0


@dataclass(frozen=True)
class ChipUsage:
    """What one chip has and what of it is in use.

    Attributes
    ----------
    chip : int
    resources : tuple of Usage
        The same resources, in the same order, on each chip.
    """

    chip: int
    resources: tuple[Usage, ...]

    def __getitem__(self, name: str) -> Usage:
        return next(usage for usage in self.resources if usage.name == name)


def parameter_report(
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
        asked=Spread.of(asked),
        realised=Spread.of(realised),
        worst_asked=float(asked[worst]),
        worst_realised=float(realised[worst]),
        error_rms=float(np.sqrt(np.square(difference).mean())),
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
        weighted=int(weighted.sum()),
        weight_error_rms=100 * (square / max(1, int(weighted.sum()))) ** 0.5,
        weight_error_worst=100 * float(error.max(initial=0.0)),
        weight_asked=Spread.of(asked),
        weight_realised=Spread.of(realised),
        delay_asked=_range(delay[0]),
        delay_realised=_range(delay[1]),
        delays_changed=int((delay[0] != delay[1]).sum()),
    )


def _range(values: np.ndarray) -> tuple[float, float]:
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
