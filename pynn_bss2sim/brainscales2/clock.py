"""Times of the chip: ms of the wall clock, cycles of the FPGA, steps of the emulation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core import hicannx as chip

__all__ = ["CYCLES_PER_MS", "CYCLES_PER_STEP", "TIMESTEP", "to_cycles", "to_ms", "to_steps"]

#: Cycles of the FPGA in a ms: events are sent and stamped by its clock.
CYCLES_PER_MS = round(1e3 * chip.FPGA_CLOCK)

#: Cycles in a time step of the emulation, about the time between two samples of the MADC.
CYCLES_PER_STEP = 4

#: Time step of the emulation, µs.
TIMESTEP = CYCLES_PER_STEP / chip.FPGA_CLOCK

#: A time is this close to the next cycle, in cycles, where it was computed to be that cycle.
_ROUNDING = 1e-6


def to_cycles(ms: ArrayLike) -> Any:
    """Whole cycles in times of ms, what is left over cut off: int64."""
    return np.floor(np.asarray(ms, np.float64) * CYCLES_PER_MS + _ROUNDING).astype(np.int64)


def to_ms(cycles: Any) -> Any:
    """Times of cycles, ms."""
    return cycles / CYCLES_PER_MS


def to_steps(cycles: Any) -> Any:
    """The first step of the emulation at or after cycles."""
    return -(-cycles // CYCLES_PER_STEP)
