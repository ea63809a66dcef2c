"""Cell and synapse types of the chip."""

from __future__ import annotations

from . import cells, synapses

__all__ = ["cells", "synapses"]
