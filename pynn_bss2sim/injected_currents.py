"""From electrodes to the currents that the emulator takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._core.records import CurrentInputs

if TYPE_CHECKING:
    from .capture import Capture
    from .mapping.translate import Scaling

__all__ = ["current_inputs"]


def current_inputs(
    electrodes: Sequence[Any], start: int, stop: int, dt: float, capture: Capture, scaling: Scaling
) -> CurrentInputs:
    """Currents of all electrodes in the steps [start, stop), in those of the chip.

    Parameters
    ----------
    electrodes : sequence of electrodes
    start, stop : int
    dt : float, ms
    capture : Capture
        Which neurons their targets are.
    scaling : Scaling
    """
    sources = [electrode for electrode in electrodes if len(electrode.targets)]
    if not sources:
        return CurrentInputs.none()
    initial, target, steps, values = [], [], [], []
    for electrode in sources:
        when, value = electrode.changes(start, stop, dt)
        initial.append(value[0])
        steps.append(when[1:])
        values.append(value[1:])
        target.append(capture.neurons_of_cells(electrode.targets))
    lengths = [len(s) for s in steps]
    change_step = np.concatenate(steps)
    order = np.argsort(change_step, kind="stable")
    target_index = np.concatenate(target).astype(np.int32)
    return CurrentInputs(
        initial=np.array(initial, dtype=np.float64),
        indptr=np.concatenate([[0], np.cumsum([len(t) for t in target])]),
        target=target_index,
        gain=scaling.current_gain(target_index),
        change_step=change_step[order],
        change_source=np.repeat(np.arange(len(steps)), lengths)[order],
        change_value=np.concatenate(values)[order],
    )
