"""Control of where neurons lie on the chips, and a look at where they do."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN import errors

from . import simulator
from ._core.frozen import frozen
from ._core.hicannx import HICANN_X
from .capture import members
from .mapping.constraints import ANYWHERE, MOST_CHIPS, Group, Where
from .mapping.errors import PlacementError

if TYPE_CHECKING:
    from .populations import Population
    from .pynn_types import Cells
    from .simulator import ID


__all__ = ["keep_together", "place", "placement", "release"]

HEMISPHERES = ("top", "bottom")
#: A row of what `placement` returns.
PLACE = np.dtype(
    [
        ("chip", np.int64),
        ("hemisphere", "U6"),
        ("column", np.int64),
        ("circuit", np.int64),
        ("count", np.int64),
    ]
)


@frozen
class Together:
    """Cells that are kept together.

    Attributes
    ----------
    parts : tuple of (Population, int64 array)
        Populations, and the positions of the cells in each.
    """

    parts: tuple
    where: Where

    def group(self, first_neuron: dict) -> Group:
        """The same in neurons of the network."""
        names = ", ".join(dict.fromkeys(repr(p.label) for p, _ in self.parts))
        neuron = np.concatenate([first_neuron[p] + cells for p, cells in self.parts])
        return Group(f"keep_together({names}, where={str(self.where)!r})", neuron, self.where)


def place(
    cells: Cells | ID,
    chip: int | None = None,
    hemisphere: int | str | None = None,
    circuits: Any = None,
) -> None:
    """Pin neurons to a place on the chips, instead of where the mapping would put them.

    Holds until the next setup() or `release`; a later call for the same neurons replaces it. It
    also holds where the chip model lifts the limits of routing.

    Parameters
    ----------
    cells : Population, PopulationView, Assembly or cell
        Neurons.
    chip : int, 0 to 1023, optional
        Number of the chip. With `circuits`, it is 0 unless given.
    hemisphere : {"top", "bottom"}, optional
        On any chip, or on `chip`.
    circuits : int or sequence of int (cells.size,), 0 to 511, optional
        The circuit of each neuron on its chip, ``row * 256 + column`` with row 0 on top; the first
        one of a neuron that needs several, which lie to the right of it.

    Raises
    ------
    pynn_bss2sim.mapping.PlacementError
        There is no such place, not one circuit for each neuron, or one twice. Conflicts that
        depend on the whole network are found when it is mapped: by run(), prepare() or
        `placement`.
    """
    cells = _group(cells)
    parts = _neurons(cells, "place")
    if chip is None and hemisphere is None and circuits is None:
        raise PlacementError(
            f"place: {_label(cells)}: say where: chip, hemisphere or circuits; "
            "release() frees neurons again"
        )
    if circuits is not None:
        if hemisphere is not None:
            raise PlacementError(
                f"place: {_label(cells)}: give hemisphere or circuits, not both; circuits 0 to 255 "
                "lie on top, 256 to 511 at the bottom"
            )
        chip = 0 if chip is None else chip
        circuits = _circuits(cells, circuits)
    pins = np.full((3, _size(parts)), ANYWHERE, np.int64)
    if chip is not None:
        pins[0] = _index(cells, "chip", chip, MOST_CHIPS)
    if hemisphere is not None:
        if not isinstance(hemisphere, str) or hemisphere not in HEMISPHERES:
            raise PlacementError(
                f"place: {_label(cells)}: hemisphere={hemisphere!r}; choose 'top' or 'bottom'"
            )
        pins[1] = HEMISPHERES.index(hemisphere)
    if circuits is not None:
        pins[2] = circuits
    _pin(parts, pins)


def keep_together(*cells: Cells | ID, where: str = "chip") -> None:
    """Have neurons placed near each other.

    Holds until the next setup() or `release`. Neurons may belong to several such groups.

    Parameters
    ----------
    *cells : Population, PopulationView, Assembly or cell
        Neurons, all of which are kept together.
    where : {"chip", "hemisphere", "neighbours"}
        On the same chip, in the same hemisphere of it, or next to each other in the order given.

    Raises
    ------
    pynn_bss2sim.mapping.PlacementError
        As for `place`.
    """
    try:
        where = Where(where)
    except ValueError:
        words = ", ".join(repr(str(word)) for word in Where)
        raise PlacementError(f"keep_together: where={where!r}; choose one of {words}") from None
    parts = tuple(part for some in cells for part in _neurons(_group(some), "keep_together"))
    if not parts:
        raise PlacementError("keep_together: name the populations that are to be kept together")
    for population in {p for p, _ in parts}:
        own = np.concatenate([index for p, index in parts if p is population])
        value, times = np.unique(own, return_counts=True)
        if (times > 1).any():
            raise PlacementError(
                f"keep_together: {population.label}[{value[times > 1][0]}] is named twice"
            )
    state = simulator.state
    state.together.append(Together(parts, where))
    state.changed()


def release(cells: Cells | ID) -> None:
    """Let the mapping choose the place of neurons again; they leave all groups."""
    gone = _neurons(_group(cells), "release")
    _pin(gone, np.full((3, _size(gone)), ANYWHERE, np.int64))
    state = simulator.state
    kept = []
    for group in state.together:
        parts = [
            (p, index[~np.isin(index, [i for q, j in gone if q is p for i in j.tolist()])])
            for p, index in group.parts
        ]
        parts = [(p, index) for p, index in parts if len(index)]
        if _size(parts) > 1:
            kept.append(Together(tuple(parts), group.where))
    state.together = kept


def placement(cells: Cells | ID) -> np.ndarray:
    """Where neurons lie; the network is mapped if it has changed.

    Parameters
    ----------
    cells : Population, PopulationView, Assembly or cell
        Neurons.

    Returns
    -------
    structured array (size,)
        In the order of `cells`: ``chip``; ``hemisphere``, "top" or "bottom"; ``column`` 0 to 255
        and ``circuit`` 0 to 511 (``row * 256 + column``) of the first circuit; ``count`` of
        neighbouring circuits that are joined.

    Raises
    ------
    pynn_bss2sim.mapping.PlacementError
        The network cannot be placed as demanded.
    pyNN.errors.InvalidModelError
        `cells` are spike sources, which are not on the chips.
    """
    parts = _neurons(_group(cells), "placement")
    found = simulator.state.prepare().placement
    first = simulator.state.capture.first_neuron
    neuron = np.concatenate([first[p] + index for p, index in parts])
    result = np.empty(len(neuron), PLACE)
    result["chip"] = found.chip[neuron]
    result["hemisphere"] = np.array(HEMISPHERES)[found.row[neuron]]
    result["column"] = found.column[neuron]
    result["circuit"] = found.circuit[neuron] % found.target.circuits
    result["count"] = found.count[neuron]
    return result


def _group(cells: Cells | ID) -> Cells:
    """A view in place of a single cell."""
    return cells.as_view() if isinstance(cells, simulator.ID) else cells


def _neurons(cells: Cells | ID, action: str) -> list:
    """Populations and positions of neurons; raises where they are none, or not up to date."""
    try:
        parts = [(p.root, p.cell_index) for p in members(cells)]
    except AttributeError:
        raise TypeError(f"{action}: {cells!r} is no population, view, assembly or cell") from None
    for population, _ in parts:
        population.require_current(action)
        if population.is_source:
            raise errors.InvalidModelError(
                f"{action}: {population.label}: spike sources are not on the chip"
            )
    return parts


def _label(cells: Cells | ID) -> str:
    return cells.label


def _size(parts: list[tuple[Population, np.ndarray]]) -> int:
    return sum(len(index) for _, index in parts)


def _pin(parts: list[tuple[Population, np.ndarray]], pins: np.ndarray) -> None:
    """Have the cells of `parts` pinned to `pins`, int64 (3, size)."""
    ends = np.cumsum([len(index) for _, index in parts])
    for (population, index), own in zip(parts, np.split(pins, ends[:-1], axis=1), strict=True):
        population.pins[:, index] = own
    simulator.state.changed()


def _index(cells: Cells | ID, what: str, value: Any, end: int) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or not 0 <= int(value) < end:
        raise PlacementError(f"place: {_label(cells)}: {what}={value!r}; give 0 to {end - 1}")
    return int(value)


def _circuits(cells: Cells | ID, circuits: Any) -> np.ndarray:
    try:
        given = np.atleast_1d(np.asarray(circuits))
    except ValueError as error:
        raise PlacementError(f"place: {_label(cells)}: circuits={circuits!r}: {error}") from error
    size = cells.size
    if given.shape != (size,) or given.dtype.kind not in "iu":
        raise PlacementError(
            f"place: {_label(cells)}: circuits has shape {given.shape} and type {given.dtype}; "
            f"give {size} integers, one for each neuron"
        )
    bad = given[(given < 0) | (given >= HICANN_X.circuits)]
    if len(bad):
        raise PlacementError(
            f"place: {_label(cells)}: there is no circuit {bad[0]}; "
            f"give 0 to {HICANN_X.circuits - 1}"
        )
    value, times = np.unique(given, return_counts=True)
    if (times > 1).any():
        raise PlacementError(
            f"place: {_label(cells)}: circuit {value[times > 1][0]} is given to "
            f"{times.max()} neurons"
        )
    return given.astype(np.int64)
