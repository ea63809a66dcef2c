"""Spike sources on the chips: background generators that send the spikes of a whole population.

A generator reaches one bus of one synapse array. A population with synapses in several arrays, of
whatever chips, has a generator in each of them, all with the same registers but for the row select:
so all send the same spikes at the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.background import Generator, names_of
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.records import LINES

from .drivers import DIRECT_GROUPS, GENERATOR_GROUPS, NEURON_GROUPS, drivers_of
from .errors import PlacementError
from .network import Network, Sources
from .place import split_rows
from .weights import Joined

__all__ = ["GeneratorSources", "generator_groups", "generator_of", "generator_registers"]


def generator_of(sources: Sources) -> Generator:
    """Registers of the generators of a population, but for the row select.

    Raises
    ------
    PlacementError
        One generator cannot make the spikes of so many or so fast sources.
    """
    if sources.size > chip.BACKGROUND_NAMES:
        raise PlacementError(
            f"{sources.label}: {sources.size} sources, a generator on the chip has labels for "
            f"{chip.BACKGROUND_NAMES}; make several populations of them"
        )
    assert sources.on_chip is not None
    try:
        return Generator.for_sources(sources.size, sources.on_chip.rate, sources.on_chip.seed)
    except ValueError as error:
        raise PlacementError(f"{sources.label}: {error}; lower rate or size") from error


def _turns(size: int) -> int:
    """Row selects that a generator of `size` sources sends in turn."""
    return max(1, names_of(size) // chip.LABELS)


@frozen
class GeneratorSources:
    """The sources of a network that generators make.

    Attributes
    ----------
    label : tuple of str
        Of each population with generators.
    size : tuple of int
    generator : tuple of Generator
    first : tuple of int
        First source of each population.
    population : int64 (n_sources,)
        Which of them each source belongs to, -1 = none.
    """

    label: tuple[str, ...]
    size: tuple[int, ...]
    generator: tuple[Generator, ...]
    first: tuple[int, ...]
    population: np.ndarray

    @classmethod
    def of(cls, network: Network) -> GeneratorSources:
        first = network.n_neurons + np.cumsum([0, *(s.size for s in network.sources)])
        mine = [(int(k), s) for k, s in zip(first, network.sources, strict=False) if s.on_chip]
        population = np.full(network.n_sources, -1)
        for number, (begin, sources) in enumerate(mine):
            population[begin : begin + sources.size] = number
        return cls(
            tuple(s.label for _, s in mine),
            tuple(s.size for _, s in mine),
            tuple(generator_of(s) for _, s in mine),
            tuple(k for k, _ in mine),
            population,
        )

    def same_as(self, other: GeneratorSources) -> bool:
        """Whether the same sources have the same registers."""
        return (
            self.size == other.size
            and self.first == other.first
            and self.generator == other.generator
        )

    def name(self, source: np.ndarray) -> np.ndarray:
        """Position in their populations of sources that belong to some."""
        return source - np.array(self.first, np.int64)[self.population[source]]

    def lines(self, joined: Joined, n_neurons: int) -> np.ndarray:
        """Input lines with synapses of generators, for which rows are scarce: bool (2 n,)."""
        result = np.zeros(LINES * n_neurons, bool)
        if self.size:
            result[joined.slot[self.population[joined.pre] >= 0]] = True
        return result

    def circuits(self, joined: Joined, rows: np.ndarray, n_neurons: int) -> np.ndarray:
        """Circuits that neurons need for the rows of one bus to suffice: int64 (n_neurons,)."""
        count = np.ones(n_neurons, np.int64)
        if not self.size:
            return count
        population = self.population[joined.pre]
        for k, size in enumerate(self.size):
            turns = _turns(size)
            mine = np.flatnonzero(population == k)
            turn = self.name(joined.pre[mine]) // chip.LABELS
            slots = LINES * n_neurons
            needed = np.bincount(turn * slots + joined.slot[mine], rows[mine], turns * slots)
            target = replace(chip.HICANN_X, rows=_ROWS_PER_BUS // turns)
            for group in needed.astype(np.int64).reshape(turns, n_neurons, LINES):
                count = np.maximum(count, split_rows(group, target))
        return count


_ROWS_PER_BUS = chip.DRIVERS_PER_BUS * chip.ROWS_PER_DRIVER


def generator_groups(
    array: int,
    sources: GeneratorSources,
    source: np.ndarray,
    needed: Callable[[np.ndarray, np.ndarray], np.ndarray],
    load: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Generators for the populations with synapses in one array.

    Parameters
    ----------
    array : int
        ``chip * 2 + hemisphere``.
    sources : GeneratorSources
    source : int64 (n,)
        Of each entry of the array's demand.
    needed : callable
        ``needed(entries, group)`` is how many rows these entries need in their groups, 0 to 3, at
        each line: int64 (4, 2).
    load : int64 (4,)
        How much other events would use each bus; larger generators go to buses that are used less.

    Returns
    -------
    group : int64 (n,)
        Of entries that generators serve, among the direct groups of the array; else -1.
    rows : int64 (DIRECT_GROUPS, 2)

    Raises
    ------
    PlacementError
        More populations than generators, or too many synapses for the drivers of one bus.
    """
    group = np.full(len(source), -1)
    rows = np.zeros((DIRECT_GROUPS, LINES), np.int64)
    population = sources.population[source]
    present = np.unique(population[population >= 0]).tolist()
    where = f"the {('top', 'bottom')[array % chip.HEMISPHERES]} half of chip {array // 2}"
    if len(present) > chip.PADI_BUSES:
        raise PlacementError(
            f"{', '.join(sources.label[k] for k in present)}: {len(present)} populations of "
            f"generators reach {where}, which has {chip.PADI_BUSES}; use fewer, or make the spikes "
            "of some on the host with SpikeSourcePoisson"
        )
    found = []
    for k in present:
        entries = np.flatnonzero(population == k)
        turn = sources.name(source[entries]) // chip.LABELS
        turns = _turns(sources.size[k])
        own = needed(entries, turn)[:turns]
        drivers = max(1, int(drivers_of(own).max()))
        if drivers * turns > chip.DRIVERS_PER_BUS:
            raise PlacementError(
                f"{sources.label[k]}: its synapses need {drivers * turns} synapse drivers of one "
                f"bus in {where}, which has {chip.DRIVERS_PER_BUS}; connect each cell to fewer of "
                "its sources, or make their spikes on the host with SpikeSourcePoisson"
            )
        # groups that take turns have the same number of drivers
        own[:, 0] += chip.ROWS_PER_DRIVER * (drivers - drivers_of(own))
        found.append((drivers * turns, k, entries, turn, own))
    buses = np.argsort(load, kind="stable").tolist()
    found.sort(key=lambda one: (-one[0], one[1]))
    for bus, (_, _, entries, turn, own) in zip(buses, found, strict=False):
        first = NEURON_GROUPS + bus * GENERATOR_GROUPS
        group[entries] = first + turn
        rows[first : first + len(own)] = own
    return group, rows


def generator_registers(
    served: np.ndarray, select: np.ndarray, sources: GeneratorSources
) -> dict[str, np.ndarray]:
    """The registers of the generators of all chips.

    Parameters
    ----------
    served : int64 (n_chips, 8)
        Population that each generator serves, -1 = none.
    select : int64 (n_chips, 8)
        One of the row selects that it sends.
    sources : GeneratorSources
    """
    reset = ChipConfig.default().to_dict()
    names = [name for name in reset if name.startswith("background_")]
    register = {name: np.repeat(reset[name][np.newaxis], len(served), axis=0) for name in names}
    for on_chip, number in np.argwhere(served >= 0).tolist():
        generator = sources.generator[served[on_chip, number]]
        label = select[on_chip, number] << chip.LABEL_BITS & ~generator.mask
        values = {**vars(generator), "enable": True, "label": label}
        for name in names:
            register[name][on_chip, number] = values[name.removeprefix("background_")]
    return register
