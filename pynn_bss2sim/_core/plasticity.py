"""What of a synapse changes with the events that it sees: a record and the plan made of it.

Short-term plasticity [1]_. Of the efficacy of a synapse a part x is at hand, a part y in use, and
the rest z = 1 - x - y recovers; each event takes the part u x from x to y::

    du/dt = -u / tau_facil    dy/dt = -y / tau_psc    dz/dt = y / tau_psc - z / tau_rec
    at an event:  u += use (1 - u);  release = u x;  x -= release;  y += release

and the amplitude of the event is the synapse's amplitude times the release. Between events the
equations are solved exactly.

References
----------
.. [1] M. Tsodyks, A. Uziel and H. Markram, Synchrony generation in recurrent networks with
   frequency-dependent synapses, J. Neurosci. 20, RC50, 2000.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from pynn_bss2sim._core.checks import checked_floats, checked_index, checked_offsets, converted
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.records import SynapseTable, frozen_array

__all__ = [
    "RELEASE_STATE",
    "Releases",
    "ShortTerm",
    "checked_release_state",
    "checked_releases",
    "make_releases",
]

#: Rows of a release state: u, x, y.
RELEASE_STATE = 3


@frozen
class ShortTerm:
    """Synapses with short-term plasticity.

    Attributes
    ----------
    synapse : int64 (n,)
        Position in the `SynapseTable`, each at most once.
    use : float64 (n,)
        In [0, 1].
    tau_rec, tau_facil, tau_psc : float64 (n,), µs
        Time constants, > 0; without facilitation `tau_facil` is 0.
    u_initial : float64 (n,)
        u at step 0, in [0, 1].

    Raises
    ------
    ValueError
        A value has no meaning.
    """

    synapse: np.ndarray
    use: np.ndarray
    tau_rec: np.ndarray
    tau_facil: np.ndarray
    tau_psc: np.ndarray
    u_initial: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.synapse)
        for f in fields(self):
            dtype = np.int64 if f.name == "synapse" else np.float64
            array = frozen_array(getattr(self, f.name), dtype, (n,), f"ShortTerm.{f.name}")
            object.__setattr__(self, f.name, array)
        for name, low, high in (
            ("use", 0.0, 1.0),
            ("u_initial", 0.0, 1.0),
            ("tau_facil", 0.0, np.inf),
            ("tau_rec", np.nextafter(0.0, 1.0), np.inf),
            ("tau_psc", np.nextafter(0.0, 1.0), np.inf),
        ):
            values = getattr(self, name)
            bad = ~(np.isfinite(values) & (values >= low) & (values <= high))
            if bad.any():
                first = int(np.argmax(bad))
                raise ValueError(f"ShortTerm.{name}: {values[first]} at {first}")

    def __len__(self) -> int:
        return len(self.synapse)

    @classmethod
    def none(cls) -> ShortTerm:
        """No synapses."""
        return cls(*(np.empty(0) for _ in fields(cls)))

    def initial_state(self) -> np.ndarray:
        """u, x and y at step 0: float64 (3, n)."""
        n = len(self)
        return np.stack([self.u_initial, np.ones(n), np.zeros(n)])


@frozen
class Releases:
    """Short-term plasticity compiled for the engines.

    Synapses of one source with the same parameters and state release the same part at all times,
    and are evaluated once, as a group.

    Attributes
    ----------
    indptr : int64 (n_sources + 1,)
        Groups of each source.
    use, rate_rec, rate_facil, rate_psc : float64 (n_groups,)
        Rates are time step / tau; 0 for `tau_facil` = 0.
    member_indptr : int64 (n_groups + 1,)
    member : int64 (n,)
        Position in the synapse table of the synapses of each group.
    amplitude : float64 (n,)
        What a release of 1 would add, for each `member`.
    group : int64 (n,)
        Group of each entry of the `ShortTerm`.
    """

    indptr: np.ndarray
    use: np.ndarray
    rate_rec: np.ndarray
    rate_facil: np.ndarray
    rate_psc: np.ndarray
    member_indptr: np.ndarray
    member: np.ndarray
    amplitude: np.ndarray
    group: np.ndarray

    def __len__(self) -> int:
        return len(self.use)

    @property
    def representative(self) -> np.ndarray:
        """One entry of the `ShortTerm` for each group: int64 (n_groups,)."""
        result = np.empty(len(self), np.int64)
        result[self.group] = np.arange(len(self.group))
        return result


def make_releases(
    table: ShortTerm, synapses: SynapseTable, timestep: float, state: np.ndarray, age: np.ndarray
) -> Releases:
    """Group the synapses of `table`, of which state and age are `state` (3, n) and `age` (n,).

    Raises
    ------
    ValueError
        If `table` does not belong to `synapses`.
    """
    position = checked_index("ShortTerm.synapse", table.synapse, 0, len(synapses), np.int64)
    if len(np.unique(position)) < len(position):
        raise ValueError("ShortTerm.synapse: a synapse occurs twice")
    source = np.searchsorted(synapses.indptr, position, side="right") - 1
    same = np.stack(
        [source, table.use, table.tau_rec, table.tau_facil, table.tau_psc, *state, age], axis=1
    )
    groups, group = np.unique(same, axis=0, return_inverse=True)
    group = group.reshape(-1)
    member = np.lexsort((position, group))
    facilitates = groups[:, 3] > 0
    return Releases(
        indptr=np.searchsorted(groups[:, 0], np.arange(synapses.n_sources + 1)),
        use=groups[:, 1].copy(),
        rate_rec=timestep / groups[:, 2],
        rate_facil=np.where(facilitates, timestep / np.where(facilitates, groups[:, 3], 1.0), 0.0),
        rate_psc=timestep / groups[:, 4],
        member_indptr=np.searchsorted(group[member], np.arange(len(groups) + 1)),
        member=position[member],
        amplitude=synapses.amplitude[position[member]],
        group=group,
    )


def checked_releases(plan: Releases, n_sources: int, n_synapses: int) -> Releases:
    """A copy of `plan` of which no index leads outside.

    Raises
    ------
    ValueError
        If one does.
    """
    n, members = len(plan.use), len(plan.member)
    indptr = checked_offsets("releases.indptr", plan.indptr, n)
    if len(indptr) != n_sources + 1:
        raise ValueError(f"releases.indptr: {len(indptr)} entries for {n_sources} sources")
    member_indptr = checked_offsets("releases.member_indptr", plan.member_indptr, members)
    if len(member_indptr) != n + 1:
        raise ValueError("releases.member_indptr: one entry more than groups is needed")
    group = checked_index("releases.group", plan.group, 0, max(n, 1), np.int64)
    if len(group) != members or len(np.unique(group)) != n:
        raise ValueError("releases.group: every group needs a synapse, every synapse a group")
    floats = {
        name: checked_floats(f"releases.{name}", getattr(plan, name), (size,))
        for name, size in (
            ("use", n), ("rate_rec", n), ("rate_facil", n), ("rate_psc", n),
            ("amplitude", members),
        )
    }  # fmt: skip
    member = checked_index("releases.member", plan.member, 0, n_synapses, np.int64)
    return Releases(
        indptr=indptr, member_indptr=member_indptr, member=member, group=group, **floats
    )


def checked_release_state(
    plan: Releases, state: Mapping[str, Any], step: int
) -> tuple[np.ndarray, np.ndarray]:
    """u, x, y (3, n_groups) and step of the last event (n_groups,) of an exported state.

    Raises
    ------
    ValueError
        If the state has another shape, or an event lies in the future.
    """
    n = len(plan.group)
    release = checked_floats("state.release", state["release"], (RELEASE_STATE, n))
    age = converted("state.release_age", state["release_age"], np.int64)
    if age.shape != (n,) or (age < 0).any():
        raise ValueError(f"state.release_age: {n} steps of at least 0 are needed")
    chosen = plan.representative
    return np.ascontiguousarray(release[:, chosen]), step - age[chosen]
