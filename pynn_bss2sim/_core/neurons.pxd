from libc.stdint cimport int64_t

from pynn_bss2sim._core.native cimport bss_crew, bss_part


cdef class Neurons:
    cdef bss_crew crew
    cdef readonly int64_t n, threads, substeps, trial
    cdef readonly str instruction_set
    cdef bint taken
    cdef const double *i_offset
    cdef const double *drive_gain
    cdef double *drive
    cdef object delivery, coefficients, noise_seed, noise, gain, current
    cdef object v, w, line, hold, spiking, silent_until, outlasts_hold, thresh_shift, leak_shift
    cdef readonly object pieces, in_floats
    cdef object tiles, thresh_place, leak_place, parts, singles, spikes, kept, cells, float_cells
    cdef object tile_records, lines

    cdef void _make_part(self, bss_part *part, int64_t block, int64_t first, int64_t n, tiles,
                         start) except *
    cdef void _point_to_columns(self, bss_part *part, offset, stride) except *
    cdef int64_t first_non_finite(self) noexcept nogil
    cdef void integrate(self, int64_t step, int64_t n_steps, bint puts) noexcept nogil
    cdef void put(self) noexcept nogil
