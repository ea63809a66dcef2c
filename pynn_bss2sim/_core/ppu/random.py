"""Random numbers of a plasticity processor.

The vector unit reads shift registers in hardware, one for each column of synapses; scalar code uses
xorshift32 or a linear congruential generator (libnux: ``parallel_rng.h``, ``random.h``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core import hicannx as chip

from .numbers import Lanes, Mod8

__all__ = ["ParallelRng", "lcg", "round_stochastic", "xorshift32"]

_BITS = 16  #: of the state of one shift register
_PERIOD = 2**_BITS - 1
_PERIOD_FACTORS = (3, 5, 17, 257)

_Format = TypeVar("_Format", bound=Lanes)


class ParallelRng:
    """256 shift registers of 16 bits, one for each column, each with a polynomial of its own.

    With every draw each register shifts by one bit; its lower byte is the random number. So
    successive numbers of a column share bits: who needs independent ones draws eight times. Which
    polynomials the chip has is not published; here they are the first 256 primitive ones, so that
    each register goes through all of its 65535 states.

    Parameters
    ----------
    seed : array of int (256,), or int
        See `seed`.
    """

    def __init__(self, seed: Mod8 | ArrayLike = 1) -> None:
        self.seed(seed)

    def seed(self, value: Mod8 | ArrayLike) -> None:
        """Set the lower byte of each register and clear the upper one.

        A register that is set to 0 stays there, as it would on the chip.

        Parameters
        ----------
        value : Mod8, or what makes one: (256,), or one for all columns
        """
        low = value if isinstance(value, Mod8) else Mod8(value)
        self._state = np.broadcast_to(low.values, chip.COLUMNS).astype(np.uint16)

    @overload
    def rand(self) -> Mod8: ...

    @overload
    def rand(self, format: type[_Format]) -> _Format: ...

    def rand(self, format: type[Lanes] = Mod8) -> Lanes:
        """One number for each column.

        Parameters
        ----------
        format : type
            Of 8 or 16 bits; numbers of 16 bits are made of two registers, the lower byte of the
            second one being the lower byte of the number.

        Returns
        -------
        `format`, (256,) or (128,)
        """
        new = self._state & _taps()
        for shift in (8, 4, 2, 1):
            new = new ^ new >> np.uint16(shift)
        self._state = self._state << np.uint16(1) | new & np.uint16(1)
        drawn = self._state.astype(np.uint8)
        width = format.dtype.itemsize
        return format._of(drawn.view(f">u{width}").astype(f"u{width}").view(format.dtype))


def xorshift32(state: int | np.ndarray) -> int | np.ndarray:
    """The state after `state` of Marsaglia's xorshift generator; it is the random number, too.

    Parameters
    ----------
    state : int or array of int, 1 to 2**32 - 1
        0 stays 0.

    Returns
    -------
    int or uint32
    """
    x = np.asarray(state).astype(np.uint32)
    x = x ^ x << np.uint32(13)
    x = x ^ x >> np.uint32(17)
    x = x ^ x << np.uint32(5)
    return int(x) if np.ndim(state) == 0 else x


def lcg(state: int | np.ndarray) -> int | np.ndarray:
    """The state after `state` of the linear congruential generator 1664525 x + 1013904223.

    Parameters
    ----------
    state : int or array of int, 0 to 2**32 - 1

    Returns
    -------
    int or uint32
        The state, which is the random number, too.
    """
    x = np.asarray(state).astype(np.uint64) * np.uint64(1664525) + np.uint64(1013904223)
    return int(x & np.uint64(2**32 - 1)) if np.ndim(state) == 0 else x.astype(np.uint32)


def round_stochastic(lanes: _Format, bits: int, random: Lanes) -> _Format:
    """Clear the lowest `bits`, rounding up with the probability that they stand for.

    Modular lanes wrap and fractional ones saturate where rounding up leaves their range.

    Parameters
    ----------
    lanes : Lanes
    bits : int
        0 to the width of a lane.
    random : Lanes
        Random numbers of the same width (`ParallelRng.rand`).
    """
    if not 0 <= bits <= lanes.bits:
        raise ValueError(f"round_stochastic: bits={bits} lies outside 0 to {lanes.bits}")
    if random.bits != lanes.bits:
        raise TypeError(f"round_stochastic: random numbers of {lanes.bits} bits are needed")
    if bits == lanes.bits:
        return type(lanes)._of(np.zeros_like(lanes.values))
    unsigned = random.values.view(f"u{lanes.dtype.itemsize}")
    fraction = (unsigned.astype(np.int64) >> (lanes.bits - bits)).astype(unsigned.dtype)
    up = lanes + type(lanes)._of(fraction.view(lanes.dtype))
    return type(lanes)._of(up.values >> bits << bits)


@lru_cache(maxsize=1)
def _taps() -> np.ndarray:
    """Which bits of a register are summed to its next bit: uint16 (256,).

    Bit k stands for the coefficient of x**(k + 1) of a primitive polynomial of degree 16.
    """
    # the constant term of a primitive polynomial is 1
    polynomial = (1 << _BITS) + 2 * np.arange(1 << 13, dtype=np.int64) + 1
    primitive = _power_of_x(polynomial, _PERIOD) == 1
    for factor in _PERIOD_FACTORS:
        primitive &= _power_of_x(polynomial, _PERIOD // factor) != 1
    taps = (polynomial[primitive][: chip.COLUMNS] >> 1).astype(np.uint16)
    taps.flags.writeable = False
    return taps


def _power_of_x(polynomial: np.ndarray, exponent: int) -> np.ndarray:
    """x**exponent modulo each polynomial of degree 16 over the field of two elements."""
    power = np.ones_like(polynomial)
    for bit in f"{exponent:b}":
        power = _product(power, power, polynomial)
        if bit == "1":
            power = _product(power, np.full_like(power, 2), polynomial)
    return power


def _product(a: np.ndarray, b: np.ndarray, polynomial: np.ndarray) -> np.ndarray:
    product = np.zeros_like(a)
    for bit in reversed(range(_BITS)):
        product = product << 1
        product ^= polynomial * (product >> _BITS & 1)
        product ^= a * (b >> bit & 1)
    return product
