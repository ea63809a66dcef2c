"""Pictures of a network on the chip: where its neurons and synapses lie, and who reaches whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim.mapping import CodedMapping, Look

from .. import simulator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..populations import Population
    from ..projections import Projection

    _Group = Iterable[Population | str | int]

__all__ = ["ChipPlotter"]


def _label(cells: Population | str | int) -> str:
    """The label of a population, which may be given by its position among all."""
    if isinstance(cells, str):
        return cells
    if hasattr(cells, "label"):
        return cells.label
    populations = simulator.current("ChipPlotter()").populations
    if not 0 <= cells < len(populations):
        raise IndexError(
            f"ChipPlotter: population_contrast_groups: there is no population {cells}; there are "
            f"{len(populations)}"
        )
    return populations[cells].label


@dataclass
class _Plot:
    """A plot: how it is drawn, with which settings, and the figures once they are drawn."""

    draw: Callable[..., list[Figure]]
    settings: dict[str, bool]
    figures: list[Figure] | None = None


class ChipPlotter:
    """Pictures of the network that has been mapped last.

    Plots are added and have numbers; they are drawn when they are asked for.

    Parameters
    ----------
    population_contrast_groups : dict or sequence of sequences of int, Population or str, optional
        Populations, their labels, or their positions in the order of creation, spike sources
        among them. Those of one group have shades of one colour, and groups have colours of their
        own; by default every population has one. Of a dict, names of groups are not shown.

    Raises
    ------
    IndexError
        There are not so many populations.

    Examples
    --------
    >>> plotter = ChipPlotter()                                     # doctest: +SKIP
    >>> plotter.add_plot_chip_map(sort_synapse_by_padi_bus=True)    # doctest: +SKIP
    >>> plotter.save_all(folder="results", formats=["png"])         # doctest: +SKIP
    """

    def __init__(
        self,
        population_contrast_groups: Mapping[str, _Group] | Iterable[_Group] | None = None,
    ) -> None:
        groups = population_contrast_groups or ()
        if isinstance(groups, Mapping):
            groups = groups.values()
        self._groups = [{_label(cells) for cells in group} for group in groups]
        self._plots: dict[int, _Plot] = {}
        self._next = 0
        self._mapping: CodedMapping | None = None
        self._projections: tuple[Projection, ...] = ()
        self._neurons: tuple[Population, ...] = ()

    # --- plots ----------------------------------------------------------------------------

    def add_plot_chip_map(
        self, separate_view: bool = False, sort_synapse_by_padi_bus: bool = False
    ) -> int:
        """Add a picture of the chip, and return its number.

        Parameters
        ----------
        separate_view : bool
            A figure for each hemisphere.
        sort_synapse_by_padi_bus : bool
            Rows of synapses lie in the order of the buses that bring their events, and not as they
            lie on the chip.
        """
        return self._add(
            self._chip_maps,
            separate_view=separate_view,
            sort_synapse_by_padi_bus=sort_synapse_by_padi_bus,
        )

    def add_plot_matrix(self, plot_each_neuron: bool = False) -> int:
        """Add a matrix of the weights between populations, and return its number.

        Parameters
        ----------
        plot_each_neuron : bool
            Sums of weights between neurons, and not means between populations.
        """
        return self._add(self._matrix, plot_each_neuron=plot_each_neuron)

    def modify_plot(self, id: int, **settings: bool) -> None:
        """Change settings of a plot; it is drawn anew when it is asked for."""
        plot = self._plot(id)
        unknown = sorted(set(settings) - set(plot.settings))
        if unknown:
            raise TypeError(
                f"plot {id} has no setting {unknown[0]!r}; it has {', '.join(plot.settings)}"
            )
        plot.settings |= settings
        plot.figures = None

    def remove_plot(self, id: int) -> None:
        """Forget a plot."""
        self._plot(id)
        del self._plots[id]

    def clear_plot(self, id: int) -> None:
        """Forget the figures of a plot; it is drawn anew when it is asked for."""
        self._plot(id).figures = None

    def clear_all_plots(self) -> None:
        """Forget the figures of all plots."""
        for plot in self._plots.values():
            plot.figures = None

    def retrieve_data(self) -> None:
        """Look at the network again, as it has been mapped last.

        Raises
        ------
        RuntimeError
            No neurons have been mapped.
        """
        state = simulator.current("ChipPlotter")
        if state.experiment.mapping is None:
            raise RuntimeError(
                "ChipPlotter: no neurons have been mapped; call run(None, RunCommand.PREPARE)"
            )
        self._mapping = state.experiment.mapping
        self._neurons, self._projections = tuple(state.neurons), tuple(state.projections)
        self.clear_all_plots()

    # --- figures --------------------------------------------------------------------------

    def plot_by_id(self, id: int) -> list[Figure]:
        """Draw a plot, if it has not been drawn: its figures.

        Raises
        ------
        KeyError
            There is no such plot.
        RuntimeError
            No neurons have been mapped.
        """
        plot = self._plot(id)
        if self._mapping is None:
            self.retrieve_data()
        if plot.figures is None:
            plot.figures = plot.draw(**plot.settings)
        return plot.figures

    def plot_all(self) -> dict[int, list[Figure]]:
        """Draw all plots: figures by number."""
        return {id: self.plot_by_id(id) for id in self._plots}

    def save_by_id(
        self, id: int, folder: str | Path = ".", formats: Sequence[str] = ("png",)
    ) -> list[Path]:
        """Write the figures of a plot to files of each of these formats; return their paths."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        figures, paths = self.plot_by_id(id), []
        for k, figure in enumerate(figures):
            name = f"plot_{id}" if len(figures) == 1 else f"plot_{id}_{k}"
            for kind in formats:
                paths.append(folder / f"{name}.{kind}")
                figure.savefig(paths[-1])
        return paths

    def save_all(self, folder: str | Path = ".", formats: Sequence[str] = ("png",)) -> list[Path]:
        """Write the figures of all plots; see `save_by_id`."""
        return [path for id in self._plots for path in self.save_by_id(id, folder, formats)]

    # --- drawing --------------------------------------------------------------------------

    def _add(self, draw: Callable[..., list[Figure]], **settings: bool) -> int:
        self._plots[self._next] = _Plot(draw, settings)
        self._next += 1
        return self._next - 1

    def _plot(self, id: int) -> _Plot:
        if id not in self._plots:
            known = ", ".join(map(str, self._plots)) or "none"
            raise KeyError(f"ChipPlotter: no plot {id!r}; there are {known}")
        return self._plots[id]

    def _chip_maps(self, separate_view: bool, sort_synapse_by_padi_bus: bool) -> list[Figure]:
        mapping, views = self._mapping, [(0,), (1,)] if separate_view else [(0, 1)]
        assert mapping is not None  # plots are drawn of what has been retrieved
        return [
            mapping.plot(part, Look(view, sort_synapse_by_padi_bus, self._colours()))
            for part in range(len(mapping.configs))
            for view in views
        ]

    def _colours(self) -> np.ndarray | None:
        """Colours of populations: those of a group have one hue, in shades."""
        if not self._groups:
            return None
        from matplotlib.colors import hsv_to_rgb

        labels = [population.label for population in self._neurons]
        # those in no group are a group
        group = np.array(
            [next((k for k, g in enumerate(self._groups) if x in g), -1) for x in labels], np.int64
        )
        hue = (group + 1) / (len(self._groups) + 1)
        rank = np.array([np.count_nonzero(group[:k] == group[k]) for k in range(len(group))])
        shade = 1.0 - 0.6 * rank / np.maximum(1, np.bincount(group + 1)[group + 1])
        return hsv_to_rgb(np.stack([hue, np.full(len(hue), 0.75), shade], axis=1))

    def _matrix(self, plot_each_neuron: bool) -> list[Figure]:
        from matplotlib.figure import Figure

        groups = list(dict.fromkeys([*(p.pre.root for p in self._projections), *self._neurons]))
        sizes = [group.size if plot_each_neuron else 1 for group in groups]
        edges = np.concatenate([[0], np.cumsum(sizes)])
        total, count = self._weights(dict(zip(groups, edges, strict=False)), plot_each_neuron)
        shown = total if plot_each_neuron else total / np.maximum(count, 1)
        limit = np.abs(shown).max(initial=1.0)
        figure = Figure(figsize=(8.0, 7.0), layout="constrained")
        axes = figure.add_subplot()
        shown = np.where(count > 0, shown, np.nan)
        image = axes.imshow(shown, cmap="RdBu_r", vmin=-limit, vmax=limit)
        ticks = (edges[:-1] + edges[1:] - 1) / 2
        names = [group.label.replace("$", r"\$") for group in groups]
        axes.set_xticks(ticks, names, rotation=90)
        axes.set_yticks(ticks, names)
        axes.set(xlabel="to", ylabel="from")
        what = "sum of weights" if plot_each_neuron else "mean weight"
        figure.colorbar(image, label=f"{what} (codes)")
        return [figure]

    def _weights(
        self, first: dict[Population, int], each_neuron: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Sum and number of connections between neurons or populations: float64 (n, n) each.

        `first` is the line of the first neuron of each population.
        """
        n = max((k + (p.size if each_neuron else 1) for p, k in first.items()), default=0)
        total, count = np.zeros((n, n)), np.zeros((n, n))
        for projection in self._projections:
            columns = projection.columns
            lines = [
                first[cells.root] + (cells.cell_index[position] if each_neuron else 0 * position)
                for cells, position in (
                    (projection.pre, columns.pre),
                    (projection.post, columns.post),
                )
            ]
            np.add.at(total, tuple(lines), columns["weight"])
            np.add.at(count, tuple(lines), 1.0)
        return total, count
