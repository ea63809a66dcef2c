"""Current sources, injected into membranes.

A source is a waveform on the grid of time steps (`pynn_bss2sim.waveforms`). What is set holds
from the current time on, and times are those of the trial: after ``reset()`` a source plays
from t = 0 with the parameters it has then.

Currents are no part of the network that is mapped onto the chip: the state asks each source in
its list for `targets` and `changes` in every run.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN import errors
from pyNN.common.populations import Assembly, BasePopulation, IDMixin
from pyNN.parameters import ParameterSpace, Sequence
from pyNN.standardmodels import electrodes

from pynn_bss2sim import simulator, waveforms

from .base import OneToOne, identity_translations

if TYPE_CHECKING:
    from ..simulator import ID
    from ..waveforms import Waveform


__all__ = ["ACSource", "DCSource", "NoisyCurrentSource", "StepCurrentSource"]

logger = logging.getLogger(__name__)


class _CurrentSource(OneToOne):
    """What all current sources share.

    Attributes
    ----------
    targets : list of ID
        Cells injected so far.
    """

    def __init__(self, **parameters: Any) -> None:
        state = simulator.state
        #: Cells injected so far.
        self.targets: list[ID] = []
        self._timestep = state.dt
        self._number = len(state.current_sources)
        self._registered_in = state.current_sources
        self._trial = state.segment_counter
        self._values: dict[str, Any] = {}
        self._history: list[tuple[int, dict[str, Any]]] = []
        self._recorded_from: int | None = None
        defaults = {name: _plain(value) for name, value in self.default_parameters.items()}
        self._change(defaults | self._accepted(parameters))
        state.current_sources.append(self)

    # --- parameters -----------------------------------------------------------------------

    def set_parameters(self, copy: bool = True, **parameters: Any) -> None:
        """Set parameters, from the current time on.

        Raises
        ------
        pyNN.errors.NonExistentParameterError, pyNN.errors.InvalidParameterValueError
        """
        self._require_current("set_parameters")
        self._change(self._values | self._accepted(parameters))

    def get_parameters(self) -> dict[str, Any]:
        """Return all parameters: dict of str to float, or float64 arrays for sequences."""
        return dict(self._values)

    def set_native_parameters(self, parameters: ParameterSpace) -> None:
        """Set parameters from a parameter space; native parameters are the standard ones."""
        self.set_parameters(**dict(parameters.items()))

    def get_native_parameters(self) -> ParameterSpace:
        """Return all parameters as a parameter space."""
        values = {n: Sequence(v) if np.ndim(v) else v for n, v in self._values.items()}
        return ParameterSpace(values, self.get_schema(), shape=(1,))

    @property
    def parameter_space(self) -> ParameterSpace:
        """All parameters as a parameter space."""
        return self.get_native_parameters()

    def __getattr__(self, name: str) -> Any:
        # called only for what is no ordinary attribute; copying asks before _values exists
        values = self.__dict__.get("_values", {})
        if name in values:
            return values[name]
        if name == "set":
            raise AttributeError(
                f"{type(self).__name__} has no method set(); assign to the parameter "
                "(source.amplitude = 0.5) or call set_parameters(amplitude=0.5)"
            )
        raise AttributeError(
            f"{type(self).__name__} has no parameter or attribute '{name}'; its parameters are "
            f"{', '.join(self.get_parameter_names())}"
        )

    def _accepted(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return given parameters as plain numbers and arrays."""
        try:
            space = ParameterSpace(parameters, self.get_schema(), (1,), type(self))
        except AssertionError as error:
            given = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
            raise errors.InvalidParameterValueError(
                f"{type(self).__name__}: {given}: {error or 'values must be real numbers'}"
            ) from error
        space.evaluate(simplify=True)
        return {name: _plain(value) for name, value in space.as_dict().items()}

    def _change(self, values: dict[str, Any]) -> None:
        """Check all parameter values and put them in force."""
        for name, value in values.items():
            if not np.isfinite(value).all():
                raise errors.InvalidParameterValueError(
                    f"{type(self).__name__}: {name} = {value}; give finite numbers"
                )
        values = self._validated(values)
        self._follow_reset()
        step = self._now()
        self._values.update(values)
        # a change at the same time replaces the one before
        self._history[:] = [entry for entry in self._history if entry[0] < step]
        if self._recorded_from is None:
            # what was in force two changes ago is past
            del self._history[:-1]
        self._history.append((step, dict(values)))

    def _validated(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return checked values; raises pyNN.errors.InvalidParameterValueError."""
        return values

    # --- injection ------------------------------------------------------------------------

    def inject_into(self, cells: Any, location: None = None) -> None:
        """Inject the current into cells.

        Parameters
        ----------
        cells : Population, PopulationView, Assembly, ID or list of ID
            Cells that have it already are passed over with a warning.
        location : None
            Cells of this backend are points.

        Raises
        ------
        TypeError
            If any of the cells is a spike source; then none is injected into.
        """
        self._require_current("inject_into")
        if location is not None:
            raise ValueError(
                f"{type(self).__name__}: location={location!r}, but cells of this backend are "
                "points; leave location out"
            )
        ids = _ids(cells)
        known = set(self.targets)
        new = [cell for cell in dict.fromkeys(ids) if cell not in known]
        if len(new) < len(ids):
            logger.warning(
                "%s: %d of %d cells receive this current already and do not receive it twice; "
                "use one source for each current to be added",
                type(self).__name__, len(ids) - len(new), len(ids),
            )  # fmt: skip
        self.targets.extend(new)

    # --- waveform -------------------------------------------------------------------------

    def changes(self, start_step: int, stop_step: int, dt: float) -> Waveform:
        """Return the current in the integration steps [start_step, stop_step).

        Parameters
        ----------
        start_step, stop_step : int
        dt : float, ms
            Time step.

        Returns
        -------
        steps : int64 (n,)
            Ascending, the first is `start_step`.
        values : float64 (n,), nA
            In force from the step on.

        Raises
        ------
        ValueError
            If the window begins before the change before the last one and the current is not
            recorded, or before the source was made.
        """
        self._follow_reset()
        known_from = self._history[0][0]
        if start_step < known_from:
            raise ValueError(
                f"{type(self).__name__}: the current is known from step {known_from} on, asked "
                f"for from {start_step}; sources that are not recorded forget past parameters"
            )
        ends = [step for step, _ in self._history[1:]] + [stop_step]
        parts = []
        for (begin, values), end in zip(self._history, ends, strict=True):
            first, last = max(begin, start_step), min(end, stop_step)
            if first < last:
                parts.append(self._waveform(first, last, dt, values))
        return waveforms.joined(parts)

    def _waveform(self, first: int, last: int, dt: float, values: dict[str, Any]) -> Waveform:
        raise NotImplementedError

    # --- recording ------------------------------------------------------------------------

    def record(self) -> None:
        """Record the current from now on; see `get_data`."""
        self._require_current("record")
        self._follow_reset()
        if self._recorded_from is None:
            self._recorded_from = self._now()

    def _get_data(self) -> tuple[np.ndarray, np.ndarray]:
        """Return times (ms) and currents (nA) from the begin of the recording until now."""
        self._require_current("get_data")
        self._follow_reset()
        if self._recorded_from is None:
            raise errors.NothingToWriteError(
                f"{type(self).__name__}: nothing was recorded; call record() before run()"
            )
        first, now = self._recorded_from, self._now()
        at = np.arange(first, now + 1, dtype=np.int64)
        steps, values = self.changes(first, now + 1, self._timestep)
        return np.round(at * self._timestep, 12), waveforms.in_force(steps, values, at)

    # --- state ----------------------------------------------------------------------------

    def _now(self) -> int:
        return int(waveforms.to_step(simulator.state.t, self._timestep))

    def _follow_reset(self) -> None:
        """Begin anew at step 0 if the simulation has been reset since the last call."""
        trial = simulator.state.segment_counter
        if trial != self._trial:
            self._trial = trial
            self._history[:] = [(0, dict(self._values))]
            if self._recorded_from is not None:
                self._recorded_from = 0

    def _require_current(self, action: str) -> None:
        if self._registered_in is not simulator.state.current_sources:
            raise RuntimeError(
                f"{type(self).__name__}.{action}: the source was made before the last setup() "
                "and belongs to no simulation any more; make it anew after setup()"
            )


class DCSource(_CurrentSource, electrodes.DCSource):
    """Constant current.

    Parameters
    ----------
    amplitude : float, nA
    start, stop : float, ms
        Rounded to the nearest time step; the current flows from `start` on until `stop`.
    """

    translations = identity_translations(electrodes.DCSource.default_parameters)

    def _waveform(self, first: int, last: int, dt: float, values: dict[str, Any]) -> Waveform:
        return waveforms.constant(first, last, dt, **values)


class ACSource(_CurrentSource, electrodes.ACSource):
    """Sinusoidal current ``offset + amplitude * sin(2 pi frequency (t - start) + phase)``.

    Parameters
    ----------
    amplitude, offset : float, nA
    frequency : float, Hz
    phase : float, degrees
        At `start`.
    start, stop : float, ms
        Rounded to the nearest time step; there is no current before `start` and from `stop` on.

    Notes
    -----
    Each time step has the value at its begin.
    """

    translations = identity_translations(electrodes.ACSource.default_parameters)

    def _waveform(self, first: int, last: int, dt: float, values: dict[str, Any]) -> Waveform:
        return waveforms.alternating(first, last, dt, **values)


class StepCurrentSource(_CurrentSource, electrodes.StepCurrentSource):
    """Current that changes at given times.

    Parameters
    ----------
    times : Sequence of float, ms, strictly ascending, >= 0
        Rounded to the nearest time step; of several that fall on one step the last one counts,
        and the others are dropped.
    amplitudes : Sequence of float, nA
        Value from each time on. The current is 0 before the first.
    """

    translations = identity_translations(electrodes.StepCurrentSource.default_parameters)

    def _validated(self, values: dict[str, Any]) -> dict[str, Any]:
        times, amplitudes = values["times"], values["amplitudes"]
        if len(times) != len(amplitudes):
            raise errors.InvalidParameterValueError(
                f"StepCurrentSource: {len(times)} times and {len(amplitudes)} amplitudes; give "
                "one amplitude for each time, both in one call of set_parameters()"
            )
        if (times < 0).any():
            raise errors.InvalidParameterValueError(
                f"StepCurrentSource: times[{int(np.argmax(times < 0))}] = {times.min():g} ms; "
                "times must not be negative"
            )
        falling = np.diff(times) <= 0
        if falling.any():
            i = int(np.argmax(falling))
            raise errors.InvalidParameterValueError(
                f"StepCurrentSource: times must ascend, but {times[i]:g} ms (entry {i}) is "
                f"followed by {times[i + 1]:g} ms; sort them"
            )
        steps = waveforms.to_step(times, self._timestep)
        final = np.append(np.diff(steps) > 0, True)[: len(steps)]
        return {
            "times": np.round(steps[final] * self._timestep, 12),
            "amplitudes": amplitudes[final],
        }

    def _waveform(self, first: int, last: int, dt: float, values: dict[str, Any]) -> Waveform:
        return waveforms.piecewise(first, last, dt, **values)


class NoisyCurrentSource(_CurrentSource, electrodes.NoisyCurrentSource):
    """Current drawn anew from a Gaussian distribution at fixed intervals.

    Parameters
    ----------
    mean, stdev : float, nA
        ``stdev >= 0``.
    dt : float, ms
        Time for which a value is held, a multiple of the time step and by default one step.
    start, stop : float, ms
        Rounded to the nearest time step; there is no current before `start` and from `stop` on.

    Notes
    -----
    The values depend on the seed given to ``setup()``, on how many current sources were made
    before this one, and on how often ``reset()`` was called.
    """

    translations = identity_translations(electrodes.NoisyCurrentSource.default_parameters)

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**{"dt": simulator.state.dt} | parameters)

    def _validated(self, values: dict[str, Any]) -> dict[str, Any]:
        if values["stdev"] < 0:
            raise errors.InvalidParameterValueError(
                f"NoisyCurrentSource: stdev = {values['stdev']:g} nA must not be negative"
            )
        steps = values["dt"] / self._timestep
        if round(steps) < 1 or not np.isclose(steps, round(steps), rtol=0, atol=1e-6):
            raise errors.InvalidParameterValueError(
                f"NoisyCurrentSource: dt = {values['dt']:g} ms must be a multiple of the time "
                f"step {self._timestep:g} ms"
            )
        return values

    def _waveform(self, first: int, last: int, dt: float, values: dict[str, Any]) -> Waveform:
        settings = {name: value for name, value in values.items() if name != "dt"}
        hold = round(values["dt"] / self._timestep)
        seed = (simulator.state.rng_seed, self._number, self._trial)
        return waveforms.noise(first, last, dt, hold=hold, seed=seed, **settings)


def _plain(value: Any) -> float | np.ndarray:
    """Return a parameter value as a float, or a float64 array for a sequence."""
    if isinstance(value, Sequence):
        array = np.array(value.value, np.float64)
        array.flags.writeable = False
        return array
    return float(np.asarray(value, np.float64).item())


def _ids(cells: Any) -> list[ID]:
    """Return the cells as a list of IDs; raises TypeError if one is a spike source."""
    if isinstance(cells, IDMixin):
        cells = [cells]
    if isinstance(cells, Assembly):
        return [cell for population in cells.populations for cell in _ids(population)]
    if isinstance(cells, BasePopulation):
        owners, ids = [cells], list(cells.all_cells)
    else:
        ids = list(cells) if np.iterable(cells) else [cells]
        for cell in ids:
            if not isinstance(cell, IDMixin):
                raise TypeError(
                    f"inject_into: {cell!r} is not a cell; give a population, a view, an "
                    "assembly, or a list of cells"
                )
        owners = [cell.parent for cell in ids]
    for owner in owners:
        owner.root.require_current("inject_into")
        if not owner.celltype.injectable:
            raise TypeError(
                f"{owner.label}: no current can be injected into a spike source "
                f"({type(owner.celltype).__name__})"
            )
    return ids
