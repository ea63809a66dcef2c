"""Populations, views and assemblies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN import common, errors
from pyNN.models import BaseCellType
from pyNN.parameters import LazyArray
from pyNN.recording import get_io

from . import simulator
from .cell_group import CellGroup, evaluated, full_array
from .mapping.constraints import ANYWHERE
from .observables import ObservablePerNeuron
from .plasticity_rules import recorded
from .recording import Recorder
from .segments import joined_name, variable_of, with_session
from .standardmodels import ModelNotOnChipError

if TYPE_CHECKING:
    import neo

    from .block_processes import SpikeProcess
    from .plasticity_rules import PlasticityRule
    from .simulator import ID


__all__ = ["Assembly", "Population", "PopulationView"]


class Assembly(common.Assembly):
    """Cells of several populations or views, in their order."""

    _simulator = simulator

    @property
    def receptor_types(self) -> list[str]:
        """Receptors that all populations have, in the order of the first."""
        first, *others = (list(p.celltype.receptor_types) for p in self.populations)
        return [name for name in first if all(name in other for other in others)]

    def record(
        self,
        variables: str | Sequence[str] | None,
        to_file: Any = None,
        sampling_interval: float | None = None,
        locations: None = None,
        device: str = "probe",
        units: str | None = None,
    ) -> None:
        """Record variables of all cells, as `Population.record`."""
        for population in self.populations:
            population.record(variables, to_file, sampling_interval, locations, device, units)

    def get_data(
        self,
        variables: str | Sequence[str] = "all",
        gather: bool = True,
        clear: bool = False,
        annotations: dict | None = None,
    ) -> neo.Block:
        """Return the recorded data of all populations as one Neo `Block` (see `Population`).

        Signals of one variable are joined to one. Those of the CADC are joined among themselves,
        those of the MADC, which differ in their times, stay apart.
        """
        blocks = [p.get_data(variables, gather, clear) for p in self.populations]
        first = 0
        for block, population in zip(blocks, self.populations, strict=True):
            for k, segment in enumerate(block.segments):
                for signal in segment.analogsignals:
                    signal.array_annotations["channel_index"] += first
                    signal.segment = blocks[0].segments[k]
                    # Neo joins what has the same name
                    signal.name = joined_name(signal)
            first += population.size
        whole = blocks[0]
        for block in blocks[1:]:
            whole.merge(block)
        for segment in whole.segments:
            for signal in segment.analogsignals:
                signal.name = variable_of(signal.name)
        whole.name, whole.description = self.label, self.describe()
        whole.annotate(**(annotations or {}))
        return whole

    def write_data(
        self,
        io: Any,
        variables: str | Sequence[str] = "all",
        gather: bool = True,
        clear: bool = False,
        annotations: dict | None = None,
    ) -> None:
        """Write the recorded data to a file, as `Population.write_data`."""
        io = get_io(io) if isinstance(io, str) else io
        super().write_data(io, variables, gather, clear, with_session(io, annotations))


class PopulationView(CellGroup, common.PopulationView):
    """Some cells of a population.

    Parameters
    ----------
    parent : Population or PopulationView
    selector : slice, or int or bool array
    label : str, optional
    """

    _assembly_class = Assembly

    def __init__(
        self, parent: Population | PopulationView, selector: Any, label: str | None = None
    ) -> None:
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

    def _get_view(self, selector: Any, label: str | None = None) -> PopulationView:
        return type(self)(self, selector, label)

    # PyNN's class compares by value and thereby lost its hash
    def __hash__(self) -> int:
        return hash((self.root, self.cell_index.tobytes()))

    def id_to_index(self, id: Any) -> np.ndarray | int:
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
    def initial_values(self) -> dict[str, LazyArray]:
        """Initial values of the cells of this view, by variable: lazy arrays of shape (size,)."""
        return {
            name: LazyArray(self.root.initial_array(name)[self.cell_index])
            for name in self.root.initial_values
        }


def checked_size(size: Any, label: str | None) -> Any:
    """The size of a population with Python's own integers; ValueError where it has no cell."""
    if isinstance(size, tuple):
        size = tuple(int(n) if isinstance(n, np.integer) else n for n in size)
    numbers = size if isinstance(size, tuple) else (size,)
    if any(isinstance(n, (int, np.integer)) and n < 1 for n in numbers):
        raise ValueError(f"{label}: size is {size}; a population needs at least one cell")
    return int(size) if isinstance(size, np.integer) else size


class Population(CellGroup, common.Population):
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
        self,
        size: int | tuple[int, ...],
        cellclass: Any,
        cellparams: Any = None,
        structure: Any = None,
        initial_values: dict[str, Any] | None = None,
        label: str | None = None,
    ) -> None:
        simulator.state.require_setup("Population()")
        name = label or f"population{common.Population._nPop}"
        size = checked_size(size, name)
        self._check_type(name, cellclass)
        if isinstance(cellclass, type):
            cellparams = cellparams or {}
        elif cellparams is not None:
            raise TypeError(
                f"{name}: cellparams={cellparams!r} beside an instance of a cell type; give the "
                f"parameters to the cell type: {type(cellclass).__name__}(...)"
            )
        self.plasticity_rule: PlasticityRule | None = None
        self._pending: dict[str, np.ndarray] = {}
        self._network = simulator.state.populations
        self._chip = simulator.state.chip
        try:
            super().__init__(size, cellclass, cellparams, structure, initial_values or {}, name)
        except errors.NonExistentParameterError as error:
            raise errors.NonExistentParameterError(
                error.parameter_name, f"{error.model_name} of {name}", error.valid_parameter_names
            ) from error
        state = simulator.state
        (state.sources if self.is_source else state.populations).append(self)
        state.changed()

    @staticmethod
    def _check_type(label: str | None, cellclass: Any) -> None:
        known = hasattr(cellclass, "record") or hasattr(cellclass, "process")
        is_type = isinstance(cellclass, BaseCellType) or (
            isinstance(cellclass, type) and issubclass(cellclass, BaseCellType)
        )
        if not is_type:
            raise TypeError(f"{label}: {cellclass!r} is not a cell type")
        if hasattr(cellclass, "refusal"):
            raise ModelNotOnChipError(f"{label}: {cellclass.refusal}")
        if not known:
            name = getattr(cellclass, "__name__", type(cellclass).__name__)
            raise errors.InvalidModelError(
                f"{label}: {name} is not a cell type of this backend; "
                "list_standard_models() names those that are"
            )

    def _get_view(self, selector: Any, label: str | None = None) -> PopulationView:
        return PopulationView(self, selector, label)

    @property
    def root(self) -> Population:
        """The population itself."""
        return self

    @property
    def is_source(self) -> bool:
        """The cells are spike sources."""
        return hasattr(self.celltype, "process")

    @property
    def on_chip(self) -> bool:
        """Background generators of the chips make the spikes of this spike source."""
        celltype = self.celltype
        return getattr(celltype, "on_chip", False) and self._chip.routing == "real"

    @property
    def cell_index(self) -> np.ndarray:
        """Positions of all cells."""
        return np.arange(self.size)

    def get_plasticity_data(self, observable: str) -> list:
        """What the plasticity rule of the neurons has recorded of them.

        Parameters
        ----------
        observable : str
            Name of an `ObservablePerNeuron` of the rule.

        Returns
        -------
        list
            See `PlasticityRule.get_observable_array`; one number for each cell.
        """
        return recorded(self, observable, ObservablePerNeuron)

    def require_current(self, action: str) -> None:
        """Raise RuntimeError unless the population belongs to the present simulation."""
        simulator.state.require_current(self._network, self.label, action)

    @property
    def is_current(self) -> bool:
        """The population belongs to the present simulation."""
        return self._network is simulator.state.populations

    def _create_cells(self) -> None:
        state = simulator.state
        self.first_id_number = state.id_counter
        parameters = evaluated(self.label, self.celltype.native_parameters, self.size)
        self.celltype.validate(self.label, parameters)
        self.parameter_arrays = parameters
        #: chip, hemisphere and circuit to which each cell is pinned
        self.pins = np.full((3, self.size), ANYWHERE, np.int64)
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

    def _new_process(self) -> SpikeProcess:
        if self.on_chip:
            return self.celltype.on_chip_process(self.size, self.parameter_arrays)
        seed = int(np.random.SeedSequence(self._seed).generate_state(1, np.uint64)[0])
        return self.celltype.process(self.label, self.size, self.parameter_arrays, seed)

    def replace_parameters(self, new: dict) -> None:
        """Take new parameter arrays (size,) if the cell type accepts them, else keep the old."""
        self.require_current("set")
        parameters = self.parameter_arrays | new
        self.celltype.validate(self.label, parameters)
        self.parameter_arrays = parameters
        state = simulator.state
        if self.is_source:
            self.process.update(parameters, state.t)
        if self.on_chip or not self.is_source:
            state.changed()

    def draw_spikes(self, until: float) -> tuple[np.ndarray, np.ndarray]:
        """Let a spike source fire before the time `until` (ms); record and return its spikes.

        Returns
        -------
        times, cells : float64 (n,), int32 (n,)
            Those since the last call, sorted by (time, cell).
        """
        try:
            times, cells = self.process.spikes(self.drawn_until, until)
        except MemoryError as error:
            raise MemoryError(
                f"{self.label}: too many spikes until {until:g} ms to be held in memory; lower the "
                "rate or use fewer cells"
            ) from error
        self.drawn_until = until
        self.recorder.store_spikes(times, cells)
        return times, cells

    def restart(self) -> None:
        """Let a spike source begin its next trial."""
        self.process.restart()
        self.drawn_until = 0.0

    # --- initial values -------------------------------------------------------------------

    def check_initial_variable(self, name: str) -> None:
        """Raise unless the cell type has the state variable `name`."""
        known = getattr(self.celltype, "variables", {})
        if name not in known:
            raise errors.InvalidParameterValueError(
                f"{self.label}: {type(self.celltype).__name__} has no initial value {name!r}; "
                f"it has: {', '.join(known) or 'none'}"
            )

    def initial_array(self, name: str) -> np.ndarray:
        """Initial values of a state variable: float64 (size,)."""
        return full_array(self.initial_values[name], self.size)

    def set_initial_array(self, name: str, cells: Any, values: Any) -> None:
        """Set initial values of some cells, to be written before the next run."""
        if name in self.initial_values:
            array = self.initial_array(name)
        else:
            array = np.zeros(self.size)
        array[cells] = values
        self.initial_values[name] = LazyArray(array)
        self._pending.setdefault(name, np.zeros(self.size, dtype=bool))[cells] = True
        simulator.state.initial_values_changed()

    def _get_cell_initial_value(self, id: ID, variable: str) -> float:
        return self.initial_array(variable)[self.id_to_index(id)]

    def _set_cell_initial_value(self, id: ID, variable: str, value: float) -> None:
        self[self.id_to_index(id)].as_view().initialize(**{variable: value})

    def take_pending_initial_values(self) -> dict[str, np.ndarray]:
        """Return which cells' initial values are new, and forget it.

        Returns
        -------
        dict of str to bool (size,)
        """
        pending, self._pending = self._pending, {}
        return pending

    def id_to_index(self, id: Any) -> np.ndarray | int:
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
