"""Rows are spent on accurate weights where they are free, and saved where they are not."""

import numpy as np
import pytest
from builders import network, population, projection
from connections import assert_as_asked
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.event_path import Path
from pynn_bss2sim.mapping import Sources, map_network
from pynn_bss2sim.mapping.check import problems
from pynn_bss2sim.mapping.registers import Strength, synapse_bias
from pynn_bss2sim.mapping.resolution import coarsest
from pynn_bss2sim.mapping.weights import join

QUANTIZED = ChipModel.quantized()


def inputs(n_inputs, weight, n=20, **kind):
    """Neurons that all receive the same."""
    pre, post = np.meshgrid(n + np.arange(n_inputs), np.arange(n))
    weight = np.broadcast_to(weight, pre.shape)
    return network(population(n, **kind), Sources("in", n_inputs), projection(pre, post, weight))


def error(mapping):
    return mapping.report.projections[0].weight_error_rms


def test_small_weights_beside_large_ones_are_accurate_where_rows_are_free():
    spread = np.geomspace(0.01, 0.2, 40)
    few = map_network(inputs(40, spread), QUANTIZED)
    many = map_network(inputs(240, np.tile(spread, 6)), QUANTIZED)
    # within half a step of 1/63 of the largest: uniform errors, relative to each weight
    single = 100 * np.sqrt(np.mean((0.2 / 63 / spread) ** 2 / 12))
    assert error(many) == pytest.approx(single, rel=0.3)
    assert (many.evidence.synapses == 1).all()
    assert error(few) < error(many) / 2
    assert few.evidence.synapses.max() > 1
    assert few.evidence.rows.max() <= chip.ROWS / 3
    assert (few.placement.count == 1).all()
    for mapping in (few, many):
        assert_as_asked(mapping)
        assert problems(mapping) == []


@pytest.mark.parametrize("weight", [0.1, np.tile([0.09, 0.06], 20)])
def test_no_rows_are_spent_on_weights_that_are_accurate(weight):
    mapping = map_network(inputs(40, weight), QUANTIZED)
    assert (mapping.evidence.synapses == 1).all()
    assert error(mapping) < 1


def test_both_signs_share_the_rows():
    rng = np.random.default_rng(0)
    pre, post = np.nonzero(rng.random((100, 100)) < 0.3)
    weight = rng.uniform(0.005, 0.1, len(pre))
    excites = pre < 80
    net = network(
        population(100),
        projection(pre[excites], post[excites], weight[excites]),
        projection(pre[~excites], post[~excites], -4 * weight[~excites], line=1),
    )
    mapping = map_network(net, QUANTIZED)
    rows = np.bincount(mapping.evidence.joined.slot, mapping.evidence.synapses).reshape(-1, 2)
    single = np.bincount(mapping.evidence.joined.slot).reshape(-1, 2)
    assert (rows > single).all(axis=1).any()
    assert rows.max(axis=0).sum() <= chip.ROWS / 3 + 2
    assert (mapping.routing.path == Path.DIRECT).all()
    assert problems(mapping) == []


def test_the_bias_of_the_synapses_is_raised_only_where_it_saves_rows():
    line = np.array([True, False])
    unit = Device().weight_step(chip.GM_MAX, np.array([chip.ANALOG_MAX, 0]), line)
    for times, bias in [(0.1, 600), (1.0, 600), (1.5, 900), (10.0, 1022)]:
        full = times * 63 * unit
        strength = Strength.choose(full * [1, 0.1], line)
        assert strength.synapse_bias == bias
        reached = np.minimum(full, 63 * unit * bias / 600) * [1, 0.1 if times < 10 else 1]
        assert 63 * strength.step()[0] == pytest.approx(reached[0], rel=0.02)


def test_conductances_of_different_size_take_few_circuits():
    # 20:1, on neurons whose large weights no amplifier reaches with the usual bias
    rng = np.random.default_rng(0)
    n = 300
    pre, post = np.nonzero(rng.random((n, n)) < 0.3)
    weight = 0.002 * rng.uniform(1, 20, len(pre))
    net = network(population(n, coba=True, cm=0.2), projection(pre, post, weight))
    mapping = map_network(net, QUANTIZED, on_loss="raise")
    assert (mapping.configs[0].synapse_bias > chip.SYNAPSE_BIAS).all()
    usual = Device().weight_step(chip.GM_MAX, chip.ANALOG_MAX, True)
    gain = mapping.scaling.line_gain(slice(None))[post]
    before = np.ceil(weight * gain / usual / 63)
    assert mapping.evidence.synapses.sum() < 0.8 * before.sum()
    assert error(mapping) < 3
    assert_as_asked(mapping)


def test_changed_weights_stay_in_their_rows():
    first = map_network(inputs(40, np.geomspace(0.01, 0.2, 40)), QUANTIZED)
    assert first.evidence.synapses.max() > 1
    second = map_network(inputs(40, np.geomspace(0.2, 0.01, 40)), QUANTIZED, first)
    assert second.routing is first.routing
    assert_as_asked(second)
    assert problems(second) == []


def joined_line(weight):
    """One neuron with synapses of these weights on its excitatory line."""
    n = len(weight)
    return join(network(population(1), Sources("in", n), projection(1 + np.arange(n), 0, weight)))


@given(
    weight=st.lists(st.floats(1e-3, 1.0), min_size=1, max_size=40).map(np.array),
)
def test_the_coarsest_step_rounds_less_than_synapses_deviate(weight):
    step = coarsest(joined_line(weight), weight, np.full(2, 0.5))[0]
    assert step <= 0.5
    if step:
        error = np.rint(weight / step) * step - weight
        assert np.sqrt(np.mean(error**2)) <= chip.SPREAD_SYNAPSE / 2 * weight.mean() * (1 + 1e-9)


def test_equal_weights_take_one_code_and_different_ones_more():
    equal = np.full(30, 0.2)
    line, most = joined_line(equal), np.ones(2)
    assert coarsest(line, equal, most).tolist() == [pytest.approx(0.2), 0.0]
    assert coarsest(line, equal, most * 0.08).tolist() == [pytest.approx(0.2 / 3), 0.0]
    spread = np.random.default_rng(0).lognormal(0.0, 0.4, 200)
    assert 3 < spread.mean() / coarsest(joined_line(spread), spread, most * 9)[0] < 9


def test_weights_take_few_codes_where_lines_saturate():
    """Sixty spikes at once are more than the codes of an excitatory line if each takes 44."""
    net = inputs(60, 0.06)
    nominal = map_network(net, QUANTIZED)
    particular = map_network(net, ChipModel.uncalibrated(noise=False))
    code, few = (m.configs[0].synapse_weight.max() for m in (nominal, particular))
    assert code > 40 and 60 * few < curves.LINE_RANGE[0]
    assert error(particular) < 5


def test_coarse_steps_are_had_as_far_as_a_nominal_circuit_goes():
    unit = Device().weight_step(1, chip.COBA_BIAS, np.array([False, True]))
    coba = np.array([False, True])
    fine = Strength.choose(unit * chip.WEIGHT_MAX * 39.5, coba)
    assert fine.gm.tolist() == [40, 40]
    usual = Strength.choose(unit * chip.WEIGHT_MAX * 39.5, coba, coarse=unit * (chip.PSP_GM - 0.5))
    assert usual.gm.tolist() == [chip.PSP_GM] * 2
    assert usual.coba.tolist() == [0, chip.COBA_BIAS]
    coarse = Strength.choose(unit * chip.WEIGHT_MAX * 39.5, coba, coarse=unit * 1e6)
    assert coarse.gm.tolist() == [chip.GM_MAX] * 2
    assert coarse.coba.tolist() == [0, chip.ANALOG_MAX]
    # where weights need more than that, it changes nothing
    strong = unit * chip.WEIGHT_MAX * 699.5
    assert Strength.choose(strong, coba, coarse=unit).gm.tolist() == [700, 700]


def test_steps_stay_within_what_weak_circuits_reach_and_the_synapses_make_up_for_it():
    coba = np.array([False, True])
    unit = Device().weight_step(1, chip.COBA_BIAS, coba)
    full = unit * chip.WEIGHT_MAX * 600.0
    assert synapse_bias(full, coba) == chip.SYNAPSE_BIAS
    weak = Strength.choose(full, coba, reach=(0.5, 0.3))
    assert weak.synapse_bias == chip.SYNAPSE_BIAS * 1.5
    assert weak.gm[0] == chip.GM_MAX / 2
    assert weak.gm[1] * weak.coba[1] <= 1.01 * 0.3 * chip.GM_MAX * chip.ANALOG_MAX
    assert weak.step() == pytest.approx(full / chip.WEIGHT_MAX, rel=0.01)
