"""Coordinates: integers of a range, each kind a type of its own."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import ClassVar, Self, SupportsIndex, TypeVar

from pynn_bss2sim._core import hicannx as chip

__all__ = [
    "AtomicNeuronOnDLS",
    "AtomicNeuronOnLogicalNeuron",
    "BarrierOnFPGA",
    "CADCChannelColumnOnSynram",
    "CADCReadoutChainOnDLS",
    "ChipOnDLS",
    "CommonNeuronBackendConfigOnDLS",
    "CompartmentOnLogicalNeuron",
    "Coordinate",
    "CrossbarOutputConfigOnDLS",
    "CrossbarOutputOnDLS",
    "DACChannelBlockOnBoard",
    "DACChannelOnBoard",
    "Enum",
    "EventRecordingConfigOnFPGA",
    "HemisphereOnDLS",
    "LogicalNeuronOnDLS",
    "MADCControlOnDLS",
    "NeuronColumnOnDLS",
    "NeuronRowOnDLS",
    "PPUMemoryBlockSize",
    "PadMultiplexerConfigOnDLS",
    "ReadoutChainOnDLS",
    "ShiftRegisterOnBoard",
    "SourceMultiplexerOnReadoutSourceSelection",
    "SynapseOnSynapseRow",
    "SynapseRowOnDLS",
    "SynapseWeightRowOnDLS",
    "SynramOnDLS",
    "SystimeSyncOnFPGA",
    "TimerOnDLS",
    "common",
    "iter_all",
]


class Enum(int):
    """The linear index of a coordinate."""

    def value(self) -> int:
        """As a plain integer."""
        return int(self)


class Coordinate(int):
    """An integer in [0, `size`).

    Raises
    ------
    TypeError
        It is negative, or no integer.
    OverflowError
        It is `size` or larger.
    """

    size: ClassVar[int]
    min: ClassVar[Coordinate]
    max: ClassVar[Coordinate]
    enum_type: ClassVar[type] = Enum

    def __init_subclass__(cls, size: int) -> None:
        cls.size = size
        cls.min, cls.max = cls(0), cls(size - 1)

    def __new__(cls, value: SupportsIndex = 0) -> Self:
        if not hasattr(value, "__index__"):
            raise TypeError(f"{cls.__name__}({value!r}): an integer is needed")
        number = value.__index__()
        if number < 0:
            raise TypeError(f"{cls.__name__}({number}): it must not be negative")
        if number >= cls.size:
            raise OverflowError(f"{cls.__name__}({number}): {cls.size - 1} is the largest")
        return super().__new__(cls, number)

    def value(self) -> int:
        """As a plain integer."""
        return int(self)

    def toEnum(self) -> Enum:
        """The linear index."""
        return Enum(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({int(self)})"

    __str__ = __repr__

    def __getnewargs__(self) -> tuple[int]:
        return (int(self),)


_Kind = TypeVar("_Kind", bound=Coordinate)


def iter_all(kind: type[_Kind]) -> Iterator[_Kind]:
    """All coordinates of a type."""
    return map(kind, range(kind.size))


class NeuronColumnOnDLS(Coordinate, size=chip.COLUMNS):
    """Column of a neuron circuit."""


class NeuronRowOnDLS(Coordinate, size=chip.HEMISPHERES):
    """Row of a neuron circuit: 0 on top."""


class AtomicNeuronOnDLS(Coordinate, size=chip.HICANN_X.circuits):
    """A neuron circuit: ``row * 256 + column``, or its column and row."""

    def __new__(cls, column: SupportsIndex = 0, row: SupportsIndex | None = None) -> Self:
        if row is None:
            return super().__new__(cls, column)
        return super().__new__(cls, NeuronRowOnDLS(row) * chip.COLUMNS + NeuronColumnOnDLS(column))

    def toNeuronColumnOnDLS(self) -> NeuronColumnOnDLS:
        """Its column."""
        return NeuronColumnOnDLS(self % chip.COLUMNS)

    def toNeuronRowOnDLS(self) -> NeuronRowOnDLS:
        """Its row."""
        return NeuronRowOnDLS(self // chip.COLUMNS)


class LogicalNeuronOnDLS:
    """A neuron of one circuit.

    Parameters
    ----------
    circuit : AtomicNeuronOnDLS
    """

    def __init__(self, circuit: AtomicNeuronOnDLS):
        self._circuit = circuit

    def get_atomic_neurons(self) -> list[AtomicNeuronOnDLS]:
        """Its circuits."""
        return [self._circuit]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogicalNeuronOnDLS) and self._circuit == other._circuit

    def __hash__(self) -> int:
        return hash(self._circuit)

    def __repr__(self) -> str:
        return f"LogicalNeuronOnDLS({self._circuit})"


class CommonNeuronBackendConfigOnDLS(Coordinate, size=chip.BACKEND_BLOCKS):
    """A block of neuron backends: columns 0 to 127, or 128 to 255."""


class CompartmentOnLogicalNeuron(Coordinate, size=chip.HICANN_X.circuits):
    """A compartment of a neuron."""


class AtomicNeuronOnLogicalNeuron(Coordinate, size=chip.HICANN_X.circuits):
    """A circuit of a neuron."""


class CrossbarOutputOnDLS(Coordinate, size=chip.CROSSBAR_OUTPUTS):
    """An output of the event crossbar: 0 to 7 to the synapse drivers, 8 to 11 off the chip."""


class CrossbarOutputConfigOnDLS(Coordinate, size=1):
    """The configuration of the crossbar's outputs."""


class SynramOnDLS(Coordinate, size=chip.HEMISPHERES):
    """A synapse array: 0 on top."""


class HemisphereOnDLS(Coordinate, size=chip.HEMISPHERES):
    """Half of the chip."""

    top: ClassVar[HemisphereOnDLS]
    bottom: ClassVar[HemisphereOnDLS]


HemisphereOnDLS.top, HemisphereOnDLS.bottom = iter_all(HemisphereOnDLS)


class SynapseWeightRowOnDLS(Coordinate, size=chip.HEMISPHERES * chip.ROWS):
    """The weights of a synapse row, those of the top array first."""


class SynapseRowOnDLS(Coordinate, size=chip.HEMISPHERES * chip.ROWS):
    """A synapse row, those of the top array first."""

    def toSynapseWeightRowOnDLS(self) -> SynapseWeightRowOnDLS:
        """Its weights."""
        return SynapseWeightRowOnDLS(self)


class SynapseOnSynapseRow(Coordinate, size=chip.COLUMNS):
    """A synapse of a row: the column of its neuron."""


class CADCReadoutChainOnDLS(Coordinate, size=chip.HEMISPHERES):
    """The column converters of one half of the chip."""


class CADCChannelColumnOnSynram(Coordinate, size=chip.COLUMNS):
    """Column of a converter."""


class PPUMemoryBlockSize(Coordinate, size=4096):
    """Number of words of a block of PPU memory."""


class ChipOnDLS(Coordinate, size=1):
    """The chip."""


class TimerOnDLS(Coordinate, size=1):
    """The timer of a program."""


class SystimeSyncOnFPGA(Coordinate, size=1):
    """The synchronisation of the clocks of chip and FPGA."""


class BarrierOnFPGA(Coordinate, size=1):
    """Where a program waits for what it has written."""


class EventRecordingConfigOnFPGA(Coordinate, size=1):
    """Whether the FPGA records."""


class ShiftRegisterOnBoard(Coordinate, size=1):
    """The multiplexers of the board."""


class DACChannelBlockOnBoard(Coordinate, size=1):
    """The voltages of the board."""


class DACChannelOnBoard(Coordinate, size=chip.BOARD_DAC_CHANNELS):
    """A voltage of the board."""

    mux_dac_25: ClassVar[DACChannelOnBoard]


DACChannelOnBoard.mux_dac_25 = DACChannelOnBoard(7)


class PadMultiplexerConfigOnDLS(Coordinate, size=chip.PADS):
    """A pad of the chip."""


class SourceMultiplexerOnReadoutSourceSelection(Coordinate, size=chip.MADC_CHANNELS):
    """An input of the MADC."""


class ReadoutChainOnDLS(Coordinate, size=1):
    """The way from the pads to the MADC."""


class MADCControlOnDLS(Coordinate, size=1):
    """The MADC."""


common = SimpleNamespace(Enum=Enum, iter_all=iter_all)
