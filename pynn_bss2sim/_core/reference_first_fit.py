"""The first fit of first_fit.pyx once more in NumPy, written to be read: the same result."""

from __future__ import annotations

import numpy as np

__all__ = ["first_fit"]


def first_fit(
    free: np.ndarray,
    begin: np.ndarray,
    slot: np.ndarray,
    rows: np.ndarray,
    order: np.ndarray,
    labels: int,
    balanced: bool,
) -> tuple[np.ndarray, ...]:
    """Give each source rows in one group if it fits into one, else in several; see there."""
    free_labels = np.full(free.shape[1], labels)
    pieces, members = [], []
    for source in order:
        mine = np.arange(begin[source], begin[source + 1])
        needed = rows[mine][:, np.newaxis]
        room = np.where(free_labels > 0, free[slot[mine]], 0)
        fits = np.flatnonzero((room >= needed).all(axis=0) & (free_labels > 0))
        if len(fits) and len(mine):
            only = fits[free_labels[fits].argmax() if balanced else 0]
            room[:, np.arange(len(free_labels)) != only] = 0
        while (taken := np.minimum(room, needed)).any():
            group = taken.sum(axis=0).argmax()
            some = np.flatnonzero(taken[:, group])
            pieces += [(mine[k], group, taken[k, group]) for k in some]
            members.append((source, group, labels - free_labels[group]))
            free[slot[mine], group] -= taken[:, group].astype(free.dtype)
            free_labels[group] -= 1
            needed = needed - taken[:, [group]]
            room[:, group] = 0
    columns = np.array(pieces, np.int64).reshape(-1, 3), np.array(members, np.int64).reshape(-1, 3)
    return (*columns[0].T, *columns[1].T)
