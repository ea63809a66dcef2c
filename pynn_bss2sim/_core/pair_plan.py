"""Spike-timing dependent plasticity compiled for the engines: traces, and who reads them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core.checks import checked_floats, checked_index, checked_offsets, converted
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.records import LINES, SynapseTable
from pynn_bss2sim._core.spike_pairs import PairState, SpikePairs, epoch_length

__all__ = ["PairPlan", "checked_pair_plan", "checked_pair_state", "make_pair_plan", "pair_sides"]

#: How a rule changes weights at events of one side: bss_pair_term of kernels.h.
_TERM = np.dtype(
    [(name, np.float64) for name in ("amplitude", "power", "edge", "other", "constant", "rate")]
    + [("epoch", np.int64)]
)

#: Fields of a `SpikePairs` that make a rule.
_RULE = ("up", "up_power", "down", "down_power", "constant", "w_from", "w_to")


@frozen
class PairPlan:
    """Spike-timing dependent plasticity compiled for the engines.

    Synapses that see the events of one source after one axonal delay are a row, those that see the
    spikes of one target after one dendritic delay a column. Each is divided into runs, whose powers
    are of one kind: all 0, all 1, or any. Synapses of one row with the same state and rate share a
    presynaptic trace, those of one column a postsynaptic one.

    Attributes
    ----------
    order : int64 (n,)
        Entry of the `SpikePairs` for each synapse here, row after row.
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
    row_indptr : int64 (k, n_sources + 1)
        Runs by axonal delay and source.
    row_start : int64 (n_runs + 1,)
        First synapse of each run.
    column_indptr, column_start
        The same of columns, by dendritic delay and neuron; their runs are parts of `column`.
    column : int32 (n,)
        Synapses, column after column.
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
    order = np.lexsort((position, _power_kind(table.down_power), source, table.axonal))
    column = np.lexsort((order.argsort(), _power_kind(table.up_power), target, dendritic))
    n = synapses.n_neurons
    place = synapses.line[position].astype(np.int64) * n + target
    pre_delay, pre_indptr = _by_delay(pre_traces, synapses.n_sources)
    post_delay, post_indptr = _by_delay(post_traces, n)
    row_indptr, row_start = _runs(
        table.axonal[order], source[order], table.down_power[order], synapses.n_sources
    )
    column_indptr, column_start = _runs(
        dendritic[column], target[column], table.up_power[column], n
    )
    back = order.argsort()
    pre, post, rule, dendritic = (x[order] for x in (pre, post, rule, dendritic))
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
        column=back[column].astype(np.int32),
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


def _by_delay(keys: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct delays (first column), and offsets by delay and source or neuron (second column)."""
    delay, which = np.unique(keys[:, 0].astype(np.int64), return_inverse=True)
    key = which.reshape(-1) * n + keys[:, 1].astype(np.int64)
    first = np.arange(len(delay))[:, np.newaxis] * n + np.arange(n + 1)
    return delay, np.searchsorted(key, first)


def _power_kind(power: np.ndarray) -> np.ndarray:
    """Kind of each power: 0 and 1 are their own, 2 is any other; int32 like `power`."""
    return np.where((power == 0.0) | (power == 1.0), power, 2.0).astype(np.int32)


def _runs(
    delay: np.ndarray, end: np.ndarray, power: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Runs of synapses in such an order, by delay and source or neuron, and first of each run."""
    begins = np.ones(len(delay), bool)
    same = delay, end, _power_kind(power)
    begins[1:] = np.any([np.diff(column) != 0 for column in same], axis=0)
    start = np.flatnonzero(begins)
    _, indptr = _by_delay(np.stack([delay, end], axis=1)[start], n)
    return indptr, np.append(start, len(delay)).astype(np.int64)


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
    _, pre_first = np.unique(plan.pre, return_index=True)
    _, post_first = np.unique(plan.post, return_index=True)
    return (
        columns["weight"],
        columns["pre"][pre_first],
        columns["post"][post_first],
        columns["fresh"][post_first] != 0,
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
    for traces, n_traces in (("pre", n_pre), ("post", n_post)):
        if np.bincount(checked[traces], minlength=n_traces).min(initial=1) < 1:
            raise ValueError(f"pairs.{traces}: every trace needs a synapse")
    for name in ("row_start", "column_start"):
        checked[name] = checked_offsets(f"pairs.{name}", getattr(plan, name), n)
        if (np.diff(checked[name]) < 1).any():
            raise ValueError(f"pairs.{name}: every run needs a synapse")
    for name, rows, size, total in (
        ("pre_indptr", len(plan.pre_delay), n_sources, n_pre),
        ("row_indptr", len(plan.pre_delay), n_sources, len(plan.row_start) - 1),
        ("post_indptr", len(plan.post_delay), n_neurons, n_post),
        ("column_indptr", len(plan.post_delay), n_neurons, len(plan.column_start) - 1),
    ):
        checked[name] = _checked_table(f"pairs.{name}", getattr(plan, name), (rows, size), total)
    for name in (*_RULE, "rate"):
        size = n_rates if name == "rate" else n_rules
        checked[name] = checked_floats(f"pairs.{name}", getattr(plan, name), (size,))
    if not ((checked["rate"] > 0) & np.isfinite(checked["rate"])).all():
        raise ValueError("pairs.rate: must be positive and finite")
    return PairPlan(**checked)


def _checked_table(name: str, table: ArrayLike, shape: tuple[int, int], total: int) -> np.ndarray:
    """A copy of ascending offsets, one more in each row than `shape` says."""
    array = converted(name, table, np.int64)
    rows, size = shape
    if array.shape != (rows, size + 1):
        raise ValueError(f"{name}: shape {array.shape}, not {(rows, size + 1)}")
    if rows and (array.min() < 0 or array.max() > total or (np.diff(array) < 0).any()):
        raise ValueError(f"{name}: must ascend within 0 to {total}")
    return array


def pair_sides(plan: PairPlan) -> dict[str, dict[str, np.ndarray]]:
    """Rows and columns of a plan as the records of spike_pairs.h have them.

    Returns
    -------
    dict of "row" and "column" to dict
        Of arrays, named as in ``bss_pair_side``; those of records are flat.
    """
    n = np.arange(len(plan.order))
    none = np.zeros(len(plan.up))
    down = plan.down, plan.down_power, plan.w_from, plan.w_to, plan.constant, plan.rule_post_rate
    up = plan.up, plan.up_power, plan.w_to, plan.w_from, none, plan.rule_pre_rate
    row = _side(plan, n, plan.post, plan.row_start, down)
    column = _side(plan, plan.column, plan.pre[plan.column], plan.column_start, up)
    row |= _lines(plan, plan.row_indptr, plan.pre_indptr, plan.pre_rate)
    column |= _lines(plan, plan.column_indptr, plan.post_indptr, plan.post_rate)
    return {"row": row, "column": column}


def _lines(
    plan: PairPlan, runs: np.ndarray, traces: np.ndarray, rate: np.ndarray
) -> dict[str, np.ndarray]:
    """Rows or columns, and rates of their traces."""
    line = np.stack([runs[:, :-1], runs[:, 1:], traces[:, :-1], traces[:, 1:]], axis=-1)
    return {
        "line": line.astype(np.int32).reshape(-1),
        "rate": plan.rate[rate],
        "epoch": plan.epoch[rate],
    }


def _side(
    plan: PairPlan,
    synapse: np.ndarray,
    partner: np.ndarray,
    start: np.ndarray,
    changes: tuple[np.ndarray, ...],
) -> dict[str, np.ndarray]:
    """Entries of rows or columns, their runs, and the rules, in the order of their entries."""
    used, first, rule = np.unique(plan.rule[synapse], return_index=True, return_inverse=True)
    by_entry = np.argsort(first)
    rule = np.argsort(by_entry)[rule.reshape(-1)].astype(np.int32)
    terms = np.empty(len(used), _TERM)
    *values, rate = (column[used[by_entry]] for column in changes)
    values += [plan.rate[rate], plan.epoch[rate]]
    for name, value in zip(_TERM.names or (), values, strict=True):
        terms[name] = value
    low, high = (f.reduceat(rule, start[:-1]) for f in (np.minimum, np.maximum))
    kind = _power_kind(terms["power"])[low]
    run = np.stack([start[:-1], start[1:], kind, np.where(low == high, low, -1)], axis=1)
    return {
        "run": run.astype(np.int32).reshape(-1),
        "entry": np.stack([synapse, partner], axis=1).astype(np.int32).reshape(-1),
        "rule": rule,
        "terms": terms.view(np.uint8),
    }
