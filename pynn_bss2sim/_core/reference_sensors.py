"""The pairing of sensor_pairs.pyx once more in plain Python, written to be read: the same bits."""

from __future__ import annotations

import numpy as np

from .exponential import exp

__all__ = ["pair"]


def pair(
    step: np.ndarray,
    owner: np.ndarray,
    is_spike: np.ndarray,
    lines: tuple[np.ndarray, ...],
    neurons: tuple[np.ndarray, ...],
    last_event: np.ndarray,
    last_post: np.ndarray,
    tau: np.ndarray,
    amplitude: np.ndarray,
    total: np.ndarray,
    reach: float,
    grid: float,
) -> None:
    """Add what all pairs make to the sums of the sensors; see sensor_pairs.pyx."""
    (line_of, line_start, on_line), (neuron_of, neuron_start, of_neuron) = lines, neurons
    for now in np.unique(step):
        here = np.flatnonzero(step == now)
        for j in here:
            if is_spike[j]:
                trace, since = 0, last_post[owner[j]]
                synapse = of_neuron[neuron_start[owner[j]] : neuron_start[owner[j] + 1]]
                synapse = synapse[line_of[synapse] >= 0]
                other = last_event[line_of[synapse]]
            else:
                trace, since = 1, last_event[owner[j]]
                synapse = on_line[line_start[owner[j]] : line_start[owner[j] + 1]]
                synapse = synapse[neuron_of[synapse] >= 0]
                other = last_post[neuron_of[synapse]]
            near = (other > since) & (now - other <= reach * tau[trace, synapse])
            synapse, other = synapse[near], other[near]
            size = amplitude[trace, synapse] * exp(-(now - other) / tau[trace, synapse])
            total[trace, synapse] += np.rint(size / grid) * grid
        for j in here:
            (last_post if is_spike[j] else last_event)[owner[j]] = now
