"""What a script writes to and reads from the chip beside its network."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["InjectedConfiguration", "InjectedReadout"]


@dataclass
class InjectedConfiguration:
    """Registers that are written at certain points of an execution.

    Attributes
    ----------
    pre_non_realtime, pre_realtime, inside_realtime_begin, inside_realtime_end, post_realtime : dict
        Containers by coordinate.
    """

    pre_non_realtime: dict = field(default_factory=dict)
    pre_realtime: dict = field(default_factory=dict)
    inside_realtime_begin: dict = field(default_factory=dict)
    inside_realtime_end: dict = field(default_factory=dict)
    post_realtime: dict = field(default_factory=dict)


@dataclass
class InjectedReadout:
    """Coordinates that are read at certain points of an execution.

    Attributes
    ----------
    pre_realtime, inside_realtime_begin, inside_realtime_end, post_realtime : set
    """

    pre_realtime: set = field(default_factory=set)
    inside_realtime_begin: set = field(default_factory=set)
    inside_realtime_end: set = field(default_factory=set)
    post_realtime: set = field(default_factory=set)
