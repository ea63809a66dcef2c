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

Background generators, whose row select is free, have such groups too, in the half of their bus that
belongs to the columns behind the border; if neurons are to come there directly as well, they keep
eight drivers. A generator of more than 64 names sends 2 or 4 row selects in turn, which differ in
their lowest bits: its groups take turns with the drivers, which all compare these bits.

The other drivers serve events of the FPGA, whose row select is free: aligned blocks of drivers,
each of which ignores the bits that tell its own drivers apart.

Drivers with short-term plasticity have settings of their own (`DriverPlan`); a block has one
setting, and direct groups have none: 0. So such synapses get their events from the FPGA.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core import wiring
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.ranges import ranges
from pynn_bss2sim._core.records import LINES

__all__ = [
    "DIRECT_GROUPS",
    "GENERATOR_GROUPS",
    "NEURON_GROUPS",
    "Groups",
    "direct_rows",
    "drivers_of",
    "free_rows",
    "lay_out",
    "reserved_drivers",
]

#: Groups of neurons of the same chip in one array, one for each event output.
NEURON_GROUPS = chip.EVENT_OUTPUTS
#: Most groups of one generator.
GENERATOR_GROUPS = chip.BACKGROUND_NAMES // chip.LABELS
#: All direct groups of one array: of neurons, then of the generator of each bus.
DIRECT_GROUPS = NEURON_GROUPS + chip.PADI_BUSES * GENERATOR_GROUPS
#: Labels for each source of the FPGA, of which some are split.
_LABEL_MARGIN = 1.1
_BLOCK = chip.DRIVERS_PER_BUS // chip.BACKEND_BLOCKS
_HALF_BLOCK = _BLOCK // 2
#: Bus, row select, and drivers on the bus (by their index) of one group.
_Block = tuple[int, int, list[int]]


@frozen
class Groups:
    """Groups of one array: the direct ones in the order above, then those of the FPGA.

    Attributes
    ----------
    bus, row_select : int64 (n,)
    setting : int64 (n,)
        Of the drivers of each group.
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
    setting: np.ndarray
    rows: np.ndarray
    first_row: np.ndarray
    row: np.ndarray
    mask: np.ndarray


def drivers_of(rows: np.ndarray) -> np.ndarray:
    """Drivers of groups with `rows`, (n, 2)."""
    return -(-rows.sum(axis=1) // chip.ROWS_PER_DRIVER)


def reserved_drivers(rows: np.ndarray) -> np.ndarray:
    """Drivers of the generator of each bus, int64 (4,), for `rows` of all direct groups."""
    return drivers_of(rows[NEURON_GROUPS:]).reshape(chip.PADI_BUSES, -1).sum(axis=1)


def direct_rows(
    direct: np.ndarray,
    other: np.ndarray,
    count: np.ndarray,
    n_other: int,
    slack: float,
    reserved: np.ndarray,
) -> np.ndarray:
    """Rows for the groups of neurons: as many as leave enough for everything else.

    A row is taken from the group whose last rows are used least, until what remains, with what
    overflows from the direct groups, fits into the other rows.

    Parameters
    ----------
    direct : int64 (8, 2, n_neurons)
        Rows that the neurons of each event output need at each line of each neuron.
    other : int64 (n_settings, 2, n_neurons)
        Rows for all other sources behind drivers of each setting.
    count : int64 (n_neurons,)
        Circuits of each neuron.
    n_other : int
        Number of other sources.
    slack : float
        How many times the rows and labels that are needed shall be left for events of the FPGA.
    reserved : int64 (4,)
        Drivers that the generator of each bus has.

    Returns
    -------
    int64 (8, 2)
    """
    rows = -(-direct // count)
    rows = rows.max(axis=2, initial=0)
    while rows.any():
        drivers = drivers_of(rows)
        free = chip.ROWS - chip.ROWS_PER_DRIVER * int(drivers.sum() + reserved.sum())
        overflow = np.maximum(0, direct - rows[..., np.newaxis] * count).sum(axis=0)
        need = _rows_needed(other[0] + overflow, count).sum()
        need += _rows_needed(other[1:], count).sum()
        over = drivers > _limit(drivers, reserved)
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


def _limit(drivers: np.ndarray, reserved: np.ndarray) -> np.ndarray:
    """Most drivers of each group of neurons: half a bus where others are in use there.

    A generator leaves them half of its own half, or what it does not need of that.
    """
    used = (drivers > 0).reshape(chip.BACKEND_BLOCKS, chip.PADI_BUSES)
    limit = np.where(used.all(axis=0) | (reserved > 0), _BLOCK, chip.DRIVERS_PER_BUS)
    near = np.where(reserved > _BLOCK, 0, limit)
    far = np.where(reserved > _HALF_BLOCK, 0, np.where(reserved > 0, _HALF_BLOCK, limit))
    return np.concatenate([near, far])


def _rows_needed(rows: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Rows of each line in which `rows`, (..., n_neurons), just fit: int64 (...,)."""
    return (-(-rows // count)).max(axis=-1, initial=0)


def free_rows(
    direct: np.ndarray, rest: np.ndarray, count: np.ndarray, senders: np.ndarray
) -> np.ndarray:
    """Rows for events of the FPGA: all that the `direct` groups leave.

    Parameters
    ----------
    direct : int64 (DIRECT_GROUPS, 2)
    rest : int64 (n_settings, 2, n_neurons)
        Rows needed there behind drivers of each setting.
    count : int64 (n_neurons,)
    senders : int64 (n_settings,)
        Sources of each setting.

    Returns
    -------
    int64 (n_settings, 2)
        Rows of each line.
    """
    need = _rows_needed(rest, count)
    total = chip.DRIVERS - int(drivers_of(direct).sum())
    shares = chip.ROWS_PER_DRIVER * _shared_drivers(total, need, senders)
    return np.array([_divided(*pair) for pair in zip(shares.tolist(), need, strict=True)])


def _shared_drivers(total: int, need: np.ndarray, senders: np.ndarray) -> np.ndarray:
    """Drivers of each setting: what rows and labels need, and a like share of the others."""
    if len(need) == 1:
        return np.array([total])
    labels = np.ceil(senders * _LABEL_MARGIN / chip.LABELS).astype(np.int64)
    least = np.maximum(drivers_of(need), labels)
    share = least * total // max(1, int(least.sum()))
    share[1:] = np.maximum(share[1:], np.minimum(least[1:], 1))
    share[0] = max(0, total - int(share[1:].sum()))
    return share


def _divided(total: int, need: np.ndarray) -> tuple[int, int]:
    """Rows of each line, of `total` rows of which these are needed."""
    exc = round(total * need[0] / max(1, need.sum()))
    if need.sum() <= total:
        exc = min(max(exc, need[0]), total - need[1])
    return exc, total - exc


def lay_out(direct: np.ndarray, free: np.ndarray, size: int) -> Groups:
    """Choose the drivers of each group.

    Parameters
    ----------
    direct : int64 (DIRECT_GROUPS, 2)
        Rows of the direct groups; those of one generator have the same number of drivers. An odd
        row is left unused.
    free : int64 (n_settings, 2)
        Rows of each line for events of the FPGA, behind drivers of each setting.
    size : int, a power of two
        Most drivers of one group of the FPGA.
    """
    drivers = drivers_of(direct)
    regions = [_regions(bus, drivers, reserved_drivers(direct)) for bus in range(chip.PADI_BUSES)]
    others = [
        block
        for bus, parts in enumerate(regions)
        for r, n, width in parts
        for block in _other(bus, r, n, width, size)
    ]
    others.sort(key=lambda block: (-len(block[2]), block[1], block[0]))
    blocks = _direct_blocks(drivers) + others
    setting = np.zeros(len(blocks), np.int64)
    setting[DIRECT_GROUPS:] = _assigned(others, free)
    bus, select = (np.array([block[k] for block in blocks]) for k in range(2))
    number = np.array([len(block[2]) for block in blocks])
    rows = np.concatenate([direct, _lines(free, number, setting)])
    # drivers, group after group
    index = np.array([x for block in blocks for x in block[2]], np.int64)
    group = np.repeat(np.arange(len(blocks)), number)
    driver = index * chip.PADI_BUSES + bus[group]
    mask = np.full(chip.DRIVERS, chip.ROW_MASK_MAX, np.uint8)
    ignored = np.where(group < DIRECT_GROUPS, index ^ select[group], number[group] - 1)
    mask[driver] &= ~ignored.astype(np.uint8)
    row = (driver[:, np.newaxis] * chip.ROWS_PER_DRIVER + np.arange(chip.ROWS_PER_DRIVER)).ravel()
    within = ranges(np.zeros_like(number), number * chip.ROWS_PER_DRIVER)
    used = within < np.repeat(rows.sum(axis=1), number * chip.ROWS_PER_DRIVER)
    ends = np.cumsum(rows).reshape(rows.shape)
    return Groups(
        bus=bus,
        row_select=select,
        setting=setting,
        rows=rows,
        first_row=ends - rows,
        row=row[used],
        mask=mask,
    )


def _lines(free: np.ndarray, number: np.ndarray, setting: np.ndarray) -> np.ndarray:
    """Rows of each line, spread evenly over the groups of the FPGA: int64 (n_groups, 2).

    Parameters
    ----------
    free : int64 (n_settings, 2)
        Rows of each line for each setting.
    number, setting : int64 (DIRECT_GROUPS + n_groups,)
        Drivers of each group, and their setting.
    """
    width = number[DIRECT_GROUPS:] * chip.ROWS_PER_DRIVER
    rows = np.zeros((len(width), LINES), np.int64)
    for k, (first, second) in enumerate(free.tolist()):
        mine = np.flatnonzero(setting[DIRECT_GROUPS:] == k)
        upto = np.cumsum(np.append(0, width[mine])) * second // max(1, first + second)
        rows[mine, 1] = np.diff(upto)
    rows[:, 0] = width - rows[:, 1]
    return rows


def _assigned(blocks: list[_Block], free: np.ndarray) -> np.ndarray:
    """Setting of each block, the largest first: the smallest ones for settings but 0."""
    setting = np.zeros(len(blocks), np.int64)
    last = len(blocks)
    for k in range(1, len(free)):
        missing = int(free[k].sum()) // chip.ROWS_PER_DRIVER
        while missing > 0 and last > 0:
            last -= 1
            setting[last] = k
            missing -= len(blocks[last][2])
    return setting


@cache
def _select(group: int) -> int:
    """Row select of the neurons of an event output."""
    label = wiring.neuron_label(np.array(group * chip.COLUMNS_PER_OUTPUT), np.array(0))
    return int(wiring.bus_label(label)[0])


def _generator_select(bus: int, reserved: int) -> int:
    """First row select of the generator of a bus, for so many drivers."""
    if reserved > _BLOCK:
        return 0
    if reserved > _HALF_BLOCK:
        return _BLOCK
    return (_select(bus + chip.PADI_BUSES) ^ _HALF_BLOCK) // _HALF_BLOCK * _HALF_BLOCK


def _turns(drivers: np.ndarray, group: int) -> int:
    """How many groups take turns with the drivers: those of a generator, or one of neurons."""
    if group < NEURON_GROUPS:
        return 1
    bus = (group - NEURON_GROUPS) // GENERATOR_GROUPS
    first = NEURON_GROUPS + bus * GENERATOR_GROUPS
    return max(1, int((drivers[first : first + GENERATOR_GROUPS] > 0).sum()))


def _direct_blocks(drivers: np.ndarray) -> list[_Block]:
    """Those of all direct groups."""
    blocks = []
    for g in range(NEURON_GROUPS):
        r = _select(g)
        blocks.append((g % chip.PADI_BUSES, r, [r ^ x for x in range(drivers[g])]))
    for g in range(NEURON_GROUPS, DIRECT_GROUPS):
        bus, turn = divmod(g - NEURON_GROUPS, GENERATOR_GROUPS)
        turns = _turns(drivers, g)
        r = _generator_select(bus, int(drivers[g - turn]) * turns) + turn
        blocks.append((bus, r, [r ^ turns * x for x in range(drivers[g])]))
    return blocks


def _regions(bus: int, drivers: np.ndarray, reserved: np.ndarray) -> list[tuple[int, int, int]]:
    """Parts of a bus: first row select, drivers of its direct group, and all its drivers."""
    near, far, own = int(drivers[bus]), int(drivers[bus + chip.PADI_BUSES]), int(reserved[bus])
    first, second = _select(bus), _select(bus + chip.PADI_BUSES)
    start = _generator_select(bus, own)
    if own > _BLOCK:
        return [(start, own, chip.DRIVERS_PER_BUS)]
    if own > _HALF_BLOCK:
        return [(first, near, _BLOCK), (start, own, _BLOCK)]
    if own:
        return [(first, near, _BLOCK), (second, far, _HALF_BLOCK), (start, own, _HALF_BLOCK)]
    if near and far:
        return [(first, near, _BLOCK), (second, far, _BLOCK)]
    if near or far:
        return [(first if near else second, near or far, chip.DRIVERS_PER_BUS)]
    return [(0, 0, chip.DRIVERS_PER_BUS)]


def _other(bus: int, r: int, n: int, width: int, size: int) -> Iterator[_Block]:
    """Aligned blocks of those drivers of a part of a bus that its direct group does not have."""
    x = n
    while x < width:
        fitting = min(size, x & -x or width)
        while x + fitting > width:
            fitting //= 2
        index = sorted(r ^ y for y in range(x, x + fitting))
        yield bus, index[0], index
        x += fitting
