"""What the user wants of the placement: neurons pinned to places, and kept together."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence

import numpy as np

from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.hicannx import HICANN_X, Target
from pynn_bss2sim._core.records import frozen_array

from .errors import PlacementError

__all__ = ["ANYWHERE", "MOST_CHIPS", "Constraints", "Group", "Where"]

#: Chips that can be named; each one up to the last that is used is configured.
MOST_CHIPS = 1024
#: A neuron that is not pinned to a chip, hemisphere or circuit.
ANYWHERE = -1


class Where(enum.StrEnum):
    """How close the neurons of a group lie; each includes those before it."""

    CHIP = "chip"
    HEMISPHERE = "hemisphere"
    NEIGHBOURS = "neighbours"  #: next to each other, in the order of the group


@frozen
class Group:
    """Neurons that are kept together.

    Attributes
    ----------
    label : str
    neuron : int64 (n,)
        Each once.
    where : Where
    """

    label: str
    neuron: np.ndarray
    where: Where

    def __post_init__(self) -> None:
        object.__setattr__(self, "neuron", frozen_array(self.neuron, np.int64, (-1,), self.label))
        object.__setattr__(self, "where", Where(self.where))


@frozen
class Constraints:
    """Where neurons may lie.

    Attributes
    ----------
    labels : tuple of str
        Of the populations.
    first_neuron : int64 (n_populations + 1,)
        See `Network.first_neuron`.
    chip, hemisphere, circuit : int64 (n_neurons,)
        Where each neuron is pinned to; `ANYWHERE` = it is not. The circuit, counted on its chip,
        is the first one of a neuron that has several.
    groups : tuple of Group
    target : Target

    Raises
    ------
    PlacementError
        A coordinate does not exist, or a circuit is given without its chip.
    """

    labels: tuple[str, ...]
    first_neuron: np.ndarray
    chip: np.ndarray
    hemisphere: np.ndarray
    circuit: np.ndarray
    groups: tuple[Group, ...] = ()
    target: Target = HICANN_X

    def __post_init__(self) -> None:
        n = (int(self.first_neuron[-1]),)
        for name in ("chip", "hemisphere", "circuit"):
            values = frozen_array(getattr(self, name), np.int64, n, f"Constraints.{name}")
            object.__setattr__(self, name, values)
        self._check()

    def _check(self) -> None:
        limits = {
            "chip": MOST_CHIPS,
            "hemisphere": self.target.hemispheres,
            "circuit": self.target.circuits,
        }
        for name, limit in limits.items():
            self._check_range(name, limit)
        pinned = self.circuit != ANYWHERE
        self._refuse(
            pinned & (self.chip == ANYWHERE),
            lambda k: f"pinned to circuit {self.circuit[k]} of no particular chip; say which chip",
        )
        row = self.circuit // self.target.columns
        self._refuse(
            pinned & (self.hemisphere != ANYWHERE) & (self.hemisphere != row),
            lambda k: f"circuit {self.circuit[k]} does not lie in hemisphere {self.hemisphere[k]}",
        )

    def _check_range(self, name: str, limit: int) -> None:
        values = getattr(self, name)
        self._refuse(
            (values < ANYWHERE) | (values >= limit),
            lambda k: f"{name} {values[k]}: give 0 to {limit - 1}",
        )

    def _refuse(self, bad: np.ndarray, why: Callable[[int], str]) -> None:
        if bad.any():
            k = int(np.flatnonzero(bad)[0])
            raise PlacementError(f"{self.name(k)}: {why(k)}")

    @classmethod
    def of_labels(
        cls,
        labels: Sequence[str],
        sizes: Sequence[int],
        groups: Sequence[Group] = (),
        target: Target = HICANN_X,
        **pins: np.ndarray,
    ) -> Constraints:
        """Constraints of populations; coordinates not among `pins` are `ANYWHERE`."""
        first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        anywhere = np.full(first[-1], ANYWHERE)
        return cls(
            tuple(labels),
            first,
            pins.get("chip", anywhere),
            pins.get("hemisphere", anywhere),
            pins.get("circuit", anywhere),
            tuple(groups),
            target,
        )

    @property
    def bound(self) -> np.ndarray:
        """Neurons that may not lie anywhere: bool (n_neurons,)."""
        bound = (self.chip != ANYWHERE) | (self.hemisphere != ANYWHERE)
        bound |= self.circuit != ANYWHERE
        for group in self.groups:
            bound[group.neuron] = True
        return bound

    def name(self, neuron: int) -> str:
        """Label of the population of a neuron, and its index there."""
        k = int(np.searchsorted(self.first_neuron, neuron, side="right")) - 1
        return f"{self.labels[k]}[{neuron - self.first_neuron[k]}]"

    def same_as(self, other: Constraints | None) -> bool:
        """Whether `other` says the same of as many neurons."""
        return (
            other is not None
            and all(
                np.array_equal(getattr(self, name), getattr(other, name))
                for name in ("chip", "hemisphere", "circuit")
            )
            and len(self.groups) == len(other.groups)
            and all(
                a.where == b.where and np.array_equal(a.neuron, b.neuron)
                for a, b in zip(self.groups, other.groups, strict=True)
            )
        )
