"""Links that carry one event at a time, and the events on their way: state of event_queue.h."""

from libc.stdint cimport int64_t
from libc.stdlib cimport free

from pynn_bss2sim._core.native cimport (
    bss_event,
    bss_hop,
    bss_link,
    bss_restart_clock,
    bss_roots,
    bss_send,
)
from pynn_bss2sim._core.pointers cimport const_int32s, const_int64s, int64s

import numpy as np

from pynn_bss2sim._core.link_plan import checked_events, checked_link_plan
from pynn_bss2sim._core.packed_hops import packed_hops
from pynn_bss2sim._core.tiles import aligned

# places in the record bss_link
cdef enum:
    WORDS = 8
    FREE_AT = 2
    COUNTS = 3


cdef class EventLinks:
    """The links of a plan.

    Parameters
    ----------
    plan : LinkPlan
    n_sources, n_synapses, depth : int
        Of the routes that the plan belongs to.
    """

    def __cinit__(self, plan, n_sources, n_synapses, depth):
        self.plan, self.longest_wait = checked_link_plan(plan, n_sources, n_synapses, depth)
        plan = self.plan
        self.n_links = len(plan.interval)
        hops, self.number, self.roots, self.place = packed_hops(plan)
        self.hops = aligned(hops)
        self.links = aligned(np.zeros(self.n_links * WORDS, np.int64)).reshape(-1, WORDS)
        self.links[:, 0], self.links[:, 1] = plan.interval, plan.patience
        self.queue.step = plan.step
        self.queue.hops = <const bss_hop *>const_int64s(self.hops.view(np.int64))
        self.queue.number = const_int32s(self.number)
        self.queue.at_once = not plan.at[plan.root].any()
        self.queue.roots = <const bss_roots *>const_int32s(self.roots)
        self.queue.links = <bss_link *>int64s(self.links)

    def rows(self):
        """The synapses behind each hop, in the order of the hops here: begin and end."""
        return self.plan.begin[self.number], self.plan.end[self.number]

    def lead_to(self, records, first):
        """Let hops lead to bunches: records, and where those of each hop begin."""
        count, first = np.diff(first), first[:len(self.hops)]
        some = count > 0
        self.hops["bunch"][some] = records[first[some]]
        self.hops["first_other"], self.hops["n_others"] = first + 1, np.maximum(count - 1, 0)

    def __dealloc__(self):
        free(self.queue.row)
        free(self.queue.heap)

    def restart_clock(self, step):
        """Let the links count time from a step on."""
        bss_restart_clock(&self.queue, self.n_links, step)
        self.check_memory()

    def check_span(self, n_steps):
        """Refuse more steps than the clock counts."""
        if n_steps >= 2**61 // self.plan.step:
            raise ValueError(f"n_steps: {n_steps} is more than the clock of the links counts")

    def check_memory(self):
        """Raise MemoryError if there was none for an event."""
        if self.queue.out_of_memory:
            raise MemoryError("no memory for the events on their way through the links")

    def export(self, step):
        """Their part of the state at `step`; see `state.EmulatorState`."""
        self.restart_clock(step)
        return {"link_busy": self.links[:, FREE_AT].copy(), "events": self._sorted_events()}

    def _sorted_events(self):
        """Events on their way, in the order in which they go on; the clock has just begun."""
        cdef int64_t k
        cdef bss_event *event
        columns = np.empty((self.queue.count, 4), np.int64)
        cdef int64_t *column = int64s(columns)
        for k in range(self.queue.count):
            event = &self.queue.heap[k]
            column[4 * k] = event.time
            column[4 * k + 1] = event.order
            column[4 * k + 2] = self.queue.number[event.hop - self.queue.hops]
            column[4 * k + 3] = -event.emitted
        order = np.lexsort((columns[:, 1], columns[:, 0]))
        return columns[order][:, [0, 2, 3]]

    def checked_state(self, state, step):
        """Their part of a state, if it is one."""
        return checked_events(state["events"], state["link_busy"], self.plan, self.longest_wait,
                              step)

    def take_state(self, checked, step):
        """Replace events on their way and what links are taken for; the clock begins now."""
        cdef int64_t place
        events, busy = checked
        self._empty(step)
        self.links[:, FREE_AT] = busy
        for time, hop, age in events.tolist():
            place = self.place[hop]
            bss_send(&self.queue, time, -age, &self.queue.hops[place])
        self.check_memory()

    def restart(self):
        """Begin at step 0 with free links."""
        self._empty(0)
        self.links[:, FREE_AT] = 0

    def _empty(self, step):
        """Drop all events on their way; the clock begins at `step`."""
        self.queue.first = self.queue.last = self.queue.row
        self.queue.count = self.queue.sent = 0
        self.queue.clock = step

    def take_traffic(self):
        """Counters since they were last taken: int64 (5, n_links); see `links.Traffic`."""
        counts = self.links[:, COUNTS:].T.copy()
        self.links[:, COUNTS:] = 0
        return counts
