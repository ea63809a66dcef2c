"""Number formats of the vector unit of a plasticity processor: modular and fractional lanes.

A lane of a *modular* format is an unsigned integer that wraps. A lane of a *fractional* format of
b bits is a signed integer k that stands for k / 2**(b - 1), and saturates. Products of fractions
are rounded towards minus infinity.

>>> FracSat8([100, -128]) + FracSat8([100, -1])
FracSat8([ 127, -128])
>>> FracSat8([-12, -128]) * FracSat8([42, -128])
FracSat8([ -4, 127])
>>> Mod8([200, 3]) + 100
Mod8([ 44, 103])

Sources: nux and libnux (``vector_mod_8.h``, ``vector_frac_sat_8.h``, ``vector_mod_16.h``,
``vector_frac_sat_16.h``, ``vector_convert.h``, ``vector_if.h``) and the tests there.
"""

from __future__ import annotations

import enum
from numbers import Integral
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.checks import converted

__all__ = [
    "Accumulator",
    "Condition",
    "FracSat8",
    "FracSat16",
    "Lanes",
    "Mod8",
    "Mod16",
    "saturate_weight",
    "vector_if",
]

#: Wide enough for the product of any two lanes.
_WIDE = np.int64


class Lanes:
    """Numbers in one of the formats, element by element; made of the formats below.

    Operands are of the same format and of shapes that can be broadcast, or integers. Results are
    new; only ``x[index] = value`` changes an array.

    Parameters
    ----------
    values : int, or array of int of any shape
        Copied.

    Attributes
    ----------
    values : uint8, int8, uint16 or int16
        The lanes as an array, whose elements may be changed.

    Raises
    ------
    ValueError
        A value is no number of this format.
    TypeError
        Operands of different formats; convert one of them.
    """

    dtype: np.dtype
    #: Result of a NumPy function on lanes would be neither modular nor saturating.
    __array_ufunc__ = None

    def __init__(self, values: ArrayLike) -> None:
        self.values = converted(type(self).__name__, values, self.dtype)

    @classmethod
    def _of(cls, values: np.ndarray) -> Self:
        """Lanes that take over an array of their type."""
        lanes = cls.__new__(cls)
        lanes.values = values
        return lanes

    @classmethod
    def _fitted(cls, wide: np.ndarray) -> np.ndarray:
        """What the format makes of integers of any size."""
        raise NotImplementedError

    @property
    def bits(self) -> int:
        """Width of a lane."""
        return 8 * self.dtype.itemsize

    @property
    def signed(self) -> np.ndarray:
        """The lanes as two's complement, as comparisons see them: int8 or int16."""
        return self.values.view(f"i{self.dtype.itemsize}")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of `values`."""
        return self.values.shape

    def copy(self) -> Self:
        """Lanes of their own."""
        return self._of(self.values.copy())

    def reinterpreted(self, format: type[_Lanes]) -> _Lanes:
        """The same bits in another format of the same width."""
        if format.dtype.itemsize != self.dtype.itemsize:
            raise TypeError(
                f"{type(self).__name__} has {self.bits} bits and {format.__name__} "
                f"{8 * format.dtype.itemsize}: use widened() or narrowed()"
            )
        return format._of(self.values.view(format.dtype).copy())

    def _operand(self, other: object) -> np.ndarray | None:
        """`other` as wide integers, None if it is no operand."""
        if type(other) is type(self):
            return other.values.astype(_WIDE)
        if isinstance(other, Integral) and not isinstance(other, bool):
            return type(self)(int(other)).values.astype(_WIDE)
        return None

    def __add__(self, other: Lanes | int) -> Self:
        wide = self._operand(other)
        return NotImplemented if wide is None else self._of(self._fitted(self.values + wide))

    def __sub__(self, other: Lanes | int) -> Self:
        wide = self._operand(other)
        return NotImplemented if wide is None else self._of(self._fitted(self.values - wide))

    def __rsub__(self, other: Lanes | int) -> Self:
        wide = self._operand(other)
        return NotImplemented if wide is None else self._of(self._fitted(wide - self.values))

    def __mul__(self, other: Lanes | int) -> Self:
        wide = self._operand(other)
        if wide is None:
            return NotImplemented
        return self._of(self._fitted(self._scaled(self.values * wide)))

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Self:
        return 0 - self

    @classmethod
    def _scaled(cls, product: np.ndarray) -> np.ndarray:
        """The product of two lanes, from that of their integers."""
        return product

    def _checked_shift(self, amount: int) -> int:
        if not isinstance(amount, Integral) or amount < 0:
            raise ValueError(f"{type(self).__name__}: shift by {amount!r}; give an integer >= 0")
        return min(int(amount), self.bits)

    def __getitem__(self, index: Any) -> Any:
        picked = self.values[index]
        return int(picked) if np.ndim(picked) == 0 else self._of(picked.copy())

    def __setitem__(self, index: Any, value: Lanes | ArrayLike) -> None:
        if isinstance(value, Lanes) and type(value) is not type(self):
            raise TypeError(f"{type(value).__name__} cannot be stored in {type(self).__name__}")
        if not isinstance(value, Lanes):
            value = type(self)(value)
        self.values[index] = value.values

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype, copy=copy)

    def __eq__(self, other: object) -> bool:
        """Equal as a whole, as in the processor's library; see `vector_if` for single lanes."""
        if type(other) is not type(self):
            return NotImplemented
        return bool(np.array_equal(self.values, other.values))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({np.array2string(self.values, separator=', ')})"


_Lanes = TypeVar("_Lanes", bound=Lanes)


class _Modular(Lanes):
    """Unsigned lanes that wrap; shifts are logical."""

    @classmethod
    def _fitted(cls, wide: np.ndarray) -> np.ndarray:
        return wide.astype(cls.dtype)

    def __rshift__(self, amount: int) -> Self:
        return self._of(self._fitted(self.values.astype(_WIDE) >> self._checked_shift(amount)))

    def __lshift__(self, amount: int) -> Self:
        return self._of(self._fitted(self.values.astype(_WIDE) << self._checked_shift(amount)))


class _Fractional(Lanes):
    """Signed lanes that saturate.

    A right shift is a product with 2**-n. A left shift keeps the sign bit and does not saturate. A
    shift by the whole width gives 0.
    """

    @classmethod
    def _fitted(cls, wide: np.ndarray) -> np.ndarray:
        limits = np.iinfo(cls.dtype)
        return np.clip(wide, limits.min, limits.max).astype(cls.dtype)

    @classmethod
    def _scaled(cls, product: np.ndarray) -> np.ndarray:
        return product >> (8 * cls.dtype.itemsize - 1)

    def __rshift__(self, amount: int) -> Self:
        amount = self._checked_shift(amount)
        return self._of(self.values >> amount if amount < self.bits else np.zeros_like(self.values))

    def __lshift__(self, amount: int) -> Self:
        amount = self._checked_shift(amount)
        if amount in (0, self.bits):
            return self.copy() if amount == 0 else self._of(np.zeros_like(self.values))
        magnitude = 2 ** (self.bits - 1)
        low = self.values.astype(_WIDE) << amount & magnitude - 1
        return self._of((low - magnitude * (self.values < 0)).astype(self.dtype))


class Mod8(_Modular):
    """Unsigned 8-bit integers that wrap: 0 to 255. The format of weights and of the converters."""

    dtype = np.dtype(np.uint8)

    def convert_contiguous(self) -> FracSat8:
        """0 to 255 as -128 to 127: the order is kept."""
        return FracSat8._of((self.values ^ np.uint8(1 << 7)).view(np.int8))

    def widened(self) -> Mod16:
        """The same numbers in 16 bits."""
        return Mod16._of(self.values.astype(np.uint16))


class FracSat8(_Fractional):
    """Signed 8-bit fractions that saturate: k stands for k / 128, -1 to 127/128."""

    dtype = np.dtype(np.int8)

    def convert_contiguous(self) -> Mod8:
        """-128 to 127 as 0 to 255: the order is kept."""
        return Mod8._of(self.values.view(np.uint8) ^ np.uint8(1 << 7))

    def widened(self) -> FracSat16:
        """The same fractions in 16 bits: the byte becomes the upper one."""
        return FracSat16._of(self.values.astype(np.int16) << 8)


class Mod16(_Modular):
    """Unsigned 16-bit integers that wrap: 0 to 65535."""

    dtype = np.dtype(np.uint16)

    def convert_contiguous(self) -> FracSat16:
        """0 to 65535 as -32768 to 32767: the order is kept."""
        return FracSat16._of((self.values ^ np.uint16(1 << 15)).view(np.int16))

    def narrowed(self) -> Mod8:
        """The lower byte."""
        return Mod8._of(self.values.astype(np.uint8))


class FracSat16(_Fractional):
    """Signed 16-bit fractions that saturate: k stands for k / 32768."""

    dtype = np.dtype(np.int16)

    def convert_contiguous(self) -> Mod16:
        """-32768 to 32767 as 0 to 65535: the order is kept."""
        return Mod16._of(self.values.view(np.uint16) ^ np.uint16(1 << 15))

    def narrowed(self) -> FracSat8:
        """The upper byte: the fraction, rounded towards minus infinity."""
        return FracSat8._of((self.values >> 8).astype(np.int8))


class Accumulator:
    """Sum of products in twice the width of a lane: modular sums wrap, fractional ones saturate.

    Parameters
    ----------
    start : Lanes
        What the sum begins with.
    """

    def __init__(self, start: Lanes) -> None:
        self._format = type(start)
        self._width = start.bits
        self._saturates = isinstance(start, _Fractional)
        self._sum = start.values.astype(_WIDE)
        if self._saturates:
            self._sum = self._sum << self._width

    def add_product(self, a: Lanes, b: Lanes) -> None:
        """Add ``a * b``, not rounded to the width of a lane."""
        if not type(a) is type(b) is self._format:
            raise TypeError(f"Accumulator: operands of format {self._format.__name__} are needed")
        product = a.values.astype(_WIDE) * b.values
        if self._saturates:
            self._sum = self._clipped(self._sum + self._clipped(2 * product))
        else:
            self._sum = (self._sum + product) % (1 << 2 * self._width)

    def _clipped(self, wide: np.ndarray) -> np.ndarray:
        high = 1 << 2 * self._width - 1
        return np.clip(wide, -high, high - 1)

    def result(self) -> Lanes:
        """The sum in the format of its operands."""
        wide = self._sum >> self._width if self._saturates else self._sum
        return self._format._of(self._format._fitted(wide))


class Condition(enum.StrEnum):
    """How a lane compares with 0."""

    GREATER = "greater"
    LESSER = "lesser"
    EQUAL = "equal"
    GREATER_EQUAL = "greater_equal"
    LESSER_EQUAL = "lesser_equal"
    UNEQUAL = "unequal"


_COMPARE = {
    Condition.GREATER: np.greater,
    Condition.LESSER: np.less,
    Condition.EQUAL: np.equal,
    Condition.GREATER_EQUAL: np.greater_equal,
    Condition.LESSER_EQUAL: np.less_equal,
    Condition.UNEQUAL: np.not_equal,
}


def vector_if(mask: Lanes, condition: Condition | str, true: _Lanes, false: _Lanes) -> _Lanes:
    """Lane by lane `true` where `mask` compares with 0 as `condition` says, else `false`.

    The vector unit takes lanes of every format as two's complement: to it the upper half of the
    modular numbers is negative (libnux: ``saturate_weight``).

    Raises
    ------
    ValueError
        There is no such condition.
    TypeError
        `true` and `false` are of different formats.
    """
    if type(true) is not type(false):
        raise TypeError(f"vector_if: {type(true).__name__} and {type(false).__name__} are mixed")
    chosen = _COMPARE[Condition(condition)](mask.signed, 0)
    return type(true)._of(np.where(chosen, true.values, false.values))


def saturate_weight(lanes: Lanes) -> Mod8:
    """Lanes clipped to what a synapse can hold, 0 to 63.

    Parameters
    ----------
    lanes : Mod8 or FracSat8
        Taken as two's complement.
    """
    return Mod8._of(np.clip(lanes.signed, 0, chip.WEIGHT_MAX).astype(np.uint8))
