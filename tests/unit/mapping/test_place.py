"""Placement: each circuit at most once, and no neuron across a border."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim._core.hicannx import HICANN_X, Target
from pynn_bss2sim.mapping import PlacementError
from pynn_bss2sim.mapping.place import circuits_needed, place

TOY = Target(hemispheres=2, columns=8, rows=4, columns_per_block=4)


def check(placement):
    """Recompute from the record alone that it is a placement."""
    target = placement.target
    taken = set()
    for circuit, count in zip(placement.circuit.tolist(), placement.count.tolist(), strict=True):
        own = range(circuit, circuit + count)
        if len({c // target.columns_per_block for c in own}) != 1:
            raise AssertionError(f"{circuit}: {count} circuits lie across a border")
        if taken & set(own):
            raise AssertionError(f"{circuit} is taken twice")
        taken |= set(own)
    assert placement.used == len(taken)
    assert placement.chips == (max(taken) // target.circuits + 1 if taken else 0)


@given(st.lists(st.integers(1, 4), max_size=60))
def test_placements_are_injective_and_keep_the_borders(count):
    placement = place(np.array(count, np.int64), TOY)
    check(placement)
    assert np.array_equal(placement.count, count)
    owner = placement.owner()
    assert len(owner) == placement.chips * TOY.circuits
    for neuron, (first, n) in enumerate(zip(placement.circuit, placement.count, strict=True)):
        assert (owner[first : first + n] == neuron).all()
    assert (owner >= 0).sum() == placement.used


@given(st.lists(st.integers(1, 4), min_size=1, max_size=40), st.integers(1, 4))
def test_further_neurons_do_not_move_the_first_ones(count, more):
    before = place(np.array(count), TOY)
    after = place(np.array([*count, more]), TOY)
    assert np.array_equal(after.circuit[:-1], before.circuit)


def test_the_check_objects_to_broken_placements():
    placement = place(np.array([2, 2, 2]), TOY)
    check(placement)
    for circuit, why in (([0, 0, 4], "twice"), ([0, 3, 6], "border")):
        broken = place(np.array([2, 2, 2]), TOY)
        object.__setattr__(broken, "circuit", np.array(circuit))
        with pytest.raises(AssertionError, match=why):
            check(broken)


def test_gaps_are_left_at_the_end_of_blocks_only():
    placement = place(np.array([3, 3, 1, 1, 4]), TOY)
    assert placement.circuit.tolist() == [0, 4, 7, 8, 12]
    assert placement.chips == 1


def test_single_circuits_fill_chips_one_after_the_other():
    placement = place(np.ones(1025, int))
    assert placement.chips == 3
    assert placement.used == 1025
    assert placement.circuit[1024] == 1024
    assert (placement.chip[512], placement.row[300], placement.column[300]) == (1, 1, 44)


def test_circuits_needed_are_whole():
    rows = np.array([0, 1, 256, 257, 512, 513])
    assert circuits_needed(rows).tolist() == [1, 1, 1, 2, 2, 3]
    assert circuits_needed(rows, TOY).tolist() == [1, 1, 64, 65, 128, 129]


@pytest.mark.parametrize("count", [0, -1, 129])
def test_impossible_neurons_are_refused(count):
    with pytest.raises(PlacementError, match=f"neuron 1 needs {count} circuits"):
        place(np.array([1, count, 1]))


def test_no_neurons_need_no_chip():
    placement = place(np.zeros(0, int))
    assert (placement.chips, placement.used, len(placement.owner())) == (0, 0, 0)


def test_a_placement_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        place(np.ones(3, int)).circuit[0] = 9


def test_blocks_are_filled_to_the_last_circuit():
    placement = place(np.full(8, 64))
    assert placement.used == HICANN_X.circuits
    assert placement.chips == 1
