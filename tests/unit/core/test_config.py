"""The record of the registers."""

import pickle
from dataclasses import fields

import numpy as np
import pytest

from pynn_bss2sim._core.config import AnalogParameter, ChipConfig, ConfigError, NeuronSwitch

REGISTERS = fields(ChipConfig)
NAMES = [f.name for f in REGISTERS]


def changed(f):
    """The reset array of register `f` with one value changed to another allowed one."""
    array = getattr(ChipConfig.default(), f.name).copy()
    last = (-1,) * array.ndim
    array[last] = not array[last] if array.dtype == bool else (array[last] + 1) % 2
    return array


def test_after_reset_registers_hold_their_reset_value():
    config = ChipConfig.default()
    config.validate()
    for f in REGISTERS:
        array = getattr(config, f.name)
        assert array.dtype == f.metadata["dtype"]
        assert array.shape == f.metadata["shape"]
        assert (array == f.metadata["reset"]).all()
        assert not array.flags.writeable


def test_shapes_of_the_chip():
    config = ChipConfig.default()
    assert config.analog.shape == (512, 24)
    assert config.switches.shape == (512, len(NeuronSwitch))
    assert config.synapse_weight.shape == config.synapse_label.shape == (2, 256, 256)
    assert config.crossbar_mask.shape == (20, 12)
    assert [p.value for p in AnalogParameter] == list(range(24))


@pytest.mark.parametrize("f", REGISTERS, ids=NAMES)
@pytest.mark.parametrize("side", ["low", "high"])
def test_values_out_of_range_are_refused_by_name_and_index(f, side):
    array = getattr(ChipConfig.default(), f.name).astype(np.int64)
    last = tuple(n - 1 for n in array.shape)
    array[last] = f.metadata["high"] + 1 if side == "high" else -1
    with pytest.raises(ConfigError, match=rf"{f.name}: -?\d+ at \({last[0]}"):
        ChipConfig.default(**{f.name: array})


@pytest.mark.parametrize("f", REGISTERS, ids=NAMES)
def test_largest_and_smallest_values_are_taken(f):
    for value in (f.metadata["low"], f.metadata["high"]):
        config = ChipConfig.default(**{f.name: np.full(f.metadata["shape"], value)})
        assert (getattr(config, f.name) == value).all()


@pytest.mark.parametrize("f", REGISTERS, ids=NAMES)
def test_other_shapes_and_real_numbers_are_refused(f):
    array = getattr(ChipConfig.default(), f.name)
    with pytest.raises(ConfigError, match=f"{f.name}: shape"):
        ChipConfig.default(**{f.name: array[:-1]})
    with pytest.raises(ConfigError, match=f"{f.name}: float64"):
        ChipConfig.default(**{f.name: array.astype(float)})


def test_validate_finds_what_was_changed_behind_its_back():
    config = ChipConfig.default()
    weight = config.synapse_weight.copy()
    weight[1, 2, 3] = 64
    object.__setattr__(config, "synapse_weight", weight)
    with pytest.raises(ConfigError, match=r"synapse_weight: 64 at \(1, 2, 3\)"):
        config.validate()


def test_unknown_registers_are_refused():
    with pytest.raises(ConfigError, match="'colour'"):
        ChipConfig.default(colour=np.zeros(3, int))


@pytest.mark.parametrize("f", REGISTERS, ids=NAMES)
def test_digest_sees_every_register(f):
    config = ChipConfig.default(**{f.name: changed(f)})
    assert config.digest() != ChipConfig.default().digest()
    assert config.digest() == ChipConfig.default(**{f.name: changed(f)}).digest()


def test_a_config_does_not_follow_the_array_it_was_made_from():
    mine = np.zeros(512, np.uint8)
    config = ChipConfig.default(address=mine)
    mine[0] = 5
    assert config.address[0] == 0


def test_saved_and_loaded_is_the_same(tmp_path):
    config = ChipConfig.default(**{f.name: changed(f) for f in REGISTERS})
    config.save(tmp_path / "chip.npz")
    loaded = ChipConfig.load(tmp_path / "chip.npz")
    assert loaded.digest() == config.digest()
    assert all(np.array_equal(a, loaded.to_dict()[n]) for n, a in config.to_dict().items())


def test_files_without_format_or_register_are_refused(tmp_path):
    arrays = ChipConfig.default().to_dict()
    np.savez(tmp_path / "plain.npz", **arrays)
    with pytest.raises(ConfigError, match="format"):
        ChipConfig.load(tmp_path / "plain.npz")
    missing = {name: array for name, array in arrays.items() if name != "address"}
    np.savez(tmp_path / "missing.npz", format=1, **missing)
    with pytest.raises(ConfigError, match="'address'"):
        ChipConfig.load(tmp_path / "missing.npz")


class Bomb:
    """Would run code on being unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("code of the file was executed",))


def test_loading_executes_no_code(tmp_path):
    arrays = ChipConfig.default().to_dict() | {"address": np.array([Bomb()], object)}
    np.savez(tmp_path / "bomb.npz", format=1, **arrays)
    with pytest.raises(ValueError, match="allow_pickle"):
        ChipConfig.load(tmp_path / "bomb.npz")
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="allow_pickle"):
        ChipConfig.load(tmp_path / "pickle.npz")
