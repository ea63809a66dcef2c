"""A picture of the configured chips: circuits by population, synapse arrays, buses, crossbar.

Seen from above, as the chip is built: the synapse array of the top hemisphere, the two rows of
neuron circuits, the array of the bottom hemisphere. Synapses reach the circuit of their own column.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim._core import hicannx as facts
from pynn_bss2sim._core.config import RowMode
from pynn_bss2sim._core.wiring import crossbar_nodes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pynn_bss2sim.mapping.mapper import Mapping

__all__ = ["draw_chip", "draw_chips"]

FREE = (0.93, 0.93, 0.93)
EXCITATORY = (0.70, 0.13, 0.13)
INHIBITORY = (0.25, 0.41, 0.88)
#: Height of a row of neuron circuits in an overview, in synapse rows: else it would not be seen.
NEURON_HEIGHT = 16


def _matplotlib(module: str):
    try:
        return importlib.import_module(f"matplotlib.{module}")
    except ImportError as error:
        raise ImportError(
            "drawing needs matplotlib: pip install matplotlib (or pynn_bss2sim[plot])"
        ) from error


def draw_chips(mapping: Mapping) -> Figure:
    """Draw all chips of a mapping: one in detail, several side by side.

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
    columns = min(4, n_chips)
    rows = -(-n_chips // columns)
    figure = _matplotlib("figure").Figure(figsize=(2.6 * columns + 0.4, 2.9 * rows + 0.9))
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for k, axes in zip(range(n_chips), grid.flat, strict=False):
        axes.imshow(_overview(mapping, k), interpolation="antialiased", aspect="auto")
        axes.set_title(_title(mapping, k), fontsize=7)
    _legend(figure, mapping, None, loc="lower center", ncols=6)
    figure.subplots_adjust(0.02, 0.9 / (2.9 * rows + 0.9), 0.98, 0.95, 0.08, 0.2)
    return figure


def draw_chip(mapping: Mapping, chip: int) -> Figure:
    """Draw one chip in detail.

    Parameters
    ----------
    mapping : Mapping
    chip : int
        Its number, from 0.

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
    figure = _matplotlib("figure").Figure(figsize=(10.0, 8.0), layout="constrained")
    figure.suptitle(_title(mapping, chip), fontsize=10)
    grid = figure.add_gridspec(4, 3, width_ratios=(0.25, 6, 3), height_ratios=(6, 0.5, 0.5, 6))
    circuits = _circuit_colours(mapping, chip)
    for hemisphere, name in ((0, "top"), (1, "bottom")):
        row = 3 * hemisphere
        axes = figure.add_subplot(grid[row, 1])
        axes.imshow(
            _synapses(mapping, chip, hemisphere), interpolation="antialiased", aspect="auto"
        )
        axes.set_title(f"synapses, {name}", fontsize=8, loc="left")
        axes.set_yticks([])
        axes.set_xticks([])
        drivers = figure.add_subplot(grid[row, 0], sharey=axes)
        drivers.imshow(_drivers(mapping, chip, hemisphere), interpolation="nearest", aspect="auto")
        drivers.set_xticks([])
        drivers.set_ylabel("drivers, coloured by bus", fontsize=7)
        neurons = figure.add_subplot(grid[1 + hemisphere, 1])
        neurons.imshow(circuits[hemisphere][np.newaxis], interpolation="nearest", aspect="auto")
        neurons.set_title(f"neurons, {name}", fontsize=8, loc="left")
        neurons.set_yticks([])
        neurons.set_xticks([])
    _crossbar(figure.add_subplot(grid[0, 2]), mapping, chip)
    legend = figure.add_subplot(grid[1:, 2])
    legend.set_axis_off()
    _legend(legend, mapping, chip, loc="upper left", ncols=1)
    return figure


def _title(mapping: Mapping, chip: int) -> str:
    target = mapping.placement.target
    circuits = mapping.placement.circuits()
    used = int((circuits // target.circuits == chip).sum())
    text = f"chip {chip}: {used} of {target.circuits} circuits"
    if mapping.routing is not None:
        text += f", {int((mapping.configs[chip].synapse_weight > 0).sum())} synapses"
    return text


def _colours(mapping: Mapping) -> np.ndarray:
    """A colour for each population: float64 (n_populations, 3)."""
    wheel = _matplotlib("cm").tab20.colors
    n = max(1, len(mapping.network.populations))
    return np.array([wheel[(2 * k + k // 10) % 20] for k in range(n)])


def _circuit_colours(mapping: Mapping, chip: int) -> np.ndarray:
    """Colours of the circuits of a chip: float64 (2, 256, 3)."""
    target = mapping.placement.target
    shape = (facts.HEMISPHERES, target.columns, 3)
    owner = mapping.placement.owner()[chip * target.circuits : (chip + 1) * target.circuits]
    if not len(owner):
        return np.full(shape, FREE)
    population = np.searchsorted(mapping.network.first_neuron, owner, side="right") - 1
    colours = _colours(mapping)[np.clip(population, 0, None)]
    colours[owner < 0] = FREE
    return colours.reshape(shape)


def _synapses(mapping: Mapping, chip: int, hemisphere: int) -> np.ndarray:
    """Picture of a synapse array: white where a synapse is free: float64 (256, 256, 3)."""
    target = mapping.placement.target
    picture = np.ones((target.rows, target.columns, 3))
    if mapping.routing is None:
        return picture * 0.97
    config = mapping.configs[chip]
    weight = config.synapse_weight[hemisphere] / facts.WEIGHT_MAX
    inhibitory = config.row_mode[hemisphere] == RowMode.INHIBITORY
    colour = np.where(inhibitory[:, np.newaxis], INHIBITORY, EXCITATORY)
    # even the weakest synapse in use is to be seen
    strength = np.where(weight > 0, 0.4 + 0.6 * weight, 0.0)[..., np.newaxis]
    return picture + strength * (colour[:, np.newaxis] - picture)


def _drivers(mapping: Mapping, chip: int, hemisphere: int) -> np.ndarray:
    """Column of the rows' drivers, coloured by their bus: float64 (256, 1, 3)."""
    wheel = np.array(_matplotlib("cm").Set2.colors)
    driver = np.arange(mapping.placement.target.rows) // 2
    colours = wheel[driver % facts.PADI_BUSES]
    if mapping.routing is None:
        colours[:] = FREE
    else:
        colours[~mapping.configs[chip].driver_enable[hemisphere][driver]] = FREE
    return colours[:, np.newaxis]


def _overview(mapping: Mapping, chip: int) -> np.ndarray:
    """All of a chip in one small picture."""
    circuits = np.repeat(_circuit_colours(mapping, chip), NEURON_HEIGHT, axis=0)
    return np.concatenate(
        [_synapses(mapping, chip, 0), circuits, _synapses(mapping, chip, 1)], axis=0
    )


def _crossbar(axes, mapping: Mapping, chip: int) -> None:
    """Draw the nodes that exist, filled where something may pass."""
    nodes = crossbar_nodes()
    source, sink = np.nonzero(nodes)
    axes.plot(sink, source, "o", ms=4, mfc="white", mec="0.6")
    if mapping.routing is not None:
        config = mapping.configs[chip]
        opened = nodes & ~((config.crossbar_mask == 0) & (config.crossbar_target != 0))
        source, sink = np.nonzero(opened)
        axes.plot(sink, source, "o", ms=4, color="0.2")
    axes.set_title("crossbar: which events may pass", fontsize=8, loc="left")
    axes.set_xticks([1.5, 5.5, 9.5], ["buses\ntop", "buses\nbottom", "to\nFPGA"], fontsize=7)
    axes.set_yticks([3.5, 9.5, 15.5], ["neurons", "from FPGA", "background"], fontsize=7)
    axes.tick_params(length=0)
    for edge in (7.5, 11.5):
        axes.axhline(edge, color="0.9", zorder=0)
    for edge in (3.5, 7.5):
        axes.axvline(edge, color="0.9", zorder=0)
    axes.invert_yaxis()


def _legend(parent, mapping: Mapping, chip: int | None, **options) -> None:
    """Name the colours of populations (of those on `chip`), and of the two kinds of synapses."""
    patch = _matplotlib("patches").Patch
    placement = mapping.placement
    first = mapping.network.first_neuron
    handles = []
    for k, (population, colour) in enumerate(
        zip(mapping.network.populations, _colours(mapping), strict=False)
    ):
        here = slice(first[k], first[k + 1])
        count = placement.count[here]
        if chip is not None:
            count = count[placement.chip[here] == chip]
        if len(count):
            label = f"{population.label}: {len(count)} neurons, {count.sum()} circuits"
            handles.append(patch(color=colour, label=label))
    if mapping.routing is not None:
        handles += [
            patch(color=EXCITATORY, label="excitatory synapses, darker = stronger"),
            patch(color=INHIBITORY, label="inhibitory synapses"),
        ]
    handles.append(patch(color=FREE, label="free"))
    parent.legend(handles=handles, fontsize=7, frameon=False, **options)
