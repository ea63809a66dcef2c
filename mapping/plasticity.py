"""Plastic synapses of the network to those of the core."""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.plasticity import ShortTerm
from pynn_bss2sim._core.records import LINES, Circuits
from pynn_bss2sim._core.spike_pairs import SpikePairs

from .errors import PlasticityError
from .network import Network
from .translate import Scaling
from .weights import Joined

__all__ = ["check_plasticity", "short_term", "spike_pairs", "table_positions"]


def check_plasticity(network: Network, chip: ChipModel) -> None:
    """Refuse synapses that spikes change where weights or routing are those of real circuits.

    Short-term plasticity there is that of the drivers, see `driver_plan`.

    Raises
    ------
    PlasticityError
    """
    _check_rules(network, chip)
    if chip.weights == "exact" and chip.routing == "lifted":
        return
    for projection in network.projections:
        if projection.pairs is not None:
            raise PlasticityError(
                f"{projection.label}: on {chip!r} synapses that spikes change are not "
                "emulated; use StaticSynapse, or a chip model with weights='exact' and "
                "routing='lifted', such as 'ideal'"
            )


def _check_rules(network: Network, chip: ChipModel) -> None:
    """Refuse synapses of a plasticity rule where no registers hold their weights."""
    needed = {"weights": "6bit", "routing": "real", "delays": "fixed"}
    missing = {name: word for name, word in needed.items() if getattr(chip, name) != word}
    for projection in network.projections:
        if projection.reach is not None and missing:
            words = ", ".join(f"{name}={word!r}" for name, word in missing.items())
            raise PlasticityError(
                f"{projection.label}: a plasticity rule changes the registers of synapses, and "
                f"{chip!r} has none: it needs {words}, as 'quantized' or 'silicon' have"
            )


def table_positions(joined: Joined) -> np.ndarray:
    """Position of each synapse in the table that `weights.table` makes: int64 (n,)."""
    result = np.empty(len(joined), np.int64)
    result[np.argsort(joined.pre, kind="stable")] = np.arange(len(joined))
    return result


def short_term(network: Network, joined: Joined, circuits: Circuits) -> ShortTerm:
    """The synapses with short-term plasticity of their own, projection after projection.

    Only where routing is lifted: else it is that of their drivers. The active part of the
    efficacy decays with the time constant of the input line.
    """
    plastic = [p for p in network.projections if p.short_term is not None]
    if not plastic:
        return ShortTerm.none()
    some = _synapses(joined, [p.short_term is not None for p in network.projections])

    def column(name: str) -> np.ndarray:
        return np.concatenate([getattr(p.short_term, name) for p in plastic])

    return ShortTerm(
        synapse=table_positions(joined)[some],
        use=column("use"),
        tau_rec=column("tau_rec"),
        tau_facil=column("tau_facil"),
        tau_psc=circuits.tau_syn[joined.slot[some] % LINES, joined.post[some]],
        u_initial=column("u_initial"),
    )


def spike_pairs(
    network: Network, joined: Joined, scaling: Scaling, steps: np.ndarray
) -> SpikePairs:
    """The synapses with spike-timing dependent plasticity, projection after projection.

    Parameters
    ----------
    network : Network
    joined : Joined
    scaling : Scaling
    steps : int32 (n,)
        Delays of all synapses; the dendritic part of each is rounded to whole steps.
    """
    plastic = [p.pairs for p in network.projections if p.pairs is not None]
    if not plastic:
        return SpikePairs.none()
    some = _synapses(joined, [p.pairs is not None for p in network.projections])
    gain = scaling.line_gain(joined.post[some])

    def column(name: str) -> np.ndarray:
        return np.concatenate([getattr(pairs, name) for pairs in plastic])

    dendritic = np.floor(column("dendritic") * steps[some] + 0.5).astype(np.int32)
    return SpikePairs(
        synapse=table_positions(joined)[some],
        axonal=steps[some] - dendritic,
        **{name: column(name) for name in ("tau_pre", "tau_post", "up_power", "down_power")},
        **{name: gain * column(name) for name in ("up", "down", "constant", "w_from", "w_to")},
    )


def _synapses(joined: Joined, which: list) -> np.ndarray:
    """The synapses of the projections `which`: int64 (n,)."""
    return np.flatnonzero(np.repeat(np.array(which, bool), np.diff(joined.offset)))
