"""Piecewise constant currents on the grid of time steps.

Each function returns ``(steps, values)``: the current (nA) is ``values[i]`` in the integration
from ``steps[i]`` on until ``steps[i + 1]``, for the window of steps [first, last). The first
entry stands at `first`; a value is given again only where it changes. The result for a step
depends on nothing but the step, so a window may be cut anywhere.

Times in ms are rounded to the nearest step, as `to_step` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["alternating", "constant", "in_force", "joined", "noise", "piecewise", "to_step"]

#: Steps, and the values (nA) in force from them on.
Waveform: TypeAlias = tuple[np.ndarray, np.ndarray]

_MS_PER_S = 1e3
#: Values of a noise current drawn from one random generator.
_NOISE_BLOCK = 1024


def to_step(time: ArrayLike, dt: float) -> Any:
    """Return the step nearest to a time in ms: int64, of the shape of `time`."""
    return np.rint(np.asarray(time, np.float64) / dt).astype(np.int64)


def constant(
    first: int, last: int, dt: float, *, amplitude: float, start: float, stop: float
) -> Waveform:
    """Current `amplitude` (nA) from `start` to `stop` (ms), else 0."""
    begin, end = to_step(start, dt), to_step(stop, dt)
    if end <= begin:
        return piecewise(first, last, dt, times=np.empty(0), amplitudes=np.empty(0))
    return _window(np.array([begin, end]), np.array([amplitude, 0.0]), first, last)


def piecewise(
    first: int, last: int, dt: float, *, times: np.ndarray, amplitudes: np.ndarray
) -> Waveform:
    """Current ``amplitudes[i]`` (nA) from ``times[i]`` (ms, ascending) on; 0 before the first.

    Of several times that fall on one step, the last one counts.
    """
    steps, values = to_step(times, dt), np.asarray(amplitudes, np.float64)
    final = np.append(np.diff(steps) > 0, True)[: len(steps)]
    return _window(steps[final], values[final], first, last)


def alternating(
    first: int,
    last: int,
    dt: float,
    *,
    amplitude: float,
    offset: float,
    frequency: float,
    phase: float,
    start: float,
    stop: float,
) -> Waveform:
    """Current ``offset + amplitude * sin(2 pi frequency (t - start) + phase)`` from start to stop.

    Parameters
    ----------
    amplitude, offset : float, nA
    frequency : float, Hz
    phase : float, degrees
        Phase at `start`.
    start, stop : float, ms
        The current is 0 before `start` and from `stop` on.
    """
    begin, end = to_step(start, dt), to_step(stop, dt)
    steps = np.arange(max(first, begin), min(last, end), dtype=np.int64)
    turns = frequency * (dt / _MS_PER_S) * (steps - begin) + phase / 360.0
    values = offset + amplitude * np.sin(2.0 * np.pi * turns)
    return _enclosed(steps, values, end, first, last)


def noise(
    first: int,
    last: int,
    dt: float,
    *,
    mean: float,
    stdev: float,
    hold: int,
    start: float,
    stop: float,
    seed: tuple[int, ...],
) -> Waveform:
    """Gaussian current of given `mean` and `stdev` (nA) from start to stop (ms), else 0.

    Parameters
    ----------
    hold : int, >= 1
        Steps for which a value is held, counted from `start`.
    seed : tuple of int
        The n-th value after `start` depends on this and on n alone. The first number is a seed,
        the others tell streams of that seed apart; none may be negative.
    """
    begin, end = to_step(start, dt), to_step(stop, dt)
    low, high = max(first, begin), min(last, end)
    if low >= high:
        return _enclosed(np.empty(0, np.int64), np.empty(0), end, first, last)
    index = np.arange((low - begin) // hold, (high - 1 - begin) // hold + 1)
    values = mean + stdev * _standard_normal(int(index[0]), int(index[-1]) + 1, seed)
    return _enclosed(begin + index * hold, values, end, first, last)


def joined(parts: Sequence[Waveform]) -> Waveform:
    """Join waveforms of adjacent windows, without repeating a value that goes on."""
    steps = np.concatenate([steps for steps, _ in parts])
    values = np.concatenate([values for _, values in parts])
    changed = np.append(True, np.diff(values) != 0)[: len(values)]
    return steps[changed], values[changed]


def in_force(steps: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the values of a waveform at steps `at`, int64 (n,), none before ``steps[0]``."""
    return values[np.searchsorted(steps, at, side="right") - 1]


def _standard_normal(first: int, last: int, seed: tuple[int, ...]) -> np.ndarray:
    """Return the numbers [first, last) of a stream of standard normal variables."""
    blocks = range(first // _NOISE_BLOCK, (last - 1) // _NOISE_BLOCK + 1)
    seeds = (np.random.SeedSequence(seed[0], spawn_key=(*seed[1:], block)) for block in blocks)
    stream = np.concatenate([np.random.default_rng(s).standard_normal(_NOISE_BLOCK) for s in seeds])
    offset = blocks[0] * _NOISE_BLOCK
    return stream[first - offset : last - offset]


def _enclosed(steps: np.ndarray, values: np.ndarray, end: int, first: int, last: int) -> Waveform:
    """Add the silence before the first of `steps` and from step `end` on."""
    steps = np.append(steps, max(first, min(end, last)))
    return _window(steps, np.append(values, 0.0), first, last)


def _window(steps: np.ndarray, values: np.ndarray, first: int, last: int) -> Waveform:
    """Cut changes at `steps` (strictly ascending, 0 before the first) to [first, last)."""
    index = np.searchsorted(steps, first, side="right") - 1
    initial = values[index] if index >= 0 else 0.0
    within = slice(index + 1, np.searchsorted(steps, last, side="left"))
    return joined([(np.array([first], np.int64), np.array([initial])),
                   (steps[within].astype(np.int64), values[within])])  # fmt: skip
