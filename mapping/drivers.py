"""How the drivers of one synapse array are shared out among groups of sources.

A group is a set of drivers of one bus that answer the same row select. Its sources, at most 64,
are told apart by the address that synapses compare, and share its rows: in each column, every row
belongs to one of them.

Neurons of one event output come to their bus with a row select that the column fixes, but for two
bits; 64 circuits share an output, so one group for each output is enough, and one large group
packs better than several small ones. Such a *direct* group takes the drivers
``r ^ 0 .. r ^ (n - 1)``, where ``r`` is its row select. Driver ``r ^ x`` compares the bits that are
not in ``x``, so it answers ``r ^ y`` only for those ``y`` whose bits are all in ``x``; these are
not greater than ``x``, and so no group is disturbed that uses ``r ^ n`` and above.

The other drivers serve events of the FPGA, whose row select is free: aligned blocks of drivers,
each of which ignores the bits that tell its own drivers apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core import wiring
from pynn_bss2sim._core.records import LINES

__all__ = ["DIRECT_GROUPS", "Groups", "direct_rows", "free_rows", "lay_out"]

#: Direct groups of one array, one for each event output.
DIRECT_GROUPS = chip.EVENT_OUTPUTS
#: Labels for each source of the FPGA, of which some are split.
_LABEL_MARGIN = 1.1
_BLOCK = chip.DRIVERS_PER_BUS // chip.BACKEND_BLOCKS


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of one array: the direct ones by their event output, then those of the FPGA.

    Attributes
    ----------
    bus, row_select : int64 (n,)
    rows : int64 (n, 2)
        Rows of each line.
    first_row : int64 (n, 2)
        Where the rows of each line begin in `row`.
    row : int64 (256,)
        Rows, group after group and line after line.
    mask : uint8 (128,)
        What each driver compares.
    """

    bus: np.ndarray
    row_select: np.ndarray
    rows: np.ndarray
    first_row: np.ndarray
    row: np.ndarray
    mask: np.ndarray


def _drivers(rows: np.ndarray) -> np.ndarray:
    """Drivers of groups with `rows`, (n, 2)."""
    return -(-rows.sum(axis=1) // chip.ROWS_PER_DRIVER)


def direct_rows(
    direct: np.ndarray, other: np.ndarray, count: np.ndarray, n_other: int, slack: float
) -> np.ndarray:
    """Rows for the direct groups: as many as leave enough for everything else.

    A row is taken from the group whose last rows are used least, until what remains, with what
    overflows from the direct groups, fits into the other rows.

    Parameters
    ----------
    direct : int64 (8, 2, n_neurons)
        Rows that the neurons of each event output need at each line of each neuron.
    other : int64 (2, n_neurons)
        Rows for all other sources.
    count : int64 (n_neurons,)
        Circuits of each neuron.
    n_other : int
        Number of other sources.
    slack : float
        How many times the rows and labels that are needed shall be left for events of the FPGA.

    Returns
    -------
    int64 (8, 2)
    """
    rows = -(-direct // count)
    rows = rows.max(axis=2, initial=0)
    while rows.any():
        drivers = _drivers(rows)
        free = chip.ROWS - chip.ROWS_PER_DRIVER * int(drivers.sum())
        overflow = np.maximum(0, direct - rows[..., np.newaxis] * count).sum(axis=0)
        need = _rows_needed(other + overflow, count).sum()
        over = drivers > _limit(drivers)
        labels = free // chip.ROWS_PER_DRIVER * chip.LABELS / _LABEL_MARGIN
        if not over.any() and need * slack <= free and n_other * slack <= labels:
            break
        # what the last row of each line carries; an odd row alone frees a driver
        last = direct - (rows[..., np.newaxis] - 1) * count
        use = np.clip(last, 0, count).sum(axis=2).astype(np.float64)
        use[rows == 0] = np.inf
        cost = use.min(axis=1) * (2 - rows.sum(axis=1) % 2)
        if over.any():
            cost[~over] = np.inf
        group = int(cost.argmin())
        rows[group, int(use[group].argmin())] -= 1
    return rows


def _limit(drivers: np.ndarray) -> np.ndarray:
    """Most drivers of each direct group: half a bus where both its groups are in use."""
    used = (drivers > 0).reshape(chip.BACKEND_BLOCKS, chip.PADI_BUSES)
    return np.tile(np.where(used.all(axis=0), _BLOCK, chip.DRIVERS_PER_BUS), chip.BACKEND_BLOCKS)


def _rows_needed(rows: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Rows of each line in which `rows`, (2, n_neurons), just fit: int64 (2,)."""
    return (-(-rows // count)).max(axis=1, initial=0)


def free_rows(direct: np.ndarray, rest: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Rows of each line for events of the FPGA: all that the `direct` groups leave, int64 (2,).

    Parameters
    ----------
    direct : int64 (8, 2)
    rest : int64 (2, n_neurons)
        Rows needed there.
    count : int64 (n_neurons,)
    """
    total = chip.ROWS - chip.ROWS_PER_DRIVER * int(_drivers(direct).sum())
    need = _rows_needed(rest, count)
    exc = round(total * need[0] / max(1, need.sum()))
    if need.sum() <= total:
        exc = min(max(exc, need[0]), total - need[1])
    return np.array([exc, total - exc])


def lay_out(direct: np.ndarray, free: np.ndarray, size: int) -> Groups:
    """Choose the drivers of each group.

    Parameters
    ----------
    direct : int64 (8, 2)
        Rows of the direct groups; an odd row is left unused.
    free : int64 (2,)
        Rows of each line for events of the FPGA.
    size : int, a power of two
        Most drivers of one group of the FPGA.
    """
    drivers = _drivers(direct)
    output = np.arange(DIRECT_GROUPS)
    select = wiring.bus_label(wiring.neuron_label(output * chip.COLUMNS_PER_OUTPUT, 0))[0]
    mask = np.full(chip.DRIVERS, chip.ROW_MASK_MAX, np.uint8)
    blocks: list[tuple[int, int, np.ndarray]] = []  # bus, row select, index of drivers on the bus
    for g in output:
        index = select[g] ^ np.arange(drivers[g])
        blocks.append((g % chip.PADI_BUSES, int(select[g]), index))
    others = [
        block for bus in range(chip.PADI_BUSES) for block in _other(bus, drivers, select, size)
    ]
    others.sort(key=lambda block: (-len(block[2]), block[1], block[0]))
    blocks += others
    modes = _spread(free, sum(len(block[2]) for block in others) * chip.ROWS_PER_DRIVER)
    rows = np.zeros((len(blocks), LINES), np.int64)
    row, taken = [], 0
    for g, (bus, r, index) in enumerate(blocks):
        d = index * chip.PADI_BUSES + bus
        if g < DIRECT_GROUPS:
            mask[d] = chip.ROW_MASK_MAX & ~(index ^ r)
            line = np.repeat([0, 1], direct[g])
        else:
            mask[d] = chip.ROW_MASK_MAX & ~(len(index) - 1)
            n = len(index) * chip.ROWS_PER_DRIVER
            line = np.sort(modes[taken : taken + n])
            taken += n
        own = (d[:, np.newaxis] * chip.ROWS_PER_DRIVER + np.arange(chip.ROWS_PER_DRIVER)).ravel()
        row.append(own[: len(line)])
        rows[g] = np.bincount(line, minlength=LINES)
    ends = np.cumsum(rows).reshape(rows.shape)
    return Groups(
        bus=np.array([block[0] for block in blocks]),
        row_select=np.array([block[1] for block in blocks]),
        rows=rows,
        first_row=ends - rows,
        row=np.concatenate(row),
        mask=mask,
    )


def _other(bus: int, drivers: np.ndarray, select: np.ndarray, size: int):
    """Aligned blocks of those drivers of a bus that no direct group has."""
    pair = [bus, bus + chip.PADI_BUSES]
    used = [g for g in pair if drivers[g]]
    width = _BLOCK if len(used) == len(pair) else chip.DRIVERS_PER_BUS
    for r, n in [(int(select[g]), int(drivers[g])) for g in used] or [(0, 0)]:
        x = n
        while x < width:
            fitting = min(size, x & -x or width)
            while x + fitting > width:
                fitting //= 2
            index = np.sort(r ^ np.arange(x, x + fitting))
            yield bus, int(index[0]), index
            x += fitting


def _spread(free: np.ndarray, total: int) -> np.ndarray:
    """Lines of `total` rows, spread evenly: int64 (total,)."""
    upto = np.arange(total + 1) * int(free[1]) // max(1, int(free.sum()))
    return np.diff(upto)
