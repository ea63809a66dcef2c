"""Spike-timing dependent plasticity in plain NumPy; the twin of spike_pairs.h."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pynn_bss2sim._core.exponential import exp
from pynn_bss2sim._core.pair_plan import PairPlan, checked_pair_state
from pynn_bss2sim._core.spike_pairs import PairState

__all__ = ["PairSynapses"]


def power(x: np.ndarray, exponent: np.ndarray) -> np.ndarray:
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

    def __init__(self, plan: PairPlan, n_sources: int) -> None:
        self.plan, self.n_sources = plan, n_sources
        self.n_neurons = plan.post_indptr.shape[1] - 1
        self.log: list[tuple[int, int]] = []  # steps and sources

    def take(self, state: PairState, step: int) -> None:
        """Take a state as `export` gives it."""
        self.weight, self.pre, self.post, self.fresh, seen = checked_pair_state(
            self.plan, state, self.n_sources
        )
        self.log = [(step - int(age), int(source)) for source, age in seen]
        self.pre_cursor = [self._passed(delay, step) for delay in self.plan.pre_delay]
        self.post_cursor = [self._passed(delay, step) for delay in self.plan.post_delay]

    def _passed(self, delay: int, step: int) -> int:
        return sum(when + delay <= step for when, _ in self.log)

    def export(self, step: int) -> PairState:
        """State of each synapse."""
        p = self.plan
        back = np.argsort(p.order)
        first = min([*self.pre_cursor, *self.post_cursor], default=0)
        seen = np.array([(s, step - when) for when, s in self.log[first:]], np.int64)
        return PairState(
            self.weight[back],
            self.pre[p.pre][back],
            self.post[p.post][back],
            p.rate[p.pre_rate[p.pre]][back],
            p.rate[p.post_rate[p.post]][back],
            self.fresh[p.post][back],
            seen.reshape(-1, 2),
        )

    def begin(self, step: int) -> None:
        """Spikes seen in the last step enter their traces, which are scaled where epochs end."""
        p = self.plan
        new = np.flatnonzero(self.fresh)
        self.post[new] += exp(self._age(p.post_rate[new], step - 1))
        self.fresh[:] = False
        for trace, rate in ((self.pre, p.pre_rate), (self.post, p.post_rate)):
            scale = exp(-(p.epoch[rate] * p.rate[rate]))
            trace[:] = np.where(step % p.epoch[rate] == 0, trace * scale, trace)

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

    def see_pres(
        self,
        now: int,
        deliver: Callable[[np.ndarray, np.ndarray, np.ndarray], None],
        undelayed: bool = False,
    ) -> None:
        """Events of sources that arrive by `now`: `deliver(delays, places, weights)` is called."""
        p = self.plan
        for c, delay in enumerate(p.pre_delay):
            while (delay == 0 or not undelayed) and self.pre_cursor[c] < len(self.log):
                step, source = self.log[self.pre_cursor[c]]
                if step + delay > now:
                    break
                for g in range(p.pre_indptr[c, source], p.pre_indptr[c, source + 1]):
                    some = self._pre(g, now)
                    deliver(p.dendritic[some], p.place[some], self.weight[some])
                self.pre_cursor[c] += 1

    def _age(self, rate: np.ndarray, step: int) -> np.ndarray:
        """How far the present epoch of rates has come, in time constants."""
        return (step % self.plan.epoch[rate]) * self.plan.rate[rate]

    def _clip(self, rule: np.ndarray, w: np.ndarray) -> np.ndarray:
        low = np.minimum(self.plan.w_from, self.plan.w_to)[rule]
        high = np.maximum(self.plan.w_from, self.plan.w_to)[rule]
        w = np.where(w < low, low, w)
        return np.where(w > high, high, w)

    def _change(
        self,
        j: np.ndarray | slice,
        trace: np.ndarray,
        amplitude: np.ndarray,
        exponent: np.ndarray,
        edge: np.ndarray,
        other: np.ndarray,
    ) -> None:
        """Change the weights of synapses towards, or away from, their value `edge`."""
        r, w = self.plan.rule[j], self.weight[j]
        room = power((edge[r] - w) / (edge[r] - other[r]), exponent[r])
        self.weight[j] = self._clip(r, w + (amplitude * room) * trace)

    def _post(self, t: int, now: int) -> None:
        p = self.plan
        runs = p.column_start[p.column_indptr[t : t + 2]]
        j = p.column[runs[0] : runs[1]]
        amplitude = p.up[p.rule[j]] * exp(-self._age(p.rule_pre_rate[p.rule[j]], now))
        self._change(j, self.pre[p.pre[j]], amplitude, p.up_power, p.w_to, p.w_from)
        self.fresh[t] = True

    def _pre(self, g: int, now: int) -> slice:
        p = self.plan
        j = slice(*p.row_start[p.row_indptr[g : g + 2]])
        r = p.rule[j]
        amplitude = p.down[r] * exp(-self._age(p.rule_post_rate[r], now))
        self._change(j, self.post[p.post[j]], amplitude, p.down_power, p.w_from, p.w_to)
        constant = p.constant[r]
        w = np.where(constant == 0.0, self.weight[j], self.weight[j] + constant)
        self.weight[j] = self._clip(r, w)
        self.pre[g] += exp(self._age(p.pre_rate[g], now))
        return j
