"""A network on chips: what the emulator gets, and what can be told of it.

What tells of it is imported by who asks: most runs do not, and would start later.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim._core.background import BackgroundInputs
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.event_path import Crossing, crossings
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.links import Ways
from pynn_bss2sim._core.plasticity import ShortTerm
from pynn_bss2sim._core.pulses import Pulses
from pynn_bss2sim._core.records import Circuits, SynapseTable
from pynn_bss2sim._core.spike_pairs import SpikePairs

from .connectivity import Lifted
from .driver_plasticity import DriverPlan
from .evidence import Evidence
from .network import Network
from .place import Placement
from .route import Routing
from .translate import Scaling

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .report import ChipUsage, EventRates, Report, SourceRates

__all__ = ["Mapping"]


@frozen
class Mapping:
    """A network on chips.

    Attributes
    ----------
    network : Network
    chip : ChipModel
    circuits : Circuits
        What the emulator integrates.
    synapses : SynapseTable
        Who reaches whom. With real routing this is read from the registers: ordered by source,
        target, line and delay, with parallel synapses summed. Otherwise ordered by source, then
        projection, then the user's order.
    configs : tuple of ChipConfig
        The registers of each chip; empty where neither parameters nor routing are held by any.
    placement : Placement
    routing : Routing or None
        None with ``routing="lifted"``.
    lifted : Lifted or None
        What no register says of the synapses; None without routing.
    ways : Ways or None
        The links that events pass on their way to `synapses`; None where they limit nothing.
    short_term : ShortTerm of the core
        Which of `synapses` have short-term plasticity of their own; with lifted routing.
    pairs : SpikePairs of the core
        Which of `synapses` have spike-timing dependent plasticity.
    pulses : Pulses
        Which of them lie behind drivers with short-term plasticity; with real routing.
    drivers : DriverPlan
        Settings of the drivers behind `pulses`.
    scaling : Scaling
    weights, delays : tuple of float64 (n,)
        For each projection, in the user's order and units: what is realised; NaN = lost.
    units : tuple of float64 (n,)
        The same of one weight code.
    parameters : tuple of dict of str to float64
        For each population: its realised parameters, shape (size,), and ``tau_syn`` and ``e_rev``,
        shape (2, size).
    evidence : Evidence
        What the report is made of.
    """

    network: Network
    chip: ChipModel
    circuits: Circuits
    synapses: SynapseTable
    short_term: ShortTerm
    pairs: SpikePairs
    pulses: Pulses
    drivers: DriverPlan
    configs: tuple[ChipConfig, ...]
    placement: Placement
    routing: Routing | None
    lifted: Lifted | None
    ways: Ways | None
    scaling: Scaling
    weights: tuple[np.ndarray, ...]
    delays: tuple[np.ndarray, ...]
    units: tuple[np.ndarray, ...]
    parameters: tuple[dict[str, np.ndarray], ...]
    evidence: Evidence

    @cached_property
    def report(self) -> Report:
        """Asked and realised side by side; made when it is first looked at."""
        from . import report

        if self.routing is None:
            usage = report.placed_usage(self.placement)
        else:
            usage = tuple(
                report.chip_usage(k, config, self.routing.fpga)
                for k, config in enumerate(self.configs)
            )
        numbers = report.account(
            self.network,
            self.chip,
            self.placement,
            self.scaling,
            self.parameters,
            self.evidence,
            usage,
            self.event_rates(report.SourceRates.unknown(self.network.n_sources)),
        )
        made = replace(numbers, picture=self.plot)
        routing = self.routing
        if routing is None:
            return made
        sections = (
            report.generator_section(self.network, routing.generators, routing.served),
            report.driver_section(self.drivers),
        )
        return made.with_section(*(section for section in sections if section is not None))

    @property
    def background(self) -> BackgroundInputs:
        """The inputs behind those of the network: generators that run on the chips."""
        return BackgroundInputs(self.configs if self.routing is not None else ())

    @property
    def routed(self) -> Routing:
        """`routing`, of a mapping that has one."""
        assert self.routing is not None
        return self.routing

    @cached_property
    def _crossings(self) -> tuple[Crossing, ...]:
        return crossings(
            self.configs, self.routed.fpga, self.placement.circuit, self.network.n_sources
        )

    def event_rates(self, rates: SourceRates) -> EventRates | None:
        """Events on buses and links, or None where connections go over no bus.

        Parameters
        ----------
        rates : SourceRates
        """
        if self.routing is None:
            return None
        from . import report

        # rates of generators are those of their registers; one µs of the chip is one ms
        generators = 1e3 * self.background.rate
        known = replace(rates, rate=np.concatenate([rates.rate, generators]))
        return report.event_rates(self._crossings, known)

    @property
    def usage(self) -> tuple[ChipUsage, ...]:
        """What of each chip is in use."""
        return self.report.usage

    def plot(self, chip: int | None = None) -> Figure:
        """Draw chip number `chip`, or all of them; see `Report.plot`."""
        from . import report

        return report.draw_chips(self) if chip is None else report.draw_chip(self, chip)

    @property
    def lost(self) -> int:
        """Connections that have no place on the chips."""
        return int(self.routing.lost.sum()) if self.routing is not None else 0

    def __repr__(self) -> str:
        return (
            f"Mapping({len(self.circuits)} neurons on {self.placement.used} circuits of "
            f"{self.placement.chips} chips, {len(self.synapses)} connections, {self.chip!r})"
        )
