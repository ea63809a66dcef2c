"""Sources into groups: vector bin packing.

Each source needs some rows in some columns; a group has so many rows in each column, and 64
labels. First fit, largest sources first (a standard heuristic of bin packing), with a way out: a
source that fits into no group as a whole is split and sent to several, first to where most of it
fits. So nothing that is asked of a column is lost while it has a free row in a group with a free
label.
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.first_fit import first_fit
from pynn_bss2sim._core.hicannx import LABELS

from .repair import Packed, repaired

__all__ = ["pack"]


def pack(
    capacity: np.ndarray,
    begin: np.ndarray,
    slot: np.ndarray,
    rows: np.ndarray,
    seed: int,
    balanced: bool,
) -> Packed:
    """Pack sources.

    Parameters
    ----------
    capacity : int (n_slots, n_groups)
        Rows of each group at each input line.
    begin : int64 (n_sources + 1,)
        Where the entries of each source begin; each has some.
    slot, rows : int64 (n_entries,)
        Input line, and rows needed there.
    seed : int
        Decides the order of sources of one size.
    balanced : bool
        Of the groups into which a source fits, take that with the most free labels instead of
        the first: better where labels are scarce.
    """
    total = np.add.reduceat(rows, begin[:-1]) if len(begin) > 1 else rows[:0]
    tie = np.random.default_rng(seed).permutation(len(total))
    free = np.array(capacity, np.int32, order="C")
    found = first_fit(free, begin, slot, rows, np.lexsort((tie, -total)), LABELS, balanced)
    return repaired(Packed(*found), free, begin, slot, rows)
