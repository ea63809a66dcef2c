"""What kernels of plasticity rules can compute with: the number formats of the processors, and
their random numbers.

>>> from pynn_bss2sim.ppu import FracSat8
>>> FracSat8([100, -80]) + 100
FracSat8([127,  20])
"""

from __future__ import annotations

from ._core.ppu.numbers import (
    Accumulator,
    Condition,
    FracSat8,
    FracSat16,
    Mod8,
    Mod16,
    saturate_weight,
    vector_if,
)
from ._core.ppu.random import ParallelRng, lcg, round_stochastic, xorshift32

__all__ = [
    "Accumulator",
    "Condition",
    "FracSat8",
    "FracSat16",
    "Mod8",
    "Mod16",
    "ParallelRng",
    "lcg",
    "round_stochastic",
    "saturate_weight",
    "vector_if",
    "xorshift32",
]
