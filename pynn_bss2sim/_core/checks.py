"""Checks at the door of the emulator: what passes them cannot lead outside an array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

if TYPE_CHECKING:
    from pynn_bss2sim._core.records import Probe


__all__ = [
    "checked_floats",
    "checked_index",
    "checked_offsets",
    "converted",
    "probe_columns",
]


def converted(name: str, values: ArrayLike, dtype: DTypeLike) -> np.ndarray:
    """A C-contiguous copy of `values` as `dtype`; refused if a value would not survive."""
    given = np.asarray(values)
    if given.dtype.kind not in "biuf":
        raise TypeError(f"{name}: numbers are needed, not {given.dtype}")
    if given.dtype == dtype:
        return np.array(given, copy=True, order="C")
    with np.errstate(invalid="ignore"):
        array = np.array(given, dtype=dtype, copy=True, order="C")
    if array.dtype.kind != "f" and given.size and not (array == given).all():
        raise ValueError(f"{name}: a value is no {array.dtype}")
    return array


def checked_index(
    name: str, values: ArrayLike, low: int, high: int, dtype: DTypeLike
) -> np.ndarray:
    """Return `values` as a contiguous 1-D array of `dtype`, all in [low, high)."""
    array = converted(name, values, dtype)
    if array.ndim != 1:
        raise ValueError(f"{name}: must have one dimension, has {array.ndim}")
    if array.size and (array.min() < low or array.max() >= high):
        raise ValueError(
            f"{name}: must lie in [{low}, {high}), goes from {array.min()} to {array.max()}"
        )
    return array


def checked_offsets(name: str, values: ArrayLike, total: int) -> np.ndarray:
    """Return `values` as int64 offsets that ascend from 0 to `total`."""
    array = converted(name, values, np.int64)
    if (
        array.ndim != 1
        or array.size == 0
        or array[0] != 0
        or array[-1] != total
        or (np.diff(array) < 0).any()
    ):
        raise ValueError(f"{name}: must ascend from 0 to {total}")
    return array


def checked_floats(name: str, values: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    """Return a C-contiguous float64 copy of `values`, which must have `shape`."""
    array = converted(name, values, np.float64)
    if array.shape != shape:
        raise ValueError(f"{name}: shape {array.shape} where {shape} is needed")
    return array


def probe_columns(
    probes: Sequence[Probe], n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Flatten probes: variable and interval of each, offsets and neurons of its columns."""
    neurons = [checked_index("probe.neuron", p.neuron, 0, n, np.int64) for p in probes]
    variable = np.array([int(p.variable) for p in probes], np.int64)
    interval = np.array([int(p.interval) for p in probes], np.int64)
    start = np.zeros(len(neurons) + 1, np.int64)
    np.cumsum([len(column) for column in neurons], out=start[1:])
    return (
        checked_index("probe.variable", variable, 0, 4, np.int64),
        checked_index("probe.interval", interval, 1, 2**62, np.int64),
        start,
        np.concatenate([np.empty(0, np.int64), *neurons]),
    )
