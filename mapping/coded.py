"""Networks whose registers are given: one circuit for each neuron, weights in codes.

The chip's own frontend speaks in register codes. Nothing is translated or fitted for it: neurons
lie where they are told to, and have the registers that they are given; connections are routed as
in `mapper`, and read back from the registers as there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim._core.background import BackgroundInputs
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.connect import Connections
from pynn_bss2sim._core.device import LINE_BYPASS, LINE_IS_COBA, Device
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.hicannx import HICANN_X, ROWS, WEIGHT_MAX
from pynn_bss2sim._core.links import Ways
from pynn_bss2sim._core.pulses import Pulses
from pynn_bss2sim._core.records import LINES, Circuits, SynapseTable

from . import connectivity, registers, weights
from .constraints import Constraints
from .errors import ParameterError, PlacementError, RoutingError
from .generators import GeneratorSources
from .network import Network, Population, Projection, Sources
from .place import Placement
from .report import DEFAULT_LOOK, ChipUsage, Look, chip_usage, draw_chip
from .route import Routing, route

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CodedMapping", "coded_network", "map_codes"]

_RECEPTORS = ("excitatory", "inhibitory")


@frozen
class CodedMapping:
    """A network in codes on a chip.

    A network with more neurons than a chip has circuits is executed part by part on the same chip,
    each part with registers of its own; spikes of former parts come from the host. It is mapped as
    if there were several chips that are all alike.

    Attributes
    ----------
    network : Network
        Its weights are signed codes.
    chip : ChipModel
    configs : tuple of ChipConfig
        All registers of the chip, for each part.
    placement : Placement
    routing : Routing
    circuits : Circuits
    synapses : SynapseTable
    ways : Ways or None
    pulses : Pulses
        Of drivers with short-term plasticity.
    joined : int64 (n_neurons,)
        Circuits that make up each membrane, from that of the neuron to the right.
    """

    network: Network
    chip: ChipModel
    configs: tuple[ChipConfig, ...]
    placement: Placement
    routing: Routing
    circuits: Circuits
    synapses: SynapseTable
    ways: Ways | None
    pulses: Pulses
    joined: np.ndarray

    @property
    def background(self) -> BackgroundInputs:
        """The inputs behind those of the network: generators that run on the chip."""
        return BackgroundInputs(self.configs)

    @property
    def routed(self) -> Routing:
        """`routing`, which every mapping of this kind has."""
        return self.routing

    @property
    def config(self) -> ChipConfig:
        """The registers of the first part."""
        return self.configs[0]

    def altered(self, config: ChipConfig) -> CodedMapping:
        """The same with other registers of a network that is one part."""
        return _realised(
            self.network, (config,), self.placement, self.routing, self.chip, self.joined
        )

    def weight_steps(self) -> np.ndarray:
        """See `Device.weight_steps`."""
        return _device(self.chip).weight_steps(self.configs)

    def connections(self, watched: np.ndarray) -> Connections:
        """The connections of the registers, with all `watched` synapses: int64, as in `Hits`."""
        return _connections(
            self.network, self.configs, self.placement, self.routing, self.chip, watched
        )

    @property
    def usage(self) -> tuple[ChipUsage, ...]:
        """What of the chip each part uses."""
        fpga = self.routing.fpga
        return tuple(chip_usage(k, config, fpga) for k, config in enumerate(self.configs))

    def plot(self, part: int = 0, look: Look = DEFAULT_LOOK) -> Figure:
        """Draw the chip as a part of the network has it; see `report.draw_chip`."""
        return draw_chip(self, part, look)

    def synapses_of(self, projection: int) -> list[np.ndarray]:
        """Synapses of each connection of a projection: int64 (k,), ``row * 256 + column``.

        Rows are counted over both arrays, those of the top half first.
        """
        first, last = self.routing.joined.offset[projection : projection + 2]
        connection = self.routing.connection
        mine = np.flatnonzero((connection >= first) & (connection < last))
        mine = mine[np.lexsort((self.routing.part[mine], connection[mine]))]
        ends = np.searchsorted(connection[mine], np.arange(first + 1, last + 1))
        return np.split(self.routing.synapse[mine], ends)[: last - first]


def coded_network(
    timestep: float,
    populations: Sequence[tuple[str, int]],
    sources: Sequence[Sources],
    projections: Sequence[Projection],
) -> Network:
    """A network whose neurons have no parameters but their registers.

    Parameters
    ----------
    timestep : float, µs
    populations : sequence of (str, int)
        Label and size of each.
    sources : sequence of Sources
    projections : sequence of Projection
        Weights are codes, negative at the inhibitory line 1.
    """
    return Network(
        timestep,
        tuple(
            Population(
                label, size, False, False, _RECEPTORS, {}, np.ones((LINES, size)),
                np.zeros((LINES, size)),
            )
            for label, size in populations
        ),
        tuple(sources),
        tuple(projections),
    )  # fmt: skip


def map_codes(
    network: Network,
    configs: tuple[ChipConfig, ...],
    circuit: np.ndarray,
    model: ChipModel,
    previous: Routing | None = None,
    joined: np.ndarray | None = None,
) -> CodedMapping:
    """Route a network in codes, and read from the registers what it becomes.

    Parameters
    ----------
    network : Network
        See `coded_network`; it has at least one neuron.
    configs : tuple of ChipConfig
        The registers of neurons and their surroundings, for each part of the network; those of
        synapses and routing are set here.
    circuit : int64 (n_neurons,)
        Where each neuron lies: ``part * 512 + circuit``.
    model : ChipModel
        With ``parameters="10bit"`` and ``routing="real"``.
    previous : Routing, optional
        Of an earlier mapping; kept if it serves.
    joined : int64 (n_neurons,), optional
        Circuits that make up each membrane, from that of the neuron to the right; those beyond the
        first have nothing of their own but their capacitance. By default one.

    Raises
    ------
    ParameterError
        Limits that codes are about are lifted in the chip model, or a neuron's lines are not of one
        kind.
    PlacementError
        A circuit is used twice.
    RoutingError
        A neuron has more synapses than rows, connections find no rows or labels, or parts of the
        network depend on one another.
    """
    if model.parameters == "exact" or model.weights == "exact" or model.routing != "real":
        raise ParameterError(
            f"{model!r} does not emulate the registers of the chip, in which this network is "
            "given; choose the chip 'silicon', 'uncalibrated' or 'quantized'"
        )
    placement = _placed(network, np.array(circuit, np.int64))
    listed = weights.join(network)
    code = np.abs(listed.weight).astype(np.int64)
    rows = np.maximum(1, -(-code // WEIGHT_MAX))
    _check_rows(network, listed, rows)
    _check_parts(listed, placement)
    generators = GeneratorSources.of(network)
    if previous is not None and _serves(previous, listed, rows, placement, generators):
        routing = previous
    else:
        routing = route(listed, rows, placement, generators, model.seed)
    _refuse_loss(network, routing)
    configs = registers.with_routing(configs, routing, code)
    members = placement.count if joined is None else np.asarray(joined, np.int64)
    return _realised(network, configs, placement, routing, model, members)


def _device(model: ChipModel) -> Device:
    """The chip of a model, which executes one part after the other."""
    return replace(model.device, repeated=True)


def _realised(
    network: Network,
    configs: tuple[ChipConfig, ...],
    placement: Placement,
    routing: Routing,
    model: ChipModel,
    joined: np.ndarray,
) -> CodedMapping:
    """What the registers of a routed network become."""
    found = _connections(network, configs, placement, routing, model)
    circuits = _device(model).circuits(
        configs, placement.circuit, joined, network.timestep, noise=model.noise
    )
    return CodedMapping(
        network, model, configs, placement, routing, circuits, found.synapses, found.ways,
        found.pulses, joined,
    )  # fmt: skip


def _connections(
    network: Network,
    configs: tuple[ChipConfig, ...],
    placement: Placement,
    routing: Routing,
    model: ChipModel,
    watched: np.ndarray | None = None,
) -> Connections:
    """The connections that registers make; for `watched` see `connect`."""
    nothing = np.empty(0, np.int64), np.empty(0), np.empty(0, np.int32)
    if len(configs) > 1:
        # spikes of former parts come from the host, at their times, and not from chip to chip
        model = replace(model, bandwidth="unlimited")
    lifted = connectivity.Lifted(_signs(network, configs, placement), *nothing)
    return connectivity.read_back(
        model, configs, routing.fpga, placement, network.n_sources, network.timestep, lifted,
        watched, _device(model),
    )  # fmt: skip


def _placed(network: Network, circuit: np.ndarray) -> Placement:
    used, times = np.unique(circuit, return_counts=True)
    if len(used) < len(circuit):
        raise PlacementError(f"circuit {used[times > 1][0]} is given to two neurons")
    constraints = Constraints.of_labels(
        [p.label for p in network.populations],
        [p.size for p in network.populations],
        chip=circuit // HICANN_X.circuits,
        circuit=circuit % HICANN_X.circuits,
    )
    return Placement(HICANN_X, circuit, np.ones(len(circuit), np.int64), constraints)


def _serves(
    routing: Routing,
    joined: weights.Joined,
    rows: np.ndarray,
    placement: Placement,
    generators: GeneratorSources,
) -> bool:
    """Whether a routing can be kept; a connection has as many synapses as its code asks for."""
    same = routing.serves(joined, rows, placement, generators)
    return same and np.array_equal(rows, routing.rows)


def _check_rows(network: Network, joined: weights.Joined, rows: np.ndarray) -> None:
    needed = np.bincount(joined.post, rows, network.n_neurons)
    bad = np.flatnonzero(needed > ROWS)
    if len(bad):
        raise RoutingError(
            f"{_name(network, bad[0])} needs {needed[bad[0]]:.0f} synapses, a circuit has {ROWS}; "
            f"give it fewer connections or weights below {WEIGHT_MAX}"
        )


def _check_parts(joined: weights.Joined, placement: Placement) -> None:
    """Raise where parts cannot be executed one after the other."""
    n = len(placement.circuit)
    inner = joined.pre < n
    edges = np.unique(
        np.stack([placement.chip[joined.pre[inner]], placement.chip[joined.post[inner]]]), axis=1
    )
    waiting = set(range(placement.chips))
    while waiting:
        held = {int(post) for pre, post in edges.T if pre != post and int(pre) in waiting}
        if waiting <= held:
            raise RoutingError(
                f"{n} neurons do not fit a chip, and cannot be executed in parts one after the "
                "other, for these depend on one another; use fewer neurons, or none that excite "
                "former ones"
            )
        waiting &= held


def _refuse_loss(network: Network, routing: Routing) -> None:
    if not routing.lost.any():
        return
    joined = routing.joined
    first = int(np.flatnonzero(routing.lost)[0])
    k = int(np.searchsorted(joined.offset, first, side="right")) - 1
    raise RoutingError(
        f"{network.projections[k].label}: {np.count_nonzero(routing.lost)} of {len(joined)} "
        "connections find no synapse rows or labels on the chip; use fewer connections or smaller "
        "weights, or other places of the neurons"
    )


def _name(network: Network, neuron: int) -> str:
    first = network.first_neuron
    k = int(np.searchsorted(first, neuron, side="right")) - 1
    return f"{network.populations[k].label}[{neuron - first[k]}]"


def _signs(network: Network, configs: tuple[ChipConfig, ...], placement: Placement) -> np.ndarray:
    """Sign of what a weight code adds at each line: float64 (2 * n_neurons,)."""
    switches = np.concatenate([config.switches for config in configs])[placement.circuit]
    coba = switches[:, LINE_IS_COBA]
    bypassed = switches[:, LINE_BYPASS].any(axis=1)
    mixed = np.flatnonzero((coba[:, 0] != coba[:, 1]) & ~bypassed)
    if len(mixed):
        raise ParameterError(
            f"{_name(network, mixed[0])}: one of its inputs is conductance-based and the other is "
            "not, which is not emulated; give both the same mode"
        )
    sign = np.where(coba | bypassed[:, np.newaxis], 1.0, [1.0, -1.0])
    return sign.ravel()
