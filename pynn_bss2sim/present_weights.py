"""Weights that spikes change: what the emulator holds of a projection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from . import simulator
from ._core.records import Variable

if TYPE_CHECKING:
    from .projections import Projection


__all__ = ["present_weights", "set_present_weights"]


def present_weights(projection: Projection) -> np.ndarray:
    """Weights of a projection that learns, as they are now: float64 (n,), nA or µS.

    At time 0, and as long as nothing has run, they are those that were asked for.
    """
    asked = projection.columns["weight"]
    place = _place(projection)
    if place is None or simulator.state.step == 0:
        return asked
    state = simulator.state
    here, order, neuron = place
    result = np.empty_like(asked)
    result[order] = state.scaling.to_biology(Variable.LINE0, neuron, state.emulator.weights[here])
    return result


def set_present_weights(projection: Projection, some: slice | int, values: ArrayLike) -> None:
    """Give synapses of a projection that learns these weights (nA or µS) from now on.

    Parameters
    ----------
    projection : Projection
    some : slice or int
        Their positions in the projection.
    values : float or float64 (n,)
    """
    place = _place(projection)
    if place is None:
        return
    state = simulator.state
    here, order, neuron = place
    mine = np.zeros(len(projection), bool)
    mine[some] = True
    changed = np.flatnonzero(mine[order])
    weights = np.empty(len(projection))
    weights[some] = values
    to = state.scaling.to_chip(Variable.LINE0, neuron[changed], weights[order[changed]])
    state.emulator.set_weights(here.start + changed, to)


def _place(projection: Projection) -> tuple[slice, np.ndarray, np.ndarray] | None:
    """Where the emulator has the synapses of `projection`, None if it does not have them yet.

    Returns
    -------
    here : slice
        Among the weights of the emulator, where projections follow one another as they were made.
    order, neuron : int64 (n,)
        Position in the projection, and target, of each synapse there.
    """
    state = simulator.state
    learning = [p for p in state.projections if p.learns]
    k = learning.index(projection)
    first = sum(len(p) for p in learning[:k])
    here = slice(first, first + len(projection))
    if not state.started or here.stop > len(state.emulator.weights):
        return None
    everything = np.arange(len(projection))
    parts = state.capture.parts[projection]
    order = np.concatenate([everything if some is None else some for _, some in parts])
    records = [state.capture.network.projections[k] for k, _ in parts]
    return here, order, np.concatenate([record.post for record in records])
