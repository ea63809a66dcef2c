"""Each standard model of PyNN is either supported or refused with a reason."""

import inspect

import pytest
from pyNN import errors
from pyNN.standardmodels import base, cells, electrodes, ion_channels, receptors, synapses

from pynn_bss2sim import standardmodels as models
from pynn_bss2sim.standardmodels.refused import ALIASES, REFUSED

BASES = (
    base.StandardCellType,
    base.StandardCellTypeComponent,
    base.StandardIonChannelModel,
    base.StandardPostSynapticResponse,
    base.StandardCurrentSource,
    base.StandardSynapseType,
    base.STDPTimingDependence,
    base.STDPWeightDependence,
)


def standard_models():
    """Return all of PyNN's standard models by name."""
    found = {}
    for module in (cells, receptors, ion_channels, electrodes, synapses):
        for name, model in inspect.getmembers(module, inspect.isclass):
            if (
                issubclass(model, BASES)
                and model not in BASES
                and model.__module__ != base.__name__
            ):
                found[name] = model
    return found


STANDARD = standard_models()
SUPPORTED = {name for name in STANDARD if name not in models.REFUSED_MODELS}


def test_pynn_has_the_models_we_know():
    assert {"IF_curr_exp", "MultiCompartmentNeuron", "CondBetaPostSynapticResponse", "NaChannel",
            "ACSource", "STDPMechanism", "Vogels2011Rule", "LIF"} <= set(STANDARD)  # fmt: skip
    assert len(STANDARD) >= 46


@pytest.mark.parametrize("name", STANDARD)
def test_each_standard_model_is_here(name):
    model = getattr(models, name)
    assert name in models.__all__
    assert issubclass(model, STANDARD[name])
    assert model.__name__ == name
    assert model is not STANDARD[name]


@pytest.mark.parametrize("name", sorted(models.REFUSED_MODELS))
def test_refused_models_say_why_and_what_to_use(name):
    model = models.REFUSED_MODELS[name]
    for kind in (errors.NoModelAvailableError, NotImplementedError):
        with pytest.raises(kind, match=rf"{model.__name__} does not exist on the chip: .*nearest"):
            model(some_parameter=1.0)
    with pytest.raises(models.ModelNotOnChipError):
        model()
    with pytest.raises(models.ModelNotOnChipError):
        type(model)("UserModel", (model,), {})()


def test_refusals_name_models_that_work():
    for refusal in REFUSED:
        named = {word.strip(",.()") for word in refusal.nearest.split()} & set(models.__all__)
        assert named, refusal
        assert not named & set(models.REFUSED_MODELS), refusal
        assert refusal.base is STANDARD[refusal.base.__name__]


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("SimpleStochasticSynapse", "StaticSynapse with the weight times p"),
        ("StochasticTsodyksMarkramSynapse", "TsodyksMarkramSynapse, whose amplitudes"),
        ("MultiQuantalSynapse", "TsodyksMarkramSynapse, whose amplitudes"),
    ],
)
def test_stochastic_synapses_say_that_drivers_transmit_all_and_what_has_their_mean(name, way_out):
    with pytest.raises(models.ModelNotOnChipError, match=f"chance has no part.*{way_out}"):
        getattr(models, name)(weight=0.1)


def test_aliases():
    assert models.ExpPSR is models.CondExpPostSynapticResponse
    for alias, name in ALIASES.items():
        assert getattr(models, alias) is getattr(models, name)


def test_supported_cells_are_all_cells_that_are_not_refused():
    here = {name for name in SUPPORTED if issubclass(STANDARD[name], base.StandardCellType)}
    assert {cell.__name__ for cell in models.SUPPORTED_CELLS} == here
    assert all(getattr(models, cell.__name__) is cell for cell in models.SUPPORTED_CELLS)
