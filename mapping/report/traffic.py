"""What was counted on buses and links during the runs."""

from __future__ import annotations

from pynn_bss2sim._core.links import Traffic

from .sections import Section, Share, Table, counted

__all__ = ["traffic_section"]

#: Links to be seen at once.
_BRIEF = 8


def traffic_section(traffic: Traffic) -> Section:
    """The busiest links, those that dropped events first."""
    numbers = traffic.to_dict()
    rows = tuple(
        (
            link["link"],
            link["events"],
            link["delayed"],
            link["dropped"],
            link["mean_wait"],
            link["longest_wait"],
            Share(link["utilisation"]),
        )
        for link in numbers["links"]
    )
    lost = int(traffic.dropped.sum())
    lines = [
        f"Counted in the runs, {traffic.time:,.6g} ms. A link carries one event at a time; one "
        "that finds it taken waits, and is dropped where too many wait."
    ]
    if lost:
        lines.append(
            "Behind a link with losses, lower rates or less synchrony help, or neurons on more "
            "chips; bandwidth='unlimited' lifts the limit."
        )
    columns = ("link", "events", "delayed", "dropped", "mean wait (ms)", "longest (ms)", "in use")
    return Section(
        "traffic",
        "Events counted on buses and links",
        (Table(columns, rows, brief=_BRIEF),),
        tuple(lines),
        f"{counted(lost, 'event')} dropped on full buses and links" if lost else "",
        numbers,
    )
