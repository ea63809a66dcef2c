"""Tools around experiments."""

from __future__ import annotations

from . import chip_plotter

__all__ = ["chip_plotter"]
