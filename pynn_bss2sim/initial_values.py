"""From initial values of cells to states of the chip's neurons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ._core.records import Variable
    from .capture import Capture
    from .mapping.translate import Scaling
    from .populations import Population

__all__ = ["initial_states"]


def initial_states(
    chosen: Sequence[tuple[Population, Mapping[str, np.ndarray | slice]]],
    capture: Capture,
    scaling: Scaling,
) -> dict[Variable, tuple[np.ndarray, np.ndarray]]:
    """Initial values of cells, as the emulator takes states.

    Parameters
    ----------
    chosen : sequence of (Population, dict)
        Which cells of a population (mask or slice) for each of its variables.
    capture : Capture
        Which neurons they are.
    scaling : Scaling

    Returns
    -------
    dict of Variable to (int64 (n,), float64 (n,))
        Neurons, and their values in the chip's units.
    """
    parts = defaultdict(list)
    for population, variables in chosen:
        neurons = capture.first_neuron[population] + np.arange(population.size)
        for name, cells in variables.items():
            values = population.initial_array(name)[cells]
            parts[population.celltype.variables[name]].append((neurons[cells], values))
    states = {}
    for variable, columns in parts.items():
        neuron, values = (np.concatenate(c) for c in zip(*columns, strict=True))
        states[variable] = neuron, scaling.to_chip(variable, neuron, values)
    return states
