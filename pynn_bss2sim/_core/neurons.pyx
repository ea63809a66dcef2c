"""The neurons: their state, the tiles of their coefficients, and the shares that threads integrate.

What happens to them in a block of steps stands in block.h, what a kernel does in kernels.h.
"""

from libc.math cimport isfinite
from libc.stdint cimport int64_t

from pynn_bss2sim._core.delivery cimport Delivery
from pynn_bss2sim._core.instruction_sets cimport kernels_of
from pynn_bss2sim._core.native cimport (
    BSS_BLOCK,
    BSS_CELLS,
    BSS_LINES,
    BSS_MAX_THREADS,
    BSS_N_KINDS,
    BSS_N_MODES,
    BSS_N_VARIABLES,
    BSS_NOISY,
    BSS_IDEAL,
    BSS_SINGLE,
    BSS_TILE,
    bss_integrate,
    bss_lay_tiles,
    bss_lines,
    bss_neurons,
    bss_part,
    bss_singles,
    bss_tile,
    bss_spiking,
)
from pynn_bss2sim._core.pointers cimport (
    const_doubles,
    const_floats,
    const_int64s,
    doubles,
    floats,
    int32s,
    octets,
)

import numpy as np

from pynn_bss2sim._core.checks import checked_floats, checked_index, checked_offsets
from pynn_bss2sim._core.delivery import rounded
from pynn_bss2sim._core.instruction_sets import available_instruction_sets, tile_columns
from pynn_bss2sim._core.noise import (
    NOISE_BLOCK,
    NOISE_LENGTH,
    Stream,
    checked_seed,
    noise_table,
    stream_key,
)
from pynn_bss2sim._core.plan import Plan
from pynn_bss2sim._core.tiles import POTENTIALS, aligned, make_pieces, make_tiles


#: The record bss_spiking.
SPIKING = np.dtype([(name, np.float64) for name in (
    "v_reset", "reset_keep", "hold_steps", "silent_steps", "b", "v_thresh", "sigma_thresh",
    "unused")])


cdef class Neurons:
    """Neurons of a plan.

    Parameters
    ----------
    plan : Plan
    instruction_set : str or None
    noise_seed : int
    threads : int

    Attributes
    ----------
    pieces : tiles.Pieces
    in_floats : bool (n_pieces,)
        Whether what arrives there is added up in float32: at all that are not ideal.
    """

    def __cinit__(self, plan, instruction_set, noise_seed, threads):
        self.n = len(plan)
        self.threads = checked_index("threads", [threads], 1, BSS_MAX_THREADS + 1, np.int64)[0]
        self.noise_seed = checked_seed(noise_seed)
        best = available_instruction_sets()
        self.instruction_set = best[len(best) - 1] if instruction_set is None else instruction_set
        if self.instruction_set not in best:
            raise ValueError(f"instruction_set: {instruction_set!r} is not among {best}")
        self.begin_trial(0)
        self.crew.neurons.n = self.n
        kind, mode, start = self._checked_blocks(plan)
        c = self.coefficients = {name: checked_floats(f"plan.{name}", getattr(plan, name),
                                                      (self.n,))
                                 for name in Plan.coefficient_names()}
        self._take_noise(c["sigma_thresh"].any() or (mode == BSS_NOISY).any())
        self._make_state()
        self.gain = c["p_vi"]
        self.drive_gain = const_doubles(self.gain)
        self.i_offset = const_doubles(c["i_offset"])
        self._make_tiles(kind, mode, start)
        self._point()

    def await_from(self, Delivery delivery not None):
        """Let what is delivered arrive here."""
        self.delivery, self.crew.neurons.delivery = delivery, &delivery.record

    def _checked_blocks(self, plan):
        """Kinds and modes of the blocks, and their offsets."""
        kind = checked_index("plan.block_kind", plan.block_kind, 0, BSS_N_KINDS, np.int64)
        mode = checked_index("plan.block_mode", plan.block_mode, 0, BSS_N_MODES, np.int64)
        start = checked_offsets("plan.block_start", plan.block_start, self.n)
        if not len(start) - 1 == len(kind) == len(mode):
            raise ValueError("plan.block_start: one entry more than blocks is needed")
        if (np.diff(start) == 0).any():
            raise ValueError("plan.block_start: a block is empty")
        if (np.diff(start)[mode == BSS_NOISY] > NOISE_BLOCK).any():
            raise ValueError(f"plan.block_start: over {NOISE_BLOCK} neurons in a noisy block")
        self.substeps = int(plan.substeps)
        if not 1 <= self.substeps <= 1_000_000:
            raise ValueError(f"plan.substeps: must be 1 to 1,000,000, is {self.substeps}")
        return kind, mode, start

    def begin_trial(self, trial):
        """Take the random numbers of another trial from now on."""
        self.trial = trial
        self.crew.neurons.noise.key = stream_key(self.noise_seed, trial, Stream.PLACES)
        self.crew.neurons.thresh_key = stream_key(self.noise_seed, trial, Stream.THRESHOLDS)

    def _take_noise(self, needed):
        self.noise = noise_table(self.noise_seed) if needed else np.zeros(1, np.float32)
        self.crew.neurons.noise.table = const_floats(self.noise)
        self.crew.neurons.noise.mask = NOISE_LENGTH - 1 if needed else 0

    def _make_state(self):
        self.v = aligned(self.coefficients["e_leak"])
        self.w, self.line = aligned(np.zeros(self.n)), aligned(np.zeros(2 * self.n))
        self.hold, self.current = aligned(np.zeros(self.n)), aligned(np.zeros(self.n))
        self.spiking = aligned(np.zeros(self.n, SPIKING))
        c = self.coefficients
        for name in SPIKING.names[:7]:
            self.spiking[name] = c[name]
        self.silent_until = np.zeros(self.n)
        self.outlasts_hold = (c["silent_steps"] > c["hold_steps"]).any()
        self.leak_shift, self.thresh_shift = np.zeros(self.n), np.zeros(self.n)
        self.spikes = np.zeros((BSS_BLOCK, self.n), np.int32)
        self.drive = doubles(self.current)

    def _point(self):
        """Let the record of block.h point to state and coefficients."""
        cdef bss_neurons *all = &self.crew.neurons
        all.v, all.w, all.line = doubles(self.v), doubles(self.w), doubles(self.line)
        all.hold = doubles(self.hold)
        all.silent_until, all.any_silent = doubles(self.silent_until), self.outlasts_hold
        all.thresh_shift, all.tiles = doubles(self.thresh_shift), doubles(self.tiles)
        all.thresh_place = const_int64s(self.thresh_place)
        all.spikes = int32s(self.spikes)

    def _make_tiles(self, kind, mode, start):
        """Lay the coefficients in tiles, and cut the neurons into shares."""
        cdef int64_t k, first, n_pieces
        columns = [tile_columns(*names) for names in zip(kind, mode)]
        tiles = make_tiles(self.coefficients, columns, mode, start, BSS_TILE)
        self.tiles = tiles.values
        self.thresh_place, self.leak_place = tiles.place["v_thresh"], tiles.place["e_leak"]
        cost = np.array([len(names) * (4.0 if "h_over_c" in names else 1.0) for names in columns])
        self.pieces = pieces = make_pieces(start, cost, BSS_TILE, self.threads)
        n_pieces = len(pieces.block)
        self.parts = np.zeros(max(1, n_pieces) * sizeof(bss_part), np.uint8)
        cdef bss_part *parts = <bss_part *>octets(self.parts)
        cdef int64_t tile = 0, n_tiles = (-(-pieces.n // BSS_TILE)).sum()
        self.singles = aligned(np.zeros(max(1, n_tiles) * sizeof(bss_singles), np.uint8))
        cdef bss_singles *singles = <bss_singles *>octets(self.singles)
        self.tile_records = aligned(np.zeros(max(1, n_tiles) * sizeof(bss_tile), np.uint8))
        cdef bss_tile *all_tiles = <bss_tile *>octets(self.tile_records)
        self.lines = aligned(np.zeros(max(1, n_pieces) * sizeof(bss_lines), np.uint8))
        for k in range(n_pieces):
            parts[k].number = k
            self._make_part(&parts[k], pieces.block[k], pieces.first[k], pieces.n[k], tiles, start)
            parts[k].mode = mode[pieces.block[k]]
            parts[k].alike = not any(
                s for name, s in zip(columns[pieces.block[k]], tiles.stride[pieces.block[k]])
                if parts[k].mode != BSS_SINGLE or name not in POTENTIALS)
            if parts[k].mode != BSS_IDEAL:
                parts[k].singles = singles + tile
            parts[k].tiles = all_tiles + tile
            parts[k].lines = (<bss_lines *>octets(self.lines)) + k
            bss_lay_tiles(&parts[k], len(columns[pieces.block[k]]))
            tile += (parts[k].n + BSS_TILE - 1) // BSS_TILE
            parts[k].kernel = kernels_of(self.instruction_set)[parts[k].mode][
                <int64_t>kind[pieces.block[k]]]
        self.crew.n_shares = self.threads
        self.in_floats = mode[pieces.block] != BSS_IDEAL
        cdef int64_t n_cells = BSS_BLOCK * BSS_LINES * BSS_CELLS
        self.cells = aligned(np.zeros(self.threads * n_cells))
        self.float_cells = aligned(np.zeros(self.threads * n_cells, np.float32))
        for k in range(self.threads):
            self.crew.shares[k].number = k
            self.crew.shares[k].cells = doubles(self.cells) + k * n_cells
            self.crew.shares[k].floats = floats(self.float_cells) + k * n_cells
            first = pieces.indptr[k]
            self.crew.shares[k].parts = parts + first
            self.crew.shares[k].n_parts = pieces.indptr[k + 1] - first
            if self.crew.shares[k].n_parts:
                self.crew.shares[k].first = parts[first].first

    cdef void _make_part(self, bss_part *part, int64_t block, int64_t first, int64_t n, tiles,
                         start) except *:
        """Tell the kernel where a piece of a block lies."""
        cdef double *line = doubles(self.line)
        part.first, part.n, part.block = first, n, block
        part.behind = first - <int64_t>start[block]
        part.substeps = self.substeps
        own = self.spiking[first:first + n]
        part.spiking = (<const bss_spiking *>doubles(self.spiking.view(np.float64))) + first
        part.apart = bool((own != own[0]).any())
        self._point_to_columns(part, tiles.offset[block], tiles.stride[block])
        part.cells.v, part.cells.w = doubles(self.v) + first, doubles(self.w) + first
        part.cells.line0, part.cells.line1 = line + first, line + self.n + first
        part.cells.hold, part.cells.drive = doubles(self.hold) + first, self.drive + first

    cdef void _point_to_columns(self, bss_part *part, offset, stride) except *:
        """Tell a part where the coefficients of its first tile lie."""
        cdef int64_t k, tile = part.behind // BSS_TILE
        cdef const int64_t *offsets = const_int64s(offset)
        cdef const int64_t *strides = const_int64s(stride)
        cdef const char *first = <const char *>doubles(self.tiles)
        for k in range(len(offset)):
            part.stride[k] = strides[k]
            part.columns.at[k] = first + offsets[k] + tile * strides[k]

    def keep_for(self, probes):
        """Keep what probes sample: a sequence of pairs of variable and interval."""
        probes = list(probes)
        self.kept = [np.zeros((BSS_BLOCK, self.n)) if any(v == k for v, _ in probes) else None
                     for k in range(BSS_N_VARIABLES)]
        for k, array in enumerate(self.kept):
            if array is not None:
                self.crew.neurons.any_kept = 1
                self.crew.neurons.kept[k] = doubles(array)
                self.crew.neurons.keep_every[k] = np.gcd.reduce([i for v, i in probes if v == k])

    cdef void integrate(self, int64_t step, int64_t n_steps, bint puts) noexcept nogil:
        """Integrate a block of steps from `step` on, and put the state back in its arrays if asked.

        Else much of it is where the kernels keep it (`bss_singles`), until `put` is called.
        """
        cdef bss_neurons *all = &self.crew.neurons
        all.step, all.n_steps = step, n_steps
        all.takes, all.puts = not self.taken, puts
        if all.takes:
            all.base = step
        bss_integrate(&self.crew)
        all.delivery.n_departures = 0
        self.taken = not puts

    cdef void put(self) noexcept nogil:
        """Put the state back in its arrays, and let all events that were noted set out."""
        if self.taken or self.crew.neurons.delivery.n_departures:
            self.integrate(self.crew.neurons.step + self.crew.neurons.n_steps, 0, True)

    cdef int64_t first_non_finite(self) noexcept nogil:
        """Neuron whose state is NaN or infinite, or -1."""
        cdef const bss_neurons *all = &self.crew.neurons
        cdef int64_t i, n = self.n
        for i in range(n):
            if not (isfinite(all.v[i]) and isfinite(all.w[i]) and isfinite(all.line[i])
                    and isfinite(all.line[n + i])):
                return i
        return -1

    # -- state ------------------------------------------------------------------------------

    def export(self, step):
        """Their part of the state at `step`; see `state.EmulatorState`."""
        return {"trial": self.trial, "v": self.v.copy(), "u": self._membranes(), "w": self.w.copy(),
                "line": self.line.copy().reshape(2, self.n), "hold": self.hold.copy(),
                "silent": np.maximum(self.silent_until - step, 0.0),
                "thresh_shift": self.thresh_shift.copy(), "leak_shift": self.leak_shift.copy()}

    def checked_state(self, state):
        """Their part of a state, if it is one."""
        checked = {name: checked_floats(f"state.{name}", state[name], (self.n,))
                   for name in ("v", "u", "w", "hold", "silent")}
        return checked | {
            "trial": self.checked_trial(state["trial"]),
            "line": checked_floats("state.line", state["line"], (2, self.n)),
            "shifts": self.checked_shifts(state["thresh_shift"], state["leak_shift"]),
        }

    def _membranes(self):
        """Membranes in single precision, against e_leak: float32 (n,), 0 where there is none."""
        cdef int64_t k, j, n_parts = len(self.pieces.block)
        cdef const bss_part *parts = <const bss_part *>octets(self.parts)
        result = np.zeros(self.n, np.float32)
        cdef float *u = floats(result)
        for k in range(n_parts):
            if parts[k].singles != NULL:
                for j in range(parts[k].n):
                    u[parts[k].first + j] = parts[k].singles[j // BSS_TILE].u[j % BSS_TILE]
        return result

    def _take_membranes(self, membranes):
        """Take what `_membranes` returns."""
        cdef int64_t k, j, n_parts = len(self.pieces.block)
        cdef bss_part *parts = <bss_part *>octets(self.parts)
        cdef const float *u = const_floats(membranes)
        for k in range(n_parts):
            if parts[k].singles != NULL:
                for j in range(parts[k].n):
                    parts[k].singles[j // BSS_TILE].u[j % BSS_TILE] = u[parts[k].first + j]

    def checked_trial(self, trial):
        """The number of a trial, if it is one."""
        number = int(trial)
        if not 0 <= number < 2**62:
            raise ValueError(f"state.trial: must lie in [0, 2**62), is {number}")
        return number

    def checked_shifts(self, thresh_shift, leak_shift):
        """Shifts of thresholds and leak potentials, 0 where these do not vary."""
        return [np.where(self.coefficients[sigma] > 0,
                         checked_floats(f"state.{name}", shift, (self.n,)), 0.0)
                for name, shift, sigma in (("thresh_shift", thresh_shift, "sigma_thresh"),
                                           ("leak_shift", leak_shift, "sigma_trial"))]

    def take_state(self, checked, step):
        """Take what `checked_state` has returned."""
        self.begin_trial(checked["trial"])
        self.v[:], self.w[:], self.hold[:] = checked["v"], checked["w"], np.ceil(checked["hold"])
        self._take_membranes(rounded(checked["u"]))
        self.silent_until[:] = step + checked["silent"]
        self._look_for_silent(checked["silent"])
        self.line[:] = checked["line"].ravel()
        self._shift(checked["shifts"])

    def restart(self, trial, shifts):
        """Begin a trial, with what `checked_trial` and `checked_shifts` have returned."""
        self.begin_trial(trial)
        self._shift(shifts)
        self.v[:] = self.coefficients["e_leak"] + self.leak_shift
        self._take_membranes(np.zeros(self.n, np.float32))
        for column in (self.w, self.line, self.hold, self.silent_until):
            column[:] = 0.0
        self._look_for_silent(self.silent_until)

    def _look_for_silent(self, silent):
        """Note whether any neuron may not spike though it is held no longer: now, or ever."""
        self.crew.neurons.any_silent = self.outlasts_hold or (silent > self.hold).any()

    def _shift(self, shifts):
        """Let thresholds and leak potentials be shifted."""
        c = self.coefficients
        self.thresh_shift[:], self.leak_shift[:] = shifts
        self.tiles[self.thresh_place] = c["v_thresh"] + self.thresh_shift
        self.tiles[self.leak_place] = c["e_leak"] + self.leak_shift
