"""First fit puts sources into the same groups as its twin, and takes no argument amiss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_bss2sim._core import reference_first_fit
from pynn_bss2sim._core.first_fit import first_fit


@st.composite
def demands(draw):
    """Arguments up to `order`: a few groups, and sources that need rows at some slots."""
    n_slots, n_groups = draw(st.integers(1, 12)), draw(st.integers(0, 70))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    slots = [
        np.flatnonzero(rng.random(n_slots) < draw(st.sampled_from([0.0, 0.2, 0.9])))
        for _ in range(draw(st.integers(0, 90)))
    ]
    begin = np.cumsum([0, *map(len, slots)])
    free = rng.integers(0, 9, (n_slots, n_groups)).astype(np.int32)
    slot = np.concatenate([np.empty(0, np.int64), *slots])
    return free, begin, slot, rng.integers(1, 4, len(slot)), rng.permutation(len(slots))


@pytest.mark.parametrize("balanced", [False, True])
@settings(max_examples=100, derandomize=True)
@given(asked=demands(), labels=st.sampled_from([0, 1, 3, 64]))
def test_compiled_and_twin_find_the_same_places(balanced, asked, labels):
    found, left = [], []
    for fit in (first_fit, reference_first_fit.first_fit):
        left.append(asked[0].copy())
        found.append(fit(left[-1], *asked[1:], labels, balanced))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(*left)


def asked(**changes):
    """Two sources, the second of which fits into no group as a whole."""
    arguments = {
        "free": np.array([[2, 1], [0, 4]], np.int32),
        "begin": np.array([0, 1, 3]),
        "slot": np.array([0, 0, 1]),
        "rows": np.array([1, 1, 3]),
        "order": np.array([0, 1]),
    }
    return *(arguments | changes).values(), 64, False


def test_what_fits_nowhere_as_a_whole_is_split():
    arguments = asked(rows=np.array([1, 2, 3]), free=np.array([[2, 1], [0, 4]], np.int32))
    entry, group, rows, source, member, label = first_fit(*arguments)
    assert list(zip(entry, group, rows, strict=True)) == [
        (0, 0, 1),
        (1, 1, 1),
        (2, 1, 3),
        (1, 0, 1),
    ]
    assert list(zip(source, member, label, strict=True)) == [(0, 0, 0), (1, 1, 0), (1, 0, 1)]
    np.testing.assert_array_equal(arguments[0], [[0, 0], [0, 1]])


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("begin", [0, 2, 1], "begin: must ascend"),
        ("begin", [0, 1, 2, 3], "order"),
        ("slot", [0, 0, 2], "slot: must lie in"),
        ("slot", [-1, 0, 1], "slot: must lie in"),
        ("rows", [1, 0, 3], "rows: must lie in"),
        ("rows", [1, 1], "do not belong together"),
        ("order", [0, 2], "order: must lie in"),
        ("free", [[2, 1], [0, -4]], "free"),
    ],
)
def test_what_leads_outside_is_refused(name, values, message):
    values = np.array(values, np.int32 if name == "free" else np.int64)
    with pytest.raises(ValueError, match=message):
        first_fit(*asked(**{name: values}))


@pytest.mark.parametrize("free", [np.ones((2, 2)), np.ones((2, 4), np.int32)[:, ::2]])
def test_free_rows_of_another_form_are_refused(free):
    with pytest.raises((TypeError, ValueError)):
        first_fit(*asked(free=free))
