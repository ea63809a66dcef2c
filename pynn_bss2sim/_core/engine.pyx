"""The compiled engine: one hot loop over time steps, without Python and without the GIL.

One step, from state n to state n + 1 (reference.py follows the same order):

1. currents that change at step n take their new value;
2. external inputs that spike at step n put their synapses' amplitudes on the ring, those with
   short-term plasticity what they then release (plasticity.h, or of drivers driver_pulses.h, at the
   drivers where these are behind links); where links limit events, spikes
   enter their queues instead, and all events that come to a link before step n + 1 move on, some
   of them to the ring (event_queue.h);
3. every block of neurons is integrated to n + 1 by its kernel, which then applies the refractory
   hold (kernels_impl.h); what the ring holds for n + 1 is added to the lines;
4. neurons at or above threshold, in ascending order, spike: they are reset, held, and put their
   amplitudes on the ring;
5. synapses with spike-timing dependent plasticity see the spikes of step n + 1, or earlier ones
   whose delay ends now, of targets, then of sources, which puts their weight on the ring
   (spike_pairs.h); those of external inputs that they see at once follow in phase 2;
6. probes due at n + 1 take their samples.

The class trusts nobody: whatever index could lead outside an array is checked when it enters, by
plain Python (checks.py), because in this file bounds checks and negative indices are switched off
(setup.py).
"""

from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport isfinite
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcpy

from pynn_bss2sim._core.native cimport (
    BSS_CUBA_LIF,
    BSS_MAX_THREADS,
    BSS_N_KINDS,
    BSS_N_MODES,
    BSS_PAIR_KINDS,
    BSS_NOISY,
    BSS_TILE,
    bss_column,
    bss_crew,
    bss_draw,
    bss_emit,
    bss_event_queue,
    bss_exp_array,
    bss_integrate,
    bss_kernel_table,
    bss_kernels_for,
    bss_next_arrival,
    bss_pair_begin,
    bss_pair_change_for,
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
    bss_part,
    bss_pulse,
    bss_pulses,
    bss_release,
    bss_releases,
    bss_restart_clock,
    bss_send,
    bss_start,
    bss_stop,
)

import time

import numpy as np

from pynn_bss2sim._core.checks import (
    checked_floats,
    checked_index,
    checked_offsets,
    probe_columns,
)
from pynn_bss2sim._core.link_plan import checked_events, checked_link_plan
from pynn_bss2sim._core.noise import (
    NOISE_BLOCK,
    NOISE_LENGTH,
    Stream,
    checked_seed,
    noise_table,
    stream_key,
)
from pynn_bss2sim._core.pair_plan import checked_pair_plan, checked_pair_state, pair_sides
from pynn_bss2sim._core.plan import Plan
from pynn_bss2sim._core.plasticity import checked_release_state, checked_releases
from pynn_bss2sim._core.pulses import checked_pulse_plan, checked_pulse_state
from pynn_bss2sim._core.spike_pairs import PairState
from pynn_bss2sim._core.tiles import aligned, make_pieces, make_tiles

__all__ = ["BUILD", "Engine", "INSTRUCTION_SETS", "MAX_THREADS", "available_instruction_sets",
           "exp_array", "tile_columns"]

cdef extern from *:
    """
    #ifndef BSS2SIM_FLAGS
    #define BSS2SIM_FLAGS ""
    #endif
    #ifdef __VERSION__
    #define BSS2SIM_COMPILER __VERSION__
    #else
    #define BSS2SIM_COMPILER "unknown"
    #endif
    """
    const char *BSS2SIM_FLAGS
    const char *BSS2SIM_COMPILER

#: How this file was compiled, for reports of errors.
BUILD = {"compiler": BSS2SIM_COMPILER.decode(), "flags": BSS2SIM_FLAGS.decode()}

#: Instruction sets for which kernels were compiled, best last.
INSTRUCTION_SETS = ("portable", "avx2", "avx512")

#: Most threads of one engine.
MAX_THREADS = BSS_MAX_THREADS

# What run_chunk reports.
cdef enum:
    CHUNK_DONE = 0
    CHUNK_SPIKES_FULL = 1
    CHUNK_NO_MEMORY = 2
    CHUNK_LOG_FULL = 3

# Wall-clock time (s) between two looks for Ctrl-C.
cdef double CHUNK_SECONDS = 0.02


def available_instruction_sets():
    """Names of the instruction sets of this machine for which there are kernels, best last."""
    return tuple(name for i, name in enumerate(INSTRUCTION_SETS) if bss_kernels_for(i) != NULL)


def exp_array(x):
    """The kernels' exponential function of a float64 array, for tests."""
    cdef const double[::1] source = np.ascontiguousarray(x, np.float64).ravel()
    cdef double[::1] result = np.empty(source.shape[0])
    if source.shape[0]:
        bss_exp_array(source.shape[0], &source[0], &result[0])
    return np.asarray(result)


def tile_columns(int kind, int mode):
    """Names of the coefficients in a tile of neurons of a kind and mode, in their order."""
    names = []
    while bss_column(kind, mode, <int>len(names)) != NULL:
        names.append(bss_column(kind, mode, <int>len(names)).decode())
    return tuple(names)


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


cdef class Engine:
    """Integrates a plan.

    Parameters
    ----------
    plan : Plan
    routes : Routes
    probes : sequence of Probe
    spike_mask : bool (n,), optional
        Neurons whose spikes are reported; by default all.
    instruction_set : str, optional
        One of `available_instruction_sets`; by default the best. It changes no result.
    noise_seed : int, optional
    releases : Releases, optional
        Synapses with short-term plasticity.
    pairs : PairPlan, optional
        Synapses with spike-timing dependent plasticity; they stand in no row of `routes`.
    threads : int, optional
        Threads that integrate neurons, 1 to 64; where the system has none, one does it all. It
        changes no result.
    pulses : PulsePlan, optional
        Synapses whose drivers have short-term plasticity.

    Raises
    ------
    ValueError
        If an array has the wrong shape or an index leads outside.
    """

    cdef readonly int64_t n, n_sources, depth, substeps, threads
    cdef readonly int64_t step, trial
    cdef readonly str instruction_set
    cdef readonly object interruption
    cdef object keep
    cdef bss_kernel_table kernels
    # state
    cdef double[::1] v, w, line, hold, silent_until, drive
    cdef const double[::1] v_reset, hold_steps, silent_steps, b, i_offset, drive_gain
    # threshold and leak potential are as in the plan, plus a random shift
    cdef double[::1] leak_shift, thresh_shift
    cdef const double[::1] reset_keep, sigma_thresh, thresh_nominal
    cdef int32_t[::1] over
    # the ring, and which of its cells were written: of each slot the first `room`, and their number
    cdef double[::1] ring
    cdef int32_t[::1] written
    cdef int64_t[::1] n_written
    cdef int64_t room
    # synapses
    cdef const int64_t[::1] indptr
    cdef const int32_t[::1] cell, delay
    cdef double[::1] amplitude
    # short-term plasticity
    cdef bint releasing
    cdef bss_releases releases
    cdef object release_plan
    cdef double[:, ::1] release_state
    cdef int64_t[::1] release_last
    # the same of drivers
    cdef bint pulsing
    cdef bss_pulses pulses
    cdef object pulse_plan
    cdef double[::1] pulse
    cdef int64_t[::1] pulse_last
    # spike-timing dependent plasticity: state, and a log of spikes that synapses have still to see
    cdef bint pairing
    cdef bss_pairs pairs
    cdef object pair_plan, pair_arrays
    cdef double[::1] weight, pre_trace, post_trace
    cdef int64_t[::1] fresh
    cdef const int32_t[::1] pair_place, pair_delay
    cdef const int64_t[::1] pre_delay, post_delay
    cdef int64_t[::1] log_step, log_source, pre_cursor, post_cursor
    cdef int64_t log_count
    cdef const unsigned char[::1] spike_mask
    # links: the step at which their clock begins, tables, counters
    cdef bint linked
    cdef int64_t clock, n_links
    cdef bss_event_queue queue
    cdef object link_plan, longest_wait
    cdef const int64_t[::1] root_indptr, hop_begin, hop_end
    cdef const int32_t[::1] root
    cdef int64_t[::1] free_at
    cdef int64_t[:, ::1] counts
    # tiles, where the threshold of each neuron stands in them, and the parts that threads share
    cdef const int64_t[::1] thresh_place
    cdef object leak_place
    cdef double[::1] tiles
    cdef unsigned char[::1] parts
    cdef bss_crew crew
    # random numbers
    cdef object noise_seed
    cdef const float[::1] noise
    cdef uint64_t noise_mask, thresh_key
    # injected currents of the present run
    cdef const double[::1] current_gain
    cdef const int64_t[::1] current_indptr
    cdef const int32_t[::1] current_target
    cdef double[::1] current_value
    # probes
    cdef int64_t n_probes
    cdef const int64_t[::1] probe_variable, probe_interval, probe_start, probe_column
    cdef object probe_sizes

    def __init__(self, plan, routes, probes=(), spike_mask=None, instruction_set=None,
                 noise_seed=0, releases=None, pairs=None, pulses=None, threads=1):
        self.n = len(plan)
        self.threads = checked_index("threads", [threads], 1, BSS_MAX_THREADS + 1, np.int64)[0]
        self.step = 0
        self.noise_seed = checked_seed(noise_seed)
        self._begin_trial(0)
        self.interruption = None
        self._choose_kernels(instruction_set)
        self._take_plan(plan)
        self._take_routes(routes)
        self._take_links(routes.links)
        self._take_releases(releases)
        self._take_pairs(pairs)
        self._take_pulses(pulses)
        self._take_probes(probes)
        mask = np.ones(self.n, np.uint8) if spike_mask is None else spike_mask
        mask = np.array(mask, dtype=np.bool_, copy=True).astype(np.uint8)
        if mask.shape != (self.n,):
            raise ValueError(f"spike_mask: shape {mask.shape} where ({self.n},) is needed")
        self.spike_mask = mask

    def _choose_kernels(self, instruction_set):
        best = available_instruction_sets()
        name = best[len(best) - 1] if instruction_set is None else instruction_set
        if name not in best:
            raise ValueError(f"instruction_set: {name!r} is not among {best}")
        self.instruction_set = name
        self.kernels = bss_kernels_for(INSTRUCTION_SETS.index(name))

    def _take_plan(self, plan):
        cdef int64_t n = self.n
        coefficients = {name: checked_floats(f"plan.{name}", getattr(plan, name), (n,))
                        for name in Plan.coefficient_names()}
        kind = checked_index("plan.block_kind", plan.block_kind, 0, BSS_N_KINDS, np.int64)
        mode = checked_index("plan.block_mode", plan.block_mode, 0, BSS_N_MODES, np.int64)
        start = checked_offsets("plan.block_start", plan.block_start, n)
        if not len(start) - 1 == len(kind) == len(mode):
            raise ValueError("plan.block_start: one entry more than blocks is needed")
        if (np.diff(start) == 0).any():
            raise ValueError("plan.block_start: a block is empty")
        if (np.diff(start)[mode == BSS_NOISY] > NOISE_BLOCK).any():
            raise ValueError(f"plan.block_start: over {NOISE_BLOCK} neurons in a noisy block")
        self._take_noise(coefficients["sigma_thresh"].any() or (mode == BSS_NOISY).any())
        self.substeps = int(plan.substeps)
        if not 1 <= self.substeps <= 1_000_000:
            raise ValueError(f"plan.substeps: must be 1 to 1,000,000, is {self.substeps}")
        self.keep = coefficients
        self.v = aligned(coefficients["e_leak"])
        self.w = aligned(np.zeros(n))
        self.line = aligned(np.zeros(2 * n))
        self.hold = aligned(np.zeros(n))
        self.silent_until = np.zeros(n)
        self.i_offset = coefficients["i_offset"]
        self.drive = aligned(np.zeros(n))
        exact = np.repeat(kind == BSS_CUBA_LIF, np.diff(start))
        self.drive_gain = np.where(exact, coefficients["p_vi"], 1.0)
        self.v_reset = coefficients["v_reset"]
        self.reset_keep = coefficients["reset_keep"]
        self.sigma_thresh = coefficients["sigma_thresh"]
        self.thresh_nominal = coefficients["v_thresh"]
        self.leak_shift = np.zeros(n)
        self.thresh_shift = np.zeros(n)
        self.hold_steps = coefficients["hold_steps"]
        self.silent_steps = coefficients["silent_steps"]
        self.b = coefficients["b"]
        self.over = np.zeros(n, np.int32)
        self._make_parts(kind, mode, start)

    def _make_parts(self, kind, mode, start):
        """Lay the coefficients in tiles, and tell the kernels where their parts lie."""
        cdef int64_t k, first, block
        columns = [tile_columns(*names) for names in zip(kind, mode)]
        tiles = make_tiles(self.keep, columns, mode, start, BSS_TILE)
        self.tiles = tiles.values
        self.thresh_place = tiles.place["v_thresh"]
        self.leak_place = tiles.place["e_leak"]
        cost = np.array([len(names) * (4.0 if "h_over_c" in names else 1.0) for names in columns])
        pieces = make_pieces(start, cost, BSS_TILE, self.threads)
        self.parts = np.zeros(max(1, len(pieces.block)) * sizeof(bss_part), np.uint8)
        cdef bss_part *parts = <bss_part *>&self.parts[0]
        for k in range(<int64_t>len(pieces.block)):
            block, first = pieces.block[k], pieces.first[k]
            parts[k].first = first
            parts[k].n = pieces.n[k]
            parts[k].block = block
            parts[k].behind = first - <int64_t>start[block]
            parts[k].mode = mode[block]
            parts[k].substeps = self.substeps
            parts[k].kernel = self.kernels[<int64_t>mode[block]][<int64_t>kind[block]]
            self._point_to_columns(&parts[k], tiles.offset[block], tiles.stride[block])
            parts[k].cells.v = pointer(self.v) + first
            parts[k].cells.w = pointer(self.w) + first
            parts[k].cells.line0 = pointer(self.line) + first
            parts[k].cells.line1 = pointer(self.line) + self.n + first
            parts[k].cells.hold = pointer(self.hold) + first
            parts[k].cells.drive = pointer(self.drive) + first
        self.crew.n_shares = self.threads
        for k in range(self.threads):
            first = pieces.indptr[k]
            self.crew.shares[k].parts = parts + first
            self.crew.shares[k].n_parts = pieces.indptr[k + 1] - first
            if self.crew.shares[k].n_parts:
                self.crew.shares[k].over = &self.over[0] + parts[first].first

    cdef void _point_to_columns(self, bss_part *part, const int64_t[::1] offset,
                                const int64_t[::1] stride) noexcept:
        """Tell a part where the coefficients of its first tile lie."""
        cdef int64_t k, tile = part.behind // BSS_TILE
        for k in range(offset.shape[0]):
            part.stride[k] = stride[k]
            part.columns.at[k] = <const char *>pointer(self.tiles) + offset[k] + tile * stride[k]

    def _take_noise(self, needed):
        self.noise = noise_table(self.noise_seed) if needed else np.zeros(1, np.float32)
        self.noise_mask = NOISE_LENGTH - 1 if needed else 0
        self.crew.noise.table = &self.noise[0]
        self.crew.noise.mask = self.noise_mask

    def _begin_trial(self, trial):
        self.trial = trial
        self.crew.noise.key = stream_key(self.noise_seed, trial, Stream.PLACES)
        self.thresh_key = stream_key(self.noise_seed, trial, Stream.THRESHOLDS)

    def _take_routes(self, routes):
        depth = int(routes.depth)
        if depth < 2 or depth * 2 * self.n >= 2**31:
            raise ValueError(f"routes.depth: {depth} is out of range")
        self.depth = depth
        slot = 2 * self.n
        self.cell = checked_index("routes.cell", routes.cell, 0, slot, np.int32)
        n_synapses = self.cell.shape[0]
        self.delay = checked_index("routes.delay", routes.delay, 1, depth, np.int32)
        if self.delay.shape[0] != n_synapses:
            raise ValueError("routes.delay: one for each synapse is needed")
        self.amplitude = checked_floats("routes.amplitude", routes.amplitude, (n_synapses,))
        self.indptr = checked_offsets("routes.indptr", routes.indptr, n_synapses)
        self.n_sources = self.indptr.shape[0] - 1
        if self.n_sources < self.n:
            raise ValueError(f"routes.indptr: {self.n_sources} sources for {self.n} neurons")
        self.ring = np.zeros(depth * slot)
        # beyond that many cells it takes less time to go through all
        self.room = self.n // 4 + 1
        self.written = np.zeros(depth * self.room, np.int32)
        self.n_written = np.zeros(depth, np.int64)

    def exchange_amplitudes(self, amplitude):
        """Give the synapses other amplitudes: float64 (n_synapses,)."""
        self.amplitude = checked_floats("amplitude", amplitude, (self.amplitude.shape[0],))

    def _take_links(self, plan):
        self.linked = plan is not None
        self.clock = self.n_links = 0
        if not self.linked:
            return
        plan, self.longest_wait = checked_link_plan(plan, self.n_sources, len(self.cell),
                                                    self.depth)
        self.link_plan = plan
        self.n_links = len(plan.interval)
        self.root_indptr, self.root = plan.root_indptr, plan.root
        self.hop_begin, self.hop_end = plan.begin, plan.end
        self.free_at = np.zeros(self.n_links, np.int64)
        self.counts = np.zeros((5, self.n_links), np.int64)
        cdef bss_event_queue *queue = &self.queue
        queue.step = plan.step
        queue.link = index_pointer(plan.link)
        queue.at = int_pointer(plan.at)
        queue.slack = int_pointer(plan.slack)
        queue.begin = int_pointer(plan.begin)
        queue.end = int_pointer(plan.end)
        queue.child_indptr = int_pointer(plan.child_indptr)
        queue.child = index_pointer(plan.child)
        queue.interval = int_pointer(plan.interval)
        queue.patience = int_pointer(plan.patience)
        if self.n_links:
            queue.free_at = &self.free_at[0]
            queue.events = &self.counts[0, 0]
            queue.delayed = &self.counts[1, 0]
            queue.dropped = &self.counts[2, 0]
            queue.waited = &self.counts[3, 0]
            queue.longest = &self.counts[4, 0]

    def __dealloc__(self):
        free(self.queue.heap)

    def _take_releases(self, plan):
        self.releasing = plan is not None and len(plan)
        if not self.releasing:
            return
        if self.linked:
            raise ValueError("releases: short-term plasticity behind links is not emulated")
        self.release_plan = plan = checked_releases(plan, self.n_sources, len(self.cell))
        self.release_state = np.zeros((3, len(plan)))
        self.release_last = np.zeros(len(plan), np.int64)
        cdef bss_releases *r = &self.releases
        r.indptr = int_pointer(plan.indptr)
        r.use = const_pointer(plan.use)
        r.rate_rec = const_pointer(plan.rate_rec)
        r.rate_facil = const_pointer(plan.rate_facil)
        r.rate_psc = const_pointer(plan.rate_psc)
        r.member_indptr = int_pointer(plan.member_indptr)
        r.member = int_pointer(plan.member)
        r.amplitude = const_pointer(plan.amplitude)
        r.u = &self.release_state[0, 0]
        r.x = &self.release_state[1, 0]
        r.y = &self.release_state[2, 0]
        r.last = &self.release_last[0]

    def _take_pairs(self, plan):
        self.pairing = plan is not None
        self.log_count = 0
        if not self.pairing:
            return
        if self.linked:
            raise ValueError("pairs: plasticity behind links is not emulated")
        self.pair_plan = plan = checked_pair_plan(plan, self.n_sources, self.n, self.depth)
        self.weight = np.zeros(len(plan.order))
        self.pre_trace = np.zeros(len(plan.pre_rate))
        self.post_trace = np.zeros(len(plan.post_rate))
        self.fresh = np.zeros(len(plan.post_rate), np.int64)
        self.pair_delay, self.pair_place = plan.dendritic, plan.place
        self.pre_delay, self.post_delay = plan.pre_delay, plan.post_delay
        self.pre_cursor = np.zeros(len(plan.pre_delay), np.int64)
        self.post_cursor = np.zeros(len(plan.post_delay), np.int64)
        self.log_step = np.zeros(4 * self.n + 256, np.int64)
        self.log_source = np.zeros(4 * self.n + 256, np.int64)
        self._point_pairs(plan)

    def _point_pairs(self, plan):
        """Let the record of spike_pairs.h point to the plan, arrays made of it, and the state."""
        cdef bss_pairs *p = &self.pairs
        self.pair_arrays = arrays = pair_sides(plan)
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
        p.change = bss_pair_change_for(INSTRUCTION_SETS.index(self.instruction_set))

    def get_weights(self):
        """Present weights of the synapses with spike-timing dependent plasticity: float64 (n,)."""
        weights = np.empty(len(self.weight))
        weights[self.pair_plan.order] = self.weight
        return weights

    def set_weights(self, weights):
        """Replace these weights."""
        weights = checked_floats("weights", weights, (len(self.weight),))
        np.asarray(self.weight)[:] = weights[self.pair_plan.order]

    def _export_pairs(self):
        plan = self.pair_plan
        back = np.argsort(plan.order)
        first = self._first_unseen()
        log = slice(first, self.log_count)
        fresh = np.zeros(len(plan.post_rate), bool)
        lines = self.pair_arrays["column"]["line"].reshape(-1, 4)
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
                      self.step - np.asarray(self.log_step)[log]], axis=1))

    def _import_pairs(self, checked, step):
        weight, pre, post, fresh, seen = checked
        np.asarray(self.weight)[:] = weight
        np.asarray(self.pre_trace)[:] = pre
        np.asarray(self.post_trace)[:] = post
        # the columns of fresh traces
        first_trace = self.pair_arrays["column"]["line"].reshape(-1, 4)[:, 2]
        fresh = np.unique(np.searchsorted(first_trace, np.flatnonzero(fresh), "right") - 1)
        np.asarray(self.fresh)[:len(fresh)] = fresh
        self.pairs.n_fresh = len(fresh)
        steps = step - seen[:, 1]
        self.log_count = 0
        np.asarray(self.pre_cursor)[:] = 0
        np.asarray(self.post_cursor)[:] = 0
        self._grow_log(len(steps))
        np.asarray(self.log_step)[:len(steps)] = steps
        np.asarray(self.log_source)[:len(steps)] = seen[:, 0]
        self.log_count = len(steps)
        np.asarray(self.pre_cursor)[:] = np.searchsorted(steps, step - self.pair_plan.pre_delay,
                                                         "right")
        np.asarray(self.post_cursor)[:] = np.searchsorted(steps, step - self.pair_plan.post_delay,
                                                          "right")

    def _first_unseen(self):
        """Position in the log of the first spike that not all synapses have seen."""
        cdef int64_t first = self.log_count
        for k in range(self.pre_cursor.shape[0]):
            first = min(first, self.pre_cursor[k])
        for k in range(self.post_cursor.shape[0]):
            first = min(first, self.post_cursor[k])
        return first

    def _grow_log(self, more):
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

    def _take_pulses(self, plan):
        self.pulsing = plan is not None and len(plan)
        if not self.pulsing:
            return
        n_triggers = len(self.hop_begin) if self.linked else self.n_sources
        self.pulse_plan = plan = checked_pulse_plan(plan, n_triggers, len(self.cell))
        self.pulse = np.zeros(len(plan))
        self.pulse_last = np.zeros(len(plan), np.int64)
        cdef bss_pulses *p = &self.pulses
        p.indptr = int_pointer(plan.indptr)
        p.state = int_pointer(plan.state)
        p.member_indptr = int_pointer(plan.member_indptr)
        p.member = int_pointer(plan.member)
        p.amplitude = const_pointer(plan.amplitude)
        p.use = const_pointer(plan.use)
        p.rate = const_pointer(plan.rate)
        p.charged = const_pointer(plan.charged)
        p.recovered = const_pointer(plan.recovered)
        p.pulse = &self.pulse[0]
        p.last = &self.pulse_last[0]

    def _take_probes(self, probes):
        variable, interval, start, column = probe_columns(probes, self.n)
        self.n_probes = len(variable)
        self.probe_variable = variable
        self.probe_interval = interval
        self.probe_start = start
        self.probe_column = column
        self.probe_sizes = np.diff(start)

    # -- state ------------------------------------------------------------------------------

    def export_state(self):
        """Copies of the state: dict with step, v, w, line (2, n), hold, silent, under_way,
        trial, thresh_shift, leak_shift.

        ``under_way[k]`` is what arrives on each line at ``step + k``, shape (depth, 2, n). Where
        links limit events, also link_busy and events; see `state.EmulatorState`.
        """
        n = self.n
        ring = np.asarray(self.ring).reshape(self.depth, 2, n)
        state = {"step": self.step, "trial": self.trial,
                 "v": np.array(self.v), "w": np.array(self.w),
                 "thresh_shift": np.array(self.thresh_shift),
                 "leak_shift": np.array(self.leak_shift),
                 "line": np.array(self.line).reshape(2, n), "hold": np.array(self.hold),
                 "silent": np.maximum(np.asarray(self.silent_until) - self.step, 0.0),
                 "under_way": np.roll(ring, -(self.step % self.depth), axis=0)}
        if self.linked:
            self._restart_clock()
            state["link_busy"] = np.array(self.free_at)
            state["events"] = self._sorted_events()
        if self.releasing:
            group = self.release_plan.group
            state["release"] = np.asarray(self.release_state)[:, group]
            state["release_age"] = self.step - np.asarray(self.release_last)[group]
        state["pairs"] = self._export_pairs() if self.pairing else None
        if self.pulsing:
            state["pulse"] = np.array(self.pulse)
            state["pulse_age"] = self.step - np.asarray(self.pulse_last)
            state["pulse_number"] = self.pulse_plan.number
        return state

    def _restart_clock(self):
        """Let the links count time from the present step on."""
        bss_restart_clock(&self.queue, self.n_links, self.step - self.clock)
        self.clock = self.step

    def _sorted_events(self):
        """Events on their way, in the order in which they go on; the clock is at 0."""
        cdef bss_event_queue *queue = &self.queue
        cdef int64_t k
        columns = np.empty((queue.count, 4), np.int64)
        cdef int64_t[:, ::1] column = columns
        for k in range(queue.count):
            column[k, 0] = queue.heap[k].time
            column[k, 1] = queue.heap[k].order
            column[k, 2] = queue.heap[k].hop
            column[k, 3] = -queue.heap[k].emitted
        order = np.lexsort((columns[:, 1], columns[:, 0]))
        return columns[order][:, [0, 2, 3]]

    def import_state(self, state):
        """Take a state as `export_state` gives it, for the same n and depth."""
        n = self.n
        step = int(state["step"])
        if not 0 <= step < 2**62:
            raise ValueError(f"state.step: must lie in [0, 2**62), is {step}")
        trial = int(state["trial"])
        if not 0 <= trial < 2**62:
            raise ValueError(f"state.trial: must lie in [0, 2**62), is {trial}")
        arrays = {name: checked_floats(f"state.{name}", state[name], (n,))
                  for name in ("v", "w", "hold", "silent", "thresh_shift", "leak_shift")}
        line = checked_floats("state.line", state["line"], (2, n))
        ring = checked_floats("state.under_way", state["under_way"], (self.depth, 2, n))
        if self.linked:
            events, busy = checked_events(state["events"], state["link_busy"], self.link_plan,
                                          self.longest_wait, step)
            self._put_events(events, busy)
            self.clock = step
        if self.pairing:
            self._import_pairs(checked_pair_state(self.pair_plan, state["pairs"],
                                                  self.n_sources), step)
        if self.pulsing:
            pulse, last = checked_pulse_state(self.pulse_plan, state, step)
            np.asarray(self.pulse)[:] = pulse
            np.asarray(self.pulse_last)[:] = last
        if self.releasing:
            release, last = checked_release_state(self.release_plan, state, step)
            np.asarray(self.release_state)[:] = release
            np.asarray(self.release_last)[:] = last
        np.asarray(self.v)[:] = arrays["v"]
        np.asarray(self.w)[:] = arrays["w"]
        np.asarray(self.hold)[:] = arrays["hold"]
        np.asarray(self.silent_until)[:] = step + arrays["silent"]
        for name in ("thresh_shift", "leak_shift"):
            sigma = self.keep["sigma_thresh" if name == "thresh_shift" else "sigma_trial"]
            arrays[name][~(sigma > 0)] = 0.0
        np.asarray(self.thresh_shift)[:] = arrays["thresh_shift"]
        np.asarray(self.leak_shift)[:] = arrays["leak_shift"]
        tiles = np.asarray(self.tiles)
        tiles[self.thresh_place] = self.keep["v_thresh"] + arrays["thresh_shift"]
        tiles[self.leak_place] = self.keep["e_leak"] + arrays["leak_shift"]
        self._begin_trial(trial)
        np.asarray(self.line)[:] = line.ravel()
        np.asarray(self.ring)[:] = np.roll(ring, step % self.depth, axis=0).ravel()
        np.asarray(self.n_written)[:] = self.room + 1  # nobody knows which
        self.step = step

    def _put_events(self, events, busy):
        """Replace events on their way and what links are taken for; the clock begins now."""
        cdef const int64_t[:, ::1] event = events
        cdef int64_t k
        np.asarray(self.free_at)[:] = busy
        self.queue.count = self.queue.sent = 0
        for k in range(event.shape[0]):
            bss_send(&self.queue, event[k, 0], -event[k, 2], event[k, 1])
        self._check_memory()

    def _check_memory(self):
        if self.queue.out_of_memory:
            raise MemoryError("no memory for the events on their way through the links")

    def settle(self):
        """Let all events that are at links arrive, as if no others came behind them."""
        if self.linked:
            self._restart_clock()
            self._pass_links(2**62)
            self._check_memory()

    def take_traffic(self):
        """Counters of the links since they were last taken: int64 (5, n_links).

        Events, delayed, dropped, sum of waits, longest wait; see `links.Traffic`.
        """
        if not self.linked:
            return np.zeros((5, 0), np.int64)
        counts = np.array(self.counts)
        np.asarray(self.counts)[:] = 0
        return counts

    # -- running ----------------------------------------------------------------------------

    def run(self, n_steps, events, currents):
        """Integrate `n_steps` steps, or until Ctrl-C.

        Parameters
        ----------
        n_steps : int
        events : InputEvents
            With steps in [step, step + n_steps).
        currents : CurrentInputs
            With changes in [step, step + n_steps).

        Returns
        -------
        status : int
            See `records.Status`; after an interruption `interruption` holds the exception that
            the signal handler raised.
        culprit : int
        spike_step : int64 (k,)
        spike_neuron : int32 (k,)
        samples : list of float64 (rows, columns)
        """
        cdef int64_t stop = self.step + max(0, int(n_steps))
        cdef int64_t n_events, n_changes
        event_step = checked_index("events.step", events.step, self.step, max(stop, self.step),
                                   np.int64)
        event_source = checked_index("events.source", events.source, 0,
                                     self.n_sources - self.n, np.int32)
        n_events = len(event_step)
        if len(event_source) != n_events or (np.diff(event_step) < 0).any():
            raise ValueError("events: steps must ascend, one source for each")
        self._take_currents(currents)
        change_step = checked_index("currents.change_step", currents.change_step, self.step,
                                    max(stop, self.step), np.int64)
        change_source = checked_index("currents.change_source", currents.change_source, 0,
                                      self.current_value.shape[0], np.int32)
        n_changes = len(change_step)
        change_value = checked_floats("currents.change_value", currents.change_value,
                                      (n_changes,))
        if len(change_source) != n_changes or (np.diff(change_step) < 0).any():
            raise ValueError("currents: steps must ascend, one source for each")

        cdef Inputs inputs = Inputs(event_step, event_source, change_step, change_source,
                                    change_value)
        cdef Outputs outputs = Outputs(self.n, self.step, stop, self.probe_interval,
                                       self.probe_sizes)
        if self.linked:
            if (stop - self.step) >= 2**61 // self.link_plan.step:
                raise ValueError(f"n_steps: {n_steps} is more than the clock of the links counts")
            self._restart_clock()
        self.interruption = None
        self._apply_currents()
        bss_start(&self.crew)
        try:
            status, culprit = self._advance(stop, inputs, outputs)
        finally:
            bss_stop(&self.crew)
        return (status, culprit, *outputs.collect(self.step))

    def _advance(self, int64_t stop, Inputs inputs, Outputs outputs):
        """Integrate until `stop` in chunks, between which Ctrl-C is noticed: status, culprit."""
        cdef int64_t chunk, done, code, culprit = -1
        cdef double began, took
        status = 0
        chunk = 16
        while self.step < stop:
            done = self.step
            began = time.perf_counter()
            with nogil:
                code = self._run_chunk(min(stop, self.step + chunk), inputs, outputs)
                culprit = self._first_non_finite()
            took = time.perf_counter() - began
            self._check_memory()
            if code == CHUNK_SPIKES_FULL:
                outputs.grow()
            elif code == CHUNK_LOG_FULL:
                self._grow_log(inputs.n_due(self.step))
            if culprit >= 0:
                status = 2
                break
            try:
                PyErr_CheckSignals()
            except BaseException as error:
                self.interruption = error
                status = 1
                break
            if took < 0.5 * CHUNK_SECONDS and self.step - done == chunk:
                chunk *= 2
            elif took > CHUNK_SECONDS and chunk > 1:
                chunk //= 2
        return status, culprit

    def _take_currents(self, currents):
        initial = np.array(currents.initial, dtype=np.float64, copy=True)
        if initial.ndim != 1:
            raise ValueError("currents.initial: must have one dimension")
        target = checked_index("currents.target", currents.target, 0, self.n, np.int32)
        gain = checked_floats("currents.gain", currents.gain, target.shape)
        indptr = checked_offsets("currents.indptr", currents.indptr, len(target))
        if len(indptr) != len(initial) + 1:
            raise ValueError("currents.indptr: one entry more than sources is needed")
        self.current_value = initial
        self.current_target = target
        self.current_gain = gain
        self.current_indptr = indptr

    cdef void _apply_currents(self) noexcept nogil:
        """Offset current plus all injected currents of every neuron, in source order."""
        cdef int64_t source, k, i
        if self.n:
            memcpy(&self.drive[0], &self.i_offset[0], self.n * sizeof(double))
        for source in range(self.current_value.shape[0]):
            for k in range(self.current_indptr[source], self.current_indptr[source + 1]):
                self.drive[self.current_target[k]] += (self.current_value[source]
                                                       * self.current_gain[k])
        for i in range(self.n):
            self.drive[i] *= self.drive_gain[i]

    cdef int64_t _first_non_finite(self) noexcept nogil:
        """Neuron whose state is NaN or infinite, or -1."""
        cdef int64_t i, n = self.n
        for i in range(n):
            if not (isfinite(self.v[i]) and isfinite(self.w[i]) and isfinite(self.line[i])
                    and isfinite(self.line[n + i])):
                return i
        return -1

    cdef void _deliver(self, int64_t source, int64_t slot) noexcept nogil:
        """Put the amplitudes of a source that spikes at ring slot `slot` on the ring.

        Where links limit events, send its event on its way instead.
        """
        cdef int64_t k
        if self.linked:
            k = self.root_indptr[source]
            bss_emit(&self.queue, self.step - self.clock, &self.root[0] + k,
                     self.root_indptr[source + 1] - k)
            return
        if self.releasing:
            bss_release(&self.releases, source, self.step, &self.amplitude[0])
        if self.pulsing:
            bss_pulse(&self.pulses, source, self.step, &self.amplitude[0])
        if self.pairing:
            self.log_step[self.log_count] = self.step
            self.log_source[self.log_count] = source
            self.log_count += 1
        self._arrive(self.indptr[source], self.indptr[source + 1], slot)

    cdef inline void _put(self, int64_t slot, int32_t cell, double amplitude) noexcept nogil:
        """Let an amplitude arrive at a cell of ring slot `slot`, which may be a turn ahead."""
        if slot >= self.depth:
            slot -= self.depth
        self.ring[slot * 2 * self.n + cell] += amplitude
        cdef int64_t k = self.n_written[slot]
        if k < self.room:
            self.written[slot * self.room + k] = cell
        self.n_written[slot] = k + 1

    cdef inline void _arrive(self, int64_t first, int64_t last, int64_t slot) noexcept nogil:
        """Put the amplitudes of some synapses on the ring; their delays count from `slot`."""
        cdef int64_t k
        for k in range(first, last):
            self._put(slot + self.delay[k], self.cell[k], self.amplitude[k])

    cdef void _take_arrivals(self, int64_t slot) noexcept nogil:
        """Add to the lines what a slot of the ring holds, and clear it."""
        cdef int64_t k, count = self.n_written[slot]
        cdef double *arrive = &self.ring[slot * 2 * self.n]
        cdef const int32_t *cell = &self.written[slot * self.room]
        if count <= self.room:
            for k in range(count):
                self.line[cell[k]] += arrive[cell[k]]
                arrive[cell[k]] = 0.0
        else:
            for k in range(2 * self.n):
                self.line[k] += arrive[k]
                arrive[k] = 0.0
        self.n_written[slot] = 0

    cdef void _pass_links(self, int64_t until) noexcept nogil:
        """Let events move on that come to a link before the time `until`."""
        cdef int64_t hop, start
        while bss_next_arrival(&self.queue, until, &hop, &start):
            if self.pulsing:
                bss_pulse(&self.pulses, hop, self.step, &self.amplitude[0])
            self._arrive(self.hop_begin[hop], self.hop_end[hop], (self.clock + start) % self.depth)

    cdef void _see_posts(self) noexcept nogil:
        """Let spikes of targets arrive at synapses that see them by now."""
        cdef int64_t c, source
        for c in range(self.post_delay.shape[0]):
            while (self.post_cursor[c] < self.log_count
                    and self.log_step[self.post_cursor[c]] + self.post_delay[c] <= self.step):
                source = self.log_source[self.post_cursor[c]]
                self.post_cursor[c] += 1
                if source < self.n:
                    bss_pair_post(&self.pairs, c * self.n + source, self.step)
        bss_pair_flush(&self.pairs, &self.pairs.column, self.step)

    cdef void _see_pres(self, int64_t n_delays) noexcept nogil:
        """Let events of sources arrive at synapses after the first `n_delays` axonal delays."""
        cdef int64_t c, row
        for c in range(n_delays):
            while (self.pre_cursor[c] < self.log_count
                    and self.log_step[self.pre_cursor[c]] + self.pre_delay[c] <= self.step):
                row = c * self.n_sources + self.log_source[self.pre_cursor[c]]
                self.pre_cursor[c] += 1
                if bss_pair_waits(&self.pairs, row):
                    self._send_rows()
                bss_pair_pre(&self.pairs, row, self.step)
        self._send_rows()

    cdef void _send_rows(self) noexcept nogil:
        """Put the weights of rows with events on the ring, or without delay on lines."""
        cdef const bss_pair_side *side = &self.pairs.row
        cdef int64_t k, q, j, row, slot = self.step % self.depth
        cdef int64_t n = bss_pair_pass(&self.pairs, self.step)
        for k in range(n):
            row = self.pairs.waiting[k]
            for q in range(side.line[row].first_run, side.line[row].last_run):
                for j in range(side.run[q].first, side.run[q].last):
                    if self.pair_delay[j] == 0:
                        self.line[self.pair_place[j]] += self.weight[j]
                    else:
                        self._put(slot + self.pair_delay[j], self.pair_place[j], self.weight[j])

    cdef void _spike_all(self, int64_t slot, Outputs outputs) noexcept nogil:
        """Let the neurons spike that are at threshold, in ascending order."""
        cdef int64_t k
        for k in range(self.crew.n_shares):
            if self.crew.shares[k].count:
                self._spike(self.crew.shares[k].over, self.crew.shares[k].count, slot, outputs)

    cdef void _spike(self, const int32_t *over, int64_t count, int64_t slot,
                     Outputs outputs) noexcept nogil:
        """Reset every neuron in `over` that may spike, record and deliver its spike."""
        cdef int64_t k, i
        cdef uint64_t place
        for k in range(count):
            i = over[k]
            if self.hold[i] > 0.0 or self.silent_until[i] > <double>self.step:
                continue
            if self.reset_keep[i] == 0.0:
                self.v[i] = self.v_reset[i]
            if self.sigma_thresh[i] > 0.0:
                place = bss_draw(self.thresh_key, <uint64_t>self.step, <uint64_t>i)
                self.thresh_shift[i] = (self.sigma_thresh[i]
                                        * <double>self.noise[place & self.noise_mask])
                self.tiles[self.thresh_place[i]] = self.thresh_nominal[i] + self.thresh_shift[i]
            self.hold[i] = self.hold_steps[i]
            self.silent_until[i] = <double>self.step + self.silent_steps[i]
            self.w[i] += self.b[i]
            self._deliver(i, slot)
            if self.spike_mask[i]:
                outputs.spike_step[outputs.spike_count] = self.step
                outputs.spike_neuron[outputs.spike_count] = <int32_t>i
                outputs.spike_count += 1

    cdef int _run_chunk(self, int64_t stop, Inputs inputs, Outputs outputs) noexcept nogil:
        """Steps until `stop`, or until there is no room for the spikes of one more step."""
        cdef int64_t p, now
        cdef bint changed
        while self.step < stop:
            if outputs.spike_count + self.n > outputs.spike_step.shape[0]:
                return CHUNK_SPIKES_FULL
            now = self.step
            if self.pairing and (self.log_count + self.n + inputs.n_due(now)
                                 > self.log_step.shape[0]):
                return CHUNK_LOG_FULL
            changed = False
            while inputs.change < inputs.n_changes and inputs.change_step[inputs.change] <= now:
                self.current_value[inputs.change_source[inputs.change]] = (
                    inputs.change_value[inputs.change])
                inputs.change += 1
                changed = True
            if changed:
                self._apply_currents()
            while inputs.event < inputs.n_events and inputs.event_step[inputs.event] <= now:
                self._deliver(self.n + inputs.event_source[inputs.event], now % self.depth)
                inputs.event += 1
            if self.pairing and self.pre_delay[0] == 0:
                self._see_pres(1)
            if self.linked:
                self._pass_links((now + 1 - self.clock) * self.queue.step)
                if self.queue.out_of_memory:
                    return CHUNK_NO_MEMORY
            self.step = now = now + 1
            if self.n:
                self.crew.noise.step = <uint64_t>now
                bss_integrate(&self.crew)
                self._take_arrivals(now % self.depth)
                self._spike_all(now % self.depth, outputs)
            if self.pairing:
                bss_pair_begin(&self.pairs, now)
                self._see_posts()
                self._see_pres(self.pre_delay.shape[0])
            for p in range(self.n_probes):
                if now % self.probe_interval[p] == 0:
                    self._sample(p, outputs)
        return CHUNK_DONE

    cdef void _sample(self, int64_t p, Outputs outputs) noexcept nogil:
        """Append one row to the samples of probe `p`."""
        cdef const double *values
        cdef int64_t k, to = outputs.sample_position[p]
        if self.probe_variable[p] == 0:
            values = &self.v[0]
        elif self.probe_variable[p] == 1:
            values = &self.w[0]
        elif self.probe_variable[p] == 2:
            values = &self.line[0]
        else:
            values = &self.line[0] + self.n
        for k in range(self.probe_start[p], self.probe_start[p + 1]):
            outputs.samples[to] = values[self.probe_column[k]]
            to += 1
        outputs.sample_position[p] = to


cdef class Inputs:
    """Where the present run stands in its external events and current changes."""

    cdef const int64_t[::1] event_step, change_step
    cdef const int32_t[::1] event_source, change_source
    cdef const double[::1] change_value
    cdef int64_t event, change, n_events, n_changes

    def __init__(self, event_step, event_source, change_step, change_source, change_value):
        self.event_step = event_step
        self.event_source = event_source
        self.change_step = change_step
        self.change_source = change_source
        self.change_value = change_value
        self.n_events = len(event_step)
        self.n_changes = len(change_step)
        self.event = self.change = 0

    cdef int64_t n_due(self, int64_t step) noexcept nogil:
        """Number of events that are due at `step`."""
        cdef int64_t k = self.event
        while k < self.n_events and self.event_step[k] <= step:
            k += 1
        return k - self.event


cdef class Outputs:
    """Growing columns of spikes, and the samples of all probes one after the other.

    The samples have their final size from the start: the number of steps is known.
    """

    cdef int64_t spike_count, n, start
    cdef int64_t[::1] spike_step, sample_position
    cdef int32_t[::1] spike_neuron
    cdef double[::1] samples
    cdef object sample_start, intervals, sizes

    def __init__(self, n, start, stop, intervals, sizes):
        self.n = n
        self.start = start
        self.spike_count = 0
        self.spike_step = np.empty(max(4 * n, 256), np.int64)
        self.spike_neuron = np.empty(max(4 * n, 256), np.int32)
        self.intervals = np.asarray(intervals)
        self.sizes = np.asarray(sizes, np.int64)
        rows = stop // self.intervals - start // self.intervals
        values = rows * self.sizes
        self.sample_start = np.cumsum(values) - values
        self.sample_position = self.sample_start.copy()
        self.samples = np.empty(values.sum())

    def grow(self):
        """Double the room for spikes."""
        size = 2 * self.spike_step.shape[0] + self.n
        steps, neurons = np.empty(size, np.int64), np.empty(size, np.int32)
        steps[:self.spike_count] = self.spike_step[:self.spike_count]
        neurons[:self.spike_count] = self.spike_neuron[:self.spike_count]
        self.spike_step, self.spike_neuron = steps, neurons

    def collect(self, step):
        """Spike steps, spike neurons and samples up to `step`."""
        rows = step // self.intervals - self.start // self.intervals
        samples = np.asarray(self.samples)
        return (np.array(self.spike_step[:self.spike_count]),
                np.array(self.spike_neuron[:self.spike_count]),
                [samples[first:first + m * k].reshape(m, k)
                 for first, m, k in zip(self.sample_start, rows, self.sizes)])
