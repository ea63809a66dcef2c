"""Traffic of the links, and warnings of events that were dropped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._core.links import Traffic

__all__ = ["TrafficCount", "warn_of_loss"]

logger = logging.getLogger(__name__)


class TrafficCount:
    """What has passed the links since time 0.

    Attributes
    ----------
    total : Traffic or None
        None as long as nothing has run, and where links limit nothing.
    """

    def __init__(self) -> None:
        self.total: Traffic | None = None
        self._told = 0

    def add(self, new: Traffic | None) -> None:
        """Add the traffic of one run of the emulator."""
        if new is not None:
            self.total = new if self.total is None else self.total + new

    def tell(self, time: float) -> None:
        """Warn of dropped events: when the first are, and whenever their number has doubled."""
        lost = 0 if self.total is None else int(self.total.dropped.sum())
        if self.total is None or lost < max(1, 2 * self._told):
            return
        self._told = lost
        warn_of_loss(self.total, time)


#: How the limit of links is lifted, beside less traffic.
_LIFT = (
    "see 'traffic' in mapping_report(), or lift the limit with ChipModel's bandwidth='unlimited'"
)


def warn_of_loss(traffic: Traffic, time: float, way_out: str = _LIFT) -> None:
    """Log how many events were dropped until a time (ms), on which link most, and the way out."""
    worst = int(traffic.dropped.argmax())
    logger.warning(
        "%d events dropped until t = %g ms because too many waited for a link of the event "
        "routing, most (%d of %d) at %s. Lower the rates or synchrony of the neurons and sources "
        "behind it, %s",
        traffic.dropped.sum(),
        time,
        traffic.dropped[worst],
        traffic.events[worst],
        traffic.links.name[worst],
        way_out,
    )
