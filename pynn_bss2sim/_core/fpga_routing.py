"""The tables by which host and FPGAs send events into the chips."""

from __future__ import annotations

from dataclasses import field, fields
from typing import Any

import numpy as np

from . import hicannx as chip
from .config import ConfigError
from .frozen import frozen
from .records import frozen_array

__all__ = ["FpgaRouting"]


def _column(doc: str) -> Any:
    return field(metadata={"doc": doc})


@frozen
class FpgaRouting:
    """What host and FPGAs send to the chips: one entry of each group for each event.

    Attributes
    ----------
    host_source, host_chip, host_channel, host_label : int32 (n,)
        For a spike of external input ``host_source``, an event with this label is sent into this
        channel of this chip.
    loop_chip, loop_output, loop_label, to_chip, to_channel, to_label : int32 (m,)
        For an event with ``loop_label`` from output ``loop_output`` of chip ``loop_chip``, one with
        ``to_label`` is sent into channel ``to_channel`` of chip ``to_chip``.
    """

    host_source: np.ndarray = _column("external input")
    host_chip: np.ndarray = _column("chip")
    host_channel: np.ndarray = _column("0 to 3")
    host_label: np.ndarray = _column("14 bits")
    loop_chip: np.ndarray = _column("chip")
    loop_output: np.ndarray = _column("0 to 3")
    loop_label: np.ndarray = _column("14 bits")
    to_chip: np.ndarray = _column("chip")
    to_channel: np.ndarray = _column("0 to 3")
    to_label: np.ndarray = _column("14 bits")

    def __post_init__(self) -> None:
        for f in fields(self):
            group = self.host_source if f.name.startswith("host") else self.loop_chip
            values = frozen_array(
                getattr(self, f.name), np.int32, (len(group),), f"FpgaRouting.{f.name}"
            )
            object.__setattr__(self, f.name, values)
            if f.name.endswith(("channel", "output")):
                self._check(f.name, values, chip.L2_CHANNELS - 1)
            elif f.name.endswith("label"):
                self._check(f.name, values, chip.NEURON_LABEL_MAX)

    @staticmethod
    def _check(name: str, values: np.ndarray, high: int) -> None:
        bad = np.flatnonzero((values < 0) | (values > high))
        if len(bad):
            raise ConfigError(
                f"FpgaRouting.{name}: {values[bad[0]]} at {bad[0]} lies outside 0 to {high}"
            )

    @classmethod
    def none(cls) -> FpgaRouting:
        """Nothing is sent."""
        return cls(*(np.empty(0, np.int32) for _ in fields(cls)))
