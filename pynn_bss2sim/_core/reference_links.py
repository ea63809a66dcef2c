"""Events on their way through links, in plain Python: the twin of event_queue.h."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import numpy as np

from .link_plan import LinkPlan

__all__ = ["EventQueue"]


class EventQueue:
    """Events that wait for the time at which they come to their next link.

    Parameters
    ----------
    plan : LinkPlan

    Attributes
    ----------
    counts : int64 (5, n_links)
        Events, delayed, dropped, sum of waits, longest wait; see `links.Traffic`.
    """

    def __init__(self, plan: LinkPlan) -> None:
        self.plan = plan
        self.free_at = [0] * len(plan.interval)
        self.counts = np.zeros((5, len(plan.interval)), np.int64)
        self.heap: list[tuple[int, int, int, int]] = []
        self.sent = 0

    def emit(self, source: int, step: int) -> None:
        """A source spikes in a step."""
        p = self.plan
        for hop in p.root[p.root_indptr[source] : p.root_indptr[source + 1]]:
            self._send(step * p.step + int(p.at[hop]), step, int(hop))

    def arrivals(self, until: float) -> Iterator[tuple[int, int]]:
        """Let events move until `until` (ps): hops that drive synapses, and from which step on."""
        while self.heap and self.heap[0][0] < until:
            time, _, emitted, hop = heapq.heappop(self.heap)
            start = self._pass(time, emitted, hop)
            if start is not None and self.plan.begin[hop] < self.plan.end[hop]:
                late = start - emitted * self.plan.step - int(self.plan.at[hop])
                slack = int(self.plan.slack[hop])
                steps = 1 + (late - slack) // self.plan.step if late >= slack else 0
                yield hop, emitted + steps

    def _pass(self, time: int, emitted: int, hop: int) -> int | None:
        """Pass the link of a hop and go on: when the link was free, or None if dropped."""
        p, link = self.plan, int(self.plan.link[hop])
        start = max(self.free_at[link], time)
        wait = start - time
        dropped = wait > p.patience[link]
        went_on = 0 if dropped else wait
        self.counts[:4, link] += [1, went_on > 0, dropped, went_on]
        self.counts[4, link] = max(self.counts[4, link], went_on)
        if dropped:
            return None
        self.free_at[link] = start + int(p.interval[link])
        for child in p.child[p.child_indptr[hop] : p.child_indptr[hop + 1]]:
            self._send(start + int(p.at[child] - p.at[hop]), emitted, int(child))
        return start

    def _send(self, time: int, emitted: int, hop: int) -> None:
        heapq.heappush(self.heap, (time, self.sent, emitted, hop))
        self.sent += 1

    def export(self, step: int) -> dict[str, np.ndarray]:
        """State relative to `step`; see engine.pyx."""
        now = step * self.plan.step
        events = [(t - now, hop, step - emitted) for t, _, emitted, hop in sorted(self.heap)]
        return {
            "link_busy": np.maximum(np.array(self.free_at, np.int64) - now, 0),
            "events": np.array(events, np.int64).reshape(-1, 3),
        }

    def take(self, state: dict, step: int) -> None:
        """Take the state that `export` gives."""
        now = step * self.plan.step
        self.free_at = [int(busy) + now for busy in state["link_busy"]]
        self.heap, self.sent = [], 0
        for time, hop, age in state["events"].tolist():
            self._send(time + now, step - age, hop)
