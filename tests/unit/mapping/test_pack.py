"""Sources are packed alike whether groups are searched by bits or by arrays."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_bss2sim._core.hicannx import LABELS
from pynn_bss2sim.mapping import pack as module


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


@pytest.mark.parametrize("balanced", [False, True])
@settings(max_examples=60, derandomize=True)
@given(asked=demands())
def test_bits_and_arrays_find_the_same_groups(balanced, asked):
    found = []
    for wide in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "WIDE", wide)
            found.append(module.pack(*asked, seed=3, balanced=balanced))
    for name, values in vars(found[0]).items():
        np.testing.assert_array_equal(values, getattr(found[1], name), err_msg=name)


def packed_plainly(capacity, begin, slot, rows, seed, balanced):
    """Entry, group and rows of all parts, source after source, without any table."""
    free, labels, parts = capacity.copy(), np.full(capacity.shape[1], LABELS), []
    bounds = list(pairwise(begin))
    total = [rows[a:b].sum() for a, b in bounds]
    tie = np.random.default_rng(seed).permutation(len(bounds))
    for source in sorted(range(len(bounds)), key=lambda k: (-total[k], tie[k])):
        first, end = bounds[source]
        at, left = slot[first:end], rows[first:end].copy()
        there = np.where(labels > 0, free[at], 0)
        fitting = np.flatnonzero((there >= left[:, np.newaxis]).all(axis=0) & (labels > 0))
        if len(fitting):
            group = fitting[labels[fitting].argmax() if balanced else 0]
            there = np.where(np.arange(len(labels)) == group, there, 0)
        while len(labels) and (taken := np.minimum(there, left[:, np.newaxis])).any():
            group = taken.sum(axis=0).argmax()
            some = np.flatnonzero(taken[:, group])
            parts += [(first + k, group, taken[k, group]) for k in some]
            left -= taken[:, group]
            free[at, group] -= taken[:, group]
            labels[group] -= 1
            there[:, group] = 0
    return parts


@pytest.mark.parametrize("balanced", [False, True])
@settings(max_examples=60, derandomize=True)
@given(asked=demands())
def test_first_fit_and_the_rest_where_most_of_it_fits(balanced, asked):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "repaired", lambda packed, *_: packed)
        packed = module.pack(*asked, seed=3, balanced=balanced)
    parts = list(zip(packed.entry, packed.group, packed.rows, strict=True))
    assert parts == packed_plainly(*asked, 3, balanced)


@settings(max_examples=60, derandomize=True)
@given(asked=demands())
def test_no_group_gives_more_rows_than_it_has(asked):
    capacity, _, slot, wanted = asked
    packed = module.pack(*asked, seed=3, balanced=True)
    used = np.zeros_like(capacity)
    np.add.at(used, (slot[packed.entry], packed.group), packed.rows)
    given_out = np.bincount(packed.entry, packed.rows, len(wanted))
    assert (used <= capacity).all() and (given_out <= wanted).all()
