"""PyNN's standard models that the chip has no circuit for: importable, refused when used."""

from __future__ import annotations

from typing import Any, NamedTuple

from pyNN import errors
from pyNN.standardmodels import cells, ion_channels, receptors, synapses

__all__ = ["ALIASES", "REFUSED", "ModelNotOnChipError", "Refusal", "refused_models"]


class ModelNotOnChipError(errors.NoModelAvailableError, NotImplementedError):
    """The chip has no circuit for this model, or not in this combination."""


class Refusal(NamedTuple):
    """Why one of PyNN's standard models is refused."""

    base: type  #: PyNN's class, whose name the refused class bears
    why: str  #: what the chip lacks
    nearest: str  #: what to use instead

    def __str__(self) -> str:
        return (
            f"{self.base.__name__} does not exist on the chip: {self.why}. The nearest model is "
            f"{self.nearest}."
        )


_ALPHA = "a synaptic input decays exponentially at once and cannot rise along an alpha function"
_CHANNELS = "the membrane has no voltage-gated channels"
_STOCHASTIC = (
    "a synapse driver passes each event on to all synapses of its address, and chance has no part "
    "in it; the random numbers of the chip make events of background sources, not single releases"
)
_POINT = "neurons are single compartments in this version"
_STATIC = "StaticSynapse"
_COMPOSE = "PointNeuron with LIF or AdExp and CondExpPostSynapticResponse"

REFUSED = (
    Refusal(cells.IF_curr_alpha, _ALPHA, "IF_curr_exp"),
    Refusal(
        cells.IF_curr_delta,
        "a spike moves the membrane through a synaptic current of finite length, not in one jump",
        "IF_curr_exp with a short tau_syn_E and tau_syn_I",
    ),
    Refusal(cells.IF_cond_alpha, _ALPHA, "IF_cond_exp"),
    Refusal(
        cells.IF_cond_exp_gsfa_grr,
        "adaptation is a current, not a conductance, and there is no relative refractoriness",
        "EIF_cond_exp_isfa_ista",
    ),
    Refusal(
        cells.IF_facets_hardware1,
        "it describes an earlier chip, whose parameters these circuits do not have",
        "IF_cond_exp",
    ),
    Refusal(cells.HH_cond_exp, _CHANNELS, "EIF_cond_exp_isfa_ista"),
    Refusal(cells.EIF_cond_alpha_isfa_ista, _ALPHA, "EIF_cond_exp_isfa_ista"),
    Refusal(
        cells.Izhikevich,
        "the membrane is leaky with an exponential term and has no quadratic one",
        "EIF_cond_exp_isfa_ista",
    ),
    Refusal(
        cells.GIF_cond_exp,
        "the threshold neither moves nor fires at random",
        "EIF_cond_exp_isfa_ista",
    ),
    Refusal(cells.MultiCompartmentNeuron, _POINT, _COMPOSE),
    Refusal(
        receptors.CondAlphaPostSynapticResponse,
        _ALPHA,
        "CondExpPostSynapticResponse",
    ),
    Refusal(
        receptors.CondBetaPostSynapticResponse,
        "a synaptic input has one time constant, that of the decay",
        "CondExpPostSynapticResponse",
    ),
    Refusal(ion_channels.NaChannel, _CHANNELS, "AdExp"),
    Refusal(ion_channels.KdrChannel, _CHANNELS, "AdExp"),
    Refusal(
        ion_channels.PassiveLeak,
        "the leak is a parameter of the membrane (tau_m, v_rest), not a channel of its own",
        "LIF",
    ),
    Refusal(
        ion_channels.PassiveLeakHH,
        "the leak is a parameter of the membrane (tau_m, v_rest), not a channel of its own",
        "LIF",
    ),
    Refusal(
        synapses.ElectricalSynapse,
        "neurons are joined by spikes only; gap junctions are not part of this version",
        _STATIC,
    ),
    Refusal(synapses.SimpleStochasticSynapse, _STOCHASTIC, "StaticSynapse with the weight times p"),
    Refusal(
        synapses.StochasticTsodyksMarkramSynapse,
        _STOCHASTIC,
        "TsodyksMarkramSynapse, whose amplitudes are the means of the stochastic ones",
    ),
    Refusal(
        synapses.MultiQuantalSynapse,
        _STOCHASTIC,
        "TsodyksMarkramSynapse, whose amplitudes are the means of many release sites",
    ),
)

#: Short names that PyNN's backends offer.
ALIASES = {
    "AlphaPSR": "CondAlphaPostSynapticResponse",
    "BetaPSR": "CondBetaPostSynapticResponse",
}


class _Refused:
    """Mixin that refuses to be instantiated."""

    refusal: Refusal

    def __init__(self, *args: Any, **parameters: Any) -> None:
        raise ModelNotOnChipError(str(self.refusal))


def refused_models() -> dict[str, type]:
    """Return a class for each refused model, by PyNN's name and by its alias.

    Each is a subclass of PyNN's class, so that it may be named wherever a model may, and raises
    ModelNotOnChipError when instantiated.

    Returns
    -------
    dict of str to type
    """
    models = {}
    for refusal in REFUSED:
        name = refusal.base.__name__
        namespace = {
            "refusal": refusal,
            "__module__": __name__,
            "__doc__": f"Refused: {refusal.why}. The nearest model is {refusal.nearest}.",
        }
        # a PyNN class may have a metaclass of its own
        models[name] = type(refusal.base)(name, (_Refused, refusal.base), namespace)
    return models | {alias: models[name] for alias, name in ALIASES.items()}
