"""Spike-timing dependent plasticity compiled for the engines: traces, and who reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core.checks import checked_floats, checked_index, checked_offsets, converted
from pynn_bss2sim._core.records import LINES, SynapseTable
from pynn_bss2sim._core.spike_pairs import PairState, SpikePairs, epoch_length

__all__ = ["PairPlan", "checked_pair_plan", "checked_pair_state", "make_pair_plan"]

#: Fields of a `SpikePairs` that make a rule.
_RULE = ("up", "up_power", "down", "down_power", "constant", "w_from", "w_to")


@dataclass(frozen=True, eq=False)
class PairPlan:
    """Spike-timing dependent plasticity compiled for the engines.

    Synapses that see the same events of one source, or of one target, share its trace. They are
    ordered by presynaptic trace (rows); those of each row, and those of each postsynaptic trace
    (columns), are divided into runs, in which rules ascend and differ in no power and no rate.

    Attributes
    ----------
    order : int64 (n,)
        Entry of the `SpikePairs` for each synapse here.
    pre, post : int32 (n,)
        Traces of each synapse.
    rule : int32 (n,)
    place : int32 (n,)
        Line of the target: line * n_neurons + neuron.
    dendritic : int32 (n,)
        Steps.
    pre_delay : int64 (k,)
        Distinct axonal delays, ascending.
    pre_indptr : int64 (k, n_sources + 1)
        Presynaptic traces by axonal delay and source.
    post_delay, post_indptr : int64 (m,), int64 (m, n_neurons + 1)
        The same of dendritic delays, postsynaptic traces and neurons.
    row_indptr : int64 (n_pre + 1,)
        Runs of each presynaptic trace.
    row_start : int64 (n_runs + 1,)
        First synapse of each run; those of one run have one dendritic delay, too.
    column_indptr, column_start
        The same of postsynaptic traces, whose runs are parts of `column`.
    column : int32 (n,)
        Synapses ordered by postsynaptic trace.
    pre_rate, post_rate : int64 (n_pre,), int64 (n_post,)
        Entry of `rate` for each trace.
    rate : float64 (n_rates,)
        Distinct rates of decay, 1/step.
    up, up_power, down, down_power, constant, w_from, w_to : float64 (n_rules,)
    rule_pre_rate, rule_post_rate : int64 (n_rules,)
        A rule has one rate for each side.
    """

    order: np.ndarray
    pre: np.ndarray
    post: np.ndarray
    rule: np.ndarray
    place: np.ndarray
    dendritic: np.ndarray
    pre_delay: np.ndarray
    pre_indptr: np.ndarray
    post_delay: np.ndarray
    post_indptr: np.ndarray
    row_indptr: np.ndarray
    row_start: np.ndarray
    column_indptr: np.ndarray
    column_start: np.ndarray
    column: np.ndarray
    pre_rate: np.ndarray
    post_rate: np.ndarray
    rate: np.ndarray
    up: np.ndarray
    up_power: np.ndarray
    down: np.ndarray
    down_power: np.ndarray
    constant: np.ndarray
    w_from: np.ndarray
    w_to: np.ndarray
    rule_pre_rate: np.ndarray
    rule_post_rate: np.ndarray

    @property
    def pre_first(self) -> np.ndarray:
        """One synapse of each presynaptic trace: int64 (n_pre,)."""
        return self.row_start[self.row_indptr[:-1]]

    @property
    def post_first(self) -> np.ndarray:
        """One synapse of each postsynaptic trace: int64 (n_post,)."""
        return self.column[self.column_start[self.column_indptr[:-1]]]

    @property
    def row_delay(self) -> np.ndarray:
        """Dendritic delay of each run of a row, in steps: int32 (n_runs,)."""
        return self.dendritic[self.row_start[:-1]]

    @property
    def epoch(self) -> np.ndarray:
        """Steps after which traces of each rate are scaled anew: int64 (n_rates,)."""
        return epoch_length(self.rate)


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
    pre_traces, pre = _grouped(table.axonal, source, pre_rate, state.pre)
    post_traces, post = _grouped(dendritic, target, post_rate, state.post, state.fresh)
    rules, rule = _grouped(*(getattr(table, name) for name in _RULE), pre_rate, post_rate)
    _, form = _grouped(table.up_power, table.down_power, pre_rate, post_rate)
    order = np.lexsort((position, rule, dendritic, form, pre))
    pre, post, rule, form, dendritic = (x[order] for x in (pre, post, rule, form, dendritic))
    column = np.lexsort((rule, form, post))
    n = synapses.n_neurons
    place = synapses.line[position].astype(np.int64) * n + target
    pre_delay, pre_indptr = _by_delay(pre_traces, synapses.n_sources)
    post_delay, post_indptr = _by_delay(post_traces, n)
    row_indptr, row_start = _runs(pre, form, dendritic)
    column_indptr, column_start = _runs(post[column], form[column])
    return PairPlan(
        order=order,
        pre=pre.astype(np.int32),
        post=post.astype(np.int32),
        rule=rule.astype(np.int32),
        place=place[order].astype(np.int32),
        dendritic=dendritic.astype(np.int32),
        pre_delay=pre_delay,
        pre_indptr=pre_indptr,
        post_delay=post_delay,
        post_indptr=post_indptr,
        row_indptr=row_indptr,
        row_start=row_start,
        column_indptr=column_indptr,
        column_start=column_start,
        column=column.astype(np.int32),
        pre_rate=pre_traces[:, 2].astype(np.int64),
        post_rate=post_traces[:, 2].astype(np.int64),
        rate=rate,
        **{name: rules[:, k].copy() for k, name in enumerate(_RULE)},
        rule_pre_rate=rules[:, -2].astype(np.int64),
        rule_post_rate=rules[:, -1].astype(np.int64),
    )


def _grouped(*columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct rows of `columns`, sorted, and which of them each row is."""
    rows, which = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return rows, which.reshape(-1)


def _by_delay(traces: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct delays (first column), and offsets by delay and source or neuron (second column)."""
    delay, which = np.unique(traces[:, 0].astype(np.int64), return_inverse=True)
    key = which.reshape(-1) * n + traces[:, 1].astype(np.int64)
    first = np.arange(len(delay))[:, np.newaxis] * n + np.arange(n + 1)
    return delay, np.searchsorted(key, first)


def _runs(trace: np.ndarray, *same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Runs of each trace, and first entry of each run, where `trace` and `same` are sorted."""
    begins = np.ones(len(trace), bool)
    begins[1:] = np.any([np.diff(column) != 0 for column in (trace, *same)], axis=0)
    start = np.flatnonzero(begins)
    n_traces = int(trace[-1]) + 1 if len(trace) else 0
    indptr = np.searchsorted(trace[start], np.arange(n_traces + 1))
    return indptr.astype(np.int64), np.append(start, len(trace)).astype(np.int64)


def checked_pair_state(
    plan: PairPlan, state: PairState, n_sources: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The state by traces: weight, pre, post, fresh, and events to be seen.

    Raises
    ------
    ValueError
        If the state does not belong to the plan.
    """
    n = len(plan.order)
    columns = {
        name: checked_floats(f"state.pairs.{name}", getattr(state, name), (n,))[plan.order]
        for name in ("weight", "pre", "post", "pre_rate", "post_rate", "fresh")
    }
    for side, rate in (("pre_rate", plan.rule_pre_rate), ("post_rate", plan.rule_post_rate)):
        if (columns[side] != plan.rate[rate[plan.rule]]).any():
            raise ValueError(f"state.pairs.{side}: not the rates of the plan")
    seen = converted("state.pairs.seen", state.seen, np.int64).reshape(-1, 2)
    checked_index("state.pairs.seen", seen[:, 0], 0, n_sources, np.int64)
    if (seen[:, 1] < 0).any() or (np.diff(seen[:, 1]) > 0).any():
        raise ValueError("state.pairs.seen: ages must descend to at least 0")
    of_neurons = seen[seen[:, 0] < plan.post_indptr.shape[1] - 1]
    if len(np.unique(of_neurons, axis=0)) < len(of_neurons):
        raise ValueError("state.pairs.seen: a neuron spikes twice in one step")
    return (
        columns["weight"],
        columns["pre"][plan.pre_first],
        columns["post"][plan.post_first],
        columns["fresh"][plan.post_first] != 0,
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
    for name, size, high, dtype in (
        ("order", n, n, np.int64), ("pre", n, n_pre, np.int32), ("post", n, n_post, np.int32),
        ("rule", n, n_rules, np.int32), ("column", n, n, np.int32),
        ("place", n, LINES * n_neurons, np.int32), ("dendritic", n, depth, np.int32),
        ("pre_rate", n_pre, n_rates, np.int64), ("post_rate", n_post, n_rates, np.int64),
        ("rule_pre_rate", n_rules, n_rates, np.int64),
        ("rule_post_rate", n_rules, n_rates, np.int64),
        ("pre_delay", len(plan.pre_delay), 2**31, np.int64),
        ("post_delay", len(plan.post_delay), depth, np.int64),
    ):  # fmt: skip
        array = checked_index(f"pairs.{name}", getattr(plan, name), 0, max(high, 1), dtype)
        if len(array) != size or (size and not high):
            raise ValueError(f"pairs.{name}: {len(array)} entries where {size} are needed")
        checked[name] = array
    for side, size in (("row", n_pre), ("column", n_post)):
        checked |= _checked_runs(plan, side, size)
    for name, rows, size, total in (
        ("pre_indptr", len(plan.pre_delay), n_sources, n_pre),
        ("post_indptr", len(plan.post_delay), n_neurons, n_post),
    ):
        checked[name] = _checked_table(f"pairs.{name}", getattr(plan, name), (rows, size), total)
    for name in (*_RULE, "rate"):
        size = n_rates if name == "rate" else n_rules
        checked[name] = checked_floats(f"pairs.{name}", getattr(plan, name), (size,))
    if not ((checked["rate"] > 0) & np.isfinite(checked["rate"])).all():
        raise ValueError("pairs.rate: must be positive and finite")
    return PairPlan(**checked)


def _checked_runs(plan: PairPlan, side: str, n_traces: int) -> dict[str, np.ndarray]:
    """Copies of ``indptr`` and ``start`` of rows or columns, each trace and run with a synapse."""
    result = {}
    total = len(plan.order)
    for name, size in (("start", None), ("indptr", n_traces)):
        name = f"{side}_{name}"
        array = checked_offsets(f"pairs.{name}", getattr(plan, name), total)
        if size not in (None, len(array) - 1) or (np.diff(array) < 1).any():
            raise ValueError(f"pairs.{name}: every trace and run needs a synapse")
        result[name], total = array, len(array) - 1
    return result


def _checked_table(name: str, table: ArrayLike, shape: tuple[int, int], total: int) -> np.ndarray:
    """A copy of ascending offsets, one more in each row than `shape` says."""
    array = converted(name, table, np.int64)
    rows, size = shape
    if array.shape != (rows, size + 1):
        raise ValueError(f"{name}: shape {array.shape}, not {(rows, size + 1)}")
    if rows and (array.min() < 0 or array.max() > total or (np.diff(array) < 0).any()):
        raise ValueError(f"{name}: must ascend within 0 to {total}")
    return array
