"""Coordinates and containers of the chip under the names that scripts know them by.

What scripts and tutorials use of these modules is here; what is not raises AttributeError.
"""

from __future__ import annotations

from .. import logger
from . import hal, halco, hxcomm, lola, sta

__all__ = ["hal", "halco", "hxcomm", "logger", "lola", "sta"]
