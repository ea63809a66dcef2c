"""What a report is laid out from: sections of sentences and tables.

Whoever has something to say about a mapped network makes a `Section`; text, HTML and dict follow
from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Integral

__all__ = ["Cell", "Section", "Share", "Table", "counted", "shown", "span"]

#: Digits of a number of a table.
_DIGITS = 3
_INTEGERS_BELOW = 1e6


@dataclass(frozen=True)
class Share:
    """A part of a whole, drawn as a bar.

    Attributes
    ----------
    fraction : float
        1 is the whole; more is possible, e.g. for events on a link.
    """

    fraction: float

    def __str__(self) -> str:
        return f"{shown(100 * self.fraction)} %"


Cell = str | int | float | Share | None


@dataclass(frozen=True)
class Table:
    """Rows of cells under column titles.

    Attributes
    ----------
    columns : tuple of str
        Titles, with the unit.
    rows : tuple of tuple of Cell
        Numbers are shown with three digits, integers with thousands apart, None as a dash. The
        most important rows come first: a page shows only so many.
    title : str
    brief : int, optional
        Rows that are worth to be seen at once; all others are named by their number, or folded.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    brief: int | None = None

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"table {self.title!r}: {len(row)} cells in a row of {len(self.columns)} "
                    f"columns: {row}"
                )

    def visible(self, most: int) -> int:
        """Rows to be seen at once, where a page has room for `most`."""
        return len(self.rows[: most if self.brief is None else min(self.brief, most)])

    def numeric(self, column: int) -> bool:
        """Whether all cells of a column are numbers, and thus stand to the right."""
        return not any(isinstance(row[column], str) for row in self.rows)


@dataclass(frozen=True)
class Section:
    """One subject of a report.

    Attributes
    ----------
    name : str
        Key in ``report.to_dict()``; a later section of the same name takes the place of the first.
    title : str
    tables : tuple of Table
    lines : tuple of str
        Sentences under the title.
    headline : str
        A sentence for the top of the page, "" for none.
    data : object, optional
        The numbers as dicts, lists, strings and numbers; by default those of the tables.
    """

    name: str
    title: str
    tables: tuple[Table, ...] = ()
    lines: tuple[str, ...] = ()
    headline: str = ""
    data: object = field(default=None, compare=False)

    def to_dict(self) -> object:
        """The numbers of the section."""
        if self.data is not None:
            return self.data
        tables = [
            {
                "title": table.title,
                "rows": [
                    {
                        title: cell.fraction if isinstance(cell, Share) else cell
                        for title, cell in zip(table.columns, row, strict=True)
                    }
                    for row in table.rows
                ],
            }
            for table in self.tables
        ]
        return {"headline": self.headline, "lines": list(self.lines), "tables": tables}


def shown(cell: Cell) -> str:
    """A cell as text."""
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Integral):
        return f"{cell:,}"
    if isinstance(cell, Share):
        return str(cell)
    if 10**_DIGITS <= abs(cell) < _INTEGERS_BELOW:
        return f"{cell:,.0f}"
    return f"{cell:.{_DIGITS}g}"


def counted(n: int, noun: str) -> str:
    """``1 chip``, ``2 chips``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def span(values: tuple[float, float]) -> str:
    """``0.2 to 1.3``, or one number where both are shown alike."""
    low, high = (f"{value:.6g}" for value in values)
    return low if low == high else f"{low} to {high}"
