"""Short-term plasticity of synapse drivers: a record and the plan made of it.

A driver keeps one state for each address that it passes on. The state p is the length of the
current pulse that the next event of this address makes, over the full length::

    at an event:  p += use (charged - p);  the event's amplitudes are multiplied by clip(p, 0, 1)
    between:      dp/dt = (recovered - p) / tau

Between events the equation is solved exactly. So a driver facilitates (charged > recovered) or
depresses (charged < recovered); these are the two limits of the Tsodyks-Markram synapse, with
utilization but without depression, and with depression at constant utilization. What registers
make of it stands in `driver_dynamics`; synapses of other kinds in `plasticity`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from .checks import checked_floats, checked_index, checked_offsets, converted
from .frozen import frozen
from .links import Ways
from .records import SynapseTable, frozen_array

__all__ = ["PulsePlan", "Pulses", "checked_pulse_plan", "checked_pulse_state", "make_pulse_plan"]


@frozen
class Pulses:
    """Synapses whose driver has short-term plasticity, and the states of these drivers.

    Attributes
    ----------
    synapse : int64 (n,)
        Position in the `SynapseTable`, each at most once. Its amplitude is that of a full pulse.
    state : int64 (n,)
        Position in the arrays below.
    number : int64 (k,), ascending
        Which driver and address: ``((chip * 2 + hemisphere) * 128 + driver) * 64 + address``.
    use : float64 (k,)
        In [0, 1].
    tau : float64 (k,), µs
        > 0; infinite where nothing recovers.
    charged, recovered : float64 (k,)
        Pulse lengths that events and time lead to; finite, and limited to [0, 1] when they act.

    Raises
    ------
    ValueError
        A value has no meaning.
    """

    synapse: np.ndarray
    state: np.ndarray
    number: np.ndarray
    use: np.ndarray
    tau: np.ndarray
    charged: np.ndarray
    recovered: np.ndarray

    def __post_init__(self) -> None:
        for f in fields(self):
            dtype = np.int64 if f.name in ("synapse", "state", "number") else np.float64
            size = len(self.synapse) if f.name in ("synapse", "state") else len(self.number)
            array = frozen_array(getattr(self, f.name), dtype, (size,), f"Pulses.{f.name}")
            object.__setattr__(self, f.name, array)
        checked_index("Pulses.state", self.state, 0, len(self), np.int64)
        if (np.diff(self.number) <= 0).any():
            raise ValueError("Pulses.number: must ascend")
        for name, good in (
            ("use", (self.use >= 0) & (self.use <= 1)),
            ("tau", self.tau > 0),
            ("charged", np.isfinite(self.charged)),
            ("recovered", np.isfinite(self.recovered)),
        ):
            if not good.all():
                first = int(np.argmin(good))
                raise ValueError(f"Pulses.{name}: {getattr(self, name)[first]} at {first}")

    def __len__(self) -> int:
        return len(self.number)

    @classmethod
    def none(cls) -> Pulses:
        """No driver with short-term plasticity."""
        return cls(*(np.empty(0) for _ in fields(cls)))


@frozen
class PulsePlan:
    """Short-term plasticity of drivers compiled for the engines.

    A trigger is what brings an event to drivers: a source, or where links limit events the last
    hop of a way. An entry is one state that a trigger passes.

    Attributes
    ----------
    indptr : int64 (n_triggers + 1,)
        Entries of each trigger.
    state : int64 (n_entries,)
    member_indptr : int64 (n_entries + 1,)
    member : int64 (n,)
        Position in the synapse table of the synapses of each entry.
    amplitude : float64 (n,)
        Of each `member` at a full pulse.
    number : int64 (k,)
    use, rate, charged, recovered : float64 (k,)
        See `Pulses`; the rate is time step / tau.
    """

    indptr: np.ndarray
    state: np.ndarray
    member_indptr: np.ndarray
    member: np.ndarray
    amplitude: np.ndarray
    number: np.ndarray
    use: np.ndarray
    rate: np.ndarray
    charged: np.ndarray
    recovered: np.ndarray

    def __len__(self) -> int:
        return len(self.number)


def make_pulse_plan(
    pulses: Pulses, synapses: SynapseTable, timestep: float, ways: Ways | None = None
) -> PulsePlan:
    """Compile `pulses`, whose synapses stand in `synapses` and are reached over `ways`.

    Raises
    ------
    ValueError
        If `pulses` does not belong to `synapses`.
    """
    position = checked_index("Pulses.synapse", pulses.synapse, 0, len(synapses), np.int64)
    if len(np.unique(position)) < len(position):
        raise ValueError("Pulses.synapse: a synapse occurs twice")
    if ways is None:
        n_triggers = synapses.n_sources
        trigger = np.searchsorted(synapses.indptr, position, side="right") - 1
    else:
        n_triggers = len(ways)
        trigger = _hops_to(position, ways)
    pair = trigger * max(1, len(pulses)) + pulses.state
    order = np.lexsort((position, pair))
    entries, first = np.unique(pair[order], return_index=True)
    member = position[order]
    trigger_of, state = np.divmod(entries, max(1, len(pulses)))
    return PulsePlan(
        indptr=np.searchsorted(trigger_of, np.arange(n_triggers + 1)),
        state=state,
        member_indptr=np.append(first, len(member)),
        member=member,
        amplitude=synapses.amplitude[member],
        number=pulses.number,
        use=pulses.use,
        rate=timestep / pulses.tau,
        charged=pulses.charged,
        recovered=pulses.recovered,
    )


def _hops_to(position: np.ndarray, ways: Ways) -> np.ndarray:
    """The hop that leads to each synapse: int64 (n,)."""
    last = np.flatnonzero(ways.begin < ways.end)
    last = last[np.argsort(ways.begin[last], kind="stable")]
    which = np.searchsorted(ways.begin[last], position, side="right") - 1
    if (which < 0).any() or (position >= ways.end[last[which]]).any():
        raise ValueError("Pulses.synapse: no way leads to a synapse")
    return last[which]


def checked_pulse_plan(plan: PulsePlan, n_triggers: int, n_synapses: int) -> PulsePlan:
    """A copy of `plan` of which no index leads outside.

    Raises
    ------
    ValueError
        If one does.
    """
    k, entries, members = len(plan.number), len(plan.state), len(plan.member)
    indptr = checked_offsets("pulses.indptr", plan.indptr, entries)
    if len(indptr) != n_triggers + 1:
        raise ValueError(f"pulses.indptr: {len(indptr)} entries for {n_triggers} triggers")
    member_indptr = checked_offsets("pulses.member_indptr", plan.member_indptr, members)
    if len(member_indptr) != entries + 1:
        raise ValueError("pulses.member_indptr: one entry more than states of triggers is needed")
    return PulsePlan(
        indptr=indptr,
        state=checked_index("pulses.state", plan.state, 0, k, np.int64),
        member_indptr=member_indptr,
        member=checked_index("pulses.member", plan.member, 0, n_synapses, np.int64),
        amplitude=checked_floats("pulses.amplitude", plan.amplitude, (members,)),
        number=converted("pulses.number", plan.number, np.int64),
        **{
            name: checked_floats(f"pulses.{name}", getattr(plan, name), (k,))
            for name in ("use", "rate", "charged", "recovered")
        },
    )


def checked_pulse_state(
    plan: PulsePlan, state: Mapping[str, Any], step: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pulse lengths (k,) and steps of the last event (k,) of an exported state.

    Raises
    ------
    ValueError
        If the state is that of other drivers, or an event lies in the future.
    """
    k = len(plan)
    pulse = checked_floats("state.pulse", state["pulse"], (k,))
    age = converted("state.pulse_age", state["pulse_age"], np.int64)
    if age.shape != (k,) or (age < 0).any():
        raise ValueError(f"state.pulse_age: {k} steps of at least 0 are needed")
    if not np.array_equal(state["pulse_number"], plan.number):
        raise ValueError("state.pulse_number: the state is that of other drivers or addresses")
    return pulse, step - age
