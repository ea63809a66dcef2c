"""What spikes set under way: synapses, the ring of their amplitudes, and what plasticity of events
and links make of it. The functions that deliver are those of delivery.h.
"""

from libc.stdint cimport int64_t

from pynn_bss2sim._core.native cimport BSS_GROUP, BSS_PAGE, bss_pass_links
from pynn_bss2sim._core.pointers cimport (
    const_doubles,
    const_int32s,
    const_int64s,
    doubles,
    int64s,
    uint64s,
)

import numpy as np

from pynn_bss2sim._core.checks import checked_floats, checked_index, checked_offsets
from pynn_bss2sim._core.link_plan import shortest_notice
from pynn_bss2sim._core.plasticity import checked_release_state, checked_releases
from pynn_bss2sim._core.pulses import checked_pulse_plan, checked_pulse_state
from pynn_bss2sim._core.tiles import aligned


#: What the second-level cache holds of synapses and ring.
NEAR_BYTES = 1 << 19


cdef class Delivery:
    """Synapses and events under way.

    Parameters
    ----------
    n : int
        Number of neurons.
    routes : Routes
    releases : Releases or None
    pulses : PulsePlan or None

    Attributes
    ----------
    n_sources : int
    links : EventLinks or None
    notice : int
        Steps for which the arrivals on all lines are known, at least 1.
    """

    def __cinit__(self, int64_t n, routes, releases, pulses):
        depth = int(routes.depth)
        width = (2 * n + BSS_PAGE - 1) // BSS_PAGE * BSS_PAGE
        if depth < 2 or depth * width >= 2**31:
            raise ValueError(f"routes.depth: {depth} is out of range")
        self.record.n, self.record.depth, self.record.width = n, depth, width
        self.ring = np.zeros((depth, width))
        self.marks = np.zeros((depth, width // BSS_PAGE), np.uint64)
        self.record.ring, self.record.marks = doubles(self.ring), uint64s(self.marks)
        self._take_synapses(routes)
        self._take_links(routes.links)
        self._take_releases(releases)
        self._take_pulses(pulses)

    def _take_synapses(self, routes):
        cell = checked_index("routes.cell", routes.cell, 0, 2 * self.record.n, np.int32)
        delay = checked_index("routes.delay", routes.delay, 1, self.record.depth, np.int32)
        if len(delay) != len(cell):
            raise ValueError("routes.delay: one for each synapse is needed")
        self.reach = aligned(delay * np.int32(self.record.width) + cell)
        self.notice = delay.min(initial=self.record.depth)
        amplitude = checked_floats("routes.amplitude", routes.amplitude, (len(cell),))
        self.amplitude = aligned(amplitude)
        self.indptr = checked_offsets("routes.indptr", routes.indptr, len(cell))
        self.n_sources = len(self.indptr) - 1
        if self.n_sources < self.record.n:
            raise ValueError(f"routes.indptr: {self.n_sources} sources for {self.record.n} neurons")
        self.record.indptr = const_int64s(self.indptr)
        self.record.reach = const_int32s(self.reach)
        self.record.amplitude = doubles(self.amplitude)
        self.record.nearest = self.reach.min(initial=2**31 - 1)
        self.record.farthest = self.reach.max(initial=0)
        self.record.vast = (self.ring.nbytes + self.reach.nbytes + self.amplitude.nbytes
                            > NEAR_BYTES)

    def exchange_amplitudes(self, amplitude):
        """Give the synapses other amplitudes: float64 (n_synapses,)."""
        self.amplitude[:] = checked_floats("amplitude", amplitude, self.amplitude.shape)

    def _take_links(self, plan):
        if plan is None:
            return
        self.links = EventLinks(plan, self.n_sources, len(self.reach), self.record.depth)
        self.notice = min(self.notice, shortest_notice(self.links.plan))
        self.record.links = &self.links.queue

    def _take_releases(self, plan):
        if plan is None or not len(plan):
            return
        if self.links is not None:
            raise ValueError("releases: short-term plasticity behind links is not emulated")
        self.release_plan = plan = checked_releases(plan, self.n_sources, len(self.reach))
        self.release_state = np.zeros((3, len(plan)))
        self.release_last = np.zeros(len(plan), np.int64)
        r = &self.releases
        r.indptr = const_int64s(plan.indptr)
        r.use = const_doubles(plan.use)
        r.rate_rec = const_doubles(plan.rate_rec)
        r.rate_facil = const_doubles(plan.rate_facil)
        r.rate_psc = const_doubles(plan.rate_psc)
        r.member_indptr = const_int64s(plan.member_indptr)
        r.member = const_int64s(plan.member)
        r.amplitude = const_doubles(plan.amplitude)
        r.u = doubles(self.release_state[0])
        r.x = doubles(self.release_state[1])
        r.y = doubles(self.release_state[2])
        r.last = int64s(self.release_last)
        self.record.releases = r

    def _take_pulses(self, plan):
        if plan is None or not len(plan):
            return
        n_triggers = self.n_sources if self.links is None else len(self.links.plan.link)
        self.pulse_plan = plan = checked_pulse_plan(plan, n_triggers, len(self.reach))
        self.pulse = np.zeros(len(plan))
        self.pulse_last = np.zeros(len(plan), np.int64)
        p = &self.pulses
        p.indptr = const_int64s(plan.indptr)
        p.state = const_int64s(plan.state)
        p.member_indptr = const_int64s(plan.member_indptr)
        p.member = const_int64s(plan.member)
        p.amplitude = const_doubles(plan.amplitude)
        p.use = const_doubles(plan.use)
        p.rate = const_doubles(plan.rate)
        p.charged = const_doubles(plan.charged)
        p.recovered = const_doubles(plan.recovered)
        p.pulse = doubles(self.pulse)
        p.last = int64s(self.pulse_last)
        self.record.pulses = p

    def settle(self, step):
        """Let all events that are at links arrive, as if no others came behind them."""
        if self.links is not None:
            self.links.restart_clock(step)
            bss_pass_links(&self.record, 2**62, step)
            self.links.check_memory()

    # -- state ------------------------------------------------------------------------------

    def export(self, step):
        """Their part of the state at `step`; see `state.EmulatorState`."""
        n, depth = self.record.n, self.record.depth
        cells = self.ring[:, :2 * n].reshape(depth, 2, n)
        state = {"under_way": np.roll(cells, -(step % depth), axis=0)}
        if self.links is not None:
            state |= self.links.export(step)
        if self.release_plan is not None:
            group = self.release_plan.group
            state["release"] = self.release_state[:, group]
            state["release_age"] = step - self.release_last[group]
        if self.pulse_plan is not None:
            state["pulse"] = self.pulse.copy()
            state["pulse_age"] = step - self.pulse_last
            state["pulse_number"] = self.pulse_plan.number
        return state

    def checked_state(self, state, step):
        """Their part of a state, if it is one."""
        shape = (self.record.depth, 2, self.record.n)
        checked = {"under_way": checked_floats("state.under_way", state["under_way"], shape)}
        if self.links is not None:
            checked["links"] = self.links.checked_state(state, step)
        return checked | self.checked_plastic(state, step)

    def checked_plastic(self, state, step):
        """The part of a state that belongs to releases and pulses, if it is one."""
        checked = {}
        if self.release_plan is not None:
            checked["releases"] = checked_release_state(self.release_plan, state, step)
        if self.pulse_plan is not None:
            checked["pulses"] = checked_pulse_state(self.pulse_plan, state, step)
        return checked

    def take_state(self, checked, step):
        """Take what `checked_state` has returned."""
        depth = self.record.depth
        under_way = np.roll(checked["under_way"], step % depth, axis=0)
        self.ring[:, :2 * self.record.n] = under_way.reshape(depth, 2 * self.record.n)
        groups = (self.ring != 0.0).reshape(*self.marks.shape, 64, BSS_GROUP).any(axis=3)
        self.marks[:] = (groups << np.arange(64, dtype=np.uint64)).sum(axis=2, dtype=np.uint64)
        if self.links is not None:
            self.links.take_state(checked["links"], step)
        self._take_plastic(checked)

    def restart(self, checked):
        """Begin at step 0 with nothing under way, and with what `checked_plastic` has returned."""
        self.ring[:], self.marks[:] = 0.0, 0
        if self.links is not None:
            self.links.restart()
        self._take_plastic(checked)

    def _take_plastic(self, checked):
        if self.release_plan is not None:
            self.release_state[:], self.release_last[:] = checked["releases"]
        if self.pulse_plan is not None:
            self.pulse[:], self.pulse_last[:] = checked["pulses"]
