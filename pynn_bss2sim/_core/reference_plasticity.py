"""What synapses do at events, in plain NumPy; the twin of plasticity.h."""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.exponential import exp, phi
from pynn_bss2sim._core.plasticity import Releases, checked_release_state

__all__ = ["ReleaseSites"]


class ReleaseSites:
    """Short-term plasticity: the groups of a plan and their state.

    Parameters
    ----------
    plan : Releases
    """

    def __init__(self, plan: Releases) -> None:
        self.plan = plan
        self.u, self.x, self.y = np.zeros((3, len(plan)))
        self.last = np.zeros(len(plan), np.int64)

    def event(self, source: int, step: int, table: np.ndarray) -> None:
        """The source has an event: put the amplitudes of its synapses into the table."""
        p = self.plan
        g = slice(p.indptr[source], p.indptr[source + 1])
        h = (step - self.last[g]).astype(np.float64)
        rec, psc, facil = p.rate_rec[g], p.rate_psc[g], p.rate_facil[g]
        slow, fast = np.minimum(rec, psc), np.maximum(rec, psc)
        u = np.where(facil > 0.0, self.u[g] * exp(-h * facil), 0.0)
        z = (1.0 - self.x[g]) - self.y[g]
        passed = psc * (h * (exp(-h * slow) * phi(-h * (fast - slow))))
        z = z * exp(-h * rec) + self.y[g] * passed
        y = self.y[g] * exp(-h * psc)
        x = (1.0 - y) - z
        u = u + p.use[g] * (1.0 - u)
        released = u * x
        self.u[g], self.x[g], self.y[g], self.last[g] = u, x - released, y + released, step
        members = slice(p.member_indptr[g.start], p.member_indptr[g.stop])
        counts = np.diff(p.member_indptr[g.start : g.stop + 1])
        table[p.member[members]] = p.amplitude[members] * np.repeat(released, counts)

    def export(self, step: int) -> dict:
        """State of each synapse with short-term plasticity."""
        group = self.plan.group
        return {
            "release": np.stack([self.u, self.x, self.y])[:, group],
            "release_age": step - self.last[group],
        }

    def take(self, state: dict, step: int) -> None:
        """Take a state as `export` gives it."""
        (self.u, self.x, self.y), self.last = checked_release_state(self.plan, state, step)
