"""The kernels as they were compiled, for each instruction set."""

from pynn_bss2sim._core.native cimport (
    bss_column,
    bss_exp_array,
    bss_kernel_table,
    bss_kernels_for,
    bss_pair_change,
    bss_pair_change_for,
)
from pynn_bss2sim._core.pointers cimport const_doubles, doubles

import numpy as np

__all__ = ["BUILD", "INSTRUCTION_SETS", "available_instruction_sets", "exp_array", "tile_columns"]

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


def available_instruction_sets():
    """Names of the instruction sets of this machine for which there are kernels, best last."""
    return tuple(name for i, name in enumerate(INSTRUCTION_SETS) if bss_kernels_for(i) != NULL)


def exp_array(x):
    """The kernels' exponential function of a float64 array, for tests."""
    source = np.ascontiguousarray(x, np.float64).ravel()
    result = np.empty(len(source))
    bss_exp_array(len(source), const_doubles(source), doubles(result))
    return result


def tile_columns(int kind, int mode):
    """Names of the coefficients in a tile of neurons of a kind and mode, in their order."""
    names = []
    while bss_column(kind, mode, <int>len(names)) != NULL:
        names.append(bss_column(kind, mode, <int>len(names)).decode())
    return tuple(names)


cdef bss_kernel_table kernels_of(str name) except NULL:
    """Kernels of one of the available instruction sets."""
    return bss_kernels_for(INSTRUCTION_SETS.index(name))


cdef bss_pair_change pair_change_of(str name) except NULL:
    """How one of them changes weights."""
    return bss_pair_change_for(INSTRUCTION_SETS.index(name))
