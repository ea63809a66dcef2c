"""The links that events pass one after the other, and what happened on them.

A link carries one event at a time. An event that comes while the link is taken waits for its turn,
first come, first served; where more events wait than the buffer of the link holds, the event is
dropped. Nothing is as long as a queue of spikes: the time at which a link is free again is all that
has to be known of it [1]_.

Times are integers: ps of the chip. So sums are exact, and a run that is cut into pieces gives the
same waits.

References
----------
.. [1] D. V. Lindley, The theory of queues with a single server, Proc. Camb. Phil. Soc. 48, 1952.
"""

from __future__ import annotations

import enum
from dataclasses import field, fields
from typing import Any

import numpy as np

from . import hicannx as chip
from .frozen import frozen
from .records import frozen_array

__all__ = ["LINKS_PER_CHIP", "LinkKind", "Links", "Traffic", "Ways", "chip_links", "link_index"]


class LinkKind(enum.IntEnum):
    """The links of one chip, in the order in which they are counted."""

    EVENT_OUTPUT = 0  #: of 64 neurons, into the crossbar
    BUS = 1  #: from the crossbar to the synapse drivers
    L2_OUTPUT = 2  #: from the crossbar towards the FPGA
    TO_FPGA = 3  #: from the chip to its FPGA
    SEND = 4  #: from the FPGA of the chip to other FPGAs
    RECEIVE = 5  #: from other FPGAs to that of the chip
    TO_CHIP = 6  #: from the FPGA to its chip: spikes of the host and of other chips
    CHANNEL = 7  #: from the FPGA into the crossbar


#: Number of each kind, shortest distance of its events (µs), buffer, and name.
_KINDS = {
    LinkKind.EVENT_OUTPUT: (
        chip.EVENT_OUTPUTS, chip.OUTPUT_INTERVAL, chip.OUTPUT_BUFFER, "output {} of 64 neurons"
    ),
    LinkKind.BUS: (
        chip.HEMISPHERES * chip.PADI_BUSES, chip.BUS_INTERVAL, chip.LINK_BUFFER,
        "bus {} to the synapses",
    ),
    LinkKind.L2_OUTPUT: (
        chip.L2_CHANNELS, chip.L2_INTERVAL, chip.LINK_BUFFER, "channel {} towards the FPGA"
    ),
    LinkKind.TO_FPGA: (
        1, chip.MESSAGE_INTERVAL / chip.EVENTS_PER_MESSAGE, chip.LINK_BUFFER, "chip to its FPGA"
    ),
    LinkKind.SEND: (
        1, chip.BACKPLANE_INTERVAL, chip.LINK_BUFFER, "FPGA to other chips"
    ),
    LinkKind.RECEIVE: (
        1, chip.BACKPLANE_INTERVAL, chip.LINK_BUFFER, "other chips to the FPGA"
    ),
    LinkKind.TO_CHIP: (
        1, chip.MESSAGE_INTERVAL / chip.EVENTS_PER_MESSAGE, chip.LINK_BUFFER, "FPGA to its chip"
    ),
    LinkKind.CHANNEL: (
        chip.L2_CHANNELS, chip.L2_INTERVAL, chip.LINK_BUFFER, "channel {} from the FPGA"
    ),
}  # fmt: skip
_COUNTS = np.array([_KINDS[kind][0] for kind in LinkKind])
_FIRST = np.cumsum(_COUNTS) - _COUNTS
LINKS_PER_CHIP = int(_COUNTS.sum())


def link_index(
    kind: LinkKind, on_chip: np.ndarray | int, number: np.ndarray | int = 0
) -> np.ndarray:
    """Index of link `number` of a kind on each chip, counted over all chips."""
    return np.asarray(on_chip) * LINKS_PER_CHIP + _FIRST[kind] + number


@frozen
class Links:
    """Links and what they can carry.

    Attributes
    ----------
    name : tuple of str
    interval : int64 (n,), ps
        Shortest distance of two events, at least 1.
    buffer : int64 (n,)
        Events that may wait, besides the one on its way.
    """

    name: tuple[str, ...]
    interval: np.ndarray
    buffer: np.ndarray

    def __post_init__(self) -> None:
        for name, low in (("interval", 1), ("buffer", 0)):
            values = frozen_array(getattr(self, name), np.int64, (len(self.name),), f"Links.{name}")
            if (values < low).any():
                raise ValueError(f"Links.{name}: must be at least {low}")
            object.__setattr__(self, name, values)

    def __len__(self) -> int:
        return len(self.name)

    def patience(self, step: int) -> np.ndarray:
        """How long an event waits before it is dropped: int64 (n,), ps.

        As long as the buffer takes to empty. When in a step a spike came is not known, so what a
        link can carry within one `step` (ps) is never lost.
        """
        return np.maximum(self.buffer * self.interval, step - self.interval)


def chip_links(n_chips: int) -> Links:
    """The links of some chips and of their FPGAs."""
    names, interval, buffer = [], [], []
    for count, time, room, name in (_KINDS[kind] for kind in LinkKind):
        names += [name.format(k) for k in range(count)]
        interval += [round(time * chip.PICOSECONDS)] * count
        buffer += [room] * count
    return Links(
        tuple(f"chip {c}: {name}" for c in range(n_chips) for name in names),
        np.tile(np.array(interval, np.int64), n_chips),
        np.tile(np.array(buffer, np.int64), n_chips),
    )


def _int(dtype: type, doc: str) -> Any:
    return field(metadata={"dtype": dtype, "doc": doc})


@frozen
class Ways:
    """The ways of all events through the links, as trees of hops.

    The event of a source sets out at its first hops. A hop is the passage of one link; whoever has
    passed it goes on to all hops that follow, and to the synapses that it drives.

    Attributes
    ----------
    links : Links
    step : int
        Time step in ps.
    link : int32 (n_hops,)
    at : int64 (n_hops,), ps
        When an event comes to the hop after its source has spiked, if it has to wait nowhere.
    slack : int64 (n_hops,), ps
        Waits shorter than this do not shift the arrival at the synapses to a later step.
    parent : int64 (n_hops,)
        The hop before, which has a smaller index; -1 at the first hops.
    source : int64 (n_hops,)
    begin, end : int64 (n_hops,)
        The synapses that the hop drives, as they stand in the `SynapseTable`.
    """

    links: Links
    step: int
    link: np.ndarray = _int(np.int32, "index into links")
    at: np.ndarray = _int(np.int64, "ps")
    slack: np.ndarray = _int(np.int64, "ps")
    parent: np.ndarray = _int(np.int64, "hop or -1")
    source: np.ndarray = _int(np.int64, "neurons, then external inputs")
    begin: np.ndarray = _int(np.int64, "first synapse")
    end: np.ndarray = _int(np.int64, "behind the last synapse")

    def __post_init__(self) -> None:
        for f in fields(self):
            if "dtype" in f.metadata:
                values = frozen_array(
                    getattr(self, f.name), f.metadata["dtype"], (len(self.link),), f"Ways.{f.name}"
                )
                object.__setattr__(self, f.name, values)
        if self.step < 1:
            raise ValueError(f"Ways.step: {self.step} ps, at least 1 is needed")
        if len(self) and not 0 <= self.link.min() <= self.link.max() < len(self.links):
            raise ValueError(f"Ways.link: must lie in [0, {len(self.links)})")
        if (self.parent >= np.arange(len(self))).any() or (self.parent < -1).any():
            raise ValueError("Ways.parent: a hop must come behind the one that leads to it")

    def __len__(self) -> int:
        return len(self.link)


#: Rows of the counters of traffic.
_COUNTERS = 5


@frozen
class Traffic:
    """What passed the links of the event routing.

    ``one + other`` is the traffic of two runs; the second may have more chips than the first.

    Attributes
    ----------
    links : Links
    time : float, µs
        Of the chip: how long the links were watched.
    counts : int64 (5, n)
        Rows: `events`, `delayed`, `dropped`, `waited` and `longest`.
    """

    links: Links
    time: float
    counts: np.ndarray

    def __post_init__(self) -> None:
        counts = frozen_array(self.counts, np.int64, (_COUNTERS, len(self.links)), "Traffic.counts")
        object.__setattr__(self, "counts", counts)

    @property
    def events(self) -> np.ndarray:
        """Events that came: int64 (n,)."""
        return self.counts[0]

    @property
    def delayed(self) -> np.ndarray:
        """Events that waited and went on: int64 (n,)."""
        return self.counts[1]

    @property
    def dropped(self) -> np.ndarray:
        """Events that were dropped: int64 (n,)."""
        return self.counts[2]

    @property
    def waited(self) -> np.ndarray:
        """Sum of the waits of events that went on: int64 (n,), ps."""
        return self.counts[3]

    @property
    def longest(self) -> np.ndarray:
        """Longest wait of an event that went on: int64 (n,), ps."""
        return self.counts[4]

    @property
    def utilisation(self) -> np.ndarray:
        """Part of the time for which each link was taken: float64 (n,), 0 to 1.

        Slightly more than 1 is possible in a short run: events taken near its end pass later.
        """
        passed = (self.events - self.dropped) * self.links.interval
        return passed / max(1.0, self.time * chip.PICOSECONDS)

    @property
    def mean_wait(self) -> np.ndarray:
        """Mean wait of the events that went on: float64 (n,), µs."""
        return self.waited / np.maximum(1, self.events - self.dropped) / chip.PICOSECONDS

    def busiest(self, most: int = 5) -> np.ndarray:
        """Indices of links with traffic: those that drop most first, then the most used."""
        order = np.lexsort((np.arange(len(self.links)), -self.utilisation, -self.dropped))
        return order[self.events[order] > 0][:most]

    def __add__(self, other: Traffic) -> Traffic:
        fewer, more = sorted((self, other), key=lambda part: len(part.links))
        n = len(fewer.links)
        if fewer.links is not more.links and fewer.links.name != more.links.name[:n]:
            raise ValueError("Traffic: the two were observed on different links")
        counts = np.array(more.counts)
        counts[:4, :n] += fewer.counts[:4]
        counts[4, :n] = np.maximum(more.longest[:n], fewer.longest)
        return Traffic(more.links, self.time + other.time, counts)

    def to_dict(self) -> dict:
        """Links with traffic, in the order of `busiest`, as dicts of numbers; times in µs."""
        rows = [
            {
                "link": self.links.name[k],
                "events": int(self.events[k]),
                "delayed": int(self.delayed[k]),
                "dropped": int(self.dropped[k]),
                "mean_wait": float(self.mean_wait[k]),
                "longest_wait": int(self.longest[k]) / chip.PICOSECONDS,
                "utilisation": float(self.utilisation[k]),
            }
            for k in self.busiest(len(self.links))
        ]
        return {"time": float(self.time), "links": rows}

    def __str__(self) -> str:
        lost, came = int(self.dropped.sum()), int(self.events.sum())
        lines = [f"Traffic: {came} passages of links in {self.time:g} us of the chip, {lost} lost"]
        for k in self.busiest():
            lines.append(
                f"  {self.links.name[k]}: {self.events[k]} events, {self.delayed[k]} delayed, "
                f"{self.dropped[k]} dropped; longest wait "
                f"{self.longest[k] / chip.PICOSECONDS:.3g} us, "
                f"{100 * self.utilisation[k]:.3g} % used"
            )
        return "\n".join(lines)
