"""What `setup` may be told of the calibration of neurons, beside what populations ask for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from . import without_effect

__all__ = [
    "NeuronCalibOptions",
    "NeuronCalibTarget",
    "SpikingCalibOptions",
    "SpikingCalibTarget",
    "requested_holdoff",
]

#: Hold-off that a calibration can reach, µs.
_LONGEST_HOLDOFF = 4.0


@dataclass
class NeuronCalibTarget:
    """Targets of neurons: one value for all, or one for each circuit.

    Populations of calibrated neurons overwrite all but the last three.

    Attributes
    ----------
    leak, reset, threshold : LSB of the column converters
    tau_mem, tau_syn, refractory_time : µs
    i_synin_gm : code
    membrane_capacitance : 0 to 63
    synapse_dac_bias : code
    e_coba_reversal : LSB of the column converters, or None for currents
    holdoff_time : 0 to 4 µs
        By how much the reset ends before the refractory time does.
    e_coba_reference, tau_icc
        Without effect.
    """

    leak: ArrayLike = 80
    reset: ArrayLike = 70
    threshold: ArrayLike = 125
    tau_mem: ArrayLike = 10.0
    tau_syn: ArrayLike = 10.0
    i_synin_gm: ArrayLike = 500
    e_coba_reversal: ArrayLike | None = None
    membrane_capacitance: ArrayLike = 63
    refractory_time: ArrayLike = 2.0
    synapse_dac_bias: int = 600
    holdoff_time: ArrayLike = 0.0
    e_coba_reference: ArrayLike | None = None
    tau_icc: ArrayLike | None = None


@dataclass
class SpikingCalibTarget:
    """Targets of a calibration for spiking neurons."""

    neuron_target: NeuronCalibTarget = field(default_factory=NeuronCalibTarget)


@dataclass
class NeuronCalibOptions:
    """How neurons are calibrated; without effect."""

    readout_neuron: object = None


@dataclass
class SpikingCalibOptions:
    """How a calibration is made; without effect."""

    neuron_options: NeuronCalibOptions = field(default_factory=NeuronCalibOptions)
    refine_potentials: bool | None = None


def requested_holdoff(
    target: SpikingCalibTarget | None, options: SpikingCalibOptions | None
) -> np.ndarray | float:
    """Return the hold-off that calibrated neurons shall have: float64 (512,) or one number, µs.

    Raises
    ------
    ValueError
        It cannot be reached.
    """
    if options is not None:
        without_effect.tell("refine_potentials", options.refine_potentials, None)
        without_effect.tell("readout_neuron", options.neuron_options.readout_neuron, None)
    if target is None:
        return 0.0
    neurons = target.neuron_target
    for name in ("e_coba_reference", "tau_icc"):
        without_effect.tell(name, getattr(neurons, name), None)
    holdoff = np.asarray(neurons.holdoff_time, np.float64)
    bad = ~((holdoff >= 0) & (holdoff <= _LONGEST_HOLDOFF))
    if bad.any():
        raise ValueError(
            f"setup: injected_calib_target: holdoff_time = {holdoff[bad][0]:g} µs; give 0 to "
            f"{_LONGEST_HOLDOFF:g} µs"
        )
    return holdoff
