from libc.stdint cimport int32_t, int64_t

from pynn_bss2sim._core.native cimport bss_delivery, bss_pairs


cdef class PairSynapses:
    cdef bss_pairs pairs
    cdef bss_delivery *delivery
    cdef double *line
    cdef int64_t n, n_sources
    cdef object owners, plan, derived
    cdef double[::1] weight, pre_trace, post_trace
    cdef int64_t[::1] fresh
    cdef const int32_t[::1] place, cell, delay
    cdef const int64_t[::1] pre_delay, post_delay
    cdef int64_t[::1] log_step, log_source, pre_cursor, post_cursor
    cdef int64_t log_count

    cdef bint has_room(self, int64_t more) noexcept nogil
    cdef void note(self, int64_t step, int64_t source) noexcept nogil
    cdef void see_inputs(self, int64_t step) noexcept nogil
    cdef void see(self, int64_t step) noexcept nogil
    cdef void _see_posts(self, int64_t step) noexcept nogil
    cdef void _see_pres(self, int64_t n_delays, int64_t step) noexcept nogil
    cdef void _send_rows(self, int64_t step) noexcept nogil
