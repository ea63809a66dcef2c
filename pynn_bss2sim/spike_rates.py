"""What is known of how often each cell spikes: from recorded spikes, else from parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .mapping.report import SourceRates

if TYPE_CHECKING:
    from .simulator import State

__all__ = ["source_rates"]


def source_rates(state: State) -> SourceRates:
    """Rates of all cells of the captured network.

    Those of recorded cells are measured over the present segment. Those of other spike sources are
    what their parameters say of the time in which they spike; those of other neurons, and of spike
    sources with given times, are not known.
    """
    capture = state.capture
    rate = np.full(capture.network.n_sources, np.nan)
    measured = given = False
    offset = capture.network.n_neurons
    first = capture.first_neuron | {p: offset + k for p, k in capture.first_source.items()}
    for population, begin in first.items():
        values = population.recorder.spike_rates()
        measured |= bool(np.isfinite(values).any())
        if population.is_source:
            expected = population.celltype.mean_rates(population.parameter_arrays)
            missing = np.isnan(values)
            given |= bool((missing & ~np.isnan(expected)).any())
            values = np.where(missing, expected, values)
        rate[begin : begin + population.size] = values
    words = [f"the spikes recorded until {state.t:g} ms"] if measured else []
    if given or not words:
        words.append("the rates given to spike sources")
    return SourceRates(rate, " and ".join(words))
