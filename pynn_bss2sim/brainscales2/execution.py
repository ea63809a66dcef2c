"""Experiments: snippets mapped onto the chip and emulated one after the other without a gap."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.links import Traffic
from pynn_bss2sim._core.records import Activity, InputEvents, Status, Variable
from pynn_bss2sim.event_loss import warn_of_loss
from pynn_bss2sim.interrupts import InterruptGuard
from pynn_bss2sim.mapping import CodedMapping, MappingError, map_codes
from pynn_bss2sim.simulator import SimulationError

from .._core.frozen import frozen
from .clock import CYCLES_PER_STEP, TIMESTEP, to_ms, to_steps
from .injection import Injection
from .readout import Readout
from .recording_data import SnippetData
from .rule_runs import RuleRuns
from .snapshot import Snapshot
from .statistics import MappedTopologyStatistics

if TYPE_CHECKING:
    from pynn_bss2sim.mapping import Routing

    from .plasticity_rules import PlasticityRule
    from .projections import Projection

__all__ = ["Experiment"]

#: Steps that one call of the emulator covers; they bound the memory of what is observed.
_CHUNK = 20_000

#: What lifts the limit of links.
_LIFT = "or connect to ManagedConnection(ChipModel.silicon(bandwidth='unlimited'))"

#: Streams of random numbers of an experiment beside those of the circuits.
_PHASES = 7


@frozen
class _Played:
    """A snippet that is or has been emulated."""

    snapshot: Snapshot
    readout: Readout | None


class Experiment:
    """What is executed on one chip between a setup() and the next.

    Parameters
    ----------
    model : ChipModel
    injection : Injection

    Attributes
    ----------
    mapping : CodedMapping or None
        Of the last snippet that was mapped.
    statistics : MappedTopologyStatistics or None
        Of it; None before anything has been mapped.
    """

    def __init__(self, model: ChipModel, injection: Injection):
        self._model = model
        self._injection = injection
        self._trial = -1
        self.mapping: CodedMapping | None = None
        self.statistics: MappedTopologyStatistics | None = None
        self._mapped: Snapshot | None = None
        self._emulator: Emulator | None = None
        self._played: list[_Played] = []
        self._storing = False
        self._traffic: Traffic | None = None
        self._steps: list[np.ndarray] = []
        self._neurons: list[np.ndarray] = []

    # --- mapping --------------------------------------------------------------------------

    def map(self, snapshot: Snapshot) -> CodedMapping | None:
        """Map a snippet; None where there are no neurons.

        Raises
        ------
        RuntimeError
            The chip has no room for it.
        """
        self._mapped = snapshot
        previous = None if self.mapping is None else self.mapping.routing
        begun = perf_counter()
        self.mapping = _mapped(snapshot, self._model, previous) if len(snapshot.circuit) else None
        self.statistics = MappedTopologyStatistics.of(
            len(snapshot.neurons) + len(snapshot.sources),
            len(snapshot.projections),
            self.mapping,
            snapshot.duration,
            perf_counter() - begun,
        )
        return self.mapping

    def knows(self, projection: Projection) -> bool:
        """Whether the connections of a projection have places."""
        return self._mapped is not None and projection in self._mapped.projections

    def synapses_of(self, projection: Projection) -> list[np.ndarray]:
        """Synapses of each connection that has places, see `CodedMapping.synapses_of`."""
        assert self.mapping is not None and self._mapped is not None
        return self.mapping.synapses_of(self._mapped.projections.index(projection))

    # --- executing ------------------------------------------------------------------------

    def execute(self, snapshots: list[Snapshot]) -> None:
        """Play snippets from the beginning of an experiment; `recorded` tells what came of it.

        Raises
        ------
        SimulationError
            The state of a circuit became infinite.
        """
        self._trial += 1
        self._emulator, self._steps, self._neurons, self._played = None, [], [], []
        self._traffic = None
        rules = {rule for snapshot in snapshots for rule in snapshot.rules.values()}
        for rule in rules:
            rule.begin_experiment()
        try:
            with InterruptGuard(lambda: not self._storing):
                for snapshot in snapshots:
                    for rule in rules:
                        rule.begin_snippet()
                    self._play(snapshot)
        finally:
            self._warn_of_loss()
        if self.mapping is not None and len(self.mapping.configs) == 1:
            self._injection.end(self.mapping.config)

    def recorded(self) -> list[dict]:
        """What the last execution recorded, also of one that was not finished.

        Returns
        -------
        list of dict of Population to SnippetData
            For each snippet that was begun.
        """
        cycle = np.concatenate([np.empty(0, np.int64), *self._steps]) * CYCLES_PER_STEP
        neuron = np.concatenate([np.empty(0, np.int32), *self._neurons])
        reached = None if self._emulator is None else self._emulator.step * CYCLES_PER_STEP
        return [_collected(one, cycle, neuron, reached) for one in self._played]

    @property
    def _running(self) -> Emulator:
        """The emulator of the experiment under way."""
        assert self._emulator is not None
        return self._emulator

    def _play(self, snapshot: Snapshot) -> None:
        mapping, first = self.map(snapshot), not self._played
        if mapping is None:
            self._played.append(_Played(snapshot, None))
            return
        if len(mapping.configs) > 1:
            self._refuse_parts(snapshot)
        elif first:
            config = self._injection.begin(mapping.config)
            mapping = self._renewed(mapping, config)
        rules = None
        if snapshot.rules:
            rules = RuleRuns(snapshot, mapping, self._model, self._trial)
            mapping = rules.mapping
        readout = Readout(snapshot, mapping, self._model, self._trial)
        self._configure(mapping, readout)
        readout.begin(self._running.get_state)
        self._played.append(_Played(snapshot, readout))
        begin, stop = to_steps(snapshot.start), to_steps(snapshot.stop)
        for cycle, act in self._acts(snapshot, readout, rules):
            due = to_steps(cycle)
            self._advance(snapshot, mapping, readout, rules, begin, due)
            mapping, begin = act(mapping), due
        self._advance(snapshot, mapping, readout, rules, begin, stop)
        self.mapping = mapping

    def _refuse_parts(self, snapshot: Snapshot) -> None:
        """Raise where a network of several parts has what belongs to one."""
        if snapshot.rules or not self._injection.is_empty:
            raise RuntimeError(
                f"{len(snapshot.circuit)} neurons do not fit a chip and are executed in parts; "
                "there, plasticity rules and injected registers are not available"
            )

    def _acts(self, snapshot: Snapshot, readout: Readout, rules: RuleRuns | None) -> list:
        """What happens in a snippet between steps: cycles, and functions of the mapping."""
        acts = [
            (cycle, partial(self._write, readout, rules, writes))
            for cycle, writes in self._injection.timed(snapshot.start, snapshot.stop)
        ]
        if rules is None:
            return acts

        def run(rule: PlasticityRule, cycle: int, mapping: CodedMapping) -> CodedMapping:
            return rules.run(rule, cycle, self._running)

        acts += [(cycle, partial(run, rule, cycle)) for cycle, rule in rules.due()]
        # what is written in the cycle of a rule comes before it
        return sorted(acts, key=lambda act: act[0])

    def _write(
        self, readout: Readout, rules: RuleRuns | None, writes: list, mapping: CodedMapping
    ) -> CodedMapping:
        """Write containers while the experiment runs."""
        config = self._injection.write(mapping.config, writes)
        if rules is not None:
            return rules.rewritten(config, self._running)
        mapping = self._renewed(mapping, config)
        self._configure(mapping, readout)
        return mapping

    def _renewed(self, mapping: CodedMapping, config: ChipConfig) -> CodedMapping:
        """A mapping with other registers, if they are others."""
        return mapping if config is mapping.config else mapping.altered(config)

    def _advance(
        self,
        snapshot: Snapshot,
        mapping: CodedMapping,
        readout: Readout,
        rules: RuleRuns | None,
        start: int,
        stop: int,
    ) -> None:
        """Emulate the steps `start` to `stop` with the spikes of the host that fall into them."""
        network, step = mapping.network, snapshot.cycle // CYCLES_PER_STEP
        n_inputs = network.n_sources - network.n_neurons
        background = mapping.background
        for begin in range(start, stop, _CHUNK):
            end = min(begin + _CHUNK, stop)
            here = slice(*np.searchsorted(step, (begin, end)))
            events = InputEvents(step[here], snapshot.source[here].astype(np.int32))
            events = background.events(begin, end, TIMESTEP, n_inputs, events)
            activity = self._running.run(end - begin, events)
            self._storing = True
            self._steps.append(activity.spike_step)
            self._neurons.append(activity.spike_neuron)
            self._injection.count(activity.traffic)
            self._note(activity.traffic)
            readout.take(activity.samples, begin)
            if rules is not None:
                rules.passed(activity, events)
            self._storing = False
            self._check(activity)

    def _configure(self, mapping: CodedMapping, readout: Readout) -> None:
        """Bring the emulator up to date, keeping the state of the circuits."""
        if self._emulator is not None:
            self._emulator.reconfigure(
                mapping.circuits,
                mapping.synapses,
                readout.probes,
                ways=mapping.ways,
                pulses=mapping.pulses,
            )
            return
        self._emulator = Emulator(
            mapping.circuits,
            mapping.synapses,
            TIMESTEP,
            readout.probes,
            noise_seed=self._model.seed,
            ways=mapping.ways,
            pulses=mapping.pulses,
            trial=self._trial,
        )
        self._spread_phases(mapping)

    def _spread_phases(self, mapping: CodedMapping) -> None:
        """Neurons that fire by themselves have done so before: they begin anywhere on their way."""
        circuits = mapping.circuits
        firing = np.flatnonzero(circuits.e_leak > circuits.v_thresh)
        if not len(firing):
            return
        random = np.random.default_rng((self._model.seed, self._trial, _PHASES))
        low = np.minimum(circuits.v_reset, circuits.v_thresh)[firing]
        way = random.random(len(circuits))[firing]
        self._running.set_state(Variable.V, firing, low + way * (circuits.v_thresh[firing] - low))

    def _note(self, traffic: Traffic | None) -> None:
        """Add up the traffic of the experiment."""
        if traffic is not None:
            self._traffic = traffic if self._traffic is None else self._traffic + traffic

    def _warn_of_loss(self) -> None:
        """Tell once what the whole experiment has lost."""
        traffic = self._traffic
        if traffic is not None and traffic.dropped.any():
            warn_of_loss(traffic, self._running.step * TIMESTEP / 1e3, _LIFT)

    def _check(self, activity: Activity) -> None:
        if activity.status is Status.INTERRUPTED:
            raise self._running.interruption or KeyboardInterrupt
        if activity.status is Status.NON_FINITE:
            raise SimulationError(
                f"neuron {activity.culprit}: its state became infinite or NaN at "
                f"t = {activity.stop_step * TIMESTEP / 1e3:g} ms"
            )


def _mapped(snapshot: Snapshot, model: ChipModel, previous: Routing | None) -> CodedMapping:
    try:
        return map_codes(
            snapshot.network, snapshot.configs, snapshot.circuit, model, previous, snapshot.joined
        )
    except MappingError as error:
        raise RuntimeError(f"the network does not fit the chip: {error}") from error


def _collected(played: _Played, cycle: np.ndarray, neuron: np.ndarray, reached: int | None) -> dict:
    """What each population recorded in a snippet, as far as it was `reached` (cycle)."""
    snapshot, result = played.snapshot, {}
    stop = snapshot.stop if reached is None else min(snapshot.stop, reached)
    inside = (cycle >= snapshot.start) & (cycle < snapshot.stop)
    own = {"neurons": (cycle[inside], neuron[inside].astype(np.int64))}
    sent = snapshot.cycle < stop
    own["sources"] = (snapshot.cycle[sent], snapshot.source[sent])
    signals = {} if played.readout is None else played.readout.signals()
    for kind, (when, who) in own.items():
        first = 0
        for population in getattr(snapshot, kind):
            request = snapshot.requests[population]
            times, cells = snapshot.generated.get(population, (when, who - first))
            mine = (cells >= 0) & (cells < population.size) & np.isin(cells, request.spiking)
            if not request.is_empty:
                result[population] = SnippetData(
                    to_ms(snapshot.start),
                    to_ms(stop),
                    request.spiking,
                    to_ms(times[mine]),
                    cells[mine],
                    tuple(signals.get(population, ())),
                )
            first += population.size
    return result
