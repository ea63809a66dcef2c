"""How connectors collect all their connections before they store them.

For the same `NumpyRNG` seed each connector makes the connections, in the order, and with the
parameter values that PyNN's own loop over postsynaptic cells makes. That is possible at the speed
of arrays because PyNN copies the random number generators of synapse parameters, so each
parameter has a stream of its own: drawing it for one postsynaptic cell after the other, or for all
at once, gives the same numbers, provided the distribution takes them one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN import errors
from pyNN.parameters import LazyArray
from pyNN.random import NativeRNG, NumpyRNG, RandomDistribution
from pyNN.standardmodels import StandardModelType

from .pynn_types import PynnMixin
from .standardmodels.base import OneToOne

if TYPE_CHECKING:
    from .projections import Projection
    from .pynn_types import Cells


__all__ = ["Collecting", "as_copy", "cell_numbers", "constants", "evaluate"]

#: Distributions of which `RandomState` takes n + m numbers as it takes n, then m. The clipped
#: normal distribution is not among them: it draws again what lies outside, call by call.
_SEQUENTIAL = frozenset(
    [
        "binomial", "exponential", "gamma", "lognormal", "normal", "normal_clipped_to_boundary",
        "poisson", "uniform", "uniform_int", "vonmises",
    ]
)  # fmt: skip

_NO_NATIVE_RNG = (
    "PyNN's abstract NativeRNG draws no numbers; use NumpyRNG or this backend's NativeRNG"
)


class Collecting(PynnMixin):
    """Makes a PyNN connector collect its connections and store them in one piece."""

    def require_points(self, projection: Projection) -> None:
        selector = getattr(self, "location_selector", None)
        if selector is not None:
            raise NotImplementedError(
                f"{projection.label}: location_selector={selector!r}: neurons have one "
                "compartment; leave it out"
            )
        if isinstance(getattr(self, "rng", None), NativeRNG):
            raise NotImplementedError(f"{projection.label}: {_NO_NATIVE_RNG}")

    def _standard_connect(
        self,
        projection: Projection,
        connection_map_generator: Callable[..., Any],
        distance_map: Any = None,
    ) -> None:
        """Connect as PyNN's method of this name; see there for the arguments."""
        self.require_points(projection)
        parameters = self._parameters_from_synapse_type(projection, distance_map)
        sources = []
        for mask in connection_map_generator():
            sources.append(_indices(mask, projection.pre.size))
        counts = np.array([len(s) for s in sources], dtype=np.int64)
        pre = np.concatenate(sources) if sources else np.empty(0, np.int64)
        self.store(projection, pre, counts, parameters)

    def _parameters_from_synapse_type(
        self, projection: Projection, distance_map: Any = None
    ) -> Mapping[str, LazyArray | float]:
        numbers = constants(projection.synapse_type)
        if numbers is not None:
            return numbers
        if projection.synapse_type.parameter_space.has_native_rngs:
            raise NotImplementedError(f"{projection.label}: {_NO_NATIVE_RNG}")
        try:
            return super()._parameters_from_synapse_type(projection, distance_map)
        except ValueError as error:
            raise errors.InvalidDimensionsError(
                f"{projection.label}: a synapse parameter must be one value, a function, or an "
                f"array of shape {projection.shape}: {error}"
            ) from error

    def store(
        self,
        projection: Projection,
        pre: np.ndarray,
        counts: np.ndarray,
        parameters: Mapping[str, LazyArray | float],
    ) -> None:
        """Store connections that are sorted by postsynaptic cell.

        Parameters
        ----------
        projection : Projection
        pre : int (n,)
            Presynaptic cells.
        counts : int64 (post.size,)
            Connections of each postsynaptic cell.
        parameters : mapping of str to LazyArray or float
        """
        if not len(pre):
            return
        post = np.repeat(np.arange(len(counts)), counts)
        projection.columns.append(pre, post, evaluate(parameters, pre, post, counts))
        if self.callback:
            for count in np.flatnonzero(counts):
                self.callback(count / projection.post.local_size)

    def without_self(self, projection: Projection, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        """Which of the pairs of cells the connector's `allow_self_connections` admits."""
        if self.allow_self_connections == "NoMutual":
            if projection.pre is not projection.post:
                raise NotImplementedError(
                    f"{projection.label}: allow_self_connections='NoMutual' needs the same "
                    "Population as pre and post"
                )
            return pre > post
        if self.allow_self_connections:
            return np.ones(len(pre), dtype=bool)
        return cell_numbers(projection.pre)[pre] != cell_numbers(projection.post)[post]

    def _get_connection_map_no_self_connections(self, projection: Projection) -> LazyArray:
        a, b = cell_numbers(projection.pre), cell_numbers(projection.post)
        return LazyArray(a[:, np.newaxis] != b, shape=projection.shape)

    def _get_connection_map_no_mutual_connections(self, projection: Projection) -> LazyArray:
        if projection.pre is not projection.post:
            raise NotImplementedError(
                f"{projection.label}: allow_self_connections='NoMutual' needs the same "
                "Population as pre and post"
            )
        index = np.arange(projection.pre.size)
        return LazyArray(index[:, np.newaxis] > index, shape=projection.shape)


@contextmanager
def as_copy(rng: Any) -> Iterator[Any]:
    """Lend a random number generator as if it were a copy: it ends in the state it has now.

    PyNN's connectors draw from copies. To put the state back takes a tenth of the time.
    """
    if type(rng) is not NumpyRNG:
        yield deepcopy(rng)
        return
    state = rng.rng.get_state(legacy=False)
    try:
        yield rng
    finally:
        rng.rng.set_state(state)


def constants(synapse_type: Any) -> dict[str, float] | None:
    """Parameters of synapses if each is a single number, which nothing translates; else None."""
    native = getattr(type(synapse_type), "native_parameters", None)
    if not isinstance(synapse_type, OneToOne) or native is not StandardModelType.native_parameters:
        return None
    numbers = {}
    for name, value in synapse_type.parameter_space.items():
        if value.operations or not isinstance(value.base_value, (int, float)):
            return None
        numbers[name] = value.base_value
    return numbers


def cell_numbers(cells: Cells) -> np.ndarray:
    """Numbers of all cells of a population, view or assembly: int64 (size,)."""
    return np.asarray(cells.all_cells).astype(np.int64)


def _indices(mask: Any, size: int) -> np.ndarray:
    """Presynaptic cells that a mask chooses: bool for all or none, bool (size,), or indices."""
    mask = np.asarray(mask)
    if mask.dtype == bool:
        return np.flatnonzero(np.broadcast_to(mask, size))
    return np.atleast_1d(mask).astype(np.int64)


def evaluate(
    parameters: Mapping[str, LazyArray | float],
    pre: np.ndarray,
    post: np.ndarray,
    counts: np.ndarray,
) -> dict[str, Any]:
    """Values of all synapse parameters: dict of str to float or float64 (n,)."""
    values, loop = {}, {}
    for name, value in parameters.items():
        if not isinstance(value, LazyArray):
            values[name] = value
        elif value.is_homogeneous:
            values[name] = value.evaluate(simplify=True)
        elif _is_matrix(value):
            values[name] = value.base_value[pre, post]
        elif _is_sequential(value):
            values[name] = value._apply_operations(value.base_value.next(len(pre)))
        else:
            loop[name] = value
    if loop:
        values.update(_evaluate_by_cell(loop, pre, counts))
    return values


def _is_matrix(value: Any) -> bool:
    return isinstance(value.base_value, np.ndarray) and not value.operations


def _is_sequential(value: Any) -> bool:
    """The values may be drawn at once instead of cell by cell."""
    random = value.base_value
    return (
        isinstance(random, RandomDistribution)
        and type(random.rng) is NumpyRNG
        and random.name in _SEQUENTIAL
        and not value.operations
    )


def _evaluate_by_cell(
    parameters: Mapping[str, LazyArray], pre: np.ndarray, counts: np.ndarray
) -> dict[str, np.ndarray]:
    """Evaluate lazy arrays column by column, as PyNN does."""
    result = {name: np.empty(len(pre)) for name in parameters}
    ends = np.cumsum(counts)
    for cell in np.flatnonzero(counts):
        part = slice(ends[cell] - counts[cell], ends[cell])
        for name, value in parameters.items():
            result[name][part] = value[pre[part], int(cell)]
    return result
