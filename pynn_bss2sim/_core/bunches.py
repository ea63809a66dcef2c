"""Synapses that add in the same step to neighbouring neurons: records of delivery.h."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .ranges import ranges

__all__ = ["BUNCH", "Bunches", "make_bunches", "whole_rows"]

#: The record bss_bunch.
BUNCH = np.dtype(
    [(name, np.int32) for name in ("begin", "end", "list", "delay")] + [("marks", np.uint64)]
)


@dataclass(frozen=True, eq=False)
class Bunches:
    """Rows of synapses, in bunches.

    Attributes
    ----------
    synapse : int64 (n,)
        The synapses in the order in which the engine has them, as they stand in the table.
    silent : bool (n,)
        Copies of a bunch's last synapse that only fill it up: they add nothing.
    records : record (n_bunches,)
    first : int32 (n_rows * n_shares + 1,)
        Where the bunches of each row begin, and in it those of each share.
    """

    synapse: np.ndarray
    silent: np.ndarray
    records: np.ndarray
    first: np.ndarray


def make_bunches(
    begin: np.ndarray,
    end: np.ndarray,
    delay: np.ndarray,
    cell: np.ndarray,
    depth: int,
    lane: int,
    group: int,
    stride: int,
    share: np.ndarray,
    n_shares: int,
) -> Bunches:
    """Part rows of a table into synapses with one delay and targets in one lane.

    Of several synapses of a row that add to one cell in one step, those that stand first in the
    table stay first.

    Parameters
    ----------
    begin, end : int64 (n_rows,)
        Synapses of each row.
    delay, cell : int64 (n_synapses,)
        Steps, below `depth`, and the cell of a slot to which each synapse adds.
    depth : int
        Lists of a lane.
    lane, group : int
        Cells of a lane, and of a group that shares a mark.
    stride : int
        Bunches are filled up to multiples of it.
    share : int64 (n_lanes,)
        The share that each lane belongs to: bunches of a row stand in the order of shares.
    n_shares : int
    """
    count = np.maximum(end - begin, 0)
    synapse = ranges(begin, count)
    row = np.repeat(np.arange(len(begin)), count)
    n_lanes, own = len(share), cell[synapse] // lane
    key = ((row * n_shares + share[own]) * depth + delay[synapse]) * n_lanes + own
    if (key[1:] < key[:-1]).any():
        order = np.argsort(key, kind="stable")
        synapse, key = synapse[order], key[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    n = np.diff(starts, append=len(key))
    filled = -(-n // stride) * stride
    records = np.empty(len(starts), BUNCH)
    records["end"] = np.cumsum(filled)
    records["begin"] = records["end"] - filled
    records["list"] = key[starts] % n_lanes * depth
    records["delay"] = key[starts] // n_lanes % depth
    marks = np.uint64(1) << (cell[synapse] % lane // group).astype(np.uint64)
    records["marks"] = np.bitwise_or.reduceat(marks, starts) if len(starts) else 0
    n_parts = len(begin) * n_shares
    first = np.searchsorted(key[starts] // (n_lanes * depth), np.arange(n_parts + 1))
    behind = ranges(np.zeros(len(n), np.int64), filled)
    last = np.repeat(n - 1, filled)
    place = np.repeat(starts, filled) + np.minimum(behind, last)
    return Bunches(synapse[place], behind > last, records, first.astype(np.int32))


def whole_rows(begin: np.ndarray, end: np.ndarray, n_synapses: int) -> Bunches:
    """Rows that are a bunch each, as they stand in the table; empty rows have none."""
    full = begin < end
    records = np.zeros(np.count_nonzero(full), BUNCH)
    records["begin"], records["end"] = begin[full], end[full]
    first = np.zeros(len(begin) + 1, np.int32)
    np.cumsum(full, out=first[1:])
    return Bunches(np.arange(n_synapses), np.zeros(n_synapses, bool), records, first)
