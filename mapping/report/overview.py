"""A picture of several chips, and of what goes between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim._core import hicannx as facts

from . import paint
from .picture import draw_chip, legend_entries

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pynn_bss2sim.mapping.mapped import Mapping

__all__ = ["draw_chips", "links_between_chips"]

#: Height of a row of neuron circuits in an overview, in synapse rows: else it would not be seen.
_NEURON_HEIGHT = 16
_COLUMNS = 4
#: Rows and columns whose mean is one pixel, where chips are many.
_BLOCK = 4
#: Up to so many chips, the number of sources stands at each link.
_NUMBERED = 6
#: Width of the thickest link (points) of two chips; with more chips more links cross.
_THICKEST = 18.0


def draw_chips(mapping: Mapping) -> Figure:
    """Draw all chips of a mapping: one in detail, several side by side with their links.

    Parameters
    ----------
    mapping : Mapping

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig("chip.svg")``.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """
    n_chips = mapping.placement.chips
    if n_chips <= 1:
        return draw_chip(mapping, 0)
    columns = min(_COLUMNS, n_chips)
    rows = -(-n_chips // columns)
    linked = mapping.routing is not None
    width = 2.3 * columns + (4.6 if linked else 0.2)
    height = max(2.6 * rows, 4.2 if linked else 0.0) + 1.2
    figure = paint.matplotlib("figure").Figure(figsize=(width, height), layout="constrained")
    grid = figure.add_gridspec(
        1, 2 if linked else 1, width_ratios=[2.3 * columns, 4.4][: 1 + linked]
    )
    chips = grid[0].subgridspec(rows, columns)
    for k in range(n_chips):
        axes = figure.add_subplot(chips[k // columns, k % columns])
        axes.imshow(_overview(mapping, k), interpolation="antialiased", aspect="auto")
        axes.set_title(_title(mapping, k), fontsize=8)
        axes.set_xticks([])
        axes.set_yticks([])
    if linked:
        _links(figure.add_subplot(grid[1]), links_between_chips(mapping))
    figure.legend(
        handles=legend_entries(mapping, None), loc="outside lower center", fontsize=8,
        frameon=False, ncols=max(2, int(width // 3.4)),
    )  # fmt: skip
    return figure


def links_between_chips(mapping: Mapping) -> np.ndarray:
    """Sources whose events the FPGAs send from one chip to another: int64 (chips, chips).

    From the chip of the row to that of the column; a source counts once for each chip.
    """
    fpga, n = mapping.routed.fpga, mapping.placement.chips
    output = fpga.loop_chip.astype(np.int64) * facts.L2_CHANNELS + fpga.loop_output
    source = output * (facts.NEURON_LABEL_MAX + 1) + fpga.loop_label
    pairs = np.unique(source * n + fpga.to_chip)
    source, to_chip = np.divmod(pairs, n)
    from_chip = source // ((facts.NEURON_LABEL_MAX + 1) * facts.L2_CHANNELS)
    count = np.bincount(from_chip * n + to_chip, minlength=n * n).reshape(n, n)
    np.fill_diagonal(count, 0)
    return count


def _title(mapping: Mapping, chip: int) -> str:
    usage = mapping.report.usage[chip]
    title = f"chip {chip}\n{usage['neuron circuits'].used:,} circuits"
    if mapping.routing is not None:
        title += f", {usage['synapses'].used:,} synapses"
    return title


def _overview(mapping: Mapping, chip: int) -> np.ndarray:
    """All of a chip in one small picture; where chips are many, with the means of some pixels."""
    circuits = np.repeat(paint.circuit_colours(mapping, chip), _NEURON_HEIGHT, axis=0)
    top, bottom = (paint.synapses(mapping, chip, hemisphere) for hemisphere in (0, 1))
    picture = np.concatenate([top, circuits, bottom], axis=0)
    if mapping.placement.chips <= _COLUMNS:
        return picture
    rows, columns, _ = picture.shape
    blocks = picture.reshape(rows // _BLOCK, _BLOCK, columns // _BLOCK, _BLOCK, 3)
    return blocks.mean(axis=(1, 3))


def _links(axes: Axes, count: np.ndarray) -> None:
    """Chips on a circle, joined by lines as thick as sources go both ways."""
    n = len(count)
    angle = np.pi / 2 - 2 * np.pi * np.arange(n) / n
    place = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    both = count + count.T
    most = max(1, int(both.max()))
    for one, other in zip(*np.nonzero(np.triu(both)), strict=True):
        share = both[one, other] / most
        ends = place[[one, other]]
        axes.plot(
            *ends.T, color="0.35", lw=0.4 + _THICKEST / n * share, alpha=0.25 + 0.4 * share,
            zorder=1, solid_capstyle="round",
        )  # fmt: skip
        if n <= _NUMBERED:
            # off the middle, where lines cross
            x, y = 0.62 * ends[0] + 0.38 * ends[1]
            axes.text(
                x, y, f"{both[one, other]:,}", fontsize=8, ha="center", va="center", zorder=3,
                bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "0.7", "lw": 0.5},
            )  # fmt: skip
    x_of_chip, y_of_chip = place.T
    axes.scatter(x_of_chip, y_of_chip, s=420, color="white", edgecolors="0.2", zorder=2)
    for k, (x, y) in enumerate(place):
        axes.text(x, y, str(k), ha="center", va="center", fontsize=9, zorder=4)
    thickest = f"thickest: {most:,} sources" if both.any() else "nothing is sent"
    axes.set_title(f"events between chips, both ways\n({thickest})", fontsize=9)
    axes.set_xlim(-1.25, 1.25)
    axes.set_ylim(-1.25, 1.25)
    axes.set_aspect("equal")
    axes.set_axis_off()
