"""What the plasticity processors of all chips read and write between two runs of the emulator."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.correlation import CorrelationSensors, EventLines, SensorTraits, Trace
from pynn_bss2sim._core.deviations import normal_at
from pynn_bss2sim._core.event_lines import line_of

__all__ = ["Processors"]

#: Spikes that are kept for the sensors before they are paired.
_KEPT = 1 << 20


class Processors:
    """Registers, sensors and counters as the processors see them.

    Parameters
    ----------
    configs : sequence of ChipConfig
    lines : EventLines
    synapse : int64 (n,)
        Synapses whose sensors are followed, counted as in `event_path.Hits`; ascending.
    neuron : int64 (n,)
        Whose spikes come back to each of them, -1 = nobody's.
    n_neurons : int
    traits : SensorTraits
        Of these synapses.
    timestep : float, µs
    membranes : callable, optional
        Takes neurons, int64 (k,), and returns what the column converters read of their membranes,
        uint8 (k,).
    noise_key : str or None
        Of the random numbers of the noise of readings; None = there is none.

    Attributes
    ----------
    weight, label : uint8 (n_chips, 2, 256, 256)
        Registers of the synapses, to be changed in place.
    analog : uint16 (n_chips, 512, 24)
        Codes of the analog parameters, to be changed in place.
    cycles : int64 (n_chips, 2)
        Estimated work of each processor since `begin`.
    step : int
        Present time.
    """

    def __init__(
        self,
        configs: Sequence[ChipConfig],
        lines: EventLines,
        synapse: np.ndarray,
        neuron: np.ndarray,
        n_neurons: int,
        traits: SensorTraits,
        timestep: float,
        membranes: Callable[[np.ndarray], np.ndarray] | None = None,
        noise_key: str | None = None,
        step: int = 0,
    ) -> None:
        self.weight = np.stack([c.synapse_weight for c in configs])
        self.label = np.stack([c.synapse_label for c in configs])
        self.analog = np.stack([c.analog for c in configs])
        self.cycles = np.zeros((len(configs), chip.HEMISPHERES), np.int64)
        self.step, self.membranes = int(step), membranes
        self.lines, self._synapse = lines, synapse
        self._sensors = CorrelationSensors(
            traits, lines, self._listening(), neuron, n_neurons, timestep, step
        )
        self._place = np.full(self.weight.size, -1, np.intp)
        self._place[synapse] = np.arange(len(synapse))
        self._spikes: list[tuple[np.ndarray, np.ndarray]] = []
        self._kept = 0
        self._counts = np.zeros(n_neurons, np.int64)
        self._noise_key, self._readings = noise_key, 0

    def _listening(self) -> np.ndarray:
        return line_of(self._synapse, self.label.ravel()[self._synapse])

    def begin(self) -> tuple[np.ndarray, ...]:
        """Count work from 0; return what `undo` takes."""
        self.cycles[:] = 0
        return self.weight.copy(), self.label.copy(), self.analog.copy()

    def undo(self, before: tuple[np.ndarray, ...]) -> None:
        """Write registers back as they were at `begin`."""
        self.weight[:], self.label[:], self.analog[:] = before

    def passed(self, step: np.ndarray, source: np.ndarray, until: int) -> None:
        """Note what happened until step `until`.

        Parameters
        ----------
        step, source : int64 (k,)
            Spikes of neurons and external inputs, in any order.
        """
        neurons = source[source < len(self._counts)]
        self._counts += np.bincount(neurons, minlength=len(self._counts))
        self._spikes.append((step, source))
        self._kept += len(step)
        self.step = int(until)
        if self._kept > _KEPT:
            self._pair()

    def _pair(self) -> CorrelationSensors:
        """The sensors, brought up to the present."""
        if self._sensors.step < self.step:
            step, source = map(np.concatenate, zip(*self._spikes, strict=True))
            self._sensors.advance(step, source, self.step)
            self._spikes, self._kept = [], 0
        return self._sensors

    def relabelled(self, lines: EventLines) -> None:
        """Let the sensors listen as the registers now say."""
        self.lines = lines
        self._pair().listen(lines, self._listening())

    def sensors_of(self, synapse: np.ndarray) -> np.ndarray:
        """Numbers by which the sensors of synapses are asked for: intp; -1 = not followed."""
        return self._place[synapse]

    def correlation(self, trace: Trace, sensor: np.ndarray) -> np.ndarray:
        """Readings of sensors (`sensors_of`): uint8 of the shape of `sensor`.

        Those that are not followed read as they do after a reset.
        """
        sensors = self._pair()
        if sensor.min(initial=0) >= 0:
            return sensors.read(trace, sensor, self._noise(sensor))
        followed = sensor >= 0
        result = np.full(sensor.shape, round(chip.SENSOR_BASELINE), np.uint8)
        result[followed] = sensors.read(trace, sensor[followed], self._noise(sensor[followed]))
        return result

    def _noise(self, sensor: np.ndarray) -> np.ndarray | float:
        if self._noise_key is None:
            return 0.0
        self._readings += 1
        counter = np.uint64(self._readings << 32) + self._synapse[sensor].astype(np.uint64)
        return chip.CADC_NOISE * normal_at(f"{self._noise_key}/sensors", counter)

    def reset_correlation(self, sensor: np.ndarray) -> None:
        """Empty sensors (`sensors_of`); all are followed."""
        self._pair().reset(sensor)

    def rate_counters(self, neuron: np.ndarray, reset: bool) -> np.ndarray:
        """Spikes of neurons since the counters were reset: uint8 (k,), at most 255."""
        counts = np.minimum(self._counts[neuron], chip.COUNTER_MAX).astype(np.uint8)
        if reset:
            self._counts[neuron] = 0
        return counts
