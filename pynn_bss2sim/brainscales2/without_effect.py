"""Settings of the chip that the emulation knows nothing of: using one is told once."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core import hicannx as chip

__all__ = ["WITHOUT_EFFECT", "EffectWarning", "tell", "tell_missed_resets"]

_DEGENERATION = "by how much it weakens a conductance is not published"
_CAPACITANCE = "the size of the larger capacitor is not published"
_REFERENCE = "the emulated amplifier has no offset that it would null"
_SINGLE = "circuits are not joined"
_CALIBRATION = "each target of neurons is met, from one characterisation of the chip that is kept"

#: Why a setting has no effect, by its name.
WITHOUT_EFFECT = MappingProxyType(
    {
        "leak_enable_degeneration": _DEGENERATION,
        "reset_enable_degeneration": _DEGENERATION,
        "excitatory_input_enable_small_capacitance": _CAPACITANCE,
        "inhibitory_input_enable_small_capacitance": _CAPACITANCE,
        "excitatory_input_i_shift_reference": _REFERENCE,
        "inhibitory_input_i_shift_reference": _REFERENCE,
        "adaptation_v_leak": "adaptation acts from the leak potential, as if this one matched it",
        "bayesian_operation": "circuits do not hand on their spikes to neighbours",
        "event_routing_address": "the mapping chooses addresses",
        "multicompartment_enable_conductance_division": _SINGLE,
        "multicompartment_enable_conductance_multiplication": _SINGLE,
        "multicompartment_i_bias_nmda": _SINGLE,
        "readout_enable_unbuffered_access": "a readout does not load the membrane",
        "clock_scale_post_pulse": "pulses to the correlation sensors have no length",
        "enable_clocks": "refractory times always run",
        "enable_connect_neuron": "the column converters read the neurons that are recorded",
        "calibration_cache": "the environment variable BSS2SIM_CACHE names the folder of all",
        "refine_potentials": _CALIBRATION,
        "readout_neuron": _CALIBRATION,
        "e_coba_reference": "a conductance acts from the leak potential on",
        "tau_icc": _SINGLE,
        "backgroundPermutation": "all generators are alike",
    }
)


class EffectWarning(UserWarning):
    """A setting has no effect on the emulated chip."""


def tell(name: str, values: ArrayLike | object, default: object) -> None:
    """Warn if a setting of `WITHOUT_EFFECT` has another value than its default.

    Python shows a warning with the same words once.

    Parameters
    ----------
    name : str
        Of any setting.
    values : array or object
    default : object
        With which the emulation agrees.
    """
    if name in WITHOUT_EFFECT and np.any(np.asarray(values) != default):
        warnings.warn(
            f"{name} has no effect on the emulated chip: {WITHOUT_EFFECT[name]}",
            EffectWarning,
            stacklevel=2,
        )


def tell_missed_resets(columns: Mapping[str, np.ndarray], circuit: np.ndarray) -> None:
    """Warn of refractory times that are over before the hold-off of the reset begins.

    Parameters
    ----------
    columns : dict of str to array (512,)
        Parameters of all circuits.
    circuit : int64 (k,)
        Those in use.
    """
    time, code = (
        columns[f"refractory_period_{name}"][circuit]
        for name in ("refractory_time", "reset_holdoff")
    )
    holdoff = chip.RESET_LAG + chip.HOLDOFF_CYCLES * (chip.HOLDOFF_SHORTEST - code)
    missed = (code < chip.HOLDOFF_SHORTEST) & (time < holdoff)
    missed &= columns["threshold_enable"][circuit]
    if missed.any():
        k = int(np.flatnonzero(missed)[0])
        warnings.warn(
            f"refractory_period_refractory_time = {time[k]:g} is shorter than the {holdoff[k]:g} "
            f"cycles of reset_holdoff = {code[k]:g}: on the chip the reset may not end, on the "
            "emulated one the membrane is released at once",
            EffectWarning,
            stacklevel=2,
        )
