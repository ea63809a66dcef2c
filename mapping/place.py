"""Neurons to circuits.

A neuron takes one circuit, or several neighbouring ones that are joined if it needs more synapse
rows than one circuit has. Neurons are placed in their order, each at the first free circuit behind
its predecessor where it fits; only a neuron of several circuits can leave gaps, at the end of a
block of columns, because no neuron may lie across that border.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from pynn_bss2sim._core.hicannx import COLUMNS_PER_OUTPUT, HICANN_X, Target

from .errors import PlacementError

__all__ = ["Placement", "circuits_needed", "place", "split_rows"]


@dataclass(frozen=True, eq=False)
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
    """

    target: Target
    circuit: np.ndarray
    count: np.ndarray

    def __post_init__(self) -> None:
        self.circuit.flags.writeable = False
        self.count.flags.writeable = False

    @property
    def chips(self) -> int:
        """Chips in use."""
        return int(self.circuit.max()) // self.target.circuits + 1 if len(self.circuit) else 0

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

    def needed(first):
        """Circuits of each pair, with `first` rows for line 0; too many where a line has none."""
        given = np.array([first, target.rows - first])
        never = np.iinfo(np.int32).max
        each = np.where(given > 0, -(-pairs // np.maximum(given, 1)), np.where(pairs > 0, never, 0))
        return np.maximum(1, each.max(axis=1))

    best = min(range(target.rows + 1), key=lambda first: int((needed(first) * many).sum()))
    return needed(best)[which.ravel()]


def place(count: np.ndarray, target: Target = HICANN_X) -> Placement:
    """Lay neurons of `count` neighbouring circuits onto as many chips as it takes.

    Parameters
    ----------
    count : int (n_neurons,), 1 to ``target.columns_per_block``
    target : Target

    Raises
    ------
    PlacementError
        A neuron needs fewer than one circuit or more than a block has.
    """
    count = np.array(count, np.int64)
    block = target.columns_per_block
    bad = np.flatnonzero((count < 1) | (count > block))
    if len(bad):
        raise PlacementError(
            f"neuron {bad[0]} needs {count[bad[0]]} circuits, 1 to {block} neighbouring ones "
            "can be joined; give it fewer or weaker synapses"
        )
    end = np.cumsum(count)
    gap = np.zeros(len(count), np.int64)
    ends = end.tolist()
    first, start = 0, 0
    while True:
        # all that fit into the block that neuron `first` opens; the next one opens another
        following = bisect_right(ends, start + block, first)
        if following == len(ends):
            break
        gap[following] = start + block - ends[following - 1]
        first, start = following, ends[following - 1]
    return Placement(target, end - count + np.cumsum(gap), count)
