"""Coefficients in the order in which the kernels read them: tile after tile (kernels.h)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.plan import Mode

__all__ = ["POTENTIALS", "Pieces", "Tiles", "aligned", "make_pieces", "make_tiles", "stored"]

#: Bytes of a line of the cache.
CACHE_LINE = 64
#: Bytes of a large page of memory, and those from which on NumPy asks for such pages.
LARGE_PAGE = 1 << 21
LARGE_ARRAY = 1 << 22
#: Coefficients that are kept as float64 in all modes.
POTENTIALS = frozenset({"e_leak", "v_thresh", "v_reset", "v_floor", "v_ceiling"})
#: Coefficients that say what remains after a step.
DECAYS = frozenset({"p_vv", "decay0", "decay1", "half0", "half1", "decay_w", "reset_keep"})
#: Most tiles of a piece, those of a chip: they stay in the second-level cache for some steps.
PIECE_TILES = 16


@frozen
class Tiles:
    """The coefficients of all blocks.

    Attributes
    ----------
    values : float64 (k,)
        The coefficients, in which pairs of float32 may lie in the place of float64.
    offset, stride : tuple of int64 (n_columns,), one for each block
        Bytes from the begin of `values` to each coefficient of the block's first tile, and from
        there to that of the next tile: 0 where all neurons of the block are alike and share it.
    place : dict of str to int64 (n,)
        Where the values of ``e_leak`` and ``v_thresh`` stand, which change during a run.
    """

    values: np.ndarray
    offset: tuple[np.ndarray, ...]
    stride: tuple[np.ndarray, ...]
    place: dict[str, np.ndarray]


def stored(name: str, values: np.ndarray, mode: int) -> np.ndarray:
    """A coefficient as the kernels of a mode read it.

    Kernels of ideal neurons read float64. The others read float32 of all but potentials, and of
    factors of decay what they differ from 1, of which float32 keeps more digits.

    Parameters
    ----------
    name : str
        A field of `plan.Plan`.
    values : float64 (n,)
    mode : plan.Mode
    """
    if mode == Mode.IDEAL or name in POTENTIALS:
        return values
    return (values - 1.0 if name in DECAYS else values).astype(np.float32)


def make_tiles(
    coefficients: Mapping[str, np.ndarray],
    columns: Sequence[Sequence[str]],
    mode: np.ndarray,
    start: np.ndarray,
    width: int,
) -> Tiles:
    """Lay out coefficients.

    Those that differ among the neurons of a block lie together for each of its tiles, one behind
    the other. Neurons that are missing in the last tile are copies of the block's last neuron.

    Parameters
    ----------
    coefficients : dict of float64 (n,)
        Those of `plan.Plan`.
    columns : for each block, the names of its coefficients in their order
    mode : int64 (n_blocks,)
        See `plan.Mode`.
    start : int64 (n_blocks + 1,)
        Offsets of the blocks among the neurons; none is empty.
    width : int
        Neurons of a tile; full lines of the cache.
    """
    # thresholds and leak potentials that are drawn for each neuron differ
    sigma = {"v_thresh": "sigma_thresh", "e_leak": "sigma_trial"}
    place = {name: np.zeros(start[-1], np.int64) for name in sigma}
    data: list[np.ndarray] = [np.empty(0, np.uint8)]
    offsets, strides = [], []
    total = 0
    for names, how, first, last in zip(columns, mode, start[:-1], start[1:], strict=True):
        block = slice(first, last)
        own = {name: stored(name, coefficients[name][block], how) for name in names}
        alike = {name: bool((column == column[0]).all()) for name, column in own.items()}
        for name in sigma:
            alike[name] &= not coefficients[sigma[name]][block].any()
        values, offset, stride = _lay_block(own, alike, width)
        tile, lane = np.divmod(np.arange(last - first), width)
        for name, places in place.items():
            begin = total + offset[name] + tile * stride[name]
            places[block] = begin // own[name].itemsize + lane
        data.append(values)
        offsets.append(total + np.array([offset[name] for name in names], np.int64))
        strides.append(np.array([stride[name] for name in names], np.int64))
        total += values.nbytes
    return Tiles(
        aligned(np.concatenate(data).view(np.float64)), tuple(offsets), tuple(strides), place
    )


def _lay_block(
    columns: Mapping[str, np.ndarray], alike: Mapping[str, bool], width: int
) -> tuple[np.ndarray, dict[str, int], dict[str, int]]:
    """Bytes of a block, and where in them each coefficient begins, and its stride."""
    n = len(next(iter(columns.values())))
    neuron = np.minimum(np.arange(-(-n // width) * width), n - 1).reshape(-1, width)
    once = [np.full(width, columns[name][0]) for name in columns if alike[name]]
    tiles = [columns[name][neuron] for name in columns if not alike[name]]
    offset, total = {}, 0
    for name in sorted(columns, key=lambda name: not alike[name]):
        offset[name] = total
        total += width * columns[name].itemsize
    step = sum(tile.nbytes for tile in tiles) // len(neuron)
    stride = {name: 0 if alike[name] else step for name in columns}
    data = [column.view(np.uint8) for column in once]
    if tiles:
        data.append(np.concatenate([tile.view(np.uint8) for tile in tiles], axis=1).ravel())
    return np.concatenate(data), offset, stride


@frozen
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
    """Cut blocks, between tiles, into shares of about the same cost, and into pieces of some tiles.

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
    begins |= tile % PIECE_TILES == 0
    first = (start[block] + tile * width)[begins]
    return Pieces(
        block[begins],
        first,
        np.diff(first, append=start[-1]),
        np.searchsorted(share[begins], np.arange(n_shares + 1)),
    )


def aligned(values: np.ndarray) -> np.ndarray:
    """A copy of an array (n,) at the begin of a line of the cache, so that vectors cross none.

    What fills half a large page or more begins with one: the processor knows where few pages lie,
    which counts where an array is read in no order.
    """
    large = values.nbytes >= LARGE_PAGE // 2
    unit = LARGE_PAGE if large else CACHE_LINE
    room = np.empty(max(values.nbytes + unit, LARGE_ARRAY if large else 0), np.uint8)
    first = -room.ctypes.data % unit
    copy = room[first : first + values.nbytes].view(values.dtype)
    copy[:] = values
    return copy
