"""Short-term plasticity of synapse drivers, in plain NumPy; the twin of driver_pulses.h."""

from __future__ import annotations

import numpy as np

from .exponential import exp
from .pulses import PulsePlan, checked_pulse_state

__all__ = ["DriverStates"]


class DriverStates:
    """The states of a plan.

    Parameters
    ----------
    plan : PulsePlan
    """

    def __init__(self, plan: PulsePlan) -> None:
        self.plan = plan
        self.pulse = np.zeros(len(plan))
        self.last = np.zeros(len(plan), np.int64)

    def event(self, trigger: int, step: int, table: np.ndarray) -> None:
        """An event comes: put the amplitudes of the synapses behind `trigger` into the table."""
        p = self.plan
        entries = slice(p.indptr[trigger], p.indptr[trigger + 1])
        s = p.state[entries]
        h = (step - self.last[s]).astype(np.float64)
        pulse = p.recovered[s] + (self.pulse[s] - p.recovered[s]) * exp(-h * p.rate[s])
        pulse = pulse + p.use[s] * (p.charged[s] - pulse)
        self.pulse[s], self.last[s] = pulse, step
        members = slice(p.member_indptr[entries.start], p.member_indptr[entries.stop])
        counts = np.diff(p.member_indptr[entries.start : entries.stop + 1])
        length = np.repeat(np.clip(pulse, 0.0, 1.0), counts)
        table[p.member[members]] = p.amplitude[members] * length

    def export(self, step: int) -> dict:
        """State of each driver and address."""
        return {
            "pulse": self.pulse.copy(),
            "pulse_age": step - self.last,
            "pulse_number": self.plan.number,
        }

    def take(self, state: dict, step: int) -> None:
        """Take a state as `export` gives it."""
        self.pulse, self.last = checked_pulse_state(self.plan, state, step)
