"""The engine in plain NumPy, written to be read; it gives the same bits as the compiled one.

One call of `ReferenceEngine.run` follows engine.pyx phase by phase; `reference_kernels` and
`reference_silicon` follow the kernels operation by operation. Differences of speed aside the two
classes are interchangeable; a test runs both on random chips and compares everything.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core import reference_kernels, reference_silicon
from pynn_bss2sim._core.checks import checked_floats
from pynn_bss2sim._core.noise import (
    NOISE_BLOCK,
    SOURCES,
    Stream,
    block_offsets,
    checked_seed,
    noise_table,
    normals,
    stream_key,
)
from pynn_bss2sim._core.pair_plan import PairPlan
from pynn_bss2sim._core.plan import Mode, Plan, Routes
from pynn_bss2sim._core.plasticity import Releases
from pynn_bss2sim._core.pulses import PulsePlan
from pynn_bss2sim._core.records import CurrentInputs, InputEvents, Probe, Status
from pynn_bss2sim._core.reference_kernels import Cells
from pynn_bss2sim._core.reference_links import EventQueue
from pynn_bss2sim._core.reference_plasticity import ReleaseSites
from pynn_bss2sim._core.reference_pulses import DriverStates
from pynn_bss2sim._core.reference_spike_pairs import PairSynapses
from pynn_bss2sim._core.tiles import stored

__all__ = ["ReferenceEngine"]


class ReferenceEngine:
    """Integrates a plan, slowly.

    Parameters
    ----------
    plan : Plan
    routes : Routes
    probes : sequence of Probe
    spike_mask : bool (n,), optional
    noise_seed : int, optional
    releases : Releases, optional
    pairs : PairPlan, optional
    pulses : PulsePlan, optional
    """

    interruption = None

    def __init__(
        self,
        plan: Plan,
        routes: Routes,
        probes: Sequence[Probe] = (),
        spike_mask: np.ndarray | None = None,
        noise_seed: int = 0,
        releases: Releases | None = None,
        pairs: PairPlan | None = None,
        pulses: PulsePlan | None = None,
    ) -> None:
        self.plan, self.routes, self.probes = plan, routes, tuple(probes)
        self.n = n = len(plan)
        self.depth = routes.depth
        self.mask = np.ones(n, bool) if spike_mask is None else np.asarray(spike_mask, bool)
        self.step = self.trial = 0
        self.seed = checked_seed(noise_seed)
        self.v = plan.e_leak.copy()
        self.w = np.zeros(n)
        self.line = np.zeros((2, n))
        self.hold = np.zeros(n)
        self.silent_until = np.zeros(n)
        # in force: as in the plan, plus a random shift
        self.v_thresh, self.thresh_shift = plan.v_thresh.copy(), np.zeros(n)
        self.e_leak, self.leak_shift = plan.e_leak.copy(), np.zeros(n)
        # of these the compiled engine keeps membranes and lines in float32
        self.single = np.repeat(plan.block_mode != Mode.IDEAL, np.diff(plan.block_start))
        self.u = np.zeros(n, np.float32)
        self._take_under_way(np.zeros((routes.depth, 2, n)))
        self.queue = None if routes.links is None else EventQueue(routes.links)
        self.amplitude = np.array(routes.amplitude)
        self.pairs = None if pairs is None else PairSynapses(pairs, len(routes.indptr) - 1)
        self.sites = None if releases is None else ReleaseSites(releases)
        self.drivers = None if pulses is None else DriverStates(pulses)

    def export_state(self) -> dict:
        """Copies of the state; see engine.pyx."""
        return {
            "step": self.step,
            "trial": self.trial,
            "thresh_shift": self.thresh_shift.copy(),
            "leak_shift": self.leak_shift.copy(),
            "v": self.v.copy(),
            "u": self.u.copy(),
            "w": self.w.copy(),
            "line": self.line.copy(),
            "hold": self.hold.copy(),
            "silent": np.maximum(self.silent_until - self.step, 0.0),
            "under_way": np.roll(self.ring + self.float_ring, -(self.step % self.depth), axis=0),
            **({} if self.queue is None else self.queue.export(self.step)),
            "pairs": None if self.pairs is None else self.pairs.export(self.step),
            **({} if self.sites is None else self.sites.export(self.step)),
            **({} if self.drivers is None else self.drivers.export(self.step)),
        }

    def variables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Present v, w, line 0 and line 1: views (n,) through which they are changed, too."""
        return self.v, self.w, self.line[0], self.line[1]

    def import_state(self, state: dict) -> None:
        """Take a state as `export_state` gives it."""
        self.step, self.trial = int(state["step"]), int(state["trial"])
        self.thresh_shift = np.where(self.plan.sigma_thresh > 0.0, state["thresh_shift"], 0.0)
        self.leak_shift = np.where(self.plan.sigma_trial > 0.0, state["leak_shift"], 0.0)
        self.v_thresh = self.plan.v_thresh + self.thresh_shift
        self.e_leak = self.plan.e_leak + self.leak_shift
        self.v, self.w = np.array(state["v"]), np.array(state["w"])
        self.u = np.where(self.single, state["u"], 0.0).astype(np.float32)
        self.line, self.hold = np.array(state["line"]), np.ceil(state["hold"])
        self.silent_until = self.step + np.array(state["silent"])
        self._take_under_way(np.roll(state["under_way"], self.step % self.depth, axis=0))
        if self.queue is not None:
            self.queue.take(state, self.step)
        if self.sites is not None:
            self.sites.take(state, self.step)
        if self.drivers is not None:
            self.drivers.take(state, self.step)
        if self.pairs is not None:
            self.pairs.take(state["pairs"], self.step)

    def restart(
        self, trial: int, thresh_shift: ArrayLike, leak_shift: ArrayLike, plastic: dict
    ) -> None:
        """Begin a trial; see engine.pyx."""
        n = self.n
        n_links = 0 if self.queue is None else len(self.queue.plan.interval)
        shifts = {"thresh_shift": thresh_shift, "leak_shift": leak_shift}
        cells = {"v": self.plan.e_leak + leak_shift, "w": np.zeros(n), "line": np.zeros((2, n))}
        cells["u"] = np.zeros(n)
        holds = {"hold": np.zeros(n), "silent": np.zeros(n)}
        nothing = {
            "under_way": np.zeros((self.depth, 2, n)),
            "link_busy": np.zeros(n_links, np.int64),
            "events": np.empty((0, 3), np.int64),
        }
        self.import_state(
            {"step": 0, "trial": trial, **shifts, **cells, **holds, **nothing, **plastic}
        )

    def get_weights(self) -> np.ndarray:
        """Present weights of the synapses with spike-timing dependent plasticity."""
        assert self.pairs is not None
        return self.pairs.export(self.step).weight

    def set_weights(self, weights: ArrayLike) -> None:
        """Replace these weights."""
        assert self.pairs is not None
        self.pairs.weight = checked_floats("weights", weights, self.pairs.weight.shape)[
            self.pairs.plan.order
        ]

    def run(
        self, n_steps: int, events: InputEvents, currents: CurrentInputs
    ) -> tuple[int, int, np.ndarray, np.ndarray, list[np.ndarray]]:
        """Integrate `n_steps` steps; same arguments and results as the compiled engine."""
        start, stop = self.step, self.step + n_steps
        event = change = 0
        value = np.array(currents.initial)
        current = self._membrane_current(currents, value)
        spikes: list[tuple[int, int]] = []
        rows: list[list[np.ndarray]] = [[] for _ in self.probes]
        status, culprit = Status.DONE, -1
        while self.step < stop and culprit < 0:
            # 1. currents that change now
            while change < len(currents.change_step) and currents.change_step[change] <= self.step:
                value[currents.change_source[change]] = currents.change_value[change]
                current = self._membrane_current(currents, value)
                change += 1
            # 2. external inputs that spike now
            while event < len(events) and events.step[event] <= self.step:
                self._deliver(self.n + events.source[event])
                event += 1
            self._see_spikes(undelayed=True)
            self._pass_links((self.step + 1) * self._tick())
            # 3. integrate every block to the next step
            self.step += 1
            self._integrate(current)
            # 4. spikes
            silent = (self.hold > 0.0) | (self.silent_until > self.step)
            for neuron in np.flatnonzero(self._at_threshold() & ~silent):
                if self.plan.reset_keep[neuron] == 0.0:
                    self._reset(neuron)
                self._draw_threshold(neuron)
                self.hold[neuron] = self.plan.hold_steps[neuron]
                self.silent_until[neuron] = self.step + self.plan.silent_steps[neuron]
                self.w[neuron] += self.plan.b[neuron]
                self._deliver(neuron)
                if self.mask[neuron]:
                    spikes.append((self.step, neuron))
            # 5. synapses that spikes change
            self._see_spikes()
            # 6. probes
            for probe, samples in zip(self.probes, rows, strict=True):
                if self.step % probe.interval == 0:
                    samples.append(self._variable(probe.variable)[probe.neuron])
            finite = (
                np.isfinite(self.v)
                & np.isfinite(self.w)
                & np.isfinite(self.line[0])
                & np.isfinite(self.line[1])
            )
            if not finite.all():
                status, culprit = Status.NON_FINITE, int(np.argmin(finite))
        table = np.array(spikes, np.int64).reshape(-1, 2)
        steps, neurons = table[:, 0].copy(), table[:, 1].astype(np.int32)
        observed = [
            np.array(r).reshape(self.step // p.interval - start // p.interval, len(p.neuron))
            for p, r in zip(self.probes, rows, strict=True)
        ]
        return int(status), culprit, steps, neurons, observed

    def _variable(self, variable: int) -> np.ndarray:
        return (self.v, self.w, self.line[0], self.line[1])[variable]

    def _membrane_current(self, currents: CurrentInputs, value: np.ndarray) -> np.ndarray:
        """Offset current plus all injected currents of every neuron, in source order."""
        current = self.plan.i_offset.copy()
        for source in range(currents.n_sources):
            part = slice(currents.indptr[source], currents.indptr[source + 1])
            np.add.at(current, currents.target[part], value[source] * currents.gain[part])
        return current

    def _deliver(self, source: int) -> None:
        """Send the event of a spiking source on its way: to the links or to its synapses."""
        if self.queue is not None:
            self.queue.emit(source, self.step)
        else:
            if self.sites is not None:
                self.sites.event(source, self.step, self.amplitude)
            if self.drivers is not None:
                self.drivers.event(source, self.step, self.amplitude)
            if self.pairs is not None:
                self.pairs.spike(source, self.step)
            self._arrive(self.routes.indptr[source], self.routes.indptr[source + 1], self.step)

    def _tick(self) -> int:
        return 0 if self.queue is None else self.queue.plan.step

    def _pass_links(self, until: float) -> None:
        """Let events move on that come to a link before the time `until` (ps)."""
        if self.queue is not None:
            for hop, step in self.queue.arrivals(until):
                if self.drivers is not None:
                    self.drivers.event(hop, self.step, self.amplitude)
                self._arrive(self.queue.plan.begin[hop], self.queue.plan.end[hop], step)

    def settle(self) -> None:
        """Let all events that are at links arrive, as if no others came behind them."""
        self._pass_links(np.inf)

    def exchange_amplitudes(self, amplitude: ArrayLike) -> None:
        """Give the synapses other amplitudes; see engine.pyx."""
        self.amplitude = np.array(amplitude, np.float64)

    def take_traffic(self) -> np.ndarray:
        """Counters of the links, and let them begin anew; see engine.pyx."""
        if self.queue is None:
            return np.zeros((5, 0), np.int64)
        counts, self.queue.counts = self.queue.counts, np.zeros_like(self.queue.counts)
        return counts

    def _arrive(self, first: int, last: int, step: int) -> None:
        """Put amplitudes on the ring whose delays count from `step`, in the order of the table."""
        part = slice(first, last)
        slot = (step + self.routes.delay[part]) % self.depth
        self._put(slot, self.routes.cell[part], self.amplitude[part])

    def _take_under_way(self, ring: np.ndarray) -> None:
        """Replace the ring: in float64 at ideal neurons, elsewhere in float32."""
        self.ring = np.where(self.single, 0.0, ring)
        with np.errstate(over="ignore"):
            self.float_ring = np.where(self.single, ring, 0.0).astype(np.float32)

    def _put(self, slot: np.ndarray, place: np.ndarray, amplitude: np.ndarray) -> None:
        """Add amplitudes to the ring one after the other, each sum rounded as the ring is."""
        single = self.single[place % self.n]
        with np.errstate(over="ignore", invalid="ignore"):
            for ring, some in ((self.ring, ~single), (self.float_ring, single)):
                flat = ring.reshape(self.depth, 2 * self.n)
                np.add.at(flat, (slot[some], place[some]), amplitude[some].astype(ring.dtype))

    def _see_spikes(self, undelayed: bool = False) -> None:
        """Change synapses that see spikes now: all, or those of inputs without axonal delay."""
        if self.pairs is None:
            return
        if not undelayed:
            self.pairs.begin(self.step)
            self.pairs.see_posts(self.step)
        self.pairs.see_pres(self.step, self._send, undelayed)

    def _send(self, delay: np.ndarray, place: np.ndarray, weight: np.ndarray) -> None:
        """Put weights of plastic synapses on the ring, or without delay on the lines."""
        now = delay == 0
        np.add.at(self.line.reshape(-1), place[now], weight[now])
        slot = (self.step + delay[~now]) % self.depth
        self._put(slot, place[~now], weight[~now])

    def _draw_threshold(self, neuron: int) -> None:
        sigma = self.plan.sigma_thresh[neuron]
        if sigma > 0.0:
            key = stream_key(self.seed, self.trial, Stream.THRESHOLDS)
            (normal,) = normals(noise_table(self.seed), key, self.step, [neuron])
            self.thresh_shift[neuron] = sigma * normal
            self.v_thresh[neuron] = self.plan.v_thresh[neuron] + self.thresh_shift[neuron]

    def _integrate(self, current: np.ndarray) -> None:
        """All blocks, one step; then what arrives."""
        plan = self.plan
        key = stream_key(self.seed, self.trial, Stream.PLACES)
        places = block_offsets(key, self.step, len(plan.block_kind))
        in_force = {name: getattr(plan, name) for name in plan.coefficient_names()}
        in_force |= {"e_leak": self.e_leak, "v_thresh": self.v_thresh}
        for k, (kind, mode) in enumerate(zip(plan.block_kind, plan.block_mode, strict=True)):
            part = slice(plan.block_start[k], plan.block_start[k + 1])
            c = {name: stored(name, values[part], mode) for name, values in in_force.items()}
            drive = current[part] * plan.p_vi[part]
            line0, line1 = self.line[:, part]
            cells = Cells(
                self.v[part], self.w[part], line0, line1, self.hold[part], drive, self.u[part]
            )
            noise = None
            if mode == Mode.NOISY:
                window = places[:, k, np.newaxis] + np.arange(NOISE_BLOCK)
                noise = noise_table(self.seed)[window[:, : len(drive)]]
                assert noise.shape == (SOURCES, len(drive))
            if mode == Mode.IDEAL:
                reference_kernels.integrate(kind, c, cells, plan.substeps)
            else:
                reference_silicon.integrate(kind, mode, c, cells, plan.substeps, noise, self.step)
        now = self.step % self.depth
        with np.errstate(over="ignore", invalid="ignore"):
            in_single = self.line.astype(np.float32) + self.float_ring[now]
            self.line[:] = np.where(self.single, in_single, self.line + self.ring[now])
        self.ring[now] = self.float_ring[now] = 0.0

    def _reset(self, neuron: int) -> None:
        """Put a membrane at its reset potential."""
        self.v[neuron] = self.plan.v_reset[neuron]
        if self.single[neuron]:
            e_leak = self.e_leak[neuron]
            self.u[neuron] = reference_silicon.single(self.v[neuron] - e_leak)
            self.v[neuron] = e_leak + float(self.u[neuron])

    def _at_threshold(self) -> np.ndarray:
        """Whether neurons are at or above threshold: bool (n,)."""
        in_floats = self.u >= reference_silicon.single(self.v_thresh - self.e_leak)
        return np.where(self.single, in_floats, self.v >= self.v_thresh)
