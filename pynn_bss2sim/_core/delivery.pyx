"""What spikes set under way: synapses, those that wait for their step, the ring of amplitudes, and
what plasticity of events and links make of it. The functions that deliver are those of delivery.h.
"""

from libc.stdint cimport int64_t
from libc.stdlib cimport free

from pynn_bss2sim._core.native cimport (
    BSS_BLOCK,
    BSS_LANE,
    BSS_LINES,
    BSS_STRIDE,
    BSS_TILE,
    bss_bunch,
    bss_lacks_memory,
    bss_list,
    bss_pass_links,
    bss_put_on_ring,
)
from pynn_bss2sim._core.pointers cimport (
    const_doubles,
    const_int32s,
    const_floats,
    const_int64s,
    const_octets,
    const_uint16s,
    doubles,
    int64s,
    octets,
    uint64s,
)

import numpy as np

from pynn_bss2sim._core.bunches import Lanes, common_amplitude, make_bunches, whole_rows
from pynn_bss2sim._core.checks import checked_floats, checked_index, checked_offsets
from pynn_bss2sim._core.link_plan import shortest_notice
from pynn_bss2sim._core.plasticity import checked_release_state, checked_releases
from pynn_bss2sim._core.pulses import checked_pulse_plan, checked_pulse_state
from pynn_bss2sim._core.tiles import aligned


#: Fewest synapses of a bunch, on average, for which it is worth to wait.
SYNAPSES_PER_BUNCH = 3
#: Most delays and lanes that records of bunches can count.
MOST_COUNTED = 2**16
#: A step that does not come.
NEVER = 2**62


def rounded(values):
    """Values in float32, those too large for it infinite."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


cdef class Delivery:
    """Synapses and events under way.

    Parameters
    ----------
    n : int
        Number of neurons.
    pieces : tiles.Pieces
        Of the neurons.
    in_floats : bool (n_pieces,)
        Whether what arrives at each is added up in float32.
    routes : Routes
    releases : Releases or None
    pulses : PulsePlan or None
    may_wait : bool
        Whether nothing but synapses of `routes` puts amplitudes on the ring.

    Attributes
    ----------
    n_sources : int
    links : EventLinks or None
    notice : int
        Steps for which the arrivals on all lines are known, at least 1.
    """

    def __cinit__(self, int64_t n, pieces, in_floats, routes, releases, pulses, may_wait):
        self.record.n = n
        self._make_lanes(pieces, in_floats, int(routes.depth))
        self._take_synapses(routes)
        self._take_links(routes.links)
        self._take_releases(releases)
        self._take_pulses(pulses)
        plastic = self.release_plan is not None or self.pulse_plan is not None
        self._make_bunches(may_wait and not plastic)

    def __dealloc__(self):
        cdef int64_t k
        cdef bss_list *lists = self.record.lists
        free(self.record.departures)
        if lists != NULL:
            for k in range(self.record.n_lists * self.record.n_lanes):
                free(lists[k].first)

    def _make_lanes(self, pieces, in_floats, depth):
        """Lay out the ring, and lists of what waits."""
        most = max(int(pieces.n.max(initial=1)), BSS_TILE)
        assert most <= BSS_LANE
        self.first_neuron = pieces.first
        self.n_shares = len(pieces.indptr) - 1
        shares = np.repeat(np.arange(self.n_shares), np.diff(pieces.indptr))
        self.share = np.repeat(shares, BSS_LINES)  # of each lane
        behind = -(-pieces.n // BSS_TILE) * BSS_TILE
        self.behind = np.repeat(behind, BSS_LINES).astype(np.uint16)
        self.record.behind = const_uint16s(self.behind)
        self.record.depth, self.record.n_lanes = depth, BSS_LINES * len(pieces.first)
        self.record.lane_bits = (most - 1).bit_length()
        self.record.width = self.record.n_lanes << self.record.lane_bits
        if depth < 2 or depth * self.record.width >= 2**31:
            raise ValueError(f"routes.depth: {depth} is out of range")
        self.ring = np.zeros((depth, self.record.width))
        self.marks = np.zeros((depth, self.record.n_lanes), np.uint64)
        self.record.ring, self.record.marks = doubles(self.ring), uint64s(self.marks)
        self.in_floats = np.tile(np.repeat(in_floats, BSS_LINES), (depth, 1))
        self.record.in_floats = const_octets(self.in_floats)
        self.place_in_floats = np.tile(np.repeat(in_floats, pieces.n), BSS_LINES)
        self.record.list_bits = (depth - 1).bit_length()
        n_lists = self.record.n_lists = 1 << self.record.list_bits
        self.lists = np.zeros(max(1, n_lists * self.record.n_lanes) * sizeof(bss_list), np.uint8)
        self.record.lists = <bss_list *>octets(self.lists)
        self.cells = self.cells_of(np.arange(BSS_LINES * self.record.n))

    def cells_of(self, place):
        """Cells of a slot of the ring: int32, as ``place = line * n + neuron``."""
        line, neuron = np.divmod(place, max(1, self.record.n))
        piece = np.searchsorted(self.first_neuron, neuron, side="right") - 1
        lane = piece * BSS_LINES + line
        behind = neuron - self.first_neuron[piece]
        return ((lane << self.record.lane_bits) + behind).astype(np.int32)

    def _take_synapses(self, routes):
        depth = self.record.depth
        place = checked_index("routes.cell", routes.cell, 0, BSS_LINES * self.record.n, np.int32)
        self.delay = checked_index("routes.delay", routes.delay, 1, depth, np.int32)
        if len(self.delay) != len(place):
            raise ValueError("routes.delay: one for each synapse is needed")
        self.cell = self.cells[place]
        self.notice = self.delay.min() if len(self.delay) else BSS_BLOCK
        self.amplitude = checked_floats("routes.amplitude", routes.amplitude, (len(place),))
        self.indptr = checked_offsets("routes.indptr", routes.indptr, len(place))
        self.n_sources = len(self.indptr) - 1
        if self.n_sources < self.record.n:
            raise ValueError(f"routes.indptr: {self.n_sources} sources for {self.record.n} neurons")

    def _make_bunches(self, may_wait):
        """Decide what waits, and lay out the synapses for it."""
        rows = self.indptr[:self.n_sources], self.indptr[1:]
        # events that pass links are written down by the engine's thread
        share, n_shares = self.share, self.n_shares
        if self.links is not None:
            rows = self.links.rows()
            share, n_shares = np.zeros_like(self.share), 1
        depth, n_lanes = self.record.depth, self.record.n_lanes
        waits = may_wait and max(depth, n_lanes) <= MOST_COUNTED
        if waits:
            lanes = Lanes(1 << self.record.lane_bits, BSS_TILE, share, n_shares, self.behind)
            bunches = make_bunches(*rows, self.delay, self.cell, depth, lanes, BSS_STRIDE)
            waits = len(self.cell) >= SYNAPSES_PER_BUNCH * len(bunches.records)
        if not waits:
            bunches = whole_rows(*rows, len(self.cell))
        self.record.waits, self.record.ring_end = waits, -1 if waits else NEVER
        self.record.n_shares = n_shares
        self.bunches, self.records = bunches, aligned(bunches.records)
        self.record.bunches = <const bss_bunch *>octets(self.records.view(np.uint8))
        if self.links is None:
            self.record.first_bunch = const_int32s(bunches.first)
        self.target = aligned(bunches.target)
        self.reach = aligned(self.delay * np.int32(self.record.width) + self.cell)
        self.record.target, self.record.reach = const_uint16s(self.target), const_int32s(self.reach)
        amplitude, self.amplitude = self.amplitude, aligned(np.zeros(len(bunches.synapse)))
        self.record.amplitude = doubles(self.amplitude)
        if waits and self.in_floats.any():
            self.float_amplitude = aligned(np.zeros(len(bunches.synapse), np.float32))
            self.record.float_amplitude = const_floats(self.float_amplitude)
        self._set_amplitudes(amplitude)

    def _set_amplitudes(self, amplitude):
        """Give the synapses amplitudes, as they stand in the table."""
        self.amplitude[:] = np.where(self.bunches.silent, 0.0, amplitude[self.bunches.synapse])
        if self.float_amplitude is not None:
            self.float_amplitude[:] = rounded(self.amplitude)
        if self.record.waits:
            self.records["amplitude"] = common_amplitude(self.bunches, amplitude)
        if self.links is not None:
            self.links.lead_to(self.records, self.bunches.first)

    def exchange_amplitudes(self, amplitude, step):
        """Give the synapses other amplitudes at `step`: float64 (n_synapses,)."""
        amplitude = checked_floats("amplitude", amplitude, (len(self.cell),))
        if self.record.waits:
            bss_put_on_ring(&self.record, step)
        self._set_amplitudes(amplitude)

    def _take_links(self, plan):
        if plan is None:
            return
        self.links = EventLinks(plan, self.n_sources, len(self.cell), self.record.depth)
        self.notice = min(self.notice, shortest_notice(self.links.plan))
        self.record.links = &self.links.queue

    def check_memory(self):
        """Raise MemoryError if there was none for an event."""
        if bss_lacks_memory(&self.record):
            raise MemoryError("no memory for the events on their way")

    def _take_releases(self, plan):
        if plan is None or not len(plan):
            return
        if self.links is not None:
            raise ValueError("releases: short-term plasticity behind links is not emulated")
        self.release_plan = plan = checked_releases(plan, self.n_sources, len(self.cell))
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
        self.pulse_plan = plan = checked_pulse_plan(plan, n_triggers, len(self.cell))
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
            self.check_memory()

    # -- state ------------------------------------------------------------------------------

    def export(self, step):
        """Their part of the state at `step`; see `state.EmulatorState`."""
        n, depth = self.record.n, self.record.depth
        if self.record.waits:
            bss_put_on_ring(&self.record, step)
        cells = self.ring[:, self.cells].reshape(depth, BSS_LINES, n)
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
        self._empty()
        under_way = np.roll(checked["under_way"], step % depth, axis=0).reshape(depth, -1)
        if under_way.any():
            self.ring[:, self.cells] = np.where(self.place_in_floats, rounded(under_way), under_way)
            lanes = self.ring.reshape(*self.marks.shape, -1, BSS_TILE)
            groups = (lanes != 0.0).any(axis=3).astype(np.uint64)
            self.marks[:] = (groups << np.arange(groups.shape[2], dtype=np.uint64)).sum(axis=2)
            if self.record.waits:
                self.record.ring_end = step + depth
        if self.links is not None:
            self.links.take_state(checked["links"], step)
        self._take_plastic(checked)

    def restart(self, checked):
        """Begin at step 0 with nothing under way, and with what `checked_plastic` has returned."""
        self._empty()
        if self.links is not None:
            self.links.restart()
        self._take_plastic(checked)

    def _take_plastic(self, checked):
        if self.release_plan is not None:
            self.release_state[:], self.release_last[:] = checked["releases"]
        if self.pulse_plan is not None:
            self.pulse[:], self.pulse_last[:] = checked["pulses"]

    def _empty(self):
        """Nothing is under way to synapses."""
        cdef int64_t k
        self.record.n_departures = 0
        for k in range(self.record.n_lists * self.record.n_lanes):
            self.record.lists[k].count = 0
        if self.marks.any():
            self.ring[:], self.marks[:] = 0.0, 0
        if self.record.waits:
            self.record.ring_end = -1
