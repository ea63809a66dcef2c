"""Orders are those of NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_bss2sim._core.ordering import distinct, present, stable_order, starts


@pytest.mark.parametrize("low", [0, -5])
@pytest.mark.parametrize("high", [2, 2**16 - 1, 2**16, 2**30, 2**40, 2**63 - 1])
@settings(max_examples=30, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 300))
def test_order_is_that_of_a_stable_sort(low, high, seed, n):
    rng = np.random.default_rng(seed)
    some = np.append(rng.integers(low, high, 40, endpoint=True), high)
    key = rng.choice(some, n)
    np.testing.assert_array_equal(stable_order(key), np.argsort(key, kind="stable"))


def test_order_of_other_integers():
    key = np.array([200_000, 7, 200_000, 3], np.int32)
    np.testing.assert_array_equal(stable_order(key), [3, 1, 0, 2])


def test_what_is_present_ascends():
    np.testing.assert_array_equal(present(np.array([4, 1, 4, 1]), 6), [1, 4])
    assert not len(present(np.empty(0, np.int64), 0))


@settings(max_examples=50, derandomize=True)
@given(values=st.lists(st.integers(-(2**40), 5), max_size=30))
def test_distinct_numbers_ascend(values):
    values = np.array(values, np.int64)
    np.testing.assert_array_equal(distinct(values), np.unique(values))


def test_runs_start_where_numbers_change():
    np.testing.assert_array_equal(starts(np.array([-1, -1, 3, 4, 4])), [0, 2, 3])
    assert not len(starts(np.empty(0, np.int64)))
