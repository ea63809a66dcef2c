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

from dataclasses import dataclass, fields

import numpy as np

from pynn_bss2sim._core.checks import checked_floats, checked_index, checked_offsets, converted
from pynn_bss2sim._core.exponential import exp
from pynn_bss2sim._core.records import LINES, SynapseTable, frozen_array

__all__ = [
    "DECAY_LENGTH",
    "PairPlan",
    "PairState",
    "SpikePairs",
    "checked_pair_plan",
    "checked_pair_state",
    "make_pair_plan",
    "without",
]

#: Steps for which the decay of a trace is tabulated.
DECAY_LENGTH = 8192
_INDEX = ("pre", "post", "rule", "column", "offset")
_RULE = ("up", "up_power", "down", "down_power", "constant", "w_from", "w_to")


@dataclass(frozen=True, eq=False)
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

    def __post_init__(self):
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

    def _refuse(self, name, bad):
        if bad.any():
            first = int(np.argmax(bad))
            raise ValueError(f"SpikePairs.{name}: {getattr(self, name)[first]} at {first}")

    def __len__(self):
        return len(self.synapse)

    @classmethod
    def none(cls) -> SpikePairs:
        """No synapses."""
        return cls(*(np.empty(0) for _ in fields(cls)))


@dataclass(frozen=True, eq=False)
class PairState:
    """What changes of synapses with spike-timing dependent plasticity, in the order of the record.

    Attributes
    ----------
    weight : float64 (n,), nA or µS
    pre, post : float64 (n,)
        Trace of the source just after, and of the target just before, the last event that the
        synapse saw of it; `post` is -1 where none was.
    pre_age, post_age : int64 (n,)
        Steps since this event.
    seen : int64 (k, 2)
        Sources of past events that synapses have still to see, and their ages in steps; ages
        descend.
    """

    weight: np.ndarray
    pre: np.ndarray
    post: np.ndarray
    pre_age: np.ndarray
    post_age: np.ndarray
    seen: np.ndarray

    @classmethod
    def at_start(cls, table: SpikePairs, synapses: SynapseTable) -> PairState:
        """Weights of the synapse table, no events yet."""
        n = len(table)
        never = np.ones(n, np.int64)
        return cls(
            synapses.amplitude[table.synapse],
            np.zeros(n),
            np.full(n, -1.0),
            never,
            never,
            np.empty((0, 2), np.int64),
        )

    def grown(self, fresh: PairState, n_before: int, n_now: int) -> PairState:
        """This state with the synapses behind it that only `fresh` has, among `n_now` neurons."""
        columns = {}
        for name in ("weight", "pre", "post", "pre_age", "post_age"):
            columns[name] = np.array(getattr(fresh, name))
            both = min(len(columns[name]), len(self.weight))
            columns[name][:both] = getattr(self, name)[:both]
        seen = np.array(self.seen)
        # external inputs come behind the neurons
        seen[seen[:, 0] >= n_before, 0] += n_now - n_before
        return PairState(**columns, seen=seen)


@dataclass(frozen=True, eq=False)
class PairPlan:
    """Spike-timing dependent plasticity compiled for the engines.

    Synapses that see the same events of one source, or of one target, share its trace.

    Attributes
    ----------
    order : int64 (n,)
        Entry of the `SpikePairs` for each synapse here, those of a presynaptic trace together.
    pre_delay : int64 (k,)
        Distinct axonal delays, ascending.
    pre_indptr : int64 (k, n_sources + 1)
        Presynaptic traces by axonal delay and source.
    post_delay, post_indptr : int64 (m,), int64 (m, n_neurons + 1)
        The same of dendritic delays, postsynaptic traces and neurons.
    decay : float64 (n_rates, DECAY_LENGTH)
    others
        Named as in spike_pairs.h.
    """

    order: np.ndarray
    pre_delay: np.ndarray
    pre_indptr: np.ndarray
    post_delay: np.ndarray
    post_indptr: np.ndarray
    synapse_indptr: np.ndarray
    pre_rate: np.ndarray
    pre: np.ndarray
    post: np.ndarray
    rule: np.ndarray
    offset: np.ndarray
    column_indptr: np.ndarray
    column: np.ndarray
    post_rate: np.ndarray
    up: np.ndarray
    up_power: np.ndarray
    down: np.ndarray
    down_power: np.ndarray
    constant: np.ndarray
    w_from: np.ndarray
    w_to: np.ndarray
    rate: np.ndarray
    decay: np.ndarray

    @property
    def pre_first(self) -> np.ndarray:
        """One synapse of each presynaptic trace: int64 (n_pre,)."""
        return self.synapse_indptr[:-1]

    @property
    def post_first(self) -> np.ndarray:
        """One synapse of each postsynaptic trace: int64 (n_post,)."""
        return self.column[self.column_indptr[:-1]]


def make_pair_plan(
    table: SpikePairs, synapses: SynapseTable, timestep: float, state: PairState
) -> PairPlan:
    """Find the traces of `table`, whose synapses have the state `state`.

    Raises
    ------
    ValueError
        If `table` does not belong to `synapses`.
    """
    position = checked_index("SpikePairs.synapse", table.synapse, 0, len(synapses), np.int64)
    if len(np.unique(position)) < len(position):
        raise ValueError("SpikePairs.synapse: a synapse occurs twice")
    source = np.searchsorted(synapses.indptr, position, side="right") - 1
    target = synapses.target[position].astype(np.int64)
    dendritic = synapses.delay[position].astype(np.int64) - table.axonal
    if (dendritic < 0).any():
        raise ValueError("SpikePairs.axonal: longer than the delay of the synapse")
    rate, rates = np.unique(
        timestep / np.concatenate([table.tau_pre, table.tau_post]), return_inverse=True
    )
    pre_rate, post_rate = np.split(rates.reshape(-1), 2)
    pre_traces, pre = _grouped(table.axonal, source, pre_rate, state.pre, state.pre_age)
    post_traces, post = _grouped(dendritic, target, post_rate, state.post, state.post_age)
    rules, rule = _grouped(*(getattr(table, name) for name in _RULE))
    order = np.lexsort((position, pre))
    pre, post = pre[order], post[order]
    column = np.argsort(post, kind="stable")
    n = synapses.n_neurons
    line = synapses.line[position].astype(np.int64)
    offset = (dendritic * LINES + line) * n + target
    pre_delay, pre_indptr = _by_delay(pre_traces, synapses.n_sources)
    post_delay, post_indptr = _by_delay(post_traces, n)
    return PairPlan(
        order=order,
        pre_delay=pre_delay,
        pre_indptr=pre_indptr,
        post_delay=post_delay,
        post_indptr=post_indptr,
        synapse_indptr=np.searchsorted(pre, np.arange(len(pre_traces) + 1)),
        pre_rate=pre_traces[:, 2].astype(np.int64),
        pre=pre,
        post=post,
        rule=rule[order],
        offset=offset[order].astype(np.int32),
        column_indptr=np.searchsorted(post[column], np.arange(len(post_traces) + 1)),
        column=column,
        post_rate=post_traces[:, 2].astype(np.int64),
        **{name: rules[:, k].copy() for k, name in enumerate(_RULE)},
        rate=rate,
        decay=exp(-np.arange(DECAY_LENGTH, dtype=np.float64) * rate[:, np.newaxis]),
    )


def _grouped(*columns):
    """Distinct rows of `columns`, sorted, and which of them each row is."""
    rows, which = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return rows, which.reshape(-1)


def _by_delay(traces, n):
    """Distinct delays (first column), and offsets by delay and source or neuron (second column)."""
    delay, which = np.unique(traces[:, 0].astype(np.int64), return_inverse=True)
    key = which.reshape(-1) * n + traces[:, 1].astype(np.int64)
    first = np.arange(len(delay))[:, np.newaxis] * n + np.arange(n + 1)
    return delay, np.searchsorted(key, first)


def without(synapses: SynapseTable, some: np.ndarray) -> tuple[SynapseTable, np.ndarray]:
    """`synapses` without those at the positions `some`, and where each of the others now is."""
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


def checked_pair_state(plan: PairPlan, state: PairState, n_sources: int):
    """The state by traces: weight, pre, pre age, post, post age, and events to be seen.

    Raises
    ------
    ValueError
        If the state does not belong to the plan.
    """
    n = len(plan.order)
    floats = {
        name: checked_floats(f"state.pairs.{name}", getattr(state, name), (n,))[plan.order]
        for name in ("weight", "pre", "post")
    }
    ages = {}
    for name in ("pre_age", "post_age"):
        age = converted(f"state.pairs.{name}", getattr(state, name), np.int64)
        if age.shape != (n,) or (age < 0).any():
            raise ValueError(f"state.pairs.{name}: {n} steps of at least 0 are needed")
        ages[name] = age[plan.order]
    seen = converted("state.pairs.seen", state.seen, np.int64).reshape(-1, 2)
    checked_index("state.pairs.seen", seen[:, 0], 0, n_sources, np.int64)
    if (seen[:, 1] < 0).any() or (np.diff(seen[:, 1]) > 0).any():
        raise ValueError("state.pairs.seen: ages must descend to at least 0")
    pre, post = plan.pre_first, plan.post_first
    return (
        floats["weight"],
        floats["pre"][pre],
        ages["pre_age"][pre],
        floats["post"][post],
        ages["post_age"][post],
        seen,
    )


def checked_pair_plan(plan: PairPlan, n_sources: int, n_neurons: int, depth: int) -> PairPlan:
    """A copy of `plan` of which no index leads outside; `depth` is that of the ring.

    Raises
    ------
    ValueError
        If one does.
    """
    n, n_pre, n_post = len(plan.order), len(plan.pre_rate), len(plan.post_rate)
    n_rules, n_rates = len(plan.up), len(plan.rate)
    checked: dict[str, np.ndarray] = {}
    for name, size, high in (
        ("order", n, n), ("pre", n, n_pre), ("post", n, n_post), ("rule", n, n_rules),
        ("column", n, n), ("pre_rate", n_pre, n_rates), ("post_rate", n_post, n_rates),
        ("offset", n, depth * LINES * n_neurons),
        ("pre_delay", len(plan.pre_delay), 2**31), ("post_delay", len(plan.post_delay), depth),
    ):  # fmt: skip
        dtype = np.int32 if name in _INDEX else np.int64
        array = checked_index(f"pairs.{name}", getattr(plan, name), 0, max(high, 1), dtype)
        if len(array) != size or (size and not high):
            raise ValueError(f"pairs.{name}: {len(array)} entries where {size} are needed")
        checked[name] = array
    for name, size, total in (("synapse_indptr", n_pre, n), ("column_indptr", n_post, n)):
        checked[name] = checked_offsets(f"pairs.{name}", getattr(plan, name), total)
        if len(checked[name]) != size + 1 or (np.diff(checked[name]) < 1).any():
            raise ValueError(f"pairs.{name}: every trace needs a synapse")
    for name, rows, size, total in (
        ("pre_indptr", len(plan.pre_delay), n_sources, n_pre),
        ("post_indptr", len(plan.post_delay), n_neurons, n_post),
    ):
        array = converted(f"pairs.{name}", getattr(plan, name), np.int64)
        if array.shape != (rows, size + 1):
            raise ValueError(f"pairs.{name}: shape {array.shape}, not {(rows, size + 1)}")
        if rows and (array.min() < 0 or array.max() > total or (np.diff(array) < 0).any()):
            raise ValueError(f"pairs.{name}: must ascend within 0 to {total}")
        checked[name] = array
    for name in (*_RULE, "rate"):
        size = n_rates if name == "rate" else n_rules
        checked[name] = checked_floats(f"pairs.{name}", getattr(plan, name), (size,))
    checked["decay"] = checked_floats("pairs.decay", plan.decay, (n_rates, DECAY_LENGTH))
    return PairPlan(**checked)
