"""What scripts name of the layer below the frontend: coordinates of chips."""

from __future__ import annotations

from types import SimpleNamespace

from .dlens_vx_v3.halco import Coordinate

__all__ = ["ChipOnConnection", "common"]


class ChipOnConnection(Coordinate, size=1):
    """A chip that a connection leads to; here there is one."""


common = SimpleNamespace(ChipOnConnection=ChipOnConnection)
