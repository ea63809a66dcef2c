"""Spike sources: made on the host, or by generators of the chip."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pyNN import errors
from pyNN.parameters import Sequence
from pyNN.standardmodels import StandardCellType

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.background import Generator
from pynn_bss2sim.standardmodels.base import OneToOne, check_values, identity_translations

from ..clock import to_cycles

__all__ = [
    "ExternalNeuron",
    "OffChipSource",
    "SpikeIOCell",
    "SpikeSourceArray",
    "SpikeSourcePoisson",
    "SpikeSourcePoissonOnChip",
]

_HZ_PER_MHZ = 1e6


class ExternalNeuron(OneToOne, StandardCellType):
    """A spike source."""

    is_source = True
    calibrated = False
    reads_initial_config = False
    injectable = False
    on_chip = False
    #: Its spikes are given, not drawn.
    times_are_given = False
    plasticity_rule = None
    recordable: ClassVar[list[str]] = ["spikes"]
    receptor_types: ClassVar[list[str]] = []
    default_initial_values: ClassVar[dict] = {}

    @property
    def given(self) -> frozenset:
        """No parameter comes from elsewhere."""
        return frozenset(self.default_parameters)


class SpikeSourceArray(ExternalNeuron):
    """Spikes at given times.

    Parameters
    ----------
    spike_times : sequence of float, ms
        Of the wall clock, from the beginning of the experiment; a sequence for all cells, or one
        for each. They need not be sorted.
    """

    times_are_given = True
    default_parameters: ClassVar[dict] = {"spike_times": Sequence([])}
    translations = identity_translations(default_parameters)
    units: ClassVar[dict[str, str]] = {"spike_times": "ms"}

    def __init__(self, spike_times: Any = ()) -> None:
        super().__init__(spike_times=_sequences(spike_times))

    def checked(self, label: str, parameters: dict) -> dict[str, np.ndarray]:
        """Spike times as `Sequence` of finite numbers."""
        for cell, times in enumerate(parameters["spike_times"]):
            if not np.isfinite(np.asarray(times.value, np.float64)).all():
                raise errors.InvalidParameterValueError(
                    f"{label}: spike_times of cell {cell}: give finite numbers"
                )
        return parameters

    def draw(self, parameters: dict, cell: int) -> np.ndarray:
        """Spikes of a cell: int64 (n,), cycles."""
        return np.sort(to_cycles(parameters["spike_times"][cell].value))


def _sequences(spike_times: Any) -> Any:
    """Lists of spike times in a form that PyNN takes for one value for each cell."""
    if isinstance(spike_times, Sequence):
        return spike_times
    several = np.iterable(spike_times) and any(
        np.iterable(times) or isinstance(times, Sequence) for times in spike_times
    )
    if not several:
        return Sequence(np.asarray(spike_times, np.float64))
    return [
        t if isinstance(t, Sequence) else Sequence(np.asarray(t, np.float64)) for t in spike_times
    ]


class SpikeSourcePoisson(ExternalNeuron):
    """Poisson spikes made on the host.

    They are drawn from ``numpy.random`` when the source is first used, and again for cells whose
    parameters have changed; otherwise the same spikes come in each run.

    Parameters
    ----------
    start : float, ms
    rate : float, Hz
        Of the chip.
    duration : float, ms
    """

    default_parameters: ClassVar[dict] = {"start": 0.0, "rate": 0.0, "duration": 0.0}
    translations = identity_translations(default_parameters)
    units: ClassVar[dict[str, str]] = {"start": "ms", "rate": "Hz", "duration": "ms"}

    def __init__(self, start: Any, rate: Any, duration: Any) -> None:
        super().__init__(start=start, rate=rate, duration=duration)

    def checked(self, label: str, parameters: dict) -> dict[str, np.ndarray]:
        """Finite numbers that are not negative."""
        for name, values in parameters.items():
            bad = ~np.isfinite(values) | (values < 0)
            check_values(label, name, values, bad, "give a finite number from 0 on")
        return parameters

    def draw(self, parameters: dict, cell: int) -> np.ndarray:
        """Draw the spikes of a cell: int64 (n,), cycles."""
        start, rate, duration = (parameters[n][cell] for n in ("start", "rate", "duration"))
        # scripts make them reproducible by numpy.random.seed()
        count = np.random.poisson(int(duration * rate / 1e3))  # noqa: NPY002
        times = np.random.uniform(start, start + duration, count)  # noqa: NPY002
        return np.sort(to_cycles(times))


class SpikeSourcePoissonOnChip(ExternalNeuron):
    """Poisson spikes made by a generator of the chip.

    Parameters
    ----------
    rate : float, Hz
        Of each cell, the same for all.
    seed : int, 0 to 2**32 - 1
        The same for all.
    """

    on_chip = True
    default_parameters: ClassVar[dict] = {"rate": 0.0, "seed": 0.0}
    translations = identity_translations(default_parameters)
    units: ClassVar[dict[str, str]] = {"rate": "Hz", "seed": "dimensionless"}

    def __init__(self, rate: Any, seed: Any) -> None:
        super().__init__(rate=rate, seed=seed)

    def checked(self, label: str, parameters: dict) -> dict[str, np.ndarray]:
        """One rate and seed that a generator can have.

        Raises
        ------
        AssertionError
            Cells differ, as on the real chip's frontend.
        RuntimeError
            All cells together are too fast.
        """
        for name, values in parameters.items():
            if (values != values[0]).any():
                raise AssertionError(f"{label}: {name} differs from cell to cell; give one value")
        rate, seed = parameters["rate"], parameters["seed"]
        bad = (seed < 0) | (seed > chip.BACKGROUND_SEED_MAX) | (seed != np.floor(seed))
        check_values(label, "seed", seed, bad, "give an integer of 0 to 2**32 - 1")
        check_values(label, "rate", rate, ~(rate > 0), "give a positive number", "Hz")
        total = rate[0] * len(rate)
        if total > _HZ_PER_MHZ * chip.BACKGROUND_CLOCK:
            raise RuntimeError(
                f"{label}: {total:g} Hz in all, a generator makes "
                f"{_HZ_PER_MHZ * chip.BACKGROUND_CLOCK:g} Hz; lower the rate or use fewer cells"
            )
        return parameters

    def events(self, parameters: dict, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """The spikes of a generator in the cycles `start` to `stop`: cycles and cells."""
        rate, seed = parameters["rate"], parameters["seed"]
        generator = Generator.for_sources(len(rate), rate[0] / _HZ_PER_MHZ, int(seed[0]))
        ratio = round(chip.BACKGROUND_CLOCK / chip.FPGA_CLOCK)
        cycle, label = generator.events(ratio * start, ratio * stop)
        cell = label & generator.mask
        mine = cell < len(rate)
        return cycle[mine] // ratio, cell[mine]


class SpikeIOCell(ExternalNeuron):
    """A cell outside of the chip, connected by a serial line."""


class OffChipSource(SpikeIOCell):
    """Spikes of other devices, which come over a serial line: not emulated.

    Raises
    ------
    ValueError
        Labels are missing, or one stands there twice; or cells differ in another parameter.
    NotImplementedError
        There are no other devices.
    """

    def __init__(
        self,
        *,
        enable_internal_loopback: bool = True,
        data_rate_scaler: int = 1,
        label: str | None = None,
    ) -> None:
        labels = [] if label is None else np.atleast_1d(label).tolist()
        if not labels or len(set(labels)) < len(labels):
            raise ValueError(f"OffChipSource: label={label!r}; give a different one to each cell")
        flags = {
            "enable_internal_loopback": enable_internal_loopback,
            "data_rate_scaler": data_rate_scaler,
        }
        for name, values in flags.items():
            if len(np.unique(values)) > 1:
                raise ValueError(f"OffChipSource: {name}={values!r}; give all cells the same")
        raise NotImplementedError(
            "OffChipSource: no other devices are emulated; use SpikeSourceArray for their spikes"
        )
