"""Populations, views and assemblies."""

from __future__ import annotations

import numpy as np
from pyNN import common, errors
from pyNN.models import BaseCellType
from pyNN.parameters import ArrayParameter, LazyArray, ParameterSpace, simplify

from . import simulator
from .recording import Recorder

__all__ = ["Assembly", "Population", "PopulationView"]


def full_array(value: LazyArray, size: int) -> np.ndarray:
    """Evaluate a lazy array of shape (size,) to a NumPy array of that shape.

    PyNN's evaluation returns a bare number where the array has one element.

    Returns
    -------
    ndarray (size,)
        float64, or object where the values are sequences.
    """
    values = value.evaluate(simplify=value.is_homogeneous)
    sequences = isinstance(values, ArrayParameter) or np.asarray(values).dtype == object
    result = np.empty(size, dtype=object if sequences else np.float64)
    if isinstance(values, ArrayParameter):
        result.fill(values)
    else:
        result[...] = values
    return result


class _CellGroup:
    """Parameters, initial values and recording of the cells of a population or a view of it.

    Attributes
    ----------
    root : Population
        The population to which the cells belong.
    cell_index : int64 (size,)
        Their positions in it.
    """

    _simulator = simulator

    # --- parameters -----------------------------------------------------------------------

    def set(self, **parameters):
        """Set parameters of all cells of this group.

        Parameters
        ----------
        **parameters
            A number, a list or array of one value for each cell, a `RandomDistribution`, or a
            function of the cell's index (its position in this group).

        Raises
        ------
        pyNN.errors.NonExistentParameterError
            The cell type has no such parameter.
        pyNN.errors.InvalidDimensionsError
            There is not one value for each cell.
        pyNN.errors.InvalidParameterValueError
            A value is of the wrong type or out of range. All parameters are then as before.
        """
        try:
            super().set(**parameters)
        except errors.InvalidDimensionsError as error:
            raise errors.InvalidDimensionsError(f"{self.label}: {error}") from error
        except (errors.InvalidParameterValueError, AssertionError, TypeError) as error:
            names = ", ".join(parameters)
            message = str(error)
            if not message.startswith(self.root.label):
                message = f"{self.label}: cannot set {names}: {message or 'wrong type of value'}"
            raise errors.InvalidParameterValueError(message) from error

    def _set_parameters(self, parameter_space: ParameterSpace):
        root = self.root
        new = {}
        for name, value in parameter_space.items():
            if value.shape != (self.size,):
                raise errors.InvalidDimensionsError(
                    f"{name} has shape {value.shape} where ({self.size},) is needed"
                )
            array = root.parameter_arrays[name].copy()
            array[self.cell_index] = full_array(value, self.size)
            new[name] = array
        root.replace_parameters(new)

    def _get_parameters(self, *names) -> ParameterSpace:
        known = self.root.parameter_arrays
        for name in names:
            if name not in known:
                raise errors.NonExistentParameterError(
                    name, type(self.celltype).__name__, list(known)
                )
        values = {name: known[name][self.cell_index] for name in names}
        # as from a lazy array: one value for all is kept as one value
        return ParameterSpace(
            {n: simplify(v) if v.dtype != object else v for n, v in values.items()},
            shape=(self.size,),
        )

    def _get_native_parameters(self, *names) -> ParameterSpace:
        return self._get_parameters(*names)

    def realised(self, names):
        """Return the parameters that the chip holds, in PyNN's units.

        They differ from those asked for where the chip model has limits. The network is mapped
        if it has changed.

        Parameters
        ----------
        names : str or sequence of str

        Returns
        -------
        float64 (size,) or list of float64 (size,)
            A list where `names` is a sequence.
        """
        single = isinstance(names, str)
        state = simulator.state
        mapping = state.prepare()
        if self.root not in state.capture.first_neuron:
            raise errors.InvalidModelError(
                f"{self.label}: spike sources are not on the chip; `realised` is for neurons"
            )
        held = mapping.parameters[state.capture.populations.index(self.root)]
        values = []
        for name in (names,) if single else names:
            if name not in held:
                raise errors.NonExistentParameterError(
                    name, type(self.celltype).__name__, list(held)
                )
            values.append(held[name][self.cell_index])
        return values[0] if single else values

    # --- initial values -------------------------------------------------------------------

    def initialize(self, **initial_values):
        """Set state variables of the cells, now and after each reset().

        Parameters
        ----------
        **initial_values
            As for `set`. Which variables there are, `celltype.default_initial_values` tells.

        Raises
        ------
        pyNN.errors.InvalidParameterValueError
            The cell type has no such variable, or a value is not finite.
        pyNN.errors.InvalidDimensionsError
            There is not one value for each cell.
        """
        for variable, value in initial_values.items():
            self.root.check_initial_variable(variable)
            try:
                lazy = LazyArray(value, shape=(self.size,), dtype=float)
                array = full_array(lazy, self.size)
            except ValueError as error:
                raise errors.InvalidDimensionsError(
                    f"{self.label}: initial {variable}: {error}"
                ) from error
            bad = ~np.isfinite(array)
            if bad.any():
                raise errors.InvalidParameterValueError(
                    f"{self.label}: initial {variable} of cell {np.flatnonzero(bad)[0]} is "
                    f"{array[bad][0]}; give finite numbers"
                )
            self.root.set_initial_array(variable, self.cell_index, array)
            if self is self.root and lazy.is_homogeneous:
                self.initial_values[variable] = lazy

    def _get_view(self, selector, label=None):
        return PopulationView(self, selector, label)

    # --- recording ------------------------------------------------------------------------

    def record(self, variables, to_file=None, sampling_interval=None, locations=None):
        """Record variables of all cells of this group from now on.

        Parameters
        ----------
        variables : str, sequence of str, or None
            None stops recording for the whole population and drops what the present segment
            holds.
        to_file : str or Neo IO, optional
            Where end() writes the recordings.
        sampling_interval : float, ms, optional
            A multiple of the time step.
        locations
            Not available: neurons have one compartment.

        Raises
        ------
        pyNN.errors.RecordingError
            The cell type has no such variable.
        ValueError
            The interval is no multiple of the time step, or differs from the one in use.
        """
        super().record(variables, None, sampling_interval, locations)
        if to_file is not None and to_file is not False and to_file is not True:
            self.recorder.file = to_file
            simulator.state.write_on_end.append((self, variables, to_file))


class Assembly(common.Assembly):
    """Cells of several populations or views, in their order."""

    _simulator = simulator

    @property
    def receptor_types(self):
        """Receptors that all populations have, in the order of the first."""
        first, *others = (list(p.celltype.receptor_types) for p in self.populations)
        return [name for name in first if all(name in other for other in others)]


class PopulationView(_CellGroup, common.PopulationView):
    """Some cells of a population.

    Parameters
    ----------
    parent : Population or PopulationView
    selector : slice, or int or bool array
    label : str, optional
    """

    _assembly_class = Assembly

    def __init__(self, parent, selector, label=None):
        if not isinstance(selector, slice):
            selector = np.array(selector)  # PyNN sorts it in place
            if selector.size == 0:
                selector = selector.astype(int)
        cells = np.arange(parent.size)[selector]
        if cells.size == 0:
            raise ValueError(
                f"{label or parent.label}: a view of {parent.label!r} ({parent.size} cells) with "
                f"{selector} selects no cell"
            )
        super().__init__(parent, selector, label)
        self.root = self.grandparent
        self.cell_index = np.asarray(self.index_in_grandparent(np.arange(self.size)))

    # PyNN's class compares by value and thereby lost its hash
    def __hash__(self):
        return hash((self.root, self.cell_index.tobytes()))

    def id_to_index(self, id):
        """Return the position(s) of the cell(s) `id` in this view."""
        numbers = np.asarray(id, dtype=np.int64) if np.iterable(id) else np.int64(int(id))
        own = self.root.first_id_number + self.cell_index
        order = np.argsort(own, kind="stable")
        place = np.searchsorted(own, numbers, sorter=order)
        found = order[np.minimum(place, self.size - 1)]
        missing = own[found] != numbers
        if np.any(missing):
            raise IndexError(
                f"ID {np.atleast_1d(numbers)[np.atleast_1d(missing)][0]} is not in {self.label!r}"
            )
        return found if np.iterable(id) else int(found)

    @property
    def initial_values(self):
        """Initial values of the cells of this view, by variable: lazy arrays of shape (size,)."""
        return {
            name: LazyArray(self.root.initial_array(name)[self.cell_index])
            for name in self.root.initial_values
        }


class Population(_CellGroup, common.Population):
    """Cells of one type.

    Parameters
    ----------
    size : int or tuple of int
        A tuple gives the dimensions of a grid.
    cellclass : cell type
        One of this backend's standard cell types, with its parameters.
    cellparams : dict, optional
        Parameters where `cellclass` is a class (deprecated by PyNN).
    structure : pyNN.space.BaseStructure, optional
    initial_values : dict, optional
    label : str, optional

    Raises
    ------
    RuntimeError
        Before setup().
    ValueError
        `size` is not positive.
    pyNN.errors.InvalidModelError
        The cell type is not one of this backend.
    """

    _recorder_class = Recorder
    _assembly_class = Assembly

    def __init__(
        self, size, cellclass, cellparams=None, structure=None, initial_values=None, label=None
    ):
        simulator.state.require_setup("Population()")
        name = label or f"population{common.Population._nPop}"
        if isinstance(size, tuple):
            size = tuple(int(n) if isinstance(n, np.integer) else n for n in size)
        numbers = size if isinstance(size, tuple) else (size,)
        if any(isinstance(n, (int, np.integer)) and n < 1 for n in numbers):
            raise ValueError(f"{name}: size is {size}; a population needs at least one cell")
        if isinstance(cellclass, type) and cellparams is None:
            cellparams = {}
        self._check_type(name, cellclass)
        self._pending = {}
        super().__init__(size, cellclass, cellparams, structure, initial_values or {}, name)
        state = simulator.state
        (state.sources if self.is_source else state.populations).append(self)
        state.changed()

    @staticmethod
    def _check_type(label, cellclass):
        known = hasattr(cellclass, "record") or hasattr(cellclass, "process")
        is_type = isinstance(cellclass, BaseCellType) or (
            isinstance(cellclass, type) and issubclass(cellclass, BaseCellType)
        )
        if is_type and not known:
            name = getattr(cellclass, "__name__", type(cellclass).__name__)
            raise errors.InvalidModelError(
                f"{label}: {name} is not a cell type of this backend; "
                "list_standard_models() names those that are"
            )

    @property
    def root(self):
        """The population itself."""
        return self

    @property
    def is_source(self) -> bool:
        """The cells are spike sources."""
        return hasattr(self.celltype, "process")

    @property
    def cell_index(self):
        """Positions of all cells."""
        return np.arange(self.size)

    def _create_cells(self):
        state = simulator.state
        self.first_id_number = state.id_counter
        parameters = self._evaluate_parameters()
        self.celltype.validate(self.label, parameters)
        self.parameter_arrays = parameters
        self.all_cells = np.empty(self.size, dtype=object)
        first = self.first_id_number
        self.all_cells[:] = [simulator.ID(n, self) for n in range(first, first + self.size)]
        self._mask_local = np.ones(self.size, dtype=bool)
        state.id_counter += self.size
        if self.is_source:
            # its own stream for each population, whatever else the script creates
            self._seed = (state.rng_seed, len(state.sources))
            self.process = self._new_process()
            self.drawn_until = state.t

    def _new_process(self):
        seed = int(np.random.SeedSequence(self._seed).generate_state(1, np.uint64)[0])
        return self.celltype.process(self.label, self.size, self.parameter_arrays, seed)

    def _evaluate_parameters(self):
        parameters = self.celltype.native_parameters
        try:
            parameters.shape = (self.size,)
        except ValueError as error:
            raise errors.InvalidDimensionsError(
                f"{self.label}: a parameter does not have one value for each of {self.size} "
                f"cells: {error}"
            ) from error
        arrays = {}
        for name, value in parameters.items():
            try:
                arrays[name] = full_array(value, self.size)
            except (TypeError, ValueError) as error:
                raise errors.InvalidParameterValueError(f"{self.label}: {name}: {error}") from error
        return arrays

    def replace_parameters(self, new: dict):
        """Take new parameter arrays (size,) if the cell type accepts them, else keep the old."""
        parameters = self.parameter_arrays | new
        self.celltype.validate(self.label, parameters)
        self.parameter_arrays = parameters
        state = simulator.state
        if self.is_source:
            self.process.update(parameters, state.t)
        else:
            state.changed()

    def restart(self):
        """Let a spike source begin its next trial."""
        self.process.restart()
        self.drawn_until = 0.0

    # --- initial values -------------------------------------------------------------------

    def check_initial_variable(self, name):
        """Raise unless the cell type has the state variable `name`."""
        known = getattr(self.celltype, "variables", {})
        if name not in known:
            raise errors.InvalidParameterValueError(
                f"{self.label}: {type(self.celltype).__name__} has no initial value {name!r}; "
                f"it has: {', '.join(known) or 'none'}"
            )

    def initial_array(self, name):
        """Initial values of a state variable: float64 (size,)."""
        return full_array(self.initial_values[name], self.size)

    def set_initial_array(self, name, cells, values):
        """Set initial values of some cells, to be written before the next run."""
        if name in self.initial_values:
            array = self.initial_array(name)
        else:
            array = np.zeros(self.size)
        array[cells] = values
        self.initial_values[name] = LazyArray(array)
        self._pending.setdefault(name, np.zeros(self.size, dtype=bool))[cells] = True

    def _get_cell_initial_value(self, id, variable):
        return self.initial_array(variable)[self.id_to_index(id)]

    def _set_cell_initial_value(self, id, variable, value):
        self[self.id_to_index(id)].as_view().initialize(**{variable: value})

    def renew_initial_values(self):
        """Have all initial values written again before the next run."""
        self._pending = {name: np.ones(self.size, dtype=bool) for name in self.initial_values}

    def take_pending_initial_values(self):
        """Return which cells' initial values are to be written, and forget it.

        Returns
        -------
        dict of str to bool (size,)
        """
        pending, self._pending = self._pending, {}
        return pending

    def id_to_index(self, id):
        """Return the position(s) of the cell(s) `id` in this population."""
        single = not np.iterable(id)
        if isinstance(id, common.PopulationView):
            id = id.all_cells
        index = (int(id) if single else np.asarray(id).astype(np.int64)) - self.first_id_number
        outside = (np.asarray(index) < 0) | (np.asarray(index) >= self.size)
        if outside.any():
            raise ValueError(
                f"{self.label}: id should be in the range [{self.first_id},{self.last_id}]"
            )
        return index
