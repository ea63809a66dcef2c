"""The network as it is when a snippet is appended: registers, connections, spikes, recordings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN.common import Assembly as BaseAssembly

from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.records import Variable
from pynn_bss2sim.mapping import Network, OnChip, Projection, Sources, coded_network

from .._core.frozen import frozen
from .calibration import cadc_correction
from .circuit_parameters import CIRCUITS, COLUMNS
from .clock import TIMESTEP
from .host_spikes import HostSpikes
from .joined import circuits_of, membranes_of
from .recording_data import ANALOG, Request
from .without_effect import tell_missed_resets

if TYPE_CHECKING:
    from .plasticity_rules import PlasticityRule
    from .populations import Population
    from .simulator import State

__all__ = ["Snapshot", "take_snapshot"]

_HZ_PER_MHZ = 1e6


@frozen
class Snapshot:
    """What one snippet of an experiment consists of.

    Attributes
    ----------
    start, stop : int, cycles
    network : Network
    configs : tuple of ChipConfig
        Without synapses and routing, for each part of the network.
    circuit : int64 (n_neurons,)
        ``part * 512 + circuit``.
    joined, membrane : int64 (n_neurons,)
        How many circuits make up each membrane, and to whose membrane each circuit belongs.
    cadc_correction : int64 (1024,)
    neurons, sources : tuple of Population
        In the order of the network.
    requests : dict of Population to Request
    cycle, source : int64 (n,)
        Spikes of the host, ordered by time: when, and of which external input.
    generated : dict of Population to (int64 (n,), int64 (n,))
        Spikes of generators that are recorded: cycles and cells.
    projections : tuple of Projection
        Those of the user, in the order of the network's.
    rules : dict of Projection or Population to PlasticityRule
        Of those that have one.
    shown : int64 (n_neurons,)
        The `Variable` of each neuron that the plasticity processors read.
    post_pulses : bool (n_neurons,)
        Spikes of the neuron come back to the sensors of its synapses.
    duration : float, s
        How long it took.
    """

    start: int
    stop: int
    network: Network
    configs: tuple[ChipConfig, ...]
    circuit: np.ndarray
    joined: np.ndarray
    membrane: np.ndarray
    cadc_correction: np.ndarray
    neurons: tuple
    sources: tuple
    requests: dict[object, Request]
    cycle: np.ndarray
    source: np.ndarray
    generated: dict[object, tuple[np.ndarray, np.ndarray]]
    projections: tuple
    rules: dict[object, PlasticityRule]
    shown: np.ndarray
    post_pulses: np.ndarray
    duration: float


def take_snapshot(state: State, start: int, stop: int) -> Snapshot:
    """Take the network of `state` for the cycles `start` to `stop`, without the last.

    Raises
    ------
    RuntimeError
        There are more neurons than circuits.
    NotImplementedError
        A projection begins or ends at an assembly.
    """
    begun = perf_counter()
    neurons, sources = tuple(state.neurons), tuple(state.sources)
    circuit = state.circuits()
    places = _places(neurons, circuit)
    for population, place in places.items():
        population.load(state.chip_config.neuron_block.columns, place % CIRCUITS)
    calibrated = [p for p in neurons if p.celltype.calibrated]
    parts = int(circuit.max(initial=0)) // CIRCUITS + 1
    if calibrated and parts > 1:
        raise RuntimeError(
            f"{calibrated[0].label}: {len(circuit)} neurons do not fit a chip, and calibrated ones "
            "are not executed in parts; use fewer"
        )
    state.calibrated.update(calibrated, places)
    first = _offsets(neurons, 0)
    first |= _offsets(sources, sum(p.size for p in neurons))
    network = coded_network(
        TIMESTEP,
        [(p.label, p.size) for p in neurons],
        [Sources(p.label, p.size, _on_chip(p)) for p in sources],
        [_projection(projection, first) for projection in state.projections],
    )
    cycle, source = _spikes(sources, state.host_spikes, start, stop)
    columns = [_columns(state, places, part) for part in range(parts)]
    return Snapshot(
        start=start,
        stop=stop,
        network=network,
        configs=tuple(_config(state, part) for part in columns),
        circuit=circuit,
        joined=circuits_of(columns, circuit),
        membrane=membranes_of(columns, circuit),
        cadc_correction=(
            cadc_correction(state.model) if calibrated else state.chip_config.cadc_correction.copy()
        ),
        neurons=neurons,
        sources=sources,
        requests={p: p.recorder.request for p in (*neurons, *sources)},
        cycle=cycle,
        source=source,
        generated={
            p: p.celltype.events(p.parameter_arrays, start, stop)
            for p in sources
            if p.celltype.on_chip and len(p.recorder.request.spiking)
        },
        projections=tuple(state.projections),
        rules=_rules(state, neurons),
        shown=_shown(neurons),
        post_pulses=_post_pulses(neurons),
        duration=perf_counter() - begun,
    )


def _rules(state: State, neurons: Sequence[Population]) -> dict[object, PlasticityRule]:
    """The rules of projections and populations.

    Raises
    ------
    NotImplementedError
        A rule has a kernel in C++ only.
    RuntimeError
        Different kernels have the same `same_id`; or the processors are busy reading the column
        converters.
    """
    given: dict[object, PlasticityRule | None] = {
        p: p.synapse_type.plasticity_rule for p in state.projections
    }
    given |= {p: p.celltype.plasticity_rule for p in neurons}
    rules = {owner: rule for owner, rule in given.items() if rule is not None}
    for rule in rules.values():
        rule.require_python()
    _refuse_kernels_of_one_id(rules.values())
    reading = [p.label for p in neurons if p.recorder.request.devices.get("cadc")]
    if rules and reading:
        raise RuntimeError(
            f"{reading[0]}: device='cadc' beside a plasticity rule: the processors that read the "
            "column converters run the rule; record with the MADC"
        )
    return rules


def _of_neurons(populations: Iterable, name: str, default: float) -> np.ndarray:
    """A parameter of all neurons; those that do not have it have a default."""
    found = [p.parameter_arrays.get(name, np.full(p.size, default)) for p in populations]
    return np.concatenate([np.empty(0, type(default)), *found])


def _shown(neurons: tuple) -> np.ndarray:
    """The variable of each neuron that the plasticity processors read: int64 (n,)."""
    source = _of_neurons(neurons, "plasticity_rule_readout_source", 0.0).astype(np.int64)
    enabled = _of_neurons(neurons, "plasticity_rule_enable_readout_source", False)
    # the choices of `ReadoutSource` have the order of the analog variables
    return np.where(enabled, np.array(list(ANALOG.values()))[source], Variable.V)


def _post_pulses(neurons: tuple) -> np.ndarray:
    """Whether spikes of each neuron come back to the sensors of its synapses: bool (n,)."""
    overwritten = _of_neurons(neurons, "event_routing_enable_post_overwrite", False)
    return _of_neurons(neurons, "bayesian_to_post_pulse", True) & ~overwritten


def _refuse_kernels_of_one_id(rules: Iterable[PlasticityRule]) -> None:
    """Raise RuntimeError where rules of one `same_id` have different kernels."""
    known: dict[int, PlasticityRule] = {}
    for rule in rules:
        other = known.setdefault(rule.same_id, rule)
        if type(other).kernel is not type(rule).kernel:
            raise RuntimeError(
                f"{type(other).__name__} and {type(rule).__name__} have the same_id="
                f"{rule.same_id} and different kernels; give PlasticityRule(..., same_id=...) a "
                "number of its own for each kernel"
            )


def _offsets(populations: Sequence[Population], first: int) -> dict:
    """Index of the first cell of each population."""
    offsets = {}
    for population in populations:
        offsets[population] = first
        first += population.size
    return offsets


def _places(neurons: Sequence[Population], circuit: np.ndarray) -> dict:
    """Circuits of each population: int64 (size,)."""
    ends = np.cumsum([p.size for p in neurons])
    return dict(zip(neurons, np.split(circuit, ends[:-1]), strict=True)) if neurons else {}


def _columns(state: State, places: dict, part: int) -> dict[str, np.ndarray]:
    """The parameters of all circuits of the chip for a part of the network."""
    columns = {name: c.copy() for name, c in state.chip_config.neuron_block.columns.items()}
    for population, place in places.items():
        own = population.parameter_arrays
        if population.celltype.calibrated:
            own = state.calibrated.columns(population)
        mine = place // CIRCUITS == part
        here = place[mine] % CIRCUITS
        for name, values in own.items():
            if name in COLUMNS:
                columns[name][here] = values[mine]
        columns["event_routing_enable_digital"][here] = True
        tell_missed_resets(columns, here)
    return columns


def _config(state: State, columns: dict[str, np.ndarray]) -> ChipConfig:
    """The registers of the chip for a part of the network, without synapses and routing."""
    config = state.chip_config.config(columns)
    return ChipConfig(**{**config.to_dict(), **state.calibrated.blocks()})


def _on_chip(population: Population) -> OnChip | None:
    if not population.celltype.on_chip:
        return None
    rate, seed = (population.parameter_arrays[name][0] for name in ("rate", "seed"))
    return OnChip(float(rate) / _HZ_PER_MHZ, int(seed))


def _projection(projection: Any, first: dict[Population, int]) -> Projection:
    for cells, side in ((projection.pre, "begins"), (projection.post, "ends")):
        if isinstance(cells, BaseAssembly):
            raise NotImplementedError(
                f"{projection.label}: it {side} at an assembly; make one projection for each of "
                "its populations"
            )
    columns = projection.columns
    pre = first[projection.pre.root] + projection.pre.cell_index[columns.pre]
    post = first[projection.post.root] + projection.post.cell_index[columns.post]
    line = list(projection.post.receptor_types).index(projection.receptor_type)
    return Projection(
        projection.label, pre.astype(np.int32), post.astype(np.int32), line,
        columns["weight"].copy(), np.zeros(len(columns)),
    )  # fmt: skip


def _spikes(
    sources: Sequence[Population], host: HostSpikes, start: int, stop: int
) -> tuple[np.ndarray, np.ndarray]:
    """Spikes of the sources on the host in [start, stop): cycles and external inputs."""
    cycles, inputs, first = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for population in sources:
        on_host = () if population.celltype.on_chip else host.of(population, start, stop)
        for cell, inside in enumerate(on_host):
            cycles.append(inside)
            inputs.append(np.full(len(inside), first + cell))
        first += population.size
    cycle, source = np.concatenate(cycles), np.concatenate(inputs)
    order = np.lexsort((source, cycle))
    return cycle[order], source[order]
