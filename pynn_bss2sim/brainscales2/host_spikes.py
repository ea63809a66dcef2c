"""Spikes of sources on the host in a snippet.

Spike times count from the beginning of the experiment. The real frontend looks at the spikes of a
source again only where they have been set anew, and else plays those of the snippet before once
more; there are scripts that rely on it. For these (``BSS2SIM_LENIENT``) spikes are repeated that
could not be meant for a later snippet.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from .lenient import LENIENT_VARIABLE, is_lenient

if TYPE_CHECKING:
    from .populations import Population

__all__ = ["HostSpikes"]

logger = logging.getLogger("pynn_bss2sim.brainscales2")


class HostSpikes:
    """The spikes of the sources of an experiment, snippet by snippet."""

    def __init__(self) -> None:
        self._first: dict[Population, tuple[dict, int, int]] = {}
        self._told: set[Population] = set()

    def forget(self) -> None:
        """Begin a new experiment."""
        self._first.clear()

    def of(self, population: Population, start: int, stop: int) -> list[np.ndarray]:
        """Spikes of each cell in the cycles [start, stop): int64 (n,), ascending."""
        spikes, shift = population.spikes(), 0
        used, begin, end = self._first.get(population, (None, 0, 0))
        if used is population.parameter_arrays:
            if _repeats(population, spikes, end):
                self._tell(population)
                shift = start - begin
                stop = min(stop, end + shift)
        elif stop > start:
            self._first[population] = (population.parameter_arrays, start, stop)
        window = start - shift, stop - shift
        return [shift + times[slice(*np.searchsorted(times, window))] for times in spikes]

    def _tell(self, population: Population) -> None:
        if population not in self._told:
            logger.warning(
                "%s: its spike times lie in an earlier snippet and have not been set anew; they "
                "are repeated, as on the chip. Set those of this snippet, or leave %s unset",
                population.label, LENIENT_VARIABLE,
            )  # fmt: skip
        self._told.add(population)


def _repeats(population: Population, spikes: list[np.ndarray], end: int) -> bool:
    """Whether spikes are repeated: none lies behind the `end` of the snippet they were set for."""
    if not (is_lenient() and population.celltype.times_are_given):
        return False
    return max((int(times[-1]) for times in spikes if len(times)), default=end + 1) <= end
