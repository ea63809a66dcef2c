"""The report of a mapping: its numbers, and the ways to look at them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import contents
from .html import page as html_page
from .rates import EventRates
from .records import ChipUsage, PopulationReport, ProjectionReport
from .sections import Section
from .text import page as text_page
from .text import terminal_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Report"]


@dataclass(frozen=True)
class Report:
    """The mapping of a network in numbers; ``str(report)`` is a page for a terminal.

    Attributes
    ----------
    chip : str
        The chip model.
    timestep : float, ms
    chips, circuits_used, circuits_free : int
    populations : tuple of PopulationReport
    projections : tuple of ProjectionReport
    usage : tuple of ChipUsage
        What is in use of each chip, counted in its registers.
    rates : EventRates or None
        Events on buses and links; None where connections go over no bus (``routing="lifted"``).
    notes : tuple of str
        What this chip model leaves out.
    further : tuple of Section
        What others have to say; see `with_section`.
    picture : callable, optional
        Draws one chip, given its number, or all of them, given None.
    """

    chip: str
    timestep: float
    chips: int
    circuits_used: int
    circuits_free: int
    populations: tuple[PopulationReport, ...]
    projections: tuple[ProjectionReport, ...]
    usage: tuple[ChipUsage, ...]
    rates: EventRates | None
    notes: tuple[str, ...]
    further: tuple[Section, ...] = ()
    picture: Callable[[int | None], Figure] | None = field(default=None, repr=False, compare=False)

    def with_section(self, *sections: Section) -> Report:
        """This report with more sections; one of a name that is there takes its place."""
        names = {section.name for section in sections}
        kept = (section for section in self.further if section.name not in names)
        return replace(self, further=(*kept, *sections))

    @property
    def headline(self) -> tuple[str, ...]:
        """The essential in a few sentences."""
        return contents.headline(self)

    @property
    def sections(self) -> tuple[Section, ...]:
        """All sections, in the order of the page."""
        return contents.sections(self)

    def plot(self, chip: int | None = None) -> Figure:
        """Draw the chips: circuits by population, synapses in use, drivers, buses and crossbar.

        Parameters
        ----------
        chip : int, optional
            Number of the chip to draw in detail; by default all chips are drawn, with what goes
            between them, and a single one in detail.

        Returns
        -------
        matplotlib.figure.Figure
            ``figure.savefig("chip.svg")`` saves it.

        Raises
        ------
        ImportError
            matplotlib is not installed.
        ValueError
            There is no such chip, or the report was made without a mapping.
        """
        if self.picture is None:
            raise ValueError("this report is not that of a mapping; there is nothing to draw")
        return self.picture(chip)

    @property
    def clipped(self) -> tuple[str, ...]:
        """A sentence for each parameter of which values were clipped."""
        return tuple(
            f"{population.label}: {parameter}"
            for population in self.populations
            for parameter in population.parameters
            if parameter.clipped
        )

    def to_dict(self) -> dict:
        """All of it as dicts, lists and numbers, ready for JSON."""
        numbers = asdict(replace(self, picture=None, further=()))
        del numbers["picture"], numbers["further"]
        numbers["headline"] = self.headline
        numbers |= {section.name: section.to_dict() for section in self.further}
        return json.loads(json.dumps(numbers, default=_plain))

    def to_json(self, indent: int | None = 2) -> str:
        """All of it as JSON; a rate that is not known is null."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

    def to_text(self, width: int = 100) -> str:
        """A page of text, `width` columns wide; long lists are abridged."""
        return text_page(self.title, self.headline, self.sections, width)

    def to_html(self, picture: bool = True) -> str:
        """A fragment of HTML, with a picture of the chips unless matplotlib is missing."""
        draw = self.plot if picture and self.picture is not None else None
        return html_page(self.title, self.headline, self.sections, draw)

    @property
    def title(self) -> str:
        """What was mapped, and onto what."""
        return contents.title(self)

    def __str__(self) -> str:
        return self.to_text(terminal_width())

    def _repr_html_(self) -> str:
        return self.to_html()


def _plain(value: Any) -> Any:
    """A NumPy number or array of a section as what JSON knows."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} in a section of a report: {value!r}")
