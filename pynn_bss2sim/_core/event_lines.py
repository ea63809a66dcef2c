"""Which spikes are events at which synapse driver, with which label: `EventLines` of registers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from . import hicannx as chip
from .background import BackgroundInputs
from .config import ChipConfig
from .correlation import EventLines
from .event_path import follow
from .fpga_routing import FpgaRouting

__all__ = ["event_lines", "line_of"]


def event_lines(
    configs: Sequence[ChipConfig],
    fpga: FpgaRouting,
    first: np.ndarray,
    n_sources: int,
    latency: np.ndarray,
) -> EventLines:
    """The lines that the registers of routing make, whatever the synapses hold.

    A line is a label at a synapse driver: number ``(array * 128 + driver) * 64 + label``, arrays
    counted over all chips. Waits at links are not counted.

    Parameters
    ----------
    configs, fpga, first, n_sources
        See `event_path.follow`.
    latency : int (4,), steps
        Of each `Path`.
    """
    # synapses that listen to everything: in each driver's first row, one for each label
    weight = np.zeros((chip.HEMISPHERES, chip.ROWS, chip.COLUMNS), np.uint8)
    weight[:, :: chip.ROWS_PER_DRIVER, : chip.LABELS] = 1
    label = np.broadcast_to(np.arange(chip.COLUMNS) % chip.LABELS, weight.shape)
    probes = [replace(c, synapse_weight=weight, synapse_label=label) for c in configs]
    hits = follow(probes, fpga, first, n_sources)
    order = np.argsort(hits.source, kind="stable")
    row, listening = np.divmod(hits.synapse[order], chip.COLUMNS)
    n_sources += len(BackgroundInputs(configs))
    indptr = np.zeros(n_sources + 1, np.int64)
    np.cumsum(np.bincount(hits.source, minlength=n_sources), out=indptr[1:])
    return EventLines(
        len(configs) * chip.HEMISPHERES * chip.DRIVERS * chip.LABELS,
        indptr,
        row // chip.ROWS_PER_DRIVER * chip.LABELS + listening,
        latency[hits.path[order]],
    )


def line_of(synapse: np.ndarray, label: np.ndarray) -> np.ndarray:
    """The line that synapses listen to.

    Parameters
    ----------
    synapse : int64 (n,)
        Counted as in `event_path.Hits`.
    label : uint8 (n,)
        Their registers.
    """
    driver = synapse // (chip.COLUMNS * chip.ROWS_PER_DRIVER)
    return driver * chip.LABELS + label
