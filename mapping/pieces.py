"""Which sources use which groups of drivers: the routing of single synapse arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core import wiring
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.ordering import stable_order, starts
from pynn_bss2sim._core.records import LINES

from .demand import Demand
from .drivers import (
    DIRECT_GROUPS,
    GENERATOR_GROUPS,
    NEURON_GROUPS,
    Groups,
    direct_rows,
    free_rows,
    lay_out,
    reserved_drivers,
)
from .generators import GeneratorSources, generator_groups
from .pack import Packed, pack
from .place import Placement

__all__ = ["GroupTable", "Pieces", "route_array"]

#: How much more than needed is kept free for events of the FPGA: tried in this order until
#: nothing is lost, the first two only where labels are plenty. Infinity: nothing comes directly.
_SLACK = (1.0, 1.05, 1.25, np.inf)
#: Labels that are kept ready for each source of the FPGA, for it may be split.
_LABELS_PER_SOURCE = 2


@frozen
class GroupTable:
    """Groups of drivers of several arrays.

    Attributes
    ----------
    array, bus, row_select, setting : int64 (n,)
    output : int64 (n,)
        Input of the crossbar whose events the group serves directly: event output of neurons, or
        generator; -1 for groups of the FPGA.
    rows, first_row : int64 (n, 2)
        How many rows each line has, and where they begin in `row`.
    row : int64
        Row of the array.
    mask : uint8 (n_arrays * 128,)
        What each driver compares.
    """

    array: np.ndarray
    bus: np.ndarray
    row_select: np.ndarray
    setting: np.ndarray
    output: np.ndarray
    rows: np.ndarray
    first_row: np.ndarray
    row: np.ndarray
    mask: np.ndarray

    @property
    def direct(self) -> np.ndarray:
        """Whether events come without the FPGA: bool (n,)."""
        return self.output >= 0

    @classmethod
    def of(cls, array: int, groups: Groups) -> GroupTable:
        n = len(groups.bus)
        output = np.full(n, -1)
        output[:NEURON_GROUPS] = np.arange(NEURON_GROUPS)
        bus = np.repeat(np.arange(chip.PADI_BUSES), GENERATOR_GROUPS)
        number = array % chip.HEMISPHERES * chip.PADI_BUSES + bus
        output[NEURON_GROUPS:DIRECT_GROUPS] = wiring.FIRST_BACKGROUND_INPUT + number
        return cls(
            np.full(n, array),
            groups.bus,
            groups.row_select,
            groups.setting,
            output,
            groups.rows,
            groups.first_row,
            groups.row,
            groups.mask,
        )


@frozen
class Pieces:
    """The parts of all entries of a demand.

    Attributes
    ----------
    groups : GroupTable
    entry, group, rows, label : int64 (n,)
        So many rows of this entry are in this group, under this label.
    source, member, name : int64 (m,)
        Which sources come to which groups, under which label.
    """

    groups: GroupTable
    entry: np.ndarray
    group: np.ndarray
    rows: np.ndarray
    label: np.ndarray
    source: np.ndarray
    member: np.ndarray
    name: np.ndarray

    @classmethod
    def join(cls, parts: list[Pieces]) -> Pieces:
        """Put arrays behind one another; their groups and rows are counted on."""
        groups = np.cumsum([0, *(len(p.groups.array) for p in parts)])
        rows = np.cumsum([0, *(len(p.groups.row) for p in parts)])
        shift = {"group": groups, "member": groups, "first_row": rows}

        def joined(records: Sequence[Any], name: str, like: np.ndarray) -> np.ndarray:
            values = [getattr(r, name) for r in records]
            if name in shift:
                values = [v + k for v, k in zip(values, shift[name][:-1], strict=True)]
            return np.concatenate([like, *values], dtype=np.int64)

        empty = np.empty(0, np.int64)
        pairs = np.empty((0, LINES), np.int64)
        table = GroupTable(
            *(
                joined(
                    [p.groups for p in parts],
                    f.name,
                    pairs if f.name in ("rows", "first_row") else empty,
                )
                for f in fields(GroupTable)
            )
        )
        return cls(table, *(joined(parts, f.name, empty) for f in fields(cls)[1:]))


@frozen
class _Local:
    """What one array is asked for, in its own counting.

    Attributes
    ----------
    source, setting, neuron, line, rows : int64 (n,)
        Of each entry; `neuron` counts those of the array.
    n_settings : int
        Of all arrays.
    output : int64 (n,)
        Direct group of sources on the same chip, else -1.
    name : int64 (n,)
        The label that those sources have.
    count : int64 (n_neurons,)
    reserved : int64 (DIRECT_GROUPS, 2)
        Rows for generators.
    """

    source: np.ndarray
    setting: np.ndarray
    n_settings: int
    neuron: np.ndarray
    line: np.ndarray
    rows: np.ndarray
    output: np.ndarray
    name: np.ndarray
    count: np.ndarray
    reserved: np.ndarray

    @property
    def crowded(self) -> bool:
        """Whether labels are so scarce that the FPGA needs more rows than it fills."""
        outside = starts(self.sender[self.output < 0])
        return 2 * _LABELS_PER_SOURCE * len(outside) > chip.DRIVERS * chip.LABELS

    @cached_property
    def sender(self) -> np.ndarray:
        """A source sends anew for drivers of each setting: int64 (n,), ascending."""
        return self.setting * (int(self.source.max(initial=0)) + 1) + self.source

    @cached_property
    def slot(self) -> np.ndarray:
        return self.line * len(self.count) + self.neuron

    @property
    def place(self) -> np.ndarray:
        """Setting and slot in one: rows of groups of one setting are no use to another."""
        return self.setting * LINES * len(self.count) + self.slot

    def needed(self, entries: np.ndarray, by: np.ndarray | None = None, n: int = 1) -> np.ndarray:
        """Rows of some entries at each line, `by` a number below `n`: (n, 2, n_neurons)."""
        slots = LINES * len(self.count)
        key = self.slot[entries] + (0 if by is None else by[entries] * slots)
        total = np.bincount(key, self.rows[entries], n * slots)
        return total.astype(np.int64).reshape(n, LINES, len(self.count))


def route_array(
    array: int,
    wanted: Demand,
    here: slice,
    placement: Placement,
    generators: GeneratorSources,
    seed: int,
) -> Pieces:
    """Find groups for the entries `here` of one array.

    What is not lost comes out; the best of several attempts.
    """
    local = _localise(array, wanted, here, placement, generators)
    asked = int(local.rows.sum())
    best: Pieces | None = None
    most = -1
    for slack in _SLACK[2:] if local.crowded else _SLACK:
        rows = _rows_for_direct(local, slack)
        last = not rows[:NEURON_GROUPS].any()
        plan = _Plan.of(local, rows)
        if not last and plan.overfull(local):
            continue
        for size, balanced in plan.attempts(last):
            pieces = _attempt(array, local, plan, size, balanced, seed)
            placed = int(pieces.rows.sum())
            if placed > most:
                best, most = pieces, placed
            if placed == asked:
                break
        if most == asked or last:
            break  # with no neurons direct, no other slack leaves more
    assert best is not None  # the last plan is tried in any case
    return replace(best, entry=best.entry + here.start)


def _localise(
    array: int, wanted: Demand, here: slice, placement: Placement, generators: GeneratorSources
) -> _Local:
    on_chip, hemisphere = divmod(array, chip.HEMISPHERES)
    mine = np.flatnonzero((placement.chip == on_chip) & (placement.row == hemisphere))
    number = np.full(len(placement.count), -1)
    number[mine] = np.arange(len(mine))
    source, setting = wanted.source[here], wanted.setting[here]
    output = np.full(len(source), -1)
    name = np.zeros(len(source), np.int64)
    neuron = np.flatnonzero((source < len(placement.count)) & (setting == 0))
    neighbour = neuron[placement.chip[source[neuron]] == on_chip]
    output[neighbour] = wiring.event_output(placement.column[source[neighbour]])
    name[neighbour] = placement.address[source[neighbour]]
    reserved = np.zeros((DIRECT_GROUPS, LINES), np.int64)
    local = _Local(
        source,
        setting,
        int(wanted.setting.max(initial=0)) + 1,
        number[wanted.neuron[here]],
        wanted.line[here],
        wanted.rows[here],
        output,
        name,
        placement.count[mine],
        reserved,
    )
    if not generators.size:
        return local

    def needed(entries: np.ndarray, turn: np.ndarray) -> np.ndarray:
        by = np.zeros(len(source), np.int64)
        by[entries] = turn
        total = local.needed(entries, by, GENERATOR_GROUPS)
        return (-(-total // local.count)).max(axis=2, initial=0)

    load = np.bincount(output[output >= 0] % chip.PADI_BUSES, minlength=chip.PADI_BUSES)
    group, reserved = generator_groups(array, generators, source, needed, load)
    own = np.flatnonzero(group >= 0)
    output[own] = group[own]
    name[own] = generators.name(source[own]) % chip.LABELS
    return replace(local, output=output, name=name, reserved=reserved)


def _rows_for_direct(local: _Local, slack: float) -> np.ndarray:
    """Rows of each line for the direct groups: int64 (DIRECT_GROUPS, 2)."""
    inside = np.flatnonzero((local.output >= 0) & (local.output < NEURON_GROUPS))
    outside = np.flatnonzero(local.output < 0)
    rows = local.reserved.copy()
    if np.isinf(slack) or not len(inside):
        return rows
    rows[:NEURON_GROUPS] = direct_rows(
        local.needed(inside, local.output, NEURON_GROUPS),
        local.needed(outside, local.setting, local.n_settings),
        local.count,
        len(starts(local.sender[outside])),
        slack,
        reserved_drivers(rows),
    )
    return rows


@frozen
class _Plan:
    """What goes directly, and what the FPGA sends.

    Attributes
    ----------
    rows : int64 (DIRECT_GROUPS, 2)
        Of the direct groups.
    direct, rest : int64
        Entries.
    begin : int64
        Where each sender of `rest`, see `_Local`, begins there.
    free : int64 (n_settings, 2)
        Rows for `rest`.
    """

    rows: np.ndarray
    direct: np.ndarray
    rest: np.ndarray
    begin: np.ndarray
    free: np.ndarray

    @classmethod
    def of(cls, local: _Local, rows: np.ndarray) -> _Plan:
        direct = _fitting(local, np.flatnonzero(local.output >= 0), rows)
        indirect = np.ones(len(local.rows), bool)
        indirect[direct] = False
        rest = np.flatnonzero(indirect)
        begin = starts(local.sender[rest])
        senders = np.bincount(local.setting[rest[begin]], minlength=local.n_settings)
        needed = local.needed(rest, local.setting, local.n_settings)
        free = free_rows(rows, needed, local.count, senders)
        return cls(rows, direct, rest, np.append(begin, len(rest)), free)

    def overfull(self, local: _Local) -> bool:
        """Whether `rest` surely does not fit: parallel synapses do not overflow one by one."""
        need = -(-local.needed(self.rest, local.setting, local.n_settings) // local.count)
        return bool((need.max(axis=2, initial=0) > self.free).any())

    def attempts(self, last: bool) -> Iterator[tuple[int, bool]]:
        """Sizes of the groups, and whether to balance them: large ones where labels suffice.

        No group is larger than half of what the smallest setting has. The `last` plan is tried
        both ways.
        """
        most = chip.DRIVERS_PER_BUS
        if len(self.free) > 1:
            used = self.free.sum(axis=1) // chip.ROWS_PER_DRIVER
            most = max(1, int(used[used > 0].min(initial=most)) // 2)
        labels = int(self.free.sum()) // chip.ROWS_PER_DRIVER * chip.LABELS
        needed = _LABELS_PER_SOURCE * max(1, len(self.begin) - 1)
        size = 1
        while size * 2 <= most and labels >= 2 * size * needed:
            size *= 2
        scarce = needed > labels
        yield size, scarce
        if size > 1:
            yield 1, scarce
        if last:
            yield 1, not scarce


def _attempt(
    array: int, local: _Local, plan: _Plan, size: int, balanced: bool, seed: int
) -> Pieces:
    groups = lay_out(plan.rows, plan.free, size)
    n_groups = len(groups.bus) - DIRECT_GROUPS
    room = groups.rows[DIRECT_GROUPS:].T[:, np.newaxis] * local.count[:, np.newaxis]
    settings = np.arange(local.n_settings).reshape(-1, 1, 1, 1)
    room = np.where(groups.setting[DIRECT_GROUPS:] == settings, room, 0)
    packed = pack(
        room.reshape(local.n_settings * LINES * len(local.count), n_groups),
        plan.begin,
        local.place[plan.rest],
        local.rows[plan.rest],
        seed,
        balanced,
    )
    return _pieces(array, local, groups, plan, packed)


def _fitting(local: _Local, inside: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Entries that their direct group has rows for; the last sources of a group go without."""
    output = local.output[inside]
    slot = output * LINES * len(local.count) + local.slot[inside]
    order = stable_order(slot)
    slot, entry = slot[order], inside[order]
    upto = np.cumsum(local.rows[entry])
    before = upto - local.rows[entry]
    begins = np.diff(slot, prepend=-1) != 0
    used = upto - np.maximum.accumulate(np.where(begins, before, 0))
    room = rows[local.output[entry], local.line[entry]] * local.count[local.neuron[entry]]
    return np.sort(entry[used <= room])


def _pieces(array: int, local: _Local, groups: Groups, plan: _Plan, packed: Packed) -> Pieces:
    """Direct entries and packed ones together."""
    direct, rest = plan.direct, plan.rest
    group = packed.group + DIRECT_GROUPS
    entry = rest[packed.entry]
    label_of = np.empty((len(plan.begin) - 1, len(groups.bus)), np.uint8)
    label_of[packed.source, packed.member] = packed.label
    source = np.repeat(np.arange(len(label_of)), np.diff(plan.begin))[packed.entry]
    label = label_of[source, packed.group]
    return Pieces(
        GroupTable.of(array, groups),
        np.concatenate([direct, entry]),
        np.concatenate([local.output[direct], group]),
        np.concatenate([local.rows[direct], packed.rows]),
        np.concatenate([local.name[direct], label]),
        local.source[rest[plan.begin[packed.source]]],
        packed.member + DIRECT_GROUPS,
        packed.label,
    )
