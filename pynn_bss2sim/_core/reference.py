"""The engine in plain NumPy, written to be read; it gives the same bits as the compiled one.

One call of `ReferenceEngine.run` follows engine.pyx phase by phase, and each ``_step_*`` method
follows its kernel in kernels_impl.h operation by operation. Differences of speed aside the two
classes are interchangeable; a test runs both on random chips and compares everything.
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.exponential import exp
from pynn_bss2sim._core.plan import Kind, Plan, Routes
from pynn_bss2sim._core.records import Status

__all__ = ["ReferenceEngine"]


class ReferenceEngine:
    """Integrates a plan, slowly.

    Parameters
    ----------
    plan : Plan
    routes : Routes
    probes : sequence of Probe
    spike_mask : bool (n,), optional
    """

    interruption = None

    def __init__(self, plan: Plan, routes: Routes, probes=(), spike_mask=None):
        self.plan, self.routes, self.probes = plan, routes, tuple(probes)
        self.n = n = len(plan)
        self.depth = routes.depth
        self.mask = np.ones(n, bool) if spike_mask is None else np.asarray(spike_mask, bool)
        self.step = 0
        self.v = plan.e_leak.copy()
        self.w = np.zeros(n)
        self.line = np.zeros((2, n))
        self.hold = np.zeros(n)
        self.ring = np.zeros((routes.depth, 2, n))

    def export_state(self) -> dict:
        """Copies of the state; see engine.pyx."""
        return {
            "step": self.step,
            "v": self.v.copy(),
            "w": self.w.copy(),
            "line": self.line.copy(),
            "hold": self.hold.copy(),
            "under_way": np.roll(self.ring, -(self.step % self.depth), axis=0),
        }

    def import_state(self, state: dict) -> None:
        """Take a state as `export_state` gives it."""
        self.step = int(state["step"])
        self.v, self.w = np.array(state["v"]), np.array(state["w"])
        self.line, self.hold = np.array(state["line"]), np.array(state["hold"])
        self.ring = np.roll(state["under_way"], self.step % self.depth, axis=0)

    def run(self, n_steps, events, currents):
        """Integrate `n_steps` steps; same arguments and results as the compiled engine."""
        start, stop = self.step, self.step + n_steps
        event = change = 0
        value = np.array(currents.initial)
        current = self._membrane_current(currents, value)
        spikes, rows = [], [[] for _ in self.probes]
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
            # 3. integrate every block to the next step
            self.step += 1
            for kind, first, last in zip(
                self.plan.block_kind,
                self.plan.block_start[:-1],
                self.plan.block_start[1:],
                strict=True,
            ):
                part = slice(first, last)
                self._step[kind](self, part, current[part])
                self._finish(part)
            # 4. spikes
            for neuron in np.flatnonzero(self.v >= self.plan.v_thresh):
                self.v[neuron] = self.plan.v_reset[neuron]
                self.hold[neuron] = self.plan.hold_steps[neuron]
                self.w[neuron] += self.plan.b[neuron]
                self._deliver(neuron)
                if self.mask[neuron]:
                    spikes.append((self.step, neuron))
            # 5. probes
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
        spikes = np.array(spikes, np.int64).reshape(-1, 2)
        steps, neurons = spikes[:, 0].copy(), spikes[:, 1].astype(np.int32)
        samples = [
            np.array(r).reshape(self.step // p.interval - start // p.interval, len(p.neuron))
            for p, r in zip(self.probes, rows, strict=True)
        ]
        return int(status), culprit, steps, neurons, samples

    def _variable(self, variable):
        return (self.v, self.w, self.line[0], self.line[1])[variable]

    def _membrane_current(self, currents, value):
        """Offset current plus all injected currents of every neuron, in source order."""
        current = self.plan.i_offset.copy()
        for source in range(currents.n_sources):
            part = slice(currents.indptr[source], currents.indptr[source + 1])
            np.add.at(current, currents.target[part], value[source] * currents.gain[part])
        return current

    def _deliver(self, source):
        """Put the amplitudes of a spiking source on the ring, in the order of the table."""
        part = slice(self.routes.indptr[source], self.routes.indptr[source + 1])
        flat = self.ring.reshape(-1)
        base = (self.step % self.depth) * 2 * self.n
        np.add.at(flat, (base + self.routes.offset[part]) % flat.size, self.routes.amplitude[part])

    def _step_cuba_lif(self, part, current):
        """Exact propagation of membrane and line currents."""
        p, v, line = self.plan, self.v[part], self.line[:, part]
        e_leak = p.e_leak[part]
        self.v[part] = e_leak + (
            (v - e_leak) * p.p_vv[part]
            + (line[0] * p.p_v0[part] + (line[1] * p.p_v1[part] + current * p.p_vi[part]))
        )
        line[0] = line[0] * p.decay0[part]
        line[1] = line[1] * p.decay1[part]

    def _step_coba_lif(self, part, current):
        """Exponential decay to the driving potential of the substep's mean conductances."""
        p, line, e_leak = self.plan, self.line[:, part], self.plan.e_leak[part]
        for _ in range(p.substeps):
            g0, g1 = line[0] * p.mean0[part], line[1] * p.mean1[part]
            g = p.g_leak[part] + (g0 + g1)
            drive = (g0 * (p.e_rev0[part] - e_leak) + g1 * (p.e_rev1[part] - e_leak) + current) / g
            decay = exp(-(g * p.h_over_c[part]))
            self.v[part] = e_leak + (drive + ((self.v[part] - e_leak) - drive) * decay)
            line[0] = line[0] * p.decay0[part]
            line[1] = line[1] * p.decay1[part]

    def _step_adex(self, part, current, conductance_based):
        """Fourth-order Runge-Kutta of V and w; exact decay of the lines."""
        p, line = self.plan, self.line[:, part]
        v_thresh, e_leak = p.v_thresh[part], p.e_leak[part]
        h_over_c = np.where(self.hold[part] > 0.0, 0.0, p.h_over_c[part])

        def slope(v, w, line0, line1):
            v = np.where(v < v_thresh, v, v_thresh)
            upstroke = p.g_delta_t[part] * exp((v - p.v_exp[part]) * p.inv_delta_t[part])
            if conductance_based:
                synaptic = line0 * (p.e_rev0[part] - v) + line1 * (p.e_rev1[part] - v)
            else:
                synaptic = line0 + line1
            dv = (p.g_leak[part] * (e_leak - v) + upstroke + (synaptic - w) + current) * h_over_c
            dw = (p.a[part] * (v - e_leak) - w) * p.h_over_tau_w[part]
            return dv, dw

        for _ in range(p.substeps):
            v, w, a0, a1 = self.v[part].copy(), self.w[part].copy(), line[0].copy(), line[1].copy()
            m0, m1 = a0 * p.half0[part], a1 * p.half1[part]
            z0, z1 = a0 * p.decay0[part], a1 * p.decay1[part]
            kv1, kw1 = slope(v, w, a0, a1)
            kv2, kw2 = slope(v + 0.5 * kv1, w + 0.5 * kw1, m0, m1)
            kv3, kw3 = slope(v + 0.5 * kv2, w + 0.5 * kw2, m0, m1)
            kv4, kw4 = slope(v + kv3, w + kw3, z0, z1)
            v_end = v + (kv1 + 2.0 * (kv2 + kv3) + kv4) * (1.0 / 6.0)
            self.v[part] = np.where(v_end < v_thresh, v_end, v_thresh)
            self.w[part] = w + (kw1 + 2.0 * (kw2 + kw3) + kw4) * (1.0 / 6.0)
            line[0], line[1] = z0, z1

    def _step_cuba_adex(self, part, current):
        self._step_adex(part, current, conductance_based=False)

    def _step_coba_adex(self, part, current):
        self._step_adex(part, current, conductance_based=True)

    _step = {Kind.CUBA_LIF: _step_cuba_lif, Kind.COBA_LIF: _step_coba_lif,
             Kind.CUBA_ADEX: _step_cuba_adex, Kind.COBA_ADEX: _step_coba_adex}  # fmt: skip

    def _finish(self, part):
        """Refractory hold and arrivals."""
        slot, held = self.ring[self.step % self.depth], self.hold[part] > 0.0
        self.v[part] = np.where(held, self.plan.v_reset[part], self.v[part])
        self.hold[part] = np.where(held, self.hold[part] - 1.0, 0.0)
        self.line[:, part] += slot[:, part]
        slot[:, part] = 0.0
