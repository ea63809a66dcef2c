"""Coefficients in the order in which the kernels read them: tile after tile (kernels.h)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Pieces", "Tiles", "aligned", "make_pieces", "make_tiles"]

#: Bytes of a line of the cache.
CACHE_LINE = 64


@dataclass(frozen=True, eq=False)
class Tiles:
    """The tiles of all blocks, one behind the other.

    Attributes
    ----------
    values : float64 (k,)
        Each tile holds its coefficients one after the other, each for `width` neurons.
    offset : int64 (n_blocks,)
        Where the tiles of each block begin.
    stride : int64 (n_blocks,)
        From tile to tile of a block; 0 where all its neurons are alike and share a tile.
    place : dict of str to int64 (n,)
        Where the values of ``e_leak`` and ``v_thresh`` stand, which change during a run.
    """

    values: np.ndarray
    offset: np.ndarray
    stride: np.ndarray
    place: dict[str, np.ndarray]


def make_tiles(
    coefficients: Mapping[str, np.ndarray],
    columns: Sequence[Sequence[str]],
    start: np.ndarray,
    width: int,
) -> Tiles:
    """Lay out coefficients.

    Neurons that are missing in the last tile of a block are copies of its last neuron.

    Parameters
    ----------
    coefficients : dict of float64 (n,)
        Those of `plan.Plan`.
    columns : for each block, the names of its coefficients in their order
    start : int64 (n_blocks + 1,)
        Offsets of the blocks among the neurons; none is empty.
    width : int
        Neurons of a tile.
    """
    place = {name: np.zeros(start[-1], np.int64) for name in ("e_leak", "v_thresh")}
    # neurons whose threshold or leak potential is drawn for each of them are not alike
    drawn = (coefficients["sigma_thresh"] > 0) | (coefficients["sigma_trial"] > 0)
    tiles, offset, stride = [np.empty(0)], [], []
    total = 0
    for names, first, last in zip(columns, start[:-1], start[1:], strict=True):
        block = np.arange(first, last)
        alike = not drawn[block].any() and _alike([coefficients[name][block] for name in names])
        count = 1 if alike else -(-len(block) // width)
        neuron = np.minimum(first + np.arange(count * width), last - 1).reshape(count, 1, width)
        values = np.concatenate([coefficients[name][neuron] for name in names], axis=1)
        tile, lane = np.divmod(block - first, width)
        for name, places in place.items():
            behind = tile * (0 if alike else len(names)) + names.index(name)
            places[block] = total + behind * width + lane
        tiles.append(values.ravel())
        offset.append(total)
        stride.append(0 if alike else len(names) * width)
        total += values.size
    return Tiles(
        aligned(np.concatenate(tiles)),
        np.array(offset, np.int64),
        np.array(stride, np.int64),
        place,
    )


@dataclass(frozen=True, eq=False)
class Pieces:
    """Blocks cut into shares.

    Attributes
    ----------
    block, first, n : int64 (n_pieces,)
        The block that each piece belongs to, its first neuron, and how many it has.
    indptr : int64 (n_shares + 1,)
        Pieces of each share; the shares follow each other as their neurons do.
    """

    block: np.ndarray
    first: np.ndarray
    n: np.ndarray
    indptr: np.ndarray


def make_pieces(start: np.ndarray, cost: np.ndarray, width: int, n_shares: int) -> Pieces:
    """Cut blocks, between tiles, into shares of about the same cost.

    Parameters
    ----------
    start : int64 (n_blocks + 1,)
        Offsets of the blocks among the neurons; none is empty.
    cost : float64 (n_blocks,)
        Of a tile of each block, > 0.
    width : int
        Neurons of a tile.
    n_shares : int
        At least 1.
    """
    count = -(-np.diff(start) // width)
    block = np.repeat(np.arange(len(count)), count)
    tile = np.arange(len(block)) - np.repeat(np.cumsum(count) - count, count)
    total = np.cumsum(cost[block])
    # the share in which the middle of each tile lies
    middle = total - 0.5 * cost[block]
    share = (middle / total[-1] * n_shares).astype(np.int64) if len(block) else block
    begins = np.diff(block, prepend=-1).astype(bool) | np.diff(share, prepend=-1).astype(bool)
    first = (start[block] + tile * width)[begins]
    return Pieces(
        block[begins],
        first,
        np.diff(first, append=start[-1]),
        np.searchsorted(share[begins], np.arange(n_shares + 1)),
    )


def aligned(values: np.ndarray) -> np.ndarray:
    """A copy of float64 (n,) at the begin of a line of the cache, so that vectors cross none."""
    room = np.empty(len(values) + CACHE_LINE // values.itemsize)
    first = -room.ctypes.data % CACHE_LINE // values.itemsize
    copy = room[first : first + len(values)]
    copy[:] = values
    return copy


def _alike(columns: Sequence[np.ndarray]) -> bool:
    """Whether all entries of each column are equal."""
    return all((column == column[0]).all() for column in columns)
