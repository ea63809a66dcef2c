"""Asked and realised side by side: the report of a mapping from its evidence."""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim.mapping.evidence import Evidence
from pynn_bss2sim.mapping.network import ADEX_PARAMETERS, LIF_PARAMETERS, Network, Population
from pynn_bss2sim.mapping.place import Placement
from pynn_bss2sim.mapping.translate import Scaling

from .rates import EventRates
from .records import (
    ChipUsage,
    ParameterReport,
    PopulationReport,
    ProjectionReport,
    Spread,
    parameter_report,
    projection_report,
)
from .report import Report

__all__ = ["account"]

_ROUTING_NOTE = (
    "routing is lifted: connections are carried by a table of synapses, limits of rows, drivers "
    "and labels are not emulated, and the registers of synapses and routing stay at reset"
)
_FIXED_NOTE = "the chip has no programmable delays: spikes arrive after its fixed latency"


def account(
    network: Network,
    chip: ChipModel,
    placement: Placement,
    scaling: Scaling,
    parameters: tuple[dict[str, np.ndarray], ...],
    evidence: Evidence,
    usage: tuple[ChipUsage, ...],
    rates: EventRates | None,
) -> Report:
    """Make the report; for the arguments see `Mapping`, `usage` and `rates`."""
    return Report(
        chip=repr(chip),
        timestep=float(network.timestep),
        chips=placement.chips,
        circuits_used=placement.used,
        circuits_free=placement.chips * placement.target.circuits - placement.used,
        populations=_populations(network, placement, scaling, parameters, evidence),
        projections=_projections(network, evidence),
        usage=usage,
        rates=rates,
        notes=_notes(chip),
    )


def _populations(
    network: Network,
    placement: Placement,
    scaling: Scaling,
    parameters: tuple[dict[str, np.ndarray], ...],
    evidence: Evidence,
) -> tuple[PopulationReport, ...]:
    first = network.first_neuron
    found = []
    for k, population in enumerate(network.populations):
        here = slice(first[k], first[k + 1])
        gain, offset = scaling.voltage_gain[here], scaling.voltage_offset[here]
        capacitance = scaling.conductance_gain[here] * population.parameters["cm"]
        clipped = {name: flags[..., here] for name, flags in evidence.clipped.items()}
        found.append(
            PopulationReport(
                population.label,
                population.size,
                circuits=int(placement.count[here].sum()),
                chips=tuple(np.unique(placement.chip[here]).tolist()),
                synapse_rows=int(evidence.rows[here].max(initial=0)),
                voltage_gain=float(gain[0]) if population.size else 1.0,
                voltage_offset=float(offset[0]) if population.size else 0.0,
                capacitance=None if scaling.identity else Spread.of(capacitance),
                parameters=_deviating(population, parameters[k], clipped),
            )
        )
    return tuple(found)


def _projections(network: Network, evidence: Evidence) -> tuple[ProjectionReport, ...]:
    joined = evidence.joined
    found = []
    for k, projection in enumerate(network.projections):
        here = slice(joined.offset[k], joined.offset[k + 1])
        found.append(
            projection_report(
                projection.label,
                (joined.weight[here], evidence.weight[here]),
                (joined.delay[here], evidence.delay[here]),
                int(evidence.synapses[here][~np.isnan(evidence.weight[here])].sum()),
            )
        )
    return tuple(found)


def _notes(chip: ChipModel) -> tuple[str, ...]:
    lifted = (_ROUTING_NOTE,) if chip.routing == "lifted" else ()
    return lifted if chip.delays == "asked" else (*lifted, _FIXED_NOTE)


def _deviating(
    population: Population, realised: dict[str, np.ndarray], clipped: dict[str, np.ndarray]
) -> tuple[ParameterReport, ...]:
    """Which parameters of `population` are not as asked."""
    units = {**LIF_PARAMETERS, **(ADEX_PARAMETERS if population.adex else {})}
    found = [
        parameter_report(name, unit, population.parameters[name], realised[name], clipped.get(name))
        for name, unit in units.items()
    ]
    lines = {"tau_syn": "ms", **({"e_rev": "mV"} if population.conductance_based else {})}
    for name, unit in lines.items():
        flags = clipped.get(name, np.zeros(realised[name].shape, bool))
        for line, receptor in enumerate(population.receptors):
            asked = getattr(population, name)[line]
            label = f"{name} ({receptor})"
            found.append(parameter_report(label, unit, asked, realised[name][line], flags[line]))
    return tuple(parameter for parameter in found if parameter is not None)
