"""The records that enter and leave the emulator.

Frozen dataclasses of C-contiguous, read-only NumPy arrays. The emulator integrates what stands in
them and knows nothing else. Units are those of :mod:`pynn_bss2sim._core`: µs, mV, pF, µS, nA.

Index spaces
------------
*neuron*
    ``0 .. n_neurons - 1``: one entry for each logical neuron on any chip.
*source*
    ``0 .. n_neurons - 1`` are the neurons, ``n_neurons .. n_sources - 1`` the external inputs.
*line*
    each neuron has two synaptic input lines, 0 and 1.
*step*
    integer multiples of the time step; state ``n`` is the state at time ``n * timestep``.
"""

from __future__ import annotations

import enum
from dataclasses import field, fields
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from pynn_bss2sim._core.checks import converted
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.ordering import stable_order

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from pynn_bss2sim._core.links import Traffic

__all__ = [
    "LINES",
    "Activity",
    "Circuits",
    "CurrentInputs",
    "InputEvents",
    "Probe",
    "Status",
    "SynapseTable",
    "Variable",
]

#: Synaptic input lines of one neuron circuit: excitatory and inhibitory.
LINES = 2


class Variable(enum.IntEnum):
    """What a probe observes."""

    V = 0  #: membrane potential (mV)
    W = 1  #: adaptation current (nA)
    LINE0 = 2  #: state of line 0: current (nA) or conductance (µS)
    LINE1 = 3  #: state of line 1


class Status(enum.IntEnum):
    """How a run ended."""

    DONE = 0
    INTERRUPTED = 1  #: Ctrl-C; everything up to ``Activity.stop_step`` is valid
    NON_FINITE = 2  #: a state variable became NaN or infinite, see ``Activity.culprit``


def frozen_array(
    value: ArrayLike, dtype: DTypeLike, shape: tuple[int, ...] | None = None, name: str = "array"
) -> np.ndarray:
    """Return `value` as a read-only C-contiguous array of `dtype`, copied if it had to change.

    Raises
    ------
    ValueError
        If `shape` is given and differs (-1 stands for any length), or if a value does not
        survive the conversion to `dtype`.
    """
    given = np.asarray(value)
    if given.dtype == dtype and given.flags.c_contiguous and not given.flags.writeable:
        array = given
    else:
        array = converted(name, given, dtype)
    if shape not in (None, array.shape) and (
        array.ndim != len(shape)
        or any(want not in (-1, got) for want, got in zip(shape, array.shape, strict=True))
    ):
        raise ValueError(f"{name}: shape {array.shape} where {shape} is needed")
    array.flags.writeable = False
    return array


def _freeze(record: DataclassInstance, n: int) -> None:
    """Freeze every array field of `record`; metadata gives its dtype and shape ("n" = `n`)."""
    for f in fields(record):
        if "dtype" not in f.metadata:
            continue
        shape = tuple(n if s == "n" else s for s in f.metadata["shape"])
        value = getattr(record, f.name)
        if "default" in f.metadata and np.ndim(value) == 0:
            value = np.full(shape, value)
        array = frozen_array(value, f.metadata["dtype"], shape, f.name)
        object.__setattr__(record, f.name, array)


def _array(dtype: type, *shape: int | str, unit: str = "1", doc: str = "") -> Any:
    return field(metadata={"dtype": dtype, "shape": shape, "unit": unit, "doc": doc})


def _silicon(
    default: float, *shape: int | str, unit: str, doc: str, dtype: type = np.float64
) -> Any:
    """A column of `Circuits` that may be left out; `default` is what an ideal circuit has."""
    return field(
        default=default,
        metadata={"dtype": dtype, "shape": shape, "unit": unit, "doc": doc, "default": default},
    )


@frozen
class Circuits:
    """The physical quantities of the neuron circuits, one entry for each neuron.

    The equations, for a neuron with conductance-based lines (``conductance_based``)::

        c_m dV/dt = g_leak (e_leak - V) + g_leak delta_t exp((V - v_exp) / delta_t) - w
                    + i_offset + i_injected + sum_l g_l (e_rev_l - V)
        tau_w dw/dt = a (V - e_leak) - w
        dg_l/dt = -g_l / tau_syn_l

    With current-based lines the sum is ``sum_l i_l``. Where ``adex`` is False there is neither
    exponential term nor adaptation. A spike is registered at the end of the first step in which
    ``V >= v_thresh``; then ``V`` is held at ``v_reset`` for ``refractory_steps`` steps and, with
    `adex`, ``w`` grows by ``b``.

    The columns from `leak_limit` on say how the circuit departs from these equations; they may be
    left out, or one number may stand for all neurons, and by default there is no departure. With
    ``sat(x) = y - 4/27 y**3``, where y is x clipped to +-1.5 (slope 1 at 0, at most 1):

    * the leak current is ``leak_limit sat(g_leak (e_leak - V) / leak_limit)``;
    * ``line_limit sat(line / line_limit)`` of a line's current or conductance reaches the membrane;
    * with ``tau_reset > 0`` a spike does not set V: while held, V relaxes to `v_reset` with this
      time constant; a neuron that is still at threshold when the hold ends spikes again at once;
    * for `holdoff_steps` after it was held, a neuron is free and does not spike;
    * V never leaves ``[v_floor, v_ceiling]``;
    * white current noise: alone it would give a membrane with its leak, or a line with its decay,
      the standard deviation `sigma_v` or `sigma_line`; none acts on a neuron held at reset;
    * with `single_precision` the quantities are known to a few digits: lines, membranes of
      current-based LIF, and of other variables what a step changes may be computed in single
      precision, as they are in circuits that depart from the equations;
    * the threshold in force is `v_thresh` plus a normal number times `sigma_thresh`, drawn after
      each spike; in each trial `e_leak` is shifted by a normal number times `sigma_trial`.
    """

    adex: np.ndarray = _array(np.bool_, "n", doc="exponential term and adaptation are connected")
    conductance_based: np.ndarray = _array(np.bool_, "n", doc="COBA input lines instead of CUBA")
    c_m: np.ndarray = _array(np.float64, "n", unit="pF", doc="membrane capacitance, > 0")
    g_leak: np.ndarray = _array(np.float64, "n", unit="uS", doc="leak conductance, > 0")
    e_leak: np.ndarray = _array(np.float64, "n", unit="mV", doc="leak potential")
    v_reset: np.ndarray = _array(np.float64, "n", unit="mV", doc="reset potential")
    v_thresh: np.ndarray = _array(np.float64, "n", unit="mV", doc="spike detection threshold")
    refractory_steps: np.ndarray = _array(np.int32, "n", doc="steps at reset after a spike, >= 0")
    i_offset: np.ndarray = _array(np.float64, "n", unit="nA", doc="constant membrane current")
    tau_syn: np.ndarray = _array(np.float64, LINES, "n", unit="us", doc="line time constants, > 0")
    e_rev: np.ndarray = _array(np.float64, LINES, "n", unit="mV", doc="reversal (COBA only)")
    delta_t: np.ndarray = _array(np.float64, "n", unit="mV", doc="slope factor; 0 = no exponential")
    v_exp: np.ndarray = _array(np.float64, "n", unit="mV", doc="onset of the exponential term")
    tau_w: np.ndarray = _array(np.float64, "n", unit="us", doc="adaptation time constant, > 0")
    a: np.ndarray = _array(np.float64, "n", unit="uS", doc="subthreshold adaptation")
    b: np.ndarray = _array(np.float64, "n", unit="nA", doc="spike-triggered adaptation")
    leak_limit: np.ndarray = _silicon(np.inf, "n", unit="nA", doc="largest leak current, > 0")
    line_limit: np.ndarray = _silicon(
        np.inf, LINES, "n", unit="nA or uS", doc="most of a line's state that takes effect, > 0"
    )
    tau_reset: np.ndarray = _silicon(0.0, "n", unit="us", doc="reset time constant; 0 = jump")
    holdoff_steps: np.ndarray = _silicon(
        0, "n", unit="1", doc="steps behind those at reset without a spike, >= 0", dtype=np.int32
    )
    v_floor: np.ndarray = _silicon(-np.inf, "n", unit="mV", doc="lowest membrane potential")
    v_ceiling: np.ndarray = _silicon(np.inf, "n", unit="mV", doc="highest membrane potential")
    sigma_v: np.ndarray = _silicon(0.0, "n", unit="mV", doc="noise of the free membrane")
    sigma_line: np.ndarray = _silicon(
        0.0, LINES, "n", unit="nA or uS", doc="noise of the free line"
    )
    sigma_thresh: np.ndarray = _silicon(0.0, "n", unit="mV", doc="from one spike to the next")
    sigma_trial: np.ndarray = _silicon(0.0, "n", unit="mV", doc="of e_leak, between trials")
    single_precision: np.ndarray = _silicon(
        False, "n", unit="1", doc="known to a few digits", dtype=np.bool_
    )

    def __post_init__(self) -> None:
        _freeze(self, len(self.c_m))
        self.validate()

    def __len__(self) -> int:
        return len(self.c_m)

    def validate(self) -> None:
        """Raise ValueError, naming field and index, where a value has no physical meaning."""
        for f in fields(self):
            values = getattr(self, f.name)
            # limits may be infinite, as they are by default
            limit = np.isinf(f.metadata.get("default", 0.0))
            bad = np.isnan(values) if limit else ~np.isfinite(values)
            if bad.any():
                raise ValueError(f"Circuits.{f.name}: not finite at {_first(bad)}")
        for name in ("c_m", "g_leak", "tau_syn", "tau_w", "leak_limit", "line_limit"):
            _refuse(f"Circuits.{name} must be positive, is not", getattr(self, name) <= 0)
        for name in ("delta_t", "refractory_steps", "holdoff_steps", "tau_reset", "sigma_v",
                     "sigma_line", "sigma_thresh", "sigma_trial"):  # fmt: skip
            _refuse(f"Circuits.{name} must not be negative, is", getattr(self, name) < 0)
        # where the reset takes its time, a chip may have such a circuit: it fires without end
        _refuse(
            "Circuits.v_reset must lie below v_thresh, does not",
            (self.v_reset >= self.v_thresh) & (self.tau_reset == 0),
        )
        _refuse(
            "Circuits.v_floor must lie below v_ceiling, does not", self.v_floor >= self.v_ceiling
        )
        _refuse(
            "Circuits.refractory_steps: a reset with a time constant (tau_reset) needs at least "
            "one time step; use a shorter time step or a longer refractory period; is 0",
            (self.tau_reset > 0) & (self.refractory_steps < 1),
        )


@frozen
class SynapseTable:
    """Who reaches whom: synapses sorted by source (compressed rows).

    ``indptr[s]:indptr[s + 1]`` are the synapses of source ``s``. A spike of the source at step
    ``n`` adds ``amplitude`` to its line at step ``n + delay``, in the order of the table.
    """

    n_neurons: int
    indptr: np.ndarray = _array(np.int64, -1, doc="n_sources + 1 ascending offsets")
    target: np.ndarray = _array(np.int32, "n", doc="neuron")
    line: np.ndarray = _array(np.uint8, "n", doc="0 or 1")
    amplitude: np.ndarray = _array(np.float64, "n", unit="nA or uS", doc="step of the line's state")
    delay: np.ndarray = _array(np.int32, "n", doc="steps, >= 1")

    def __post_init__(self) -> None:
        _freeze(self, len(self.target))
        self.validate()

    def __len__(self) -> int:
        return len(self.target)

    @property
    def n_sources(self) -> int:
        """Neurons and external inputs."""
        return len(self.indptr) - 1

    def validate(self) -> None:
        """Raise ValueError where the table would lead out of its index spaces."""
        indptr = self.indptr
        if (
            len(indptr) < 1
            or indptr[0] != 0
            or indptr[-1] != len(self)
            or (np.diff(indptr) < 0).any()
        ):
            raise ValueError("SynapseTable.indptr: must ascend from 0 to the number of synapses")
        if self.n_neurons < 0 or self.n_sources < self.n_neurons:
            raise ValueError("SynapseTable: fewer sources than neurons")
        for name, low, high in (
            ("target", 0, self.n_neurons),
            ("line", 0, LINES),
            ("delay", 1, np.iinfo(np.int32).max),
        ):
            values = getattr(self, name)
            bad = (values < low) | (values >= high)
            if bad.any():
                raise ValueError(f"SynapseTable.{name}: outside [{low}, {high}) at {_first(bad)}")
        if not np.isfinite(self.amplitude).all():
            raise ValueError(
                f"SynapseTable.amplitude: not finite at {_first(~np.isfinite(self.amplitude))}"
            )

    @classmethod
    def from_pairs(
        cls,
        n_neurons: int,
        n_sources: int,
        source: ArrayLike,
        target: ArrayLike,
        line: ArrayLike,
        amplitude: ArrayLike,
        delay: ArrayLike,
    ) -> SynapseTable:
        """Sort synapses given in any order by source (stable) into a table."""
        source = frozen_array(source, np.int64, (-1,), "SynapseTable.source")
        if len(source) and (source.min() < 0 or source.max() >= n_sources):
            raise ValueError(f"SynapseTable: a source lies outside [0, {n_sources})")
        indptr = np.zeros(n_sources + 1, np.int64)
        np.cumsum(np.bincount(source, minlength=n_sources), out=indptr[1:])
        columns = [np.asarray(column) for column in (target, line, amplitude, delay)]
        if (source[1:] < source[:-1]).any():
            order = stable_order(source)
            columns = [column[order] for column in columns]
        return cls(n_neurons, indptr, *columns)


@frozen
class InputEvents:
    """Spikes of the external inputs, sorted by step."""

    step: np.ndarray = _array(np.int64, "n", doc="ascending")
    source: np.ndarray = _array(np.int32, "n", doc="external input, 0 .. n_sources - n_neurons - 1")

    def __post_init__(self) -> None:
        _freeze(self, len(self.step))
        if (np.diff(self.step) < 0).any():
            raise ValueError("InputEvents.step: must ascend")

    def __len__(self) -> int:
        return len(self.step)

    @classmethod
    @cache
    def none(cls) -> InputEvents:
        """No events."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int32))


@frozen
class CurrentInputs:
    """Piecewise constant currents injected into membranes.

    Source ``k`` carries ``change_value`` from ``change_step`` on (it acts on the integration from
    that step to the next) until its next change; it begins at ``initial[k]``. It flows into every
    neuron of ``target[indptr[k]:indptr[k + 1]]``, multiplied by ``gain`` there.
    """

    initial: np.ndarray = _array(np.float64, -1, unit="nA", doc="value at the begin of the run")
    indptr: np.ndarray = _array(np.int64, -1, doc="number of sources + 1")
    target: np.ndarray = _array(np.int32, -1, doc="neuron")
    gain: np.ndarray = _array(np.float64, -1, doc="same length as target")
    change_step: np.ndarray = _array(np.int64, "n", doc="ascending")
    change_source: np.ndarray = _array(np.int32, "n", doc="current source")
    change_value: np.ndarray = _array(np.float64, "n", unit="nA", doc="new value")

    def __post_init__(self) -> None:
        _freeze(self, len(self.change_step))
        n_sources = len(self.initial)
        if (
            len(self.indptr) != n_sources + 1
            or self.indptr[0] != 0
            or self.indptr[-1] != len(self.target)
            or (np.diff(self.indptr) < 0).any()
        ):
            raise ValueError("CurrentInputs.indptr: must ascend from 0 to the number of targets")
        if len(self.gain) != len(self.target):
            raise ValueError("CurrentInputs.gain: one value for each target is needed")
        if (np.diff(self.change_step) < 0).any():
            raise ValueError("CurrentInputs.change_step: must ascend")
        bad = (self.change_source < 0) | (self.change_source >= n_sources)
        if bad.any():
            raise ValueError(f"CurrentInputs.change_source: no such source at {_first(bad)}")
        if not (
            np.isfinite(self.change_value).all()
            and np.isfinite(self.initial).all()
            and np.isfinite(self.gain).all()
        ):
            raise ValueError("CurrentInputs: a current is not finite")

    @property
    def n_sources(self) -> int:
        """Number of current sources."""
        return len(self.initial)

    @classmethod
    @cache
    def none(cls) -> CurrentInputs:
        """No currents."""
        return cls(
            np.empty(0),
            np.zeros(1, np.int64),
            np.empty(0, np.int32),
            np.empty(0),
            np.empty(0, np.int64),
            np.empty(0, np.int32),
            np.empty(0),
        )


@frozen
class Probe:
    """Observe one variable of some neurons, noise-free, at every ``interval``-th step."""

    variable: Variable
    neuron: np.ndarray = _array(np.int32, "n", doc="columns of the samples, in this order")
    interval: int = 1

    def __post_init__(self) -> None:
        _freeze(self, len(self.neuron))
        object.__setattr__(self, "variable", Variable(self.variable))
        if self.interval < 1:
            raise ValueError(f"Probe.interval: {self.interval} steps, at least 1 is needed")


@frozen
class Activity:
    """What one run of the emulator produced.

    Attributes
    ----------
    start_step, stop_step : int
        The run went from the state at `start_step` to the state at `stop_step`.
    status : Status
    culprit : int
        With ``Status.NON_FINITE``, the neuron whose state left the finite numbers, else -1.
    spike_step : int64 (n,)
        Ascending; a spike registered at the end of the integration to that step.
    spike_neuron : int32 (n,)
        Ascending within one step. Only neurons asked for.
    samples : tuple of float64 (k, m)
        One array for each probe: row = multiple of its interval in (start_step, stop_step].
    traffic : links.Traffic or None
        What passed the links; None where links limit nothing.
    """

    start_step: int
    stop_step: int
    status: Status
    culprit: int
    spike_step: np.ndarray
    spike_neuron: np.ndarray
    samples: tuple[np.ndarray, ...]
    traffic: Traffic | None = None


def _refuse(complaint: str, bad: np.ndarray) -> None:
    """Raise ValueError with `complaint` and the index of the first True of `bad`, if any."""
    if bad.any():
        raise ValueError(f"{complaint} at {_first(bad)}")


def _first(bad: np.ndarray) -> int | tuple[int, ...]:
    """Index of the first True, for a message."""
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    return index[0] if len(index) == 1 else index
