"""How busy the buses and links are: rates of sources against what one link can carry.

Which events a link carries is read from the registers. Events that would have to wait for each
other are not looked at here, only means over time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.event_path import Crossing, Link

__all__ = ["EventRates", "LinkRate", "SourceRates", "event_rates", "link_capacity"]


def link_capacity() -> float:
    """Most events that one link can carry: events per second of biological time."""
    return 1e3 / chip.EVENT_INTERVAL


@dataclass(frozen=True)
class SourceRates:
    """Spikes per second of each source, neurons first, then external ones.

    Attributes
    ----------
    rate : float64 (n_sources,), Hz of biological time
        NaN where it is not known.
    basis : str
        Where the rates come from, e.g. "spikes of 500 ms".
    """

    rate: np.ndarray
    basis: str

    @classmethod
    def unknown(cls, n_sources: int) -> SourceRates:
        """Nothing is known of any source."""
        return cls(np.full(n_sources, np.nan), "the registers alone")


@dataclass(frozen=True)
class LinkRate:
    """The events that one link carries.

    Attributes
    ----------
    name : str
    kind : str
        Value of a `Link`.
    chip : int
    sources : int
        Sources with events on this link.
    unknown : int
        Those of them whose rate is not known; their events are left out of `rate`.
    rate : float, Hz of biological time
        Events. A source that is sent with several labels counts as often.
    utilisation : float
        `rate` as a part of what the link can carry.
    full_at : float, Hz
        Rate of each source at which the link would be full, were it the same for all.
    """

    name: str
    kind: str
    chip: int
    sources: int
    unknown: int
    rate: float
    utilisation: float
    full_at: float


@dataclass(frozen=True)
class EventRates:
    """Events on all links in use.

    Attributes
    ----------
    basis : str
        Where the rates of sources come from.
    capacity : float, Hz of biological time
        Most events that one link carries.
    sources, unknown : int
        Sources that send events over some link, and those of them whose rate is not known.
    links : tuple of LinkRate
        The busiest first; those as busy by their number of events per spike of each source.
    """

    basis: str
    capacity: float
    sources: int
    unknown: int
    links: tuple[LinkRate, ...]


def event_rates(crossings: tuple[Crossing, ...], rates: SourceRates) -> EventRates:
    """Add up the rates of the sources of each link.

    Parameters
    ----------
    crossings : tuple of Crossing
        See `event_path.crossings`.
    rates : SourceRates
    """
    capacity = link_capacity()
    rate = np.nan_to_num(rates.rate)
    unknown = np.isnan(rates.rate)
    links = []
    for crossing in crossings:
        # a source counts once, its events as often as they pass
        link = crossing.chip * crossing.link.ports + crossing.port
        events = np.bincount(link)
        total = np.bincount(link, rate[crossing.source])
        on_link, source = np.divmod(np.unique(link * len(rate) + crossing.source), len(rate))
        sources = np.bincount(on_link, minlength=len(events))
        strange = np.bincount(on_link, unknown[source], minlength=len(events))
        for number in np.flatnonzero(events).tolist():
            on_chip, port = divmod(number, crossing.link.ports)
            links.append(
                LinkRate(
                    _name(crossing.link, on_chip, port),
                    crossing.link.value,
                    on_chip,
                    int(sources[number]),
                    int(strange[number]),
                    float(total[number]),
                    float(total[number]) / capacity,
                    capacity / int(events[number]),
                )
            )
    links.sort(key=lambda link: (-link.utilisation, link.full_at))
    sending = [crossing.source for crossing in crossings]
    used = np.unique(np.concatenate(sending)) if sending else np.empty(0, np.int64)
    return EventRates(rates.basis, capacity, len(used), int(unknown[used].sum()), tuple(links))


def _name(link: Link, on_chip: int, port: int) -> str:
    if link is not Link.BUS:
        return f"chip {on_chip}, {link.value} {port}"
    hemisphere, bus = divmod(port, chip.PADI_BUSES)
    return f"chip {on_chip}, {'bottom' if hemisphere else 'top'} {link.value} {bus}"
