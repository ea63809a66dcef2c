"""Plasticity rules: programs that run on the chip's plasticity processors at fixed times."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from numbers import Integral, Real
from typing import TYPE_CHECKING

from . import simulator
from .observables import (
    ObservableArray,
    ObservablePerNeuron,
    ObservablePerSynapse,
    Recording,
    Sample,
)

if TYPE_CHECKING:
    from .populations import Population
    from .projections import Projection


__all__ = ["PlasticityRule", "Timer", "recorded"]

_OBSERVABLES = (ObservableArray, ObservablePerNeuron, ObservablePerSynapse)


class Timer:
    """When a rule runs: at ``start + k * period`` for k = 0 to ``num_periods - 1``.

    Parameters
    ----------
    start : float, ms
    period : float, ms
        In steps of the emulation it is rounded to, at least one.
    num_periods : int

    Notes
    -----
    All times are those of the model, as everywhere in PyNN: 1 ms of the model is 1 µs of the chip.
    """

    def __init__(self, *, start: float, period: float, num_periods: int) -> None:
        for name, value in (("start", start), ("period", period)):
            if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
                raise ValueError(f"Timer: {name}={value!r}; give a finite time in ms")
        if start < 0 or period <= 0:
            raise ValueError(
                f"Timer: start={start}, period={period}: start must not be negative, period must "
                "be positive"
            )
        if isinstance(num_periods, bool) or not isinstance(num_periods, Integral):
            raise ValueError(f"Timer: num_periods={num_periods!r}; give an integer")
        if num_periods < 0:
            raise ValueError(f"Timer: num_periods={num_periods} must not be negative")
        self.start: float = float(start)
        self.period: float = float(period)
        self.num_periods: int = int(num_periods)

    def step(self, k: int, timestep: float) -> int:
        """The emulation step of run number `k`."""
        return round((self.start + k * self.period) / timestep)

    def __repr__(self) -> str:
        return f"Timer(start={self.start}, period={self.period}, num_periods={self.num_periods})"


class PlasticityRule:
    """A program for the plasticity processors, written in Python.

    Give it a kernel, or inherit and write a method `kernel`. It works on the projections whose
    synapses are `PlasticSynapse` of this rule, and on the populations of `add_neurons`.

    Parameters
    ----------
    timer : Timer
    observables : dict of str to observable, optional
        What the kernel records, by name.
    kernel : callable, optional
        Called as ``kernel(synapses, neurons, recording)`` at each time of the timer, between two
        steps of the emulation. `synapses` is a list of `SynapseArrayViewHandle`, projection by
        projection and array by array; `neurons` a list of `NeuronViewHandle`; `recording` a
        `Recording`. What it writes to registers takes effect at once.
    vector_instructions : int
        Vector instructions that the kernel would take for one vector of synapses, beside its
        reads and writes; for the estimate of its duration.
    time_limit : float, s, optional
        A kernel that takes longer is interrupted with TimeoutError.

    Attributes
    ----------
    duration : float, ms of the model
        Longest time that a run of the kernel would have taken on the chip, estimated.
    """

    def __init__(
        self,
        timer: Timer,
        observables: dict | None = None,
        kernel: Callable[..., None] | None = None,
        *,
        vector_instructions: int = 16,
        time_limit: float | None = None,
    ) -> None:
        if not isinstance(timer, Timer):
            raise TypeError(f"PlasticityRule: timer={timer!r}; give a Timer")
        for name, observable in (observables or {}).items():
            if not isinstance(observable, _OBSERVABLES) or not str(name).isidentifier():
                raise TypeError(
                    f"PlasticityRule: observable {name!r}: {observable!r}; give names that Python "
                    "attributes can have, and ObservablePerSynapse, ObservablePerNeuron or "
                    "ObservableArray"
                )
        if kernel is not None and not callable(kernel):
            raise TypeError(f"PlasticityRule: kernel={kernel!r}; give a function")
        if time_limit is not None and not time_limit > 0:
            raise ValueError(f"PlasticityRule: time_limit={time_limit!r}; give seconds, or None")
        self.timer, self.observables = timer, dict(observables or {})
        self.vector_instructions, self.time_limit = vector_instructions, time_limit
        self.populations: list = []
        self.duration = 0.0
        self._kernel = kernel
        self._samples: dict = defaultdict(dict)

    def add_neurons(self, *populations: Population) -> None:
        """Let the kernel have the neurons of some populations, in this order."""
        for population in populations:
            if not hasattr(population, "first_id_number") or population.is_source:
                raise TypeError(
                    f"{self.label}: add_neurons({population!r}): give populations of neurons"
                )
            population.require_current("add_neurons()")
            if population.plasticity_rule not in (None, self):
                raise ValueError(
                    f"{population.label}: add_neurons: it has {population.plasticity_rule.label}; "
                    "a population has one rule"
                )
            if population.plasticity_rule is None:
                population.plasticity_rule = self
                self.populations.append(population)
                simulator.state.changed()

    @property
    def label(self) -> str:
        """How messages call the rule."""
        name = getattr(self._kernel, "__name__", None)
        return type(self).__name__ if name is None else f"{type(self).__name__}({name})"

    def kernel(self, synapses: list, neurons: list, recording: Recording) -> None:
        """What happens at each time of the timer; see the class."""
        if self._kernel is None:
            raise NotImplementedError(
                f"{self.label}: it has no kernel; give PlasticityRule(kernel=...), or inherit from "
                "it and write a method kernel(self, synapses, neurons, recording)"
            )
        self._kernel(synapses, neurons, recording)

    # --- data -------------------------------------------------------------------------------

    def store(
        self, name: str, owner: Projection | Population | None, segment: int, sample: Sample
    ) -> None:
        """Keep a sample of observable `name` of `owner`: a projection, population, or None."""
        segments = self._samples[name, owner]
        segments.setdefault(segment, []).append(sample)

    def samples(
        self, name: str, owner: Projection | Population | None, kind: type
    ) -> list[list[Sample]]:
        """Samples of an observable of this kind; see `get_observable_array`."""
        if name not in self.observables:
            raise RuntimeError(
                f"{self.label}: there is no observable {name!r}; it has "
                f"{', '.join(map(repr, self.observables)) or 'none'}"
            )
        if not isinstance(self.observables[name], kind):
            raise TypeError(
                f"{self.label}: observable {name!r} is an {type(self.observables[name]).__name__}, "
                f"where {kind.__name__} is needed"
            )
        known = self._samples[name, owner]
        return [known.get(k, []) for k in range(max(known, default=0) + 1)]

    def get_observable_array(self, name: str) -> list[list[Sample]]:
        """What the kernel has recorded to an `ObservableArray`.

        Returns
        -------
        list
            For each segment (a new one begins with `reset`) its samples, in the order of time.

        Raises
        ------
        RuntimeError
            There is no such observable.
        TypeError
            It belongs to synapses or neurons.
        """
        return self.samples(name, None, ObservableArray)

    def forget(self) -> None:
        """Drop all samples."""
        self._samples.clear()

    def __repr__(self) -> str:
        return f"{self.label}({self.timer!r}, {len(self.observables)} observables)"


def recorded(owner: Projection | Population, name: str, kind: type) -> list[list[Sample]]:
    """Samples of a projection or population; see `PlasticityRule.get_observable_array`.

    Raises
    ------
    RuntimeError
        It has no rule, or this has no such observable.
    """
    if owner.plasticity_rule is None:
        raise RuntimeError(
            f"{owner.label}: {name!r}: it has no plasticity rule; give a projection a "
            "PlasticSynapse, or a population to the rule's add_neurons()"
        )
    return owner.plasticity_rule.samples(name, owner, kind)
