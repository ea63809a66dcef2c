"""One seed is one particular chip: always the same, its circuits spread as stated."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_bss2sim._core import deviations as module
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.deviations import Deviations, standard_normal
from pynn_bss2sim._core.device import Device

QUANTITIES = {f.name: f for f in Deviations.quantities()}
SEEDS = range(5)
PINNED = "2f4b6647516ad3fa912712cf0ce2e507f16edcfb060084ca78e088cb384cd708"
PINNED_SYNAPSES = "db718f93362f354e42797d2b191b42a7fe3ebcfe2418cde75b5e721727a97fa2"
PINNED_SENSORS = "fe5bf36046641c4dfa2f8e572ce9bd044b74d4e8dac8397d8a606580c3e3e477"


def pooled(name):
    """Standard normal numbers behind a quantity of several chips, (n, ...)."""
    meta = QUANTITIES[name].metadata
    values = np.stack([getattr(Deviations.draw(seed, 0), name) for seed in SEEDS])
    return (np.log(values) if meta["kind"] == "factor" else values) / meta["sigma"]


def test_a_seed_is_the_same_chip_on_every_machine():
    """Pinned: changes here change every silicon chip, and belong into the changelog."""
    one = Deviations.draw(1, 0)
    assert one.digest() == PINNED
    assert one.digest() == Deviations.draw(1, 0).digest()
    assert hashlib.sha256(one.synapse.astype("<f4").tobytes()).hexdigest() == PINNED_SYNAPSES
    sensors = np.stack([one.sensors.amplitude, one.sensors.tau, one.sensors.baseline])
    assert hashlib.sha256(sensors.astype("<f4").tobytes()).hexdigest() == PINNED_SENSORS


def test_the_digest_tells_chips_seeds_and_numbers_apart(monkeypatch):
    digests = {Device(seed=s, index=k).digest for s, k in [(None, 0), (0, 0), (0, 1), (1, 0)]}
    assert len(digests) == 4
    assert Device(seed=1).digest == Device(seed=1).digest
    monkeypatch.setitem(chip.FACTS, "CLOCK", chip.Fact(251.0, "1/us", "code", "changed"))
    assert Device(seed=1).digest not in digests


def test_a_quantity_more_changes_none_of_the_others(monkeypatch):
    before = Deviations.draw(3, 1)
    fewer = tuple(f for f in Deviations.quantities() if f.name != "tau_mem")
    values = {f.name: module._drawn("3/1", f) for f in reversed(fewer)}
    for name, value in values.items():
        assert np.array_equal(value, getattr(before, name))


def test_a_longer_array_begins_with_the_shorter_one():
    assert np.array_equal(standard_normal("x", 1000)[:10], standard_normal("x", 10))


def test_random_numbers_are_normal_enough():
    z = standard_normal("seed of this test", 2**17)
    n = len(z)
    assert abs(z.mean()) < 5 / np.sqrt(n)
    assert abs(z.std() - 1) < 5 / np.sqrt(2 * n)
    assert abs(np.mean(np.abs(z) > 2) - 0.0455) < 5 * np.sqrt(0.0455 / n) + 1e-3
    assert np.abs(z).max() < 6


@pytest.mark.parametrize("name", QUANTITIES)
def test_circuits_spread_as_stated(name):
    """Mean 0 and the stated standard deviation, within 5 standard errors."""
    z = pooled(name).ravel()
    assert abs(z.mean()) < 5 / np.sqrt(len(z))
    assert abs(np.mean(z**2) - 1) < 5 * np.sqrt(2 / len(z))


def test_quantities_seeds_and_chips_are_independent():
    columns = {}
    for seed, index in [(0, 0), (0, 1), (1, 0), (256, 0)]:
        one = Deviations.draw(seed, index)
        for name in ("tau_mem", "a", "b", "tau_w", "delta_t", "tau_reset", "capacitance"):
            columns[seed, index, name] = getattr(one, name)
    columns |= {("parameter", k): one.code_offset[:, k] for k in range(len(Analog))}
    columns |= {("line", k): one.gain[:, k] for k in range(2)}
    correlation = np.corrcoef(np.stack(list(columns.values())))
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 5.5 / np.sqrt(512)


def test_the_nominal_chip_deviates_nowhere():
    nominal = Device().deviations
    for name, f in QUANTITIES.items():
        assert (getattr(nominal, name) == (f.metadata["kind"] == "factor")).all()
    assert (nominal.synapse == 1).all()
    assert Device().synapse_strength(2) is None


def test_deviations_cannot_be_written():
    one = Deviations.draw(0, 0)
    for values in (one.tau_mem, one.code_offset, one.synapse, Deviations.none().gain):
        with pytest.raises(ValueError, match="read-only"):
            values.ravel()[0] = 2


@settings(max_examples=20)
@given(seed=st.integers(0, 2**64 - 1), index=st.integers(0, 1000))
def test_factors_are_positive_and_finite(seed, index):
    one = Deviations.draw(seed, index)
    for name, f in QUANTITIES.items():
        values = getattr(one, name)
        assert np.isfinite(values).all()
        if f.metadata["kind"] == "factor":
            assert values.min() > 0
            assert np.abs(np.log(values)).max() <= 6 * f.metadata["sigma"]


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 1.5}, {"seed": True}, {"index": -1}])
def test_impossible_seeds_are_refused(wrong):
    with pytest.raises(ValueError, match="Device"):
        Device(**wrong)


def test_chips_of_a_network_are_counted_from_the_first():
    chips = Device(seed=4, index=2).chips(3)
    assert [one.key for one in chips] == ["4/2", "4/3", "4/4"]
    assert Device(seed=4).chips(0) == ()


def test_synapses_of_a_driver_share_its_deviation():
    device = Device(seed=9)
    one = device.deviations
    strength = device.synapse_strength(2).reshape(2, 2, 256, 256)
    assert strength.dtype == np.float32
    assert np.allclose(strength[0, 1, 7], one.synapse[1, 7] * one.driver[1, 3], rtol=1e-6)
    other = Deviations.draw(9, 1)
    assert np.allclose(strength[1, 0, 6], other.synapse[0, 6] * other.driver[0, 3], rtol=1e-6)
    log = np.log(one.synapse)
    assert abs(log.std() / chip.SPREAD_SYNAPSE - 1) < 5 / np.sqrt(2 * log.size)


def test_cells_miss_their_codes_by_an_amount_fixed_for_cell_and_code():
    one = Deviations.draw(3, 0)
    analog = np.full((chip.HICANN_X.circuits, len(Analog)), 500, np.uint16)
    missed = one.of_codes(analog)
    assert np.array_equal(missed, Deviations.draw(3, 0).of_codes(analog))
    assert not np.array_equal(missed, Deviations.draw(3, 1).of_codes(analog))
    changed = analog.copy()
    changed[7, Analog.V_LEAK] = 501
    moved = missed != one.of_codes(changed)
    assert moved[7, Analog.V_LEAK] and moved.sum() == 1
    assert not Deviations.none().of_codes(analog).any()


def test_spread_of_missed_codes():
    """Over 512 cells of each kind and 100 codes; bands of 5 standard errors."""
    one = Deviations.draw(3, 0)
    shape = (chip.HICANN_X.circuits, len(Analog))
    codes = np.arange(300, 400)
    missed = np.stack([one.of_codes(np.full(shape, code, np.uint16)) for code in codes])
    for cells, sigma in (
        (missed[:, :, : chip.VOLTAGES], chip.SPREAD_VOLTAGE_CELL),
        (missed[:, :, chip.VOLTAGES :], chip.SPREAD_CURRENT_CELL),
    ):
        assert abs(cells.mean()) < 5 * sigma / cells.size**0.5
        assert abs(cells.std() / sigma - 1) < 5 / (2 * cells.size) ** 0.5
        neighbours = (cells[1:] * cells[:-1]).mean() / sigma**2
        assert abs(neighbours) < 5 / cells.size**0.5
