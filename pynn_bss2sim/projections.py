"""Projections."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN import common, errors
from pyNN.common.populations import BasePopulation
from pyNN.core import IndexBasedExpression
from pyNN.parameters import LazyArray, ParameterSpace
from pyNN.random import RandomDistribution
from pyNN.recording import files
from pyNN.space import Space

from . import simulator
from .collecting import constants
from .columns import Columns
from .connection import Connection
from .mapping import ShortTerm
from .observables import ObservablePerSynapse, Sample
from .plasticity_rules import PlasticityRule, recorded
from .present_weights import present_weights, set_present_weights
from .standardmodels import StaticSynapse, STDPMechanism, TsodyksMarkramSynapse
from .stdp_program import StdpProgram

if TYPE_CHECKING:
    from .pynn_types import Cells


__all__ = ["Connection", "Projection"]

#: How several synapses between the same two cells become one number.
_MERGE: dict[str, Any] = {
    "sum": np.add.at,
    "min": np.minimum.at,
    "max": np.maximum.at,
    "last": operator.setitem,
    "first": None,
}


class Projection(common.Projection):
    """Connections between two groups of cells.

    Parameters
    ----------
    presynaptic_population, postsynaptic_population : Population, PopulationView or Assembly
    connector : Connector
    synapse_type : StaticSynapse, TsodyksMarkramSynapse or STDPMechanism, optional
    source : None
        Neurons have one compartment.
    receptor_type : str, optional
    space : Space, optional
    label : str, optional

    Raises
    ------
    pyNN.errors.ConnectionError
        A weight or delay cannot be, or the postsynaptic cells have no such receptor.

    Attributes
    ----------
    columns : Columns
        The synapses as the user asked for them.
    initial : dict of str to float64 (n,)
        State of the synapses at time 0, see `initialize`.
    """

    _simulator = simulator
    _static_synapse_class = StaticSynapse

    def __init__(
        self,
        presynaptic_population: Cells,
        postsynaptic_population: Cells,
        connector: Any,
        synapse_type: Any = None,
        source: None = None,
        receptor_type: str | None = None,
        space: Any = None,
        label: str | None = None,
    ) -> None:
        simulator.state.require_setup("Projection()")
        self._refuse_source_target(postsynaptic_population, label)
        if source is not None:
            raise errors.ConnectionError(
                f"{label}: source={source!r}: neurons have one compartment; leave it out"
            )
        self._check_arguments(
            presynaptic_population, postsynaptic_population, synapse_type, receptor_type, label
        )
        self._network = simulator.state.populations
        super().__init__(
            presynaptic_population, postsynaptic_population, connector, synapse_type, source,
            receptor_type, Space() if space is None else space, label,
        )  # fmt: skip
        self._program = None
        self.columns = Columns(self.synapse_type.get_parameter_names())
        connector.connect(self)
        self.columns.sort()
        self.initial = {
            name: np.full(len(self), value)
            for name, value in self.synapse_type.default_initial_values.items()
        }
        self._check({name: self.columns[name] for name in self.columns.names})
        if self.learns and simulator.state.chip.weights != "exact":
            self._program = StdpProgram(self)
        simulator.state.projections.append(self)
        simulator.state.changed()

    @staticmethod
    def _refuse_source_target(post: Cells, label: str | None) -> None:
        populations = post.populations if isinstance(post, common.Assembly) else [post]
        for population in populations:
            if not getattr(population, "receptor_types", True):
                raise errors.ConnectionError(
                    f"{label or 'Projection'}: {population.label!r} consists of spike sources, "
                    "which receive nothing; use neurons as the postsynaptic cells"
                )

    @staticmethod
    def _check_arguments(
        pre: Any, post: Any, synapse_type: Any, receptor_type: Any, label: str | None
    ) -> None:
        """Refuse what PyNN's constructor takes or refuses without saying where."""
        if not all(isinstance(p, (BasePopulation, common.Assembly)) for p in (pre, post)):
            return  # PyNN's own message is clear
        for cells in (pre, post):
            for member in cells.populations if isinstance(cells, common.Assembly) else [cells]:
                member.root.require_current("Projection()")
        where = label or f"{pre.label}→{post.label}"
        receptors = list(post.receptor_types)
        if receptor_type not in (None, "default", *receptors):
            raise errors.ConnectionError(
                f"{where}: {post.label!r} has no receptor {receptor_type!r}; it has: "
                f"{', '.join(receptors)}"
            )
        shape = (pre.size, post.size)
        for name, value in getattr(synapse_type, "parameter_space", {}).items():
            given = np.shape(value.base_value) if isinstance(value.base_value, np.ndarray) else ()
            if given not in ((), shape):
                raise errors.InvalidDimensionsError(
                    f"{where}: {name} has shape {given}; give one number, a function, or an array "
                    f"of shape {shape}, or call set() on the projection with one value for each "
                    "connection"
                )

    # --- construction ---------------------------------------------------------------------

    def _guess_receptor_type(self) -> None:
        """Choose the first receptor, or for a weight below 0 the second (called by PyNN)."""
        numbers = constants(self.synapse_type)
        if numbers is None:
            super()._guess_receptor_type()
            return
        receptors = list(self.post.receptor_types)
        excites = len(receptors) == 1 or numbers["weight"] >= 0
        self.receptor_type = receptors[0 if excites else 1]

    def _convergent_connect(
        self,
        presynaptic_indices: np.ndarray,
        postsynaptic_index: int,
        location_selector: None = None,
        **connection_parameters: Any,
    ) -> None:
        """Append synapses from several cells onto one (called by PyNN's connectors)."""
        if location_selector is not None:
            raise NotImplementedError(
                f"{self.label}: location_selector={location_selector!r}: neurons have one "
                "compartment; leave it out"
            )
        pre = np.asarray(presynaptic_indices, dtype=np.int32)
        self.columns.append(pre, postsynaptic_index, connection_parameters)

    def _check(self, columns: dict[str, Any]) -> None:
        """Raise ConnectionError unless the attributes `columns` can be given to the synapses."""
        for name, values in columns.items():
            bad = ~np.isfinite(values)
            if bad.any():
                self._refuse(bad, values, name, "give a finite number")
        for name, check in self.synapse_type.parameter_checks.items():
            if name in columns and len(columns[name]):
                check(columns[name], self)
        if "delay" in columns:
            self._check_delays(columns["delay"])
        if self.learns and len(self):
            names = self.columns.names
            together = {name: columns.get(name, self.columns[name]) for name in names}
            self.synapse_type.check_columns(together, self)

    def _check_delays(self, delays: np.ndarray) -> None:
        state = simulator.state
        shortest, longest = state.min_delay, state.max_delay
        margin = 1e-9 * state.dt
        bad = delays < shortest - margin
        if bad.any():
            self._refuse(
                bad, delays, "delay",
                f"the shortest delay is {shortest:g} ms (min_delay of setup(), at least the "
                "time step)",
            )  # fmt: skip
        bad = delays > longest + margin
        if bad.any():
            self._refuse(
                bad, delays, "delay",
                f"the longest delay is {longest:g} ms; give setup() a larger max_delay",
            )  # fmt: skip

    def _refuse(self, bad: np.ndarray, values: np.ndarray, name: str, way_out: str) -> None:
        k = int(np.flatnonzero(bad)[0])
        raise errors.ConnectionError(
            f"{self.label}: {name} = {values[k]} of the connection {self.columns.pre[k]} → "
            f"{self.columns.post[k]} ({np.count_nonzero(bad)} of {len(bad)} connections): "
            f"{way_out}"
        )

    def replace(self, columns: dict[str, Any], some: slice | int = slice(None)) -> None:
        """Give all synapses, or those at the positions `some`, new attributes.

        Parameters
        ----------
        columns : dict of str to float or float64 (n,)
        some : slice or int, optional
        """
        simulator.state.require_current(self._network, self.label, "set")
        changed = {name: self.columns[name].copy() for name in columns}
        for name, values in columns.items():
            changed[name][some] = values
        self._check(changed)
        for name, values in changed.items():
            self.columns[name] = values
        if self.learns and self._program is None and "weight" in changed:
            set_present_weights(self, some, changed["weight"][some])
        simulator.state.changed()

    def initialize(self, **initial_values: Any) -> None:
        """Set the state that the synapses have at time 0, now if time is 0, else after reset().

        Parameters
        ----------
        **initial_values
            As for `set`. A `TsodyksMarkramSynapse` has ``u``.

        Raises
        ------
        pyNN.errors.NonExistentParameterError
            The synapses have no such variable.
        """
        for name in initial_values:
            if name not in self.initial:
                raise errors.NonExistentParameterError(
                    name, f"{type(self.synapse_type).__name__} of {self.label}", list(self.initial)
                )
        values = {name: self._spread(name, value) for name, value in initial_values.items()}
        self._check(values)
        self.initial |= values
        self.initial_values |= initial_values
        simulator.state.changed()

    @property
    def learns(self) -> bool:
        """Whether spikes change the weights."""
        return isinstance(self.synapse_type, STDPMechanism)

    @property
    def plasticity_rule(self) -> PlasticityRule | None:
        """The rule that changes the weights, None if there is none."""
        return self._program or getattr(self.synapse_type, "plasticity_rule", None)

    def get_data(self, observable: str) -> list[list[Sample]]:
        """What the plasticity rule of the synapses has recorded of them.

        Parameters
        ----------
        observable : str
            Name of an `ObservablePerSynapse` of the rule.

        Returns
        -------
        list
            See `PlasticityRule.get_observable_array`; the rows of the data are the connections, in
            the order of ``get(..., "list")``.
        """
        return recorded(self, observable, ObservablePerSynapse)

    def dynamics(self) -> dict[str, Any]:
        """Plasticity as the mapping takes it, by the name that the mapping has for its kind."""
        columns = self.columns
        if self.plasticity_rule is not None:
            return {"reach": self.synapse_type.reach(columns["weight"], self)}
        if self.learns:
            return {"pairs": self.synapse_type.spike_pairs(columns)}
        if isinstance(self.synapse_type, TsodyksMarkramSynapse):
            use, tau_rec, tau_facil = (columns[name] for name in ("U", "tau_rec", "tau_facil"))
            return {"short_term": ShortTerm(use, tau_rec, tau_facil, self.initial["u"])}
        return {}

    # --- single connections ---------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, i: int | slice) -> Connection | list[Connection]:
        """Return a `Connection`, or with a slice a list of them."""
        if isinstance(i, slice):
            return [Connection(self, k) for k in range(len(self))[i]]
        try:
            return Connection(self, range(len(self))[operator.index(i)])
        except IndexError:
            raise IndexError(
                f"{self.label}: there is no connection {i}, there are {len(self)}"
            ) from None

    @property
    def connections(self) -> Iterator[Connection]:
        """Iterator over the connections."""
        return iter(self)

    # --- reading --------------------------------------------------------------------------

    def realised(self, name: str) -> np.ndarray:
        """Return what the chip holds of an attribute: float64 (n,), read-only for weights and
        delays that a chip model changes.

        Weights that spikes change are the present ones. The network is mapped if it has changed
        and the chip model does not take the attribute over as it is.
        """
        state = simulator.state
        state.require_current(self._network, self.label, "get")
        asked = self.columns[name]
        if name == "weight" and self.plasticity_rule is not None:
            state.prepare()
            assert state.rule_runs is not None
            return state.rule_runs.weights(self)
        if name == "weight" and state.chip.weights != "exact":
            values = state.prepare().weights
        elif name == "weight" and self.learns:
            return present_weights(self)
        elif name == "delay" and not self._delays_are_exact():
            values = state.prepare().delays
        else:
            return asked
        return state.capture.collect(self, values)

    def _delays_are_exact(self) -> bool:
        state = simulator.state
        steps = self.columns["delay"] / state.dt
        return state.chip.delays == "asked" and bool((np.abs(steps - np.rint(steps)) < 1e-9).all())

    def get(
        self,
        attribute_names: str | Sequence[str],
        format: str,
        gather: bool | str = True,
        with_address: bool = True,
        multiple_synapses: str = "sum",
    ) -> Any:
        """Return attributes of all connections as the chip holds them.

        Parameters
        ----------
        attribute_names : str or sequence of str
            ``"weight"``, ``"delay"``, ...
        format : {"list", "array"}
        gather : bool or "all"
            Without effect: there is one process.
        with_address : bool
            With "list", begin each entry with the cells' positions.
        multiple_synapses : {"sum", "last", "first", "min", "max"}
            With "array", what to do with several synapses between two cells.

        Returns
        -------
        list of tuple, list of float, float64 (pre.size, post.size), or list of such arrays
            NaN stands where there is no connection.
        """
        return self._read(self.realised, attribute_names, format, with_address, multiple_synapses)

    def requested(
        self,
        attribute_names: str | Sequence[str],
        format: str,
        with_address: bool = True,
        multiple_synapses: str = "sum",
    ) -> Any:
        """Return attributes of all connections as they were asked for (see `get`)."""
        return self._read(
            self.columns.__getitem__, attribute_names, format, with_address, multiple_synapses
        )

    def _read(
        self,
        read: Callable[[str], np.ndarray],
        attribute_names: str | Sequence[str],
        format: str,
        with_address: bool,
        multiple_synapses: str,
    ) -> Any:
        single = isinstance(attribute_names, str)
        names = [attribute_names] if isinstance(attribute_names, str) else list(attribute_names)
        for name in names:
            self._require_attribute(name)
        columns = [read(name) for name in names]
        if format == "list":
            return self._as_list(columns, single, with_address)
        if format == "array":
            arrays = [self._as_array(values, multiple_synapses) for values in columns]
            return arrays[0] if single else arrays
        raise ValueError(f"{self.label}: format must be 'list' or 'array', not {format!r}")

    def _require_attribute(self, name: str) -> None:
        if name not in self.columns.names:
            raise errors.NonExistentParameterError(
                name, f"{type(self.synapse_type).__name__} of {self.label}", self.columns.names
            )

    def _as_list(self, columns: list[np.ndarray], single: bool, with_address: bool) -> list:
        values = [c.tolist() for c in columns]
        if with_address:
            values = [self.columns.pre.tolist(), self.columns.post.tolist(), *values]
        elif single:
            return values[0]
        return list(zip(*values, strict=True))

    def _as_array(self, values: np.ndarray, multiple_synapses: str) -> np.ndarray:
        if multiple_synapses not in _MERGE:
            raise ValueError(
                f"{self.label}: multiple_synapses must be one of {', '.join(_MERGE)}, not "
                f"{multiple_synapses!r}"
            )
        address = self.columns.pre, self.columns.post
        array = np.full(self.shape, np.nan)
        if multiple_synapses in ("first", "last"):
            # NumPy keeps the last of several values assigned to one place, if they are contiguous
            order = np.arange(len(values))[:: -1 if multiple_synapses == "first" else 1]
            array[address[0][order], address[1][order]] = values[order]
            return array
        neutral = {"sum": 0.0, "min": np.inf, "max": -np.inf}
        array[address] = neutral[multiple_synapses]
        _MERGE[multiple_synapses](array, address, values)
        return array

    # --- writing --------------------------------------------------------------------------

    def set(self, **attributes: Any) -> None:
        """Set attributes of all connections.

        Parameters
        ----------
        **attributes
            A number; a list or 1D array of one value for each connection, in the order of
            ``get(..., "list")``: by presynaptic, then by postsynaptic cell; a 2D array of shape
            (pre.size, post.size), as from ``get(..., "array")``; a `RandomDistribution`; or a
            function of the distance.

        Raises
        ------
        pyNN.errors.ConnectionError
            A value cannot be. All attributes are then as before.
        pyNN.errors.InvalidDimensionsError
            A list or array has the wrong shape.
        """
        for name in attributes:
            self._require_attribute(name)
        self.replace({name: self._spread(name, value) for name, value in attributes.items()})

    def _spread(self, name: str, value: Any) -> np.ndarray:
        """One value for each synapse: float64 (n,)."""
        n = len(self)
        if isinstance(value, (list, tuple, np.ndarray)):
            array = np.asarray(value, dtype=np.float64)
            if array.shape == (n,):
                return array.copy()
            if array.ndim == 0:
                return np.full(n, float(array))
            if array.shape != self.shape:
                raise errors.InvalidDimensionsError(
                    f"{self.label}: {name} has shape {array.shape}; give {n} values, one for "
                    f"each connection, or an array of shape {self.shape}"
                )
            return array[self.columns.pre, self.columns.post]
        try:
            space = ParameterSpace({name: value}, {name: float}, self.shape)
            return self._evaluate(space[name])
        except (AssertionError, TypeError, ValueError) as error:
            raise errors.InvalidParameterValueError(
                f"{self.label}: {name} = {value!r}: give a number, one for each connection, a "
                "RandomDistribution, or a function of the distance"
            ) from error

    def _evaluate(self, values: LazyArray) -> np.ndarray:
        pre, post = self.columns.pre, self.columns.post
        if isinstance(values.base_value, IndexBasedExpression):
            values.base_value.projection = self
        elif callable(values.base_value):
            generators = self.pre.position_generator, self.post.position_generator
            distances = LazyArray(self.space.distance_generator(*generators), shape=self.shape)
            values = values(distances)
        if values.is_homogeneous:
            return np.full(len(self), float(values.evaluate(simplify=True)))
        if isinstance(values.base_value, RandomDistribution):
            # as in other backends: one number for each pair of cells, connected or not, from a
            # copy of the generator
            matrix = np.broadcast_to(deepcopy(values).evaluate(), self.shape)
            return np.array(matrix[pre, post], dtype=np.float64)
        result = np.empty(len(self))
        for cell in np.unique(post):
            mine = np.flatnonzero(post == cell)
            result[mine] = values[pre[mine], int(cell)]
        return result

    def save(
        self,
        attribute_names: str | Sequence[str],
        file: Any,
        format: str = "list",
        gather: bool = True,
        with_address: bool = True,
    ) -> None:
        """Write attributes to a file; in the array format absent connections are 0.

        Parameters
        ----------
        attribute_names : str or sequence of str
            ``"all"`` for all.
        file : str or pyNN.recording.files.BaseFile
        format, gather, with_address
            As for `get`.
        """
        if attribute_names in ("all", "connections"):
            attribute_names = self.columns.names
        names = [attribute_names] if isinstance(attribute_names, str) else list(attribute_names)
        values = self.get(names, format, gather, with_address)
        if format == "array":
            # one matrix below the other
            values = np.nan_to_num(np.concatenate(values), nan=0.0, posinf=None, neginf=None)
        elif with_address:
            names = ["i", "j", *names]
        if isinstance(file, str):
            file = files.StandardTextFile(file, mode="w")
        file.write(values, {"columns": names})
        file.close()
