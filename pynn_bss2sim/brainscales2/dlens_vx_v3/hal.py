"""Containers of single parts of the chip."""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

import numpy as np

from pynn_bss2sim._core import hicannx as chip

from .board import (
    Barrier,
    EventRecordingConfig,
    MADCConfig,
    MADCControl,
    PadMultiplexerConfig,
    ShiftRegister,
    SystimeSync,
)
from .halco import Coordinate, CrossbarOutputOnDLS, iter_all

__all__ = [
    "Barrier",
    "CrossbarOutputConfig",
    "CrossbarOutputEventCounter",
    "EventRecordingConfig",
    "MADCConfig",
    "MADCControl",
    "PPUMemoryBlock",
    "PPUMemoryWord",
    "PadMultiplexerConfig",
    "ShiftRegister",
    "SynapseQuad",
    "SynapseWeightQuad",
    "SystimeSync",
    "Timer",
]

SynapseWeightQuad = SimpleNamespace(
    Value=SimpleNamespace(min=0, max=chip.WEIGHT_MAX, size=chip.WEIGHT_MAX + 1)
)
SynapseQuad = SimpleNamespace(Weight=SynapseWeightQuad.Value)


class Timer:
    """The clock of the FPGA, from the beginning of an experiment."""

    class Value(int):
        """A time in cycles."""

        fpga_clock_cycles_per_us: ClassVar[int] = round(chip.FPGA_CLOCK)

        def value(self) -> int:
            """As a plain integer."""
            return int(self)


class CrossbarOutputConfig:
    """Which outputs of the crossbar count their events: ``enable_event_counter[output] = True``."""

    def __init__(self) -> None:
        self.enable_event_counter = _Switches(CrossbarOutputOnDLS)


class _Switches(dict):
    """Switches by coordinate, all off at first."""

    def __init__(self, kind: type[Coordinate]) -> None:
        super().__init__(dict.fromkeys(iter_all(kind), False))


class CrossbarOutputEventCounter:
    """What an output of the crossbar has counted.

    Attributes
    ----------
    value : int, 24 bits
    """

    BITS = 24

    def __init__(self, value: int = 0):
        self.value = value % (1 << self.BITS)


class PPUMemoryWord:
    """A word of PPU memory: 32 bits."""

    class Value(int):
        """Its content."""

    def __init__(self, value: int = 0):
        self.value = PPUMemoryWord.Value(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PPUMemoryWord) and self.value == other.value


class PPUMemoryBlock:
    """Words of PPU memory.

    Attributes
    ----------
    words : list of PPUMemoryWord
    """

    def __init__(self, size: int):
        self.words = [PPUMemoryWord() for _ in range(int(size))]

    def to_numpy(self) -> np.ndarray:
        """The contents: int64 (n,)."""
        return np.array([int(word.value) for word in self.words], np.int64)
