"""Spike-timing dependent plasticity in plain NumPy; the twin of spike_pairs.h."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pynn_bss2sim._core.exponential import exp
from pynn_bss2sim._core.pair_plan import PairPlan, checked_pair_state
from pynn_bss2sim._core.spike_pairs import PairState

__all__ = ["PairSynapses"]


_ONE = np.uint64(0x3FF0000000000000)
_ROOT = np.uint64(0x3FE6A09E667F3BCD)  # bits of the square root of 1/2


def log(x: np.ndarray) -> np.ndarray:
    """The logarithm of x > 0, of an array."""
    bits = np.asarray(x, np.float64).view(np.uint64) + (_ONE - _ROOT)
    k = ((bits >> np.uint64(52)) | np.uint64(0x4330000000000000)).view(np.float64)
    k = k - (4503599627370496.0 + 1023.0)
    m = ((bits & np.uint64(0x000FFFFFFFFFFFFF)) + _ROOT).view(np.float64)
    s = (m - 1.0) / (m + 1.0)
    s2 = s * s
    s4 = s2 * s2
    low = (1.0 + s2 * (1.0 / 3.0)) + s4 * (1.0 / 5.0 + s2 * (1.0 / 7.0))
    high = (1.0 / 9.0 + s2 * (1.0 / 11.0)) + s4 * (1.0 / 13.0 + s2 * (1.0 / 15.0))
    return k * 0.6931471805599453 + (2.0 * s) * (low + (s4 * s4) * high)


def power(x: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """x**exponent for 0 <= x, of arrays."""
    result = np.where(x > 1e-300, exp(exponent * log(x)), 0.0)
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
                    self._post(c, source, now)
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
                some = self._pre(c, source, now)
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
        constant: np.ndarray | float = 0.0,
    ) -> None:
        """Change the weights of synapses towards, or away from, their value `edge`."""
        r, w = self.plan.rule[j], self.weight[j]
        room = power((edge[r] - w) / (edge[r] - other[r]), exponent[r])
        self.weight[j] = self._clip(r, self._clip(r, w + (amplitude * room) * trace) + constant)

    def _post(self, c: int, neuron: int, now: int) -> None:
        """A spike arrives at the synapses of a column."""
        p = self.plan
        first, last = p.column_start[p.column_indptr[c, neuron : neuron + 2]]
        j = p.column[first:last]
        amplitude = p.up[p.rule[j]] * exp(-self._age(p.rule_pre_rate[p.rule[j]], now))
        self._change(j, self.pre[p.pre[j]], amplitude, p.up_power, p.w_to, p.w_from)
        self.fresh[slice(*p.post_indptr[c, neuron : neuron + 2])] = True

    def _pre(self, c: int, source: int, now: int) -> slice:
        """An event arrives at the synapses of a row; returns which these are."""
        p = self.plan
        j = slice(*p.row_start[p.row_indptr[c, source : source + 2]])
        r = p.rule[j]
        amplitude = p.down[r] * exp(-self._age(p.rule_post_rate[r], now))
        trace = self.post[p.post[j]]
        self._change(j, trace, amplitude, p.down_power, p.w_from, p.w_to, p.constant[r])
        g = slice(*p.pre_indptr[c, source : source + 2])
        self.pre[g] += exp(self._age(p.pre_rate[g], now))
        return j
