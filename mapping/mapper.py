"""From a network to a configured chip.

The stages, each a pure function of another module: parameters are gathered, synapses joined and
weighed (`weights`), neurons placed (`place`), parameters translated (`voltage`, `registers`),
the table of synapses filled, and all of it reported (`report`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.hicannx import HICANN_X
from pynn_bss2sim._core.records import LINES, Circuits, SynapseTable

from . import registers, weights
from .accounting import Evidence, account
from .errors import ParameterError, PlacementError
from .network import ADEX_PARAMETERS, LIF_PARAMETERS, Network
from .place import Placement, circuits_needed, place
from .report import Report
from .translate import Asked, Scaling, exact_circuits, gather, realised
from .voltage import voltage_maps

__all__ = ["Mapping", "map_network"]

logger = logging.getLogger("pynn_bss2sim.mapping")


@dataclass(frozen=True, eq=False)
class Mapping:
    """A network on chips.

    Attributes
    ----------
    network : Network
    chip : ChipModel
    circuits : Circuits
        What the emulator integrates.
    synapses : SynapseTable
        Who reaches whom: ordered by source, then projection, then the user's order.
    configs : tuple of ChipConfig
        The registers of each chip; empty where analog parameters are exact, since no register
        holds them.
    placement : Placement
    scaling : Scaling
    weights, delays : tuple of float64 (n,)
        For each projection, in the user's order and units: what is realised.
    parameters : tuple of dict of str to float64
        For each population: its realised parameters, shape (size,), and ``tau_syn`` and ``e_rev``,
        shape (2, size).
    evidence : Evidence
        What the report is made of.
    """

    network: Network
    chip: ChipModel
    circuits: Circuits
    synapses: SynapseTable
    configs: tuple[ChipConfig, ...]
    placement: Placement
    scaling: Scaling
    weights: tuple[np.ndarray, ...]
    delays: tuple[np.ndarray, ...]
    parameters: tuple[dict[str, np.ndarray], ...]
    evidence: Evidence

    @cached_property
    def report(self) -> Report:
        """Asked and realised side by side; made when it is first looked at."""
        return account(
            self.network, self.chip, self.placement, self.scaling, self.parameters, self.evidence
        )

    def __repr__(self) -> str:
        return (
            f"Mapping({len(self.circuits)} neurons on {self.placement.used} circuits of "
            f"{self.placement.chips} chips, {len(self.synapses)} connections, {self.chip!r})"
        )


@dataclass(frozen=True, eq=False)
class _Fit:
    """Weights and placement that agree with each other."""

    placement: Placement
    scaling: Scaling
    rows: np.ndarray  # synapse rows of each neuron
    synapses: np.ndarray  # synapses of the chip for each connection
    amplitude: np.ndarray  # of each connection, on the chip
    weight: np.ndarray  # realised, biological
    strength: registers.Strength | None


def map_network(network: Network, chip: ChipModel, previous: Mapping | None = None) -> Mapping:
    """Bring a network onto as many chips as it takes.

    Parameters
    ----------
    network : Network
    chip : ChipModel
    previous : Mapping, optional
        An earlier mapping of this network, which may since have grown or changed. The voltage
        maps of populations that still fit are kept, so that the state of a running emulation
        keeps its meaning; where they are not, ``scaling.rescaling(previous.scaling)`` converts it.

    Returns
    -------
    Mapping

    Raises
    ------
    MappingError
        Parameters or synapses have no meaning, or with ``routing="real"`` a neuron needs more
        synapse rows than one can have.
    """
    if not (np.isfinite(network.timestep) and network.timestep > 0):
        raise ParameterError(f"time step {network.timestep} ms: a positive number is needed")
    asked = gather(network)
    joined = weights.join(network)
    fit = _fit(network, chip, asked, joined, previous)
    if chip.parameters == "exact":
        configs: tuple[ChipConfig, ...] = ()
        clipped: dict[str, np.ndarray] = {}
        circuits = exact_circuits(asked, network.timestep)
    else:
        configs, clipped = registers.configure(
            network, asked, fit.scaling, fit.placement, fit.strength
        )
        circuits = Device().circuits(
            configs, fit.placement.circuit, fit.placement.count, network.timestep
        )
    steps = _delay_steps(network, chip, joined)
    delays = weights.realised_delays(steps, joined.delay, network.timestep)
    parameters = _parameters(network, asked, circuits, fit.scaling)
    mapping = Mapping(
        network=network,
        chip=chip,
        circuits=circuits,
        synapses=weights.table(network.n_neurons, network.n_sources, joined, fit.amplitude, steps),
        configs=configs,
        placement=fit.placement,
        scaling=fit.scaling,
        weights=joined.split(fit.weight),
        delays=joined.split(delays),
        parameters=parameters,
        evidence=Evidence(joined, fit.weight, delays, fit.rows, fit.synapses, clipped),
    )
    _warn(mapping, previous)
    return mapping


def _fit(
    network: Network,
    chip: ChipModel,
    asked: Asked,
    joined: weights.Joined,
    previous: Mapping | None,
) -> _Fit:
    """Find codes of weights and joined circuits that fit each other.

    Joined circuits have more capacitance, so currents and weights grow with their number, and
    with the weights the number of rows. The number of circuits only ever grows here, and ends at
    that of a whole block.
    """
    if chip.weights == "6bit":
        weights.check_signs(network, joined, asked.conductance_based)
    rows = np.bincount(joined.post, minlength=network.n_neurons)
    volts = None
    if chip.parameters != "exact":
        volts = voltage_maps(network, asked, previous.scaling if previous else None)
    count = _circuits(network, chip, rows)
    while True:
        if volts is None:
            scaling = Scaling.exact(asked.conductance_based)
        else:
            scaling = registers.scaling(asked, volts, count)
        fit = _weigh(chip, joined, scaling, count)
        needed = _circuits(network, chip, fit.rows)
        if (needed <= count).all():
            return fit
        count = np.maximum(count, needed)


def _circuits(network: Network, chip: ChipModel, rows: np.ndarray) -> np.ndarray:
    """Circuits of each neuron: as many as its rows need, at most a block."""
    count = circuits_needed(rows)
    most = HICANN_X.columns_per_block
    bad = np.flatnonzero(count > most)
    if len(bad) and chip.routing == "real":
        first = network.first_neuron
        k = int(np.searchsorted(first, bad[0], side="right")) - 1
        raise PlacementError(
            f"{network.populations[k].label}: neuron {bad[0] - first[k]} needs {rows[bad[0]]} "
            f"synapse rows, {most * HICANN_X.rows} can be joined; give it fewer synapses or "
            "weights of less different size, or lift the limit with routing='lifted'"
        )
    return np.minimum(count, most)


def _weigh(chip: ChipModel, joined: weights.Joined, scaling: Scaling, count: np.ndarray) -> _Fit:
    """Realise the weights for neurons of `count` circuits."""
    n = len(count)
    gain = np.repeat(scaling.line_gain(slice(None)), LINES)
    strength = None
    if chip.weights == "exact":
        synapses = np.ones(len(joined), np.int64)
        amplitude = joined.weight if scaling.identity else joined.weight * gain[joined.slot]
        weight = joined.weight.copy()
    else:
        magnitude = np.abs(joined.weight) * gain[joined.slot]
        largest = weights.largest(joined, magnitude, n)
        if chip.parameters == "exact":
            step = weights.exact_step(largest)
        else:
            strength = registers.Strength.choose(
                largest, np.repeat(scaling.conductance_based, LINES)
            )
            step = strength.step()
        quantised = weights.quantise(joined, magnitude, step)
        synapses = quantised.rows
        amplitude = np.sign(joined.weight) * (quantised.code * step[joined.slot]) + 0.0
        weight = amplitude / gain[joined.slot]
    rows = np.bincount(joined.post, synapses, minlength=n).astype(np.int64)
    return _Fit(place(count), scaling, rows, synapses, amplitude, weight, strength)


def _delay_steps(network: Network, chip: ChipModel, joined: weights.Joined) -> np.ndarray:
    if chip.delays == "asked":
        return weights.delay_steps(joined.delay, network.timestep)
    return weights.fixed_delay_steps(joined.pre, network.n_neurons, network.timestep)


def _parameters(
    network: Network, asked: Asked, circuits: Circuits, scaling: Scaling
) -> tuple[dict[str, np.ndarray], ...]:
    """The parameters that `circuits` realise, for each population."""
    over_all = realised(asked, circuits, scaling, network.timestep)
    first = network.first_neuron
    result = []
    for k, population in enumerate(network.populations):
        names = [*LIF_PARAMETERS, *(ADEX_PARAMETERS if population.adex else ()), "tau_syn", "e_rev"]
        here = slice(first[k], first[k + 1])
        result.append({name: over_all[name][..., here] for name in names})
    return tuple(result)


def _warn(mapping: Mapping, previous: Mapping | None) -> None:
    """Log what is clipped, but not again what `previous` has said."""
    if not any(flags.any() for flags in mapping.evidence.clipped.values()):
        return
    known = previous.report.clipped if previous is not None else ()
    for sentence in mapping.report.clipped:
        if sentence not in known:
            logger.warning("%s: outside of what the chip can do", sentence)
