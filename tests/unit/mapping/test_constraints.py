"""Neurons lie where they are pinned and with whom they belong, or there is an error."""

import numpy as np
import pytest
from builders import network, population, projection
from connections import assert_as_asked
from hypothesis import event, given, settings
from hypothesis import strategies as st
from test_place import TOY, check

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.hicannx import HICANN_X
from pynn_bss2sim.mapping import Constraints, Group, PlacementError, Sources, map_network
from pynn_bss2sim.mapping.check import problems
from pynn_bss2sim.mapping.place import place, spread

QUANTIZED = ChipModel.quantized()


def constraints(n, groups=(), target=TOY, **pins):
    """Constraints of `n` neurons; a pin is a dict of neuron to coordinate."""
    arrays = {name: np.full(n, -1) for name in pins}
    for name, values in pins.items():
        for neuron, coordinate in values.items():
            arrays[name][neuron] = coordinate
    groups = [Group(f"group {k}", np.array(g), where) for k, (g, where) in enumerate(groups)]
    return Constraints.of_labels(["cells"], [n], groups, target, **arrays)


def assert_kept(placement, wanted):
    """Recompute from the records alone that all constraints hold."""
    check(placement)
    own = placement.circuit % placement.target.circuits
    for name, found in (("chip", placement.chip), ("hemisphere", placement.row), ("circuit", own)):
        asked = getattr(wanted, name)
        assert (found[asked >= 0] == asked[asked >= 0]).all(), name
    for group in wanted.groups:
        assert len(set(placement.chip[group.neuron])) == 1
        if group.where != "chip":
            assert len(set(placement.row[group.neuron])) == 1
        if group.where == "neighbours":
            first = placement.circuit[group.neuron]
            assert (np.diff(first) == placement.count[group.neuron][:-1]).all()


@st.composite
def demands(draw, widest=4):
    """Sizes of neurons, and constraints that may contradict each other."""
    n = draw(st.integers(2, 20))
    count = np.array(draw(st.lists(st.integers(1, widest), min_size=n, max_size=n)))
    neuron = st.integers(0, n - 1)
    circuit = draw(st.dictionaries(neuron, st.integers(0, TOY.circuits - 1), max_size=3))
    chip = draw(st.dictionaries(neuron, st.integers(0, 2), max_size=6))
    hemisphere = draw(st.dictionaries(neuron, st.integers(0, 1), max_size=6))
    chip = {**dict.fromkeys(circuit, 1), **chip}
    hemisphere = {k: v for k, v in hemisphere.items() if k not in circuit}
    where = st.sampled_from(["chip", "hemisphere", "neighbours"])
    members = st.lists(neuron, min_size=1, max_size=5, unique=True)
    groups = draw(st.lists(st.tuples(members, where), max_size=3))
    wanted = constraints(n, groups, chip=chip, hemisphere=hemisphere, circuit=circuit)
    return count, wanted


@settings(max_examples=200, deadline=None, derandomize=True)
@given(demands())
def test_constraints_hold_or_there_is_an_error_with_labels(demand):
    count, wanted = demand
    try:
        placement = place(count, TOY, wanted)
    except PlacementError as error:
        event("refused")
        assert "cells[" in str(error) or "group" in str(error)
        return
    event("placed")
    assert_kept(placement, wanted)
    again = place(count, TOY, wanted)
    assert np.array_equal(again.circuit, placement.circuit)
    wider = spread(placement, np.minimum(count + 1, TOY.columns_per_block))
    assert_kept(wider, wanted)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_pinned_neurons_of_one_circuit_are_refused_only_if_they_cannot_fit(data):
    n = data.draw(st.integers(1, 40))
    kinds = data.draw(st.lists(st.sampled_from("abcdef"), min_size=n, max_size=n))
    chip, hemisphere, circuit = {}, {}, {}
    for k, kind in enumerate(kinds):
        if kind in "abc":
            chip[k] = data.draw(st.integers(0, 1))
        if kind in "bd":
            hemisphere[k] = data.draw(st.integers(0, 1))
        if kind == "c":
            circuit[k] = data.draw(st.integers(0, TOY.circuits - 1))
    given_places = [(chip[k], c) for k, c in circuit.items()]
    row = {k: c // TOY.columns for k, c in circuit.items()} | hemisphere
    fits = len(set(given_places)) == len(given_places)
    for c in set(chip.values()):
        mine = [k for k in chip if chip[k] == c]
        fits &= len(mine) <= TOY.circuits
        for h in range(TOY.hemispheres):
            fits &= sum(row.get(k) == h for k in mine) <= TOY.columns
    wanted = constraints(n, chip=chip, hemisphere=hemisphere, circuit=circuit)
    if fits:
        assert_kept(place(np.ones(n, int), TOY, wanted), wanted)
    else:
        with pytest.raises(PlacementError):
            place(np.ones(n, int), TOY, wanted)


@given(st.lists(st.integers(1, 4), min_size=3, max_size=40), st.integers(1, 4))
def test_pins_survive_growth(count, more):
    pins = {"chip": {0: 1, 2: 0}, "hemisphere": {2: 1}}
    n = len(count)
    before = place(np.array(count), TOY, constraints(n, **pins))
    after = place(np.array([*count, more]), TOY, constraints(n + 1, **pins))
    assert np.array_equal(after.circuit[:-1], before.circuit)


def test_without_demands_neurons_lie_where_they_would_lie_anyhow():
    count = np.array([3, 2, 4, 1, 1, 2])
    assert np.array_equal(
        place(count, TOY, constraints(len(count))).circuit, place(count, TOY).circuit
    )


def test_free_neurons_fill_what_is_left():
    wanted = constraints(6, circuit={4: 1, 5: 6}, chip={4: 0, 5: 0})
    assert place(np.ones(6, int), TOY, wanted).circuit.tolist() == [0, 2, 3, 4, 1, 6]


@pytest.mark.parametrize(
    ("count", "demand", "message"),
    [
        ([2, 1], {"circuit": {0: 0, 1: 1}, "chip": {0: 0, 1: 0}},
         r"cells\[0\] is pinned to circuits 0 to 1 of chip 0, cells\[1\] to circuit 1 of chip 0"),
        ([3], {"circuit": {0: 2}, "chip": {0: 0}},
         r"cells\[0\]: 3 neighbouring circuits are to begin at circuit 2 of chip 0, but only 2"),
        ([4, 1], {"hemisphere": {0: 0}, "groups": [([0, 1], "neighbours")]},
         "group 0: 5 circuits are to be neighbours, a block of columns has 4"),
        ([1, 1], {"chip": {0: 0, 1: 1}, "groups": [([0, 1], "chip")]},
         r"cells\[1\] and cells\[0\] are kept together.*chip 1 and 0|chip 0 and 1"),
        ([1, 1], {"hemisphere": {0: 0, 1: 1}, "groups": [([0, 1], "hemisphere")]},
         "hemisphere 0 and 1"),
        ([4] * 5, {"chip": dict.fromkeys(range(5), 0)},
         r"cells\[4\]: no room is left on chip 0: 20 circuits are pinned there, 16 are free"),
        ([4] * 3, {"groups": [([0, 1, 2], "hemisphere")]},
         "group 0: no room for 12 circuits together on one chip"),
        ([1, 1, 1], {"groups": [([0, 1], "neighbours"), ([0, 2], "neighbours")]},
         r"group 1: cells\[0\] is to have neighbours of two groups"),
        ([2, 1], {"circuit": {1: 4}, "chip": {1: 0}, "groups": [([0, 1], "neighbours")]},
         r"cells\[1\]: pinned to circuit 4, but the neighbours to its left need 2 circuits"),
        ([1], {"circuit": {0: 16}, "chip": {0: 0}}, "circuit 16: give 0 to 15"),
        ([1], {"chip": {0: 1024}}, "chip 1024: give 0 to 1023"),
        ([1], {"hemisphere": {0: 2}}, "hemisphere 2: give 0 to 1"),
        ([1], {"circuit": {0: 3}}, r"cells\[0\]: pinned to circuit 3 of no particular chip"),
        ([1], {"circuit": {0: 3}, "chip": {0: 0}, "hemisphere": {0: 1}},
         "circuit 3 does not lie in hemisphere 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_labels_and_numbers(count, demand, message):
    with pytest.raises(PlacementError, match=message):
        place(np.array(count), TOY, constraints(len(count), **demand))


def communities(n=1100, degree=12, seed=3):
    """Two groups, every other neuron, connected within."""
    rng = np.random.default_rng(seed)
    post = np.repeat(np.arange(n), degree)
    pre = rng.integers(0, n // 2, len(post)) * 2 + post % 2
    return projection(pre, post, 0.1)


def test_exchange_moves_free_neurons_only_and_to_those_that_stay():
    n = 1100
    pinned = {0: 1, 2: 1, 4: 1, 1: 2, 3: 2}
    group = ([10, 11, 12], "hemisphere")
    wanted = constraints(n, [group], HICANN_X, chip=pinned)
    net = network(population(n), communities(n))
    net = type(net)(net.timestep, net.populations, net.sources, net.projections, wanted)
    mapping = map_network(net, QUANTIZED, check=True)
    assert_kept(mapping.placement, wanted)
    assert_as_asked(mapping)
    # the exchange did take place
    plain = place(mapping.placement.count, constraints=wanted)
    assert not np.array_equal(plain.circuit, mapping.placement.circuit)
    bound = wanted.bound
    assert np.array_equal(plain.circuit[bound], mapping.placement.circuit[bound])


@pytest.mark.parametrize("chip", ["ideal", "quantized"])
def test_emulated_connectivity_is_what_is_asked_wherever_neurons_are_pinned(chip):
    rng = np.random.default_rng(5)
    n = 60
    circuit = dict(enumerate(rng.choice(512, 20, replace=False).tolist()))
    where = dict.fromkeys(circuit, 2) | {30: 1, 31: 1}
    wanted = constraints(n, [([40, 41, 42], "neighbours")], HICANN_X,
                         circuit=circuit, chip=where, hemisphere={50: 1})  # fmt: skip
    pre, post = rng.integers(0, n, (2, 900))
    net = network(population(n), projection(pre, post, rng.uniform(0.1, 1, 900)))
    net = type(net)(net.timestep, net.populations, net.sources, net.projections, wanted)
    mapping = map_network(net, ChipModel.named(chip))
    assert_kept(mapping.placement, wanted)
    assert_as_asked(mapping)
    assert mapping.placement.chips == 3
    if chip == "quantized":
        assert problems(mapping) == []


def test_a_new_pin_routes_anew_and_other_weights_do_not():
    net = network(population(20), projection(np.arange(20), np.arange(20)[::-1], 0.1))
    first = map_network(net, QUANTIZED)
    wanted = constraints(20, target=HICANN_X, chip={3: 1})
    pinned = type(net)(net.timestep, net.populations, (), net.projections, wanted)
    second = map_network(pinned, QUANTIZED, previous=first)
    assert second.placement.chip[3] == 1
    same = constraints(20, target=HICANN_X, chip={3: 1})
    third = type(net)(net.timestep, net.populations, (), net.projections, same)
    assert map_network(third, QUANTIZED, previous=second).routing is second.routing
    assert map_network(net, QUANTIZED, previous=second).placement.chip[3] == 0


def test_a_neuron_that_needs_more_rows_than_exist_loses_the_rest():
    n = 40000
    wires = projection(np.arange(n) + 1, np.zeros(n, int), 0.1, label="all")
    cells = population(1, label="cell")
    net = network(cells, Sources("in", n), wires)
    with pytest.raises(PlacementError, match=r"cell: neuron 0 needs 40000 synapse rows, 32768"):
        map_network(net, QUANTIZED, on_loss="raise")
    mapping = map_network(net, QUANTIZED, on_loss="ignore")
    # one array tells 8192 sources apart
    assert mapping.lost == n - 8192
    assert_as_asked(mapping)


def test_one_connection_that_no_neuron_has_room_for_costs_no_other():
    weight = np.full(100, 0.01)
    weight[7] = 2e4
    wires = projection(np.arange(100) + 1, 0, weight)
    net = network(population(1), Sources("in", 100), wires)
    mapping = map_network(net, QUANTIZED, on_loss="ignore")
    assert np.flatnonzero(np.isnan(mapping.weights[0])).tolist() == [7]
    assert_as_asked(mapping)
