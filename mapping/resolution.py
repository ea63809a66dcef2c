"""How fine the weight codes of each input line are: rows against accuracy.

A weight of code 63 takes one synapse, and all weights of a line share a step; so where weights are
of different size, small ones are badly resolved. A step of half the size doubles all codes, and
what then is above 63 takes two synapses, each in a row of its own. Rows that no neuron uses cost
nothing; so the step is made finer where this makes weights better and leaves most rows free: free
rows give the router its choice, and keep the spikes of neurons on their direct way. No neuron gets
more circuits for it.
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.hicannx import ROWS, SPREAD_SYNAPSE, WEIGHT_MAX
from pynn_bss2sim._core.records import LINES

from .weights import Joined, Quantised, largest

__all__ = ["coarsest", "largest_that_fits", "refined"]

#: Synapses that the largest weight of a line may take.
_MULTIPLES = (1, 2, 3, 4)
#: Of the rows of a circuit, so many may be in use where steps are finer than necessary.
_FILLED = 1 / 3
#: Error of weights, relative and RMS, that is good enough.
_GOOD = 0.01
#: Codes of the mean weight that are tried where lines saturate, the fewest first.
_COARSE = (1, 2, 3, 4, 5, 6, 8, 12, 16, 24)
#: Largest error of rounding there, RMS over the mean: it adds an eighth to the spread of synapses.
_ROUNDING = SPREAD_SYNAPSE / 2


def refined(
    joined: Joined, strength: np.ndarray, count: np.ndarray, plain: np.ndarray | bool = False
) -> np.ndarray:
    """What full weight codes should stand for at each line: float64 (2 * n_neurons,).

    The largest weight of the line, or a part of it.

    Parameters
    ----------
    joined : Joined
    strength : float64 (n,)
        Magnitudes of the weights on the chip.
    count : int64 (n_neurons,)
        Circuits of each neuron.
    plain : bool (2 * n_neurons,), optional
        Lines whose largest weight shall take one synapse.
    """
    n_slots = LINES * len(count)
    top = largest(joined, strength, len(count))
    circuits = np.repeat(count, LINES)
    rows, best = _tried(joined, strength, top, 1)
    room = _room(-(-rows // circuits)) * circuits
    multiple = np.ones(n_slots)
    for k in _MULTIPLES[1:]:
        if not (best > _GOOD).any():
            break
        rows, error = _tried(joined, strength, top, k)
        better = (best > _GOOD) & (error < best) & (rows <= room) & ~np.asarray(plain)
        multiple[better] = k
        best = np.where(better, error, best)
    return top / multiple


def _tried(
    joined: Joined, strength: np.ndarray, top: np.ndarray, multiple: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of each line, and RMS of its relative errors, if `top` takes so many synapses."""
    step = np.where(top > 0, top / (WEIGHT_MAX * multiple), 1.0)
    wanted = strength / step[joined.slot]
    quantised = Quantised.of(wanted)
    there = strength > 0
    error = quantised.code / np.maximum(wanted, 1e-300)
    error -= 1
    error[~there] = 0.0
    square = np.square(error, out=error)
    n = np.maximum(1, np.bincount(joined.slot[there], minlength=len(top)))
    rows = np.bincount(joined.slot, quantised.rows, len(top)).astype(np.int64)
    return rows, np.sqrt(np.bincount(joined.slot, square, len(top)) / n)


def _room(rows: np.ndarray) -> np.ndarray:
    """Rows of each line, float64 (2 * n,), that may be used of one circuit.

    The rows of an array are divided between the lines in the ratio in which they are needed.
    """
    most = rows.reshape(-1, LINES).max(axis=0, initial=0)
    share = most * max(1.0, _FILLED * ROWS / max(1, most.sum()))
    return np.tile(np.floor(share), len(rows) // LINES)


def coarsest(joined: Joined, strength: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Largest steps with which rounding errs less than single synapses deviate from each other.

    The amplifier of an input line saturates at some number of weight codes: the fewer codes a
    weight takes, the more of them add up faithfully. All weights of a line being equal, one code
    each is enough; the more they differ, the more codes are needed.

    Parameters
    ----------
    strength : float64 (n,)
        Magnitudes of the weights.
    most : float64 (2 * n_neurons,)
        Largest step of each line, in the unit of `strength`.

    Returns
    -------
    float64 (2 * n_neurons,)
        In the unit of `strength`; 0 where no step of those tried is good enough.
    """
    slots = len(most)
    count = np.maximum(np.bincount(joined.slot, minlength=slots), 1)
    mean = np.bincount(joined.slot, strength, slots) / count
    result = np.zeros(slots)
    for codes in _COARSE:
        step = np.where(mean > 0, mean / codes, 1.0)
        error = np.rint(strength / step[joined.slot]) * step[joined.slot] - strength
        rms = np.sqrt(np.bincount(joined.slot, error**2, slots) / count)
        good = (step <= most) & (rms <= _ROUNDING * mean)
        result = np.where((result == 0) & good, step, result)
    return np.where(mean > 0, result, 0.0)


def largest_that_fits(joined: Joined, strength: np.ndarray, rows: np.ndarray, n: int) -> np.ndarray:
    """As `refined`, but so that connections need no more than these `rows`, int64 (n_connections,).

    This keeps the routing of an earlier mapping where weights change.
    """
    return largest(joined, strength / rows, n)
