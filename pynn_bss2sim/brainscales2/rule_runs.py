"""Plasticity rules at work in one snippet: what they see, change and record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.correlation import SensorTraits
from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.event_lines import event_lines
from pynn_bss2sim._core.ppu.handles import NeuronViewHandle, SynapseArrayViewHandle
from pynn_bss2sim._core.ppu.processors import Processors
from pynn_bss2sim._core.readout import Cadc
from pynn_bss2sim._core.records import Variable
from pynn_bss2sim.mapping import CodedMapping
from pynn_bss2sim.mapping.rule_views import neuron_views, synapse_views
from pynn_bss2sim.mapping.weights import latency_steps
from pynn_bss2sim.observables import Recording

from .clock import CYCLES_PER_STEP, TIMESTEP, to_cycles, to_ms
from .plasticity_rules import ObservableArray, ObservablePerSynapse, PlasticityRule, Sample
from .readout import output_voltage
from .snapshot import Snapshot

if TYPE_CHECKING:
    from pynn_bss2sim._core.correlation import EventLines
    from pynn_bss2sim._core.records import Activity, InputEvents
    from pynn_bss2sim.mapping.rule_views import SynapseView


__all__ = ["RuleRuns"]


class RuleRuns:
    """The rules of a snippet.

    Parameters
    ----------
    snapshot : Snapshot
    mapping : CodedMapping
    model : ChipModel
    trial : int
        Noise of different trials is independent.
    """

    def __init__(
        self, snapshot: Snapshot, mapping: CodedMapping, model: ChipModel, trial: int
    ) -> None:
        self._snapshot, self._model, self._trial = snapshot, model, trial
        self.mapping = mapping
        self._views = {
            projection: synapse_views(mapping, k)
            for k, projection in enumerate(snapshot.projections)
            if snapshot.rules.get(projection) is not None
        }
        grids = [_grid(v)[v.connection >= 0] for views in self._views.values() for v in views]
        self._watched = np.unique(np.concatenate([np.empty(0, np.int64), *grids]))
        self._emulator: Emulator | None = None
        self._processors = self._make_processors()
        self._wire()
        self._hands = {rule: self._handles(rule) for rule in self.rules}

    @property
    def rules(self) -> list[PlasticityRule]:
        """The rules, each once."""
        return list(dict.fromkeys(self._snapshot.rules.values()))

    def due(self) -> list[tuple[int, PlasticityRule]]:
        """Cycles at which rules run, and which."""
        start, stop = self._snapshot.start, self._snapshot.stop
        times = [(int(t), rule) for rule in self.rules for t in rule.timer.cycles(start, stop)]
        return sorted(times, key=lambda time: time[0])

    # --- what they see --------------------------------------------------------------------

    def _make_processors(self) -> Processors:
        mapping = self.mapping
        owner = mapping.placement.owner()
        array, within = np.divmod(self._watched, chip.ROWS * chip.COLUMNS)
        after = owner[array * chip.COLUMNS + within % chip.COLUMNS]
        after = np.where((after >= 0) & self._snapshot.post_pulses[after], after, -1)
        noisy = self._model.noise
        return Processors(
            (mapping.config,),
            self._lines(),
            self._watched,
            after,
            mapping.network.n_neurons,
            SensorTraits.of_device(self._model.device, 1, self._watched),
            TIMESTEP,
            self._membranes,
            f"{self._model.seed}/{self._trial}" if noisy else None,
            self._snapshot.start // CYCLES_PER_STEP,
        )

    def _lines(self) -> EventLines:
        mapping = self.mapping
        return event_lines(
            (mapping.config,), mapping.routing.fpga, mapping.placement.circuit,
            mapping.network.n_sources, latency_steps(TIMESTEP),
        )  # fmt: skip

    def _membranes(self, neuron: np.ndarray) -> np.ndarray:
        """What the column converters read of neurons: uint8 (k,)."""
        cadc = Cadc.of_device(self._model.device, noise=0.0)
        cadc = replace(cadc, correction=self._snapshot.cadc_correction)
        voltage, shown = np.empty(len(neuron)), self._snapshot.shown[neuron]
        for source in map(Variable, np.unique(shown)):
            mine = shown == source
            holder = neuron[mine]
            if source is Variable.V:
                holder = self._snapshot.membrane[holder]
            assert self._emulator is not None  # a rule runs
            state = self._emulator.get_state(source, holder)
            voltage[mine] = output_voltage(
                self._snapshot, self.mapping, source, neuron[mine], state
            )
        return cadc.convert(voltage, self._snapshot.circuit[neuron]).astype(np.uint8)

    def _handles(self, rule: PlasticityRule) -> tuple[list, list]:
        """Handles of synapses and neurons of a rule, each with whose they are."""
        synapses, neurons, first = [], [], 0
        for projection, views in self._views.items():
            if self._snapshot.rules[projection] is rule:
                synapses += [
                    (
                        SynapseArrayViewHandle(
                            self._processors, projection.label, v.chip, v.hemisphere, v.rows,
                            v.columns, v.connection,
                        ),
                        projection,
                        v.part,
                    )
                    for v in views
                ]  # fmt: skip
        for population in self._snapshot.neurons:
            if self._snapshot.rules.get(population) is rule:
                neuron = first + np.arange(population.size)
                neurons += [
                    (
                        NeuronViewHandle(
                            self._processors, population.label, v.chip, v.hemisphere, v.columns,
                            v.position, neuron[v.position], v.circuits,
                        ),
                        population,
                    )
                    for v in neuron_views(self.mapping.placement, neuron)
                ]  # fmt: skip
            first += population.size
        return synapses, neurons

    def passed(self, activity: Activity, events: InputEvents) -> None:
        """Note the spikes of one run of the emulator: its activity, and its input events."""
        n = self.mapping.network.n_neurons
        self._processors.passed(
            np.concatenate([activity.spike_step, events.step]),
            np.concatenate([activity.spike_neuron, n + events.source]).astype(np.int64),
            activity.stop_step,
        )

    # --- what they change -----------------------------------------------------------------

    def _wire(self) -> None:
        """Read the connections from the registers as they are, watched synapses all of them."""
        found = self.mapping.connections(self._watched)
        self.mapping = replace(
            self.mapping, synapses=found.synapses, ways=found.ways, pulses=found.pulses
        )
        self._contributions = found.contributions

    def run(self, rule: PlasticityRule, cycle: int, emulator: Emulator) -> CodedMapping:
        """Run a rule; return the mapping, with other registers if it has changed some.

        Parameters
        ----------
        rule : PlasticityRule
        cycle : int
            When it is due.
        emulator : Emulator
            That changed weights are given to.
        """
        self._emulator = emulator
        synapses, neurons = self._hands[rule]
        hands = [hand for hand, *_ in synapses], [hand for hand, _ in neurons]
        specified = {name: spec.specified() for name, spec in rule.observables.items()}
        recording = Recording(to_ms(cycle), specified, *hands)
        weight, label, analog = self._processors.begin()
        try:
            rule.kernel(*hands, recording)
        except Exception as error:
            error.add_note(
                f"This happened in the kernel of {type(rule).__name__} at t = {to_ms(cycle):g} ms."
            )
            raise
        self._apply(weight, label, analog, emulator)
        self._store(rule, recording)
        return self.mapping

    def _apply(
        self, weight: np.ndarray, label: np.ndarray, analog: np.ndarray, emulator: Emulator
    ) -> None:
        now = self._processors
        same_label, same_analog = (
            np.array_equal(label, now.label),
            np.array_equal(analog, now.analog),
        )
        if same_label and same_analog and np.array_equal(weight, now.weight):
            return
        config = replace(
            self.mapping.config,
            synapse_weight=now.weight[0], synapse_label=now.label[0], analog=now.analog[0],
        )  # fmt: skip
        if same_label and same_analog:
            assert self._contributions is not None  # synapses are watched
            amplitude = self._contributions.amplitude(now.weight)
            emulator.exchange_amplitudes(amplitude)
            table = replace(self.mapping.synapses, amplitude=amplitude)
            self.mapping = replace(self.mapping, configs=(config,), synapses=table)
            return
        self._reconfigure(config, not same_label, emulator)

    def rewritten(self, config: ChipConfig, emulator: Emulator) -> CodedMapping:
        """Take registers that something else than a rule has written; return the new mapping.

        Parameters
        ----------
        config : ChipConfig
        emulator : Emulator
            That changed weights are given to.
        """
        now = self._processors
        relabelled = not np.array_equal(config.synapse_label, now.label[0])
        now.weight[0], now.label[0] = config.synapse_weight, config.synapse_label
        now.analog[0] = config.analog
        self._reconfigure(config, relabelled, emulator)
        return self.mapping

    def _reconfigure(self, config: ChipConfig, relabelled: bool, emulator: Emulator) -> None:
        self.mapping = self.mapping.altered(config)
        if relabelled:
            self._processors.relabelled(self._lines())
        self._wire()
        mapping = self.mapping
        emulator.reconfigure(
            mapping.circuits, mapping.synapses, ways=mapping.ways, pulses=mapping.pulses
        )

    # --- what they record -----------------------------------------------------------------

    def _store(self, rule: PlasticityRule, recording: Recording) -> None:
        time = int(to_cycles(recording.time))
        synapses, neurons = self._hands[rule]
        for name, spec in rule.observables.items():
            arrays = recording.arrays(name)
            if isinstance(spec, ObservableArray):
                rule.store(name, None, Sample(time, arrays[0].tolist()))
                continue
            per_synapse = isinstance(spec, ObservablePerSynapse)
            found = _of_synapses(synapses, arrays) if per_synapse else _of_neurons(neurons, arrays)
            for owner, data in found.items():
                rule.store(name, owner, Sample(time, data))


def _grid(view: SynapseView) -> np.ndarray:
    """Synapses where rows and columns of a view cross, counted as in `Hits`: int64 (n, m)."""
    row = view.hemisphere * chip.ROWS + view.rows[:, np.newaxis]
    return row * chip.COLUMNS + view.columns


def _of_synapses(synapses: list, arrays: list) -> dict:
    """For each projection, values of the synapses of each connection: a list of lists."""
    parts: dict = {}
    for (hand, projection, part), array in zip(synapses, arrays, strict=True):
        mine = hand.connected
        columns = hand.connection[mine], part[mine], array[mine]
        parts.setdefault(projection, []).append(columns)
    found = {}
    for projection, pieces in parts.items():
        connection, part, value = (np.concatenate(column) for column in zip(*pieces, strict=True))
        order = np.lexsort((part, connection))
        ends = np.searchsorted(connection[order], np.arange(1, len(projection)))
        found[projection] = [values.tolist() for values in np.split(value[order], ends)]
    return found


def _of_neurons(neurons: list, arrays: list) -> dict:
    """For each population, values of the circuits of each neuron by compartment."""
    found: dict = {}
    for (hand, population), array in zip(neurons, arrays, strict=True):
        data = found.setdefault(population, [{}] * population.size)
        for cell, value in zip(hand.cells.tolist(), array.tolist(), strict=True):
            data[cell] = {0: [value]}
    return found
