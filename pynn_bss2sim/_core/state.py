"""The dynamic state of the emulator, as a record that can be kept, grown and given back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pynn_bss2sim._core.records import LINES

__all__ = ["EmulatorState"]


@dataclass(frozen=True, eq=False)
class EmulatorState:
    """State at the begin of step `step`.

    Attributes
    ----------
    step : int
    v, w : float64 (n,)
        mV, nA.
    line : float64 (2, n)
        nA or µS.
    hold : float64 (n,)
        Steps of refractory hold that remain.
    under_way : float64 (depth, 2, n)
        Row k is what arrives on the lines at ``step + k``.
    """

    step: int
    v: np.ndarray
    w: np.ndarray
    line: np.ndarray
    hold: np.ndarray
    under_way: np.ndarray

    def grown(self, e_leak, depth: int) -> EmulatorState:
        """The state for ``len(e_leak)`` neurons (new ones at rest) and a ring of `depth` slots."""
        old, n = len(self.v), len(e_leak)

        def pad(array, fill=0.0):
            result = np.full((*array.shape[:-1], n), fill)
            result[..., :old] = array
            return result

        v = np.array(e_leak, np.float64)
        v[:old] = self.v
        under_way = np.zeros((depth, LINES, n))
        rows = min(depth, len(self.under_way))
        under_way[:rows] = pad(self.under_way[:rows])
        return EmulatorState(self.step, v, pad(self.w), pad(self.line), pad(self.hold), under_way)

    def rescaled(self, v_gain, v_offset, line_gain, w_gain) -> EmulatorState:
        """The same state in other voltage, current and conductance scales."""
        return EmulatorState(
            self.step,
            self.v * v_gain + v_offset,
            self.w * w_gain,
            self.line * line_gain,
            self.hold,
            self.under_way * line_gain,
        )

    @property
    def last_arrival(self) -> int:
        """Largest k with something arriving at ``step + k``; 0 if nothing is under way."""
        busy = np.flatnonzero(self.under_way.any(axis=(1, 2)))
        return int(busy[-1]) if len(busy) else 0
