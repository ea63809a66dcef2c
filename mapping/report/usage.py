"""What is in use of each chip, counted in its registers.

Nothing here asks the router: what a register does not hold is not in use.
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core import wiring
from pynn_bss2sim._core.config import ChipConfig, RowMode
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.event_path import FpgaRouting
from pynn_bss2sim.mapping.place import Placement

from .records import ChipUsage, Usage

__all__ = ["chip_usage", "open_nodes", "placed_usage"]


def chip_usage(number: int, config: ChipConfig, fpga: FpgaRouting) -> ChipUsage:
    """Count what a chip with routed connections has in use.

    Parameters
    ----------
    number : int
        Of the chip, as `fpga` counts them.
    config : ChipConfig
    fpga : FpgaRouting

    Returns
    -------
    ChipUsage
        ``neuron circuits``: those of which spikes are sent, and those joined with them.
        ``synapses``: those of a weight other than 0, in rows that are in use. ``synapse rows``:
        of a mode other than disabled, of drivers that listen. ``synapse drivers``: those that
        listen. ``labels at drivers``: how many of the 64 labels the synapses of each driver tell
        apart. ``buses``: those that take events. ``crossbar nodes``: those that let some event
        pass. ``generators``: those that run. ``channels from FPGA``: those into which something is
        sent. ``channels to FPGA``: those that an open node leads to.
    """
    enabled = config.driver_enable
    row = (config.row_mode != RowMode.DISABLED) & enabled.repeat(chip.ROWS_PER_DRIVER, axis=1)
    synapse = (config.synapse_weight > 0) & row[:, :, np.newaxis]
    opened = open_nodes(config)
    channels = np.concatenate(
        [fpga.host_channel[fpga.host_chip == number], fpga.to_channel[fpga.to_chip == number]]
    )
    leaving = opened[:, wiring.FIRST_L2_OUTPUT :].any(axis=0)
    resources = (
        ("neuron circuits", _circuits(config), chip.HICANN_X.circuits),
        ("synapses", synapse.sum(), synapse.size),
        ("synapse rows", row.sum(), row.size),
        ("synapse drivers", enabled.sum(), enabled.size),
        ("labels at drivers", _labels(config, synapse), enabled.size * chip.LABELS),
        ("buses", config.padi_enable.sum(), config.padi_enable.size),
        ("crossbar nodes", opened.sum(), wiring.crossbar_nodes().sum()),
        ("generators", config.background_enable.sum(), chip.BACKGROUND_SOURCES),
        ("channels from FPGA", len(np.unique(channels)), chip.L2_CHANNELS),
        ("channels to FPGA", leaving.sum(), chip.L2_CHANNELS),
    )
    return ChipUsage(number, tuple(Usage(name, int(n), int(of)) for name, n, of in resources))


def placed_usage(placement: Placement) -> tuple[ChipUsage, ...]:
    """Circuits of each chip, where no register holds connections."""
    circuits = placement.target.circuits
    used = np.bincount(placement.circuits() // circuits, minlength=placement.chips)
    return tuple(
        ChipUsage(k, (Usage("neuron circuits", n, circuits),)) for k, n in enumerate(used.tolist())
    )


def open_nodes(config: ChipConfig) -> np.ndarray:
    """Which nodes of the crossbar let some event pass: bool (inputs, outputs)."""
    # bits of the target outside of the mask match no event
    return wiring.crossbar_nodes() & ((config.crossbar_target & ~config.crossbar_mask) == 0)


def _circuits(config: ChipConfig) -> int:
    """Circuits that send spikes, and those joined with them."""
    joined = config.switches[:, Switch.CONNECT_RIGHT].copy()
    # there is no switch between blocks
    joined[chip.COLUMNS_PER_BLOCK - 1 :: chip.COLUMNS_PER_BLOCK] = False
    begins = np.concatenate([[True], ~joined[:-1]])
    neuron = np.cumsum(begins) - 1
    sends = config.switches[:, Switch.DIGITAL_ENABLE]
    return int(np.isin(neuron, neuron[sends]).sum())


def _labels(config: ChipConfig, synapse: np.ndarray) -> int:
    """Different labels that the synapses in use compare with, summed over drivers."""
    hemisphere, row, column = np.nonzero(synapse)
    driver = hemisphere * chip.DRIVERS + row // chip.ROWS_PER_DRIVER
    heard = np.zeros((chip.HEMISPHERES * chip.DRIVERS, chip.LABELS), bool)
    heard[driver, config.synapse_label[hemisphere, row, column]] = True
    return int(heard.sum())
