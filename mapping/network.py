"""The network as the mapping sees it: frozen records of arrays, in PyNN's biological units.

Index spaces
------------
*neuron*
    ``0 .. n_neurons - 1``: the neurons of all populations, population after population.
*source*
    ``0 .. n_neurons - 1`` are the neurons; ``n_neurons .. n_sources - 1`` the cells of the spike
    source populations, one population after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np

from pynn_bss2sim._core.frozen import frozen

from .constraints import Constraints

__all__ = [
    "ADEX_PARAMETERS",
    "LIF_PARAMETERS",
    "Network",
    "OnChip",
    "Population",
    "Projection",
    "Reach",
    "ShortTerm",
    "Sources",
    "SpikePairs",
]

#: Parameters of every neuron, with units: each a float64 array of shape (size,).
LIF_PARAMETERS = {
    "cm": "nF",
    "tau_m": "ms",
    "v_rest": "mV",
    "v_thresh": "mV",
    "v_reset": "mV",
    "tau_refrac": "ms",
    "i_offset": "nA",
}

#: Further parameters of a neuron with exponential term and adaptation. `v_thresh` is then the
#: onset of the exponential term and `v_spike` the threshold at which a spike is registered.
ADEX_PARAMETERS = {
    "v_spike": "mV",
    "delta_T": "mV",
    "tau_w": "ms",
    "a": "uS",
    "b": "nA",
}


@frozen
class Population:
    """Neurons of one kind.

    Attributes
    ----------
    label : str
    size : int
    adex : bool
        Exponential term and adaptation.
    conductance_based : bool
    receptors : tuple of str
        One or two names; the position is the input line.
    parameters : dict of str to float64 (size,)
        `LIF_PARAMETERS`, with `adex` also `ADEX_PARAMETERS`.
    tau_syn : float64 (2, size), ms
        One row for each line; an unused line holds 1.0.
    e_rev : float64 (2, size), mV
        Used if `conductance_based`; an unused line holds 0.0.
    """

    label: str
    size: int
    adex: bool
    conductance_based: bool
    receptors: tuple[str, ...]
    parameters: dict[str, np.ndarray]
    tau_syn: np.ndarray
    e_rev: np.ndarray


@dataclass(frozen=True)
class OnChip:
    """Poisson spikes of background generators.

    Attributes
    ----------
    rate : float, 1/ms
        Of each cell.
    seed : int, 0 to 2**32 - 1
    """

    rate: float
    seed: int


@frozen
class Sources:
    """Spike sources: their spikes are made on the host, or `on_chip`."""

    label: str
    size: int
    on_chip: OnChip | None = None


@frozen
class ShortTerm:
    """Short-term plasticity of the synapses of one projection (Tsodyks & Markram).

    Attributes
    ----------
    use : float64 (n,)
        Part of the efficacy that is used, in [0, 1].
    tau_rec, tau_facil : float64 (n,), ms
    u_initial : float64 (n,)
        Running value of the use at the start.
    """

    use: np.ndarray
    tau_rec: np.ndarray
    tau_facil: np.ndarray
    u_initial: np.ndarray

    def take(self, some: np.ndarray) -> ShortTerm:
        """The same of some synapses."""
        return ShortTerm(
            self.use[some], self.tau_rec[some], self.tau_facil[some], self.u_initial[some]
        )


@frozen
class SpikePairs:
    """Spike-timing dependent plasticity of the synapses of one projection.

    What spikes change stands in `_core/spike_pairs.py`; here in biological units.

    Attributes
    ----------
    dendritic : float64 (n,)
        Part of the delay that lies behind the synapse, in [0, 1].
    tau_pre, tau_post : float64 (n,), ms
    up, down, constant : float64 (n,), nA or µS
    up_power, down_power : float64 (n,)
    w_from, w_to : float64 (n,), nA or µS
    """

    dendritic: np.ndarray
    tau_pre: np.ndarray
    tau_post: np.ndarray
    up: np.ndarray
    up_power: np.ndarray
    down: np.ndarray
    down_power: np.ndarray
    constant: np.ndarray
    w_from: np.ndarray
    w_to: np.ndarray

    def take(self, some: np.ndarray) -> SpikePairs:
        """The same of some synapses."""
        return SpikePairs(**{f.name: getattr(self, f.name)[some] for f in fields(self)})


@frozen
class Reach:
    """What a plasticity rule may make of the weights of one projection.

    Attributes
    ----------
    weight : float64 (n,), nA or µS
        What the largest weight code of a synapse stands for at least; its sign is that of the
        weights. Not 0.
    """

    weight: np.ndarray

    def take(self, some: np.ndarray) -> Reach:
        """The same of some synapses."""
        return Reach(self.weight[some])


@frozen
class Projection:
    """Synapses of one projection, in the order in which the user sees them.

    Attributes
    ----------
    label : str
    pre : int32 (n,)
        Source (see the module).
    post : int32 (n,)
        Neuron.
    line : int
        Position of the receptor among its population's receptors.
    weight : float64 (n,)
        nA, or µS where the target is conductance-based. Negative for current-based inhibition.
    delay : float64 (n,), ms
    short_term : ShortTerm or None
    pairs : SpikePairs or None
    reach : Reach or None
        Of synapses that a plasticity rule changes.
    """

    label: str
    pre: np.ndarray
    post: np.ndarray
    line: int
    weight: np.ndarray
    delay: np.ndarray
    short_term: ShortTerm | None = None
    pairs: SpikePairs | None = None
    reach: Reach | None = None

    @property
    def plastic(self) -> bool:
        """Whether spikes change the synapses."""
        return self.short_term is not None or self.pairs is not None


@frozen
class Network:
    """All that the mapping needs to know of a model.

    Attributes
    ----------
    timestep : float, ms
        The emulator's step.
    constraints : Constraints or None
        Where neurons may lie; None = anywhere.
    """

    timestep: float
    populations: tuple[Population, ...] = field(default=())
    sources: tuple[Sources, ...] = field(default=())
    projections: tuple[Projection, ...] = field(default=())
    constraints: Constraints | None = None

    @cached_property
    def n_neurons(self) -> int:
        """Neurons of all populations."""
        return sum(p.size for p in self.populations)

    @cached_property
    def n_sources(self) -> int:
        """Neurons and external sources."""
        return self.n_neurons + sum(s.size for s in self.sources)

    @cached_property
    def first_neuron(self) -> np.ndarray:
        """Index of each population's first neuron, and the total: int64 (n_populations + 1,)."""
        return np.concatenate([[0], np.cumsum([p.size for p in self.populations])]).astype(np.int64)
