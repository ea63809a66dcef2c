"""What a script writes to and reads from the chip beside its network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.links import LinkKind, Traffic, link_index

from .circuit_parameters import configured, registers_of
from .dlens_vx_v3 import hal, halco, lola, sta
from .joined import JOIN

__all__ = ["InjectedConfiguration", "InjectedReadout", "Injection"]

#: Registers of `ChipConfig` that a circuit's container holds.
_OF_CIRCUITS = (
    "analog", "switches", "capacitance", "refractory_counter", "reset_holdoff", "refractory_fast",
    "address",
)  # fmt: skip


@dataclass
class InjectedConfiguration:
    """Containers that are written at certain points of an execution.

    Attributes
    ----------
    pre_non_realtime : dict or sta.PlaybackProgramBuilder
        Before the network is configured, which overwrites what it has in common with it.
    pre_realtime, inside_realtime_begin : dict or sta.PlaybackProgramBuilder
        Before the experiment begins. Containers by coordinate.
    inside_realtime : sta.AbsoluteTimePlaybackProgramBuilder
        While it runs. It may be filled later than at setup().
    inside_realtime_end, post_realtime : dict or sta.PlaybackProgramBuilder
        After it.
    ppu_symbols : dict
        Not available: kernels in C++ are not run.
    """

    pre_non_realtime: dict = field(default_factory=dict)
    pre_realtime: dict = field(default_factory=dict)
    inside_realtime_begin: dict = field(default_factory=dict)
    inside_realtime: sta.AbsoluteTimePlaybackProgramBuilder = field(
        default_factory=sta.AbsoluteTimePlaybackProgramBuilder
    )
    inside_realtime_end: dict = field(default_factory=dict)
    post_realtime: dict = field(default_factory=dict)
    ppu_symbols: dict = field(default_factory=dict)

    def __setattr__(self, name: str, value: Any) -> None:
        # a name of earlier releases, by which scripts still assign
        object.__setattr__(self, {"pre_static_config": "pre_non_realtime"}.get(name, name), value)


@dataclass
class InjectedReadout:
    """Coordinates that are read at certain points of an execution.

    Attributes
    ----------
    pre_realtime, post_realtime : set
        `get_pre_realtime_read` and `get_post_realtime_read` give what was read.
    inside_realtime_begin, inside_realtime_end : set
        Read, and given to nobody.
    ppu_symbols : set of str
        Not available: kernels in C++ are not run.
    """

    pre_realtime: set = field(default_factory=set)
    inside_realtime_begin: set = field(default_factory=set)
    inside_realtime_end: set = field(default_factory=set)
    post_realtime: set = field(default_factory=set)
    ppu_symbols: set = field(default_factory=set)


class Injection:
    """Injected writes and reads of an experiment.

    Parameters
    ----------
    config : InjectedConfiguration
        Taken as it is now, but for `inside_realtime`, which is looked at when it is executed.
    readout : InjectedReadout
    """

    def __init__(self, config: InjectedConfiguration, readout: InjectedReadout) -> None:
        self._before = [
            *_writes(config.pre_realtime),
            *_writes(config.inside_realtime_begin),
        ]
        self._first = _writes(config.pre_non_realtime)
        self._after = [*_writes(config.inside_realtime_end), *_writes(config.post_realtime)]
        self._timed = config.inside_realtime
        self._readout = readout
        self._counting = np.zeros(chip.CROSSBAR_OUTPUTS, bool)
        self._counted = np.zeros(chip.CROSSBAR_OUTPUTS, np.int64)
        self.pre_read: dict = {}
        self.post_read: dict = {}
        if config.ppu_symbols or readout.ppu_symbols:
            raise NotImplementedError(
                "setup: ppu_symbols: kernels in C++ are not run in this version; use rules with "
                "kernels in Python"
            )

    @property
    def is_empty(self) -> bool:
        """Nothing is written or read."""
        writes = (*self._first, *self._before, *self._after, *self._timed.commands)
        return not (writes or self._readout.pre_realtime or self._readout.post_realtime)

    def begin(self, config: ChipConfig) -> ChipConfig:
        """Write what comes before an experiment, and read.

        Parameters
        ----------
        config : ChipConfig
            Of its first snippet.
        """
        # the network's configuration comes behind what is written first
        self._written(config, self._first)
        config = self._written(config, self._before)
        self.pre_read = self._read(self._readout.pre_realtime, config)
        return config

    def timed(self, start: int, stop: int) -> list[tuple[int, list]]:
        """Writes in the cycles `start` to `stop`: cycles in ascending order, and writes of each."""
        by_time: dict[int, list] = {}
        for time, coordinate, container in self._timed.commands:
            if start <= time < stop:
                by_time.setdefault(time, []).append((coordinate, container))
        return sorted(by_time.items())

    def write(self, config: ChipConfig, writes: list) -> ChipConfig:
        """Write containers."""
        return self._written(config, writes)

    def count(self, traffic: Traffic | None) -> None:
        """Count the events that passed the outputs of the crossbar."""
        if traffic is None:
            return
        first = [
            link_index(LinkKind.BUS, 0) + np.arange(chip.HEMISPHERES * chip.PADI_BUSES),
            link_index(LinkKind.L2_OUTPUT, 0) + np.arange(chip.L2_CHANNELS),
        ]
        passed = (traffic.events - traffic.dropped)[np.concatenate(first)]
        self._counted += np.where(self._counting, passed, 0)

    def end(self, config: ChipConfig) -> None:
        """Write what comes after an experiment, and read."""
        self.post_read = self._read(self._readout.post_realtime, self._written(config, self._after))

    def _written(self, config: ChipConfig, writes: list) -> ChipConfig:
        for coordinate, container in writes:
            if isinstance(container, sta.ContainerTicket):
                container.fill(self._container(coordinate, config))
            elif isinstance(coordinate, halco.CrossbarOutputConfigOnDLS):
                switches = container.enable_event_counter
                self._counting = np.array([bool(switches[k]) for k in range(chip.CROSSBAR_OUTPUTS)])
            elif isinstance(coordinate, halco.SynapseWeightRowOnDLS):
                config = _with_row(config, int(coordinate), container.check())
            elif isinstance(coordinate, halco.AtomicNeuronOnDLS):
                config = _with_circuit(config, int(coordinate), container)
            else:
                raise NotImplementedError(
                    f"setup: injected {coordinate!r}: of the chip's parts, rows of weights, neuron "
                    "circuits and the counters of the crossbar can be written in this version"
                )
        return config

    def _read(self, coordinates: set, config: ChipConfig) -> dict:
        return {coordinate: self._container(coordinate, config) for coordinate in coordinates}

    def _container(self, coordinate: Any, config: ChipConfig) -> Any:
        if isinstance(coordinate, halco.CrossbarOutputOnDLS):
            return hal.CrossbarOutputEventCounter(int(self._counted[coordinate]))
        if isinstance(coordinate, halco.SynramOnDLS):
            half = int(coordinate)
            return lola.SynapseMatrix(config.synapse_weight[half], config.synapse_label[half])
        if isinstance(coordinate, halco.SynapseWeightRowOnDLS):
            row = lola.SynapseWeightRow()
            row.values = config.synapse_weight.reshape(-1, chip.COLUMNS)[coordinate].astype(int)
            return row
        if isinstance(coordinate, halco.AtomicNeuronOnDLS):
            columns = registers_of(config)
            here = slice(int(coordinate), int(coordinate) + 1)
            return lola.AtomicNeuron({name: values[here] for name, values in columns.items()})
        raise NotImplementedError(
            f"setup: injected {coordinate!r}: of the chip's parts, arrays and rows of weights, "
            "neuron circuits and the counters of the crossbar can be read in this version"
        )


def _writes(given: Any) -> list[tuple]:
    """Coordinates and containers of a dict, or of a builder, which is empty then."""
    return given.take() if isinstance(given, sta.PlaybackProgramBuilder) else list(given.items())


def _with_row(config: ChipConfig, row: int, values: np.ndarray) -> ChipConfig:
    weight = config.synapse_weight.copy()
    weight.reshape(-1, chip.COLUMNS)[row] = values
    return ChipConfig(**{**config.to_dict(), "synapse_weight": weight})


def _with_circuit(config: ChipConfig, circuit: int, neuron: lola.AtomicNeuron) -> ChipConfig:
    if neuron.values()[JOIN]:
        raise NotImplementedError(
            f"setup: injected {halco.AtomicNeuronOnDLS(circuit)!r}: {JOIN}: circuits are joined by "
            "the parameters of a population; set it there"
        )
    columns = registers_of(config)
    for name, value in neuron.values().items():
        columns[name][circuit] = value
    changed = configured(columns).to_dict()
    return ChipConfig(**{**config.to_dict(), **{name: changed[name] for name in _OF_CIRCUITS}})
