"""What of the chip a network takes, and how long it took to map it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim.mapping import CodedMapping

__all__ = ["MappedTopologyStatistics"]


@dataclass(frozen=True)
class MappedTopologyStatistics:
    """Counts of one execution on a chip.

    Attributes
    ----------
    num_populations, num_projections, num_neurons, num_synapses, num_synapse_drivers : int
    neuron_usage, synapse_usage, synapse_driver_usage : float
        Share of what a chip has.
    abstract_network_construction_duration, routing_duration, verification_duration : timedelta
        For taking the network, for mapping it, and 0: nothing is verified unless asked for.
    """

    num_populations: int
    num_projections: int
    num_neurons: int
    num_synapses: int
    num_synapse_drivers: int
    neuron_usage: float
    synapse_usage: float
    synapse_driver_usage: float
    abstract_network_construction_duration: timedelta
    routing_duration: timedelta
    verification_duration: timedelta = timedelta(0)

    @classmethod
    def of(
        cls,
        populations: int,
        projections: int,
        mapping: CodedMapping | None,
        construction: float,
        routing: float,
    ) -> MappedTopologyStatistics:
        """Of a mapped network; durations in s."""
        neurons = synapses = drivers = 0
        if mapping is not None:
            neurons, synapses = len(mapping.circuits), len(mapping.routing.synapse)
            drivers = sum(int(np.count_nonzero(c.driver_enable)) for c in mapping.configs)
        return cls(
            num_populations=populations,
            num_projections=projections,
            num_neurons=neurons,
            num_synapses=synapses,
            num_synapse_drivers=drivers,
            neuron_usage=neurons / chip.HICANN_X.circuits,
            synapse_usage=synapses / (chip.HICANN_X.circuits * chip.ROWS),
            synapse_driver_usage=drivers / (chip.HEMISPHERES * chip.DRIVERS),
            abstract_network_construction_duration=timedelta(seconds=construction),
            routing_duration=timedelta(seconds=routing),
        )
