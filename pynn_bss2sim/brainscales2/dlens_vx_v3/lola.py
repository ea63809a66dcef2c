"""Containers of a whole chip: neuron circuits with their names, weights of rows and arrays."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import ClassVar, SupportsIndex

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import ChipConfig

from .. import without_effect
from ..circuit_parameters import (
    CIRCUITS,
    COLUMNS,
    GROUPS,
    check_column,
    configured,
    defaults,
    fields_of,
    registers_of,
)
from .board import DACChannelBlock, ReadoutChain
from .halco import AtomicNeuronOnDLS, CommonNeuronBackendConfigOnDLS

__all__ = [
    "AtomicNeuron",
    "Chip",
    "DACChannelBlock",
    "ReadoutChain",
    "SynapseMatrix",
    "SynapseWeightRow",
]


class _Group:
    """A group of fields of a neuron circuit: entries of columns, checked, mutable in place.

    Parameters
    ----------
    columns : dict of str to array (n,)
    row : int
    group : str
    """

    __slots__ = ("_columns", "_fields", "_row")
    _columns: dict[str, np.ndarray]
    _fields: dict[str, str]
    _row: int

    def __init__(self, columns: dict[str, np.ndarray], row: int, group: str):
        for name, value in (("_columns", columns), ("_row", row), ("_fields", fields_of(group))):
            object.__setattr__(self, name, value)

    def _name(self, field: str) -> str:
        if field not in self._fields:
            raise AttributeError(f"no field {field!r}; there are {', '.join(self._fields)}")
        return self._fields[field]

    def values(self) -> dict[str, int | bool]:
        """All fields by name."""
        return {field: getattr(self, field) for field in self._fields}

    def __getattr__(self, field: str) -> int | bool:
        if field.startswith("__"):
            raise AttributeError(field)
        value = self._columns[self._name(field)][self._row]
        return bool(value) if isinstance(value, np.bool_) else int(value)

    def __setattr__(self, field: str, value: float | bool) -> None:
        name = self._name(field)
        self._columns[name][self._row] = checked = check_column(name, [value])[0]
        without_effect.tell(name, checked, COLUMNS[name].default)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Group) and self.values() == other.values()

    def __repr__(self) -> str:
        return f"({', '.join(f'{field}={value}' for field, value in self.values().items())})"


class AtomicNeuron:
    """A neuron circuit: groups of fields, as in ``neuron.leak.v_leak``.

    Groups and fields are those in the names of the parameters of `HXNeuron`. A circuit by itself
    begins with the values after reset.
    """

    class Readout:
        """Constants of the group ``readout``."""

        Source = enum.IntEnum(
            "Source", ["membrane", "exc_synin", "inh_synin", "adaptation"], start=0
        )

    class EventRouting:
        """Constants of the group ``event_routing``."""

        AnalogOutputMode = enum.IntEnum("AnalogOutputMode", "off normal strong", start=0)

    def __init__(self, columns: dict[str, np.ndarray] | None = None, row: int = 0):
        self._columns = defaults(1) if columns is None else columns
        self._row = row

    def __getattr__(self, name: str) -> _Group:
        if name not in GROUPS:
            raise AttributeError(f"a neuron circuit has no {name!r}; it has {', '.join(GROUPS)}")
        return _Group(self._columns, self._row, name)

    def values(self) -> dict[str, float | bool]:
        """All fields by their flattened names."""
        return {name: column[self._row].item() for name, column in self._columns.items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AtomicNeuron) and self.values() == other.values()

    def __deepcopy__(self, memo: dict) -> AtomicNeuron:
        row = slice(self._row, self._row + 1)
        return AtomicNeuron({name: c[row].copy() for name, c in self._columns.items()})

    def __reduce__(self) -> tuple:
        return AtomicNeuron, (self.__deepcopy__({})._columns,)

    def __repr__(self) -> str:
        return f"AtomicNeuron({self.values()})"


class _Neurons:
    """The circuits of a chip by their coordinate; iterated in its order."""

    def __init__(self, columns: dict[str, np.ndarray]):
        self._columns = columns

    def __len__(self) -> int:
        return CIRCUITS

    def __getitem__(self, coordinate: SupportsIndex) -> AtomicNeuron:
        return AtomicNeuron(self._columns, int(AtomicNeuronOnDLS(coordinate)))

    def __setitem__(self, coordinate: SupportsIndex, neuron: AtomicNeuron) -> None:
        row = int(AtomicNeuronOnDLS(coordinate))
        for name, value in neuron.values().items():
            self._columns[name][row] = value

    def __iter__(self) -> Iterator[AtomicNeuron]:
        return (self[k] for k in range(CIRCUITS))


#: Fields of a backend, and their values after reset.
_BACKEND = {
    "enable_clocks": True,
    "clock_scale_slow": 0,
    "clock_scale_fast": 0,
    "clock_scale_adaptation_pulse": 0,
    "clock_scale_post_pulse": 0,
}


class _Backend:
    """Clocks of a block of neurons."""

    clock_scale_slow: int
    clock_scale_fast: int
    clock_scale_adaptation_pulse: int

    def __init__(self) -> None:
        for name, value in _BACKEND.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: int | bool) -> None:
        if name.startswith("clock_scale") and not 0 <= int(value) <= chip.CLOCK_SCALE_MAX:
            raise ValueError(f"{name} = {value}; the register holds 0 to {chip.CLOCK_SCALE_MAX}")
        object.__setattr__(self, name, value)
        without_effect.tell(name, value, _BACKEND.get(name))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backend) and vars(self) == vars(other)


class _Backends:
    """The backends of both blocks by their coordinate; iterated in its order."""

    def __init__(self) -> None:
        self._backends = [_Backend() for _ in range(chip.BACKEND_BLOCKS)]

    def __len__(self) -> int:
        return len(self._backends)

    def __getitem__(self, coordinate: SupportsIndex) -> _Backend:
        return self._backends[CommonNeuronBackendConfigOnDLS(coordinate)]

    def __iter__(self) -> Iterator[_Backend]:
        return iter(self._backends)


class _NeuronBlock:
    """All neurons of a chip and what drives them."""

    def __init__(self, columns: dict[str, np.ndarray]):
        self.columns = columns
        self.backends = _Backends()

    @property
    def atomic_neurons(self) -> _Neurons:
        """The neuron circuits."""
        return _Neurons(self.columns)


class _Channel:
    """The input of a column converter."""

    def __init__(self) -> None:
        self.enable_connect_neuron = True

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)
        without_effect.tell(name, value, True)


class _ReadoutChain:
    """The column converters of one half of the chip."""

    def __init__(self) -> None:
        self.channels_causal = [_Channel() for _ in range(chip.COLUMNS)]
        self.channels_acausal = [_Channel() for _ in range(chip.COLUMNS)]


class Chip:
    """The configuration of a chip; the arguments of `setup` take it, calibrations give it.

    Attributes
    ----------
    neuron_block
        ``atomic_neurons`` by coordinate, and ``backends``.
    synapse_bias : int64 (4,)
        Bias of the synapses of each quadrant.
    cadc_correction : int64 (1024,)
        What is added to the readings of the column converters.
    """

    default_neuron_bypass: ClassVar[Chip]

    def __init__(self) -> None:
        self.neuron_block = _NeuronBlock(defaults(CIRCUITS))
        self.synapse_bias = np.full(chip.QUADRANTS, chip.SYNAPSE_BIAS)
        self.cadc_correction = np.zeros(chip.CADC_CHANNELS * CIRCUITS, np.int64)

    @classmethod
    def of(cls, config: ChipConfig, cadc_correction: np.ndarray) -> Chip:
        """The neurons, clocks and synapse bias that registers hold."""
        result = cls()
        result.neuron_block.columns.update(registers_of(config))
        for k, backend in enumerate(result.neuron_block.backends):
            slow, fast = config.refractory_clock_scale[k]
            backend.clock_scale_slow, backend.clock_scale_fast = int(slow), int(fast)
            backend.clock_scale_adaptation_pulse = int(config.adaptation_pulse_scale[k])
        result.synapse_bias = config.synapse_bias.astype(np.int64)
        result.cadc_correction = cadc_correction.copy()
        return result

    @property
    def cadc_readout_chains(self) -> tuple[_ReadoutChain, ...]:
        """The column converters of both halves."""
        # hundreds of objects that few scripts look at
        if "_chains" not in vars(self):
            self._chains = tuple(_ReadoutChain() for _ in range(chip.HEMISPHERES))
        return self._chains

    def config(self, columns: dict[str, np.ndarray] | None = None) -> ChipConfig:
        """Its registers, with other `columns` of the neurons."""
        backends = self.neuron_block.backends
        return configured(
            self.neuron_block.columns if columns is None else columns,
            refractory_clock_scale=np.array(
                [[b.clock_scale_slow, b.clock_scale_fast] for b in backends]
            ),
            adaptation_pulse_scale=np.array([b.clock_scale_adaptation_pulse for b in backends]),
            synapse_bias=self.synapse_bias,
        )


def _bypass() -> Chip:
    result = Chip()
    columns = result.neuron_block.columns
    for name in ("excitatory", "inhibitory"):
        columns[f"event_routing_enable_bypass_{name}"][:] = True
    return result


Chip.default_neuron_bypass = _bypass()


class SynapseWeightRow:
    """The weights of a synapse row, ``values[column]``: 0 to 63."""

    def __init__(self) -> None:
        self.values = np.zeros(chip.COLUMNS, np.int64)

    def check(self) -> np.ndarray:
        """The weights: uint8 (256,).

        Raises
        ------
        ValueError
            One does not fit its register.
        """
        values = np.asarray(self.values)
        bad = np.flatnonzero((values < 0) | (values > chip.WEIGHT_MAX))
        if len(bad):
            raise ValueError(
                f"SynapseWeightRow: {values[bad[0]]} in column {bad[0]}; a synapse holds 0 to "
                f"{chip.WEIGHT_MAX}"
            )
        return values.astype(np.uint8)


class _Weights(np.ndarray):
    """Weights of an array that call themselves what scripts expect."""

    def to_numpy(self) -> np.ndarray:
        """As a plain array."""
        return np.array(self)


class SynapseMatrix:
    """A synapse array: ``weights`` and ``labels``, uint8 (256, 256) by row and column."""

    def __init__(self, weights: np.ndarray, labels: np.ndarray):
        self.weights, self.labels = weights.view(_Weights), labels.view(_Weights)
