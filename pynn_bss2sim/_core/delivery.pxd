from libc.stdint cimport int64_t

from pynn_bss2sim._core.event_links cimport EventLinks
from pynn_bss2sim._core.native cimport bss_delivery, bss_pulses, bss_releases


cdef class Delivery:
    cdef bss_delivery record
    cdef bss_releases releases
    cdef bss_pulses pulses
    cdef readonly EventLinks links
    cdef readonly int64_t n_sources, notice
    cdef object first_neuron, share, n_shares, behind, cells, ring, marks, lists
    cdef object in_floats, place_in_floats
    cdef object indptr, delay, cell, amplitude, target, reach, bunches, records
    cdef object float_amplitude
    cdef object release_plan, release_state, release_last
    cdef object pulse_plan, pulse, pulse_last
