"""Views of single connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyNN import common

if TYPE_CHECKING:
    from .projections import Projection
    from .simulator import ID


__all__ = ["Connection"]


class Connection(common.Connection):
    """One synapse of a projection.

    Attributes are read from and written to the projection: ``weight``, ``delay`` and whatever
    else the synapse type has.
    """

    __slots__ = ("index", "projection")
    index: int
    projection: Projection

    def __init__(self, projection: Projection, index: int) -> None:
        object.__setattr__(self, "projection", projection)
        object.__setattr__(self, "index", index)

    @property
    def presynaptic_index(self) -> int:
        """Position of the presynaptic cell."""
        return int(self.projection.columns.pre[self.index])

    @property
    def postsynaptic_index(self) -> int:
        """Position of the postsynaptic cell."""
        return int(self.projection.columns.post[self.index])

    @property
    def presynaptic_cell(self) -> ID:
        """The presynaptic cell."""
        return self.projection.pre[self.presynaptic_index]

    @property
    def postsynaptic_cell(self) -> ID:
        """The postsynaptic cell."""
        return self.projection.post[self.postsynaptic_index]

    source, target = presynaptic_cell, postsynaptic_cell

    def __getattr__(self, name: str) -> float:
        projection = object.__getattribute__(self, "projection")
        if name not in projection.columns.names:
            raise AttributeError(
                f"{projection.label}: a connection has no {name!r}; it has: "
                f"{', '.join(projection.columns.names)}"
            )
        return float(projection.realised(name)[self.index])

    def __setattr__(self, name: str, value: Any) -> None:
        projection = self.projection
        if name not in projection.columns.names:
            raise AttributeError(
                f"{projection.label}: a connection has no {name!r}; it has: "
                f"{', '.join(projection.columns.names)}"
            )
        projection.replace({name: value}, self.index)

    def as_tuple(self, *attribute_names: str) -> tuple:
        """Return the values of attributes, in this order."""
        return tuple(getattr(self, name) for name in attribute_names)
