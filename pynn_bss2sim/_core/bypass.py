"""Neuron circuits in bypass: every event at a line is a spike, without integration.

What the emulator integrates in their place is a membrane that the smallest event lifts over its
threshold, and an input line that has forgotten the event before the next step. Events that reach a
circuit in the same time step are one spike.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["columns", "steps"]

#: Time constants of the line in one time step: all synapses of a circuit together do not lift it
#: over the threshold with what is left of them, ``exp(-50)``.
_FORGOTTEN = 50.0
#: Distance of the threshold from rest, mV; one weight code lifts the membrane some thousand times
#: as much.
_LIFT = 1e-6
_STEP = 1.0  #: current of one weight code, nA
_CAPACITANCE = 1.0  #: pF for each µs of the time step: the membrane's time constant is one step


def steps(weight_step: np.ndarray, forwards: np.ndarray) -> np.ndarray:
    """What one weight code adds to lines, with those of circuits in bypass.

    Parameters
    ----------
    weight_step : float64 (n, 2), nA or µS
    forwards : bool (n, 2)
        Lines whose events are forwarded. The other line of such a circuit has no effect.
    """
    bypassed = forwards.any(axis=1, keepdims=True)
    return np.where(bypassed, _STEP * forwards, weight_step)


def columns(circuits: dict[str, np.ndarray], forwards: np.ndarray, timestep: float) -> dict:
    """Columns of `Circuits`, with those neurons that are in bypass.

    Parameters
    ----------
    circuits : dict of str to array (..., n)
    forwards : bool (n,)
    timestep : float, µs
    """
    if not forwards.any():
        return circuits
    own: dict[str, Any] = {
        "adex": False,
        "conductance_based": False,
        "c_m": _CAPACITANCE * timestep,
        "g_leak": _CAPACITANCE,
        "v_reset": circuits["e_leak"],
        "v_thresh": circuits["e_leak"] + _LIFT,
        "refractory_steps": 0,
        "holdoff_steps": 0,
        "i_offset": 0.0,
        "tau_syn": timestep / _FORGOTTEN,
        "delta_t": 0.0,
        "leak_limit": np.inf,
        "line_limit": np.inf,
        "tau_reset": 0.0,
        "v_floor": -np.inf,
        "v_ceiling": np.inf,
        "sigma_v": 0.0,
        "sigma_line": 0.0,
        "sigma_thresh": 0.0,
        "sigma_trial": 0.0,
    }
    return circuits | {
        name: np.where(forwards, value, circuits[name])
        for name, value in own.items()
        if name in circuits
    }
