"""A picture of one chip: circuits by population, synapse arrays, drivers, buses, crossbar.

Seen from above, as the chip is built: the synapse array of the top hemisphere, the two rows of
neuron circuits, the array of the bottom hemisphere. Synapses reach the circuit of their own column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim._core import hicannx as facts
from pynn_bss2sim._core.wiring import crossbar_nodes

from . import paint
from .usage import open_nodes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .paint import Drawn

__all__ = ["DEFAULT_LOOK", "Look", "chip_title", "draw_chip", "legend_entries"]

#: So few synapses are drawn as marks, for a pixel would be overlooked.
_SPARSE = 1500
#: Populations that a legend names one by one.
_NAMED = 12
_LABEL = 26


@dataclass(frozen=True)
class Look:
    """How a chip is drawn.

    Attributes
    ----------
    hemispheres : tuple of int
        Which of them, 0 = top.
    by_bus : bool
        Synapse rows lie in the order of the buses that bring their events, and not as on the chip.
    colours : float64 (n, 3) or None
        Of populations.
    """

    hemispheres: tuple[int, ...] = (0, 1)
    by_bus: bool = False
    colours: np.ndarray | None = None

    def rows(self, n: int) -> np.ndarray:
        """The order of `n` synapse rows, from top to bottom: int64 (n,)."""
        row = np.arange(n)
        bus = row // facts.ROWS_PER_DRIVER % facts.PADI_BUSES
        return np.lexsort((row, bus)) if self.by_bus else row


#: As the chip is built.
DEFAULT_LOOK = Look()


def draw_chip(mapping: Drawn, chip: int, look: Look = DEFAULT_LOOK) -> Figure:
    """Draw one chip in detail.

    Parameters
    ----------
    mapping : Mapping or CodedMapping
    chip : int
        Its number, from 0.
    look : Look

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        There is no such chip.
    ImportError
        matplotlib is not installed.
    """
    n_chips = max(1, mapping.placement.chips)
    if not 0 <= chip < n_chips:
        raise ValueError(f"chip {chip}: the network is on chips 0 to {n_chips - 1}")
    figure = paint.matplotlib("figure").Figure(figsize=(11.0, 8.5), layout="constrained")
    figure.suptitle(chip_title(mapping, chip), fontsize=12)
    grid = figure.add_gridspec(
        4, 3, width_ratios=(0.45, 6, 3.2), height_ratios=(6, 0.55, 0.55, 6), hspace=0.02
    )
    circuits = paint.circuit_colours(mapping, chip, look.colours)
    for hemisphere in look.hemispheres:
        row, name = 3 * hemisphere, ("top", "bottom")[hemisphere]
        axes = figure.add_subplot(grid[row, 1])
        _array(axes, mapping, chip, hemisphere, look)
        axes.set_title(f"synapse array, {name}", fontsize=9, loc="left")
        _drivers(figure.add_subplot(grid[row, 0], sharey=axes), mapping, chip, hemisphere, look)
        neurons = figure.add_subplot(grid[1 + hemisphere, 1], sharex=axes)
        neurons.imshow(circuits[hemisphere][np.newaxis], interpolation="nearest", aspect="auto")
        neurons.set_ylabel(f"neurons\n{name}", fontsize=8, rotation=0, ha="right", va="center")
        neurons.set_yticks([])
        neurons.tick_params(labelbottom=False, length=0)
    _crossbar(figure.add_subplot(grid[0, 2]), mapping, chip)
    words = figure.add_subplot(grid[1:, 2])
    words.set_axis_off()
    words.legend(
        handles=legend_entries(mapping, chip, look.colours),
        loc="upper left", fontsize=9, frameon=False, title="neuron circuits and synapses",
        alignment="left", borderaxespad=0,
    )  # fmt: skip
    return figure


def chip_title(mapping: Drawn, chip: int) -> str:
    """Number of the chip, and what of it is in use."""
    usage = mapping.usage
    if chip >= len(usage):
        return f"chip {chip}: empty"
    names = ("neuron circuits", "synapses") if mapping.routing is not None else ("neuron circuits",)
    used = (usage[chip][name] for name in names)
    return f"chip {chip}: " + ", ".join(f"{u.used:,} of {u.available:,} {u.name}" for u in used)


def legend_entries(mapping: Drawn, chip: int | None, colours: np.ndarray | None = None) -> list:
    """Patches that name the colours of populations (of those on `chip`), and of synapses."""
    patch = paint.matplotlib("patches").Patch
    placement, network = mapping.placement, mapping.network
    first = network.first_neuron
    here = np.ones(len(placement.count), bool) if chip is None else placement.chip == chip
    owner = np.repeat(np.arange(len(network.populations)), np.diff(first))
    neurons = np.bincount(owner[here], minlength=len(network.populations))
    circuits = np.bincount(owner[here], placement.count[here], len(network.populations))
    if colours is None:
        colours = paint.population_colours(len(network.populations))
    shown = np.flatnonzero(neurons)
    handles = [
        patch(
            color=colours[k],
            label=f"{_short(network.populations[k].label)}: {neurons[k]:,} neurons, "
            f"{int(circuits[k]):,} circuits",
        )
        for k in shown[:_NAMED]
    ]
    if len(shown) > _NAMED:
        handles.append(patch(color="none", label=f"… and {len(shown) - _NAMED:,} more populations"))
    if mapping.routing is not None:
        handles += [
            patch(color=paint.EXCITATORY, label="excitatory synapses, darker = stronger"),
            patch(color=paint.INHIBITORY, label="inhibitory synapses, darker = stronger"),
        ]
    handles.append(patch(color=paint.FREE, label="free"))
    return handles


def _short(label: str) -> str:
    """A label that fits into a legend, without the mathematics that a dollar sign begins."""
    label = label.replace("$", r"\$")
    return label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"


def _array(axes: Axes, mapping: Drawn, chip: int, hemisphere: int, look: Look) -> None:
    """A synapse array, each synapse at its row and column."""
    picture = paint.synapses(mapping, chip, hemisphere)
    rows = look.rows(len(picture))
    picture = picture[rows]
    axes.set_yticks([])
    axes.tick_params(labelbottom=False, length=0)
    row, column = np.nonzero(_in_use(mapping, chip, hemisphere)[rows])
    if 0 < len(row) <= _SPARSE:
        axes.imshow(np.ones_like(picture), interpolation="nearest", aspect="auto")
        axes.scatter(column, row, s=6, marker="s", c=picture[row, column], linewidths=0)
        axes.set_xlim(-0.5, picture.shape[1] - 0.5)
        axes.set_ylim(picture.shape[0] - 0.5, -0.5)
    else:
        axes.imshow(picture, interpolation="antialiased", aspect="auto")
    if mapping.routing is None:
        axes.text(
            0.5, 0.5, "routing is lifted: no synapse is placed",
            transform=axes.transAxes, ha="center", va="center", fontsize=9, color="0.4",
        )  # fmt: skip


def _in_use(mapping: Drawn, chip: int, hemisphere: int) -> np.ndarray:
    if mapping.routing is None:
        return np.zeros((facts.ROWS, facts.COLUMNS), bool)
    return mapping.configs[chip].synapse_weight[hemisphere] > 0


def _drivers(axes: Axes, mapping: Drawn, chip: int, hemisphere: int, look: Look) -> None:
    """The drivers, each in the column of its bus; the name of a bus that takes events is black."""
    picture = paint.drivers(mapping, chip, hemisphere)
    picture = picture[look.rows(len(picture))]
    axes.imshow(picture, interpolation="nearest", aspect="auto")
    axes.set_xticks(range(facts.PADI_BUSES), [f"{bus}" for bus in range(facts.PADI_BUSES)])
    axes.tick_params(length=0, labelsize=8, left=False, labelleft=False)
    axes.set_xlabel("bus", fontsize=8, labelpad=1)
    axes.set_ylabel("synapse drivers that listen", fontsize=8)
    if mapping.routing is not None:
        enabled = mapping.configs[chip].padi_enable[hemisphere]
        for label, on in zip(axes.get_xticklabels(), enabled, strict=True):
            label.set_color("black" if on else "0.75")


def _crossbar(axes: Axes, mapping: Drawn, chip: int) -> None:
    """Draw the nodes that exist, filled where something may pass."""
    source, sink = np.nonzero(crossbar_nodes())
    axes.plot(sink, source, "o", ms=4, mfc="white", mec="0.65", label="closed")
    if mapping.routing is not None:
        source, sink = np.nonzero(open_nodes(mapping.configs[chip]))
        axes.plot(sink, source, "o", ms=4.5, color="0.15", label="open")
    axes.set_title("crossbar", fontsize=9, loc="left")
    axes.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=8, frameon=False,
        borderpad=0, handletextpad=0.1, columnspacing=0.8,
    )  # fmt: skip
    axes.set_xticks([1.5, 5.5, 9.5], ["to buses\ntop", "to buses\nbottom", "to\nFPGA"], fontsize=8)
    axes.set_yticks([3.5, 9.5, 15.5], ["neurons", "FPGA", "background"], fontsize=8,
                    rotation=90, va="center")  # fmt: skip
    axes.tick_params(length=0)
    for edge in (7.5, 11.5):
        axes.axhline(edge, color="0.85", zorder=0)
    for edge in (3.5, 7.5):
        axes.axvline(edge, color="0.85", zorder=0)
    axes.invert_yaxis()
