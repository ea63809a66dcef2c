"""Circuits joined with their right neighbours, where these only show the membrane.

A circuit has one analog output. Scripts that read two of its variables join it with a circuit whose
own parts are off, and read the membrane there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pynn_bss2sim._core import hicannx as chip

from .circuit_parameters import CIRCUITS

__all__ = ["JOIN", "circuits_of", "membranes_of"]

#: The switch to the right neighbour.
JOIN = "multicompartment_connect_right"

#: What a circuit has of its own that acts on the joined membrane, or spikes.
_ACTIVE = (
    "leak_i_bias", "threshold_enable", "excitatory_input_enable", "inhibitory_input_enable",
    "adaptation_enable", "exponential_enable", "constant_current_enable",
    "event_routing_enable_bypass_excitatory", "event_routing_enable_bypass_inhibitory", JOIN,
)  # fmt: skip


def membranes_of(columns: Sequence[dict[str, np.ndarray]], circuit: np.ndarray) -> np.ndarray:
    """The neuron to whose membrane each neuron's circuit is joined: int64 (n,), mostly its own.

    Parameters
    ----------
    columns : sequence of dict of str to array (512,)
        Parameters of all circuits, for each part of the network.
    circuit : int64 (n,)
        ``part * 512 + circuit`` of each neuron.

    Raises
    ------
    RuntimeError
        A circuit has no right neighbour, or one with parts of its own.
    """
    joins = np.concatenate([part[JOIN] for part in columns])
    neuron = np.full(len(joins), -1)
    neuron[circuit] = np.arange(len(circuit))
    membrane = np.arange(len(circuit))
    for left in circuit[joins[circuit]].tolist():
        part, place = divmod(left, CIRCUITS)
        if place % chip.COLUMNS_PER_BLOCK == chip.COLUMNS_PER_BLOCK - 1:
            raise RuntimeError(f"{JOIN} of circuit {place}: it has no right neighbour")
        active = [name for name in _ACTIVE if columns[part][name][place + 1]]
        if active:
            raise RuntimeError(
                f"{JOIN} of circuit {place}: its right neighbour has {active[0]}; circuits are "
                "joined where the right one only shows the membrane; switch that off there, or "
                "leave them apart"
            )
        if neuron[left + 1] >= 0:
            membrane[neuron[left + 1]] = neuron[left]
    return membrane


def circuits_of(columns: Sequence[dict[str, np.ndarray]], circuit: np.ndarray) -> np.ndarray:
    """Circuits that make up the membrane of each neuron: int64 (n,), 1 or 2."""
    joins = np.concatenate([part[JOIN] for part in columns])
    return 1 + joins[circuit].astype(np.int64)
