"""PyNN's connectors, making the connections that PyNN makes, without its loops over cells.

See `collecting` for how; PyNN 0.13 is the reference for which random numbers are drawn when.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from pyNN import connectors as pynn
from pyNN import errors
from pyNN.connectors import Connector
from pyNN.random import RandomDistribution
from pyNN.recording import files

from .collecting import Collecting, as_copy, evaluate

if TYPE_CHECKING:
    from .projections import Projection


__all__ = [
    "AllToAllConnector",
    "ArrayConnector",
    "CSAConnector",
    "CloneConnector",
    "Connector",
    "DisplacementDependentProbabilityConnector",
    "DistanceDependentProbabilityConnector",
    "FixedNumberPostConnector",
    "FixedNumberPreConnector",
    "FixedProbabilityConnector",
    "FixedTotalNumberConnector",
    "FromFileConnector",
    "FromListConnector",
    "IndexBasedProbabilityConnector",
    "OneToOneConnector",
    "SmallWorldConnector",
]

logger = logging.getLogger(__name__)

#: Most pairs of cells for which random numbers are held at once.
_BLOCK = 1 << 20


class AllToAllConnector(Collecting, pynn.AllToAllConnector):
    """Connect all cells to all."""

    __doc__ = pynn.AllToAllConnector.__doc__

    def connect(self, projection: Projection) -> None:
        """Make the connections of `projection`."""
        self.require_points(projection)
        n_pre, n_post = projection.shape
        pre, counts = np.tile(np.arange(n_pre), n_post), np.full(n_post, n_pre)
        if self.allow_self_connections is not True:
            post = np.repeat(np.arange(n_post), n_pre)
            wanted = self.without_self(projection, pre, post)
            pre, counts = pre[wanted], np.bincount(post[wanted], minlength=n_post)
        self.store(projection, pre, counts, self._parameters_from_synapse_type(projection))


class OneToOneConnector(Collecting, pynn.OneToOneConnector):
    __doc__ = pynn.OneToOneConnector.__doc__

    def connect(self, projection: Projection) -> None:
        """Make the connections of `projection`."""
        self.require_points(projection)
        n_pre, n_post = projection.shape
        n = min(n_pre, n_post)
        counts = (np.arange(n_post) < n).astype(np.int64)
        self.store(projection, np.arange(n), counts, self._parameters_from_synapse_type(projection))


class FixedProbabilityConnector(Collecting, pynn.FixedProbabilityConnector):
    __doc__ = pynn.FixedProbabilityConnector.__doc__

    def connect(self, projection: Projection) -> None:
        """Make the connections of `projection`."""
        self.require_points(projection)
        n_pre, n_post = projection.shape
        columns = max(1, _BLOCK // n_pre)
        pairs = []
        # one connector makes the same connections each time
        with as_copy(self.rng) as rng:
            for first in range(0, n_post, columns):
                n = n_pre * (min(n_post, first + columns) - first)
                random = rng.next(n, "uniform", {"low": 0, "high": 1})
                pairs.append(np.flatnonzero(random < self.p_connect) + first * n_pre)
        post, pre = np.divmod(np.concatenate(pairs), n_pre)
        if self.allow_self_connections is not True:
            wanted = self.without_self(projection, pre, post)
            pre, post = pre[wanted], post[wanted]
        counts = np.bincount(post, minlength=n_post)
        self.store(projection, pre, counts, self._parameters_from_synapse_type(projection))


class DistanceDependentProbabilityConnector(Collecting, pynn.DistanceDependentProbabilityConnector):
    __doc__ = pynn.DistanceDependentProbabilityConnector.__doc__

    def __init__(
        self,
        d_expression: str | Callable[..., Any],
        allow_self_connections: bool | str = True,
        location_selector: None = None,
        rng: Any = None,
        safe: bool = True,
        callback: Callable[..., Any] | None = None,
    ) -> None:
        # PyNN's constructor accepts a function and then evaluates its name as an expression
        function = d_expression if callable(d_expression) else None
        super().__init__(
            "d" if function else d_expression, allow_self_connections, location_selector, rng,
            safe, callback,
        )  # fmt: skip
        if function:
            self.d_expression = self.distance_function = function


class IndexBasedProbabilityConnector(Collecting, pynn.IndexBasedProbabilityConnector):
    __doc__ = pynn.IndexBasedProbabilityConnector.__doc__


class DisplacementDependentProbabilityConnector(
    Collecting, pynn.DisplacementDependentProbabilityConnector
):
    __doc__ = pynn.DisplacementDependentProbabilityConnector.__doc__


class ArrayConnector(Collecting, pynn.ArrayConnector):
    __doc__ = pynn.ArrayConnector.__doc__

    def connect(self, projection: Projection) -> None:
        """Make the connections of `projection`."""
        self.require_points(projection)
        array = np.asarray(self.array)
        if array.shape != projection.shape or not np.isin(array, (0, 1)).all():
            raise errors.InvalidDimensionsError(
                f"{projection.label}: ArrayConnector needs a boolean array of shape "
                f"{projection.shape}, got shape {array.shape} of {array.dtype}"
            )
        post, pre = np.nonzero(array.T)
        self.store(
            projection, pre, np.bincount(post, minlength=projection.post.size),
            self._parameters_from_synapse_type(projection),
        )  # fmt: skip


class CloneConnector(Collecting, pynn.CloneConnector):
    __doc__ = pynn.CloneConnector.__doc__

    def connect(self, projection: Projection) -> None:
        """Make the connections of `projection`."""
        reference = self.reference_projection
        if projection.pre != reference.pre or projection.post != reference.post:
            raise errors.ConnectionError(
                f"{projection.label}: a CloneConnector needs the pre- and postsynaptic cells of "
                f"its reference {reference.label!r}"
            )
        # several synapses between two cells become one, as in PyNN
        pairs = np.unique(
            reference.columns.post.astype(np.int64) * reference.pre.size + reference.columns.pre
        )
        post, pre = np.divmod(pairs, reference.pre.size)
        self.store(
            projection, pre, np.bincount(post, minlength=projection.post.size),
            self._parameters_from_synapse_type(projection),
        )  # fmt: skip


class SmallWorldConnector(pynn.SmallWorldConnector):
    """Not available: PyNN 0.13 does not define what it should do."""

    def connect(self, projection: Projection) -> NoReturn:
        """Raise NotImplementedError."""
        raise NotImplementedError(
            f"{projection.label}: PyNN has no algorithm for SmallWorldConnector, so no backend "
            "has; make the list of connections yourself and use FromListConnector"
        )


class CSAConnector(Collecting, pynn.CSAConnector):
    __doc__ = pynn.CSAConnector.__doc__

    def connect(self, projection: Projection) -> None:
        """Make the connections of `projection`."""
        self.require_points(projection)
        csa = pynn.csa
        n_pre, n_post = projection.shape
        finite = csa.cross((0, n_pre - 1), (0, n_post - 1)) * self.cset
        table = np.array([tuple(c) for c in finite], dtype=np.float64)
        if not len(table):
            return
        table = table[np.lexsort((table[:, 0], table[:, 1]))]
        pre, post = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
        counts = np.bincount(post, minlength=n_post)
        values = evaluate(self._parameters_from_synapse_type(projection), pre, post, counts)
        if csa.arity(self.cset) == 2:
            values |= {"weight": table[:, 2], "delay": table[:, 3]}
        projection.columns.append(pre, post, values)


class FromListConnector(Collecting, pynn.FromListConnector):
    """Make connections according to a list.

    A synapse parameter that is a function, and no column of the list, is a function of the
    distance, as with the other connectors (PyNN's own class passes it a position in the list).

    Parameters
    ----------
    conn_list : sequence of tuple, or array
        Presynaptic and postsynaptic position and the parameters of each connection.
    column_names : sequence of str, optional
        The parameters' names; by default weight and delay.
    location_selector : None
    safe : bool
    callback : callable, optional
    """

    conn_list: np.ndarray

    def connect(self, projection: Projection) -> None:
        """Make the connections of `projection`."""
        self.require_points(projection)
        known = projection.synapse_type.get_parameter_names()
        for name in self.column_names:
            if name not in known:
                raise ValueError(
                    f"{projection.label}: {name!r} is not a parameter of "
                    f"{type(projection.synapse_type).__name__}; it has: {', '.join(known)}"
                )
        if self.conn_list.size == 0:
            return
        _check_addresses(self.conn_list, projection)
        # the order that PyNN's sort gives to the connections onto one cell
        table: np.ndarray = self.conn_list[np.argsort(self.conn_list[:, 1])]
        self.conn_list = table
        pre, post = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
        counts = np.bincount(post, minlength=projection.post.size)
        values = self._values(projection, pre, post, counts)
        for column, name in enumerate(self.column_names, 2):
            values[name] = table[:, column].astype(np.float64)
        projection.columns.append(pre, post, values)
        if self.callback:
            self.callback(1.0)

    def _values(
        self, projection: Projection, pre: np.ndarray, post: np.ndarray, counts: np.ndarray
    ) -> dict[str, Any]:
        """Parameters that the list does not give: dict of str to float or float64 (n,)."""
        space = projection.synapse_type.parameter_space
        names = [name for name in list(space.keys()) if name not in self.column_names]
        random = [n for n in names if isinstance(space[n].base_value, RandomDistribution)]
        others = {name: space[name] for name in names if name not in random}
        values = {}
        if others:
            lazy = self._parameters_from_synapse_type(projection)
            values = evaluate({name: lazy[name] for name in others}, pre, post, counts)
        for name in random:
            # PyNN evaluates a copy for each postsynaptic cell, so the numbers begin anew there
            copies = [deepcopy(space[name]) for _ in range(np.count_nonzero(counts))]
            parts = []
            for copy, count in zip(copies, counts[counts > 0], strict=True):
                copy.shape = (int(count),)
                parts.append(np.broadcast_to(copy.evaluate(), count))
            values[name] = np.concatenate(parts)
        return values


def _check_addresses(table: np.ndarray, projection: Projection) -> None:
    """Raise ConnectionError where a connection list names cells that do not exist."""
    for column, size, side in ((0, projection.pre.size, "pre"), (1, projection.post.size, "post")):
        index = table[:, column]
        bad = ~((index >= 0) & (index < size) & (index == np.floor(index)))
        if bad.any():
            raise errors.ConnectionError(
                f"{projection.label}: {side}synaptic index out of range: {index[bad][0]:g} in the "
                f"connection list; the {side}synaptic cells are numbered 0 to {size - 1}"
            )


class FromFileConnector(FromListConnector, pynn.FromFileConnector):
    __doc__ = pynn.FromFileConnector.__doc__

    __init__ = pynn.FromFileConnector.__init__
    file: Any

    def connect(self, projection: Projection) -> None:
        """Make the connections of `projection`."""
        if isinstance(self.file, str):
            self.file = files.StandardTextFile(self.file, mode="r")
        if self.distributed:
            self.file.rename(f"{self.file.name}.{projection._simulator.state.mpi_rank}")
        columns = self.file.get_metadata().get("columns", ("weight", "delay"))
        self.column_names = [name for name in columns if name not in ("i", "j")]
        # a file of one connection is read as one row without a second dimension
        table = np.asarray(self.file.read())
        self.conn_list = table.reshape(-1, 2 + len(self.column_names))
        super().connect(projection)


class _FixedNumber(Collecting):
    """Draws a fixed number of partners for each cell, with the random numbers PyNN would use."""

    def __init__(self, n: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(int(n) if isinstance(n, np.integer) else n, *args, **kwargs)

    def _excludes_self(self, projection: Projection) -> bool:
        if self.allow_self_connections == "NoMutual":
            raise NotImplementedError(
                f"{projection.label}: {type(self).__name__} cannot rule out mutual connections; "
                "use True or False for allow_self_connections"
            )
        return not self.allow_self_connections and projection.pre == projection.post

    def _draw(self, projection: Projection, n: int, size: int, exclude: int | None) -> np.ndarray:
        """Draw `n` of the cells 0 to `size` - 1 without the cell `exclude`: int64 (n,)."""
        cells = np.arange(size)
        if exclude is not None:
            cells = cells[cells != exclude]
        if n == 0:
            return np.empty(0, dtype=np.int64)
        if not len(cells):
            raise errors.ConnectionError(
                f"{projection.label}: cell {exclude} needs {n} partners other than itself, there "
                "are none; use a larger population or allow_self_connections=True"
            )
        if self.with_replacement:
            return self._draw_with_replacement(n, size, exclude)
        sets, rest = divmod(n, len(cells))
        chosen = [cells] * sets
        if rest:
            chosen.append(self.rng.permutation(cells)[:rest])
        return np.concatenate(chosen)

    def _draw_with_replacement(self, n: int, size: int, exclude: int | None) -> np.ndarray:
        bounds = {"low": 0, "high": size}
        drawn = self.rng.next(n, "uniform_int", bounds)
        again = np.flatnonzero(drawn == exclude)
        while again.size:
            drawn[again] = self.rng.next(again.size, "uniform_int", bounds)
            again = np.flatnonzero(drawn == exclude)
        return drawn


class FixedNumberPreConnector(_FixedNumber, pynn.FixedNumberPreConnector):
    __doc__ = pynn.FixedNumberPreConnector.__doc__

    def connect(self, projection: Projection) -> None:
        """Make the connections of `projection`."""
        self.require_points(projection)
        n_pre, n_post = projection.shape
        # copies the generators of the parameters before any number is drawn, as PyNN does
        parameters = self._parameters_from_synapse_type(projection)
        exclude = self._excludes_self(projection)
        numbers = [self.n] * n_post if isinstance(self.n, int) else self.n.next(n_post)
        sources = [
            self._draw(projection, int(n), n_pre, cell if exclude else None)
            for cell, n in enumerate(numbers)
        ]
        counts = np.array([len(s) for s in sources])
        self.store(projection, np.concatenate(sources), counts, parameters)


class FixedNumberPostConnector(_FixedNumber, pynn.FixedNumberPostConnector):
    __doc__ = pynn.FixedNumberPostConnector.__doc__

    def connect(self, projection: Projection) -> None:
        """Make the connections of `projection`."""
        self.require_points(projection)
        n_pre, n_post = projection.shape
        exclude = self._excludes_self(projection)
        targets = [
            self._draw(projection, int(self._get_num_post()), n_post, cell if exclude else None)
            for cell in range(n_pre)
        ]
        pre = np.repeat(np.arange(n_pre), [len(t) for t in targets])
        post = np.concatenate(targets)
        order = np.argsort(post, kind="stable")
        counts = np.bincount(post, minlength=n_post)
        self.store(projection, pre[order], counts, self._parameters_from_synapse_type(projection))


class FixedTotalNumberConnector(_FixedNumber, pynn.FixedTotalNumberConnector):
    __doc__ = pynn.FixedTotalNumberConnector.__doc__

    def connect(self, projection: Projection) -> None:
        """Make the connections of `projection`."""
        if self._excludes_self(projection):
            logger.warning(
                "%s: FixedTotalNumberConnector ignores allow_self_connections=False, in PyNN "
                "and here; use another connector to rule them out",
                projection.label,
            )
        super().connect(projection)
