"""Cell types whose neurons are calibrated to targets."""

from __future__ import annotations

import logging
from typing import ClassVar

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim.standardmodels.base import check_values, identity_translations

from .neurons import PLASTICITY, NeuronCellType, checked_plasticity

__all__ = ["CalibHXNeuronCoba", "CalibHXNeuronCuba"]

logger = logging.getLogger("pynn_bss2sim.brainscales2")

#: Range of each target in which a calibration is good.
_RANGES = {
    "v_rest": (50, 160),
    "v_reset": (50, 160),
    "v_thresh": (50, 220),
    "tau_m": (0.5, 60),
    "tau_syn_E": (0.3, 30),
    "tau_syn_I": (0.3, 30),
    "cm": (0, chip.CAPACITANCE_MAX),
    "tau_refrac": (0.04, 32),
    "i_synin_gm_E": (30, 800),
    "i_synin_gm_I": (30, 800),
    "synapse_dac_bias": (30, chip.ANALOG_MAX),
}
#: Range beyond which a time constant cannot be measured, µs.
_MEASURABLE = {"tau_m": (0.1, 2000), "tau_syn_E": (0.1, 100), "tau_syn_I": (0.1, 100)}


class _Calibrated(NeuronCellType):
    """What calibrated neurons have in common."""

    calibrated = True
    #: Targets of which a chip has one.
    chip_wide: ClassVar[tuple[str, ...]] = ("i_synin_gm_E", "i_synin_gm_I", "synapse_dac_bias")

    def checked(self, label: str, parameters: dict) -> dict[str, np.ndarray]:
        """Targets that can be measured; those with which calibrations get poor are told.

        Raises
        ------
        pyNN.errors.InvalidParameterValueError
            A time constant cannot be measured, or a number is not finite.
        """
        plasticity = {
            name: checked_plasticity(label, name, parameters[name])
            for name in PLASTICITY
            if name in parameters
        }
        for name, values in parameters.items():
            if name in PLASTICITY:
                continue
            check_values(label, name, values, ~np.isfinite(values), "give a finite number")
            low, high = _MEASURABLE.get(name, (-np.inf, np.inf))
            bad = (values < low) | (values > high)
            check_values(label, name, values, bad, f"give {low} to {high} µs", "µs")
            low, high = _RANGES.get(name, (-np.inf, np.inf))
            poor = (values < low) | (values > high)
            if poor.any():
                logger.warning(
                    "%s: %s = %g lies outside %g to %g; its calibration may be poor",
                    label, name, values[poor][0], low, high,
                )  # fmt: skip
        return parameters | plasticity


class CalibHXNeuronCuba(_Calibrated):
    """A neuron with current-based inputs, calibrated to targets.

    Parameters
    ----------
    plasticity_rule : PlasticityRule, optional
    v_rest, v_reset, v_thresh : float, LSB of the column converters
    tau_m, tau_syn_E, tau_syn_I, tau_refrac : float, µs
    cm : int, 0 to 63
    i_synin_gm_E, i_synin_gm_I, synapse_dac_bias : int
        Strength of the inputs, one value for the whole chip.
    """

    default_parameters: ClassVar[dict] = {
        "v_rest": 80.0,
        "v_reset": 70.0,
        "v_thresh": 125.0,
        "tau_m": 10.0,
        "tau_syn_E": 10.0,
        "tau_syn_I": 10.0,
        "cm": 63.0,
        "tau_refrac": 2.0,
        "i_synin_gm_E": 500.0,
        "i_synin_gm_I": 500.0,
        "synapse_dac_bias": 600.0,
        **PLASTICITY,
    }
    translations = identity_translations(default_parameters)
    units: ClassVar[dict[str, str]] = dict.fromkeys(
        (*default_parameters, "v", "exc_synin", "inh_synin", "adaptation"), "dimensionless"
    )


class CalibHXNeuronCoba(_Calibrated):
    """A neuron with conductance-based inputs, calibrated to targets.

    Weights of inhibitory synapses may be given as magnitudes.

    Parameters
    ----------
    e_rev_E, e_rev_I : float, LSB of the column converters
        Reversal potentials.
    **others
        See `CalibHXNeuronCuba`.
    """

    conductance_based = True
    default_parameters: ClassVar[dict] = {
        **CalibHXNeuronCuba.default_parameters,
        "v_rest": 110.0,
        "v_reset": 100.0,
        "v_thresh": 160.0,
        "i_synin_gm_E": 180.0,
        "i_synin_gm_I": 250.0,
        "synapse_dac_bias": 400.0,
        "e_rev_E": 300.0,
        "e_rev_I": 30.0,
    }
    translations = identity_translations(default_parameters)
    units: ClassVar[dict[str, str]] = dict.fromkeys(
        (*default_parameters, "v", "exc_synin", "inh_synin", "adaptation"), "dimensionless"
    )
