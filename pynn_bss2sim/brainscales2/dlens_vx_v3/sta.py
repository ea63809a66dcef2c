"""Programs for the chip: what is written and read beside a network."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, SupportsInt

from .board import AsicAdapterBoard
from .halco import (
    AtomicNeuronOnDLS,
    ChipOnDLS,
    Coordinate,
    DACChannelBlockOnBoard,
    ShiftRegisterOnBoard,
    iter_all,
)
from .playback import PlaybackProgram, run

if TYPE_CHECKING:
    from .lola import Chip

__all__ = [
    "AbsoluteTimePlaybackProgramBuilder",
    "ContainerTicket",
    "DumperDone",
    "ExperimentInit",
    "PlaybackProgram",
    "PlaybackProgramBuilder",
    "PlaybackProgramBuilderDumper",
    "SystemInit",
    "convert_to_builder",
    "convert_to_chip",
    "from_portablebinary",
    "run",
]


class ContainerTicket:
    """What an injected builder reads, once the experiment has been executed."""

    def __init__(self) -> None:
        self._found: list[object] = []

    def __deepcopy__(self, memo: dict) -> ContainerTicket:
        # copies of a builder fill the same ticket
        return self

    def fill(self, container: object) -> None:
        """Keep what has been read; an earlier container is forgotten."""
        self._found = [container]

    def valid(self) -> bool:
        """It has been read."""
        return bool(self._found)

    def get(self) -> object:
        """The container.

        Raises
        ------
        RuntimeError
            It has not been read.
        """
        if not self._found:
            raise RuntimeError("ContainerTicket: nothing has been read yet; call run() first")
        return self._found[0]


class _Commands:
    """Containers to be written, in their order, and what is waited for in between."""

    def __init__(self) -> None:
        self._commands: list[tuple] = []

    def write(self, coordinate: Coordinate, container: object) -> None:
        """Write a copy of a container at a coordinate."""
        self._commands.append(("write", coordinate, deepcopy(container)))

    def block_until(self, coordinate: Coordinate, value: SupportsInt) -> None:
        """Wait until a timer has a value, or a barrier is passed."""
        self._commands.append(("wait", coordinate, value))

    def merge_back(self, other: _Commands) -> None:
        """Append what `other` holds, which is empty then."""
        commands, other._commands = other._commands, []
        self._commands += commands

    def copy_back(self, other: _Commands) -> None:
        """Append a copy of what `other` holds."""
        self._commands += deepcopy(other._commands)

    def take(self) -> list[tuple]:
        """Hand out coordinates with containers or tickets; the builder is empty then."""
        commands, self._commands = self._commands, []
        return [(coordinate, value) for kind, coordinate, value in commands if kind != "wait"]


class PlaybackProgramBuilder(_Commands):
    """Containers to be written and read, in their order, and what is waited for in between.

    Where it is injected into an experiment, waiting takes none of its time.
    """

    def read(self, coordinate: Coordinate) -> ContainerTicket:
        """Read the container at a coordinate; the ticket gives it after the execution."""
        ticket = ContainerTicket()
        self._commands.append(("read", coordinate, ticket))
        return ticket

    def done(self) -> PlaybackProgram:
        """Hand out a program for `run`; the builder is empty then."""
        commands, self._commands = self._commands, []
        return PlaybackProgram(commands)


class SystemInit:
    """The initialisation with which a program begins.

    Parameters
    ----------
    hwdb_entry : optional
        Of the connection; without effect.

    Attributes
    ----------
    asic_adapter_board : board.AsicAdapterBoard
        ``shift_register`` and ``dac_channel_block``.
    """

    def __init__(self, hwdb_entry: object = None) -> None:
        self.asic_adapter_board = AsicAdapterBoard()

    def generate(self) -> tuple[PlaybackProgramBuilder, None]:
        """A builder that writes it, and nothing that could be read back."""
        builder = PlaybackProgramBuilder()
        builder.write(ShiftRegisterOnBoard(), self.asic_adapter_board.shift_register)
        builder.write(DACChannelBlockOnBoard(), self.asic_adapter_board.dac_channel_block)
        return builder, None


#: As earlier releases call it.
ExperimentInit = SystemInit


class AbsoluteTimePlaybackProgramBuilder:
    """Containers to be written at times of the experiment.

    Attributes
    ----------
    commands : list of (int, coordinate, container)
        The time is in cycles of the FPGA.
    """

    def __init__(self) -> None:
        self.commands: list[tuple] = []

    def write(self, time: SupportsInt, coordinate: Coordinate, container: object) -> None:
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


class PlaybackProgramBuilderDumper(_Commands):
    """Keeps what is written to it."""

    def read(self, coordinate: Coordinate) -> ContainerTicket:
        """Raise NotImplementedError."""
        raise NotImplementedError(
            f"PlaybackProgramBuilderDumper: {coordinate!r}: it keeps what is written, and has no "
            "chip to read from; read with a PlaybackProgramBuilder"
        )

    def done(self) -> DumperDone:
        """Hand out what has been written."""
        return DumperDone(self.take())


def from_portablebinary(dump: DumperDone, content: bytes) -> None:
    """Fill `dump` with the content of a calibration file."""
    dump.content = content


def convert_to_chip(dump: DumperDone, chip: Chip | None = None) -> Chip:
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
        if isinstance(coordinate, ChipOnDLS):
            result = deepcopy(container)
        elif isinstance(coordinate, AtomicNeuronOnDLS):
            result.neuron_block.atomic_neurons[coordinate] = container
    return result


def convert_to_builder(dump: DumperDone) -> PlaybackProgramBuilder:
    """Return a builder that writes the circuits of neurons that a calibration holds.

    Raises
    ------
    ValueError
        The content is that of no calibration.
    """
    builder = PlaybackProgramBuilder()
    neurons = convert_to_chip(dump).neuron_block.atomic_neurons
    for coordinate in iter_all(AtomicNeuronOnDLS):
        builder.write(coordinate, neurons[coordinate])
    return builder
