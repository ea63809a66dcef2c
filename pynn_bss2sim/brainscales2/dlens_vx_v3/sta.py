"""Programs for the chip: what is written and read beside a network."""

from __future__ import annotations

from copy import deepcopy

from .halco import AtomicNeuronOnDLS

__all__ = [
    "AbsoluteTimePlaybackProgramBuilder",
    "DumperDone",
    "PlaybackProgramBuilder",
    "PlaybackProgramBuilderDumper",
    "convert_to_chip",
    "from_portablebinary",
]


class PlaybackProgramBuilder:
    """Containers to be written, in their order."""

    def __init__(self):
        self._writes: list[tuple] = []

    def write(self, coordinate, container) -> None:
        """Write a copy of a container at a coordinate."""
        self._writes.append((coordinate, deepcopy(container)))

    def merge_back(self, other: PlaybackProgramBuilder) -> None:
        """Append what `other` holds, which is empty then."""
        self._writes += other.take()

    def copy_back(self, other: PlaybackProgramBuilder) -> None:
        """Append a copy of what `other` holds."""
        self._writes += deepcopy(other._writes)

    def take(self) -> list[tuple]:
        """Hand out coordinates and containers; the builder is empty then."""
        writes, self._writes = self._writes, []
        return writes


class AbsoluteTimePlaybackProgramBuilder:
    """Containers to be written at times of the experiment.

    Attributes
    ----------
    commands : list of (int, coordinate, container)
        The time is in cycles of the FPGA.
    """

    def __init__(self):
        self.commands: list[tuple] = []

    def write(self, time, coordinate, container) -> None:
        """Write a copy of a container at a coordinate, `time` cycles after the begin.

        Raises
        ------
        ValueError
            The time is negative.
        """
        if int(time) < 0:
            raise ValueError(f"write: time {int(time)}: an experiment begins at 0")
        self.commands.append((int(time), coordinate, deepcopy(container)))


class DumperDone:
    """A calibration, as containers or as the content of a file."""

    def __init__(self, writes: list[tuple] | None = None):
        self.writes = writes or []
        self.content: bytes | None = None


class PlaybackProgramBuilderDumper(PlaybackProgramBuilder):
    """Keeps what is written to it."""

    def done(self) -> DumperDone:
        """Hand out what has been written."""
        return DumperDone(self.take())


def from_portablebinary(dump: DumperDone, content: bytes) -> None:
    """Fill `dump` with the content of a calibration file."""
    dump.content = content


def convert_to_chip(dump: DumperDone, chip=None):
    """Return the configuration of a chip that a calibration makes.

    Parameters
    ----------
    dump : DumperDone
    chip : lola.Chip, optional
        What it is before, and where neurons are written to.

    Raises
    ------
    ValueError
        The content is that of no calibration.
    """
    # it makes calibrations, with containers of this package
    from ..helper import chip_from_portable_binary
    from .lola import Chip

    result = Chip() if chip is None else chip
    if dump.content is not None:
        result = chip_from_portable_binary(dump.content)
    for coordinate, container in dump.writes:
        if isinstance(coordinate, AtomicNeuronOnDLS):
            result.neuron_block.atomic_neurons[coordinate] = container
    return result
