"""Who reaches whom: spikes followed through the registers from source to synapse.

Nothing here knows a network. An event leaves a neuron circuit with the label that its address
register and its column give it, or a background generator with one that its registers allow, or is
sent by the host with a label of its choice; crossbar nodes, drivers and synapses let it pass or
not, all by their registers. So a wrong register is a wrong connection, as it is on the chip.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from . import hicannx as chip
from . import wiring
from .background import BackgroundInputs
from .config import ChipConfig, ConfigError
from .config import NeuronSwitch as Switch
from .fpga_routing import FpgaRouting
from .frozen import frozen
from .hops import HopList, Hops, Path, Place
from .links import LINKS_PER_CHIP, LinkKind, link_index
from .ordering import stable_order
from .ranges import ranges

__all__ = [
    "Crossing",
    "FpgaRouting",
    "Hits",
    "Link",
    "Path",
    "crossings",
    "follow",
]

_SYNAPSES = wiring.ARRAYS * chip.ROWS * chip.COLUMNS
_CIRCUITS = chip.HICANN_X.circuits


class Link(enum.Enum):
    """What an event passes on its way, one event after the other."""

    OUTPUT = "event output"  #: of 64 neuron circuits, into the crossbar
    TO_FPGA = "channel to FPGA"
    FROM_FPGA = "channel from FPGA"
    BUS = "bus"  #: from the crossbar to the synapse drivers

    @property
    def ports(self) -> int:
        """How many of them a chip has."""
        return _PORTS[self]


_PORTS = {
    Link.OUTPUT: chip.EVENT_OUTPUTS,
    Link.TO_FPGA: chip.L2_CHANNELS,
    Link.FROM_FPGA: chip.L2_CHANNELS,
    Link.BUS: wiring.BUSES,
}
_KINDS = {
    Link.OUTPUT: LinkKind.EVENT_OUTPUT,
    Link.TO_FPGA: LinkKind.L2_OUTPUT,
    Link.FROM_FPGA: LinkKind.CHANNEL,
    Link.BUS: LinkKind.BUS,
}


@frozen
class Hits:
    """Which source drives which synapse: one entry for each pair that events connect.

    Attributes
    ----------
    source : int64 (n,)
        Neurons, then external inputs, then those of the generators (`BackgroundInputs`).
    path : int64 (n,)
        `Path` values.
    synapse : int64 (n,)
        Counted over all chips: ``((chip * 2 + hemisphere) * 256 + row) * 256 + column``.
    hop : int64 (n,)
        The last of `hops` on the way there.
    hops : Hops
        Of all events, also of those that drive no synapse.
    """

    source: np.ndarray
    path: np.ndarray
    synapse: np.ndarray
    hop: np.ndarray
    hops: Hops


@frozen
class Crossing:
    """Which sources have events on the links of one kind: one entry for each event of a spike.

    Attributes
    ----------
    link : Link
    source : int64 (n,)
        As in `Hits`.
    chip : int64 (n,)
    port : int64 (n,), 0 to ``link.ports - 1``
        Of a bus: ``hemisphere * 4 + bus``.
    """

    link: Link
    source: np.ndarray
    chip: np.ndarray
    port: np.ndarray


@frozen
class _Events:
    """Events at inputs of crossbars, or at buses."""

    source: np.ndarray
    path: np.ndarray
    chip: np.ndarray
    port: np.ndarray
    label: np.ndarray
    hop: np.ndarray

    def at(self, index: np.ndarray | slice, **changes: np.ndarray) -> _Events:
        kept = {f.name: getattr(self, f.name)[index] for f in fields(self)}
        return _Events(**{**kept, **changes})

    def __add__(self, other: _Events) -> _Events:
        return _Events(
            *(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self))
        )


class Registers:
    """Registers of all chips, stacked."""

    def __init__(self, configs: Sequence[ChipConfig]) -> None:
        self.configs = configs

    def __len__(self) -> int:
        return len(self.configs)

    def __getattr__(self, name: str) -> np.ndarray:
        return np.stack([getattr(config, name) for config in self.configs])


def follow(
    configs: Sequence[ChipConfig],
    fpga: FpgaRouting,
    first: np.ndarray,
    n_sources: int | None = None,
    watched: np.ndarray | None = None,
) -> Hits:
    """Follow the events of all sources to the synapses that they drive.

    Parameters
    ----------
    configs : sequence of ChipConfig
    fpga : FpgaRouting
    first : int64 (n_neurons,)
        The circuit that emits the spikes of each neuron, counted over all chips.
    n_sources : int, optional
        Neurons and external inputs; by default as many as `fpga` knows of.
    watched : int64 (n,), optional
        Synapses, counted as in `Hits`, that are listed even if their weight is 0.

    Raises
    ------
    ConfigError
        An event leads to a chip that is not there, or would go round between chip and FPGA.
    """
    if not configs:
        none = np.empty(0, np.int64)
        return Hits(none, none, none, none, HopList().all())
    registers = Registers(configs)
    at_buses, hops = _to_buses(registers, fpga, first, n_sources)
    in_use = registers.synapse_weight.ravel() > 0
    if watched is not None:
        in_use[watched] = True
    return Hits(*_synapses(registers, at_buses, np.flatnonzero(in_use)), hops)


def _to_buses(
    registers: Registers, fpga: FpgaRouting, first: np.ndarray, n_sources: int | None
) -> tuple[_Events, Hops]:
    """Events at the buses, and all hops of all events."""
    for name in ("host_chip", "loop_chip", "to_chip"):
        values = getattr(fpga, name)
        if len(values) and not 0 <= values.min() <= values.max() < len(registers):
            raise ConfigError(f"FpgaRouting.{name}: there are {len(registers)} chips")
    if n_sources is None:
        n_sources = len(first) + int(fpga.host_source.max(initial=-1)) + 1
    hops = HopList()
    spikes = _spikes(registers, first, hops) + _background(registers.configs, n_sources)
    sent = _forwarded(registers, fpga, spikes, Place.CHIP, hops)
    sent = sent + _host_events(fpga, len(first), hops)
    if len(_forwarded(registers, fpga, sent, Place.RECEIVER, hops).source):
        raise ConfigError("an event of the FPGA would come back to it and be forwarded again")
    return _bus_events(registers, spikes + sent, hops), hops.all()


def crossings(
    configs: Sequence[ChipConfig],
    fpga: FpgaRouting,
    first: np.ndarray,
    n_sources: int | None = None,
) -> tuple[Crossing, ...]:
    """Which links the events of all sources pass; for parameters and errors see `follow`.

    Returns
    -------
    tuple of Crossing
        One for each `Link`; empty without chips.
    """
    if not configs:
        return ()
    _, hops = _to_buses(Registers(configs), fpga, first, n_sources)
    found = []
    for link in Link:
        of_chip = link_index(_KINDS[link], 0)
        on_chip, port = np.divmod(hops.link - of_chip, LINKS_PER_CHIP)
        mine = np.flatnonzero(port < link.ports)
        found.append(Crossing(link, hops.source[mine], on_chip[mine], port[mine]))
    return tuple(found)


def _spikes(registers: Registers, first: np.ndarray, hops: HopList) -> _Events:
    """Events at the outputs of the neurons."""
    digital = registers.switches[..., Switch.DIGITAL_ENABLE].ravel()[first]
    source = np.flatnonzero(digital)
    circuit = np.asarray(first, np.int64)[source]
    column = circuit % chip.COLUMNS
    address = registers.address.ravel()[circuit].astype(np.int64)
    path = np.full(len(source), Path.DIRECT)
    on_chip, output = circuit // _CIRCUITS, wiring.event_output(column)
    came = source, path, np.full(len(source), -1)
    hop = hops.add(Place.CHIP, LinkKind.EVENT_OUTPUT, on_chip, output, came)
    return _Events(source, path, on_chip, output, wiring.neuron_label(column, address), hop)


def _background(configs: Sequence[ChipConfig], n_sources: int) -> _Events:
    """Events of the generators, at their inputs of the crossbar: they come over no link."""
    inputs = BackgroundInputs(configs)
    source = n_sources + np.arange(len(inputs))
    path, hop = np.full(len(inputs), Path.DIRECT), np.full(len(inputs), -1)
    port = wiring.FIRST_BACKGROUND_INPUT + inputs.number
    return _Events(source, path, inputs.chip, port, inputs.label, hop)


def _host_events(fpga: FpgaRouting, n_neurons: int, hops: HopList) -> _Events:
    source = n_neurons + fpga.host_source.astype(np.int64)
    came = source, np.full(len(source), Path.HOST), np.full(len(source), -1)
    return _sent(fpga.host_chip, fpga.host_channel, fpga.host_label, came, hops)


def _sent(
    to_chip: np.ndarray, channel: np.ndarray, label: np.ndarray, came: tuple, hops: HopList
) -> _Events:
    """Events that the FPGAs send into channels of chips; for `came` see `HopList.add`."""
    source, path, parent = came
    to_chip, channel = to_chip.astype(np.int64), channel.astype(np.int64)
    hop = hops.add(Place.RECEIVER, LinkKind.TO_CHIP, to_chip, 0, (source, path, parent))
    hop = hops.add(Place.RECEIVER, LinkKind.CHANNEL, to_chip, channel, (source, path, hop))
    port = wiring.FIRST_FPGA_INPUT + channel
    return _Events(source, path, to_chip, port, label.astype(np.int64), hop)


def _pass(registers: Registers, events: _Events, sink: np.ndarray) -> np.ndarray:
    """Which events pass the nodes to the crossbar outputs `sink`, (n,) or broadcast."""
    node: tuple[np.ndarray, ...] = (events.chip, events.port)
    label = events.label
    if sink.ndim == 2:
        node, label = tuple(i[:, np.newaxis] for i in node), label[:, np.newaxis]
    mask = registers.crossbar_mask[(*node, sink)]
    target = registers.crossbar_target[(*node, sink)]
    return wiring.crossbar_nodes()[node[1], sink] & (label & mask == target)


def _forwarded(
    registers: Registers, fpga: FpgaRouting, events: _Events, place: Place, hops: HopList
) -> _Events:
    """What the FPGAs send for those of `events`, which are at a `place`, that leave their chip."""
    output = events.port % chip.L2_CHANNELS
    out = np.flatnonzero(_pass(registers, events, wiring.FIRST_L2_OUTPUT + output))
    bits = chip.NEURON_LABEL_MAX + 1
    key = (fpga.loop_chip.astype(np.int64) * chip.L2_CHANNELS + fpga.loop_output) * bits
    key += fpga.loop_label
    order = stable_order(key)
    wanted = (events.chip[out] * chip.L2_CHANNELS + output[out]) * bits + events.label[out]
    begin = np.searchsorted(key[order], wanted, side="left")
    count = np.searchsorted(key[order], wanted, side="right") - begin
    entry = order[ranges(begin, count)]
    source, path, home = events.source[out], events.path[out], events.chip[out]
    came = source, path, events.hop[out]
    hop = hops.add(place, LinkKind.L2_OUTPUT, home, output[out], came)
    hop = hops.add(place, LinkKind.TO_FPGA, home, 0, (source, path, hop))
    sender = np.repeat(np.arange(len(out)), count)
    to_chip = fpga.to_chip[entry].astype(np.int64)
    same = to_chip == home[sender]
    parent = np.where(same, hop[sender], -1)
    parent[~same] = _between_chips(source, home, hop, sender[~same], to_chip[~same], hops)
    came = source[sender], np.where(same, Path.LOOP, Path.CHIPS), parent
    return _sent(to_chip, fpga.to_channel[entry], fpga.to_label[entry], came, hops)


def _between_chips(
    source: np.ndarray,
    home: np.ndarray,
    hop: np.ndarray,
    sender: np.ndarray,
    to_chip: np.ndarray,
    hops: HopList,
) -> np.ndarray:
    """Hops between FPGAs: int64 (n,), the last one of each of the events (`sender`, `to_chip`).

    An event is sent once for all other chips, and received once on each of them.
    """
    who, index = np.unique(sender, return_inverse=True)
    came = source[who], np.full(len(who), Path.CHIPS), hop[who]
    sent = hops.add(Place.SENDER, LinkKind.SEND, home[who], 0, came)
    n_chips = int(to_chip.max(initial=0)) + 1
    pairs, back = np.unique(index * n_chips + to_chip, return_inverse=True)
    index, to_chip = np.divmod(pairs, n_chips)
    came = source[who[index]], np.full(len(pairs), Path.CHIPS), sent[index]
    return hops.add(Place.RECEIVER, LinkKind.RECEIVE, to_chip, 0, came)[back]


def _bus_events(registers: Registers, events: _Events, hops: HopList) -> _Events:
    """Events at the buses; their port is ``hemisphere * 4 + bus``."""
    passing = _pass(registers, events, np.arange(wiring.BUSES)[np.newaxis])
    index, bus = np.nonzero(passing)
    enabled = registers.padi_enable.reshape(-1, wiring.BUSES)[events.chip[index], bus]
    events = events.at(index[enabled], port=bus[enabled])
    came = events.source, events.path, events.hop
    hop = hops.add(Place.BUS, LinkKind.BUS, events.chip, events.port, came)
    return events.at(slice(None), hop=hop)


def _synapses(
    registers: Registers, events: _Events, synapse: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Which of these synapses the events at the buses drive: source, path, synapse and hop."""
    # which drivers of each bus answer which row select: (chips, 2, bus, row select, index on bus)
    n_chips = len(registers.padi_enable)
    shape = (n_chips * wiring.ARRAYS, chip.DRIVERS_PER_BUS, chip.PADI_BUSES)
    mask = registers.driver_mask.reshape(shape).swapaxes(1, 2)[:, :, np.newaxis]
    enable = registers.driver_enable.reshape(shape).swapaxes(1, 2)[:, :, np.newaxis]
    index = np.arange(chip.DRIVERS_PER_BUS)
    selects = np.arange(chip.ROW_MASK_MAX + 1)[:, np.newaxis]
    answers = enable & ((selects & mask) == (index & mask))
    answering, driver = np.nonzero(answers.reshape(-1, chip.DRIVERS_PER_BUS))
    start = np.searchsorted(answering, np.arange(answers.size // chip.DRIVERS_PER_BUS + 1))
    # events to drivers
    row_select, address = wiring.bus_label(events.label)
    bus = events.chip * wiring.BUSES + events.port
    select = bus * (chip.ROW_MASK_MAX + 1) + row_select
    begin, count = start[select], start[select + 1] - start[select]
    event = np.repeat(np.arange(len(select)), count)
    index = driver[ranges(begin, count)]
    array, bus = np.divmod(bus[event], chip.PADI_BUSES)
    where = (array * chip.DRIVERS + index * chip.PADI_BUSES + bus) * chip.LABELS + address[event]
    order = stable_order(where)
    start = np.zeros(n_chips * wiring.ARRAYS * chip.DRIVERS * chip.LABELS + 1, np.int64)
    np.cumsum(np.bincount(where, minlength=len(start) - 1), out=start[1:])
    # drivers to synapses
    label = registers.synapse_label.ravel()[synapse].astype(np.int64)
    slot = synapse // (chip.COLUMNS * chip.ROWS_PER_DRIVER) * chip.LABELS + label
    begin, count = start[slot], start[slot + 1] - start[slot]
    event = event[order[ranges(begin, count)]]
    synapse = np.repeat(synapse, count)
    return events.source[event], events.path[event], synapse, events.hop[event]
