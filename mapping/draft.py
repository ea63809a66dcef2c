"""Registers of all chips while they are being filled."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.config import NeuronSwitch as Switch

from .characteristics import Characteristics
from .place import Placement

__all__ = ["Draft"]


class Draft:
    """Registers of all chips while they are being filled.

    Parameters
    ----------
    placement : Placement
    characteristics : Characteristics
        What is believed of the circuits of all chips.
    """

    def __init__(self, placement: Placement, characteristics: Characteristics) -> None:
        target = placement.target
        n = placement.chips * target.circuits
        self.placement = placement
        self.chips = placement.chips
        self.first = placement.circuit
        self.all = placement.circuits()
        self.owner = np.repeat(np.arange(len(placement.circuit)), placement.count)
        #: Laws of the first circuit of each neuron, and of all of its circuits.
        self.law = characteristics.at(self.first)
        self.laws = characteristics.at(self.all)
        self.block = placement.chip * chip.BACKEND_BLOCKS + placement.column // (
            target.columns_per_block
        )
        reset = ChipConfig.default()
        per_circuit = (
            "analog",
            "switches",
            "capacitance",
            "refractory_counter",
            "refractory_fast",
            "address",
        )
        self.registers = {
            name: np.zeros((n, *reset.to_dict()[name].shape[1:]), reset.to_dict()[name].dtype)
            for name in per_circuit
        }
        self.blocks: dict[str, np.ndarray] = {}
        self.synapse_bias = chip.SYNAPSE_BIAS

    def code(self, parameter: Analog, values: ArrayLike) -> None:
        """Set an analog code of the first circuit of each neuron."""
        self.registers["analog"][self.first, parameter] = values

    def code_all(self, parameter: Analog, values: ArrayLike) -> None:
        """Set an analog code of all circuits, neuron after neuron."""
        self.registers["analog"][self.all, parameter] = values

    def switch(self, name: Switch, values: ArrayLike) -> None:
        """Set a switch of the first circuit of each neuron."""
        self.registers["switches"][self.first, name] = values

    def switch_all(self, name: Switch, values: ArrayLike) -> None:
        """Set a switch of all circuits, neuron after neuron."""
        self.registers["switches"][self.all, name] = values

    def any_of_neuron(self, flags: np.ndarray) -> np.ndarray:
        """Where any of the circuits of a neuron is flagged: bool (n_neurons,)."""
        return np.bincount(self.owner, flags, len(self.first)) > 0

    def join(self) -> None:
        """Join the circuits of each neuron; the first one sends its spikes."""
        last = np.zeros(len(self.all), bool)
        last[np.cumsum(self.placement.count) - 1] = True
        self.registers["switches"][self.all, Switch.CONNECT_RIGHT] = ~last
        self.registers["address"][self.first] = self.placement.address
        self.switch(Switch.DIGITAL_ENABLE, True)

    def largest_of_block(self, values: np.ndarray, where: np.ndarray | bool = True) -> np.ndarray:
        """Largest value, at least 0, of each backend block: float64 (chips * blocks,)."""
        result = np.zeros(self.chips * chip.BACKEND_BLOCKS)
        np.maximum.at(result, self.block, np.where(where, values, 0.0))
        return result

    def configs(self) -> tuple[ChipConfig, ...]:
        """The registers of each chip."""
        circuits = self.placement.target.circuits
        result = []
        for k in range(self.chips):
            here = slice(k * circuits, (k + 1) * circuits)
            blocks = slice(k * chip.BACKEND_BLOCKS, (k + 1) * chip.BACKEND_BLOCKS)
            result.append(
                ChipConfig.default(
                    synapse_bias=np.full(chip.QUADRANTS, self.synapse_bias),
                    **{name: values[here] for name, values in self.registers.items()},
                    **{name: values[blocks] for name, values in self.blocks.items()},
                )
            )
        return tuple(result)
