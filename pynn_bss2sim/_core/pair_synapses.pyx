"""Synapses with spike-timing dependent plasticity: their state, and a log of spikes that they have
still to see. What they do at a spike stands in spike_pairs.h.
"""

from libc.stdint cimport int32_t, int64_t

from pynn_bss2sim._core.delivery cimport Delivery
from pynn_bss2sim._core.instruction_sets cimport pair_change_of
from pynn_bss2sim._core.native cimport (
    BSS_PAIR_KINDS,
    bss_pair_begin,
    bss_pair_entry,
    bss_pair_flush,
    bss_pair_line,
    bss_pair_pass,
    bss_pair_post,
    bss_pair_pre,
    bss_pair_run,
    bss_pair_side,
    bss_pair_term,
    bss_pair_waits,
    bss_pairs,
    bss_put,
)
from pynn_bss2sim._core.neurons cimport Neurons

import numpy as np

from pynn_bss2sim._core.checks import checked_floats
from pynn_bss2sim._core.pair_plan import checked_pair_plan, checked_pair_state, pair_sides
from pynn_bss2sim._core.spike_pairs import PairState


cdef double *pointer(double[::1] array) noexcept:
    return &array[0] if array.shape[0] else NULL


cdef const double *const_pointer(const double[::1] array) noexcept:
    return &array[0] if array.shape[0] else NULL


cdef const int64_t *int_pointer(const int64_t[::1] array) noexcept:
    return &array[0] if array.shape[0] else NULL


cdef const int32_t *index_pointer(const int32_t[::1] array) noexcept:
    return &array[0] if array.shape[0] else NULL


cdef point_pair_side(bss_pair_side *side, arrays, double[::1] trace, double[::1] partner_trace):
    """Let a record of spike_pairs.h point to arrays that pair_sides made, and to traces."""
    cdef const unsigned char[::1] terms = arrays["terms"]
    side.n_traces, side.trace = trace.shape[0], pointer(trace)
    side.rate, side.epoch = const_pointer(arrays["rate"]), int_pointer(arrays["epoch"])
    side.line = <const bss_pair_line *>index_pointer(arrays["line"])
    side.run = <const bss_pair_run *>index_pointer(arrays["run"])
    side.entry = <const bss_pair_entry *>index_pointer(arrays["entry"])
    side.rule, side.partner_trace = index_pointer(arrays["rule"]), pointer(partner_trace)
    side.terms = <const bss_pair_term *>&terms[0]


cdef class PairSynapses:
    """Synapses that spikes change.

    Parameters
    ----------
    plan : PairPlan
    delivery : Delivery
        On whose ring they put their weights; without links.
    neurons : Neurons
        Their targets.
    """

    def __cinit__(self, plan, Delivery delivery not None, Neurons neurons not None):
        if delivery.links is not None:
            raise ValueError("pairs: plasticity behind links is not emulated")
        self.owners = delivery, neurons
        self.delivery = &delivery.record
        self.line = neurons.crew.neurons.line
        self.n, self.n_sources = delivery.record.n, delivery.n_sources
        self.log_count = 0
        self.plan = plan = checked_pair_plan(plan, self.n_sources, self.n,
                                             delivery.record.depth)
        self.weight = np.zeros(len(plan.order))
        self.pre_trace = np.zeros(len(plan.pre_rate))
        self.post_trace = np.zeros(len(plan.post_rate))
        self.fresh = np.zeros(len(plan.post_rate), np.int64)
        self.delay, self.place = plan.dendritic, plan.place
        self.cell = delivery.cells_of(plan.place)
        self.pre_delay, self.post_delay = plan.pre_delay, plan.post_delay
        self.pre_cursor = np.zeros(len(plan.pre_delay), np.int64)
        self.post_cursor = np.zeros(len(plan.post_delay), np.int64)
        self.log_step = np.zeros(4 * self.n + 256, np.int64)
        self.log_source = np.zeros(4 * self.n + 256, np.int64)
        self._point(plan, neurons)

    def _point(self, plan, Neurons neurons not None):
        """Let the record of spike_pairs.h point to the plan, arrays made of it, and the state."""
        cdef bss_pairs *p = &self.pairs
        self.derived = arrays = pair_sides(plan)
        arrays["collected"] = np.full(plan.row_indptr.size, -1, np.int64)
        point_pair_side(&p.row, arrays["row"], self.pre_trace, self.post_trace)
        point_pair_side(&p.column, arrays["column"], self.post_trace, self.pre_trace)
        p.weight = pointer(self.weight)
        p.fresh, p.n_fresh = &self.fresh[0], 0
        p.n_waiting = p.collection = 0
        p.collected = <int64_t *>int_pointer(arrays["collected"])
        p.shortest_epoch = plan.epoch.min()
        for kind in range(BSS_PAIR_KINDS):
            p.batch[kind].n = 0
        p.change = pair_change_of(neurons.instruction_set)

    def get_weights(self):
        """Present weights: float64 (n,)."""
        weights = np.empty(len(self.weight))
        weights[self.plan.order] = self.weight
        return weights

    def set_weights(self, weights):
        """Replace them."""
        weights = checked_floats("weights", weights, (len(self.weight),))
        np.asarray(self.weight)[:] = weights[self.plan.order]

    def export(self, step):
        """Their state at `step`."""
        plan = self.plan
        back = np.argsort(plan.order)
        first = self._first_unseen()
        log = slice(first, self.log_count)
        fresh = np.zeros(len(plan.post_rate), bool)
        lines = self.derived["column"]["line"].reshape(-1, 4)
        for _, _, first, last in lines[self.fresh[:self.pairs.n_fresh]]:
            fresh[first:last] = True
        return PairState(
            self.get_weights(),
            np.asarray(self.pre_trace)[plan.pre][back],
            np.asarray(self.post_trace)[plan.post][back],
            plan.rate[plan.pre_rate[plan.pre]][back],
            plan.rate[plan.post_rate[plan.post]][back],
            fresh[plan.post][back],
            np.stack([np.asarray(self.log_source)[log],
                      step - np.asarray(self.log_step)[log]], axis=1))

    def checked_state(self, state):
        """Their part of a state, if it is one."""
        return checked_pair_state(self.plan, state["pairs"], self.n_sources)

    def take_state(self, checked, step):
        """Take what `checked_state` has returned."""
        weight, pre, post, fresh, seen = checked
        np.asarray(self.weight)[:] = weight
        np.asarray(self.pre_trace)[:] = pre
        np.asarray(self.post_trace)[:] = post
        # the columns of fresh traces
        first_trace = self.derived["column"]["line"].reshape(-1, 4)[:, 2]
        fresh = np.unique(np.searchsorted(first_trace, np.flatnonzero(fresh), "right") - 1)
        np.asarray(self.fresh)[:len(fresh)] = fresh
        self.pairs.n_fresh = len(fresh)
        steps = step - seen[:, 1]
        self.log_count = 0
        np.asarray(self.pre_cursor)[:] = 0
        np.asarray(self.post_cursor)[:] = 0
        self.grow_log(len(steps))
        np.asarray(self.log_step)[:len(steps)] = steps
        np.asarray(self.log_source)[:len(steps)] = seen[:, 0]
        self.log_count = len(steps)
        np.asarray(self.pre_cursor)[:] = np.searchsorted(steps, step - self.plan.pre_delay,
                                                         "right")
        np.asarray(self.post_cursor)[:] = np.searchsorted(steps, step - self.plan.post_delay,
                                                          "right")

    def _first_unseen(self):
        """Position in the log of the first spike that not all synapses have seen."""
        cdef int64_t first = self.log_count
        for k in range(self.pre_cursor.shape[0]):
            first = min(first, self.pre_cursor[k])
        for k in range(self.post_cursor.shape[0]):
            first = min(first, self.post_cursor[k])
        return first

    def grow_log(self, more):
        """Forget spikes that all synapses have seen; make room for `more` and those of a step."""
        first = self._first_unseen()
        kept = slice(first, self.log_count)
        size = max(2 * (self.log_count - first), 4 * self.n + 256) + 2 * more
        steps, sources = np.zeros(size, np.int64), np.zeros(size, np.int64)
        steps[:self.log_count - first] = np.asarray(self.log_step)[kept]
        sources[:self.log_count - first] = np.asarray(self.log_source)[kept]
        self.log_step, self.log_source = steps, sources
        self.log_count -= first
        np.asarray(self.pre_cursor)[:] -= first
        np.asarray(self.post_cursor)[:] -= first

    cdef bint has_room(self, int64_t more) noexcept nogil:
        """Whether the log has room for the spikes of a step and `more` events."""
        return self.log_count + self.n + more <= self.log_step.shape[0]

    cdef void note(self, int64_t step, int64_t source) noexcept nogil:
        """Write a spike into the log."""
        self.log_step[self.log_count] = step
        self.log_source[self.log_count] = source
        self.log_count += 1

    cdef void see_inputs(self, int64_t step) noexcept nogil:
        """Let those events of `step` arrive that synapses see at once."""
        if self.pre_delay[0] == 0:
            self._see_pres(1, step)

    cdef void see(self, int64_t step) noexcept nogil:
        """Let spikes arrive at synapses that see them in a step that has just begun."""
        bss_pair_begin(&self.pairs, step)
        self._see_posts(step)
        self._see_pres(self.pre_delay.shape[0], step)

    cdef void _see_posts(self, int64_t step) noexcept nogil:
        """Let spikes of targets arrive at synapses that see them by now."""
        cdef int64_t c, source
        for c in range(self.post_delay.shape[0]):
            while (self.post_cursor[c] < self.log_count
                    and self.log_step[self.post_cursor[c]] + self.post_delay[c] <= step):
                source = self.log_source[self.post_cursor[c]]
                self.post_cursor[c] += 1
                if source < self.n:
                    bss_pair_post(&self.pairs, c * self.n + source, step)
        bss_pair_flush(&self.pairs, &self.pairs.column, step)

    cdef void _see_pres(self, int64_t n_delays, int64_t step) noexcept nogil:
        """Let events of sources arrive at synapses after the first `n_delays` axonal delays."""
        cdef int64_t c, row
        for c in range(n_delays):
            while (self.pre_cursor[c] < self.log_count
                    and self.log_step[self.pre_cursor[c]] + self.pre_delay[c] <= step):
                row = c * self.n_sources + self.log_source[self.pre_cursor[c]]
                self.pre_cursor[c] += 1
                if bss_pair_waits(&self.pairs, row):
                    self._send_rows(step)
                bss_pair_pre(&self.pairs, row, step)
        self._send_rows(step)

    cdef void _send_rows(self, int64_t step) noexcept nogil:
        """Put the weights of rows with events on the ring, or without delay on lines."""
        cdef const bss_pair_side *side = &self.pairs.row
        cdef int64_t k, q, j, row, reach, slot = step % self.delivery.depth
        cdef int64_t n = bss_pair_pass(&self.pairs, step)
        for k in range(n):
            row = self.pairs.waiting[k]
            for q in range(side.line[row].first_run, side.line[row].last_run):
                for j in range(side.run[q].first, side.run[q].last):
                    if self.delay[j] == 0:
                        self.line[self.place[j]] += self.weight[j]
                    else:
                        reach = self.delay[j] * self.delivery.width + self.cell[j]
                        bss_put(self.delivery, slot, reach, self.weight[j])
