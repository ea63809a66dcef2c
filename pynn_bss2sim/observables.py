"""What a plasticity rule records: specifications, the arrays it fills in, and samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._core.frozen import frozen

__all__ = [
    "ObservableArray",
    "ObservablePerNeuron",
    "ObservablePerSynapse",
    "Recording",
    "Sample",
]

_TYPES = ("int8", "uint8", "int16", "uint16")


@dataclass(frozen=True)
class ObservablePerSynapse:
    """One integer for each synapse.

    Parameters
    ----------
    type : {"int8", "uint8", "int16", "uint16"}
    """

    type: str = "int8"

    def __post_init__(self) -> None:
        _check_type(self)


@dataclass(frozen=True)
class ObservablePerNeuron:
    """One integer for each neuron.

    Parameters
    ----------
    type : {"int8", "uint8", "int16", "uint16"}
    """

    type: str = "int8"

    def __post_init__(self) -> None:
        _check_type(self)


@dataclass(frozen=True)
class ObservableArray:
    """An array of the rule itself.

    Parameters
    ----------
    type : {"int8", "uint8", "int16", "uint16"}
    size : int
        Number of its elements.
    """

    type: str = "int8"
    size: int = 1

    def __post_init__(self) -> None:
        _check_type(self)
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 1:
            raise ValueError(f"ObservableArray: size={self.size!r}; give an integer of at least 1")


def _check_type(observable: Any) -> None:
    if observable.type not in _TYPES:
        raise ValueError(
            f"{type(observable).__name__}: type={observable.type!r}; choose one of "
            f"{', '.join(map(repr, _TYPES))}"
        )


@frozen
class Sample:
    """What one run of a kernel has recorded.

    Attributes
    ----------
    time : float, ms
    data : integer array
        Per synapse (n_connections, k): the synapses of each connection, -1 (or the largest number
        of an unsigned type) where it has fewer than k. Per neuron (size,). Else (size,).
    """

    time: float
    data: np.ndarray


class _Parts:
    """Arrays of given shapes, one for each handle, that hold what fits into them.

    ``parts[k] = values`` writes the array of handle k; `values` may be one number.
    """

    def __init__(self, name: str, dtype: str, shapes: list[tuple[int, ...]]) -> None:
        self._name, self._limits = name, np.iinfo(dtype)
        self._arrays = [np.zeros(shape, dtype) for shape in shapes]

    def __len__(self) -> int:
        return len(self._arrays)

    def __getitem__(self, k: int) -> np.ndarray:
        return self._arrays[k]

    def __setitem__(self, k: int, values: Any) -> None:
        array, given = self._arrays[k], np.asarray(values)
        if given.shape not in ((), array.shape):
            raise ValueError(
                f"recording.{self._name}[{k}]: shape {given.shape}; {array.shape} is needed"
            )
        if given.dtype.kind not in "biu":
            raise TypeError(f"recording.{self._name}[{k}]: integers are needed, not {given.dtype}")
        low, high = self._limits.min, self._limits.max
        if given.size and not low <= given.min() <= given.max() <= high:
            raise ValueError(
                f"recording.{self._name}[{k}]: values from {given.min()} to {given.max()}; "
                f"{array.dtype} holds {low} to {high}"
            )
        array[...] = given


class Recording:
    """What a kernel writes its observables to.

    ``recording.name[k]`` is the array of handle k: of `synapses` for observables per synapse,
    (rows, columns); of `neurons` for those per neuron, (n,). An `ObservableArray` is
    ``recording.name`` itself. All begin as 0.

    Attributes
    ----------
    time : float, ms
        Present time; a kernel may change it.
    """

    def __init__(self, time: float, observables: dict, synapses: list, neurons: list) -> None:
        shapes = {
            ObservablePerSynapse: [handle.connection.shape for handle in synapses],
            ObservablePerNeuron: [handle.columns.shape for handle in neurons],
        }
        parts = {
            name: _Parts(name, spec.type, shapes.get(type(spec), [(getattr(spec, "size", 0),)]))
            for name, spec in observables.items()
        }
        self.__dict__.update(time=time, _observables=observables, _parts=parts)

    def __getattr__(self, name: str) -> Any:
        if name not in self._parts:
            raise AttributeError(
                f"recording has no {name!r}; the rule's observables are "
                f"{', '.join(self._parts) or 'none'}"
            )
        parts = self._parts[name]
        return parts[0] if isinstance(self._observables[name], ObservableArray) else parts

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "time":
            self.__dict__["time"] = float(value)
        elif isinstance(self._observables.get(name), ObservableArray):
            self._parts[name][0] = value
        elif name in self._parts:
            raise AttributeError(f"recording.{name}: write to its parts: recording.{name}[k] = ...")
        else:
            self.__getattr__(name)

    def arrays(self, name: str) -> list[np.ndarray]:
        """The arrays of an observable."""
        return list(self._parts[name])
