"""Mapped networks in files: saved, looked at, altered and run without the script that made them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import neo
import numpy as np

from . import simulator
from ._core.emulator import Emulator
from ._core.records import InputEvents, Probe, Status, Variable
from .event_loss import warn_of_loss
from .mapping import Cells, ConfigurationError, configuration_file
from .mapping import Configuration as MappedConfiguration
from .segments import Signal, Snapshot, make_segment

if TYPE_CHECKING:
    from ._core.records import Activity


__all__ = ["Configuration", "load_configuration", "save_configuration"]


class Configuration(MappedConfiguration):
    """A mapped network that can be run by itself; see `load_configuration`."""

    def run(
        self,
        simtime: float,
        spikes: dict[str, Any] | None = None,
        record: str | Sequence[str] | dict[str, Any] = "spikes",
    ) -> dict[str, neo.Block]:
        """Emulate the configured chips from time 0, whatever has been run before.

        Electrodes and random spike sources of the host are no part of a configuration: what they
        did can be repeated by `spikes` only. Generators on the chips run as their registers say.

        Parameters
        ----------
        simtime : float, ms
            Rounded to the nearest time step.
        spikes : dict of str to sequence, optional
            For each spike source, by its label, the spike times (ms) of each of its cells: arrays,
            lists or Neo spike trains.
        record : str or sequence of str
            "spikes", and names of the variables that neurons had in the script: all neurons that
            have a variable are recorded at each time step.

        Returns
        -------
        dict of str to neo.Block
            One for each population of neurons, by its label.

        Raises
        ------
        pynn_bss2sim.mapping.ConfigurationError
            There is no such spike source, or not one sequence for each of its cells.
        SimulationError
            The state of a cell became infinite or NaN.
        """
        if not np.isfinite(simtime) or simtime < 0:
            raise ValueError(f"run: {simtime} ms; give a positive number of ms")
        names = [record] if isinstance(record, str) else list(record)
        n_steps = round(simtime / self.timestep)
        n_inputs = self.n_sources - self.n_neurons
        events = self.background.events(
            0, n_steps, self.timestep, n_inputs, self._events(spikes or {}, n_steps)
        )
        tracks = self._tracks(names)
        probes = tuple(
            Probe(variable, first + np.arange(p.size)) for p, first, _, variable in tracks
        )
        emulator = Emulator(
            self.circuits,
            self.synapses,
            self.timestep,
            probes,
            ways=self.ways,
            pulses=self.pulses,
            noise_seed=self.model.seed,
        )
        everyone = np.arange(self.n_neurons)
        emulator.set_states({v: (everyone, self.initial[v]) for v in Variable})
        activity = emulator.run(n_steps, events)
        if activity.traffic is not None and activity.traffic.dropped.any():
            warn_of_loss(activity.traffic, activity.stop_step * self.timestep)
        if activity.status is Status.INTERRUPTED:
            raise emulator.interruption or KeyboardInterrupt
        if activity.status is Status.NON_FINITE:
            raise simulator.SimulationError(
                f"neuron {activity.culprit}: its state became infinite or NaN at "
                f"t = {activity.stop_step * self.timestep:g} ms"
            )
        signals: dict[str, list[Signal]] = {p.label: [] for p in self.populations}
        for (population, first, name, variable), samples in zip(
            tracks, activity.samples, strict=True
        ):
            signals[population.label].append(
                self._signal(population, first, name, variable, samples)
            )
        return self._blocks(activity, names, signals, n_steps)

    def _events(self, spikes: dict, n_steps: int) -> InputEvents:
        """Input events of spike times."""
        steps, cells = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
        for label, trains in spikes.items():
            first, last = self.extent(label)
            if first < self.n_neurons:
                raise ConfigurationError(f"{label}: spikes can be given to spike sources only")
            if len(trains) != last - first:
                raise ConfigurationError(
                    f"{label}: spike times for {len(trains)} cells, it has {last - first}"
                )
            for k, train in enumerate(trains):
                times = _milliseconds(label, train)
                steps.append(np.rint(times / self.timestep).astype(np.int64))
                cells.append(np.full(len(times), first - self.n_neurons + k, np.int32))
        step, cell = np.concatenate(steps), np.concatenate(cells)
        due = np.flatnonzero(step < n_steps)
        order = due[np.lexsort((cell[due], step[due]))]
        return InputEvents(step[order], cell[order])

    def _tracks(self, names: list[str]) -> list:
        """What is recorded: population, its first neuron, name and variable."""
        tracks, first = [], 0
        for population in self.populations:
            for name in names:
                if name in population.recordables:
                    variable = Variable(population.recordables[name][0])
                    tracks.append((population, first, name, variable))
            first += population.size
        known = {name for p in self.populations for name in p.recordables} | {"spikes"}
        missing = [name for name in names if name not in known]
        if missing:
            raise ConfigurationError(
                f"run: there is no {missing[0]!r} to be recorded; there are "
                f"{', '.join(sorted(known))}"
            )
        return tracks

    def _signal(
        self, population: Cells, first: int, name: str, variable: Variable, samples: np.ndarray
    ) -> Signal:
        neuron = first + np.arange(population.size)
        values = np.concatenate([self.initial[variable, neuron][np.newaxis], samples])
        return Signal(
            name=name,
            units=population.recordables[name][1],
            cells=np.arange(population.size),
            t_start=0.0,
            interval=self.timestep,
            values=self.scaling.to_biology(variable, neuron, values),
        )

    def _blocks(
        self, activity: Activity, names: list[str], signals: dict, n_steps: int
    ) -> dict[str, neo.Block]:
        times = np.round(activity.spike_step * self.timestep, 12)
        blocks, first = {}, 0
        for population in self.populations:
            neuron = activity.spike_neuron
            mine = (neuron >= first) & (neuron < first + population.size)
            cells = np.arange(population.size)
            snapshot = Snapshot(
                label=population.label,
                first_id=0,
                name="segment000",
                rec_datetime=datetime.now(),
                t_stop=round(n_steps * self.timestep, 12),
                spiking_cells=cells if "spikes" in names else None,
                spikes_since=np.zeros(population.size),
                times=times[mine],
                cells=neuron[mine].astype(np.int64) - first,
                signals=tuple(signals[population.label]),
                annotations={},
            )
            block = neo.Block(name=population.label)
            block.annotate(population=population.label, size=population.size)
            block.segments.append(make_segment(snapshot, None, None))
            blocks[population.label] = block
            first += population.size
        return blocks


def _milliseconds(label: str, train: Any) -> np.ndarray:
    """Spike times in ms: float64 (n,)."""
    if hasattr(train, "rescale"):
        train = train.rescale("ms").magnitude
    times = np.asarray(train, np.float64).ravel()
    bad = ~np.isfinite(times) | (times < 0)
    if bad.any():
        raise ConfigurationError(f"{label}: a spike at {times[bad][0]} ms; give times from 0 on")
    return times


def save_configuration(path: str | os.PathLike) -> None:
    """Write what the present network makes of the chips to a file, mapping it first if needed.

    The file holds the registers of all chips, the tables of host and FPGAs, where each neuron lies,
    the labels, the scaling to biological units and the initial values: all that is needed to run
    the network again on any machine, without its script. The parameters of spike sources and
    electrodes are not part of it.

    Parameters
    ----------
    path : str or path
        By custom with the ending ``.npz``.

    Raises
    ------
    pynn_bss2sim.mapping.ConfigurationError
        Two populations have the same label.
    """
    state = simulator.state
    mapping = state.prepare()
    recordables = tuple(
        {
            name: (int(variable), p.celltype.units[name])
            for name, variable in p.celltype.variables.items()
            if name in p.celltype.recordable
        }
        for p in state.populations
    )
    initial = np.zeros((len(Variable), mapping.network.n_neurons))
    initial[Variable.V] = mapping.circuits.e_leak
    for population in state.populations:
        neuron = state.capture.first_neuron[population] + np.arange(population.size)
        for name, variable in population.celltype.variables.items():
            if name in population.initial_values:
                values = population.initial_array(name)
                initial[variable, neuron] = mapping.scaling.to_chip(variable, neuron, values)
    configuration = MappedConfiguration.of(mapping, initial, recordables)
    configuration_file.save(configuration, os.fspath(path))


def load_configuration(path: str | os.PathLike) -> Configuration:
    """Read what `save_configuration` wrote.

    Nothing in the file is executed, and no setup() is needed or changed.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    Configuration
        ``chips[k]`` holds the registers of chip k as arrays; ``connections(pre, post)`` tells who
        reaches whom, ``hits(pre, post)`` through which synapses; ``altered(k, ...)`` gives a
        configuration with other registers; ``run(simtime, spikes)`` emulates it.

    Raises
    ------
    pynn_bss2sim.mapping.ConfigurationError
        The file holds no configuration, or is damaged.
    """
    return configuration_file.load(os.fspath(path), Configuration)
