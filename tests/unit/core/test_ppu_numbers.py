"""Arithmetic of the vector unit: the published examples, and all formats against scalar rules."""

import doctest
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim._core.ppu import numbers
from pynn_bss2sim._core.ppu.numbers import (
    Accumulator,
    Condition,
    FracSat8,
    FracSat16,
    Mod8,
    Mod16,
    saturate_weight,
    vector_if,
)

FORMATS = {Mod8: 8, FracSat8: 8, Mod16: 16, FracSat16: 16}
FRACTIONAL = (FracSat8, FracSat16)


def limits(lanes):
    bits = FORMATS[lanes]
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if lanes in FRACTIONAL else (0, (1 << bits) - 1)


def scalar(lanes, exact):
    """What a lane holds of a number: wrapped, or rounded down and saturated."""
    low, high = limits(lanes)
    if lanes in FRACTIONAL:
        return min(max(floor(exact), low), high)
    return exact % (high + 1)


def scalar_product(lanes, a, b):
    return scalar(lanes, a * b / 2 ** (FORMATS[lanes] - 1) if lanes in FRACTIONAL else a * b)


def scalar_left(lanes, a, n):
    bits = FORMATS[lanes]
    if lanes not in FRACTIONAL:
        return (a << n) % (1 << bits)
    if n >= bits:
        return 0
    pattern = a % (1 << bits)
    kept = (pattern & 1 << bits - 1) | ((pattern << n) & (1 << bits - 1) - 1) if n else pattern
    return kept - (1 << bits) if kept >> bits - 1 else kept


def scalar_right(lanes, a, n):
    if lanes in FRACTIONAL and n >= FORMATS[lanes]:
        return 0
    return scalar(lanes, a / 2**n) if lanes in FRACTIONAL else a >> n


@st.composite
def pairs(draw):
    lanes = draw(st.sampled_from(list(FORMATS)))
    low, high = limits(lanes)
    one = st.one_of(st.integers(low, high), st.sampled_from([low, high]))
    values = st.lists(st.tuples(one, one), min_size=1, max_size=8)
    return lanes, draw(values)


@given(pairs())
def test_arithmetic_is_that_of_the_scalar_rules(case):
    lanes, values = case
    a, b = (lanes(list(column)) for column in zip(*values, strict=True))
    assert a + b == lanes([scalar(lanes, x + y) for x, y in values])
    assert a - b == lanes([scalar(lanes, x - y) for x, y in values])
    assert a * b == lanes([scalar_product(lanes, x, y) for x, y in values])
    assert -a == lanes([scalar(lanes, -x) for x, _ in values])
    assert a + values[0][1] == lanes([scalar(lanes, x + values[0][1]) for x, _ in values])
    assert values[0][1] - a == lanes([scalar(lanes, values[0][1] - x) for x, _ in values])


@given(pairs(), st.integers(0, 20))
def test_shifts_are_those_of_the_scalar_rules(case, n):
    lanes, values = case
    numbers = [x for x, _ in values]
    assert lanes(numbers) << n == lanes([scalar_left(lanes, x, n) for x in numbers])
    assert lanes(numbers) >> n == lanes([scalar_right(lanes, x, n) for x in numbers])


@given(pairs())
def test_the_accumulator_has_twice_the_width(case):
    lanes, values = case
    bits = FORMATS[lanes]
    high = 1 << 2 * bits - 1
    accumulator = Accumulator(lanes(values[0][0]))
    exact = values[0][0] << bits if lanes in FRACTIONAL else values[0][0]
    for x, y in values:
        accumulator.add_product(lanes(x), lanes(y))
        if lanes in FRACTIONAL:
            exact = min(max(exact + min(2 * x * y, high - 1), -high), high - 1)
        else:
            exact = (exact + x * y) % (2 * high)
    expected = exact >> bits if lanes in FRACTIONAL else exact % (1 << bits)
    assert accumulator.result() == lanes(expected)


@given(pairs(), st.sampled_from(list(Condition)))
def test_selection_compares_lanes_with_zero_as_signed_numbers(case, condition):
    lanes, values = case
    a, b = (lanes(list(column)) for column in zip(*values, strict=True))
    half = 1 << FORMATS[lanes] - 1
    compare = {
        "greater": lambda x: x > 0,
        "lesser": lambda x: x < 0,
        "equal": lambda x: x == 0,
        "greater_equal": lambda x: x >= 0,
        "lesser_equal": lambda x: x <= 0,
        "unequal": lambda x: x != 0,
    }[condition]
    signed = [x - 2 * half if x >= half else x for x, _ in values]
    expected = [x if compare(s) else y for (x, y), s in zip(values, signed, strict=True)]
    assert vector_if(a, condition, a, b) == lanes(expected)
    assert vector_if(a, str(condition), a, b) == lanes(expected)


@pytest.mark.parametrize(("a", "b", "product"), [(-12, 42, -4), (-4, 42, -2), (-128, -128, 127)])
def test_published_products_of_fractions(a, b, product):
    assert FracSat8(a) * FracSat8(b) == FracSat8(product)


def test_published_shifts():
    assert FracSat8(-80) >> 2 == FracSat8(-20)
    assert Mod8([255]) >> 8 == Mod8([0])
    assert FracSat8([64, -80, 127]) << 1 == FracSat8([0, -32, 126])


def test_all_bytes_convert_in_order_and_back():
    every = np.arange(256)
    signed = Mod8(every).convert_contiguous()
    assert np.array_equal(signed.values, every - 128)
    assert signed.convert_contiguous() == Mod8(every)
    wide = Mod16(np.arange(65536))
    assert np.array_equal(wide.convert_contiguous().values, np.arange(65536) - 32768)
    assert wide.convert_contiguous().convert_contiguous() == wide


def test_formats_of_equal_width_share_their_bits():
    assert FracSat8([-1, -128, 5]).reinterpreted(Mod8) == Mod8([255, 128, 5])
    assert Mod16([65535]).reinterpreted(FracSat16) == FracSat16([-1])
    with pytest.raises(TypeError, match="widened"):
        Mod8([1]).reinterpreted(Mod16)


def test_widths_convert_as_published():
    assert Mod8([200]).widened() == Mod16([200])
    assert Mod16([0x1234]).narrowed() == Mod8([0x34])
    assert FracSat8([-3]).widened() == FracSat16([-768])
    assert FracSat16([0x1234, -1]).narrowed() == FracSat8([0x12, -1])


def test_weights_are_clipped_to_their_register():
    assert saturate_weight(FracSat8([-5, 0, 63, 64])) == Mod8([0, 0, 63, 63])
    assert saturate_weight(Mod8([200, 70])) == Mod8([0, 63])


def test_arrays_of_rows_are_computed_at_once_and_cells_can_be_set():
    rows = Mod8(np.full((3, 256), 250)) + Mod8(np.arange(256))
    assert rows.shape == (3, 256)
    assert rows[2, 10] == 4
    rows[1, :] = 7
    assert rows[1] == Mod8(np.full(256, 7))
    rows[0] = Mod8(np.arange(256))
    assert rows[0, 255] == 255
    copied = rows.copy()
    copied[0, 0] = 9
    assert rows[0, 0] == 0


@pytest.mark.parametrize(
    "mixed",
    [
        lambda: Mod8([1]) + FracSat8([1]),
        lambda: FracSat8([1]) * FracSat16([1]),
        lambda: Mod8([1]) + np.array([1]),
        lambda: np.array([1]) - Mod8([1]),
        lambda: Mod8([1]) + 0.5,
        lambda: vector_if(Mod8([1]), "equal", Mod8([1]), FracSat8([1])),
        lambda: Accumulator(Mod8([1])).add_product(Mod8([1]), Mod16([1])),
        lambda: Mod8([1]).__setitem__(0, FracSat8([1])),
    ],
)
def test_formats_do_not_mix_unseen(mixed):
    with pytest.raises(TypeError):
        mixed()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: FracSat8([128]),
        lambda: Mod8([-1]),
        lambda: Mod8([0.5]),
        lambda: Mod8([1]) + 256,
        lambda: Mod8([1]) << -1,
        lambda: FracSat8([1]) >> 1.5,
        lambda: vector_if(Mod8([1]), "above", Mod8([1]), Mod8([1])),
    ],
)
def test_what_no_lane_holds_is_refused(wrong):
    with pytest.raises(ValueError):
        wrong()


def test_examples_of_the_docstrings():
    assert doctest.testmod(numbers).failed == 0
