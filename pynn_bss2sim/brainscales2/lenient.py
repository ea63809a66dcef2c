"""Whether scripts for several releases of the real frontend are met half-way."""

from __future__ import annotations

import os

__all__ = ["LENIENT_VARIABLE", "is_lenient"]

#: If it is set, parameters may be set before they are read from the chip's configuration, and
#: spikes are repeated as `host_spikes` tells.
LENIENT_VARIABLE = "BSS2SIM_LENIENT"


def is_lenient() -> bool:
    """Whether the environment variable is set."""
    return bool(os.environ.get(LENIENT_VARIABLE))
