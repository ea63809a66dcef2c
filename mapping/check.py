"""A second opinion on a finished configuration.

Written to be compared with the text of a data sheet, in plain loops, and apart from the code that
made the configuration: it follows each event register by register to the synapses, and compares who
reaches whom, with what weight code and on which way, with what the network asks for.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import ChipConfig, RowMode
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.records import LINES

from .chips import characteristics
from .driver_fit import DriverFit

if TYPE_CHECKING:
    from .mapped import Mapping
    from .network import Sources

__all__ = ["problems"]

_DIRECT, _HOST, _LOOP, _CHIPS = range(4)
#: Registers of each line: switch that connects it, transconductance, modulation, its switch.
_LINE = (
    (Switch.EXC_ENABLE, Analog.I_BIAS_SYNIN_EXC_GM, Analog.I_BIAS_SYNIN_EXC_COBA, Switch.EXC_COBA),
    (Switch.INH_ENABLE, Analog.I_BIAS_SYNIN_INH_GM, Analog.I_BIAS_SYNIN_INH_COBA, Switch.INH_COBA),
)


def problems(mapping: Mapping) -> list[str]:
    """Compare the configuration of a mapping with its network.

    Parameters
    ----------
    mapping : Mapping
        With ``routing="real"``.

    Returns
    -------
    list of str
        What is wrong, a sentence for each connection; empty if all is well.
    """
    walk = _Walk(mapping)
    asked, ways = _asked(mapping)
    found = walk.problems
    for key in sorted(set(asked) | set(walk.codes)):
        source, neuron, line, plasticity = key
        want, have = asked.get(key, 0), walk.codes.get(key, 0)
        name = f"source {source} to neuron {neuron}, line {line}"
        if plasticity:
            name += f", driver with {plasticity}"
        if want != have:
            found.append(f"{name}: weight code {have}, {want} is asked for")
        elif want and ways[key] != walk.ways[key]:
            found.append(f"{name}: comes on way {walk.ways[key]}, {ways[key]} is declared")
    return found


def _asked(mapping: Mapping) -> tuple[dict, dict]:
    """Code and ways of each connection that is not declared lost."""
    codes: dict = defaultdict(int)
    ways: dict = defaultdict(set)
    steps = _steps(mapping)
    drivers, routing = mapping.drivers, mapping.routed
    number = 0
    for projection in mapping.network.projections:
        for pre, post, weight in zip(
            projection.pre.tolist(),
            projection.post.tolist(),
            projection.weight.tolist(),
            strict=True,
        ):
            if not routing.lost[number]:
                setting = int(drivers.setting[number])
                key = (pre, post, projection.line, _declared(drivers.fit, setting - 1))
                weight *= float(drivers.scale[number])
                code = chip.WEIGHT_MAX
                if mapping.chip.weights != "exact":
                    gain = mapping.scaling.line_gain(np.array([post]))[0]
                    code = round(abs(weight) * float(gain) / steps[post][projection.line])
                    # measured steps come after the synapses have been counted
                    code = min(code, chip.WEIGHT_MAX * int(mapping.evidence.synapses[number]))
                codes[key] += code
                if code:
                    ways[key].add(int(routing.path[number]))
            number += 1
    return codes, ways


def _declared(fit: DriverFit | None, setting: int) -> tuple:
    """Registers of short-term plasticity, as `_plasticity` reads them, of a declared setting."""
    if fit is None or setting < 0:
        return ()
    target = int(fit.target[setting])
    return (
        int(fit.utilization[setting]),
        int(fit.recovery[setting]),
        fit.speed,
        int(fit.charge[target]),
        int(fit.recover[target]),
    )


def _plasticity(config: ChipConfig, hemisphere: int, driver: int) -> tuple:
    """Utilization, recovery, speed of the clock and voltages of a driver; empty without."""
    if not config.stp_enable[hemisphere, driver]:
        return ()
    quadrant = 2 * hemisphere + driver % 2
    target = int(config.stp_target[hemisphere, driver])
    recovers = (
        config.stp_recovery_enable[hemisphere, driver] and config.stp_clock_enable[hemisphere]
    )
    return (
        int(config.stp_utilization[hemisphere, driver]),
        int(config.stp_recovery[hemisphere, driver]) if recovers else -1,
        int(config.stp_clock_speed[hemisphere]),
        int(config.stp_v_charge[quadrant, target]),
        int(config.stp_v_recover[quadrant, target]),
    )


def _steps(mapping: Mapping) -> list[list[float]]:
    """What one weight code is worth at each line of each neuron."""
    network = mapping.network
    if mapping.chip.mismatch != "none":
        return _measured_steps(mapping)
    if mapping.chip.parameters != "exact":
        steps = []
        for circuit in mapping.placement.circuit.tolist():
            config = mapping.configs[circuit // chip.HICANN_X.circuits]
            at = circuit % chip.HICANN_X.circuits
            steps.append([_step(config, at, line) for line in range(LINES)])
        return steps
    largest = [[0.0] * LINES for _ in range(network.n_neurons)]
    for p in network.projections:
        for post, weight in zip(p.post.tolist(), p.weight.tolist(), strict=True):
            largest[post][p.line] = max(largest[post][p.line], abs(weight))
    return [[size / chip.WEIGHT_MAX or 1.0 for size in pair] for pair in largest]


def _measured_steps(mapping: Mapping) -> list[list[float]]:
    """The mean of what is believed of the circuits of each neuron."""
    placement = mapping.placement
    laws = characteristics(mapping.chip, placement.chips)
    steps = []
    for first, count in zip(placement.circuit.tolist(), placement.count.tolist(), strict=True):
        pair = []
        for line, (_, gm, coba, is_coba) in enumerate(_LINE):
            values = []
            for circuit in range(first, first + count):
                config = mapping.configs[circuit // chip.HICANN_X.circuits]
                at = circuit % chip.HICANN_X.circuits
                code, switch = config.analog[at], bool(config.switches[at, is_coba])
                law = laws.at(np.array([circuit]))
                bias = int(config.synapse_bias[at // chip.COLUMNS_PER_BLOCK]) / chip.SYNAPSE_BIAS
                values.append(bias * float(law.weight_step(line, code[gm], code[coba], switch)[0]))
            pair.append(sum(values) / count)
        steps.append(pair)
    return steps


def _step(config: ChipConfig, circuit: int, line: int) -> float:
    enable, gm, coba, is_coba = _LINE[line]
    if not config.switches[circuit, enable]:
        return float("inf")
    analog = config.analog[circuit]
    quadrant = circuit // chip.COLUMNS_PER_BLOCK
    return float(
        Device().weight_step(
            int(analog[gm]),
            int(analog[coba]),
            bool(config.switches[circuit, is_coba]),
            int(config.synapse_bias[quadrant]),
        )
    )


class _Walk:
    """All events, followed to the synapses."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._configs = mapping.configs
        self.problems: list[str] = []
        self.codes: dict = defaultdict(int)
        self.ways: dict = defaultdict(set)
        self._forward = self._forwarding()
        self._owner = self._owners()
        for neuron, circuit in enumerate(mapping.placement.circuit.tolist()):
            self._spike(neuron, circuit)
        n_neurons = len(mapping.placement.circuit)
        for on_chip, config in enumerate(self._configs):
            for number in range(chip.BACKGROUND_SOURCES):
                if config.background_enable[number]:
                    self._generator(on_chip, number, config)
        fpga = mapping.routed.fpga
        for k in range(len(fpga.host_source)):
            self._from_fpga(
                n_neurons + int(fpga.host_source[k]),
                int(fpga.host_chip[k]),
                int(fpga.host_channel[k]),
                int(fpga.host_label[k]),
                _HOST,
            )

    def _forwarding(self) -> dict:
        """Where the FPGAs send what comes from the chips."""
        fpga = self._mapping.routed.fpga
        forward = defaultdict(list)
        for k in range(len(fpga.loop_chip)):
            came = (int(fpga.loop_chip[k]), int(fpga.loop_output[k]), int(fpga.loop_label[k]))
            forward[came].append(
                (int(fpga.to_chip[k]), int(fpga.to_channel[k]), int(fpga.to_label[k]))
            )
        return forward

    def _owners(self) -> dict:
        """Neuron of each circuit: from its first one to the right, as far as they are joined."""
        owner: dict = {}
        for neuron, circuit in enumerate(self._mapping.placement.circuit.tolist()):
            while True:
                if circuit in owner:
                    self.problems.append(f"neurons {owner[circuit]} and {neuron} are joined")
                owner[circuit] = neuron
                config = self._configs[circuit // chip.HICANN_X.circuits]
                at = circuit % chip.HICANN_X.circuits
                last = at % chip.COLUMNS_PER_BLOCK == chip.COLUMNS_PER_BLOCK - 1
                if last or not config.switches[at, Switch.CONNECT_RIGHT]:
                    break
                circuit += 1
        return owner

    def _spike(self, neuron: int, circuit: int) -> None:
        on_chip, at = divmod(circuit, chip.HICANN_X.circuits)
        config = self._configs[on_chip]
        if not config.switches[at, Switch.DIGITAL_ENABLE]:
            return
        output = at % chip.COLUMNS // chip.COLUMNS_PER_OUTPUT
        label = output * (chip.ADDRESS_MAX + 1) + int(config.address[at])
        bus = output % chip.PADI_BUSES
        for hemisphere in range(chip.HEMISPHERES):
            if self._passes(config, output, hemisphere * chip.PADI_BUSES + bus, label):
                self._on_bus(neuron, on_chip, hemisphere, bus, label, _DIRECT)
        leaving = chip.HEMISPHERES * chip.PADI_BUSES + output % chip.L2_CHANNELS
        if self._passes(config, output, leaving, label):
            came = (on_chip, output % chip.L2_CHANNELS, label)
            for to_chip, channel, sent in self._forward[came]:
                way = _LOOP if to_chip == on_chip else _CHIPS
                self._from_fpga(neuron, to_chip, channel, sent, way)

    def _generator(self, on_chip: int, number: int, config: ChipConfig) -> None:
        """Events of a generator, for the population that it is declared to serve."""
        name = f"chip {on_chip}, generator {number}"
        served = int(self._mapping.routed.served[on_chip, number])
        sources = [s for s in self._mapping.network.sources if s.on_chip is not None]
        if served < 0:
            self.problems.append(f"{name}: it runs, and serves no population")
            return
        self._compare(name, number, config, sources[served])
        first = self._mapping.network.n_neurons
        for s in self._mapping.network.sources:
            if s is sources[served]:
                break
            first += s.size
        mask = int(config.background_mask[number])
        base = int(config.background_label[number])
        port = chip.EVENT_OUTPUTS + chip.L2_CHANNELS + number
        hemisphere, bus = divmod(number, chip.PADI_BUSES)
        for position in range(mask + 1):
            label = base & ~mask | position & mask
            # names beyond the population must reach nobody
            source = first + position if position < sources[served].size else -1
            if self._passes(config, port, number, label):
                self._on_bus(source, on_chip, hemisphere, bus, label, _DIRECT)

    def _compare(self, name: str, number: int, config: ChipConfig, sources: Sources) -> None:
        """Whether a generator sends at the rate and with the seed of a population."""
        asked = sources.on_chip
        assert asked is not None
        mask, size = int(config.background_mask[number]), sources.size
        if mask & mask + 1 or not size <= mask + 1 < 2 * size:
            self.problems.append(f"{name}: mask {mask} for {size} sources")
        chance = (int(config.background_rate[number]) + 1) / (chip.BACKGROUND_RATE_MAX + 1)
        cycles = int(config.background_period[number]) + 1
        rate = chip.BACKGROUND_CLOCK * chance / cycles / (mask + 1)
        random = bool(config.background_poisson[number])
        # the registers cannot always come closer, see the report
        if not random or not 0.5 <= rate / asked.rate <= 2:
            self.problems.append(f"{name}: rate {rate:g}, {asked.rate:g} is asked for")
        if int(config.background_seed[number]) != asked.seed:
            self.problems.append(f"{name}: the seed of {sources.label} is another")

    def _from_fpga(self, source: int, on_chip: int, channel: int, label: int, way: int) -> None:
        if not 0 <= on_chip < len(self._configs):
            self.problems.append(f"source {source}: sent to chip {on_chip}, which is not there")
            return
        config = self._configs[on_chip]
        port = chip.EVENT_OUTPUTS + channel
        for hemisphere in range(chip.HEMISPHERES):
            for bus in range(chip.PADI_BUSES):
                if self._passes(config, port, hemisphere * chip.PADI_BUSES + bus, label):
                    self._on_bus(source, on_chip, hemisphere, bus, label, way)
        back = chip.HEMISPHERES * chip.PADI_BUSES + channel
        if self._passes(config, port, back, label) and self._forward[on_chip, channel, label]:
            self.problems.append(f"source {source}: its events go round through the FPGA")

    @staticmethod
    def _passes(config: ChipConfig, port: int, sink: int, label: int) -> bool:
        mask = int(config.crossbar_mask[port, sink])
        return label & mask == int(config.crossbar_target[port, sink])

    def _on_bus(
        self, source: int, on_chip: int, hemisphere: int, bus: int, label: int, way: int
    ) -> None:
        config = self._configs[on_chip]
        if not config.padi_enable[hemisphere, bus]:
            return
        select = label // chip.LABELS % chip.DRIVERS_PER_BUS
        address = label % chip.LABELS
        for index in range(chip.DRIVERS_PER_BUS):
            driver = index * chip.PADI_BUSES + bus
            mask = int(config.driver_mask[hemisphere, driver])
            if not config.driver_enable[hemisphere, driver] or (select ^ index) & mask:
                continue
            for row in range(driver * chip.ROWS_PER_DRIVER, (driver + 1) * chip.ROWS_PER_DRIVER):
                self._on_row(source, on_chip, hemisphere, row, address, way)

    def _on_row(
        self, source: int, on_chip: int, hemisphere: int, row: int, address: int, way: int
    ) -> None:
        config = self._configs[on_chip]
        plasticity = _plasticity(config, hemisphere, row // chip.ROWS_PER_DRIVER)
        mode = RowMode(int(config.row_mode[hemisphere, row]))
        labels = config.synapse_label[hemisphere, row].tolist()
        for column, weight in enumerate(config.synapse_weight[hemisphere, row].tolist()):
            if weight == 0 or labels[column] != address:
                continue
            circuit = hemisphere * chip.COLUMNS + column
            neuron = self._owner.get(on_chip * chip.HICANN_X.circuits + circuit)
            if neuron is None:
                continue
            if mode in (RowMode.EXCITATORY, RowMode.BOTH):
                self._arrive((source, neuron, 0, plasticity), config, circuit, weight, way)
            if mode in (RowMode.INHIBITORY, RowMode.BOTH):
                self._arrive((source, neuron, 1, plasticity), config, circuit, weight, way)

    def _arrive(self, key: tuple, config: ChipConfig, circuit: int, weight: int, way: int) -> None:
        mapping = self._mapping
        _, neuron, line, _ = key
        if mapping.chip.parameters != "exact" and mapping.chip.weights != "exact":
            first = int(mapping.placement.circuit[neuron])
            home = self._configs[first // chip.HICANN_X.circuits]
            step = _step(config, circuit, line)
            if step != _step(home, first % chip.HICANN_X.circuits, line):
                self.problems.append(f"neuron {neuron}: circuits of different strength are joined")
            if step == float("inf"):
                return
        self.codes[key] += weight
        self.ways[key].add(way)
