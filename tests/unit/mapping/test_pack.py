"""What packing promises: no row is given out twice, and larger sources have their turn first."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_bss2sim.mapping.pack import pack


@st.composite
def demands(draw):
    """Arguments of `pack`: a few groups, and sources that need rows at some slots."""
    n_slots, n_groups = draw(st.integers(1, 12)), draw(st.integers(1, 70))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    slots = [
        np.flatnonzero(rng.random(n_slots) < draw(st.sampled_from([0.2, 0.9])))
        for _ in range(draw(st.integers(1, 90)))
    ]
    slots = [s if len(s) else np.array([0]) for s in slots]
    begin = np.cumsum([0, *map(len, slots)])
    capacity = rng.integers(0, 9, (n_slots, n_groups))
    return capacity, begin, np.concatenate(slots), rng.integers(1, 4, begin[-1])


@settings(max_examples=60, derandomize=True)
@given(asked=demands())
def test_no_group_gives_more_rows_than_it_has(asked):
    capacity, _, slot, wanted = asked
    packed = pack(*asked, seed=3, balanced=True)
    used = np.zeros_like(capacity)
    np.add.at(used, (slot[packed.entry], packed.group), packed.rows)
    given_out = np.bincount(packed.entry, packed.rows, len(wanted))
    assert (used <= capacity).all() and (given_out <= wanted).all()


def test_larger_sources_have_their_turn_first():
    rows = np.array([1, 3, 2])
    one_slot = np.full((1, 4), 3), np.arange(4), np.zeros(3, np.int64), rows
    packed = pack(*one_slot, seed=3, balanced=False)
    np.testing.assert_array_equal(packed.source, [1, 2, 0])
    np.testing.assert_array_equal(packed.member, [0, 1, 1])
    np.testing.assert_array_equal(packed.label, [0, 0, 1])


def test_sources_are_spread_where_labels_are_scarce():
    small = np.full((1, 4), 3), np.arange(5), np.zeros(4, np.int64), np.ones(4, np.int64)
    assert pack(*small, seed=3, balanced=False).member.max() == 1
    np.testing.assert_array_equal(pack(*small, seed=3, balanced=True).member, [0, 1, 2, 3])
