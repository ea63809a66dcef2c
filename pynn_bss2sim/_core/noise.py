"""Random numbers of the emulator: cheap enough to draw thousands in every step, and replayable.

All normal numbers come from one table of `NOISE_LENGTH` values. The table is white: its circular
autocorrelation vanishes at every lag but 0. In each step, each block of neurons reads the table
from a place of its own for each of its three sources of noise, so that

* one neuron sees independent draws from the table, from step to step and from source to source;
* two neurons of a block are uncorrelated within a step, because the table is white;
* neurons of different blocks are independent.

A kernel thus loads neighbouring values, and draws only one hash for each block and step. The places
are hashes of seed, trial, step and block: nothing depends on how a run is divided, and the same
numbers come out of the kernels (kernels.h) and of this module.

The table is rounded to multiples of 2**-12, which hides last-bit differences between machines.
"""

from __future__ import annotations

import enum
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "NOISE_BLOCK",
    "NOISE_LENGTH",
    "SOURCES",
    "Stream",
    "block_offsets",
    "checked_seed",
    "noise_table",
    "normals",
    "stream_key",
]

#: Length of the table, a power of 2.
NOISE_LENGTH = 1 << 15
#: Longest block of neurons that reads the table in one piece.
NOISE_BLOCK = 1024
#: Sources of noise of one neuron: membrane, line 0, line 1.
SOURCES = 3

_GRID = 4096.0
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ALL_BITS = 2**64 - 1


class Stream(enum.IntEnum):
    """Independent streams of one trial."""

    PLACES = 1  #: where in the table blocks begin to read
    THRESHOLDS = 2
    LEAKS = 3


def checked_seed(seed: int) -> int:
    """Return `seed` as an int.

    Raises
    ------
    ValueError
        If it does not lie in [0, 2**64).
    """
    value = int(seed)
    if value != seed or not 0 <= value < 2**64:
        raise ValueError(f"noise_seed: must be an integer in [0, 2**64), is {seed!r}")
    return value


@lru_cache(maxsize=8)
def noise_table(seed: int) -> np.ndarray:
    """The table of a seed, then its first `NOISE_BLOCK` values again: float32, read-only.

    Mean 0, variance 1, flat spectrum.
    """
    values = np.random.Generator(np.random.Philox(seed)).standard_normal(NOISE_LENGTH)
    spectrum = np.fft.rfft(values)
    spectrum[1:] /= np.abs(spectrum[1:])
    spectrum[0] = 0.0
    values = np.fft.irfft(spectrum, NOISE_LENGTH)
    values = np.round(values / values.std() * _GRID) / _GRID
    table = np.concatenate([values, values[:NOISE_BLOCK]]).astype(np.float32)
    table.flags.writeable = False
    return table


def stream_key(seed: int, trial: int, stream: Stream) -> int:
    """Key of one stream of one trial: 64 bits."""
    mixed = _mix_one(seed)
    for number in (trial, int(stream)):
        mixed = _mix_one(mixed + number * int(_GOLDEN) & _ALL_BITS)
    return mixed


def block_offsets(key: int, step: int, n_blocks: int) -> np.ndarray:
    """Where the blocks begin to read in a step: int64 (`SOURCES`, n_blocks)."""
    drawn = _draw(key, step, np.arange(n_blocks))
    shift = np.arange(0, 16 * SOURCES, 16, dtype=np.uint64)[:, np.newaxis]
    return (drawn >> shift & np.uint64(NOISE_LENGTH - 1)).astype(np.int64)


def normals(table: np.ndarray, key: int, step: int, neuron: ArrayLike) -> np.ndarray:
    """One normal number for each neuron, drawn by itself: float64 (len(neuron),)."""
    place = _draw(key, step, np.asarray(neuron)) & np.uint64(NOISE_LENGTH - 1)
    return table[place.astype(np.int64)].astype(np.float64)


def _draw(key: int, step: int, index: np.ndarray) -> np.ndarray:
    """Hashes of `index` (int array) at a step; `bss_draw` in kernels.h."""
    at_step = _mix(np.array([key], np.uint64) + np.array([step], np.uint64) * _GOLDEN)
    return _mix(at_step + index.astype(np.uint64) * _GOLDEN)


def _mix_one(x: int) -> int:
    """`_mix` of one number in [0, 2**64), without an array."""
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & _ALL_BITS
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & _ALL_BITS
    return x ^ (x >> 31)


def _mix(x: np.ndarray) -> np.ndarray:
    """A permutation of 64-bit numbers that spreads every bit over all.

    The finalizer of SplitMix64: G. L. Steele, D. Lea and C. H. Flood, Fast splittable pseudorandom
    number generators, OOPSLA 2014.
    """
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
