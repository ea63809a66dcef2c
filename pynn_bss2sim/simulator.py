"""The state of the simulation: the one mutable object of the frontend.

Time is an integer number of steps; times in ms are derived from it and never accumulated.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN import common
from pyNN.common.control import BaseState

from ._core.background import BackgroundInputs
from ._core.chip_model import ChipModel
from ._core.emulator import Emulator
from ._core.engine import Engine
from ._core.records import Probe, Status
from .capture import Capture, capture_network
from .event_loss import TrafficCount
from .initial_values import initial_states
from .injected_currents import current_inputs
from .interrupts import InterruptGuard
from .readout import Readout
from .samples import Samples, store_spikes
from .spike_queue import SpikeQueue

if TYPE_CHECKING:
    from ._core.links import Traffic
    from ._core.records import Activity
    from ._core.state import EmulatorState
    from .mapping import Mapping
    from .mapping.route import Routing
    from .mapping.translate import Scaling
    from .placing import Together
    from .plasticity_rules import PlasticityRule
    from .populations import Population
    from .projections import Projection
    from .recording import Recorder
    from .rule_runs import RuleRuns

#: How this backend calls itself in the annotations of recorded data.
name = "BrainScaleS-2 (emulated)"

#: Biological time (ms) and steps that one call of the emulator covers at most. They bound the
#: memory of input events and of samples under way, and nothing else depends on them.
CHUNK = 1000.0
CHUNK_STEPS = 20_000

#: Longest delay (ms) where `max_delay` is "auto". The emulator keeps what is under way to every
#: neuron for each step of the longest delay, so a mistyped delay must not set the memory.
LONGEST_DELAY = 1000.0


class SimulationError(RuntimeError):
    """The emulated circuits left the range in which their equations mean something."""


class ID(int, common.IDMixin):
    """A cell: its number, which knows its population."""

    def __new__(cls, number: int, parent: Population | None = None) -> ID:
        cell = super().__new__(cls, number)
        if parent is not None:
            object.__setattr__(cell, "parent", parent)
        return cell

    def __getattr__(self, name: str) -> Any:
        # NumPy and copy look for special attributes on every object; a parameter look-up for
        # each would be slow, and would raise what neither of them expects
        if name.startswith("__"):
            raise AttributeError(name)
        return common.IDMixin.__getattr__(self, name)

    @property
    def local(self) -> bool:
        """All cells live in this process."""
        return True


class State(BaseState):
    """Everything that setup() begins and that the simulation changes."""

    mpi_rank = 0
    num_processes = 1

    def __init__(self) -> None:
        super().__init__()
        self.ready = False
        self.recorders: set[Recorder] = set()
        self.clear(timestep=0.1, min_delay="auto", max_delay="auto", chip=ChipModel(), rng_seed=42)

    def clear(
        self,
        timestep: float,
        min_delay: float | str,
        max_delay: float | str,
        chip: ChipModel,
        rng_seed: int,
        mapping_options: dict[str, Any] | None = None,
        threads: int = 1,
    ) -> None:
        """Forget the network and begin a new one at time 0.

        Populations that the user still holds keep what they have recorded.
        """
        for recorder in self.recorders:
            recorder.store_to_cache()
        self.dt = float(timestep)
        self._min_delay, self._max_delay = min_delay, max_delay
        self.chip = chip
        self._mapping_options = mapping_options or {}
        self.rng_seed = rng_seed
        self.threads = threads
        self.populations: list[Population] = []
        self.sources: list[Population] = []
        self.projections: list[Projection] = []
        self.recorders = set()
        self.current_sources: list[Any] = []
        self.together: list[Together] = []
        self.write_on_end: list[tuple] = []
        self.id_counter = 1
        self.step = 0
        self.running = False
        self.segment_counter = 0
        self._capture: Capture | None = None
        self._mapping: Mapping | None = None
        self._emulator: Emulator | None = None
        self._scaling: Scaling | None = None
        self._routing: Routing | None = None
        self.rule_runs: RuleRuns | None = None
        self._background = BackgroundInputs(())
        self._stale_network = True
        self._stale_rules = True
        self._stale_emulator = True
        self._stale_initial_values = True
        self._spikes = SpikeQueue()
        self._busy_until: int | None = None
        self._traffic = TrafficCount()

    @property
    def traffic(self) -> Traffic | None:
        """What has passed the links since time 0; None where they limit nothing."""
        return self._traffic.total

    # --- time and limits ------------------------------------------------------------------

    @property
    def t(self) -> float:
        """Current time in ms."""
        return self.time(self.step)

    def time(self, step: int) -> float:
        """Time (ms) of a step, without the last digits that the product brings along."""
        return round(step * self.dt, 12)

    @property
    def min_delay(self) -> float:
        """Shortest delay (ms) that a connection may have."""
        return self.dt if self._min_delay == "auto" else float(self._min_delay)

    @property
    def max_delay(self) -> float:
        """Longest delay (ms) that a connection may have."""
        return LONGEST_DELAY if self._max_delay == "auto" else float(self._max_delay)

    def delay_range(self) -> tuple[float, float]:
        """Shortest and longest delay (ms): those given to setup(), or those in use with "auto"."""
        used = [p.columns["delay"] for p in self.projections if len(p)]
        low = min((float(d.min()) for d in used), default=self.dt)
        high = max((float(d.max()) for d in used), default=self.min_delay)
        return (
            low if self._min_delay == "auto" else self.min_delay,
            high if self._max_delay == "auto" else self.max_delay,
        )

    def require_setup(self, action: str) -> None:
        """Raise RuntimeError where setup() has not been called."""
        if not self.ready:
            raise RuntimeError(f"{action}: call setup() first")

    def require_current(self, populations: list, label: str, action: str) -> None:
        """Raise RuntimeError for a part of a network that setup() has replaced.

        Parameters
        ----------
        populations : list
            The list `populations` of this state when the part was made.
        """
        if populations is not self.populations:
            raise RuntimeError(
                f"{label}: {action}: it was made before the last setup() and belongs to no "
                "simulation any more; make it anew after setup()"
            )

    # --- what `prepare` and the first run make --------------------------------------------

    @property
    def capture(self) -> Capture:
        """The network as it was mapped."""
        assert self._capture is not None
        return self._capture

    @property
    def mapped(self) -> bool:
        """There is a mapping."""
        return self._mapping is not None

    @property
    def mapping(self) -> Mapping:
        """Its place on the chips."""
        assert self._mapping is not None
        return self._mapping

    @property
    def started(self) -> bool:
        """There is an emulator."""
        return self._emulator is not None

    @property
    def emulator(self) -> Emulator:
        """What runs."""
        assert self._emulator is not None
        return self._emulator

    @property
    def readout(self) -> Readout:
        """The converters of its chips."""
        return self._samples.readout

    @property
    def scaling(self) -> Scaling:
        """Scales of the emulator's state."""
        assert self._scaling is not None
        return self._scaling

    # --- network to emulator --------------------------------------------------------------

    def changed(self) -> None:
        """Note that the network is no longer the one that was mapped."""
        self._stale_network = True

    def recording_changed(self) -> None:
        """Note that other variables or cells are to be observed."""
        self._stale_emulator = True

    def initial_values_changed(self) -> None:
        """Note that cells are to begin with other values."""
        self._stale_initial_values = True

    def prepare(self) -> Mapping:
        """Map the network unless this has been done; return the current mapping."""
        self.require_setup("prepare()")
        if self._stale_network:
            from .mapping import map_network  # the import of the package ends sooner

            capture = capture_network(self)
            mapping = map_network(
                capture.network, self.chip, previous=self._mapping, **self._mapping_options
            )
            self._capture, self._mapping = capture, mapping
            self._stale_network, self._stale_rules = False, True
        if self._stale_rules:
            self.rule_runs = self._make_rule_runs()
            self._stale_rules, self._stale_emulator = False, True
        return self.mapping

    @property
    def rules(self) -> list[PlasticityRule]:
        """The plasticity rules of the network: those of projections, then those of populations."""
        rules = [projection.plasticity_rule for projection in self.projections]
        rules += [population.plasticity_rule for population in self.populations]
        return list(dict.fromkeys(rule for rule in rules if rule is not None))

    def _make_rule_runs(self) -> RuleRuns | None:
        if not self.rules:
            return None
        from .rule_runs import RuleRuns  # networks without rules start sooner

        return RuleRuns(self, self.rule_runs)

    def _configure(self) -> None:
        """Bring the emulator up to date with mapping and recorders, keeping its state."""
        mapping = self.prepare()
        if self._stale_emulator:
            self._update_emulator(self._probes(), self._observed())
            self._scaling, self._routing = mapping.scaling, mapping.routing
            self._background = mapping.background
            self._stale_emulator, self._stale_initial_values = False, True
        if self._stale_initial_values:
            self._apply_initial_values()
            self._stale_initial_values = False

    def _probes(self) -> tuple[Probe, ...]:
        """Probes for all tracks of the recorders, which `_samples` will serve."""
        first_neuron = self.capture.first_neuron
        tracks = [(p, track) for p in self.populations for track in p.recorder.tracks()]
        readout = Readout(self.mapping, tracks, first_neuron, self.dt)
        self._samples = Samples(tracks, first_neuron, readout)
        return tuple(
            Probe(track.variable, first_neuron[p] + track.cells, track.interval)
            for p, track in tracks
        )

    def _observed(self) -> np.ndarray:
        """Neurons whose spikes somebody wants to know of: bool (n_neurons,)."""
        observed = np.zeros(self.capture.network.n_neurons, dtype=bool)
        for population in self.populations:
            cells = population.recorder.spiking_cells()
            observed[self.capture.first_neuron[population] + cells] = True
        if self.rule_runs is not None:
            observed |= self.rule_runs.observed
        return observed

    def _update_emulator(self, probes: tuple[Probe, ...], observed: np.ndarray) -> None:
        mapping = self.mapping
        # what runs: rules may have changed it since the network was mapped
        chips: Mapping | RuleRuns = mapping if self.rule_runs is None else self.rule_runs
        if self._emulator is None:
            self._emulator = Emulator(
                chips.circuits,
                chips.synapses,
                self.dt,
                probes,
                observed,
                partial(Engine, threads=self.threads),
                ways=chips.ways,
                noise_seed=self.chip.seed,
                short_term=mapping.short_term,
                pairs=mapping.pairs,
                pulses=chips.pulses,
            )
            return
        self._emulator.reconfigure(
            chips.circuits,
            chips.synapses,
            probes,
            observed,
            self._carried_over(),
            chips.ways,
            mapping.short_term,
            mapping.pairs,
            pulses=chips.pulses,
        )

    def _carried_over(self) -> EmulatorState | None:
        """The emulator's state for the present mapping; None if it goes on as it is.

        Where connections have been routed anew, drivers serve others than before. They begin
        recovered, as on a chip that has been configured, which takes longer than to recover.
        """
        state = self._rescaled()
        if self.mapping.routing is self._routing or not len(self.emulator.state.pulse):
            return state
        state = self.emulator.settled_state if state is None else state
        return state.with_recovered_drivers()

    def _rescaled(self) -> EmulatorState | None:
        """The emulator's state in the units of the present mapping; None if they are the same."""
        scaling = self.mapping.scaling
        if scaling.same_as(self.scaling):
            return None
        change = scaling.rescaling(self.scaling)
        gain, offset = change["v_old_to_new"]
        return self.emulator.settled_state.rescaled(
            gain,
            offset,
            change["line_gain"],
            change["w_gain"],
            self.mapping.synapses.target[self.mapping.pairs.synapse],
        )

    def _apply_initial_values(self) -> None:
        """Let trials begin with the initial values, and write those that are new."""
        every = [(p, dict.fromkeys(p.initial_values, slice(None))) for p in self.populations]
        new = [(p, p.take_pending_initial_values()) for p in self.populations]
        beginning = initial_states(every, self.capture, self.mapping.scaling)
        self.emulator.begin_with(beginning)
        # what has not run since time 0 is where trials begin
        if self.running:
            self.emulator.set_states(initial_states(new, self.capture, self.mapping.scaling))
        else:
            self.emulator.set_states(beginning)

    # --- running --------------------------------------------------------------------------

    def run(self, simtime: float) -> None:
        """Advance by `simtime` ms."""
        self.run_until(self.t + simtime)

    def run_until(self, tstop: float) -> None:
        """Advance to `tstop` ms, rounded to the nearest step."""
        self.require_setup("run()")
        if not math.isfinite(tstop):
            raise ValueError(f"run: cannot run until {tstop} ms; give a finite time")
        target = round(tstop / self.dt)
        self._configure()
        self.running = True
        self._samples.begin(self.emulator, self.segment_counter)
        chunk = max(1, min(round(CHUNK / self.dt), CHUNK_STEPS))
        try:
            with InterruptGuard(self._emulator_is_busy) as guard:
                while self.step < target:
                    stop = min(target, self.step + chunk)
                    if self.rule_runs is not None:
                        self.rule_runs.run_due()
                        stop = self.rule_runs.until(stop)
                    self._advance(stop)
                    guard.catch_up()
        finally:
            if self.rule_runs is not None:
                self.rule_runs.keep_weights()
            self._traffic.tell(self.t)

    def _advance(self, stop: int) -> None:
        """Run to step `stop` and store what was recorded on the way."""
        self._draw_spikes(stop)
        network = self.capture.network
        events = self._background.events(
            self.step,
            stop,
            self.dt,
            network.n_sources - network.n_neurons,
            self._spikes.until(stop),
        )
        currents = current_inputs(
            self.current_sources, self.step, stop, self.dt, self.capture, self.mapping.scaling
        )
        before = self._samples.present(self.emulator)
        self._busy_until = stop
        try:
            activity = self.emulator.run(stop - self.step, events, currents)
        finally:
            self._busy_until = None
        self._store(activity, before)
        if self.rule_runs is not None:
            self.rule_runs.passed(activity, events)
        self.step = activity.stop_step
        self._spikes.keep_from(self.step)
        if activity.status is Status.DONE:
            return
        self._undraw_spikes()
        if activity.status is Status.INTERRUPTED:
            raise self.emulator.interruption or KeyboardInterrupt
        raise self._non_finite(activity)

    def _emulator_is_busy(self) -> bool:
        """What runs will hand over what it has if it is interrupted: emulator, or kernel."""
        if self.rule_runs is not None and self.rule_runs.kernel_runs:
            return True
        return self._busy_until is not None and self.emulator.step != self._busy_until

    def _undraw_spikes(self) -> None:
        """Forget the spikes drawn for times that a run cut short did not reach."""
        until = self._drawn_at(self.step)
        self._spikes.keep_before(until)
        for population in self.sources:
            population.recorder.drop_spikes_after(until)
            population.drawn_until = min(population.drawn_until, until)

    def _drawn_at(self, step: int) -> float:
        """Time until which spikes are drawn when the simulation is at `step`.

        The small excess includes the time of the step, however the product was rounded.
        """
        return self.time(step) + 1e-6 * self.dt

    def _non_finite(self, activity: Activity) -> SimulationError:
        population, cell = self.capture.cell_of_neuron(activity.culprit)
        return SimulationError(
            f"{population.label}: the state of cell {cell} became infinite or NaN at "
            f"t = {self.time(activity.stop_step)} ms; everything recorded until then is kept. "
            "Use a smaller timestep or weaker input (weights, currents, the slope factor delta_T)"
        )

    def _draw_spikes(self, stop: int) -> None:
        """Let the spike sources fire up to and including the time of step `stop`.

        A spike at exactly that time is recorded now, and emitted at the begin of the next run.
        """
        until = self._drawn_at(stop)
        parts = []
        for population in self.sources:
            if until <= population.drawn_until:
                continue
            times, cells = population.draw_spikes(until)
            if population.on_chip:
                continue  # the chips send them by themselves
            steps = np.rint(np.asarray(times) / self.dt).astype(np.int64)
            source = (self.capture.first_source[population] + cells).astype(np.int32)
            parts.append((np.maximum(steps, self.step), source, times))
        self._spikes.add(parts)

    def _store(self, activity: Activity, before: list[np.ndarray | None]) -> None:
        """Hand spikes and samples to the recorders of their populations, and count traffic."""
        self._traffic.add(activity.traffic)
        self._samples.store(activity, before, self.segment_counter)
        store_spikes(activity, self.populations, self.capture.network, self.dt)

    def reset(self) -> None:
        """Go back to time 0 with the same network; a new segment begins."""
        self.step = 0
        self.running = False
        self.segment_counter += 1
        self._spikes = SpikeQueue()
        self._traffic = TrafficCount()
        if self._emulator is not None:
            self._emulator.reset()
        if self.rule_runs is not None:
            self.rule_runs.reset()
            # they begin again with the registers of the mapping, if these are of time 0
            self._stale_rules = True
            self._stale_network |= not self.rule_runs.mapped_at_start
        for population in self.sources:
            population.restart()


#: The simulation. PyNN's API acts on one simulation at a time, so there is one.
state = State()
