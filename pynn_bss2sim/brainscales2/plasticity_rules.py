"""Plasticity rules: what the plasticity processors of the chip run at fixed times."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np

from pynn_bss2sim import observables as frontend

from .._core.frozen import frozen
from .clock import to_cycles

__all__ = ["PlasticityRule", "Sample", "Timer"]


class Timer:
    """When a rule runs: at ``start + k * period`` for k = 0 to ``num_periods - 1``.

    Parameters
    ----------
    start, period : float, ms
        Of the chip.
    num_periods : int
        In the whole experiment.

    Raises
    ------
    KeyError
        One of them is not given.
    """

    def __init__(self, **times: Any) -> None:
        missing = [name for name in ("start", "period", "num_periods") if name not in times]
        if missing:
            raise KeyError(f"Timer: {', '.join(missing)} must be given")
        self.start, self.period = float(times.pop("start")), float(times.pop("period"))
        self.num_periods = int(times.pop("num_periods"))
        if times:
            raise KeyError(f"Timer: {', '.join(sorted(times))}: it has start, period, num_periods")

    def cycles(self, start: int, stop: int) -> np.ndarray:
        """The cycles in [`start`, `stop`) at which a rule runs: int64 (n,)."""
        if not self.period > 0:
            raise ValueError(f"Timer: period={self.period} ms; give a positive number")
        due = to_cycles(self.start + self.period * np.arange(self.num_periods))
        return due[(due >= start) & (due < stop)]

    def __repr__(self) -> str:
        return f"Timer(start={self.start}, period={self.period}, num_periods={self.num_periods})"


class ObservableType(enum.StrEnum):
    """Types of the elements of observables."""

    int8 = enum.auto()
    uint8 = enum.auto()
    int16 = enum.auto()
    uint16 = enum.auto()


class _Rows(enum.Enum):
    """How the chip lays out what it records; without effect here."""

    complete_rows = enum.auto()
    packed_active_columns = enum.auto()


class _Row(enum.Enum):
    """As `_Rows`, of neurons."""

    complete_row = enum.auto()
    packed_active_columns = enum.auto()


@dataclass
class ObservablePerSynapse:
    """A number for each synapse."""

    Type = ObservableType
    LayoutPerRow = _Rows
    type: ObservableType = ObservableType.int8
    layout_per_row: _Rows = _Rows.complete_rows

    def specified(self) -> frontend.ObservablePerSynapse:
        """As the recording of a kernel takes it."""
        return frontend.ObservablePerSynapse(str(self.type))


@dataclass
class ObservablePerNeuron:
    """A number for each neuron."""

    Type = ObservableType
    Layout = _Row
    type: ObservableType = ObservableType.int8
    layout: _Row = _Row.complete_row

    def specified(self) -> frontend.ObservablePerNeuron:
        """As the recording of a kernel takes it."""
        return frontend.ObservablePerNeuron(str(self.type))


@dataclass
class ObservableArray:
    """Numbers of the rule itself."""

    Type = ObservableType
    type: ObservableType = ObservableType.int8
    size: int = 1

    def specified(self) -> frontend.ObservableArray:
        """As the recording of a kernel takes it."""
        return frontend.ObservableArray(str(self.type), int(self.size))


@frozen
class Sample:
    """What one run of a kernel recorded.

    Attributes
    ----------
    time : int, cycles of 8 ns
    data : list
        Of synapses: for each connection, the values of its synapses. Of neurons: for each, a dict
        of a compartment to the values of its circuits. Of arrays: the elements.
    """

    time: int
    data: Any


class PlasticityRule:
    """A program for the plasticity processors.

    Inherit from it and write a method ``kernel(self, synapses, neurons, recording)``, in Python:
    `synapses` is a list of handles of the synapses of each projection in each half of the chip,
    `neurons` one of neurons, `recording` takes the observables, ``recording.name[k] = values`` for
    handle k. See `pynn_bss2sim.PlasticityRule` for what handles offer. Kernels in C++ are refused.

    Parameters
    ----------
    timer : Timer
    observables : dict of str to observable, optional
    same_id : int
        Rules with different kernels need different numbers. On the chip rules of one number share
        their state; here an object of Python keeps its state by itself.
    """

    ObservablePerSynapse = ObservablePerSynapse
    ObservablePerNeuron = ObservablePerNeuron
    ObservableArray = ObservableArray

    def __init__(self, timer: Timer, observables: dict | None = None, same_id: int = 0) -> None:
        self.timer = timer
        self.observables = dict(observables or {})
        self.same_id = same_id
        self._samples: dict = {}
        self._snippets = 0

    def generate_kernel(self) -> str:
        """The kernel in C++, which is not run here."""
        return ""

    def kernel(self, synapses: list, neurons: list, recording: Any) -> None:
        """What happens at each time of the timer; by default nothing."""

    def require_python(self) -> None:
        """Raise NotImplementedError if the rule has a kernel in C++ only."""
        mine = type(self)
        if mine.generate_kernel is PlasticityRule.generate_kernel:
            return
        if mine.kernel is not PlasticityRule.kernel:
            return
        raise NotImplementedError(
            f"{mine.__name__}: its kernel is written in C++, which is not run here. Port it: write "
            "a method kernel(self, synapses, neurons, recording) beside generate_kernel(), which "
            "does with arrays what the kernel does with rows:\n"
            "    for (size_t i = 0; i < synapses[0].rows.size(); ++i)   ->   "
            "for handle in synapses:\n"
            "        synapses[0].set_weights(weights, i);               ->   "
            "    handle.weights = weights\n"
            "    neurons[0].get_rate_counters(true)                     ->   "
            "neurons[0].counters(reset=True)\n"
            "    recording.time = now();                                ->   (done for you)"
        )

    # --- data -----------------------------------------------------------------------------

    def begin_experiment(self) -> None:
        """Forget what was recorded in the last experiment."""
        self._samples, self._snippets = {}, 0

    def begin_snippet(self) -> None:
        """What is recorded from now on belongs to the next snippet."""
        self._snippets += 1

    def store(self, name: str, owner: Any, sample: Sample) -> None:
        """Keep a sample of observable `name` of `owner`: a projection, population, or None."""
        snippets = self._samples.setdefault((name, owner), {})
        snippets.setdefault(self._snippets - 1, []).append(sample)

    def samples(self, name: str, owner: Any, kind: type) -> list:
        """Samples of an observable of this kind: for each snippet a list, or None."""
        if name not in self.observables:
            raise RuntimeError(
                f"{type(self).__name__}: there is no observable {name!r}; there are "
                f"{', '.join(self.observables) or 'none'}"
            )
        if not isinstance(self.observables[name], kind):
            raise TypeError(f"{type(self).__name__}: observable {name!r} is no {kind.__name__}")
        if not self._snippets:
            raise RuntimeError(f"{type(self).__name__}: {name!r}: nothing has been executed yet")
        found = self._samples.get((name, owner), {})
        return [found.get(k) for k in range(self._snippets)]

    def get_observable_array(self, name: str) -> list:
        """Return what was recorded to an `ObservableArray`: for each snippet its samples.

        Raises
        ------
        RuntimeError
            There is no such observable, or nothing has been executed.
        TypeError
            It belongs to synapses or neurons.
        """
        return self.samples(name, None, ObservableArray)
