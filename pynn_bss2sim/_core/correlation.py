"""The correlation sensors of the synapses: what they have accumulated of the spikes so far.

Each synapse has two of them. With nearest-neighbour pairing [1]_ ::

    causal   += A+ exp(-(t_post - t_pre) / tau+)   at each postsynaptic spike, of the last event
                                                   since the postsynaptic spike before
    acausal  += A- exp(-(t_pre - t_post) / tau-)   at each event, of the last postsynaptic spike
                                                   since the event before

Events and spikes of the same step make no pair. A reading is an 8-bit number that falls from a
baseline as the sensor accumulates, until the sensor is full. A reset empties the sensor, but the
last event and spike are kept in mind.

Sensors are read seldom. So nothing is done for single events: between two readings the spikes are
noted, and `CorrelationSensors.advance` pairs them all at once. What a pair adds is rounded to
multiples of `GRID`, so that sums do not depend on how a run is divided.

References
----------
.. [1] S. Billaudelle, From Transistors to Learning Systems, dissertation, Heidelberg 2022; numbers:
   ``SENSOR_...`` of :mod:`~pynn_bss2sim._core.hicannx`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import numpy as np

from . import hicannx as chip
from .checks import checked_index, checked_offsets
from .device import Device
from .frozen import frozen
from .ranges import ranges
from .records import frozen_array
from .sensor_pairs import pair

__all__ = ["GRID", "CorrelationSensors", "EventLines", "SensorTraits", "Trace"]

#: Smallest part of an LSB that is told apart.
GRID = 2.0**-20
#: Pairs farther apart than so many time constants add nothing: less than half of `GRID`.
_REACH = 20.0
#: Step of what has not happened yet.
_NEVER = -(1 << 60)


class Trace(enum.IntEnum):
    """The two sensors of a synapse, numbered as the channels of the column converters."""

    CAUSAL = 0
    ACAUSAL = 1


@frozen
class SensorTraits:
    """What the sensors of some synapses do; columns: causal, acausal.

    Attributes
    ----------
    amplitude : float64 (n, 2), LSB
        Of a pair without delay; 0 where a sensor does not respond.
    tau : float64 (n, 2), µs
    baseline : float64 (n, 2), LSB
        Reading after a reset.
    """

    amplitude: np.ndarray
    tau: np.ndarray
    baseline: np.ndarray

    def __post_init__(self) -> None:
        shape = np.shape(self.amplitude)[:1] + (chip.CADC_CHANNELS,)
        for name in ("amplitude", "tau", "baseline"):
            values = frozen_array(getattr(self, name), np.float64, shape, f"SensorTraits.{name}")
            object.__setattr__(self, name, values)
        if not (self.tau > 0).all():
            raise ValueError("SensorTraits.tau: must be positive")

    @classmethod
    def of_device(cls, device: Device, n_chips: int, synapse: np.ndarray) -> SensorTraits:
        """Those of the synapses `synapse`, counted over all chips as in `event_path.Hits`."""
        shape = (len(synapse), chip.CADC_CHANNELS)
        factors = [one.sensors for one in device.chips(n_chips)]

        def picked(name: str) -> np.ndarray:
            whole = [getattr(one, name).reshape(-1, chip.CADC_CHANNELS) for one in factors]
            return np.concatenate([np.empty((0, shape[1])), *whole])[synapse]

        return cls(
            chip.SENSOR_AMPLITUDE * picked("amplitude"),
            chip.SENSOR_TAU * picked("tau"),
            chip.SENSOR_BASELINE + picked("baseline"),
        )


@frozen
class EventLines:
    """Which spikes are events where: a line is what synapses of one row and label see.

    Attributes
    ----------
    n_lines : int
    indptr : int64 (n_sources + 1,)
        ``indptr[s]:indptr[s + 1]`` are the lines that source ``s`` reaches.
    line : int64 (n,)
    delay : int64 (n,), steps, at least 1
    """

    n_lines: int
    indptr: np.ndarray
    line: np.ndarray
    delay: np.ndarray

    def __post_init__(self) -> None:
        line = checked_index("EventLines.line", self.line, 0, self.n_lines, np.int64)
        values = {
            "indptr": checked_offsets("EventLines.indptr", self.indptr, len(line)),
            "line": line,
            "delay": checked_index("EventLines.delay", self.delay, 1, 1 << 31, np.int64),
        }
        if len(values["delay"]) != len(line):
            raise ValueError("EventLines.delay: one for each line of a source is needed")
        for name, array in values.items():
            object.__setattr__(self, name, frozen_array(array, np.int64))

    @property
    def n_sources(self) -> int:
        """Neurons and external inputs."""
        return len(self.indptr) - 1

    def events(self, step: np.ndarray, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Line and step of every event that spikes cause: int64 (m,) each."""
        begin, count = self.indptr[source], np.diff(self.indptr)[source]
        entry = ranges(begin, count)
        return self.line[entry], np.repeat(step, count) + self.delay[entry]


def _grouped(of_synapse: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Synapses by what they have in common: of each synapse, offsets, synapses."""
    known = np.flatnonzero(of_synapse >= 0)
    order = known[np.argsort(of_synapse[known], kind="stable")]
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(of_synapse[known], minlength=n), out=indptr[1:])
    return of_synapse, indptr, order


class CorrelationSensors:
    """The sensors of some synapses.

    Parameters
    ----------
    traits : SensorTraits
    lines : EventLines
    line : int64 (n,)
        What each synapse listens to, -1 = nothing.
    neuron : int64 (n,)
        Whose spikes come back to it, -1 = nobody's.
    n_neurons : int
    timestep : float, µs
    step : int
        What happens after it counts.
    pairing : callable
        `sensor_pairs.pair`, or its twin of `reference_sensors`.

    Attributes
    ----------
    step : int
        Everything up to it has been paired.
    """

    def __init__(
        self,
        traits: SensorTraits,
        lines: EventLines,
        line: np.ndarray,
        neuron: np.ndarray,
        n_neurons: int,
        timestep: float,
        step: int = 0,
        pairing: Callable[..., None] = pair,
    ) -> None:
        self._pair = pairing
        neuron = checked_index("neuron", neuron, -1, n_neurons, np.int64)
        self._neuron = _grouped(neuron, n_neurons)
        self._tau = np.ascontiguousarray(traits.tau.T / timestep)
        self._amplitude = np.ascontiguousarray(traits.amplitude.T)
        self._baseline = np.ascontiguousarray(traits.baseline.T)
        self._full = self._baseline - chip.SENSOR_FLOOR
        self._sum: np.ndarray = np.zeros(self._tau.shape)
        self._last_post = np.full(n_neurons, _NEVER)
        self.step = int(step)
        self.listen(lines, line)

    def listen(self, lines: EventLines, line: np.ndarray) -> None:
        """Let the synapses listen to other lines; sums are kept, events on their way are not."""
        line = checked_index("line", line, -1, lines.n_lines, np.int64)
        if not len(line) == len(self) == len(self._neuron[0]):
            raise ValueError(f"line, neuron: {len(self)} synapses need one each")
        self._lines, self._line = lines, _grouped(line, lines.n_lines)
        self._last_event = np.full(lines.n_lines, _NEVER)
        self._coming = np.empty((2, 0), np.int64)

    def __len__(self) -> int:
        return self._sum.shape[1]

    def advance(self, step: np.ndarray, source: np.ndarray, until: int) -> None:
        """Pair what happens until step `until`.

        Parameters
        ----------
        step, source : int64 (k,)
            All spikes since the last call, in any order: neurons, then external inputs.
        until : int
            Not before `self.step`.
        """
        step, source = np.asarray(step, np.int64), np.asarray(source, np.int64)
        line, arrival = self._lines.events(step, source)
        coming = np.concatenate([self._coming, [line, arrival]], axis=1)
        due = coming[1] <= until
        self._coming = coming[:, ~due]
        spiking = source < len(self._last_post)
        events, spikes = coming[:, due], np.stack([source[spiking], step[spiking]])
        owner, when = np.concatenate([events, spikes], axis=1)
        is_spike = np.repeat(np.array([0, 1], np.uint8), [events.shape[1], spikes.shape[1]])
        order = np.lexsort((owner, is_spike, when))
        happening = np.stack([when, owner, is_spike])[:, order]
        new = np.flatnonzero((np.diff(happening, axis=1, prepend=-1) != 0).any(axis=0))
        when, owner, is_spike = np.ascontiguousarray(happening[:, new])
        self._pair(
            when,
            owner,
            is_spike.astype(np.uint8),
            self._line,
            self._neuron,
            self._last_event,
            self._last_post,
            self._tau,
            self._amplitude,
            self._sum,
            _REACH,
            GRID,
        )
        self.step = int(until)

    def reset(self, synapse: np.ndarray | slice = slice(None)) -> None:
        """Empty both sensors of some synapses."""
        for total in self._sum:
            total[synapse] = 0.0

    def accumulated(self, trace: int) -> np.ndarray:
        """What the sensors hold: float64 (n,), LSB; a full one holds no more."""
        return np.minimum(self._sum[trace], self._full[trace])

    def read(
        self, trace: int, synapse: np.ndarray | slice = slice(None), noise: np.ndarray | float = 0.0
    ) -> np.ndarray:
        """What the column converters make of some sensors.

        Parameters
        ----------
        trace : int
            `Trace`.
        synapse : int64 (k,) or slice
        noise : float64 (k,), LSB

        Returns
        -------
        uint8 (k,)
            The more was accumulated, the lower.
        """
        if isinstance(synapse, slice):
            level = self._level(trace, synapse)
        elif 2 * np.size(synapse) > len(self):  # picking costs more than the level of a sensor
            level = self._level(trace, slice(None)).take(synapse)
        else:
            level = self._level(trace, synapse)
        level += noise
        np.rint(level, out=level)
        return np.clip(level, 0, 2**chip.CADC_BITS - 1, out=level).astype(np.uint8)

    def _level(self, trace: int, synapse: np.ndarray | slice) -> np.ndarray:
        """What some sensors hold as the converters see it: float64 (k,), LSB."""
        level = np.minimum(self._sum[trace][synapse], self._full[trace][synapse])
        return np.subtract(self._baseline[trace][synapse], level, out=level)

    def restart(self) -> None:
        """Back to step 0: nothing accumulated, nothing in mind."""
        self.reset()
        self._last_post[:] = _NEVER
        self._last_event[:] = _NEVER
        self._coming = self._coming[:, :0]
        self.step = 0
