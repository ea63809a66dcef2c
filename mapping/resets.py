"""How long neurons are held at reset: the reset of a chip is a conductance, not a jump.

While the refractory time lasts, the membrane falls exponentially towards ``v_reset``. Where it is
shorter than this takes, it is made longer: else neurons would fire too early.
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip

__all__ = ["shortest_hold"]

#: A reset that leaves this part of its way is finished.
_FINISHED = 0.01


def shortest_hold(capacitance: np.ndarray | float) -> np.ndarray:
    """The time after which the reset of a membrane of `capacitance` (pF) is finished, µs.

    That of a nominal circuit with the fastest reset.
    """
    largest = curves.capacitance(chip.CAPACITANCE_MAX, 1)
    tau = curves.TAU_RESET.value(chip.RESET_BIAS) * capacitance / largest
    return -np.log(_FINISHED) * tau
