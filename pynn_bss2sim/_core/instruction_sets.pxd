from pynn_bss2sim._core.native cimport bss_kernel_table, bss_pair_change


cdef bss_kernel_table kernels_of(str name) except NULL
cdef bss_pair_change pair_change_of(str name) except NULL
