"""Spike-timing dependent plasticity: records, and the plan made of them.

A synapse of weight w (its amplitude) sees the event of its source after the axonal part of its
delay, and a spike of its target after the dendritic part. All pairs count [1]_; by traces that each
event raises by 1 and that decay exponentially::

    at a spike of the target:  w += up ((w_to - w) / (w_to - w_from))**up_power * source's trace
    at an event of the source: w += down ((w - w_from) / (w_to - w_from))**down_power
                                    * target's trace;  w += constant

each change followed by clipping to the range between `w_from` and `w_to`. An event reads the traces
as they were before its step: two spikes that a synapse sees in the same step are no pair. Where it
sees both, the target's comes first. The event of the source carries the changed weight, which
arrives after the dendritic part of the delay.

References
----------
.. [1] A. Morrison, M. Diesmann and W. Gerstner, Phenomenological models of synaptic plasticity
   based on spike timing, Biol. Cybern. 98, 2008.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from pynn_bss2sim._core.checks import checked_index
from pynn_bss2sim._core.exponential import exp
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.records import SynapseTable, frozen_array

__all__ = ["PairState", "SpikePairs", "epoch_length", "without"]

#: Time constants after which a trace is scaled anew, see `epoch_length`.
_EPOCH = 300.0


def epoch_length(rate: np.ndarray) -> np.ndarray:
    """Steps between those at which traces of a rate (1/step) are scaled anew: int64 like `rate`.

    A trace is kept as its value times ``exp(rate * (step % epoch))``, which stays as it is between
    events. At the end of an epoch it is multiplied by ``exp(-rate * epoch)``, before it could leave
    the range of numbers. Epochs are powers of two, so that one ends where a longer one does.
    """
    steps = np.minimum(np.maximum(_EPOCH / rate, 1.0), 2.0**40)
    return np.int64(1) << np.floor(np.log2(steps)).astype(np.int64)


@frozen
class SpikePairs:
    """Synapses with spike-timing dependent plasticity.

    Attributes
    ----------
    synapse : int64 (n,)
        Position in the `SynapseTable`, each at most once.
    axonal : int32 (n,)
        Steps of the delay that lie before the synapse, from 0 to the whole delay.
    tau_pre, tau_post : float64 (n,), µs
        Time constants of the traces, > 0.
    up, down, constant : float64 (n,), nA or µS
    up_power, down_power : float64 (n,), >= 0
    w_from, w_to : float64 (n,), nA or µS
        See the module; different from each other, the weight lies between them.

    Raises
    ------
    ValueError
        A value has no meaning.
    """

    synapse: np.ndarray
    axonal: np.ndarray
    tau_pre: np.ndarray
    tau_post: np.ndarray
    up: np.ndarray
    up_power: np.ndarray
    down: np.ndarray
    down_power: np.ndarray
    constant: np.ndarray
    w_from: np.ndarray
    w_to: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.synapse)
        dtypes = {"synapse": np.int64, "axonal": np.int32}
        for f in fields(self):
            dtype = dtypes.get(f.name, np.float64)
            array = frozen_array(getattr(self, f.name), dtype, (n,), f"SpikePairs.{f.name}")
            object.__setattr__(self, f.name, array)
            self._refuse(f.name, ~np.isfinite(array))
        for name in ("tau_pre", "tau_post"):
            self._refuse(name, getattr(self, name) <= 0)
        for name in ("up_power", "down_power", "axonal"):
            self._refuse(name, getattr(self, name) < 0)
        self._refuse("w_to", self.w_to == self.w_from)

    def _refuse(self, name: str, bad: np.ndarray) -> None:
        if bad.any():
            first = int(np.argmax(bad))
            raise ValueError(f"SpikePairs.{name}: {getattr(self, name)[first]} at {first}")

    def __len__(self) -> int:
        return len(self.synapse)

    @classmethod
    def none(cls) -> SpikePairs:
        """No synapses."""
        return cls(*(np.empty(0) for _ in fields(cls)))


@frozen
class PairState:
    """What changes of synapses with spike-timing dependent plasticity, in the order of the record.

    Attributes
    ----------
    weight : float64 (n,), nA or µS
    pre, post : float64 (n,)
        Traces of source and target, scaled as `epoch_length` says.
    pre_rate, post_rate : float64 (n,)
        Rates of their decay, 1/step.
    fresh : bool (n,)
        Whether the synapse has seen a spike of its target in the present step; `post` does not
        contain it yet.
    seen : int64 (k, 2)
        Sources of past events that synapses have still to see, and their ages in steps; ages
        descend.
    """

    weight: np.ndarray
    pre: np.ndarray
    post: np.ndarray
    pre_rate: np.ndarray
    post_rate: np.ndarray
    fresh: np.ndarray
    seen: np.ndarray

    @classmethod
    def at_start(cls, table: SpikePairs, synapses: SynapseTable, timestep: float) -> PairState:
        """Weights of the synapse table, no events yet."""
        n = len(table)
        return cls(
            synapses.amplitude[table.synapse],
            np.zeros(n),
            np.zeros(n),
            timestep / table.tau_pre,
            timestep / table.tau_post,
            np.zeros(n, bool),
            np.empty((0, 2), np.int64),
        )

    def grown(self, fresh: PairState, step: int, n_before: int, n_now: int) -> PairState:
        """This state at the rates of `fresh`, with the synapses behind it that only `fresh` has.

        Parameters
        ----------
        fresh : PairState
            At the beginning, of the present synapses.
        step : int
        n_before, n_now : int
            Neurons.
        """
        columns = {}
        both = slice(0, min(len(fresh.weight), len(self.weight)))
        for name in ("weight", "pre", "post", "fresh"):
            columns[name] = np.array(getattr(fresh, name))
            columns[name][both] = getattr(self, name)[both]
        for name in ("pre", "post"):
            old, new = (getattr(state, f"{name}_rate")[both] for state in (self, fresh))
            scale = exp(_age(new, step) - _age(old, step))
            columns[name][both] *= np.where(old == new, 1.0, scale)
        seen = np.array(self.seen)
        # external inputs come behind the neurons
        seen[seen[:, 0] >= n_before, 0] += n_now - n_before
        return replace(fresh, **columns, seen=seen)


def _age(rate: np.ndarray, step: int) -> np.ndarray:
    """How far the present epoch has come, in time constants."""
    return (step % epoch_length(rate)) * rate


def without(synapses: SynapseTable, some: np.ndarray) -> tuple[SynapseTable, np.ndarray]:
    """`synapses` without those at the positions `some`, and where each of the others now is."""
    if not len(some):
        return synapses, np.arange(len(synapses))
    keep = np.ones(len(synapses), bool)
    keep[checked_index("SpikePairs.synapse", some, 0, len(synapses), np.int64)] = False
    place = np.concatenate([[0], np.cumsum(keep)])
    rest = SynapseTable(
        synapses.n_neurons,
        place[synapses.indptr],
        synapses.target[keep],
        synapses.line[keep],
        synapses.amplitude[keep],
        synapses.delay[keep],
    )
    return rest, place[:-1]
