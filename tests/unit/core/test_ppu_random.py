"""Random numbers of the processors: known sequences, full periods, unbiased rounding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim._core.ppu.numbers import FracSat8, FracSat16, Mod8, Mod16
from pynn_bss2sim._core.ppu.random import (
    ParallelRng,
    _taps,
    lcg,
    round_stochastic,
    xorshift32,
)


def register(state, taps):
    """The next state of one shift register."""
    return (state << 1 | bin(state & taps).count("1") % 2) & 0xFFFF


def test_every_column_draws_from_its_own_register():
    rng = ParallelRng(np.arange(256))
    states = list(range(256))
    for _ in range(20):
        states = [register(s, int(t)) for s, t in zip(states, _taps(), strict=True)]
        assert np.array_equal(rng.rand().values, [s & 255 for s in states])


def test_polynomials_differ_and_registers_pass_all_states():
    taps = _taps()
    assert len(set(taps.tolist())) == 256
    for column in (0, 100, 255):
        state, steps = 1, 0
        while steps == 0 or state != 1:
            state, steps = register(state, int(taps[column])), steps + 1
        assert steps == 2**16 - 1


def test_a_seed_sets_the_lower_byte_and_zero_stays():
    rng = ParallelRng(5)
    rng.rand()
    rng.seed(Mod8(np.where(np.arange(256) == 3, 0, 9)))
    first = rng.rand()
    assert first[3] == 0 and first[4] in (18, 19)
    for _ in range(40):
        drawn = rng.rand()
    assert drawn[3] == 0


def test_wide_numbers_take_two_columns():
    narrow, wide = ParallelRng(7).rand(), ParallelRng(7).rand(Mod16)
    low = narrow.values.astype(int)
    assert np.array_equal(wide.values, 256 * low[::2] + low[1::2])
    assert np.array_equal(ParallelRng(7).rand(FracSat16).signed, wide.signed)


def test_bytes_are_uniform():
    """Mean and variance of independent bytes; bands of five standard errors."""
    rng = ParallelRng(np.arange(256) | 1)
    bytes_ = []
    for _ in range(40):
        for _ in range(16):
            drawn = rng.rand()
        bytes_.append(drawn.values)
    x = np.concatenate(bytes_).astype(float)
    sigma = np.sqrt((256**2 - 1) / 12)
    assert abs(x.mean() - 127.5) < 5 * sigma / np.sqrt(len(x))
    assert abs(x.std() / sigma - 1) < 5 * np.sqrt(0.2 / len(x))


def test_scalar_generators_give_their_known_numbers():
    """Marsaglia (2003) for seed 2463534242; Numerical Recipes for seed 0."""
    assert xorshift32(2463534242) == 723471715
    assert [lcg(0), lcg(lcg(0))] == [0x3C6EF35F, 0x47502932]
    assert np.array_equal(xorshift32(np.array([1, 2])), [xorshift32(1), xorshift32(2)])
    assert np.array_equal(lcg(np.array([0, 2**32 - 1])), [lcg(0), lcg(2**32 - 1)])


@given(
    st.sampled_from([Mod8, FracSat8, Mod16, FracSat16]),
    st.data(),
    st.integers(0, 16),
)
def test_rounding_clears_bits_after_adding_random_ones(lanes, data, bits):
    width = 8 * lanes.dtype.itemsize
    bits = min(bits, width)
    limits = np.iinfo(lanes.dtype)
    value = data.draw(st.integers(limits.min, limits.max))
    random = data.draw(st.integers(0, 2**width - 1))
    added = value + (random >> width - bits)
    held = min(added, limits.max) if lanes in (FracSat8, FracSat16) else added % 2**width
    unsigned = Mod8 if width == 8 else Mod16
    rounded = round_stochastic(lanes([value]), bits, unsigned([random]))
    assert rounded == lanes([held >> bits << bits if bits < width else 0])


def test_rounding_is_unbiased():
    """Over all random bytes the mean is the number itself."""
    value = FracSat8(np.full(256, -37))
    rounded = round_stochastic(value, 4, Mod8(np.arange(256)))
    assert set(rounded.values.tolist()) == {-48, -32}
    assert rounded.values.mean() == -37


def test_rounding_to_impossible_widths_is_refused():
    with pytest.raises(ValueError, match="bits=9"):
        round_stochastic(Mod8([1]), 9, Mod8([1]))
    with pytest.raises(TypeError, match="16 bits"):
        round_stochastic(Mod16([1]), 3, Mod8([1]))
