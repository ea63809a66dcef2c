"""PyNN's standard models on this backend: those that work, and those that are refused.

Attributes
----------
SUPPORTED_CELLS : tuple of type
    The cell types that work.
"""

from __future__ import annotations

from .cells import (
    LIF,
    AdExp,
    EIF_cond_exp_isfa_ista,
    IF_cond_exp,
    IF_curr_exp,
    PointNeuron,
)
from .electrodes import ACSource, DCSource, NoisyCurrentSource, StepCurrentSource
from .plasticity import (
    AdditivePotentiationMultiplicativeDepression,
    AdditiveWeightDependence,
    GutigWeightDependence,
    MultiplicativeWeightDependence,
    SpikePairRule,
    STDPMechanism,
    Vogels2011Rule,
)
from .receptors import CondExpPostSynapticResponse, CurrExpPostSynapticResponse, ExpPSR
from .refused import ModelNotOnChipError, refused_models
from .rule_synapse import PlasticSynapse
from .sources import (
    SpikeSourceArray,
    SpikeSourceGamma,
    SpikeSourceInhGamma,
    SpikeSourcePoisson,
    SpikeSourcePoissonOnChip,
    SpikeSourcePoissonRefractory,
)
from .synapses import StaticSynapse, TsodyksMarkramSynapse

SUPPORTED_CELLS = (
    IF_curr_exp,
    IF_cond_exp,
    EIF_cond_exp_isfa_ista,
    PointNeuron,
    SpikeSourceArray,
    SpikeSourcePoisson,
    SpikeSourcePoissonRefractory,
    SpikeSourceGamma,
    SpikeSourceInhGamma,
)

#: Refused models by name; each is also an attribute of this package.
REFUSED_MODELS = refused_models()
globals().update(REFUSED_MODELS)

__all__ = [
    "REFUSED_MODELS",
    "SUPPORTED_CELLS",
    "ACSource",
    "AdExp",
    "CondExpPostSynapticResponse",
    "CurrExpPostSynapticResponse",
    "DCSource",
    "EIF_cond_exp_isfa_ista",
    "ExpPSR",
    "IF_cond_exp",
    "IF_curr_exp",
    "LIF",
    "ModelNotOnChipError",
    "NoisyCurrentSource",
    "PlasticSynapse",
    "PointNeuron",
    "SpikeSourceArray",
    "SpikeSourceGamma",
    "SpikeSourceInhGamma",
    "SpikeSourcePoisson",
    "SpikeSourcePoissonOnChip",
    "SpikeSourcePoissonRefractory",
    "StaticSynapse",
    "StepCurrentSource",
    "TsodyksMarkramSynapse",
    "AdditivePotentiationMultiplicativeDepression",
    "AdditiveWeightDependence",
    "GutigWeightDependence",
    "MultiplicativeWeightDependence",
    "STDPMechanism",
    "SpikePairRule",
    "Vogels2011Rule",
    *REFUSED_MODELS,
]
