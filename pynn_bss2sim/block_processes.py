"""Point processes as pure functions of their seed and of the parameter changes made so far.

``spikes(start, stop)`` gives the same spikes however a run is split into windows, and may be
asked again for a window already given (after an interrupted run).

To that end time is cut into blocks of `BLOCK_MS`, aligned at t = 0 of the trial. Each block has
a random generator of its own, seeded with (seed, trial, epoch, block), where an *epoch* is the
time between two changes of parameters. What one block hands to the next (the time since the last
spike, say) is its *carry*; carries are kept at the epoch's begin and at the last window asked
for, so that memory is bounded by the spikes of one window.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from .pynn_types import Parameters


__all__ = [
    "BLOCK_MS",
    "NO_CELLS",
    "NO_TIMES",
    "RandomProcess",
    "SpikeProcess",
    "joined_arrays",
    "joined_spikes",
    "sorted_spikes",
    "spikes_between",
    "spiking_window",
]

#: Length of a block in ms. Long enough that its fixed cost vanishes, short against a run.
BLOCK_MS = 100.0

#: Times (ms) and cells.
Spikes: TypeAlias = tuple[np.ndarray, np.ndarray]

#: No spikes.
NO_TIMES, NO_CELLS = np.empty(0), np.empty(0, np.int32)


class SpikeProcess:
    """What every process offers.

    Parameters
    ----------
    size : int
        Cells.
    parameters : dict of str to ndarray
        As the subclass names them; it copies what it keeps.
    """

    def __init__(self, size: int, parameters: Parameters) -> None:
        self.size = size
        self._prepared = self._prepare(parameters)

    def spikes(self, start: float, stop: float) -> Spikes:
        """Return the spikes with ``start <= t < stop``.

        Parameters
        ----------
        start, stop : float, ms

        Returns
        -------
        times : float64 (n,), ms
        cells : int32 (n,)
            Sorted by (time, cell).
        """
        raise NotImplementedError

    def update(self, parameters: Parameters, now: float) -> None:
        """Change parameters from the time `now` (ms) on; spikes before it stay as they are."""
        raise NotImplementedError

    def restart(self) -> None:
        """Go back to t = 0 for a new trial, with the parameters now in force."""
        raise NotImplementedError

    def _prepare(self, parameters: Parameters) -> Any:
        raise NotImplementedError


@dataclass
class _Epoch:
    """The time from one change of parameters to the next."""

    number: int
    begin: float  #: ms
    parameters: dict[str, np.ndarray]
    carries: dict[int, Any] = field(default_factory=dict)  #: by block, at its begin


class RandomProcess(SpikeProcess):
    """A process made of random numbers, block after block."""

    def __init__(self, size: int, parameters: Parameters, seed: int) -> None:
        self.seed = seed
        self._trial = 0
        self._epochs: list[_Epoch]
        #: epoch and block, and what `_run` made of them
        self._last_block: tuple[tuple[int, int], tuple[np.ndarray, np.ndarray, Any]] | None
        super().__init__(size, parameters)
        self._begin_trial()

    def spikes(self, start: float, stop: float) -> Spikes:
        parts = []
        ends = [epoch.begin for epoch in self._epochs[1:]] + [math.inf]
        for epoch, end in zip(self._epochs, ends, strict=True):
            parts.append(self._epoch_spikes(epoch, max(start, epoch.begin), min(stop, end)))
        return joined_spikes(parts)

    def update(self, parameters: Parameters, now: float) -> None:
        prepared = self._prepare(parameters)
        now = max(now, 0.0)
        self._prepared = prepared
        # epochs of no length are forgotten; only the one before this can still be asked for
        epochs = [epoch for epoch in self._epochs if epoch.begin < now][-1:]
        if epochs:
            old = epochs[-1]
            carry = self._carried_over(self._carry_at(old, now), old.parameters, prepared)
            number = old.number + 1
        else:
            carry, number = self._first_carry(prepared), self._epochs[0].number
        self._last_block = None
        self._epochs = [*epochs, _Epoch(number, now, prepared, {_block(now): carry})]

    def restart(self) -> None:
        self._trial += 1
        self._begin_trial()

    def _begin_trial(self) -> None:
        first = {0: self._first_carry(self._prepared)}
        self._last_block = None
        self._epochs = [_Epoch(0, 0.0, self._prepared, first)]

    def _epoch_spikes(self, epoch: _Epoch, start: float, stop: float) -> Spikes:
        """Spikes of one epoch in [start, stop), which lies within it."""
        if not start < stop:
            return NO_TIMES, NO_CELLS
        if not math.isfinite(stop):
            raise ValueError(f"spikes up to {stop} ms asked for; give a finite time")
        parts = []
        carry = self._carry_before(epoch, _block(start))
        next_block = _block(stop)
        for block in range(_block(start), math.ceil(stop / BLOCK_MS)):
            times, cells, following = self._run(epoch, block, carry)
            parts.append(spikes_between(times, cells, start, stop))
            # the next window will most likely begin where this one ends
            if block == next_block:
                epoch.carries[next_block] = carry
            elif block + 1 == next_block:
                epoch.carries[next_block] = following
            carry = following
        return joined_spikes(parts)

    def _carry_before(self, epoch: _Epoch, block: int) -> Any:
        """Return the carry at the begin of `block`, and keep it for the next question."""
        known = max(number for number in epoch.carries if number <= block)
        carry = epoch.carries[known]
        for number in range(known, block):
            carry = self._run(epoch, number, carry)[2]
        first = min(epoch.carries)
        epoch.carries = {first: epoch.carries[first], block: carry}
        return carry

    def _carry_at(self, epoch: _Epoch, now: float) -> Any:
        """Return the carry at `now`, within a block or at its begin."""
        block = _block(now)
        carry = self._carry_before(epoch, block)
        if now == block * BLOCK_MS:
            return carry
        return self._run(epoch, block, carry, now)[2]

    def _run(
        self, epoch: _Epoch, block: int, carry: Any, until: float = math.inf
    ) -> tuple[np.ndarray, np.ndarray, Any]:
        """Return (times, cells, carry): the spikes of one block, and the carry at its end.

        The carry is that at `until`, if it is earlier. The last whole block is remembered: a run
        in steps shorter than a block asks for it again and again.
        """
        known = self._last_block
        if until == math.inf and known is not None and known[0] == (epoch.number, block):
            return known[1]
        seed = np.random.SeedSequence(self.seed, spawn_key=(self._trial, epoch.number, block))
        rng = np.random.Generator(np.random.PCG64(seed))
        begin = max(block * BLOCK_MS, epoch.begin)
        end = (block + 1) * BLOCK_MS
        result = self._block_spikes(rng, epoch.parameters, begin, end, until, carry)
        if until == math.inf:
            self._last_block = (epoch.number, block), result
        return result

    def _block_spikes(
        self,
        rng: np.random.Generator,
        parameters: Any,
        begin: float,
        end: float,
        until: float,
        carry: Any,
    ) -> tuple[np.ndarray, np.ndarray, Any]:
        """Return (times, cells, carry at min(end, until)) of [begin, end), sorted.

        Random numbers must be drawn for the block up to `end`: `until` only says for which time
        the carry is wanted.
        """
        raise NotImplementedError

    def _first_carry(self, parameters: Any) -> Any:
        """Return the carry at the begin of a trial."""
        raise NotImplementedError

    def _carried_over(self, carry: Any, old: Any, new: Any) -> Any:
        """Return what a carry under the parameters `old` becomes under `new`."""
        raise NotImplementedError

    def _columns(self, parameters: Parameters, *names: str) -> dict[str, np.ndarray]:
        """Return float64 (size,) copies of parameters, and the window's bounds."""
        columns = {n: np.broadcast_to(parameters[n], self.size).astype(np.float64) for n in names}
        columns["start"] = np.broadcast_to(parameters["start"], self.size).astype(np.float64)
        columns["stop"] = columns["start"] + np.broadcast_to(parameters["duration"], self.size)
        return columns


def spiking_window(
    parameters: dict[str, np.ndarray], begin: float, end: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the part [low, high) of [begin, end) in which each cell spikes; empty: low = high."""
    low = np.clip(parameters["start"], begin, end)
    return low, np.clip(parameters["stop"], low, end)


def _block(time: float) -> int:
    """Return the block in which a time (ms) lies; times before 0 belong to the first."""
    return max(0, math.floor(time / BLOCK_MS))


def sorted_spikes(times: np.ndarray, cells: np.ndarray) -> Spikes:
    """Return spikes sorted by (time, cell)."""
    order = np.lexsort((cells, times))
    return times[order], cells[order]


def spikes_between(times: np.ndarray, cells: np.ndarray, start: float, stop: float) -> Spikes:
    """Return the part of sorted spikes with start <= t < stop."""
    low, high = np.searchsorted(times, (start, stop), side="left")
    return times[low:high], cells[low:high]


def joined_arrays(times: Sequence[np.ndarray], cells: Sequence[np.ndarray]) -> Spikes:
    """Join lists of arrays of times and of cells, both possibly empty."""
    if not times:
        return NO_TIMES, NO_CELLS
    return np.concatenate(times), np.concatenate(cells)


def joined_spikes(parts: Sequence[Spikes]) -> Spikes:
    """Join (times, cells) pairs that follow each other in time."""
    return joined_arrays([times for times, _ in parts], [cells for _, cells in parts])
