"""Plastic synapses of the network to those of the core."""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.plasticity import ShortTerm
from pynn_bss2sim._core.records import Circuits

from .errors import PlasticityError
from .network import Network
from .weights import Joined

__all__ = ["check_plasticity", "short_term", "table_positions"]


def check_plasticity(network: Network, chip: ChipModel) -> None:
    """Refuse plastic synapses where weights or routing are those of real synapse circuits.

    Raises
    ------
    PlasticityError
    """
    if chip.weights == "exact" and chip.routing == "lifted":
        return
    for projection in network.projections:
        if projection.short_term is not None:
            raise PlasticityError(
                f"{projection.label}: on {chip!r} synapses with short-term plasticity are not "
                "emulated; use StaticSynapse, or a chip model with weights='exact' and "
                "routing='lifted', such as 'ideal'"
            )


def table_positions(joined: Joined) -> np.ndarray:
    """Position of each synapse in the table that `weights.table` makes: int64 (n,)."""
    result = np.empty(len(joined), np.int64)
    result[np.argsort(joined.pre, kind="stable")] = np.arange(len(joined))
    return result


def short_term(network: Network, joined: Joined, circuits: Circuits) -> ShortTerm:
    """The synapses with short-term plasticity, projection after projection.

    The active part of the efficacy decays with the time constant of the input line.
    """
    plastic = [
        (p, slice(joined.offset[k], joined.offset[k + 1]))
        for k, p in enumerate(network.projections)
        if p.short_term is not None
    ]
    if not plastic:
        return ShortTerm.none()
    position = table_positions(joined)

    def column(name):
        return np.concatenate([getattr(p.short_term, name) for p, _ in plastic])

    return ShortTerm(
        synapse=np.concatenate([position[here] for _, here in plastic]),
        use=column("use"),
        tau_rec=column("tau_rec"),
        tau_facil=column("tau_facil"),
        tau_psc=np.concatenate([circuits.tau_syn[p.line, p.post] for p, _ in plastic]),
        u_initial=column("u_initial"),
    )
