"""Who reaches whom: spikes followed through the registers from source to synapse.

Nothing here knows a network. An event leaves a neuron circuit with the label that its address
register and its column give it, or is sent by the host with a label of its choice; crossbar nodes,
drivers and synapses let it pass or not, all by their registers. So a wrong register is a wrong
connection, as it is on the chip.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from . import hicannx as chip
from . import wiring
from .config import ChipConfig, ConfigError
from .config import NeuronSwitch as Switch
from .records import LINES, SynapseTable, frozen_array

__all__ = ["Crossing", "FpgaRouting", "Hits", "Link", "Path", "connect", "crossings", "follow"]

_SYNAPSES = wiring.ARRAYS * chip.ROWS * chip.COLUMNS
_CIRCUITS = chip.HICANN_X.circuits


class Path(enum.IntEnum):
    """How an event comes to a synapse; each way has its latency."""

    DIRECT = 0  #: of a neuron, through the crossbar of its own chip
    HOST = 1  #: sent by the host
    LOOP = 2  #: of a neuron, through the FPGA and back to the same chip
    CHIPS = 3  #: of a neuron, through the FPGAs to another chip


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


def _column(doc: str):
    return field(metadata={"doc": doc})


@dataclass(frozen=True, eq=False)
class FpgaRouting:
    """What host and FPGAs send to the chips: one entry of each group for each event.

    Attributes
    ----------
    host_source, host_chip, host_channel, host_label : int32 (n,)
        For a spike of external input ``host_source``, an event with this label is sent into this
        channel of this chip.
    loop_chip, loop_output, loop_label, to_chip, to_channel, to_label : int32 (m,)
        For an event with ``loop_label`` from output ``loop_output`` of chip ``loop_chip``, one with
        ``to_label`` is sent into channel ``to_channel`` of chip ``to_chip``.
    """

    host_source: np.ndarray = _column("external input")
    host_chip: np.ndarray = _column("chip")
    host_channel: np.ndarray = _column("0 to 3")
    host_label: np.ndarray = _column("14 bits")
    loop_chip: np.ndarray = _column("chip")
    loop_output: np.ndarray = _column("0 to 3")
    loop_label: np.ndarray = _column("14 bits")
    to_chip: np.ndarray = _column("chip")
    to_channel: np.ndarray = _column("0 to 3")
    to_label: np.ndarray = _column("14 bits")

    def __post_init__(self) -> None:
        for f in fields(self):
            group = self.host_source if f.name.startswith("host") else self.loop_chip
            values = frozen_array(
                getattr(self, f.name), np.int32, (len(group),), f"FpgaRouting.{f.name}"
            )
            object.__setattr__(self, f.name, values)
            if f.name.endswith(("channel", "output")):
                self._check(f.name, values, chip.L2_CHANNELS - 1)
            elif f.name.endswith("label"):
                self._check(f.name, values, chip.NEURON_LABEL_MAX)

    @staticmethod
    def _check(name: str, values: np.ndarray, high: int) -> None:
        bad = np.flatnonzero((values < 0) | (values > high))
        if len(bad):
            raise ConfigError(
                f"FpgaRouting.{name}: {values[bad[0]]} at {bad[0]} lies outside 0 to {high}"
            )

    @classmethod
    def none(cls) -> FpgaRouting:
        """Nothing is sent."""
        return cls(*(np.empty(0, np.int32) for _ in fields(cls)))


@dataclass(frozen=True, eq=False)
class Hits:
    """Which source drives which synapse: one entry for each pair that events connect.

    Attributes
    ----------
    source : int64 (n,)
        Neurons, then external inputs.
    path : int64 (n,)
        `Path` values.
    synapse : int64 (n,)
        Counted over all chips: ``((chip * 2 + hemisphere) * 256 + row) * 256 + column``.
    """

    source: np.ndarray
    path: np.ndarray
    synapse: np.ndarray


@dataclass(frozen=True, eq=False)
class Crossing:
    """Which sources have events on the links of one kind: one entry for each event of a spike.

    Attributes
    ----------
    link : Link
    source : int64 (n,)
        Neurons, then external inputs.
    chip : int64 (n,)
    port : int64 (n,), 0 to ``link.ports - 1``
        Of a bus: ``hemisphere * 4 + bus``.
    """

    link: Link
    source: np.ndarray
    chip: np.ndarray
    port: np.ndarray


@dataclass(frozen=True, eq=False)
class _Events:
    """Events at inputs of crossbars, or at buses."""

    source: np.ndarray
    path: np.ndarray
    chip: np.ndarray
    port: np.ndarray
    label: np.ndarray

    def at(self, index: np.ndarray, **changes: np.ndarray) -> _Events:
        kept = {f.name: getattr(self, f.name)[index] for f in fields(self)}
        return _Events(**{**kept, **changes})

    def __add__(self, other: _Events) -> _Events:
        return _Events(
            *(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self))
        )


class _Registers:
    """Registers of all chips, stacked."""

    def __init__(self, configs: Sequence[ChipConfig]) -> None:
        self._configs = configs

    def __getattr__(self, name: str) -> np.ndarray:
        return np.stack([getattr(config, name) for config in self._configs])


def follow(configs: Sequence[ChipConfig], fpga: FpgaRouting, first: np.ndarray) -> Hits:
    """Follow the events of all sources to the synapses that they drive.

    Parameters
    ----------
    configs : sequence of ChipConfig
    fpga : FpgaRouting
    first : int64 (n_neurons,)
        The circuit that emits the spikes of each neuron, counted over all chips.

    Raises
    ------
    ConfigError
        An event leads to a chip that is not there, or would go round between chip and FPGA.
    """
    if not configs:
        return Hits(*(np.empty(0, np.int64) for _ in range(3)))
    registers = _Registers(configs)
    spikes, sent = _sent(registers, fpga, first)
    return _synapses(registers, _bus_events(registers, spikes + sent))


def crossings(
    configs: Sequence[ChipConfig], fpga: FpgaRouting, first: np.ndarray
) -> tuple[Crossing, ...]:
    """Which links the events of all sources pass; for parameters and errors see `follow`.

    Returns
    -------
    tuple of Crossing
        One for each `Link`; empty without chips.
    """
    if not configs:
        return ()
    registers = _Registers(configs)
    spikes, sent = _sent(registers, fpga, first)
    leaving = _leaving(registers, spikes + sent)
    on_bus = _bus_events(registers, spikes + sent)
    return (
        Crossing(Link.OUTPUT, spikes.source, spikes.chip, spikes.port),
        Crossing(Link.TO_FPGA, leaving.source, leaving.chip, leaving.port),
        Crossing(Link.FROM_FPGA, sent.source, sent.chip, sent.port - wiring.FIRST_FPGA_INPUT),
        Crossing(Link.BUS, on_bus.source, on_bus.chip, on_bus.port),
    )


def connect(
    configs: Sequence[ChipConfig],
    fpga: FpgaRouting,
    first: np.ndarray,
    n_sources: int,
    step: np.ndarray,
    latency: np.ndarray,
    amplitude: np.ndarray | None = None,
    delay: np.ndarray | None = None,
    strength: np.ndarray | None = None,
) -> SynapseTable:
    """The connections that the registers make.

    Parameters
    ----------
    configs, fpga, first
        See `follow`.
    n_sources : int
        Neurons and external inputs.
    step : float64 (n_circuits, 2), nA or µS
        What one weight code adds at each input line of each circuit of all chips.
    latency : int (4,), steps
        Of each `Path`.
    amplitude : float64 (n_synapses,), optional
        What each synapse of all chips adds, in place of weight code times step: a chip whose
        weights are exact.
    delay : int (n_synapses,), optional
        Of each synapse, in place of the latency: a chip whose delays are as asked for.
    strength : float32 (n_synapses,), optional
        Factor of each synapse where weight codes are used, see `Device.synapse_strength`.

    Returns
    -------
    SynapseTable
        Ordered by source, target, line and delay; parallel synapses are summed.

    Raises
    ------
    ConfigError
        As `follow`; or two neurons are joined to one.
    """
    hits = follow(configs, fpga, first)
    circuit = hits.synapse // (chip.ROWS * chip.COLUMNS) * chip.COLUMNS
    circuit += hits.synapse % chip.COLUMNS
    target = _neuron_of_circuit(configs, first)[circuit]
    parts = []
    if configs:
        registers = _Registers(configs)
        mode = registers.row_mode.ravel()[hits.synapse // chip.COLUMNS]
        code = registers.synapse_weight.ravel()[hits.synapse]
        for line in range(LINES):
            on = np.flatnonzero((mode >> line & 1).astype(bool) & (target >= 0))
            at = hits.synapse[on]
            size = code[on] * step[circuit[on], line] if amplitude is None else amplitude[at]
            if strength is not None and amplitude is None:
                size = size * strength[at]
            wait = latency[hits.path[on]] if delay is None else delay[at]
            kept = np.flatnonzero(size)
            on = on[kept]
            parts.append(
                (hits.source[on], target[on], np.full(len(on), line), wait[kept], size[kept])
            )
    return _summed(len(first), n_sources, parts)


def _neuron_of_circuit(configs: Sequence[ChipConfig], first: np.ndarray) -> np.ndarray:
    """The neuron that each circuit of all chips belongs to by the switches, -1 = none."""
    if not configs:
        return np.empty(0, np.int64)
    joined = _Registers(configs).switches[..., Switch.CONNECT_RIGHT].copy()
    # there is no switch between blocks
    joined[:, chip.COLUMNS_PER_BLOCK - 1 :: chip.COLUMNS_PER_BLOCK] = False
    begins = ~np.concatenate([[False], joined.ravel()[:-1]])
    component = np.cumsum(begins) - 1
    mine = component[first]
    neuron = np.full(component[-1] + 1, -1, np.int64)
    neuron[mine] = np.arange(len(first))
    clash = np.flatnonzero(neuron[mine] != np.arange(len(first)))
    if len(clash):
        raise ConfigError(
            f"the circuits of neurons {clash[0]} and {neuron[mine[clash[0]]]} are joined"
        )
    return neuron[component]


def _summed(n_neurons: int, n_sources: int, parts: list) -> SynapseTable:
    """Sum what has source, target, line and delay in common."""
    empty = (np.empty(0, np.int64),) * 4 + (np.empty(0),)
    source, target, line, delay, size = (
        np.concatenate([part[k] for part in [empty, *parts]]) for k in range(len(empty))
    )
    pair = (source * n_neurons + target) * LINES + line
    waits = np.unique(delay)
    key = pair * max(1, len(waits)) + np.searchsorted(waits, delay)
    order = np.argsort(key, kind="stable")
    key = key[order]
    begin = np.flatnonzero(np.diff(key, prepend=-1))
    total = np.add.reduceat(size[order], begin) if len(begin) else size
    one = order[begin]
    return SynapseTable.from_pairs(
        n_neurons, n_sources, source[one], target[one], line[one], total, delay[one]
    )


def _sent(registers: _Registers, fpga: FpgaRouting, first: np.ndarray) -> tuple[_Events, _Events]:
    """Events at the outputs of the neurons, and those that the FPGAs send."""
    n_chips = len(registers.padi_enable)
    for name in ("host_chip", "loop_chip", "to_chip"):
        values = getattr(fpga, name)
        if len(values) and not 0 <= values.min() <= values.max() < n_chips:
            raise ConfigError(f"FpgaRouting.{name}: there are {n_chips} chips")
    spikes = _spikes(registers, first)
    sent = _forwarded(registers, fpga, spikes) + _host_events(fpga, len(first))
    if len(_forwarded(registers, fpga, sent).source):
        raise ConfigError("an event of the FPGA would come back to it and be forwarded again")
    return spikes, sent


def _leaving(registers: _Registers, events: _Events) -> _Events:
    """What passes to the FPGA; its port is the channel."""
    channel = events.port % chip.L2_CHANNELS
    out = np.flatnonzero(_pass(registers, events, wiring.FIRST_L2_OUTPUT + channel))
    return events.at(out, port=channel[out])


def _spikes(registers: _Registers, first: np.ndarray) -> _Events:
    """Events at the outputs of the neurons."""
    digital = registers.switches[..., Switch.DIGITAL_ENABLE].ravel()[first]
    source = np.flatnonzero(digital)
    circuit = np.asarray(first, np.int64)[source]
    column = circuit % chip.COLUMNS
    address = registers.address.ravel()[circuit].astype(np.int64)
    return _Events(
        source,
        np.full(len(source), Path.DIRECT),
        circuit // _CIRCUITS,
        wiring.event_output(column),
        wiring.neuron_label(column, address),
    )


def _host_events(fpga: FpgaRouting, n_neurons: int) -> _Events:
    return _Events(
        n_neurons + fpga.host_source.astype(np.int64),
        np.full(len(fpga.host_source), Path.HOST),
        fpga.host_chip.astype(np.int64),
        wiring.FIRST_FPGA_INPUT + fpga.host_channel.astype(np.int64),
        fpga.host_label.astype(np.int64),
    )


def _pass(registers: _Registers, events: _Events, sink: np.ndarray) -> np.ndarray:
    """Which events pass the nodes to the crossbar outputs `sink`, (n,) or broadcast."""
    node = (events.chip, events.port)
    label = events.label
    if sink.ndim == 2:
        node, label = tuple(i[:, np.newaxis] for i in node), label[:, np.newaxis]
    mask = registers.crossbar_mask[(*node, sink)]
    target = registers.crossbar_target[(*node, sink)]
    return wiring.crossbar_nodes()[node[1], sink] & (label & mask == target)


def _forwarded(registers: _Registers, fpga: FpgaRouting, events: _Events) -> _Events:
    """What the FPGAs send for those of `events` that leave their chip."""
    leaving = _leaving(registers, events)
    bits = chip.NEURON_LABEL_MAX + 1
    key = (fpga.loop_chip.astype(np.int64) * chip.L2_CHANNELS + fpga.loop_output) * bits
    key += fpga.loop_label
    order = np.argsort(key, kind="stable")
    wanted = (leaving.chip * chip.L2_CHANNELS + leaving.port) * bits + leaving.label
    begin = np.searchsorted(key[order], wanted, side="left")
    count = np.searchsorted(key[order], wanted, side="right") - begin
    entry = order[_ranges(begin, count)]
    sender = np.repeat(np.arange(len(count)), count)
    to_chip = fpga.to_chip[entry].astype(np.int64)
    same = to_chip == leaving.chip[sender]
    return _Events(
        leaving.source[sender],
        np.where(same, Path.LOOP, Path.CHIPS),
        to_chip,
        wiring.FIRST_FPGA_INPUT + fpga.to_channel[entry].astype(np.int64),
        fpga.to_label[entry].astype(np.int64),
    )


def _bus_events(registers: _Registers, events: _Events) -> _Events:
    """Events at the buses; their port is ``hemisphere * 4 + bus``."""
    passing = _pass(registers, events, np.arange(wiring.BUSES)[np.newaxis])
    index, bus = np.nonzero(passing)
    enabled = registers.padi_enable.reshape(-1, wiring.BUSES)[events.chip[index], bus]
    return events.at(index[enabled], port=bus[enabled])


def _synapses(registers: _Registers, events: _Events) -> Hits:
    """The synapses that the events at the buses drive."""
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
    index = driver[_ranges(begin, count)]
    array, bus = np.divmod(bus[event], chip.PADI_BUSES)
    where = (array * chip.DRIVERS + index * chip.PADI_BUSES + bus) * chip.LABELS + address[event]
    order = np.argsort(where, kind="stable")
    start = np.zeros(n_chips * wiring.ARRAYS * chip.DRIVERS * chip.LABELS + 1, np.int64)
    np.cumsum(np.bincount(where, minlength=len(start) - 1), out=start[1:])
    # drivers to synapses
    synapse = np.flatnonzero(registers.synapse_weight)
    label = registers.synapse_label.ravel()[synapse].astype(np.int64)
    slot = synapse // (chip.COLUMNS * chip.ROWS_PER_DRIVER) * chip.LABELS + label
    begin, count = start[slot], start[slot + 1] - start[slot]
    event = event[order[_ranges(begin, count)]]
    return Hits(events.source[event], events.path[event], np.repeat(synapse, count))


def _ranges(begin: np.ndarray, count: np.ndarray) -> np.ndarray:
    """``begin[0] .. begin[0] + count[0] - 1, begin[1] ..`` behind one another."""
    shift = np.cumsum(count) - count
    return np.arange(int(count.sum())) + np.repeat(begin - shift, count)
