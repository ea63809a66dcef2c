"""The emulator: records in, activity out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core.checks import checked_index, converted
from pynn_bss2sim._core.engine import Engine
from pynn_bss2sim._core.hicannx import PICOSECONDS
from pynn_bss2sim._core.links import Traffic, Ways
from pynn_bss2sim._core.noise import checked_seed
from pynn_bss2sim._core.pair_plan import make_pair_plan
from pynn_bss2sim._core.plan import make_plan, make_routes
from pynn_bss2sim._core.plasticity import ShortTerm, make_releases
from pynn_bss2sim._core.pulses import Pulses, make_pulse_plan
from pynn_bss2sim._core.records import (
    Activity,
    Circuits,
    CurrentInputs,
    InputEvents,
    Probe,
    Status,
    SynapseTable,
    Variable,
)
from pynn_bss2sim._core.spike_pairs import PairState, SpikePairs, without
from pynn_bss2sim._core.state import EmulatorState, trial_shifts

if TYPE_CHECKING:
    from pynn_bss2sim._core.reference import ReferenceEngine


__all__ = ["Emulator"]


class Emulator:
    """Integrates circuits and synapses step by step.

    Parameters
    ----------
    circuits : Circuits
    synapses : SynapseTable
    timestep : float
        Time step in µs (hardware time).
    probes : sequence of Probe, optional
    spike_neurons : bool (n_neurons,), optional
        Neurons whose spikes are reported; all by default.
    ways : Ways, optional
        The links that events pass on their way to the synapses, which limit them. By default they
        pass none.
    engine : callable, optional
        `Engine` (default) or `reference.ReferenceEngine`.
    noise_seed : int, optional
        In [0, 2**64). The same seed gives the same noise; circuits without noise do not depend on
        it.
    short_term : ShortTerm, optional
        Synapses with short-term plasticity; by default none have it.
    pairs : SpikePairs, optional
        Synapses with spike-timing dependent plasticity; by default none have it.
    pulses : Pulses, optional
        Synapses whose drivers have short-term plasticity; by default none have it.
    trial : int, optional
        Number of the trial that it begins with; each has noise of its own.

    Raises
    ------
    ValueError
        If the records do not fit together.

    Attributes
    ----------
    step : int
        The state is the one at ``step * timestep``.
    interruption : BaseException or None
        What the handler of Ctrl-C raised during the last run, if it did.
    """

    def __init__(
        self,
        circuits: Circuits,
        synapses: SynapseTable,
        timestep: float,
        probes: Sequence[Probe] = (),
        spike_neurons: np.ndarray | None = None,
        engine: Callable[..., Engine | ReferenceEngine] = Engine,
        noise_seed: int = 0,
        ways: Ways | None = None,
        short_term: ShortTerm | None = None,
        pairs: SpikePairs | None = None,
        pulses: Pulses | None = None,
        trial: int = 0,
    ) -> None:
        self.noise_seed = checked_seed(noise_seed)
        self.timestep = float(timestep)
        self._make_engine = engine
        self._circuits, self._synapses = circuits, synapses
        self._probes, self._spike_neurons = tuple(probes), spike_neurons
        self._ways = ways
        self._short_term = ShortTerm.none() if short_term is None else short_term
        self._pairs = SpikePairs.none() if pairs is None else pairs
        self._pulses = Pulses.none() if pulses is None else pulses
        self._first_trial = trial
        self._beginning: list[tuple[Variable, np.ndarray, np.ndarray]] = []
        self._build(None)

    def _build(self, state: EmulatorState | None) -> None:
        n = len(self._circuits)
        if self._synapses.n_neurons != n:
            raise ValueError(
                f"the synapse table was made for {self._synapses.n_neurons} neurons, "
                f"there are {n} circuits"
            )
        self._check_ways()
        min_depth = 2 if state is None else state.last_arrival + 1
        static, place = without(self._synapses, self._pairs.synapse)
        min_depth = max(min_depth, int(self._synapses.delay.max(initial=1)) + 1)
        routes = make_routes(static, min_depth, self._ways)
        plan = make_plan(self._circuits, self.timestep)
        fresh = self._fresh(routes.depth, self._first_trial if state is None else state.trial)
        self._plastic = fresh.plastic
        state = fresh if state is None else state.grown(fresh)
        releases = None
        if len(self._short_term):
            releases = make_releases(
                replace(
                    self._short_term,
                    synapse=self._static_place(
                        "ShortTerm.synapse", self._short_term.synapse, place
                    ),
                ),
                static,
                self.timestep,
                state.release,
                state.release_age,
            )
        pair_plan = None
        if len(self._pairs):
            assert state.pairs is not None  # as in `_fresh`
            pair_plan = make_pair_plan(self._pairs, self._synapses, self.timestep, state.pairs)
        pulse_plan = None
        if len(self._pulses):
            there = self._static_place("Pulses.synapse", self._pulses.synapse, place)
            pulses = replace(self._pulses, synapse=there)
            pulse_plan = make_pulse_plan(pulses, static, self.timestep, self._ways)
        engine = self._make_engine(
            plan,
            routes,
            self._probes,
            self._spike_neurons,
            noise_seed=self.noise_seed,
            releases=releases,
            pairs=pair_plan,
            pulses=pulse_plan,
        )
        engine.import_state(vars(state.with_links(self._n_links)))
        self._engine = engine

    def _check_ways(self) -> None:
        """Raise ValueError if the ways do not belong to the synapses and the time step."""
        ways, synapses = self._ways, self._synapses
        if ways is None:
            return
        if ways.step != round(self.timestep * PICOSECONDS):
            raise ValueError(f"the ways were made for a time step of {ways.step} ps")
        if len(ways) and not 0 <= ways.source.min() <= ways.source.max() < synapses.n_sources:
            raise ValueError(f"the ways begin at sources outside of 0 to {synapses.n_sources - 1}")
        for name in ("begin", "end"):
            values = getattr(ways, name)
            if len(values) and not 0 <= values.min() <= values.max() <= len(synapses):
                raise ValueError(f"the ways lead out of the {len(synapses)} synapses ({name})")

    @property
    def _n_links(self) -> int:
        return 0 if self._ways is None else len(self._ways.links)

    def _static_place(self, name: str, synapse: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Where synapses with short-term plasticity are among those that spikes leave alone."""
        synapse = checked_index(name, synapse, 0, len(self._synapses), np.int64)
        if np.isin(synapse, self._pairs.synapse).any():
            raise ValueError(f"{name}: a synapse has both kinds of plasticity")
        return place[synapse]

    def _fresh(self, depth: int, trial: int) -> EmulatorState:
        return EmulatorState.at_start(
            self._circuits,
            depth,
            trial,
            self.noise_seed,
            self._short_term,
            PairState.at_start(self._pairs, self._synapses, self.timestep),
            self._pulses,
        )

    @property
    def step(self) -> int:
        """Steps since the last reset."""
        return self._engine.step

    @property
    def n_neurons(self) -> int:
        """Neurons of the circuits."""
        return len(self._circuits)

    @property
    def interruption(self) -> BaseException | None:
        """What the handler of Ctrl-C raised during the last run."""
        return self._engine.interruption

    @property
    def state(self) -> EmulatorState:
        """A copy of the dynamic state."""
        return EmulatorState(**self._engine.export_state())

    @property
    def settled_state(self) -> EmulatorState:
        """A copy of the state in which all events have passed their links.

        It fits other links, too. Events that would come later do not make these wait.
        """
        before = self._engine.export_state()
        self._engine.settle()
        settled = self._engine.export_state()
        self._engine.import_state(before)
        return EmulatorState(**settled)

    def run(
        self, n_steps: int, events: InputEvents | None = None, currents: CurrentInputs | None = None
    ) -> Activity:
        """Integrate `n_steps` steps. The GIL is released meanwhile.

        Ctrl-C ends the run early: the activity then has ``status == Status.INTERRUPTED`` and
        holds everything up to its `stop_step`.

        Parameters
        ----------
        n_steps : int
            At least 0.
        events : InputEvents, optional
            Their steps lie in [step, step + n_steps).
        currents : CurrentInputs, optional
            Their changes lie in [step, step + n_steps).

        Returns
        -------
        Activity

        Raises
        ------
        ValueError
            If `n_steps` is negative, or events or currents lie outside the run or the network.
        """
        n_steps = int(n_steps)
        if n_steps < 0:
            raise ValueError(f"n_steps: must not be negative, is {n_steps}")
        start = self.step
        status, culprit, steps, neurons, samples = self._engine.run(
            n_steps,
            InputEvents.none() if events is None else events,
            CurrentInputs.none() if currents is None else currents,
        )
        return Activity(
            start,
            self.step,
            Status(status),
            int(culprit),
            steps,
            neurons,
            tuple(samples),
            self._traffic(self.step - start),
        )

    def _traffic(self, n_steps: int) -> Traffic | None:
        """What passed the links since this was last asked."""
        if self._ways is None:
            return None
        return Traffic(self._ways.links, n_steps * self.timestep, self._engine.take_traffic())

    def get_state(self, variable: Variable, neuron: ArrayLike) -> np.ndarray:
        """Present value of a variable of some neurons: float64 (len(neuron),)."""
        present: np.ndarray = self._engine.variables()[Variable(variable)]
        return present[np.asarray(neuron)]

    def set_state(self, variable: Variable, neuron: ArrayLike, values: ArrayLike) -> None:
        """Set the present value of a variable of some neurons.

        Raises
        ------
        ValueError
            If a value is not finite.
        """
        self.set_states({variable: (neuron, values)})

    def set_states(self, changes: Mapping[Variable, tuple[ArrayLike, ArrayLike]]) -> None:
        """Set the present values of several variables: `changes` gives neurons and values of each.

        Raises
        ------
        ValueError
            If a value is not finite; nothing is changed then.
        """
        self._write(self._checked_values(changes))

    def begin_with(self, changes: Mapping[Variable, tuple[ArrayLike, ArrayLike]]) -> None:
        """Let trials begin with these values from the next `reset` on, all else at rest.

        `changes` is as for `set_states`, which refuses the same.
        """
        self._beginning = self._checked_values(changes)

    def _checked_values(
        self, changes: Mapping[Variable, tuple[ArrayLike, ArrayLike]]
    ) -> list[tuple[Variable, np.ndarray, np.ndarray]]:
        present = self._engine.variables()
        checked = []
        for variable, (neuron, values) in changes.items():
            name = Variable(variable).name
            values = np.broadcast_to(converted(name, values, np.float64), np.shape(neuron))
            if not np.isfinite(values).all():
                raise ValueError(f"{name}: a state must be finite")
            neuron = np.array(neuron)
            present[variable][neuron]  # an index that leads outside is refused before any change
            checked.append((Variable(variable), neuron, values))
        return checked

    def _write(self, values: Sequence[tuple[Variable, np.ndarray, np.ndarray]]) -> None:
        present = self._engine.variables()
        for variable, neuron, some in values:
            present[variable][neuron] = some

    @property
    def weights(self) -> np.ndarray:
        """Present weights of the synapses that spikes change: float64 (n,), nA or µS."""
        return self._engine.get_weights() if len(self._pairs) else np.empty(0)

    def set_weights(self, some: np.ndarray | slice, values: ArrayLike) -> None:
        """Set the present weights of some of the synapses that spikes change.

        Raises
        ------
        ValueError
            A weight is not finite.
        """
        weights = self.weights
        weights[some] = values
        if not np.isfinite(weights).all():
            raise ValueError("set_weights: a weight must be finite")
        self._engine.set_weights(weights)

    def exchange_amplitudes(self, amplitude: np.ndarray) -> None:
        """Give all synapses other amplitudes; cheaper than `reconfigure`.

        Parameters
        ----------
        amplitude : float64 (n_synapses,), nA or µS

        Raises
        ------
        ValueError
            If there are not as many as synapses, or one is not finite.
        """
        synapses = replace(self._synapses, amplitude=amplitude)
        if len(self._pairs) or len(self._short_term) or len(self._pulses):
            self.reconfigure(synapses=synapses)
            return
        self._engine.exchange_amplitudes(synapses.amplitude)
        self._synapses = synapses

    def reset(self) -> None:
        """Back to step 0: membranes at their leak potential, all else 0, nothing under way.

        What `begin_with` was given comes instead. Where there is noise, the next trial begins, with
        noise of its own.
        """
        trial = self._engine.trial + 1
        shifts = trial_shifts(self._circuits, self.noise_seed, trial)
        self._engine.restart(trial, *shifts, self._plastic)
        self._write(self._beginning)

    def reconfigure(
        self,
        circuits: Circuits | None = None,
        synapses: SynapseTable | None = None,
        probes: Sequence[Probe] | None = None,
        spike_neurons: np.ndarray | None = None,
        state: EmulatorState | None = None,
        ways: Ways | None = None,
        short_term: ShortTerm | None = None,
        pairs: SpikePairs | None = None,
        pulses: Pulses | None = None,
    ) -> None:
        """Exchange parts of the configuration; state and spikes under way are kept.

        Parameters
        ----------
        circuits : Circuits, optional
            May have more neurons than before; new ones start at rest. `synapses` and
            `spike_neurons` must then come with it.
        synapses, probes, spike_neurons
            As in the constructor; None keeps the present ones.
        state : EmulatorState, optional
            To be taken instead of the present state, for example a rescaled one.
        ways : Ways, optional
            None keeps the present ones. Where they change, events on their way through the old
            links are `settled` first.
        short_term : ShortTerm, optional
            As in the constructor; None keeps the present one, whose state goes on: new entries
            stand behind those that were there.
        pairs : SpikePairs, optional
            The same; weights that were changed by spikes are kept, see `set_weights`.
        pulses : Pulses, optional
            The same; drivers keep the state of each address that they go on to serve.

        Raises
        ------
        ValueError
            If the records do not fit together; the emulator is then as it was before.
        """
        names = (
            "_circuits", "_synapses", "_probes", "_spike_neurons", "_ways", "_short_term", "_pairs",
            "_pulses",
        )  # fmt: skip
        before = {name: getattr(self, name) for name in names}
        if state is None:
            state = self.state if ways is None or ways is self._ways else self.settled_state
        if circuits is not None and len(circuits) < len(self._circuits):
            raise ValueError(f"{len(circuits)} circuits where {len(self._circuits)} are running")
        self._circuits = self._circuits if circuits is None else circuits
        self._synapses = self._synapses if synapses is None else synapses
        self._probes = self._probes if probes is None else tuple(probes)
        self._spike_neurons = self._spike_neurons if spike_neurons is None else spike_neurons
        self._ways = self._ways if ways is None else ways
        self._short_term = self._short_term if short_term is None else short_term
        self._pairs = self._pairs if pairs is None else pairs
        self._pulses = self._pulses if pulses is None else pulses
        try:
            self._build(state)
        except Exception:
            vars(self).update(before)
            raise
