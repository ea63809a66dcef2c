"""From what the emulator has sampled and counted to the recorders of populations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ._core.emulator import Emulator
    from ._core.records import Activity
    from .mapping import Network
    from .populations import Population
    from .readout import Readout
    from .segments import Track

__all__ = ["Samples", "store_spikes"]


class Samples:
    """Samples on their way from the emulator's probes to the tracks of recorders.

    Parameters
    ----------
    tracks : sequence of (Population, Track)
        One for each probe of the emulator.
    first_neuron : dict of Population to int
    readout : Readout
        The converters through which they go.
    """

    def __init__(
        self,
        tracks: Sequence[tuple[Population, Track]],
        first_neuron: dict[Population, int],
        readout: Readout,
    ) -> None:
        self._tracks, self._first_neuron, self.readout = tracks, first_neuron, readout

    def begin(self, emulator: Emulator, trial: int) -> None:
        """Take the samples at the beginning of recordings that have none yet."""
        step = emulator.step
        beginning = [(p, t) for p, t in self._tracks if t.starts_at(step)]
        for variable in {track.variable for _, track in beginning}:
            mine = [(p, t) for p, t in beginning if t.variable == variable]
            neuron = np.concatenate([self._neurons(p, t) for p, t in mine])
            state = emulator.get_state(variable, neuron)
            ends = np.cumsum([len(t.cells) for _, t in mine])
            parts = zip(mine, np.split(neuron, ends[:-1]), np.split(state, ends[:-1]), strict=True)
            for (_, track), cells, values in parts:
                row = values[np.newaxis].copy()
                track.append(self.readout.read(track, cells, row, step, trial))

    def present(self, emulator: Emulator) -> list[np.ndarray | None]:
        """Values (1, m) of what the MADC follows, which are its samples' neighbours; else None."""
        return [
            emulator.get_state(t.variable, self._neurons(p, t))[np.newaxis]
            if t.device == "madc"
            else None
            for p, t in self._tracks
        ]

    def store(self, activity: Activity, before: Sequence[np.ndarray | None], trial: int) -> None:
        """Read the samples of a run, before which the `present` values were `before`.

        Those of the activity are used up: there may be many, and the tracks keep them.
        """
        for (population, track), samples, row in zip(
            self._tracks, activity.samples, before, strict=True
        ):
            if not len(samples):
                continue
            neuron = self._neurons(population, track).astype(np.int32)
            if row is not None:
                values, first = np.concatenate([row, samples]), activity.start_step
            else:
                values = samples
                first = (activity.start_step // track.interval + 1) * track.interval
            track.append(self.readout.read(track, neuron, values, first, trial))
            self.readout.check_memory(population.label, track)

    def _neurons(self, population: Population, track: Track) -> np.ndarray:
        return self._first_neuron[population] + track.cells


def store_spikes(
    activity: Activity, populations: Sequence[Population], network: Network, dt: float
) -> None:
    """Hand the spikes of a run to the recorders of their populations, ordered by time."""
    if not len(activity.spike_step):
        return
    neuron, times = activity.spike_neuron, np.round(activity.spike_step * dt, 12)
    if len(populations) == 1:
        populations[0].recorder.store_spikes(times, neuron)
        return
    owner = np.searchsorted(network.first_neuron, neuron, side="right") - 1
    # NumPy sorts 16-bit keys in linear time
    few = len(populations) <= np.iinfo(np.uint16).max
    order = np.argsort(owner.astype(np.uint16 if few else np.int64), kind="stable")
    neuron, times = neuron[order], times[order]
    bounds = np.searchsorted(owner[order], np.arange(len(populations) + 1))
    for k, population in enumerate(populations):
        low, high = bounds[k], bounds[k + 1]
        if low < high:
            first = network.first_neuron[k]
            population.recorder.store_spikes(times[low:high], neuron[low:high] - first)
