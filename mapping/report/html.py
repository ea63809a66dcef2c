"""A report as HTML for a notebook: tables, bars, and the picture behind a fold.

Colours of text and background are those of the page around it, so that light and dark themes are
readable; nothing is loaded from elsewhere.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from .sections import Cell, Section, Share, Table, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["page"]

#: A page shows so many rows of a table at once; all others are behind a fold.
ROWS = 20
#: Of a list that is longer than this, the rest is left out.
LONGEST = 500

_STYLE = """
.bss2sim {font-family: system-ui, sans-serif; font-size: 14px; line-height: 1.45; max-width: 62em}
.bss2sim h3 {font-size: 1.2em; margin: .3em 0 .4em}
.bss2sim h4 {font-size: 1em; margin: 1.3em 0 .3em}
.bss2sim ul {margin: .2em 0 .6em; padding-left: 1.3em}
.bss2sim p {margin: .2em 0}
.bss2sim .scroll {overflow-x: auto}
.bss2sim table {border-collapse: collapse; margin: .3em 0; border: 0; font-size: .93em}
.bss2sim caption {text-align: left; opacity: .75; padding: .2em 0}
.bss2sim tr, .bss2sim tr:nth-child(even) {background: transparent}
.bss2sim th, .bss2sim td {padding: .2em .7em; border: 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid rgba(128, 128, 128, .3); font-variant-numeric: tabular-nums}
.bss2sim th {font-weight: 600; vertical-align: bottom; border-bottom-width: 2px;
  white-space: normal; max-width: 7em}
.bss2sim .text {text-align: left; max-width: 22em; overflow: hidden; text-overflow: ellipsis}
.bss2sim .bar {display: inline-block; width: 7em; height: .75em; margin-right: .5em;
  border-radius: .2em; background: rgba(128, 128, 128, .25); vertical-align: baseline}
.bss2sim .bar i {display: block; height: 100%; border-radius: .2em; background: #2b83ba}
.bss2sim .bar i.full {background: #d95f02}
.bss2sim .share {display: inline-block; min-width: 4em}
.bss2sim details {margin: .5em 0}
.bss2sim summary {cursor: pointer; opacity: .85}
.bss2sim img {max-width: 100%; background: white; border-radius: .3em}
"""


def page(
    title: str,
    headline: Sequence[str],
    sections: Sequence[Section],
    draw: Callable[[], Figure] | None = None,
) -> str:
    """Lay out a report.

    Parameters
    ----------
    draw : callable, optional
        Makes the picture. Without matplotlib the page says what is missing.
    """
    parts = [
        f"<style>{_STYLE}</style>",
        f"<h3>{escape(title)}</h3>",
        "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in headline) + "</ul>",
    ]
    if draw is not None:
        parts.append(_picture(draw))
    parts += [_section(section) for section in sections]
    return f'<div class="bss2sim">{"".join(parts)}</div>'


def _section(section: Section) -> str:
    lines = "".join(f"<p>{escape(sentence)}</p>" for sentence in section.lines)
    tables = "".join(_table(table) for table in section.tables)
    return f"<h4>{escape(section.title)}</h4>{lines}{tables}"


def _table(table: Table) -> str:
    shape = [' class="text"' if not table.numeric(k) else "" for k in range(len(table.columns))]
    head = "".join(
        f"<th{kind}>{escape(title)}</th>" for title, kind in zip(table.columns, shape, strict=True)
    )

    def body(rows: Iterable[tuple]) -> str:
        lines = (
            "".join(f"<td{kind}>{_cell(cell)}</td>" for cell, kind in zip(row, shape, strict=True))
            for row in rows
        )
        return "".join(f"<tr>{line}</tr>" for line in lines)

    def whole(rows: Iterable[tuple], caption: str = "") -> str:
        above = f"<caption>{escape(caption)}</caption>" if caption else ""
        return (
            f'<div class="scroll"><table>{above}<thead><tr>{head}</tr></thead>'
            f"<tbody>{body(rows)}</tbody></table></div>"
        )

    seen = table.visible(ROWS)
    page = whole(table.rows[:seen], table.title) if seen else ""
    rest = table.rows[seen:LONGEST]
    if rest:
        page += f"<details><summary>… and {len(table.rows) - seen:,} more</summary>{whole(rest)}"
        if len(table.rows) > LONGEST:
            page += f"<p>… and {len(table.rows) - LONGEST:,} more, see to_dict()</p>"
        page += "</details>"
    return page


def _cell(cell: Cell) -> str:
    if not isinstance(cell, Share):
        return escape(shown(cell))
    width = 100 * min(max(cell.fraction, 0.0), 1.0)
    full = ' class="full"' if cell.fraction > 1 else ""
    return (
        f'<span class="bar"><i{full} style="width:{width:.1f}%"></i></span>'
        f'<span class="share">{escape(shown(cell))}</span>'
    )


def _picture(draw: Callable[[], Figure]) -> str:
    """The picture as an image of its own, so that its identifiers meet no other's."""
    try:
        figure = draw()
    except ImportError as error:
        return f"<p>No picture: {escape(str(error))}</p>"
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    svg = quote(file.getvalue(), safe=" =:/;,+()")
    return (
        "<details><summary>Picture of the chips</summary>"
        f'<img alt="the chips with circuits, synapses and routing in use" '
        f'src="data:image/svg+xml,{svg}"></details>'
    )
