"""Neurons to circuits.

A neuron takes one circuit, or several neighbouring ones that are joined if it needs more synapse
rows than one circuit has. Neurons that the user binds to places or to each other come first
(`arrange`). All others are placed in their order, each at the first free circuit behind its
predecessor where it fits; only a neuron of several circuits can leave gaps, at the end of a block
of columns, because no neuron may lie across that border.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.hicannx import COLUMNS_PER_OUTPUT, HICANN_X, Target

from .arrange import arranged
from .board import Board, fill
from .constraints import Constraints
from .errors import PlacementError

__all__ = ["Placement", "circuits_needed", "place", "split_rows", "spread"]


@frozen
class Placement:
    """Where each neuron lies.

    Attributes
    ----------
    target : Target
    circuit : int64 (n_neurons,)
        First circuit of each neuron, counted over all chips:
        ``chip * target.circuits + row * target.columns + column``.
    count : int64 (n_neurons,)
        Neighbouring circuits of each neuron, at least 1.
    constraints : Constraints or None
        What the placement keeps to; None = nothing.
    """

    target: Target
    circuit: np.ndarray
    count: np.ndarray
    constraints: Constraints | None = None

    def __post_init__(self) -> None:
        self.circuit.flags.writeable = False
        self.count.flags.writeable = False

    @property
    def chips(self) -> int:
        """Chips in use."""
        return int(self.circuit.max()) // self.target.circuits + 1 if len(self.circuit) else 0

    @property
    def free(self) -> np.ndarray:
        """Neurons that could lie elsewhere just as well: bool (n_neurons,)."""
        if self.constraints is None:
            return np.ones(len(self.count), bool)
        return ~self.constraints.bound

    @property
    def used(self) -> int:
        """Circuits in use."""
        return int(self.count.sum())

    @property
    def chip(self) -> np.ndarray:
        """Chip of each neuron: int64 (n_neurons,)."""
        return self.circuit // self.target.circuits

    @property
    def row(self) -> np.ndarray:
        """Hemisphere of each neuron: int64 (n_neurons,)."""
        return self.circuit % self.target.circuits // self.target.columns

    @property
    def column(self) -> np.ndarray:
        """Column of the first circuit of each neuron: int64 (n_neurons,)."""
        return self.circuit % self.target.columns

    @property
    def address(self) -> np.ndarray:
        """Address of the spikes of each neuron, unique within its event output."""
        per_output = COLUMNS_PER_OUTPUT
        return self.row * per_output + self.column % per_output

    def owner(self) -> np.ndarray:
        """Neuron of each circuit of all chips, -1 = free: int32 (chips * circuits,)."""
        owner = np.full(self.chips * self.target.circuits, -1, np.int32)
        owner[self.circuits()] = np.repeat(np.arange(len(self.circuit)), self.count)
        return owner

    def circuits(self) -> np.ndarray:
        """All circuits in use, neuron after neuron: int64 (used,)."""
        start = np.cumsum(self.count) - self.count
        within = np.arange(self.used) - np.repeat(start, self.count)
        return np.repeat(self.circuit, self.count) + within


def circuits_needed(rows: np.ndarray, target: Target = HICANN_X) -> np.ndarray:
    """Circuits that neurons with so many synapse rows need: int64 like `rows`, at least 1."""
    return np.maximum(1, -(-np.asarray(rows, np.int64) // target.rows))


def split_rows(rows: np.ndarray, target: Target = HICANN_X) -> np.ndarray:
    """Circuits that neurons need where a row serves one line in all columns.

    The rows of an array are divided between the lines so that as few circuits as possible are
    needed; the same division for all arrays.

    Parameters
    ----------
    rows : int64 (n_neurons, 2)
        Rows that each neuron needs at each line.

    Returns
    -------
    int64 (n_neurons,), at least 1
    """
    pairs, which, many = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    if not len(rows):
        return np.empty(0, np.int64)
    # circuits of each pair for each number of rows of line 0; too many where a line has none
    first = np.arange(target.rows + 1)[:, np.newaxis]
    needed = np.ones((len(first), len(pairs)), np.int64)
    for given, wanted in ((first, pairs[:, 0]), (target.rows - first, pairs[:, 1])):
        some = -(-wanted // np.maximum(given, 1))
        none = np.where(wanted > 0, np.iinfo(np.int32).max, 0)
        np.maximum(needed, np.where(given > 0, some, none), out=needed)
    return needed[(needed @ many).argmin()][which.ravel()]


def place(
    count: np.ndarray, target: Target = HICANN_X, constraints: Constraints | None = None
) -> Placement:
    """Lay neurons of `count` neighbouring circuits onto as many chips as it takes.

    Parameters
    ----------
    count : int (n_neurons,), 1 to ``target.columns_per_block``
    target : Target
    constraints : Constraints, optional

    Raises
    ------
    PlacementError
        A neuron needs fewer than one circuit or more than a block has, or the constraints cannot
        be met.
    """
    count = np.array(count, np.int64)
    _check_sizes(count, target)
    return Placement(target, _laid(count, target, constraints), count, constraints)


def spread(placement: Placement, width: np.ndarray) -> Placement:
    """Place neurons anew as if each had `width` circuits; bound ones keep to what they have.

    Parameters
    ----------
    placement : Placement
    width : int64 (n_neurons,), at least as many as each has
    """
    width = np.where(placement.free, width, placement.count)
    circuit = _laid(width, placement.target, placement.constraints)
    return replace(placement, circuit=circuit)


def _laid(count: np.ndarray, target: Target, constraints: Constraints | None) -> np.ndarray:
    """First circuit of each neuron: int64 (n_neurons,)."""
    board = Board(target)
    if constraints is None:
        return fill(count, board)
    circuit = arranged(count, constraints, target)
    bound = circuit >= 0
    board.extend(int(circuit.max(initial=-1)) // target.circuits + 1)
    board.take(circuit[bound], count[bound])
    circuit[~bound] = fill(count[~bound], board)
    return circuit


def _check_sizes(count: np.ndarray, target: Target) -> None:
    block = target.columns_per_block
    bad = np.flatnonzero((count < 1) | (count > block))
    if len(bad):
        raise PlacementError(
            f"neuron {bad[0]} needs {count[bad[0]]} circuits, 1 to {block} neighbouring ones "
            "can be joined; give it fewer or weaker synapses"
        )
