"""Spikes of the sources on the host that the emulator has still to see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from ._core.records import InputEvents

__all__ = ["SpikeQueue"]

#: Steps, external inputs, and times in ms: (n,) each.
_Columns: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]


class SpikeQueue:
    """Events of external inputs, sorted by step."""

    def __init__(self) -> None:
        self._columns: _Columns = np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0)

    def __len__(self) -> int:
        return len(self._columns[0])

    def add(self, parts: Sequence[_Columns]) -> None:
        """Add steps, external inputs and times (ms) of several populations.

        Events of one step keep their order: those that were there, then part after part.
        """
        if not parts:
            return
        step, source, time = (
            np.concatenate(column) for column in zip(self._columns, *parts, strict=True)
        )
        order = np.argsort(step, kind="stable")
        self._columns = step[order], source[order], time[order]

    def until(self, stop: int) -> InputEvents:
        """The events before step `stop`."""
        if not len(self):
            return InputEvents.none()
        step, source, _ = self._columns
        due = step < stop
        return InputEvents(step[due], source[due])

    def keep_from(self, step: int) -> None:
        """Forget the events before a step."""
        self._keep(self._columns[0] >= step)

    def keep_before(self, time: float) -> None:
        """Forget the events from a time (ms) on."""
        self._keep(self._columns[2] < time)

    def _keep(self, wanted: np.ndarray) -> None:
        step, source, time = self._columns
        self._columns = step[wanted], source[wanted], time[wanted]
