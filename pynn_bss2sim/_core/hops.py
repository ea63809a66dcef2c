"""The hops of events over links, and when they make them.

Published are only latencies of whole ways. They are divided here so that every way has the same
last part, from the crossbar to the synapses, and every event of the FPGA the same one before it.
"""

from __future__ import annotations

import enum
from dataclasses import fields

import numpy as np

from . import hicannx as chip
from .frozen import frozen
from .links import LinkKind, Ways, chip_links, link_index

__all__ = ["LATENCY", "HopList", "Hops", "Path", "Place", "Timing", "make_ways"]


class Path(enum.IntEnum):
    """How an event comes to a synapse; each way has its latency."""

    DIRECT = 0  #: of a neuron or generator, through the crossbar of its own chip
    HOST = 1  #: sent by the host
    LOOP = 2  #: of a neuron, through the FPGA and back to the same chip
    CHIPS = 3  #: of a neuron, through the FPGAs to another chip


#: From spike to synapse, µs, where nothing waits.
LATENCY = {
    Path.DIRECT: chip.LATENCY_INTERNAL,
    Path.HOST: chip.LATENCY_EXTERNAL,
    Path.LOOP: chip.LATENCY_TO_FPGA + chip.LATENCY_EXTERNAL,
    Path.CHIPS: chip.LATENCY_CHIP_TO_CHIP,
}


class Place(enum.IntEnum):
    """Where on its way an event is when it comes to a link."""

    CHIP = 0  #: on the chip of its source, on the way out of it
    SENDER = 1  #: at the FPGA that sends it to other chips
    RECEIVER = 2  #: at the FPGA that sends it into the chip of its targets
    BUS = 3  #: in the crossbar before a bus


@frozen
class Hops:
    """Passages of links; all int64 (n,).

    Attributes
    ----------
    link : counted over all chips
    parent : the hop before, -1 at the first
    source : neurons, then external inputs
    path, place : `Path` and `Place` values
    """

    link: np.ndarray
    parent: np.ndarray
    source: np.ndarray
    path: np.ndarray
    place: np.ndarray


class HopList:
    """Hops while they are being found."""

    def __init__(self) -> None:
        self._parts = [(np.empty(0, np.int64),) * len(fields(Hops))]
        self._count = 0

    def add(
        self,
        place: Place,
        kind: LinkKind,
        on_chip: np.ndarray,
        number: np.ndarray | int,
        came: tuple[np.ndarray, np.ndarray, np.ndarray],
    ) -> np.ndarray:
        """Add a hop over link `number` of a `kind` on each chip; returns the new hops.

        `came` is source, path and hop before (or -1) of the events.
        """
        source, path, parent = came
        n = len(source)
        link = np.broadcast_to(link_index(kind, on_chip, number), n).astype(np.int64)
        self._parts.append((link, parent, source, path, np.full(n, place)))
        first, self._count = self._count, self._count + n
        return np.arange(first, self._count)

    def all(self) -> Hops:
        """All hops that were added."""
        return Hops(*(np.concatenate(column) for column in zip(*self._parts, strict=True)))


@frozen
class Timing:
    """When events come to links and synapses.

    Attributes
    ----------
    step : int
        Time step in ps.
    at : int64 (4, 4), ps
        For each `Path` and `Place`, after the spike.
    slack : int64 (4,), ps
        For each `Path`: shorter waits do not shift the arrival to a later step.
    """

    step: int
    at: np.ndarray
    slack: np.ndarray

    @classmethod
    def of_latency(cls, timestep: float, steps: np.ndarray) -> Timing:
        """Ways with the latency of the chip, which is so many `steps`, (4,), of `timestep` µs.

        No event may come to its last link later than a step before it arrives, so with long
        steps some hops are made earlier than on the chip.
        """
        step = round(timestep * chip.PICOSECONDS)
        latency = np.array([LATENCY[path] for path in Path])
        at = np.zeros((len(Path), len(Place)))
        at[Path.CHIPS, Place.SENDER] = chip.LATENCY_TO_FPGA
        at[:, Place.RECEIVER] = latency - chip.LATENCY_EXTERNAL
        at[:, Place.BUS] = latency - chip.LATENCY_INTERNAL
        latest = (np.asarray(steps, np.int64) - 1) * step
        at = np.minimum(np.rint(at * chip.PICOSECONDS).astype(np.int64), latest[:, np.newaxis])
        slack = np.rint(((steps + 0.5) * timestep - latency) * chip.PICOSECONDS)
        return cls(step, np.maximum(at, 0), np.clip(slack.astype(np.int64), 1, step))

    @classmethod
    def of_own_delays(cls, timestep: float) -> Timing:
        """Connections with delays of their own: all hops are made at the time of the spike."""
        step = round(timestep * chip.PICOSECONDS)
        at = np.zeros((len(Path), len(Place)), np.int64)
        return cls(step, at, np.full(len(Path), step - step // 2))


def make_ways(hops: Hops, n_chips: int, timing: Timing, begin: np.ndarray, end: np.ndarray) -> Ways:
    """Ways of events that drive the synapses `begin` to `end`, (n_hops,), behind each hop."""
    return Ways(
        chip_links(n_chips),
        timing.step,
        hops.link,
        timing.at[hops.path, hops.place],
        timing.slack[hops.path],
        hops.parent,
        hops.source,
        begin,
        end,
    )
