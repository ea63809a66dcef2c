"""Pictures of a comparison, as SVG that takes its text colour from the page around it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from .measures import intervals, rates
from .recordings import Recording

__all__ = ["COLORS", "distributions", "rasters", "traces"]

#: One for each target, in turn; all are readable on white and on black.
COLORS = ("#808080", "#d9541e", "#2f8fd0", "#2a9d6f", "#b868c8", "#b08a1a", "#d6506e", "#5b7fd9")
#: A raster shows at most so many spikes of a target, and a trace so many samples.
_MOST_SPIKES = 20_000
_MOST_SAMPLES = 2_000
#: Targets side by side in a raster.
_MOST_IN_A_ROW = 4
#: More than these are drawn smaller.
_MANY_SPIKES = 3_000
#: Cells whose traces are drawn.
_MOST_TRACED = 3
#: Stands for the page's colour of text until the picture is written.
_INK = "#010203"

_LOOK: dict[Any, Any] = {
    "font.size": 9.0,
    "font.family": "sans-serif",
    "svg.fonttype": "none",
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "axes.titlesize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
}

Recordings = Mapping[str, Recording]


def rasters(name: str, recordings: Recordings, colors: Mapping[str, str]) -> str:
    """Spikes of one population, targets side by side; SVG, empty where there are none."""
    shown = {label: r for label, r in recordings.items() if r.trains}
    if not shown:
        return ""
    rows = -(-len(shown) // _MOST_IN_A_ROW)
    columns = -(-len(shown) // rows)
    with mpl.rc_context(_LOOK):
        figure = Figure(
            figsize=(2.6 * max(2, columns), 2.4 * rows + 0.2), layout="constrained", dpi=150
        )
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        grid[0, 0].set(**_whole(shown.values()))
        for axes in grid.flat[len(shown) :]:
            axes.set_visible(False)
        for axes, (label, recording) in zip(grid.flat, shown.items(), strict=False):
            times, cells, left_out = _dots(recording)
            size = 2.4 if times.size < _MANY_SPIKES else 1.2
            axes.plot(
                times,
                cells,
                ls="",
                marker="o",
                ms=size,
                mew=0,
                color=colors[label],
                rasterized=True,
            )
            axes.set_title(label if not left_out else f"{label} (1 spike of {left_out})")
        for axes in grid.flat[len(shown) - columns : len(shown)]:
            axes.set_xlabel("time (ms)")
            axes.tick_params(labelbottom=True)  # below is perhaps no other panel
        for axes in grid[:, 0]:
            axes.set_ylabel("cell")
        return _svg(figure, f"rasters {name}")


def _whole(recordings: Iterable[Recording]) -> dict[str, tuple[float, float]]:
    """Limits of a raster that shows all cells for all the time of the first segment."""
    shown = [
        (cell, train)
        for recording in recordings
        for (segment, cell), train in recording.trains.items()
        if segment == 0
    ]
    if not shown:
        return {}
    _, first = shown[0]
    ends = (float(first.t_start.rescale("ms")), float(first.t_stop.rescale("ms")))
    return {"xlim": ends, "ylim": (-0.5, max(cell for cell, _ in shown) + 0.5)}


def _dots(recording: Recording) -> tuple[np.ndarray, np.ndarray, int]:
    """Times and cells of the spikes of the first segment, and of how many one is shown, or 0."""
    trains = {cell: train for (segment, cell), train in recording.trains.items() if segment == 0}
    times = [train.rescale("ms").magnitude for train in trains.values()]
    cells = np.repeat(np.array(list(trains), dtype=int), [len(t) for t in times])
    joined = np.concatenate([np.empty(0), *times])
    every = -(-joined.size // _MOST_SPIKES)
    if every > 1:
        return joined[::every], cells[::every], every
    return joined, cells, 0


def traces(name: str, recordings: Recordings, colors: Mapping[str, str]) -> str:
    """Signals of a few cells, all targets in one panel; SVG, empty where there are none."""
    keys = sorted({key for recording in recordings.values() for key in recording.traces})
    by_variable: dict[str, list] = {}
    for key in keys:
        if key[1] == 0:
            by_variable.setdefault(key[0], []).append(key)
    chosen = [key for same in by_variable.values() for key in same[:_MOST_TRACED]]
    if not chosen:
        return ""
    with mpl.rc_context(_LOOK):
        figure = Figure(figsize=(9.0, 1.7 * len(chosen) + 0.5), layout="constrained")
        panels = figure.subplots(len(chosen), 1, sharex=True, squeeze=False)[:, 0]
        for axes, key in zip(panels, chosen, strict=True):
            _overlay(axes, key, recordings, colors)
        panels[-1].set_xlabel("time (ms)")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=min(6, len(labels)))
        return _svg(figure, f"traces {name}")


def _overlay(axes: Axes, key: tuple[str, int, int], recordings: Recordings, colors: Any) -> None:
    variable, _, cell = key
    units = ""
    for label, recording in recordings.items():
        trace = recording.traces.get(key)
        if trace is None:
            # a line of no points keeps its place in the legend
            axes.plot([], [], color=colors[label], label=label)
            continue
        every = max(1, -(-trace.times.size // _MOST_SAMPLES))
        axes.plot(
            trace.times[::every], trace.values[::every], lw=1.0, color=colors[label], label=label
        )
        units = trace.units
    axes.set_ylabel(f"{variable} ({units})\ncell {cell}")


def distributions(name: str, recordings: Recordings, colors: Mapping[str, str]) -> str:
    """Rates of the cells and intervals between spikes; SVG, empty where nothing spikes."""
    shown = {label: r for label, r in recordings.items() if r.trains}
    if not any(len(train) for r in shown.values() for train in r.trains.values()):
        return ""
    with mpl.rc_context(_LOOK):
        figure = Figure(figsize=(9.0, 2.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        _steps(left, {label: rates(r) for label, r in shown.items()}, colors)
        left.set(xlabel="rate of a cell (Hz)", ylabel="share of cells")
        between = {label: intervals(r) for label, r in shown.items()}
        if any(part.size for part in between.values()):
            _steps(right, between, colors)
            right.set(xlabel="interval between spikes (ms)", ylabel="share of intervals")
        else:
            right.set_visible(False)
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=min(6, len(labels)))
        return _svg(figure, f"distributions {name}")


def _steps(axes: Axes, values: Mapping[str, np.ndarray], colors: Mapping[str, str]) -> None:
    """Histograms with the same bins; the longest per cent shares the last one."""
    parts: Sequence[np.ndarray] = [v[np.isfinite(v)] for v in values.values()]
    together = np.concatenate(parts)
    low, high = (together.min(), np.percentile(together, 99)) if together.size else (0.0, 1.0)
    edges = np.linspace(low, max(high, low + 1.0), 25)
    for label, part in zip(values, parts, strict=True):
        counts, _ = np.histogram(np.clip(part, None, edges[-1]), edges)
        axes.stairs(
            counts / max(1, part.size), edges, color=colors[label], label=label, linewidth=1.4
        )


def _svg(figure: Figure, name: str) -> str:
    """The picture without a background; `name` keeps its identifiers apart from those of others."""
    FigureCanvasSVG(figure)
    file = io.StringIO()
    with mpl.rc_context({**_LOOK, "svg.hashsalt": name}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :].replace(_INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # the page's style gives the width; identifiers of groups serve nobody
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    return re.sub(r'<g id="[a-z]+(_[0-9a-z]+)*"', "<g", text)
