"""Connections to chips: here, to emulated ones."""

from __future__ import annotations

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim.control import chosen_chip

__all__ = ["ConnectionHandle", "ManagedConnection"]


class ConnectionHandle:
    """An open connection to an emulated chip; `setup` takes it.

    Attributes
    ----------
    chip : ChipModel
    programs : int
        How many programs without a network it has run; the noise of each is another.
    """

    def __init__(self, chip: ChipModel):
        self.chip = chip
        self.programs = 0

    def get_unique_identifier(self) -> list[str]:
        """The name of each chip that can be reached."""
        return [f"emulated-{self.chip.name}-{self.chip.seed}"]

    def get_hwdb_entry(self) -> dict:
        """What is known of the chip."""
        return {"chip": repr(self.chip)}


class ManagedConnection:
    """Context in which a connection is open.

    Parameters
    ----------
    chip : ChipModel or str, optional
        By default as `setup` chooses it.
    """

    def __init__(self, chip: ChipModel | str | None = None):
        self._chip = chosen_chip(chip)

    def __enter__(self) -> ConnectionHandle:
        return ConnectionHandle(self._chip)

    def __exit__(self, *exception: object) -> None:
        pass
