"""Statistics of spike trains and distances between them, as Elephant computes them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import neo
import numpy as np
import quantities as pq
from elephant.conversion import BinnedSpikeTrain
from elephant.spike_train_correlation import correlation_coefficient
from elephant.spike_train_dissimilarity import van_rossum_distance, victor_purpura_distance
from elephant.statistics import cv, isi
from numpy.typing import ArrayLike

from .recordings import Recording

__all__ = [
    "BIN",
    "TIMESCALE",
    "distances",
    "effect_size",
    "intervals",
    "rates",
    "statistics",
]

#: Width of the bins (ms) in which spikes are counted for correlations.
BIN = 10.0
#: Time (ms) at which distances tell spikes apart: time constant of van Rossum's distance; a shift
#: by as much costs Victor and Purpura's distance as much as to delete a spike.
TIMESCALE = 10.0
#: Distances are those of at most so many cells, correlations those of at most so many pairs of
#: this number of cells: both take time with its square.
MOST_CELLS = 60
#: An interval's coefficient of variation means little for fewer spikes.
_FEWEST_SPIKES = 4


@contextmanager
def _quietly() -> Iterator[None]:
    """Without warnings of Elephant's own code, of incomplete last bins, of what has no variance."""
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", category=UserWarning, module="elephant")
        yield


@_quietly()
def statistics(recording: Recording) -> dict[str, float]:
    """Rate, irregularity and synchrony of a population; NaN where they are not defined.

    Returns
    -------
    dict
        ``cells``; ``spikes``; ``rate`` (Hz, mean of the cells); ``cv`` of the intervals (mean of
        the cells with at least 4 spikes); ``correlation`` of spike counts (mean of all pairs of
        cells that fire, of at most `MOST_CELLS`).
    """
    trains = list(recording.trains.values())
    variation = [cv(isi(train)) for train in trains if len(train) >= _FEWEST_SPIKES]
    return {
        "cells": len({cell for _, cell in recording.trains}),
        "spikes": sum(len(train) for train in trains),
        "rate": _mean(rates(recording)),
        "cv": _mean(variation),
        "correlation": _correlation(recording),
    }


def rates(recording: Recording) -> np.ndarray:
    """Rate of each cell, Hz: float64 (n,)."""
    counts: dict[int, int] = {}
    for (_, cell), train in recording.trains.items():
        counts[cell] = counts.get(cell, 0) + len(train)
    if not recording.duration:
        return np.full(len(counts), np.nan)
    return 1e3 * np.array(list(counts.values()), dtype=np.float64) / recording.duration


@_quietly()
def intervals(recording: Recording) -> np.ndarray:
    """Times between successive spikes of the same cell, ms, of all cells: float64 (n,)."""
    parts = [isi(train).rescale("ms").magnitude for train in recording.trains.values()]
    return np.concatenate([np.empty(0), *(part for part in parts if part.size)])


def _correlation(recording: Recording) -> float:
    """Mean correlation of spike counts, of all pairs of cells that fire, of all segments."""
    found = []
    for segment in {segment for segment, _ in recording.trains}:
        trains = [
            train for (s, _), train in recording.trains.items() if s == segment and len(train)
        ]
        trains = _spread(trains)
        if len(trains) < 2 or _length(trains[0]) < 2 * BIN:
            continue
        binned = BinnedSpikeTrain(trains, bin_size=BIN * pq.ms, tolerance=None)
        matrix = correlation_coefficient(binned)
        found.append(matrix[np.triu_indices_from(matrix, 1)])
    return _mean(np.concatenate(found)) if found else math.nan


@_quietly()
def distances(recording: Recording, reference: Recording) -> dict[str, float]:
    """Distances of spike trains from those of the same cells on the reference.

    Returns
    -------
    dict
        ``victor_purpura``: cost to turn the trains of one into those of the other, for each spike
        of both: 0 if they are the same, 1 if no two spikes lie within twice `TIMESCALE`;
        ``van_rossum``: mean distance of the cells. NaN where nothing is recorded on both.
    """
    common = _spread(sorted(recording.trains.keys() & reference.trains.keys()))
    if not common:
        return {"victor_purpura": math.nan, "van_rossum": math.nan}
    cost, rossum, spikes = 0.0, [], 0
    for key in common:
        pair = _alike([recording.trains[key], reference.trains[key]])
        spikes += sum(map(len, pair))
        if pair[0].shape == pair[1].shape and np.array_equal(pair[0], pair[1]):
            rossum.append(0.0)
            continue
        cost += victor_purpura_distance(pair, cost_factor=1.0 / (TIMESCALE * pq.ms))[0, 1]
        rossum.append(van_rossum_distance(pair, time_constant=TIMESCALE * pq.ms)[0, 1])
    return {
        "victor_purpura": float(cost / spikes) if spikes else 0.0,
        "van_rossum": float(np.mean(rossum)),
    }


def effect_size(values: Sequence[float], reference: Sequence[float]) -> float:
    """Hedges' g: difference of two means over their common standard deviation.

    Corrected for small samples by Hedges (1981), J. Educ. Stat. 6:107-128. NaN with fewer than two
    values on one side, and where nothing varies.
    """
    a, b = (np.asarray(v, dtype=np.float64) for v in (values, reference))
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    if min(a.size, b.size) < 2:
        return math.nan
    freedom = a.size + b.size - 2
    variance = ((a.size - 1) * a.var(ddof=1) + (b.size - 1) * b.var(ddof=1)) / freedom
    if variance == 0.0:
        return math.nan
    correction = 1.0 - 3.0 / (4.0 * freedom - 1.0)
    return float((a.mean() - b.mean()) / math.sqrt(variance) * correction)


def _alike(trains: Iterable[neo.SpikeTrain]) -> list[neo.SpikeTrain]:
    """Copies in ms that begin and end together, which Elephant asks for."""
    times = [train.rescale("ms").magnitude for train in trains]
    start = min(float(train.t_start.rescale("ms")) for train in trains)
    stop = max(float(train.t_stop.rescale("ms")) for train in trains)
    return [neo.SpikeTrain(t, t_start=start, t_stop=stop, units="ms") for t in times]


def _spread(items: list) -> list:
    """At most `MOST_CELLS` of them, evenly spread."""
    if len(items) <= MOST_CELLS:
        return items
    chosen = np.linspace(0, len(items) - 1, MOST_CELLS).round().astype(int)
    return [items[k] for k in chosen]


def _length(train: neo.SpikeTrain) -> float:
    return float((train.t_stop - train.t_start).rescale("ms"))


def _mean(values: ArrayLike) -> float:
    given = np.asarray(values, dtype=np.float64)
    finite = given[np.isfinite(given)]
    return float(finite.mean()) if finite.size else math.nan
