"""A report as a page of text for a terminal."""

from __future__ import annotations

import shutil
import textwrap
import unicodedata
from collections.abc import Sequence

from .sections import Cell, Section, Share, Table, shown

__all__ = ["page", "terminal_width"]

#: A page shows so many rows of a table.
ROWS = 10
_NARROWEST, _WIDEST = 72, 120
_BAR = 10
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_GAP = "  "
#: The first column is not made narrower than this.
_SHORTEST = 12
#: Titles of columns are broken between words where they are longer.
_TITLE = 9


def terminal_width() -> int:
    """Columns of the terminal, as far as a page is readable."""
    return min(max(shutil.get_terminal_size((100, 24)).columns, _NARROWEST), _WIDEST)


def page(title: str, headline: Sequence[str], sections: Sequence[Section], width: int) -> str:
    """Lay out a report."""
    lines = textwrap.wrap(_plain(title), width)
    lines.append("═" * max(_width(line) for line in lines))
    for sentence in headline:
        lines += _paragraph(sentence, width, "• ")
    for section in sections:
        lines += ["", _plain(section.title), "─" * _width(_plain(section.title))]
        for sentence in section.lines:
            lines += _paragraph(sentence, width, "  ")
        for table in section.tables:
            lines += _table(table, width)
    return "\n".join(lines)


def _paragraph(sentence: str, width: int, mark: str) -> list[str]:
    return textwrap.wrap(
        _plain(sentence),
        width,
        initial_indent=mark,
        subsequent_indent="  ",
        break_on_hyphens=False,
    )


def _table(table: Table, width: int) -> list[str]:
    """The lines of a table, its first column as narrow as `width` demands."""
    seen = table.visible(ROWS)
    lines = [_GAP + table.title] if table.title else []
    if seen:
        lines += _grid(table, [[_cell(cell) for cell in row] for row in table.rows[:seen]], width)
    left_out = len(table.rows) - seen
    if left_out:
        lines.append(f"{_GAP}… and {left_out:,} more, see to_dict()")
    return lines


def _grid(table: Table, rows: list[list[str]], width: int) -> list[str]:
    titles = [_stacked(title) for title in table.columns]
    height = max(map(len, titles))
    head = [[(([""] * height) + title)[k - height] for title in titles] for k in range(height)]
    grid = head + rows
    widths = [max(_width(row[k]) for row in grid) for k in range(len(titles))]
    excess = sum(widths) + len(_GAP) * len(widths) - width
    widths[0] = max(min(widths[0], _SHORTEST), widths[0] - max(excess, 0))
    lines = []
    for row in grid:
        cells = [
            _pad(_shortened(cell, widths[k]), widths[k], right=table.numeric(k))
            for k, cell in enumerate(row)
        ]
        lines.append((_GAP + _GAP.join(cells)).rstrip())
    return lines


def _stacked(title: str) -> list[str]:
    """A column's title in lines of few characters."""
    return textwrap.wrap(_plain(title), _TITLE, break_long_words=False) or [""]


def _cell(cell: Cell) -> str:
    if isinstance(cell, Share):
        return f"{_bar(cell.fraction)} {shown(cell):>6}"
    return _plain(shown(cell))


def _bar(fraction: float) -> str:
    eighths = round(8 * _BAR * min(max(fraction, 0.0), 1.0))
    if fraction > 0:
        eighths = max(eighths, 1)
    full, rest = divmod(eighths, 8)
    bar = "█" * full + (_EIGHTHS[rest] if rest else "")
    return bar.ljust(_BAR, "·")


def _plain(text: str) -> str:
    """`text` in one line, without control characters that a terminal would obey."""
    return "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)


def _width(text: str) -> int:
    """Columns that `text` takes on a terminal."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _shortened(text: str, width: int) -> str:
    """`text` with its middle left out, where it is wider than `width`."""
    if _width(text) <= width:
        return text
    head, tail, room = "", "", width - 1
    for k in range(len(text)):
        piece = text[k // 2] if k % 2 == 0 else text[-1 - k // 2]
        room -= _columns(piece)
        if room < 0:
            break
        head, tail = (head + piece, tail) if k % 2 == 0 else (head, piece + tail)
    return f"{head}…{tail}"


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * max(0, width - _width(text))
    return space + text if right else text + space
