from libc.stdint cimport int32_t, int64_t

from pynn_bss2sim._core.neurons cimport Neurons


cdef class Inputs:
    # events, and how many of them have been
    cdef int64_t n_events, event
    cdef const int64_t *event_step
    cdef const int32_t *event_source
    # changes of currents, and how many of them have been
    cdef int64_t n_changes, change
    cdef const int64_t *change_step
    cdef const int32_t *change_source
    cdef const double *change_value
    # what currents flow now, and where to
    cdef int64_t n_currents
    cdef double *value
    cdef const int64_t *indptr
    cdef const int32_t *target
    cdef const double *gain
    cdef object arrays

    cdef int64_t n_due(self, int64_t step) noexcept nogil
    cdef int64_t next_change(self, int64_t stop) noexcept nogil
    cdef void change_currents(self, int64_t step, Neurons neurons) noexcept nogil
    cdef void apply(self, Neurons neurons) noexcept nogil
