"""Synapses that add in the same step to neighbouring neurons: records of delivery.h."""

from __future__ import annotations

import numpy as np

from .frozen import frozen
from .ordering import stable_order, starts
from .ranges import ranges

__all__ = ["BUNCH", "Bunches", "Lanes", "common_amplitude", "make_bunches", "whole_rows"]

#: The record bss_bunch.
BUNCH = np.dtype(
    [(name, np.int32) for name in ("begin", "end")]
    + [(name, np.uint16) for name in ("lane", "delay", "marks", "unused")]
    + [("amplitude", np.float64)]
)


@frozen
class Lanes:
    """Lines of the neurons of one piece each.

    Attributes
    ----------
    width, tile : int
        Cells of a lane, and of a tile, which share a mark.
    share : int64 (n_lanes,)
        The share that each lane belongs to.
    n_shares : int
    behind : uint16 (n_lanes,)
        Where the cells behind the last tile of each lane begin, which no neuron has.
    """

    width: int
    tile: int
    share: np.ndarray
    n_shares: int
    behind: np.ndarray


@frozen
class Bunches:
    """Rows of synapses, in bunches.

    Attributes
    ----------
    synapse : int64 (n,)
        The synapses in the order in which the engine has them, as they stand in the table.
    silent : bool (n,)
        Copies of a bunch's last synapse that only fill it up: they are at no neuron.
    target : uint16 (n,)
        The cell of its lane to which each adds; empty where bunches do not wait.
    records : record (n_bunches,)
    first : int32 (n_rows * n_shares + 1,)
        Where the bunches of each row begin, and in it those of each share.
    """

    synapse: np.ndarray
    silent: np.ndarray
    target: np.ndarray
    records: np.ndarray
    first: np.ndarray


def make_bunches(
    begin: np.ndarray,
    end: np.ndarray,
    delay: np.ndarray,
    cell: np.ndarray,
    depth: int,
    lanes: Lanes,
    stride: int,
) -> Bunches:
    """Part rows of a table into synapses with one delay and different targets in one lane.

    Of several synapses of a row that add to one cell in one step, those that stand first in the
    table stay first.

    Parameters
    ----------
    begin, end : int64 (n_rows,)
        Synapses of each row.
    delay, cell : int64 (n_synapses,)
        Steps, below `depth`, and the cell of a slot to which each synapse adds.
    depth : int
    lanes : Lanes
        Bunches of a row stand in the order of their shares.
    stride : int
        Bunches are filled up to multiples of it.
    """
    synapse, key, first = _in_bunches(begin, end, delay, cell, depth, lanes)
    n_lanes, n = len(lanes.share), np.diff(first, append=len(synapse))
    filled = -(-n // stride) * stride
    records = np.zeros(len(first), BUNCH)
    records["end"] = np.cumsum(filled)
    records["begin"] = records["end"] - filled
    lane = key[first] % n_lanes
    records["lane"], records["delay"] = lane, delay[synapse[first]]
    marks = 1 << cell[synapse] % lanes.width // lanes.tile
    records["marks"] = np.bitwise_or.reduceat(marks, first) if len(first) else 0
    n_parts = len(begin) * lanes.n_shares
    begins = np.searchsorted(key[first] // (n_lanes * depth), np.arange(n_parts + 1))
    number = ranges(np.zeros(len(n), np.int64), filled)  # of each in its bunch
    last = np.repeat(n - 1, filled)
    silent = number > last
    synapse = synapse[np.repeat(first, filled) + np.minimum(number, last)]
    nowhere = np.repeat(lanes.behind[lane], filled) + (number - last - 1)
    target = np.where(silent, nowhere, cell[synapse] % lanes.width).astype(np.uint16)
    return Bunches(synapse, silent, target, records, begins.astype(np.int32))


def _in_bunches(
    begin: np.ndarray,
    end: np.ndarray,
    delay: np.ndarray,
    cell: np.ndarray,
    depth: int,
    lanes: Lanes,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Synapses bunch by bunch; keys of their row, share, delay and lane; where bunches begin."""
    count = np.maximum(end - begin, 0)
    synapse = ranges(begin, count)
    row = np.repeat(np.arange(len(begin)), count)
    n_lanes, own = len(lanes.share), cell[synapse] // lanes.width
    key = ((row * lanes.n_shares + lanes.share[own]) * depth + delay[synapse]) * n_lanes + own
    if (key[1:] < key[:-1]).any():
        order = stable_order(key)
        synapse, key = synapse[order], key[order]
    again = _seen_before(key, cell[synapse] % lanes.width, lanes.width)
    if again.any():
        order = np.lexsort((again, key))
        synapse, key, again = synapse[order], key[order], again[order]
    new = np.ones(len(key), bool)
    new[1:] = (key[1:] != key[:-1]) | (again[1:] != again[:-1])
    return synapse, key, np.flatnonzero(new)


def _seen_before(key: np.ndarray, cell: np.ndarray, width: int) -> np.ndarray:
    """How many of the same key and cell stand before each: int64 (n,); keys do not descend."""
    result = np.zeros(len(key), np.int64)
    together = np.cumsum(np.diff(key, prepend=-1) != 0) * width + cell
    if (np.diff(together) > 0).all():
        return result
    order = stable_order(together)
    first = starts(together[order])
    n = np.diff(first, append=len(key))
    result[order] = np.arange(len(key)) - np.repeat(first, n)
    return result


def whole_rows(begin: np.ndarray, end: np.ndarray, n_synapses: int) -> Bunches:
    """Rows that are a bunch each, as they stand in the table; empty rows have none."""
    full = begin < end
    records = np.zeros(np.count_nonzero(full), BUNCH)
    records["begin"], records["end"] = begin[full], end[full]
    first = np.zeros(len(begin) + 1, np.int32)
    np.cumsum(full, out=first[1:])
    silent = np.zeros(n_synapses, bool)
    return Bunches(np.arange(n_synapses), silent, np.empty(0, np.uint16), records, first)


def common_amplitude(bunches: Bunches, amplitude: np.ndarray) -> np.ndarray:
    """The amplitude of all synapses of each bunch, NaN where they differ: float64 (n_bunches,).

    Parameters
    ----------
    bunches : Bunches
        As `make_bunches` returns them.
    amplitude : float64 (n_synapses,)
        As they stand in the table.
    """
    if not len(bunches.records):
        return np.empty(0)
    values, begin = amplitude[bunches.synapse], bunches.records["begin"]
    least, most = np.minimum.reduceat(values, begin), np.maximum.reduceat(values, begin)
    return np.where(least == most, least, np.nan)
