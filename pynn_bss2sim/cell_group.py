"""What populations and their views have in common: parameters, initial values, recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pyNN import errors
from pyNN.parameters import ArrayParameter, LazyArray, ParameterSpace, simplify

from . import simulator
from .pynn_types import PynnMixin

__all__ = ["CellGroup", "evaluated", "full_array"]


def evaluated(label: str, parameters: ParameterSpace, size: int) -> dict[str, np.ndarray]:
    """Evaluate the parameters of a population to arrays of shape (size,), see `full_array`.

    Raises
    ------
    NotImplementedError
        A random number generator draws no numbers.
    pyNN.errors.InvalidDimensionsError, pyNN.errors.InvalidParameterValueError
        There is not one value for each cell, or one of the wrong kind.
    """
    if parameters.has_native_rngs:
        raise NotImplementedError(
            f"{label}: PyNN's abstract NativeRNG draws no numbers; use NumpyRNG or this "
            "backend's NativeRNG"
        )
    try:
        parameters.shape = (size,)
    except ValueError as error:
        raise errors.InvalidDimensionsError(
            f"{label}: a parameter does not have one value for each of {size} cells: {error}"
        ) from error
    arrays = {}
    for name, value in parameters.items():
        try:
            arrays[name] = full_array(value, size)
        except (TypeError, ValueError) as error:
            raise errors.InvalidParameterValueError(f"{label}: {name}: {error}") from error
    return arrays


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


class CellGroup(PynnMixin):
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

    def set(self, **parameters: Any) -> None:
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
        except (ValueError, AssertionError, TypeError) as error:
            names = ", ".join(parameters)
            message = str(error)
            if not message.startswith(self.root.label):
                message = f"{self.label}: cannot set {names}: {message or 'wrong type of value'}"
            raise errors.InvalidParameterValueError(message) from error

    def _set_parameters(self, parameter_space: ParameterSpace) -> None:
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

    def _get_parameters(self, *names: str) -> ParameterSpace:
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

    def _get_native_parameters(self, *names: str) -> ParameterSpace:
        return self._get_parameters(*names)

    def realised(self, names: str | Sequence[str]) -> np.ndarray | list[np.ndarray]:
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
        self.root.require_current("realised")
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

    def initialize(self, **initial_values: Any) -> None:
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
        self.root.require_current("initialize")
        for variable, value in initial_values.items():
            self.root.check_initial_variable(variable)
            try:
                lazy = LazyArray(value, shape=(self.size,), dtype=float)
                array = full_array(lazy, self.size)
            except (AssertionError, TypeError) as error:
                raise errors.InvalidParameterValueError(
                    f"{self.label}: initial {variable} = {value!r}: give numbers"
                ) from error
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

    # --- recording ------------------------------------------------------------------------

    def record(
        self,
        variables: str | Sequence[str] | None,
        to_file: Any = None,
        sampling_interval: float | None = None,
        locations: None = None,
        device: str = "probe",
        units: str | None = None,
    ) -> None:
        """Record variables of all cells of this group from now on.

        Parameters
        ----------
        variables : str, sequence of str, or None
            None stops recording for the whole population and drops what the present segment
            holds.
        to_file : str or Neo IO, optional
            Where end() writes the recordings.
        sampling_interval : float, ms, optional
            A multiple of the time step. For the CADC, 1.7 ms (of biological time) or more.
        locations
            Not available: neurons have one compartment.
        device : {"probe", "madc", "cadc"}
            Through what ``v`` or ``w`` is seen. Spikes are events and seen the same by all.

            "probe": what the emulation knows, of any number of neurons, without noise.

            "madc": the fast converter of each chip, with 10 bits: two neurons, of an even and an
            odd column, every 0.068 ms in turn, or one every 0.034 ms. Between time steps values
            are taken to be straight lines. Each cell has a signal of its own.

            "cadc": the column converters, with 8 bits: all neurons, every 1.7 ms or slower.
        units : None or "raw"
            "raw": LSB of the converter, else PyNN's units, by the inverse of the converter's
            calibrated characteristic and of the population's voltage map.

        Raises
        ------
        pyNN.errors.RecordingError
            The cell type has no such variable.
        ReadoutError
            The device cannot record this. That two neurons cannot share the MADC is found with
            the mapping, by run() or prepare().
        ValueError
            The interval is no multiple of the time step, or differs from the one in use.
        """
        self.root.require_current("record")
        if variables is None:
            self.recorder.reset()
        else:
            cells = self.all_cells if self._record_filter is None else self._record_filter
            self.recorder.record(variables, cells, sampling_interval, locations, device, units)
        if to_file is not None and to_file is not False and to_file is not True:
            self.recorder.file = to_file
            simulator.state.write_on_end.append((self, variables, to_file))
