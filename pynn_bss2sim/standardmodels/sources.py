"""Spike sources: their spikes are made on the host and sent to the chip as events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pyNN import errors
from pyNN.standardmodels import StandardCellType, cells

from pynn_bss2sim import spike_processes
from pynn_bss2sim._core.background import Generator
from pynn_bss2sim._core.hicannx import BACKGROUND_NAMES, BACKGROUND_SEED_MAX

from .base import OneToOne, check_values, identity_translations

if TYPE_CHECKING:
    from ..block_processes import SpikeProcess, Spikes
    from ..pynn_types import Parameters


__all__ = [
    "SpikeSourceArray",
    "SpikeSourceGamma",
    "SpikeSourceInhGamma",
    "SpikeSourcePoisson",
    "SpikeSourcePoissonOnChip",
    "SpikeSourcePoissonRefractory",
]

_MS_PER_S = 1e3

#: Highest mean rate (Hz) of one cell: a million inputs of 1 Hz seen as one. Sources may fire
#: several times within a time step; beyond this a run would drown in spikes.
HIGHEST_RATE = 1e6


class _Source(OneToOne):
    """What every spike source offers to the frontend, on top of PyNN's cell type API."""

    #: Class of the process that makes the spikes; takes (size, parameters, seed).
    process_class: Callable[..., SpikeProcess]

    def process(self, label: str, size: int, parameters: Parameters, seed: int) -> SpikeProcess:
        """Return the process that makes the spikes.

        Parameters
        ----------
        label : str
            The population's label, for messages.
        size : int
        parameters : dict of str to ndarray (size,)
            All parameters, as `validate` accepts them, in PyNN's units: float64, or objects
            (`Sequence`) where one value is a sequence of numbers. One sequence alone stands for
            all cells.
        seed : int
            Of the random numbers; not used by `SpikeSourceArray`.

        Returns
        -------
        SpikeProcess
            Whose ``update`` takes parameters in the same form.
        """
        return _Converting(self, label, size, parameters, seed)

    def make(self, size: int, parameters: Parameters, seed: int) -> SpikeProcess:
        """Return the process for parameters already checked, sequences as float64 arrays."""
        return self.process_class(size, parameters, seed)

    def validate(self, label: str, parameters: Parameters) -> None:
        """Check parameter values, given as in `process`.

        Raises
        ------
        pyNN.errors.InvalidParameterValueError
            Naming label, parameter and the first cell with a bad value.
        """
        for name, values in parameters.items():
            if name not in self.sequences:
                check_values(label, name, values, ~np.isfinite(values), "give a finite number")
        if "duration" in parameters:
            values = parameters["duration"]
            check_values(label, "duration", values, values < 0, "must not be negative", "ms")

    def _check_rate(self, label: str, name: str, values: np.ndarray, rate: np.ndarray) -> None:
        """Raise where a parameter is negative or makes the mean `rate` (Hz) absurd."""
        check_values(label, name, values, values < 0, "must not be negative; 0 is silent", "Hz")
        check_values(
            label, name, values, rate > HIGHEST_RATE,
            f"the cell would spike more than {HIGHEST_RATE:g} times per second; lower the rate, "
            "or use several sources", "Hz",
        )  # fmt: skip

    def mean_rates(self, parameters: Parameters) -> np.ndarray | float:
        """Mean rate (Hz) of each cell while it spikes: float64 (size,), or NaN if not known.

        Parameters
        ----------
        parameters : dict of str to ndarray (size,)
            As in `process`.
        """
        return np.nan

    #: Parameters that are a sequence of numbers for each cell.
    sequences: tuple[str, ...] = ()

    def arrays(self, label: str, size: int, parameters: Parameters) -> Parameters:
        """Return parameters as float64 (size,), or lists of `size` float64 arrays."""
        result: Parameters = {}
        for name, values in parameters.items():
            if name in self.sequences:
                result[name] = _sequences(label, name, size, values)
            else:
                result[name] = np.broadcast_to(np.asarray(values, np.float64), size)
        return result


class _Converting(spike_processes.SpikeProcess):
    """A process that takes parameters as PyNN stores them."""

    def __init__(
        self, celltype: _Source, label: str, size: int, parameters: Parameters, seed: int
    ) -> None:
        self._arrays = lambda new: celltype.arrays(label, size, new)
        self.size = size
        self._process = celltype.make(size, self._arrays(parameters), seed)

    def spikes(self, start: float, stop: float) -> Spikes:
        return self._process.spikes(start, stop)

    def update(self, parameters: Parameters, now: float) -> None:
        self._process.update(self._arrays(parameters), now)

    def restart(self) -> None:
        self._process.restart()


class SpikeSourceArray(_Source, cells.SpikeSourceArray):
    """Spikes at given times.

    Parameters
    ----------
    spike_times : Sequence of float, ms, ascending (equal times allowed), >= 0
        One sequence for all cells, or one for each.

    Notes
    -----
    After ``reset()`` the times are replayed.
    """

    translations = identity_translations(cells.SpikeSourceArray.default_parameters)
    sequences = ("spike_times",)
    process_class = spike_processes.SpikeTimes

    def make(self, size: int, parameters: Parameters, seed: int) -> SpikeProcess:
        return spike_processes.SpikeTimes(size, parameters)

    def validate(self, label: str, parameters: Parameters) -> None:
        trains = _sequences(label, "spike_times", None, parameters["spike_times"])
        times, cell, position = _flattened(trains)
        _check_sequence(label, "spike_times", times, cell, position, ~np.isfinite(times),
                        "each must be a finite number")  # fmt: skip
        _check_sequence(label, "spike_times", times, cell, position, times < 0,
                        "a run begins at 0 ms, so none may be negative")  # fmt: skip
        _check_ascending(label, "spike_times", times, cell, position, strictly=False)


class SpikeSourcePoisson(_Source, cells.SpikeSourcePoisson):
    """Poisson processes.

    Parameters
    ----------
    rate : float, Hz, 0 to `HIGHEST_RATE`
    start, duration : float, ms
        The time in which it spikes.

    Notes
    -----
    After ``reset()`` the next trial has other random numbers; the seed is that of ``setup``.
    """

    translations = identity_translations(cells.SpikeSourcePoisson.default_parameters)
    process_class = spike_processes.Poisson

    def mean_rates(self, parameters: Parameters) -> np.ndarray:
        return parameters["rate"]

    def validate(self, label: str, parameters: Parameters) -> None:
        super().validate(label, parameters)
        self._check_rate(label, "rate", parameters["rate"], parameters["rate"])


class SpikeSourcePoissonOnChip(_Source, StandardCellType):
    """Poisson processes that the background generators of the chip make.

    They load no link between host and chip. One generator sends the spikes of all cells; each
    spike is that of a cell drawn at random.

    Parameters
    ----------
    rate : float, Hz
        Of each cell; the same for all.
    seed : int, 0 to 2**32 - 1
        The same for all; populations of the same size, rate and seed spike together.

    Notes
    -----
    At most 256 cells. Each half of a chip takes the spikes of four such populations at most, as it
    has four generators. The rate is rounded to
    what the registers can express, see section "generators" of `mapping_report()`. After
    ``reset()`` the same spikes come again.

    Where the chip model lifts the routing, exact Poisson processes on the host take their place.
    """

    default_parameters: ClassVar = {"rate": 1.0, "seed": 1}
    recordable: ClassVar = ["spikes"]
    units: ClassVar = {"rate": "Hz", "seed": "dimensionless"}
    injectable = False
    receptor_types = ()
    translations = identity_translations(default_parameters)
    #: The chip makes the spikes, where its routing is emulated.
    on_chip = True

    process_class = spike_processes.Poisson

    def make(self, size: int, parameters: Parameters, seed: int) -> SpikeProcess:
        """Return exact Poisson processes."""
        return self.process_class(size, parameters, int(parameters["seed"][0]))

    def arrays(self, label: str, size: int, parameters: Parameters) -> Parameters:
        """Return parameters as float64 (size,); a generator has neither begin nor end."""
        always = {"start": np.zeros(size), "duration": np.full(size, np.inf)}
        return super().arrays(label, size, parameters) | always

    def validate(self, label: str, parameters: Parameters) -> None:
        super().validate(label, parameters)
        rate, seed = parameters["rate"], parameters["seed"]
        for name, values in parameters.items():
            check_values(label, name, values, values != values[0], "must be the same for all cells")
        self._check_rate(label, "rate", rate, rate)
        bad = (seed < 0) | (seed > BACKGROUND_SEED_MAX) | (seed != np.floor(seed))
        check_values(label, "seed", seed, bad, "give an integer from 0 to 2**32 - 1")
        if len(rate) > BACKGROUND_NAMES:
            raise errors.InvalidParameterValueError(
                f"{label}: {len(rate)} cells, a generator of the chip has labels for "
                f"{BACKGROUND_NAMES}; make several populations"
            )
        try:
            Generator.for_sources(len(rate), float(rate[0]) / _MS_PER_S, int(seed[0]))
        except ValueError as error:
            raise errors.InvalidParameterValueError(
                f"{label}: rate = {rate[0]:g} Hz for {len(rate)} cells: {error} (one ms is one µs "
                "of the chip)"
            ) from error

    def mean_rates(self, parameters: Parameters) -> np.ndarray:
        return parameters["rate"]

    def on_chip_process(self, size: int, parameters: Parameters) -> SpikeProcess:
        """Return the process that tells the spikes of the generators."""
        return spike_processes.OnChip(size, parameters)


class SpikeSourcePoissonRefractory(_Source, cells.SpikeSourcePoissonRefractory):
    """Poisson processes with dead time.

    Parameters
    ----------
    rate : float, Hz, 0 to `HIGHEST_RATE`
        Mean rate; ``rate * tau_refrac`` must be below one second per second.
    tau_refrac : float, ms, >= 0
        Dead time after each spike.
    start, duration : float, ms

    Notes
    -----
    After ``reset()`` the next trial has other random numbers; the seed is that of ``setup``.
    """

    translations = identity_translations(cells.SpikeSourcePoissonRefractory.default_parameters)
    process_class = spike_processes.PoissonRefractory

    def mean_rates(self, parameters: Parameters) -> np.ndarray:
        return parameters["rate"]

    def validate(self, label: str, parameters: Parameters) -> None:
        super().validate(label, parameters)
        rate, tau = parameters["rate"], parameters["tau_refrac"]
        self._check_rate(label, "rate", rate, rate)
        check_values(label, "tau_refrac", tau, tau < 0, "must not be negative", "ms")
        check_values(
            label, "rate", rate, rate * tau >= _MS_PER_S,
            "the dead time alone is as long as the mean interval; lower rate or tau_refrac", "Hz",
        )  # fmt: skip


class SpikeSourceGamma(_Source, cells.SpikeSourceGamma):
    """Renewal processes with gamma-distributed intervals of mean ``alpha / beta``.

    Parameters
    ----------
    alpha : float, > 0
        Shape.
    beta : float, Hz, >= 0
        Rate parameter; ``beta / alpha`` is the mean rate, at most `HIGHEST_RATE`.
    start, duration : float, ms

    Notes
    -----
    The first interval begins at `start`. After ``reset()`` the next trial has other random
    numbers; the seed is that of ``setup``.
    """

    # PyNN's default is the integer 2, which would make every shape an integer
    default_parameters = cells.SpikeSourceGamma.default_parameters | {"alpha": 2.0}
    translations = identity_translations(default_parameters)
    process_class = spike_processes.Gamma

    def mean_rates(self, parameters: Parameters) -> np.ndarray:
        return parameters["beta"] / parameters["alpha"]

    def validate(self, label: str, parameters: Parameters) -> None:
        super().validate(label, parameters)
        alpha, beta = parameters["alpha"], parameters["beta"]
        check_values(label, "alpha", alpha, alpha <= 0, "must be positive")
        self._check_rate(label, "beta", beta, beta / alpha)


class SpikeSourceInhGamma(_Source, cells.SpikeSourceInhGamma):
    """Gamma processes whose parameters are piecewise constant in time.

    Parameters
    ----------
    a : Sequence of float, >= 1
        Shape, one for each bin.
    b : Sequence of float, s, at least 1 / `HIGHEST_RATE`
        Scale, one for each bin.
    tbins : Sequence of float, ms, strictly ascending
        Begin of the bins; the last one has no end, and there are no spikes before the first.
    start, duration : float, ms

    Notes
    -----
    See `pynn_bss2sim.spike_processes.InhomogeneousGamma`. Shapes below 1 are refused: their
    hazard is unbounded, so thinning cannot make them. After ``reset()`` the next trial has other
    random numbers; the seed is that of ``setup``.
    """

    translations = identity_translations(cells.SpikeSourceInhGamma.default_parameters)
    sequences = ("a", "b", "tbins")
    process_class = spike_processes.InhomogeneousGamma

    def validate(self, label: str, parameters: Parameters) -> None:
        super().validate(label, parameters)
        trains = {n: _sequences(label, n, None, parameters[n]) for n in self.sequences}
        _check_bins(label, trains)
        flat = {name: _flattened(values) for name, values in trains.items()}
        for name in self.sequences:
            _check_sequence(label, name, *flat[name], ~np.isfinite(flat[name][0]),
                            "each must be a finite number")  # fmt: skip
        _check_sequence(label, "a", *flat["a"], flat["a"][0] < 1,
                        "thinning needs shapes of at least 1; use SpikeSourceGamma for a "
                        "constant shape below")  # fmt: skip
        _check_sequence(label, "b", *flat["b"], flat["b"][0] * HIGHEST_RATE < 1,
                        f"must be positive, at least {1 / HIGHEST_RATE:g} s")  # fmt: skip
        _check_ascending(label, "tbins", *flat["tbins"], strictly=True)


def _check_bins(label: str, trains: dict[str, list[np.ndarray]]) -> None:
    """Raise unless each cell has at least one bin and the same number of entries for all."""
    counts = {name: np.array([len(v) for v in values]) for name, values in trains.items()}
    bins = counts["tbins"]
    for name, count in counts.items():
        bad = (count != bins) | (count == 0)
        if bad.any():
            i = int(np.flatnonzero(bad)[0])
            raise errors.InvalidParameterValueError(
                f"{label}: {name} has {count[i]} entries in cell {i} and tbins has {bins[i]}; "
                "give one entry for each bin, and at least one bin"
            )


def _sequences(label: str, name: str, size: int | None, values: Any) -> list[np.ndarray]:
    """Return one float64 array for each of `size` cells (None: as many as there are)."""
    single = hasattr(values, "value")  # one pyNN Sequence for all cells
    if not single and isinstance(values, np.ndarray) and values.dtype != object:
        single = values.ndim == 1
    trains = [values] * (1 if size is None else size) if single else values
    if size is not None and len(trains) != size:
        raise errors.InvalidDimensionsError(
            f"{label}: {name} has {len(trains)} sequences for {size} cells; give one for all or "
            "one for each"
        )
    # a population's cells often share one Sequence object
    known = {id(v): np.asarray(getattr(v, "value", v), np.float64) for v in trains}
    return [known[id(v)] for v in trains]


def _flattened(trains: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all values, and the cell and the position in its sequence that each belongs to."""
    lengths = np.array([len(train) for train in trains], np.int64)
    values = np.concatenate([*trains, np.empty(0)])
    cell = np.repeat(np.arange(len(trains)), lengths)
    position = np.arange(len(values)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return values, cell, position


def _check_sequence(
    label: str,
    name: str,
    values: np.ndarray,
    cell: np.ndarray,
    position: np.ndarray,
    bad: np.ndarray,
    need: str,
) -> None:
    if bad.any():
        i = int(np.flatnonzero(bad)[0])
        raise errors.InvalidParameterValueError(
            f"{label}: {name}[{position[i]}] = {values[i]:g} in cell {cell[i]}: {need}"
        )


def _check_ascending(
    label: str,
    name: str,
    values: np.ndarray,
    cell: np.ndarray,
    position: np.ndarray,
    strictly: bool,
) -> None:
    step = np.diff(values)
    bad = ((step <= 0) if strictly else (step < 0)) & (np.diff(cell) == 0)
    if bad.any():
        i = int(np.flatnonzero(bad)[0])
        raise errors.InvalidParameterValueError(
            f"{label}: {name} must ascend, but in cell {cell[i]} {values[i]:g} ms (entry "
            f"{position[i]}) is followed by {values[i + 1]:g} ms; sort them"
        )
