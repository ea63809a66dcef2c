"""The hops of a plan in the order in which events make them: records of event_queue.h."""

from __future__ import annotations

import numpy as np

from .bunches import BUNCH
from .link_plan import LinkPlan
from .ranges import ranges

__all__ = ["packed_hops"]

#: The record bss_hop.
_HOP = np.dtype(
    [(name, np.int64) for name in ("after", "due")]
    + [(name, np.int32) for name in ("link", "first_next", "n_next", "at_once")]
    + [("bunch", BUNCH)]
    + [(name, np.int32) for name in ("first_other", "n_others")]
)


def packed_hops(plan: LinkPlan) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Bring the hops of each source together, and among them those that follow one hop.

    They lead to no bunches of synapses yet.

    Parameters
    ----------
    plan : LinkPlan
        As `checked_link_plan` returns it.

    Returns
    -------
    hops : record (n_hops,)
    number : int32 (n_hops,)
        Where each of these stands in the plan.
    roots : int32 (n_sources, 2)
        Begin and end of the first hops of each source.
    place : int64 (n_hops,)
        Where each hop of the plan stands among `hops`.
    """
    number, count = _by_source(plan)
    place = np.empty(len(number), np.int64)
    place[number] = np.arange(len(number))
    n_next = np.diff(plan.child_indptr)
    leading = np.flatnonzero(n_next)
    first_next = np.zeros(len(number), np.int64)
    first_next[leading] = place[plan.child[plan.child_indptr[leading]]]
    after = plan.at.copy()
    after[plan.child] -= np.repeat(plan.at, n_next)
    at_once = np.ones(len(number), bool)
    at_once[np.repeat(np.arange(len(number)), n_next)[after[plan.child] > 0]] = False
    columns = {
        "after": after,
        "due": plan.at + plan.slack,
        "link": plan.link,
        "first_next": first_next,
        "n_next": n_next,
        "at_once": at_once,
    }
    hops = np.zeros(len(number), _HOP)
    for name, values in columns.items():
        hops[name] = values[number]
    first = np.cumsum(count) - count
    roots = np.stack([first, first + np.diff(plan.root_indptr)], axis=1)
    return hops, number.astype(np.int32), roots.astype(np.int32), place


def _by_source(plan: LinkPlan) -> tuple[np.ndarray, np.ndarray]:
    """Hops by source, those made earlier first; and how many each source has."""
    n_sources, n_next = len(plan.root_indptr) - 1, np.diff(plan.child_indptr)
    hop, source = plan.root, np.repeat(np.arange(n_sources), np.diff(plan.root_indptr))
    hops, sources = [hop], [source]
    while len(hop):
        source = np.repeat(source, n_next[hop])
        hop = plan.child[ranges(plan.child_indptr[hop], n_next[hop])]
        hops.append(hop)
        sources.append(source)
    source = np.concatenate(sources)
    order = np.argsort(source, kind="stable")
    return np.concatenate(hops)[order], np.bincount(source, minlength=n_sources)
