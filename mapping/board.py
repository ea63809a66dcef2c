"""Which circuits are taken, and where neurons still fit."""

from __future__ import annotations

from itertools import chain, count

import numpy as np

from pynn_bss2sim._core.hicannx import Target

__all__ = ["Board", "fill", "first_fit"]


class Board:
    """The circuits of as many chips as have been asked for.

    Attributes
    ----------
    target : Target
    taken : bool (chips * target.circuits,)
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.taken = np.zeros(0, bool)

    @property
    def chips(self) -> int:
        """Chips on the board."""
        return len(self.taken) // self.target.circuits

    def extend(self, chips: int) -> None:
        """Have at least so many chips."""
        more = max(0, chips - self.chips) * self.target.circuits
        self.taken = np.concatenate([self.taken, np.zeros(more, bool)])

    def take(self, first: np.ndarray, size: np.ndarray) -> None:
        """Mark `size` circuits from `first` on, each int64 (n,), as taken."""
        start = np.cumsum(size) - size
        within = np.arange(int(size.sum())) - np.repeat(start, size)
        self.taken[np.repeat(first, size) + within] = True

    def gaps(
        self, chip: int | None = None, hemisphere: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Runs of free circuits inside blocks, in ascending order.

        Parameters
        ----------
        chip, hemisphere : int, optional
            Only there.

        Returns
        -------
        start, length : int64 (n,)
        """
        free = ~self.taken.reshape(-1, self.target.hemispheres, self.target.columns)
        wanted = np.zeros_like(free)
        here = (slice(None) if k is None else k for k in (chip, hemisphere))
        wanted[tuple(here)] = True
        blocks = (free & wanted).reshape(-1, self.target.columns_per_block)
        # a taken column on either side ends each block
        edges = np.diff(np.pad(blocks, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        block, start = np.nonzero(edges == 1)
        end = np.nonzero(edges == -1)[1]
        return block * self.target.columns_per_block + start, end - start


def first_fit(size: np.ndarray, start: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Put the largest first, each into the first gap where it fits.

    This is *first fit decreasing* (Johnson 1973), which needs at most 11/9 of the gaps that are
    necessary; whatever has the same size keeps its order.

    Parameters
    ----------
    size : int64 (n,), at least 1
    start, length : int64 (n_gaps,)

    Returns
    -------
    int64 (n,)
        First circuits; -1 for what does not fit.
    """
    start, length = start.copy(), length.copy()
    first = np.full(len(size), -1, np.int64)
    for each in np.unique(size)[::-1].tolist():
        room = length // each
        upto = np.cumsum(room)
        who = np.flatnonzero(size == each)[: int(room.sum())]
        rank = np.arange(len(who))
        gap = np.searchsorted(upto, rank, side="right")
        first[who] = start[gap] + (rank - (upto - room)[gap]) * each
        used = np.bincount(gap, minlength=len(start)) * each
        start += used
        length -= used
    return first


def fill(size: np.ndarray, board: Board) -> np.ndarray:
    """Put each behind its predecessor into the free circuits, on as many chips as it takes.

    This is *next fit*: what comes later does not move what came before.

    Parameters
    ----------
    size : int64 (n,), 1 to ``target.columns_per_block``

    Returns
    -------
    int64 (n,)
        First circuits.
    """
    block = board.target.columns_per_block
    further = ((start, block) for start in count(len(board.taken), block))
    gaps = chain(zip(*(g.tolist() for g in board.gaps()), strict=True), further)
    ends = np.cumsum(size)
    begins = ends - size
    first = np.empty(len(size), np.int64)
    done = 0
    while done < len(size):
        start, length = next(gaps)
        fitting = int(np.searchsorted(ends, begins[done] + length, side="right"))
        first[done:fitting] = begins[done:fitting] - begins[done] + start
        done = max(done, fitting)
    return first
