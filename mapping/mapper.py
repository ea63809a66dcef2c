"""From a network to a configured chip.

The stages, each a pure function of another module: parameters are gathered, synapses joined
(`weights`) and weighed (`fit`), neurons placed (`place`), parameters translated (`voltage`,
`registers`), connections routed (`route`), and all of it reported (`report`). With real routing,
who reaches whom is then read back from the registers (`connectivity`).
"""

from __future__ import annotations

import logging

import numpy as np

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.hicannx import HICANN_X
from pynn_bss2sim._core.links import Ways
from pynn_bss2sim._core.plasticity import ShortTerm
from pynn_bss2sim._core.pulses import Pulses
from pynn_bss2sim._core.records import Circuits, SynapseTable
from pynn_bss2sim._core.spike_pairs import SpikePairs

from . import connectivity, registers, weights
from .characteristics import Characteristics
from .chips import characteristics
from .driver_plasticity import coarse_drivers, driver_plan, driver_registers
from .errors import ON_LOSS, CheckError, ParameterError, RoutingError
from .evidence import Evidence
from .fit import Fit, fitted, measured
from .mapped import Mapping
from .network import ADEX_PARAMETERS, LIF_PARAMETERS, Network
from .place import Placement, place
from .plasticity import check_plasticity, short_term, spike_pairs
from .route import Routing
from .translate import Asked, Scaling, exact_circuits, gather, realised

__all__ = ["map_network"]

logger = logging.getLogger("pynn_bss2sim.mapping")


def map_network(
    network: Network,
    chip: ChipModel,
    previous: Mapping | None = None,
    *,
    on_loss: str = "warn",
    check: bool = False,
) -> Mapping:
    """Bring a network onto chips: as many as it takes, or as many as `chip` says there are.

    Parameters
    ----------
    network : Network
    chip : ChipModel
    previous : Mapping, optional
        An earlier mapping of this network, which may since have grown or changed. The voltage
        maps of populations that still fit are kept, so that the state of a running emulation
        keeps its meaning; where they are not, ``scaling.rescaling(previous.scaling)`` converts it.
        Where only weights have changed, its routing is kept.
    on_loss : {"warn", "raise", "ignore"}
        What to do where synapses find no place on the chips.
    check : bool
        Follow all events through the finished registers once more, in an independent way, and
        compare with what is asked for. Takes long.

    Returns
    -------
    Mapping

    Raises
    ------
    MappingError
        Parameters or synapses have no meaning, neurons cannot be placed as the network's
        constraints demand, or with `on_loss` "raise" a neuron needs more synapse rows than one
        can have.
    RoutingError
        Synapses are lost, and `on_loss` is "raise".
    CheckError
        `check` found a difference.
    """
    if not (np.isfinite(network.timestep) and network.timestep > 0):
        raise ParameterError(f"time step {network.timestep} ms: a positive number is needed")
    if on_loss not in ON_LOSS:
        raise ValueError(f"on_loss={on_loss!r}: choose one of {', '.join(map(repr, ON_LOSS))}")
    check_plasticity(network, chip)
    asked = gather(network)
    wanted = weights.join(network)
    drivers = driver_plan(network, chip, len(wanted))
    joined = drivers.driven(wanted)
    laid_out = _laid_out(network, chip, asked, joined, previous, strict=on_loss == "raise")
    placement, routing = laid_out.placement, laid_out.routing
    fit, circuits, configs, clipped = _configured(network, chip, asked, joined, laid_out)
    weight = drivers.undriven(fit.weight, wanted.weight)
    if routing is None:
        wiring = _wired_by_itself(network, chip, joined, fit, circuits)
    else:
        stp = driver_registers(drivers, routing, chip)
        configs = registers.with_routing(configs, routing, fit.code, stp)
        wiring = _wired_by_registers(network, chip, fit, routing, configs)
        if routing.lost.any():
            weight = np.where(routing.lost, np.nan, weight)
    mapping = Mapping(
        network=network,
        chip=chip,
        circuits=circuits,
        synapses=wiring.synapses,
        short_term=wiring.short_term,
        pairs=wiring.pairs,
        pulses=wiring.pulses,
        drivers=drivers,
        configs=configs,
        placement=placement,
        routing=routing,
        lifted=wiring.lifted,
        ways=wiring.ways,
        scaling=fit.scaling,
        weights=joined.split(weight),
        delays=joined.split(wiring.delays),
        units=joined.split(drivers.undriven(fit.unit, fit.unit)),
        parameters=_parameters(network, asked, circuits, fit.scaling),
        evidence=Evidence(
            wanted, weight, wiring.delays, fit.rows.sum(axis=1), fit.synapses, clipped
        ),
    )
    _warn(mapping, previous)
    _report_loss(mapping, previous, on_loss)
    if check and routing is not None:
        from .check import problems  # who checks is in no hurry

        if wrong := problems(mapping):
            raise CheckError(f"{len(wrong)} differences, the first: {wrong[0]}")
    return mapping


@frozen
class _LaidOut:
    """Codes of weights, places and routes, and what was believed of the chips for them."""

    fit: Fit
    placement: Placement
    routing: Routing | None
    laws: Characteristics


@frozen
class _Wiring:
    """Who reaches whom: fields of `Mapping`, and the delay of each connection."""

    synapses: SynapseTable
    delays: np.ndarray
    short_term: ShortTerm
    pairs: SpikePairs
    pulses: Pulses
    lifted: connectivity.Lifted | None = None
    ways: Ways | None = None


def _laid_out(
    network: Network,
    chip: ChipModel,
    asked: Asked,
    joined: weights.Joined,
    previous: Mapping | None,
    *,
    strict: bool,
) -> _LaidOut:
    """Fit, place and route with what is believed of all chips that this takes.

    Which chips these are is known in the end only; with every further one it is done again.
    """
    kept_scaling = None if previous is None else previous.scaling
    kept_routing = None if previous is None else previous.routing
    chips = max(1, -(-network.n_neurons // HICANN_X.circuits))
    while True:
        laws = characteristics(chip, chips)
        fit = fitted(network, chip, asked, joined, kept_scaling, kept_routing, laws, strict=strict)
        placement = place(fit.count, constraints=network.constraints)
        routing: Routing | None = None
        known = placement.chips <= chips or len(laws) == 1
        if known and chip.routing == "real":
            routing = connectivity.routed(
                joined, fit.synapses, placement, fit.generators, chip.seed, kept_routing, chip.chips
            )
            placement = routing.placement
        if placement.chips <= chips or len(laws) == 1:
            return _LaidOut(fit, placement, routing, laws)
        chips = placement.chips


def _configured(
    network: Network, chip: ChipModel, asked: Asked, joined: weights.Joined, laid_out: _LaidOut
) -> tuple[Fit, Circuits, tuple[ChipConfig, ...], dict[str, np.ndarray]]:
    """What the circuits are to do: fit as measured, circuits, registers, and what was clipped."""
    fit, placement, laws = laid_out.fit, laid_out.placement, laid_out.laws
    if chip.parameters == "exact":
        configs = () if laid_out.routing is None else registers.bare(placement)
        return fit, exact_circuits(asked, network.timestep), configs, {}
    fit = fit.placed(asked, placement, laws)
    configs, clipped = registers.configure(
        network,
        asked,
        fit.membranes,
        placement,
        fit.strength,
        laws,
        slow_reset=chip.mismatch != "none",
    )
    circuits = chip.device.circuits(
        configs, placement.circuit, placement.count, network.timestep, noise=chip.noise
    )
    return measured(chip, joined, fit, placement, configs, laws), circuits, configs, clipped


def _wired_by_itself(
    network: Network,
    chip: ChipModel,
    joined: weights.Joined,
    fit: Fit,
    circuits: Circuits,
) -> _Wiring:
    """Connections as they are asked for, by no register."""
    steps = _delay_steps(network, chip, joined)
    return _Wiring(
        weights.table(network.n_neurons, network.n_sources, joined, fit.amplitude, steps),
        weights.realised_delays(steps, joined.delay, network.timestep),
        short_term(network, joined, circuits),
        spike_pairs(network, joined, fit.scaling, steps),
        Pulses.none(),
    )


def _wired_by_registers(
    network: Network, chip: ChipModel, fit: Fit, routing: Routing, configs: tuple[ChipConfig, ...]
) -> _Wiring:
    """Connections that events make by the registers of chips and FPGAs."""
    lifted = connectivity.lifted(network, chip, routing, fit.step, fit.amplitude)
    found = connectivity.read_back(
        chip,
        configs,
        routing.fpga,
        routing.placement,
        network.n_sources,
        network.timestep,
        lifted,
    )
    return _Wiring(
        found.synapses,
        connectivity.delays(network, chip, routing),
        ShortTerm.none(),
        SpikePairs.none(),
        found.pulses,
        lifted,
        found.ways,
    )


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
    """Log what the chip cannot do, but not again what `previous` has said."""
    said = coarse_drivers(previous.drivers) if previous is not None else ()
    for sentence in coarse_drivers(mapping.drivers):
        if sentence not in said:
            logger.warning("%s", sentence)
    if not any(flags.any() for flags in mapping.evidence.clipped.values()):
        return
    known = previous.report.clipped if previous is not None else ()
    for sentence in mapping.report.clipped:
        if sentence not in known:
            logger.warning("%s: outside of what the chip can do", sentence)


def _report_loss(mapping: Mapping, previous: Mapping | None, on_loss: str) -> None:
    """Do what the user wants where synapses are lost."""
    lost = [p for p in mapping.report.projections if p.lost] if mapping.lost else []
    if not lost or on_loss == "ignore":
        return
    known = {p.label: p.lost for p in previous.report.projections} if previous is not None else {}
    sentences = [f"{p.label}: {p.lost} of {p.asked} connections lost" for p in lost]
    if on_loss == "raise":
        raise RoutingError(
            "; ".join(sentences) + "; there are not enough synapse rows or labels. Give neurons "
            "fewer inputs or weights of less different size, allow the loss with on_loss='warn', "
            "or lift the limit with routing='lifted'"
        )
    for sentence, p in zip(sentences, lost, strict=True):
        if known.get(p.label) != p.lost:
            logger.warning("%s: no free synapse rows or labels on the chips", sentence)
