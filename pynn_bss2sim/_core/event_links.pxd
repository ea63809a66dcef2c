from libc.stdint cimport int64_t

from pynn_bss2sim._core.native cimport bss_event_queue


cdef class EventLinks:
    cdef bss_event_queue queue
    cdef readonly object plan
    cdef object hops, number, roots, place, links, longest_wait
    cdef int64_t n_links
