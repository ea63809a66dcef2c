"""The switches of the chip's limits."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from pynn_bss2sim._core.chip_model import ChipModel, ChipModelError


def test_ideal_is_the_default_and_has_no_limits():
    assert ChipModel() == ChipModel.ideal() == ChipModel.named("ideal")
    model = ChipModel()
    assert (model.weights, model.parameters, model.delays) == ("exact", "exact", "asked")
    assert (model.routing, model.mismatch, model.noise) == ("lifted", "none", False)


def test_quantized_has_the_digital_limits():
    model = ChipModel.named("quantized")
    assert (model.weights, model.parameters, model.delays) == ("6bit", "10bit", "fixed")
    assert (model.routing, model.mismatch, model.noise) == ("real", "none", False)


def test_one_field_can_be_overridden():
    model = ChipModel.quantized(delays="asked", seed=np.int64(7))
    assert model.delays == "asked"
    assert model.weights == "6bit"
    assert type(model.seed) is int
    assert model != ChipModel.quantized()
    assert len({model, ChipModel.quantized(), ChipModel.quantized()}) == 2


@pytest.mark.parametrize("override", [{"mismatch": "full"}, {"noise": True}])
def test_circuits_without_registers_have_neither_mismatch_nor_noise(override):
    with pytest.raises(ChipModelError, match="parameters='10bit'"):
        ChipModel.ideal(**override)


def test_each_seed_is_another_device_unless_there_is_no_mismatch():
    assert ChipModel.quantized(seed=3).device.digest == ChipModel.quantized().device.digest
    chips = [ChipModel.uncalibrated(seed=seed).device.digest for seed in (0, 1, 0)]
    assert chips[0] == chips[2] != chips[1]


def test_silicon_without_mismatch_and_noise_is_quantized():
    assert ChipModel.silicon(mismatch="none", noise=False) == ChipModel.quantized()


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": "5bit"},
        {"weights": 6},
        {"parameters": None},
        {"delays": "fixed "},
        {"routing": "REAL"},
        {"bandwidth": "some"},
        {"mismatch": False},
        {"noise": 0},
        {"seed": -1},
        {"seed": 2**64},
        {"seed": 1.5},
        {"seed": True},
    ],
)
def test_nonsense_is_refused_by_name(wrong):
    (name,) = wrong
    with pytest.raises(ChipModelError, match=name):
        ChipModel(**wrong)


def test_unknown_field_and_preset_are_refused():
    with pytest.raises(ChipModelError, match="'colour'.*weights"):
        ChipModel.ideal(colour="red")
    with pytest.raises(ChipModelError, match="'perfect'.*'ideal'"):
        ChipModel.named("perfect")


@pytest.mark.parametrize(
    "model",
    [
        ChipModel(),
        ChipModel.quantized(),
        ChipModel.quantized(delays="asked", seed=3),
        ChipModel.ideal(weights="6bit"),
    ],
)
def test_repr_is_an_expression_for_the_model(model):
    assert eval(repr(model), {"ChipModel": ChipModel}) == model


def test_a_model_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        ChipModel().weights = "6bit"
