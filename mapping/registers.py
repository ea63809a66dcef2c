"""Codes of the registers for parameters asked for."""

from __future__ import annotations

from pynn_bss2sim._core.chip_model import NotEmulatedError


class Strength:
    """Codes of the synaptic strength of each input line."""


def voltage_maps(*_):
    """Refuse: 10-bit parameters are not there yet."""
    raise NotEmulatedError("10-bit analog parameters are not emulated yet; use chip='ideal'")
