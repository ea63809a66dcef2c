from libc.stdint cimport int32_t, int64_t

from pynn_bss2sim._core.native cimport bss_neurons


cdef class Probes:
    cdef int64_t n
    cdef const int64_t *variable
    cdef const int64_t *interval
    cdef const int64_t *start
    cdef const int64_t *column
    cdef readonly object variables, intervals, offsets, columns, sizes


cdef class Recording:
    cdef int64_t spike_count, room, start
    cdef int64_t *spike_step
    cdef int32_t *spike_neuron
    cdef const unsigned char *mask
    cdef Probes probes
    cdef double **next_row
    cdef object steps, neurons, tables, places, masked

    cdef void spikes(self, int64_t step, const int32_t *neuron, int64_t count) noexcept nogil
    cdef void sample(self, int64_t step, int64_t s, const bss_neurons *state) noexcept nogil
    cdef const double *_values(self, int64_t variable, int64_t s,
                               const bss_neurons *state) noexcept nogil
