"""Programs for the chip: what is written and read beside a network."""

from __future__ import annotations

from copy import deepcopy

__all__ = ["AbsoluteTimePlaybackProgramBuilder", "PlaybackProgramBuilder"]


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
