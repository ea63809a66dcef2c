"""Connections to rows, labels and routes: the routing of a placed network.

Each synapse array is routed by itself. Spikes of neurons of the same chip go straight through the
crossbar as far as rows are left for them (`drivers`); all others are sent by the FPGA: those of
external sources, of other chips, and what did not fit. The FPGA can send one spike to several
groups of synapse drivers, each with its own label (`pack`).
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core import wiring
from pynn_bss2sim._core.config import ChipConfig, RowMode
from pynn_bss2sim._core.event_path import FpgaRouting, Path
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.ordering import present, stable_order, starts
from pynn_bss2sim._core.ranges import ranges, repeated
from pynn_bss2sim._core.records import LINES

from .constraints import Constraints
from .demand import Demand, demand
from .generators import GeneratorSources, generator_registers
from .pieces import Pieces, route_array
from .place import Placement
from .thin import kept
from .weights import Joined

__all__ = ["Routing", "route"]

_MODES = np.array([RowMode.EXCITATORY, RowMode.INHIBITORY], np.uint8)


@frozen
class Routing:
    """A routed network.

    Attributes
    ----------
    joined : Joined
    placement : Placement
        What was routed.
    registers : dict of str to array (n_chips, ...)
        Registers of `ChipConfig`, without the weights.
    fpga : FpgaRouting
    generators : GeneratorSources
        The sources that generators make.
    served : int64 (n_chips, 8)
        Population of these that each generator serves, -1 = none.
    rows : int64 (n_connections,)
        Synapses of each connection.
    lost : bool (n_connections,)
    path : int64 (n_connections,)
        `Path` of each connection that is not lost.
    connection, part : int64 (n_synapses,)
        For each synapse in use: its connection, and which of its synapses it is.
    synapse : int64 (n_synapses,)
        Where it lies: ``((chip * 2 + hemisphere) * 256 + row) * 256 + column``.
    """

    joined: Joined
    placement: Placement
    registers: dict[str, np.ndarray]
    fpga: FpgaRouting
    generators: GeneratorSources
    served: np.ndarray
    rows: np.ndarray
    lost: np.ndarray
    path: np.ndarray
    connection: np.ndarray
    part: np.ndarray
    synapse: np.ndarray

    def weights(self, code: np.ndarray) -> np.ndarray:
        """Weight registers, uint8 (n_chips, 2, 256, 256), for the `code` of each connection."""
        shape = (self.placement.chips, chip.HEMISPHERES, chip.ROWS, chip.COLUMNS)
        weight = np.zeros(shape, np.uint8)
        rest = code[self.connection] - self.part * chip.WEIGHT_MAX
        weight.ravel()[self.synapse] = np.clip(rest, 0, chip.WEIGHT_MAX)
        return weight

    def serves(
        self, joined: Joined, rows: np.ndarray, placement: Placement, generators: GeneratorSources
    ) -> bool:
        """Whether these connections are those that were routed, none with more synapses.

        Where neurons are placed does not matter, but how many circuits they have, and what the
        user demands of their places.
        """
        return (
            self.connects(joined, placement.count)
            and bool((rows <= self.rows).all())
            and generators.same_as(self.generators)
            and _alike(placement.constraints, self.placement.constraints)
        )

    def connects(self, joined: Joined, count: np.ndarray) -> bool:
        """Whether it is these connections of neurons of `count` circuits that were routed."""
        return (
            np.array_equal(count, self.placement.count)
            and np.array_equal(joined.pre, self.joined.pre)
            and np.array_equal(joined.slot, self.joined.slot)
            and np.array_equal(joined.setting, self.joined.setting)
        )


def _alike(one: Constraints | None, other: Constraints | None) -> bool:
    return one is other or (one is not None and one.same_as(other))


def route(
    joined: Joined,
    rows: np.ndarray,
    placement: Placement,
    generators: GeneratorSources,
    seed: int = 0,
) -> Routing:
    """Route connections that need `rows` synapses each.

    Parameters
    ----------
    joined : Joined
    rows : int64 (n_connections,), at least 1
    placement : Placement
    generators : GeneratorSources
    seed : int
        Decides which connections are lost where a neuron has too many, and in which order sources
        of the same size are routed.
    """
    n_sources = len(generators.population)
    wanted = demand(joined, rows, kept(joined, rows, placement, seed), placement, n_sources)
    n_arrays = placement.chips * chip.HEMISPHERES
    bounds = np.searchsorted(wanted.array, np.arange(n_arrays + 1))
    pieces = Pieces.join(
        [
            route_array(a, wanted, slice(bounds[a], bounds[a + 1]), placement, generators, seed)
            for a in range(n_arrays)
        ]
    )
    path = np.zeros(len(rows), np.int64)
    path[wanted.connection] = repeated(_paths(wanted, placement, pieces), np.diff(wanted.begin))
    synapses = _synapses(wanted, rows, placement, pieces)
    served, select = _served(wanted, placement, pieces, synapses, generators)
    return Routing(
        joined=joined,
        placement=placement,
        registers={
            **_registers(wanted, placement, pieces, synapses),
            **generator_registers(served, select, generators),
        },
        served=served,
        fpga=_fpga(placement, pieces),
        generators=generators,
        rows=rows,
        lost=synapses.lost,
        path=path,
        connection=synapses.connection,
        part=synapses.part,
        synapse=synapses.synapse,
    )


@frozen
class _Synapses:
    """The synapses in use, entry after entry."""

    connection: np.ndarray
    part: np.ndarray
    piece: np.ndarray
    synapse: np.ndarray
    lost: np.ndarray  # of each connection


def _synapses(wanted: Demand, rows: np.ndarray, placement: Placement, pieces: Pieces) -> _Synapses:
    """Give each connection its synapses; one that does not get all of them is lost."""
    piece, synapse = _places(wanted, placement, pieces)
    needed = rows[wanted.connection]
    lost = np.ones(len(rows), bool)
    if pieces.rows.sum() == needed.sum():
        lost[wanted.connection] = False
        part = ranges(np.zeros(len(needed), np.int64), needed)
        return _Synapses(repeated(wanted.connection, needed), part, piece, synapse, lost)
    # the connections of each entry take its synapses in their order
    placed = np.bincount(pieces.entry, pieces.rows, len(wanted)).astype(np.int64)
    asked = np.concatenate([[0], np.cumsum(needed)])
    first = asked[wanted.begin[:-1]]
    lost[wanted.connection] = asked[1:] > repeated(first + placed, np.diff(wanted.begin))
    taken = ranges(first, placed)
    which = repeated(np.arange(len(needed)), needed)[taken]
    connection = wanted.connection[which]
    part = taken - asked[which]
    kept = np.flatnonzero(~lost[connection])
    return _Synapses(connection[kept], part[kept], piece[kept], synapse[kept], lost)


def _places(wanted: Demand, placement: Placement, pieces: Pieces) -> tuple[np.ndarray, np.ndarray]:
    """The synapses of all pieces, entry after entry: the piece of each, and where it lies."""
    groups = pieces.groups
    start = _start_in_group(wanted, placement, pieces)
    order = stable_order(pieces.entry)
    piece = repeated(order, pieces.rows[order])
    entry, group = pieces.entry[piece], pieces.group[piece]
    line_of_group = group * LINES + wanted.line[entry]
    within = ranges(start[order], pieces.rows[order])
    layer, within = np.divmod(within, groups.rows.ravel()[line_of_group])
    within += groups.first_row.ravel()[line_of_group]
    synapse = groups.array[group] * chip.ROWS
    synapse += groups.row[within]
    synapse *= chip.COLUMNS
    synapse += placement.column[wanted.neuron[entry]]
    synapse += layer
    return piece, synapse


def _start_in_group(wanted: Demand, placement: Placement, pieces: Pieces) -> np.ndarray:
    """Rows of an input line that earlier pieces take in the same group: int64 (n_pieces,)."""
    neuron, line = wanted.neuron[pieces.entry], wanted.line[pieces.entry]
    slot = (pieces.group * len(placement.count) + neuron) * LINES + line
    order = stable_order(slot)
    rows = pieces.rows[order]
    upto = np.cumsum(rows)
    upto -= rows
    begin = starts(slot[order])
    start = np.empty(len(order), np.int64)
    start[order] = upto - np.repeat(upto[begin], np.diff(begin, append=len(order)))
    return start


def _paths(wanted: Demand, placement: Placement, pieces: Pieces) -> np.ndarray:
    """The way to each entry: int64 (n_entries,)."""
    path = np.full(len(wanted), int(Path.HOST))
    on_chip = np.flatnonzero(wanted.source < len(placement.circuit))
    home = placement.chip[wanted.source[on_chip]]
    same = home == wanted.array[on_chip] // chip.HEMISPHERES
    path[on_chip] = np.where(same, Path.LOOP, Path.CHIPS)
    path[pieces.entry[pieces.groups.direct[pieces.group]]] = Path.DIRECT
    return path


def _registers(
    wanted: Demand, placement: Placement, pieces: Pieces, synapses: _Synapses
) -> dict[str, np.ndarray]:
    """The registers of event routing of all chips."""
    reset = ChipConfig.default().to_dict()
    register = {
        name: np.repeat(reset[name][np.newaxis], placement.chips, axis=0)
        for name in (
            "address",
            "synapse_label",
            "row_mode",
            "driver_enable",
            "driver_mask",
            "padi_enable",
            "crossbar_mask",
            "crossbar_target",
        )
    }
    register["address"].ravel()[placement.circuit] = placement.address
    groups, group = pieces.groups, pieces.group[synapses.piece]
    register["synapse_label"].ravel()[synapses.synapse] = pieces.label[synapses.piece]
    row = synapses.synapse // chip.COLUMNS
    register["row_mode"].ravel()[row] = _MODES[wanted.line[pieces.entry[synapses.piece]]]
    driver = present(row // chip.ROWS_PER_DRIVER, len(groups.mask))
    register["driver_enable"].ravel()[driver] = True
    register["driver_mask"].ravel()[driver] = groups.mask[driver]
    used = present(group, len(groups.bus))
    array, bus, direct = groups.array[used], groups.bus[used], groups.direct[used]
    on_chip, hemisphere = np.divmod(array, chip.HEMISPHERES)
    register["padi_enable"][on_chip, hemisphere, bus] = True
    # crossbar: neurons and generators of direct groups to their bus, all neurons to the FPGA, the
    # FPGA by channel to a bus and by one bit of the label to a hemisphere
    sink = hemisphere * chip.PADI_BUSES + bus
    source = np.where(direct, groups.output[used], wiring.FIRST_FPGA_INPUT + bus)
    bit = 1 << chip.HEMISPHERE_BIT
    register["crossbar_mask"][on_chip, source, sink] = np.where(direct, 0, bit)
    register["crossbar_target"][on_chip, source, sink] = np.where(direct, 0, bit * hemisphere)
    output = wiring.event_output(placement.column)
    sink = wiring.FIRST_L2_OUTPUT + output % chip.L2_CHANNELS
    register["crossbar_mask"][placement.chip, output, sink] = 0
    register["crossbar_target"][placement.chip, output, sink] = 0
    return register


def _served(
    wanted: Demand,
    placement: Placement,
    pieces: Pieces,
    synapses: _Synapses,
    generators: GeneratorSources,
) -> tuple[np.ndarray, np.ndarray]:
    """Population and a row select of each generator in use: int64 (n_chips, 8)."""
    served, select = np.full((2, placement.chips, chip.BACKGROUND_SOURCES), -1)
    piece = present(synapses.piece, len(pieces.entry))
    population = generators.population[wanted.source[pieces.entry[piece]]]
    mine = np.flatnonzero(population >= 0)
    group = pieces.group[piece[mine]]
    on_chip = pieces.groups.array[group] // chip.HEMISPHERES
    number = pieces.groups.output[group] - wiring.FIRST_BACKGROUND_INPUT
    served[on_chip, number] = population[mine]
    select[on_chip, number] = pieces.groups.row_select[group]
    return served, select


def _fpga(placement: Placement, pieces: Pieces) -> FpgaRouting:
    """What the FPGAs send."""
    groups = pieces.groups
    sent = np.flatnonzero(~groups.direct[pieces.member])
    source, group = pieces.source[sent], pieces.member[sent]
    to_chip, hemisphere = np.divmod(groups.array[group], chip.HEMISPHERES)
    label = hemisphere << chip.HEMISPHERE_BIT | groups.row_select[group] << chip.LABEL_BITS
    label |= pieces.name[sent]
    n_neurons = len(placement.circuit)
    host, loop = np.flatnonzero(source >= n_neurons), np.flatnonzero(source < n_neurons)
    neuron = source[loop]
    column = placement.column[neuron]
    return FpgaRouting(
        source[host] - n_neurons,
        to_chip[host],
        groups.bus[group[host]],
        label[host],
        placement.chip[neuron],
        wiring.event_output(column) % chip.L2_CHANNELS,
        wiring.neuron_label(column, placement.address[neuron]),
        to_chip[loop],
        groups.bus[group[loop]],
        label[loop],
    )
