"""Networks on fewer chips than they ask for."""

import numpy as np
import pytest
from builders import network, population, projection
from connections import assert_as_asked

from pynn_bss2sim._core.chip_model import ChipModel, ChipModelError
from pynn_bss2sim.mapping import PlacementError, RoutingError, Sources, map_network
from pynn_bss2sim.mapping.limit import fewer_circuits
from pynn_bss2sim.mapping.place import place

ONE_CHIP = ChipModel.quantized(chips=1)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "2"])
def test_only_whole_numbers_of_chips(wrong):
    with pytest.raises(ChipModelError, match="chips="):
        ChipModel.ideal(chips=wrong)


@pytest.mark.parametrize("chip", [ONE_CHIP, ChipModel.ideal(chips=1)])
def test_more_neurons_than_circuits_are_refused(chip):
    net = network(population(500, label="a"), population(20, label="b"))
    with pytest.raises(PlacementError, match=r"^b: 8 of its 20 neurons.*520 neurons.*512.*chips=2"):
        map_network(net, chip)
    assert map_network(network(population(512)), chip).report.chips == 1
    assert map_network(net, ChipModel.quantized(chips=2)).report.chips == 2


def test_more_synapses_than_rows_are_lost_and_counted():
    n = 512
    pre, post = np.divmod(np.arange(n * n), n)
    net = network(population(n), projection(pre, post, 0.1))
    mapping = map_network(net, ONE_CHIP, on_loss="ignore")
    assert mapping.report.chips == 1
    assert mapping.lost == np.isnan(mapping.weights[0]).sum() >= n * n // 2
    assert_as_asked(mapping)
    with pytest.raises(RoutingError, match="connections lost"):
        map_network(net, ONE_CHIP, on_loss="raise")
    assert map_network(net, ChipModel.quantized(chips=2), on_loss="raise").lost == 0


def test_sources_are_not_spread_over_chips_that_are_not_there():
    rng = np.random.default_rng(4)
    pre, post = np.nonzero(rng.random((9500, 512)) < 0.012)
    net = network(population(512), Sources("in", 9500), projection(512 + pre, post, 0.1))
    assert map_network(net, ChipModel.quantized()).report.chips > 1
    mapping = map_network(net, ONE_CHIP, on_loss="ignore")
    assert mapping.report.chips == 1
    assert mapping.lost > 0
    assert_as_asked(mapping)


def test_circuits_with_the_fewest_rows_are_given_up():
    count = np.array([3, 1, 2, 2])
    rows = np.array([600, 256, 300, 500])
    # 88, 44 and 244 rows in the last circuits

    def found(more):
        ones = np.ones(504 + more, np.int64)
        return fewer_circuits(np.append(count, ones), np.append(rows, ones), 1, seed=0)[:4]

    assert [found(more).tolist() for more in range(5)] == [
        [3, 1, 2, 2], [3, 1, 1, 2], [2, 1, 1, 2], [2, 1, 1, 1], [1, 1, 1, 1],
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_all_neurons_fit_in_spite_of_gaps_between_blocks(seed):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 256 * 40, rng.integers(1, 513))
    count = np.maximum(1, -(-rows // 256))
    found = fewer_circuits(count, rows, 1, seed)
    assert place(found).chips == 1
    assert ((found >= 1) & (found <= count)).all()
