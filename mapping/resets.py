"""How long neurons are held at reset: the reset of a chip is a conductance, not a jump.

While the refractory time lasts, the membrane falls exponentially towards ``v_reset``. Where it is
shorter than this takes, it is made longer: else neurons would fire too early.
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip

from .characteristics import Characteristics, PowerLaw

__all__ = ["shortest_hold"]

#: A reset that leaves this part of its way is finished.
_FINISHED = 0.01

_NOMINAL = Characteristics.nominal().tau_reset


def shortest_hold(capacitance: np.ndarray | float, law: PowerLaw = _NOMINAL) -> np.ndarray:
    """The time after which the fastest reset of a membrane is finished, µs.

    Parameters
    ----------
    capacitance : float64 (n,) or float, pF
    law : PowerLaw
        Of the time constant of the reset; nominal by default.
    """
    largest = curves.capacitance(chip.CAPACITANCE_MAX, 1)
    tau = law.value(chip.RESET_BIAS) * capacitance / largest
    return -np.log(_FINISHED) * tau
