"""Spike-timing dependent plasticity in plain NumPy; the twin of spike_pairs.h."""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.exponential import exp
from pynn_bss2sim._core.spike_pairs import PairPlan, PairState, checked_pair_state

__all__ = ["PairSynapses"]


def power(x, exponent):
    """x**exponent for 0 <= x, of arrays."""
    fraction, binary = np.frexp(np.where(x > 1e-300, x, 1.0))
    fraction, binary = fraction * 2.0, binary - 1.0
    above = fraction > 1.4142135623730951
    fraction, binary = np.where(above, fraction * 0.5, fraction), binary + above
    s = (fraction - 1.0) / (fraction + 1.0)
    s2 = s * s
    series = np.full_like(s, 1.0 / 21.0)
    for k in range(19, 0, -2):
        series = 1.0 / k + s2 * series
    result = exp(exponent * (binary * 0.6931471805599453 + 2.0 * s * series))
    result = np.where(x > 1e-300, result, 0.0)
    return np.where(exponent == 0.0, 1.0, np.where(exponent == 1.0, x, result))


class PairSynapses:
    """Synapses, their weights and traces, and the spikes that they have still to see.

    Parameters
    ----------
    plan : PairPlan
    n_sources : int
    """

    def __init__(self, plan: PairPlan, n_sources: int):
        self.plan, self.n_sources = plan, n_sources
        self.n_neurons = plan.post_indptr.shape[1] - 1
        self.log: list[tuple[int, int]] = []  # steps and sources

    def take(self, state: PairState, step: int) -> None:
        """Take a state as `export` gives it."""
        self.weight, self.trace, pre_age, self.before, post_age, seen = checked_pair_state(
            self.plan, state, self.n_sources
        )
        self.pre_last, self.post_last = step - pre_age, step - post_age
        self.log = [(step - int(age), int(source)) for source, age in seen]
        self.pre_cursor = [self._passed(delay, step) for delay in self.plan.pre_delay]
        self.post_cursor = [self._passed(delay, step) for delay in self.plan.post_delay]

    def _passed(self, delay, step):
        return sum(when + delay <= step for when, _ in self.log)

    def export(self, step: int) -> PairState:
        """State of each synapse."""
        p = self.plan
        back = np.argsort(p.order)
        first = min([*self.pre_cursor, *self.post_cursor], default=0)
        seen = np.array([(s, step - when) for when, s in self.log[first:]], np.int64)
        return PairState(
            self.weight[back],
            self.trace[p.pre][back],
            self.before[p.post][back],
            (step - self.pre_last[p.pre])[back],
            (step - self.post_last[p.post])[back],
            seen.reshape(-1, 2),
        )

    def spike(self, source: int, step: int) -> None:
        """Remember the event of a source."""
        self.log.append((step, source))

    def see_posts(self, now: int) -> None:
        """Spikes of targets that arrive at synapses by `now`."""
        p = self.plan
        for c, delay in enumerate(p.post_delay):
            while self.post_cursor[c] < len(self.log):
                step, source = self.log[self.post_cursor[c]]
                if step + delay > now:
                    break
                if source < self.n_neurons:
                    for t in range(p.post_indptr[c, source], p.post_indptr[c, source + 1]):
                        self._post(t, now)
                self.post_cursor[c] += 1

    def see_pres(self, now: int, deliver, undelayed=False) -> None:
        """Events of sources that arrive by `now`: `deliver(offsets, weights)` is called."""
        p = self.plan
        for c, delay in enumerate(p.pre_delay):
            while (delay == 0 or not undelayed) and self.pre_cursor[c] < len(self.log):
                step, source = self.log[self.pre_cursor[c]]
                if step + delay > now:
                    break
                for g in range(p.pre_indptr[c, source], p.pre_indptr[c, source + 1]):
                    some = self._pre(g, now)
                    deliver(p.offset[some], self.weight[some])
                self.pre_cursor[c] += 1

    def _decay(self, rate, steps):
        return exp(-np.asarray(steps, np.float64) * self.plan.rate[rate])

    def _clip(self, rule, w):
        low = np.minimum(self.plan.w_from, self.plan.w_to)[rule]
        high = np.maximum(self.plan.w_from, self.plan.w_to)[rule]
        w = np.where(w < low, low, w)
        return np.where(w > high, high, w)

    def _post(self, t, now):
        p = self.plan
        j = p.column[p.column_indptr[t] : p.column_indptr[t + 1]]
        g, r, w = p.pre[j], p.rule[j], self.weight[j]
        trace = self.trace[g] * self._decay(p.pre_rate[g], now - self.pre_last[g])
        room = (p.w_to[r] - w) / (p.w_to[r] - p.w_from[r])
        self.weight[j] = self._clip(r, w + p.up[r] * power(room, p.up_power[r]) * trace)
        decay = self._decay(p.post_rate[t], now - self.post_last[t])
        self.before[t] = (self.before[t] + 1.0) * decay
        self.post_last[t] = now

    def _pre(self, g, now):
        p = self.plan
        j = slice(p.synapse_indptr[g], p.synapse_indptr[g + 1])
        t, r, w = p.post[j], p.rule[j], self.weight[j]
        age = now - self.post_last[t]
        after = (self.before[t] + 1.0) * self._decay(p.post_rate[t], age)
        trace = np.where(age == 0, self.before[t], after)
        room = (w - p.w_from[r]) / (p.w_to[r] - p.w_from[r])
        w = self._clip(r, w + p.down[r] * power(room, p.down_power[r]) * trace)
        self.weight[j] = self._clip(r, w + p.constant[r])
        decay = self._decay(p.pre_rate[g], now - self.pre_last[g])
        self.trace[g] = self.trace[g] * decay + 1.0
        self.pre_last[g] = now
        return j
