"""The synapses of a projection, one array for each attribute."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ._core.ordering import stable_order

__all__ = ["Columns"]


class Columns:
    """The synapses of a projection: one array for each of their attributes.

    Synapses are appended in pieces and put together when first looked at.

    Parameters
    ----------
    names : sequence of str
        Parameters of the synapses.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self._pieces: list[tuple] = []
        self._whole: dict[str, np.ndarray] = {
            "pre": np.empty(0, np.int32),
            "post": np.empty(0, np.int32),
            **{name: np.empty(0) for name in self.names},
        }

    def append(self, pre: np.ndarray, post: np.ndarray | int, parameters: dict[str, Any]) -> None:
        """Append synapses.

        Parameters
        ----------
        pre, post : int (n,)
            Positions of the cells; `post` may be one number for all.
        parameters : dict of str to float or float64 (n,)
        """
        self._pieces.append((pre, post, parameters))

    def _merge(self) -> None:
        if not self._pieces:
            return
        pieces, self._pieces = self._pieces, []
        lengths = [len(p[0]) for p in pieces]

        def column(old: np.ndarray, values: list[Any]) -> np.ndarray:
            if len(pieces) == 1 and not len(old):
                result = np.empty(lengths[0], old.dtype)
                result[:] = values[0]
                return result
            parts = [np.broadcast_to(v, n) for v, n in zip(values, lengths, strict=True)]
            return np.concatenate([old, *parts]).astype(old.dtype)

        whole = {
            "pre": column(self._whole["pre"], [p[0] for p in pieces]),
            "post": column(self._whole["post"], [p[1] for p in pieces]),
        }
        for name in self.names:
            whole[name] = column(self._whole[name], [p[2][name] for p in pieces])
        self._whole = whole

    def sort(self) -> None:
        """Order the synapses by presynaptic, then by postsynaptic cell.

        That is the order in which PyNN's ``set`` takes a list of values. Synapses between the
        same two cells stay in the order they were made.
        """
        pre, post = self.pre, self.post
        if (np.diff(post) >= 0).all():
            # connectors go from one postsynaptic cell to the next
            order = stable_order(pre)
        else:
            order = np.lexsort((post, pre))
        self._whole = {name: values[order] for name, values in self._whole.items()}

    def __getitem__(self, name: str) -> np.ndarray:
        self._merge()
        return self._whole[name]

    def __setitem__(self, name: str, values: Any) -> None:
        self._merge()
        self._whole[name] = values

    def __len__(self) -> int:
        return len(self["pre"])

    @property
    def pre(self) -> np.ndarray:
        """Positions of the presynaptic cells: int32 (n,)."""
        return self["pre"]

    @property
    def post(self) -> np.ndarray:
        """Positions of the postsynaptic cells: int32 (n,)."""
        return self["post"]
