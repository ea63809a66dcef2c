"""The plasticity rules of a mapped network at work: when they run, what they see and change."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ._core import hicannx as chip
from ._core.correlation import SensorTraits
from ._core.deviations import normal_at
from ._core.event_lines import event_lines
from ._core.ppu.handles import NeuronViewHandle, SynapseArrayViewHandle
from ._core.ppu.processors import Processors
from ._core.records import Variable
from .interrupts import TimeLimit
from .mapping.chips import converters
from .mapping.connectivity import read_back
from .mapping.errors import PlasticityError
from .mapping.rule_views import neuron_views, synapse_views
from .mapping.weights import latency_steps
from .observables import ObservableArray, ObservablePerSynapse, Recording, Sample

if TYPE_CHECKING:
    from ._core.correlation import EventLines
    from ._core.records import Activity, InputEvents
    from .mapping.rule_views import SynapseView
    from .plasticity_rules import PlasticityRule
    from .projections import Projection
    from .simulator import State

__all__ = ["RuleRuns"]

#: Share of the largest weight that is near enough to it.
_REACHED = 0.9

logger = logging.getLogger(__name__)


class RuleRuns:
    """Runs rules between steps of the emulation.

    Parameters
    ----------
    state : State
        With a mapped network.
    previous : RuleRuns, optional
        Of the network before it changed: rules go on where they are.

    Attributes
    ----------
    kernel_runs : bool
        A kernel is at work, and may be interrupted.
    mapped_at_start : bool
        The network was mapped for the weights of time 0, not for what rules have made of them.
    """

    def __init__(self, state: State, previous: RuleRuns | None = None) -> None:
        self._state, self._mapping = state, state.mapping
        self.rules = state.rules
        self.kernel_runs = False
        self._next = dict.fromkeys(self.rules, 0)
        self._warned: set = set()
        self._start: dict = {}
        self.mapped_at_start = previous is None or not previous._start
        if previous is not None:
            self._next |= {r: k for r, k in previous._next.items() if r in self._next}
            self._warned, self._start = previous._warned, previous._start
        if self._mapping.routing is None:
            raise PlasticityError(
                f"{self.rules[0].label}: plasticity rules work on the registers of a chip, and "
                f"{self._mapping.chip!r} routes nothing; choose a chip model with routing='real', "
                "such as 'quantized'"
            )
        self._views = {
            (projection, record): synapse_views(self._mapping, record)
            for projection in self._projections()
            for record, _ in state.capture.parts[projection]
        }
        if previous is None:
            self._tell_of_reach()
        self._watched = np.unique(
            np.concatenate([np.empty(0, np.int64), *map(_synapses, self._all_views())])
        )
        self.configs = self._mapping.configs
        self.circuits = self._mapping.circuits
        self._processors = self._make_processors()
        self._handles = {rule: self._make_handles(rule) for rule in self.rules}
        self._wire()

    def _projections(self) -> list:
        return [p for p in self._state.projections if p.plasticity_rule is not None]

    def _tell_of_reach(self) -> None:
        """Warn where full weight codes stand for less than what rules are to reach."""
        for projection, record in self._views:
            asked = self._mapping.network.projections[record].reach.weight
            full = chip.WEIGHT_MAX * self._mapping.units[record]
            if len(full) and (np.abs(full) < _REACHED * np.abs(asked)).any():
                logger.warning(
                    "%s: w_max = %g, but a synapse of the chip reaches %.3g at most; give the "
                    "neurons less capacitance, or take a smaller w_max",
                    projection.label,
                    asked[0],
                    full[np.abs(full).argmin()],
                )

    def _all_views(self) -> list:
        return [view for views in self._views.values() for view in views]

    # --- what rules see ---------------------------------------------------------------------

    def _make_processors(self) -> Processors:
        mapping, state = self._mapping, self._state
        owner = mapping.placement.owner()
        array, within = np.divmod(self._watched, chip.ROWS * chip.COLUMNS)
        neuron = owner[array * chip.COLUMNS + within % chip.COLUMNS]
        noisy = mapping.chip.noise
        return Processors(
            self.configs,
            self._lines(),
            self._watched,
            neuron,
            mapping.network.n_neurons,
            SensorTraits.of_device(mapping.chip.device, len(self.configs), self._watched),
            state.dt,
            self._membranes if mapping.chip.parameters == "10bit" else None,
            f"{mapping.chip.seed}/{state.segment_counter}" if noisy else None,
            state.step,
        )

    def _lines(self) -> EventLines:
        mapping = self._mapping
        return event_lines(
            self.configs,
            mapping.routed.fpga,
            mapping.placement.circuit,
            mapping.network.n_sources,
            latency_steps(self._state.dt),
        )

    def _make_handles(self, rule: PlasticityRule) -> tuple[list, list]:
        synapses = []
        for (projection, record), views in self._views.items():
            if projection.plasticity_rule is not rule:
                continue
            some = dict(self._state.capture.parts[projection])[record]
            for view in views:
                connection = view.connection
                if some is not None:
                    connection = np.where(connection >= 0, some[connection], -1)
                handle = SynapseArrayViewHandle(
                    self._processors, projection.label, view.chip, view.hemisphere, view.rows,
                    view.columns, connection,
                )  # fmt: skip
                synapses.append((handle, projection, view.part))
        neurons = []
        for population in rule.populations:
            if population not in self._state.capture.first_neuron:
                continue
            neuron = self._state.capture.first_neuron[population] + np.arange(population.size)
            for part in neuron_views(self._mapping.placement, neuron):
                neuron_handle = NeuronViewHandle(
                    self._processors, population.label, part.chip, part.hemisphere, part.columns,
                    part.position, neuron[part.position], part.circuits,
                )  # fmt: skip
                neurons.append((neuron_handle, population))
        return synapses, neurons

    def _membranes(self, neuron: np.ndarray) -> np.ndarray:
        """What the column converters read of membranes: uint8 (k,)."""
        voltage = self._state.emulator.get_state(Variable.V, neuron)
        chips = self._mapping.placement.chip[neuron]
        channel = self._state.readout.cadc_channel(neuron)
        normals = np.zeros(len(neuron))
        if self._mapping.chip.noise:
            key = f"{self._mapping.chip.seed}/{self._state.segment_counter}/ppu_membranes"
            counter = np.uint64(self._state.step << 24) + neuron.astype(np.uint64)
            normals = normal_at(key, counter)
        raw = np.empty(len(neuron), np.uint8)
        for number in np.unique(chips):
            mine = chips == number
            cadc, _ = converters(self._mapping.chip, int(number))["cadc"]
            raw[mine] = cadc.convert(voltage[mine], channel[mine], normals[mine])
        return raw

    @property
    def observed(self) -> np.ndarray:
        """Neurons whose spikes rules may want to know of: bool (n_neurons,)."""
        return np.ones(self._mapping.network.n_neurons, bool)

    def passed(self, activity: Activity, events: InputEvents) -> None:
        """Note the spikes of one run of the emulator: its activity, and its input events."""
        due = events.step < activity.stop_step
        n = self._mapping.network.n_neurons
        self._processors.passed(
            np.concatenate([activity.spike_step, events.step[due]]),
            np.concatenate([activity.spike_neuron, n + events.source[due]]).astype(np.int64),
            activity.stop_step,
        )

    # --- what they change -------------------------------------------------------------------

    def _wire(self) -> None:
        """Read the connections from the registers as they are."""
        mapping = self._mapping
        assert mapping.lifted is not None
        found = read_back(
            mapping.chip,
            self.configs,
            mapping.routed.fpga,
            mapping.placement,
            mapping.network.n_sources,
            self._state.dt,
            mapping.lifted,
            self._watched,
        )
        self.synapses, self.ways, self.pulses = found.synapses, found.ways, found.pulses
        self._contributions = found.contributions

    def _apply(self, before: tuple) -> None:
        """Let the emulator have what kernels have written since `before`."""
        emulator, now = self._state.emulator, self._processors
        weight, label, analog = before
        if not np.array_equal(label, now.label):
            self._configure()
            now.relabelled(self._lines())
            self._wire()
            emulator.reconfigure(synapses=self.synapses, ways=self.ways, pulses=self.pulses)
        elif not np.array_equal(weight, now.weight):
            assert self._contributions is not None
            amplitude = self._contributions.amplitude(now.weight)
            emulator.exchange_amplitudes(amplitude)
            self.synapses = replace(self.synapses, amplitude=amplitude)
        if not np.array_equal(analog, now.analog):
            self._configure()
            mapping = self._mapping
            self.circuits = mapping.chip.device.circuits(
                self.configs, mapping.placement.circuit, mapping.placement.count, self._state.dt,
                noise=mapping.chip.noise,
            )  # fmt: skip
            emulator.reconfigure(self.circuits, self.synapses)

    def _configure(self) -> None:
        now = self._processors
        self.configs = tuple(
            replace(c, synapse_weight=w, synapse_label=s, analog=a)
            for c, w, s, a in zip(self.configs, now.weight, now.label, now.analog, strict=True)
        )

    def weights(self, projection: Projection) -> np.ndarray:
        """Present weights of a projection: float64 (n,), nA or µS; NaN = lost."""
        registers = self._processors.weight.ravel()
        values: dict[int, np.ndarray] = {}
        for record, _ in self._state.capture.parts[projection]:
            unit, mapped = self._mapping.units[record], self._mapping.weights[record]
            values[record] = np.where(np.isnan(mapped), np.nan, 0.0)
            for view in self._views[projection, record]:
                mine = view.connection >= 0
                which = view.connection[mine]
                np.add.at(values[record], which, registers[_grid(view)[mine]] * unit[which])
        return self._state.capture.collect(projection, values)

    def keep_weights(self) -> None:
        """Let projections ask for the weights that they have now, if the network is mapped anew."""
        for projection in self._projections():
            asked = projection.columns["weight"]
            self._start.setdefault(projection, asked)
            now = self.weights(projection)
            projection.columns["weight"] = np.where(np.isnan(now), asked, now)

    def reset(self) -> None:
        """Let projections ask for the weights of time 0 again."""
        self._next = dict.fromkeys(self.rules, 0)
        for projection, weights in self._start.items():
            projection.columns["weight"] = weights
        self._start = {}

    # --- when they run ----------------------------------------------------------------------

    def _due(self, rule: PlasticityRule) -> int | None:
        """The step at which a rule runs next, None = never again."""
        k = self._next[rule]
        return rule.timer.step(k, self._state.dt) if k < rule.timer.num_periods else None

    def until(self, stop: int) -> int:
        """The step, at most `stop`, up to which the emulator can run by itself."""
        due = [step for rule in self.rules if (step := self._due(rule)) is not None]
        return min([stop, *due])

    def run_due(self) -> None:
        """Run the rules whose time has come, in the order of their projections."""
        for rule in self.rules:
            while (due := self._due(rule)) is not None and due <= self._state.step:
                self._next[rule] += 1
                if due == self._state.step:
                    self._run(rule)

    def _run(self, rule: PlasticityRule) -> None:
        time = self._state.t
        synapses, neurons = self._handles[rule]
        hands = [h for h, *_ in synapses], [h for h, _ in neurons]
        recording = Recording(time, rule.observables, *hands)
        before = self._processors.begin()
        limit = nullcontext() if rule.time_limit is None else TimeLimit(rule.time_limit)
        self.kernel_runs = True
        try:
            with limit:
                rule.kernel(*hands, recording)
        except BaseException as error:
            self._processors.undo(before)
            error.add_note(
                f"This happened in the kernel of {rule.label} at t = {time:g} ms of the model. "
                "What it has written to registers in this run is dropped; everything recorded "
                "until then is kept."
            )
            raise
        finally:
            self.kernel_runs = False
        self._apply(before)
        self._estimate(rule)
        self._store(rule, recording)

    def _store(self, rule: PlasticityRule, recording: Recording) -> None:
        synapses, neurons = self._handles[rule]
        segment = self._state.segment_counter
        for name, spec in rule.observables.items():
            arrays = recording.arrays(name)
            if isinstance(spec, ObservableArray):
                rule.store(name, None, segment, Sample(recording.time, arrays[0]))
                continue
            if isinstance(spec, ObservablePerSynapse):
                found = _per_synapse(synapses, arrays)
            else:
                found = _per_neuron(neurons, arrays)
            for owner, data in found.items():
                rule.store(name, owner, segment, Sample(recording.time, data))

    def _estimate(self, rule: PlasticityRule) -> None:
        """Estimate how long the run takes on the chip, and tell if it is too long."""
        cycles = self._processors.cycles
        vectors = chip.COLUMNS // chip.PPU_VECTOR
        stores = sum(not isinstance(spec, ObservableArray) for spec in rule.observables.values())
        each = rule.vector_instructions * chip.PPU_ARITHMETIC_CYCLES
        each += stores * chip.PPU_STORE_CYCLES
        for handle, *_ in self._handles[rule][0]:
            cycles[handle.chip, handle.hemisphere] += len(handle.rows) * vectors * each
        # µs of the chip are ms of the model
        duration = float(cycles.max(initial=0)) / chip.PPU_CLOCK
        rule.duration = max(rule.duration, duration)
        if duration > rule.timer.period and rule not in self._warned:
            self._warned.add(rule)
            logger.warning(
                "%s: a run takes about %.3g ms on the chip's plasticity processors, more than the "
                "period of its timer, %g ms: there runs would come late or be left out. Here they "
                "all come in time. Take a longer period, or read and write fewer rows",
                rule.label,
                duration,
                rule.timer.period,
            )


def _grid(view: SynapseView) -> np.ndarray:
    """Synapses where rows and columns of a view cross, counted over all chips: int64 (n, m)."""
    array = view.chip * chip.HEMISPHERES + view.hemisphere
    return (array * chip.ROWS + view.rows[:, np.newaxis]) * chip.COLUMNS + view.columns


def _synapses(view: SynapseView) -> np.ndarray:
    return _grid(view)[view.connection >= 0]


def _per_synapse(synapses: list, arrays: list) -> dict:
    """Arrays of handles as arrays of projections: (n_connections, k)."""
    found: dict = {}
    for (handle, projection, part), array in zip(synapses, arrays, strict=True):
        most = max(int(p.max(initial=0)) for _, owner, p in synapses if owner is projection) + 1
        if projection not in found:
            none = np.array(-1).astype(array.dtype)
            found[projection] = np.full((len(projection), most), none)
        mine = handle.connected
        found[projection][handle.connection[mine], part[mine]] = array[mine]
    return found


def _per_neuron(neurons: list, arrays: list) -> dict:
    """Arrays of handles as arrays of populations: (size,)."""
    found: dict = {}
    for (handle, population), array in zip(neurons, arrays, strict=True):
        found.setdefault(population, np.zeros(population.size, array.dtype))
        found[population][handle.cells] = array
    return found
