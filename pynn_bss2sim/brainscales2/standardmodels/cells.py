"""Cell types: neurons of the chip, and spike sources."""

from __future__ import annotations

from pyNN.standardmodels import StandardCellType

from .calibrated import CalibHXNeuronCoba, CalibHXNeuronCuba
from .neurons import HXNeuron, NeuronCellType
from .sources import (
    ExternalNeuron,
    OffChipSource,
    SpikeIOCell,
    SpikeSourceArray,
    SpikeSourcePoisson,
    SpikeSourcePoissonOnChip,
)

__all__ = [
    "CalibHXNeuronCoba",
    "CalibHXNeuronCuba",
    "ExternalNeuron",
    "HXNeuron",
    "NeuronCellType",
    "OffChipSource",
    "SpikeIOCell",
    "SpikeSourceArray",
    "SpikeSourcePoisson",
    "SpikeSourcePoissonOnChip",
    "StandardCellType",
]
