"""Neo blocks as spike trains and traces that can be set side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import neo
import numpy as np

__all__ = ["Recording", "Trace", "read_block"]


@dataclass(frozen=True)
class Trace:
    """One signal of one cell.

    Attributes
    ----------
    times : float64 (m,), ms
    values : float64 (m,)
        In `units`.
    """

    times: np.ndarray
    values: np.ndarray
    units: str


@dataclass(frozen=True)
class Recording:
    """What one population recorded on one target.

    Attributes
    ----------
    trains : dict of (int, int) to neo.SpikeTrain
        By segment and index of the cell in its population. Silent cells have a train, too.
    traces : dict of (str, int, int) to Trace
        By variable, segment and index of the cell.
    duration : float, ms
        Length of all segments together.
    """

    trains: dict[tuple[int, int], neo.SpikeTrain]
    traces: dict[tuple[str, int, int], Trace]
    duration: float


def read_block(block: neo.Block) -> Recording:
    """Sort the contents of a block that a PyNN backend made."""
    trains: dict[tuple[int, int], neo.SpikeTrain] = {}
    traces: dict[tuple[str, int, int], Trace] = {}
    duration = 0.0
    first = block.annotations.get("first_id", 0)
    for number, segment in enumerate(block.segments):
        for train in segment.spiketrains:
            index = train.annotations.get("source_index")
            if index is None:
                index = train.annotations["channel_id"] - first
            trains[number, int(index)] = train
        signals = [*segment.analogsignals, *segment.irregularlysampledsignals]
        for signal in signals:
            traces |= _traces(number, signal)
        # a signal ends one sample behind the spikes
        timed = segment.spiketrains or signals
        duration += max((_ms(t.t_stop) - _ms(t.t_start) for t in timed), default=0.0)
    return Recording(dict(sorted(trains.items())), dict(sorted(traces.items())), duration)


def _traces(
    number: int, signal: neo.core.basesignal.BaseSignal
) -> dict[tuple[str, int, int], Trace]:
    """The channels of a signal, each under its cell."""
    values = signal.magnitude
    cells = signal.array_annotations.get("channel_index", np.arange(values.shape[1]))
    times = signal.times.rescale("ms").magnitude
    units = signal.units.dimensionality.string
    return {
        (signal.name, number, int(cell)): Trace(times, values[:, k], units)
        for k, cell in enumerate(cells)
    }


def _ms(quantity: Any) -> float:
    return float(quantity.rescale("ms"))
