"""Populations on the chip, spike sources, views and assemblies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN import common, errors
from pyNN.parameters import simplify as simplified

from pynn_bss2sim import populations as frontend
from pynn_bss2sim.cell_group import CellGroup, evaluated

from . import simulator, without_effect
from .lenient import is_lenient
from .plasticity_rules import ObservablePerNeuron
from .recording import Recorder

if TYPE_CHECKING:
    import neo


__all__ = ["Assembly", "Population", "PopulationView"]


class Assembly(common.Assembly):
    """Cells of several populations or views, in their order."""

    _simulator = simulator

    def record(
        self,
        variables: str | Sequence[str] | None,
        to_file: str | None = None,
        sampling_interval: None = None,
        locations: Any = None,
        *,
        device: str = "madc",
    ) -> None:
        """Record variables of all cells, as `Population.record`."""
        for population in self.populations:
            population.record(variables, to_file, sampling_interval, locations, device=device)


class _Cells(CellGroup):
    """What populations and their views have in common."""

    _simulator = simulator

    def set(self, **parameters: Any) -> None:
        """Set parameters of all cells of this group.

        Parameters
        ----------
        **parameters
            A number, or one for each cell; spike times are a sequence, or one for each cell.

        Raises
        ------
        pyNN.errors.NonExistentParameterError
            The cell type has no such parameter.
        pyNN.errors.InvalidParameterValueError
            A value does not fit its register.
        RuntimeError
            The parameters come from `initial_config`, and have not been read from it yet. Where the
            environment variable BSS2SIM_LENIENT is set, they count as given to the cell type.
        """
        if is_lenient():
            self.root.note_given(parameters, self.cell_index)
        else:
            self.root.require_loaded("set")
        super().set(**parameters)

    def get(
        self, parameter_names: str | Sequence[str], gather: bool = False, simplify: bool = True
    ) -> Any:
        """Return parameters of all cells.

        Parameters
        ----------
        parameter_names : str or sequence of str
        gather : bool
            Without effect.
        simplify : bool
            Give one value where all cells have the same; else always arrays (size,).

        Returns
        -------
        value, array (size,), or list of them
            A list where `parameter_names` is a sequence.
        """
        self.root.require_loaded("get")
        single = isinstance(parameter_names, str)
        known = self.root.parameter_arrays
        values = []
        for name in (parameter_names,) if single else parameter_names:
            if name not in known:
                raise errors.NonExistentParameterError(
                    name, type(self.celltype).__name__, list(known)
                )
            array = known[name][self.cell_index]
            value = simplified(array) if simplify else array
            values.append(value.item() if isinstance(value, np.generic) else value)
        return values[0] if single else values

    def get_data(
        self,
        variables: str | Sequence[str] = "all",
        gather: bool = True,
        clear: bool = False,
        annotations: dict | None = None,
        locations: None = None,
    ) -> neo.Block:
        """Return the recorded data of the cells as a Neo `Block`.

        Parameters
        ----------
        variables : str or sequence of str
            "all", or names of variables.
        gather : bool
            Without effect.
        clear : bool
            Drop all data of the population afterwards.
        annotations : dict, optional
            Of the block.
        locations : None

        Raises
        ------
        IndexError
            There has been no run, or all data have been dropped.
        """
        return self.root.recorder.get(
            variables, gather, self._record_filter, clear, annotations, locations
        )

    def get_plasticity_data(self, observable: str) -> list:
        """Return what the plasticity rule of the neurons has recorded of them.

        Returns
        -------
        list
            For each snippet its samples, see `plasticity_rules.Sample`, or None.

        Raises
        ------
        RuntimeError
            There is no rule or observable, or nothing has been executed.
        TypeError
            The observable is not one of neurons.
        """
        rule = self.celltype.plasticity_rule
        if rule is None:
            raise RuntimeError(f"{self.label}: its neurons have no plasticity rule")
        return rule.samples(observable, self.root, ObservablePerNeuron)

    @property
    def calib_target(self) -> dict[str, np.ndarray]:
        """The targets to which the cells have been calibrated, by name."""
        return self._calibration("calib_target")

    @property
    def calib_hwparams(self) -> Any:
        """The circuits as the calibration gave them: a sequence of `lola.AtomicNeuron`."""
        return self._calibration("calib_hwparams")

    @property
    def actual_hwparams(self) -> Any:
        """The circuits of the next execution, which may be changed in place."""
        return self._calibration("actual_hwparams")

    def initialize(self, **initial_values: Any) -> None:
        """Accepted for PyNN's sake: the chip cannot set the state of its circuits."""
        unknown = sorted(set(initial_values) - set(self.celltype.recordable))
        if unknown:
            raise errors.InvalidParameterValueError(
                f"{self.label}: {type(self.celltype).__name__} has no initial value {unknown[0]!r}"
            )

    def record(  # type: ignore[override]  # the converters are the chip's own
        self,
        variables: str | Sequence[str] | None,
        to_file: str | None = None,
        sampling_interval: None = None,
        locations: Any = None,
        *,
        device: str = "madc",
    ) -> None:
        """Record variables of all cells of this group from the next snippet on.

        Parameters
        ----------
        variables : str, sequence of str, or None
            "spikes", and one of "v", "exc_synin", "inh_synin", "adaptation". None stops recording
            of the whole population and drops data that have not been fetched.
        to_file : str, optional
            Where end() writes the data.
        sampling_interval : None
            The converters have their own.
        locations : None
            For neurons of several compartments.
        device : {"madc", "cadc", "pad_0", "pad_1"}
            What reads an analog variable; pads may end in "_buffered" or "_unbuffered", and give no
            data.

        Raises
        ------
        RuntimeError
            There is no such variable; or the cells have one compartment, and `locations` is given.
        NotImplementedError
            A sampling interval is given.
        ValueError
            The device does not exist, or cannot record this.
        """
        if variables is None:
            self.root.recorder.reset()
            return
        if sampling_interval:
            raise NotImplementedError(
                f"{self.label}: sampling_interval={sampling_interval}: converters have their own"
            )
        if locations is not None:
            raise RuntimeError(
                f"{self.label}: locations={locations!r}: its cells have one compartment"
            )
        self.root.recorder.record(variables, self.cell_index, device)
        if isinstance(to_file, str):
            self.root.recorder.file = to_file
            simulator.current("record").write_on_end.append((self, variables, to_file))


class PopulationView(_Cells, frontend.PopulationView):
    """Some cells of a population."""

    _assembly_class = Assembly

    def _calibration(self, name: str) -> Any:
        found = self.root._calibration(name)
        if isinstance(found, dict):
            return {key: values[self.cell_index] for key, values in found.items()}
        selected = np.empty(self.size, dtype=object)
        selected[:] = [found[cell] for cell in self.cell_index]
        return selected


class Population(_Cells, common.Population):
    """Cells of one type.

    Parameters
    ----------
    size : int or tuple of int
    cellclass : cell type
        With its parameters; or a class, and `cellparams`.
    cellparams : dict, optional
    structure : pyNN.space.BaseStructure, optional
    initial_values : dict, optional
        Without effect: the chip cannot set the state of its circuits.
    label : str, optional

    Raises
    ------
    RuntimeError
        Before setup().
    pyNN.errors.NonExistentParameterError
        The cell type has no such parameter.
    pyNN.errors.InvalidParameterValueError
        A value does not fit its register.
    """

    _recorder_class = Recorder
    _assembly_class = Assembly

    def __init__(
        self,
        size: Any,
        cellclass: Any,
        cellparams: Any = None,
        structure: Any = None,
        initial_values: dict[str, Any] | None = None,
        label: str | None = None,
    ) -> None:
        state = simulator.current("Population()")
        size = frontend.checked_size(size, label or f"population{common.Population._nPop}")
        if isinstance(cellclass, type):
            cellparams = cellparams or {}
        super().__init__(size, cellclass, cellparams, structure, initial_values or {}, label)
        state.populations.append(self)

    def _get_view(self, selector: Any, label: str | None = None) -> PopulationView:
        return PopulationView(self, selector, label)

    @property
    def root(self) -> Population:
        """The population itself."""
        return self

    @property
    def cell_index(self) -> np.ndarray:
        """Positions of all cells."""
        return np.arange(self.size)

    @property
    def is_source(self) -> bool:
        """The cells are spike sources."""
        return self.celltype.is_source

    def _create_cells(self) -> None:
        state = simulator.current("Population")
        given = evaluated(self.label, self.celltype.native_parameters, self.size)
        self.parameter_arrays = self.celltype.checked(self.label, given)
        self._tell_without_effect(self.celltype.given)
        self.all_cells = np.empty(self.size, dtype=object)
        first = state.id_counter
        self.first_id_number = first
        self.all_cells[:] = [simulator.ID(n, self) for n in range(first, first + self.size)]
        self._mask_local = np.ones(self.size, dtype=bool)
        state.id_counter += self.size
        self._loaded = state.initial_config is None
        self._given: dict[str, np.ndarray] = {}
        self._spikes = [np.empty(0, np.int64)] * self.size
        self._stale = np.ones(self.size, dtype=bool)

    def replace_parameters(self, new: dict) -> None:
        """Take new parameter arrays (size,) if the cell type accepts them."""
        checked = self.celltype.checked(self.label, self.parameter_arrays | new)
        changed = np.zeros(self.size, dtype=bool)
        for name in new:
            changed |= checked[name] != self.parameter_arrays[name]
        self.parameter_arrays = checked
        self._stale |= changed
        self._tell_without_effect(new)

    def _tell_without_effect(self, names: Iterable[str]) -> None:
        for name in names:
            default = self.celltype.default_parameters[name]
            without_effect.tell(name, self.parameter_arrays[name], default)

    def spikes(self) -> list[np.ndarray]:
        """Spikes of each cell of a source on the host: int64 (n,), cycles, ascending.

        They are drawn anew for cells whose parameters have changed.
        """
        for cell in np.flatnonzero(self._stale):
            self._spikes[cell] = self.celltype.draw(self.parameter_arrays, cell)
        self._stale[:] = False
        return self._spikes

    # --- parameters that come from a calibrated chip ---

    def _calibration(self, name: str) -> Any:
        if not self.celltype.calibrated:
            raise AttributeError(
                f"{self.label}: {type(self.celltype).__name__} is not calibrated and has no {name}"
            )
        return simulator.current(name).calibrated.result(self, name)

    def require_loaded(self, action: str) -> None:
        """Raise RuntimeError before the parameters have been read from `initial_config`."""
        if self._loaded or not self.celltype.reads_initial_config:
            return
        raise RuntimeError(
            f"{self.label}: {action}: its parameters come from initial_config and are not known "
            "before it is placed; give them to the cell type, or call "
            "run(None, RunCommand.PREPARE) first"
        )

    def note_given(self, names: Iterable[str], cells: np.ndarray) -> None:
        """Note that parameters of some cells are given, and come from nowhere else."""
        if not self._loaded:
            for name in names:
                self._given.setdefault(name, np.zeros(self.size, dtype=bool))[cells] = True

    def load(self, columns: dict, circuit: np.ndarray) -> None:
        """Take the parameters that nobody has given from the circuits that the cells are placed on.

        Parameters
        ----------
        columns : dict of str to array (512,)
        circuit : int64 (size,)
        """
        if not self._loaded and self.celltype.reads_initial_config:
            nobody = np.zeros(self.size, dtype=bool)
            self.parameter_arrays |= {
                name: np.where(self._given.get(name, nobody), own, columns[name][circuit])
                for name, own in self.parameter_arrays.items()
                if name not in self.celltype.given and name in columns
            }
        self._loaded = True

    id_to_index = frontend.Population.id_to_index
