"""Which wire leads where: the fixed part of the event routing, which no register changes.

Confidence and sources of the numbers: :mod:`pynn_bss2sim._core.hicannx`. What reaches what in the
crossbar is published in halco, ``routing_crossbar.cpp``.
"""

from __future__ import annotations

import numpy as np

from . import hicannx as chip

__all__ = [
    "ARRAYS",
    "BUSES",
    "FIRST_BACKGROUND_INPUT",
    "FIRST_FPGA_INPUT",
    "FIRST_L2_OUTPUT",
    "bus_label",
    "crossbar_nodes",
    "driver_bus",
    "event_output",
    "neuron_label",
]

#: Synapse arrays of one chip, one in each hemisphere.
ARRAYS = chip.HEMISPHERES
#: Buses of one chip: those of the top hemisphere, then those of the bottom one.
BUSES = chip.HEMISPHERES * chip.PADI_BUSES
#: Crossbar inputs: event outputs of the neurons, then channels of the FPGA, then background.
FIRST_FPGA_INPUT = chip.EVENT_OUTPUTS
FIRST_BACKGROUND_INPUT = FIRST_FPGA_INPUT + chip.L2_CHANNELS
#: Crossbar outputs: buses, then outputs to the FPGA.
FIRST_L2_OUTPUT = BUSES


def crossbar_nodes() -> np.ndarray:
    """Which nodes of the crossbar exist: bool (inputs, outputs)."""
    source = np.arange(chip.CROSSBAR_INPUTS)[:, np.newaxis]
    sink = np.arange(chip.CROSSBAR_OUTPUTS)
    to_fpga = sink >= FIRST_L2_OUTPUT
    same_index = source % chip.PADI_BUSES == sink % chip.PADI_BUSES
    return np.select(
        [source < FIRST_FPGA_INPUT, source < FIRST_BACKGROUND_INPUT],
        [same_index, ~to_fpga | same_index],
        np.where(to_fpga, same_index, source - FIRST_BACKGROUND_INPUT == sink),
    )


def driver_bus(driver: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bus of each driver, and its index there, which it compares with the row select."""
    return driver % chip.PADI_BUSES, driver // chip.PADI_BUSES


def event_output(column: np.ndarray) -> np.ndarray:
    """Event output, which is the crossbar input, of the circuits of a column."""
    return column // chip.COLUMNS_PER_OUTPUT


def neuron_label(column: np.ndarray, address: np.ndarray) -> np.ndarray:
    """Label of the spikes of a circuit: its event output, then its address."""
    return event_output(column) << chip.ADDRESS_BITS | address


def bus_label(label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What drivers and synapses see of a label: row select, and address for the synapses."""
    row_select = label >> chip.LABEL_BITS & (1 << chip.ROW_SELECT_BITS) - 1
    return row_select, label & chip.LABELS - 1
