"""Where circuits depart from the equations of textbooks: limits of their amplifiers, and noise.

Columns of `Circuits` from `leak_limit` on.
"""

from __future__ import annotations

import numpy as np

from . import curves
from . import hicannx as chip
from .config import AnalogParameter as Analog
from .config import NeuronSwitch as Switch
from .joined import Neurons

__all__ = ["limits", "noise"]


def limits(
    neurons: Neurons, steps: np.ndarray, c_m: np.ndarray, g_leak: np.ndarray
) -> dict[str, np.ndarray]:
    """Saturation of the amplifiers, speed of the reset, range of the membrane.

    Parameters
    ----------
    neurons : Neurons
    steps : float64 (2, n_members), nA or µS
        What one weight code adds to each line of each joined circuit, at the nominal synapse
        bias; 0 where it does not feed the membrane.
    c_m : float64 (n,), pF
    g_leak : float64 (n,), µS

    Returns
    -------
    dict of float64 arrays
        Columns of `Circuits`.
    """
    ranges = neurons.member_deviation("line_range").T * np.array(curves.LINE_RANGE)[:, np.newaxis]
    largest = np.stack([neurons.sum(current) for current in steps * ranges])
    rails = neurons.deviation("rails") / chip.CADC_PER_MV + np.array(curves.RAILS)
    return {
        "leak_limit": g_leak * chip.LEAK_RANGE * neurons.deviation("leak_range"),
        "line_limit": np.where(largest > 0, largest, np.inf),
        "tau_reset": _tau_reset(neurons, c_m),
        "v_floor": rails[:, 0],
        "v_ceiling": rails[:, 1],
    }


def noise(neurons: Neurons, steps: np.ndarray, c_m: np.ndarray) -> dict[str, np.ndarray]:
    """Noise of membrane, lines, threshold and from trial to trial.

    The noise of a membrane is thermal in kind: the smaller the capacitance, the larger it is. The
    lines' noise passes their amplifiers as the synaptic currents do.

    Parameters, Returns
        See `limits`.
    """
    whole = np.ones(len(neurons))
    membrane = chip.NOISE_MEMBRANE / chip.CADC_PER_MV
    return {
        "sigma_v": membrane * np.sqrt(curves.capacitance(chip.CAPACITANCE_MAX, 1) / c_m),
        "sigma_line": chip.NOISE_LINE * np.sqrt([neurons.sum(step**2) for step in steps]),
        "sigma_thresh": chip.NOISE_THRESHOLD / chip.CADC_PER_MV * whole,
        "sigma_trial": chip.NOISE_TRIAL / chip.MADC_PER_MV * whole,
    }


def _tau_reset(neurons: Neurons, c_m: np.ndarray) -> np.ndarray:
    divided = neurons.switch(Switch.RESET_DIVISION)
    multiplied = neurons.switch(Switch.RESET_MULTIPLICATION)
    slower = chip.LEAK_MULTIPLICATION ** (1.0 + divided - multiplied)
    tau = curves.TAU_RESET.value(neurons.code(Analog.I_BIAS_RESET)) * slower
    tau *= neurons.deviation("tau_reset")
    return tau * c_m / curves.capacitance(chip.CAPACITANCE_MAX, 1)
