"""What the stages of the mapping found, for its report."""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.frozen import frozen

from .weights import Joined

__all__ = ["Evidence"]


@frozen
class Evidence:
    """What the stages of the mapping found, over the whole network.

    Attributes
    ----------
    joined : Joined
        The synapses asked for.
    weight, delay : float64 (n,)
        What is realised of them.
    rows : int64 (n_neurons,)
        Synapse rows that each neuron occupies.
    synapses : int64 (n,)
        Synapses of the chip that each connection occupies.
    clipped : dict of str to bool
        Where a parameter lies outside of what the chip can do, shape (n_neurons,), or
        (2, n_neurons) for ``tau_syn`` and ``e_rev``.
    """

    joined: Joined
    weight: np.ndarray
    delay: np.ndarray
    rows: np.ndarray
    synapses: np.ndarray
    clipped: dict[str, np.ndarray]
