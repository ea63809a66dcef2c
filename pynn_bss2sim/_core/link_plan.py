"""From ways of events to the tables with which both engines follow them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .checks import checked_index, checked_offsets
from .frozen import frozen
from .links import Ways
from .ordering import distinct, stable_order
from .ranges import ranges

__all__ = ["LinkPlan", "checked_link_plan", "make_link_plan", "shortest_notice"]

#: Times below this (ps, 13 days) can be added without a thought about 64 bits.
_LONGEST = 2**60


@frozen
class LinkPlan:
    """Ways compiled for the engines; named as in `links.Ways` where not said otherwise.

    Attributes
    ----------
    step : int
    interval, patience : int64 (n_links,)
    root_indptr, root : int64 (n_sources + 1,), int32 (n,)
        First hops of each source.
    child_indptr, child : int64 (n_hops + 1,), int32 (n,)
        Hops that follow each hop.
    link, at, slack, begin, end : (n_hops,)
    delay_indptr, delay : int64 (n_hops + 1,), int64 (n,)
        Distinct delays of the synapses of each hop, ascending.
    """

    step: int
    interval: np.ndarray
    patience: np.ndarray
    root_indptr: np.ndarray
    root: np.ndarray
    child_indptr: np.ndarray
    child: np.ndarray
    link: np.ndarray
    at: np.ndarray
    slack: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    delay_indptr: np.ndarray
    delay: np.ndarray


def make_link_plan(ways: Ways, n_sources: int, delay: np.ndarray) -> LinkPlan:
    """Compile the ways to synapses with these delays, (n_synapses,), in steps."""
    first = np.flatnonzero(ways.parent < 0)
    rest = np.flatnonzero(ways.parent >= 0)
    root_indptr, root = _rows(ways.source[first], first, n_sources)
    child_indptr, child = _rows(ways.parent[rest], rest, len(ways))
    count = np.maximum(ways.end - ways.begin, 0)
    span = int(delay.max(initial=0)) + 1
    pairs = np.repeat(np.arange(len(ways)) * span, count)
    pairs += delay[ranges(ways.begin, count)]
    pairs = distinct(pairs)
    delay_indptr = np.zeros(len(ways) + 1, np.int64)
    np.cumsum(np.bincount(pairs // span, minlength=len(ways)), out=delay_indptr[1:])
    return LinkPlan(
        ways.step, ways.links.interval, ways.links.patience(ways.step), root_indptr, root,
        child_indptr, child, ways.link, ways.at, ways.slack, ways.begin, ways.end,
        delay_indptr, pairs % span,
    )  # fmt: skip


def _rows(row: np.ndarray, values: np.ndarray, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Values ordered by row: offsets, and int32 values."""
    indptr = np.zeros(n_rows + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=n_rows), out=indptr[1:])
    return indptr, values[stable_order(row)].astype(np.int32)


def longest_wait(plan: LinkPlan) -> np.ndarray:
    """Longest possible sum of waits up to and including each hop: int64 (n_hops,), ps.

    Raises
    ------
    ValueError
        Hops do not form trees, or the sum has no room in 60 bits.
    """
    parent = np.full(len(plan.link), -1, np.int64)
    parent[plan.child] = np.repeat(np.arange(len(plan.link)), np.diff(plan.child_indptr))
    if (parent[plan.child] >= plan.child).any():
        raise ValueError("routes.links.child: must come behind the hop that leads to it")
    if (np.bincount(np.concatenate([plan.root, plan.child]), minlength=len(parent)) != 1).any():
        raise ValueError("routes.links.root: each hop must follow one other or one source")
    own = plan.patience[plan.link].astype(np.float64)
    total = own
    while True:
        longer = own + np.where(parent >= 0, total[parent], 0.0)
        if longer.max(initial=0.0) >= _LONGEST:
            raise ValueError("routes.links.patience: events could wait longer than 60 bits count")
        if np.array_equal(longer, total):
            return total.astype(np.int64)
        total = longer


def latest_arrival(plan: LinkPlan, wait: np.ndarray) -> int:
    """Largest number of steps from a spike to the arrival at a synapse."""
    hop = np.repeat(np.arange(len(plan.link)), np.diff(plan.delay_indptr))
    late = np.where(wait >= plan.slack, 1 + (wait - plan.slack) // plan.step, 0)
    return int((plan.delay + late[hop]).max(initial=0))


def shortest_notice(plan: LinkPlan) -> int:
    """Fewest steps from the one in which an event comes to its last link to its arrival.

    The step in which it comes there is that of the spike plus ``(at + waited) // step``. It arrives
    `delay` steps after the spike, later by ``1 + (waited - slack) // step`` where it has waited for
    `slack` or longer.
    """
    hop = np.repeat(np.arange(len(plan.link)), np.diff(plan.delay_indptr))
    notice = plan.delay + 1 + -(plan.at + plan.slack)[hop] // plan.step
    return int(notice.min(initial=_LONGEST))


def checked_link_plan(
    plan: LinkPlan, n_sources: int, n_synapses: int, depth: int
) -> tuple[LinkPlan, np.ndarray]:
    """Return a plan whose arrays are copies that the engine can trust, and its `longest_wait`.

    Raises
    ------
    ValueError
        An index leads outside, a time is out of range, or an event could arrive in a step that is
        over or lies beyond the ring of `depth` slots.
    """
    step = int(plan.step)
    if not 1 <= step < 2**50:
        raise ValueError(f"routes.links.step: must lie in [1, 2**50) ps, is {step}")

    def index(name: str, low: int, high: int, dtype: DTypeLike = np.int64) -> np.ndarray:
        return checked_index(f"routes.links.{name}", getattr(plan, name), low, high, dtype)

    if n_synapses >= 2**31:
        raise ValueError(f"routes.links: {n_synapses} synapses are more than its events can drive")
    interval = index("interval", 1, 2**50)
    link = index("link", 0, len(interval), np.int32)
    root = index("root", 0, len(link), np.int32)
    child = index("child", 0, len(link), np.int32)
    delay = index("delay", 1, depth)

    def offsets(name: str, n: int, total: int) -> np.ndarray:
        array = checked_offsets(f"routes.links.{name}", getattr(plan, name), total)
        if len(array) != n + 1:
            raise ValueError(f"routes.links.{name}: {n + 1} offsets are needed")
        return array

    copy = LinkPlan(
        step, interval, index("patience", 0, 2**50),
        offsets("root_indptr", n_sources, len(root)), root,
        offsets("child_indptr", len(link), len(child)), child,
        link, index("at", 0, 2**50), index("slack", 1, step + 1),
        index("begin", 0, n_synapses + 1), index("end", 0, n_synapses + 1),
        offsets("delay_indptr", len(link), len(delay)), delay,
    )  # fmt: skip
    for name, n in (("patience", len(interval)), *((k, len(link)) for k in _PER_HOP)):
        if len(getattr(copy, name)) != n:
            raise ValueError(f"routes.links.{name}: {n} entries are needed")
    return copy, _checked_times(copy, depth)


_PER_HOP = ("at", "slack", "begin", "end")


def _checked_times(plan: LinkPlan, depth: int) -> np.ndarray:
    """`longest_wait` of a plan, if its events never arrive too early or too late."""
    wait = longest_wait(plan)
    before = np.repeat(np.arange(len(plan.link)), np.diff(plan.child_indptr))
    if (plan.at[before] > plan.at[plan.child]).any():
        raise ValueError("routes.links.at: must not descend from hop to hop")
    hop = np.repeat(np.arange(len(plan.link)), np.diff(plan.delay_indptr))
    if (plan.at[hop] > (plan.delay - 1) * plan.step).any():
        raise ValueError("routes.links.at: an event would arrive before it passes its last link")
    latest = latest_arrival(plan, wait)
    if latest >= depth:
        raise ValueError(f"routes.depth: {depth}, an event may arrive after {latest} steps")
    return wait


def checked_events(
    events: ArrayLike, busy: ArrayLike, plan: LinkPlan, wait: np.ndarray, step: int
) -> tuple[np.ndarray, np.ndarray]:
    """Check events under way and how long links are taken, at the begin of step `step`.

    Returns
    -------
    events : int64 (k, 3)
        When the event comes to its hop (ps from now), the hop, and the steps since its spike.
    busy : int64 (n_links,), ps
    """
    busy = checked_index("state.link_busy", busy, 0, 2**59, np.int64)
    if len(busy) != len(plan.interval):
        raise ValueError(f"state.link_busy: {len(plan.interval)} entries are needed")
    events = np.asarray(events)
    if events.ndim != 2 or events.shape[1] != 3:
        raise ValueError(f"state.events: shape {events.shape} where (k, 3) is needed")
    time, hop, age = (
        checked_index(f"state.events[:, {k}]", events[:, k], 0, high, np.int64)
        for k, high in enumerate((2**59, len(plan.link), min(step + 1, 2**59 // plan.step)))
    )
    waited = time + age * plan.step - plan.at[hop]
    if ((waited < 0) | (waited > wait[hop])).any():
        raise ValueError("state.events: an event comes to a link when it cannot be there")
    return np.stack([time, hop, age], axis=1), busy
