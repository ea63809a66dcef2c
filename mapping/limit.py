"""Networks that need more chips than there are.

Neurons cannot do without a circuit; joined circuits only add synapse rows. So joined circuits are
given up until the neurons fit, those first that carry the fewest rows: no other choice loses fewer
synapses.
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.hicannx import HICANN_X, Target

from .constraints import Constraints
from .errors import PlacementError
from .network import Network
from .place import place

__all__ = ["check_neurons", "fewer_circuits"]


def check_neurons(network: Network, chips: int, target: Target = HICANN_X) -> None:
    """Refuse networks of more neurons than `chips` chips have circuits.

    Raises
    ------
    PlacementError
    """
    there = chips * target.circuits
    if network.n_neurons <= there:
        return
    k = int(np.searchsorted(network.first_neuron, there, side="right")) - 1
    rest = network.first_neuron[k + 1] - there
    label, size = network.populations[k].label, network.populations[k].size
    raise PlacementError(
        f"{label}: {rest} of its {size} neurons find no circuit; the network has "
        f"{network.n_neurons} neurons, chips={chips} of the chip model has {there} circuits. Make "
        f"it smaller, or give it chips={-(-network.n_neurons // target.circuits)} or more"
    )


def fewer_circuits(
    count: np.ndarray,
    rows: np.ndarray,
    chips: int,
    seed: int,
    constraints: Constraints | None = None,
    target: Target = HICANN_X,
) -> np.ndarray:
    """How many circuits each neuron can have on `chips` chips.

    Parameters
    ----------
    count : int64 (n_neurons,)
        Circuits that each neuron needs.
    rows : int64 (n_neurons,)
        Synapse rows that each neuron needs.
    chips : int
        At least enough for one circuit of each neuron.
    seed : int
        Decides between circuits that carry the same number of rows.
    constraints : Constraints, optional

    Returns
    -------
    int64 (n_neurons,), 1 to `count`

    Raises
    ------
    PlacementError
        The constraints need more chips.
    """
    neuron = np.repeat(np.arange(len(count)), count - 1)
    begin = np.cumsum(count - 1) - (count - 1)
    which = np.arange(len(neuron)) - begin[neuron] + 1  # the first circuit always stays
    carried = np.clip(rows[neuron] - which * target.rows, 0, target.rows)
    tie = np.random.default_rng(seed).permutation(len(count))[neuron]
    order = np.lexsort((tie, -carried, which))
    order = order[np.argsort(-carried[order], kind="stable")]
    spare = min(len(order), chips * target.circuits - len(count))
    while True:
        result = 1 + np.bincount(neuron[order[:spare]], minlength=len(count))
        placement = place(result, target, constraints)
        if placement.chips <= chips:
            return result
        if not spare:
            raise PlacementError(
                f"placing neurons as demanded takes {placement.chips} chips, chips={chips} of the "
                "chip model; pin them to other chips, keep fewer together, or allow more chips"
            )
        # gaps at the borders of blocks
        spare = max(0, spare - int(result[placement.chip >= chips].sum()))
