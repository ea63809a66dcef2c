"""Biological quantities and those of the chip, both ways.

Numerically ms and µs, nF and pF stand for each other: the chip is 1000 times faster, and its
capacitances are about as much smaller. What remains is, for each neuron,

* an affine map of voltages, one for each population: ``chip mV = gain * mV + offset``;
* a gain of conductances, the ratio of the membrane capacitances, so that time constants stay;
* a gain of currents, the product of both gains.

On a chip with exact parameters all of them are the identity, without rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.records import LINES, Circuits, Variable, frozen_array

from .errors import ParameterError
from .network import ADEX_PARAMETERS, LIF_PARAMETERS, Network, Population

__all__ = [
    "Asked",
    "Scaling",
    "exact_circuits",
    "gather",
    "realised",
    "refractory_steps",
    "refuse_parameter",
]

#: Values of parameters that a neuron does not have; they switch the term off.
_NEUTRAL = {"v_spike": 0.0, "delta_T": 0.0, "tau_w": 1.0, "a": 0.0, "b": 0.0}

#: A refractory period closer than this to whole time steps, in steps, is on the grid.
_SAME = 1e-6


@frozen
class Scaling:
    """How biological values of each neuron become values of the chip.

    Attributes
    ----------
    voltage_gain, voltage_offset : float64 (n_neurons,), 1 and mV
    conductance_gain : float64 (n_neurons,), µS on the chip for 1 µS
    conductance_based : bool (n_neurons,)
        Whether the state of the input lines is a conductance.
    identity : bool
        Both sides are the same; nothing is computed then.
    """

    voltage_gain: np.ndarray
    voltage_offset: np.ndarray
    conductance_gain: np.ndarray
    conductance_based: np.ndarray
    identity: bool = False

    def __post_init__(self) -> None:
        for name in ("voltage_gain", "voltage_offset", "conductance_gain"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))

    @classmethod
    def exact(cls, conductance_based: np.ndarray) -> Scaling:
        """The identity."""
        n = len(conductance_based)
        return cls(np.ones(n), np.zeros(n), np.ones(n), conductance_based, identity=True)

    def __len__(self) -> int:
        return len(self.voltage_gain)

    def current_gain(self, neuron: np.ndarray | slice | int) -> np.ndarray:
        """The nA on the chip that stand for 1 nA: float64, shape of `neuron`."""
        return self.voltage_gain[neuron] * self.conductance_gain[neuron]

    def line_gain(self, neuron: np.ndarray | slice | int) -> np.ndarray:
        """The gain of the state of input lines: of conductances or of currents."""
        return np.where(
            self.conductance_based[neuron], self.conductance_gain[neuron], self.current_gain(neuron)
        )

    def to_chip(
        self, variable: Variable, neuron: np.ndarray | slice | int, values: ArrayLike
    ) -> np.ndarray:
        """Translate biological values to the chip.

        Parameters
        ----------
        variable : Variable
        neuron : int array or int
            The neurons; along the last axis of `values`.
        values : float64 (..., number of neurons), mV, nA or µS
        """
        values = np.asarray(values, np.float64)
        if self.identity:
            return values
        if variable == Variable.V:
            return values * self.voltage_gain[neuron] + self.voltage_offset[neuron]
        return values * self._gain(variable, neuron)

    def to_biology(
        self,
        variable: Variable,
        neuron: np.ndarray | slice | int,
        values: ArrayLike,
        out: np.ndarray | None = None,
    ) -> np.ndarray:
        """Translate values of the chip to biological ones: the inverse of `to_chip`.

        `out`, which may be `values`, is room for the result.
        """
        values = np.asarray(values, np.float64)
        if self.identity:
            return values
        if variable == Variable.V:
            values = np.subtract(values, self.voltage_offset[neuron], out=out)
            return np.divide(values, self.voltage_gain[neuron], out=out)
        return np.divide(values, self._gain(variable, neuron), out=out)

    def _gain(self, variable: Variable, neuron: np.ndarray | slice | int) -> np.ndarray:
        return self.current_gain(neuron) if variable == Variable.W else self.line_gain(neuron)

    def rescaling(self, old: Scaling) -> dict[str, Any]:
        """What turns a state in the units of `old` into one in these units.

        Returns
        -------
        dict
            ``v_old_to_new`` = (gain, offset), ``line_gain`` float64 (2, n) and ``w_gain``
            float64 (n,) for the first ``n = len(old)`` neurons.
        """
        here = slice(0, len(old))
        gain = self.voltage_gain[here] / old.voltage_gain
        line = self.line_gain(here) / old.line_gain(slice(None))
        return {
            "v_old_to_new": (gain, self.voltage_offset[here] - gain * old.voltage_offset),
            "line_gain": np.broadcast_to(line, (LINES, len(old))),
            "w_gain": self.current_gain(here) / old.current_gain(slice(None)),
        }

    def same_as(self, old: Scaling) -> bool:
        """Whether a state in the units of `old` keeps its meaning."""
        here = slice(0, len(old))
        return len(old) <= len(self) and all(
            np.array_equal(getattr(self, name)[here], getattr(old, name))
            for name in ("voltage_gain", "voltage_offset", "conductance_gain", "conductance_based")
        )


@frozen
class Asked:
    """The parameters of all neurons in arrays over the network, in biological units.

    Attributes
    ----------
    values : dict of str to float64 (n_neurons,)
        `LIF_PARAMETERS` and `ADEX_PARAMETERS`, neutral where a neuron has none.
    tau_syn, e_rev : float64 (2, n_neurons)
    adex, conductance_based : bool (n_neurons,)
    """

    values: dict[str, np.ndarray]
    tau_syn: np.ndarray
    e_rev: np.ndarray
    adex: np.ndarray
    conductance_based: np.ndarray

    @property
    def onset(self) -> np.ndarray:
        """Whether the exponential term is there: bool (n_neurons,)."""
        return self.adex & (self.values["delta_T"] > 0)

    @property
    def detection(self) -> np.ndarray:
        """Potential at which a spike is registered: float64 (n_neurons,), mV.

        `v_spike` where there is an exponential term. Without one, ``delta_T == 0``, the membrane
        would not leave `v_thresh` behind by itself, and `v_thresh` is where it spikes.
        """
        return np.where(self.onset, self.values["v_spike"], self.values["v_thresh"])


def gather(network: Network) -> Asked:
    """Join the parameters of all populations.

    Raises
    ------
    ParameterError
        A parameter is missing, has another size, is not finite, or reset lies above threshold.
    """
    populations = network.populations
    values = {
        name: _join([_parameter(p, name) for p in populations])
        for name in (*LIF_PARAMETERS, *ADEX_PARAMETERS)
    }
    sizes = np.array([p.size for p in populations], np.int64)
    asked = Asked(
        values,
        _join([_lines(p, "tau_syn") for p in populations], LINES),
        _join([_lines(p, "e_rev") for p in populations], LINES),
        np.repeat(np.array([p.adex for p in populations], bool), sizes),
        np.repeat(np.array([p.conductance_based for p in populations], bool), sizes),
    )
    _check(network, asked)
    return asked


def _join(parts: list[np.ndarray], lines: int = 0) -> np.ndarray:
    if not parts:
        return np.empty((lines, 0) if lines else 0)
    return np.concatenate(parts, axis=-1)


def _parameter(population: Population, name: str) -> np.ndarray:
    if name not in population.parameters:
        if name in LIF_PARAMETERS or population.adex:
            raise ParameterError(f"{population.label}: parameter {name} is missing")
        return np.full(population.size, _NEUTRAL[name])
    values = np.asarray(population.parameters[name], np.float64)
    if values.shape != (population.size,):
        raise ParameterError(
            f"{population.label}: {name} has shape {values.shape}, ({population.size},) is needed"
        )
    return values


def _lines(population: Population, name: str) -> np.ndarray:
    values = np.asarray(getattr(population, name), np.float64)
    if values.shape != (LINES, population.size):
        raise ParameterError(
            f"{population.label}: {name} has shape {values.shape}, "
            f"({LINES}, {population.size}) is needed"
        )
    return values


def _check(network: Network, asked: Asked) -> None:
    named = [*asked.values.items(), ("tau_syn", asked.tau_syn), ("e_rev", asked.e_rev)]
    for name, values in named:
        refuse_parameter(network, ~np.isfinite(values), name, values, "a finite number is needed")
    for name, values in named:
        if name in ("cm", "tau_m", "tau_syn", "tau_w"):
            refuse_parameter(network, values <= 0, name, values, "it must be positive")
        if name in ("tau_refrac", "delta_T"):
            refuse_parameter(network, values < 0, name, values, "it must not be negative")
    reset = asked.values["v_reset"]
    refuse_parameter(
        network, reset >= asked.detection, "v_reset", reset, "it must lie below the threshold"
    )


def refuse_parameter(
    network: Network, bad: np.ndarray, name: str, values: np.ndarray, why: str
) -> None:
    """Raise ParameterError for the first value where `bad`, naming population and index.

    Parameters
    ----------
    bad : bool (..., n_neurons)
    values : float64 like `bad`
    """
    if not bad.any():
        return
    where = np.argwhere(bad)[0]
    first = network.first_neuron
    k = int(np.searchsorted(first, where[-1], side="right")) - 1
    raise ParameterError(
        f"{network.populations[k].label}: {name} = {values[tuple(where)]:g} at index "
        f"{where[-1] - first[k]}; {why}"
    )


def refractory_steps(tau: np.ndarray, timestep: float) -> np.ndarray:
    """Refractory periods in time steps, to the nearest: int32 like `tau`."""
    return np.rint(tau / timestep).astype(np.int32)


def exact_circuits(asked: Asked, timestep: float) -> Circuits:
    """The circuits of a chip that has just the parameters asked for."""
    value = asked.values
    return Circuits(
        adex=asked.adex,
        conductance_based=asked.conductance_based,
        c_m=value["cm"],
        g_leak=value["cm"] / value["tau_m"],
        e_leak=value["v_rest"],
        v_reset=value["v_reset"],
        v_thresh=asked.detection,
        refractory_steps=refractory_steps(value["tau_refrac"], timestep),
        i_offset=value["i_offset"],
        tau_syn=asked.tau_syn,
        e_rev=asked.e_rev,
        delta_t=value["delta_T"],
        v_exp=value["v_thresh"],
        tau_w=value["tau_w"],
        a=value["a"],
        b=value["b"],
    )


def realised(
    asked: Asked, circuits: Circuits, scaling: Scaling, timestep: float
) -> dict[str, np.ndarray]:
    """The parameters that `circuits` stand for, in biological units.

    Parameters
    ----------
    asked : Asked
        Taken over where a parameter has no counterpart on the chip, e.g. `v_spike` of a neuron
        without exponential term, and where the chip is exact.

    A circuit whose capacitance deviates is described by the equivalent one that has the capacitance
    asked for: only ratios to it show in a membrane.

    Returns
    -------
    dict of str to float64
        Shape (n_neurons,), ``tau_syn`` and ``e_rev`` (2, n_neurons).
    """
    tau = asked.values["tau_refrac"]
    on_grid = np.abs(tau / timestep - circuits.refractory_steps) < _SAME
    refractory = np.where(on_grid, tau, circuits.refractory_steps * timestep)
    exact = {**asked.values, "tau_syn": asked.tau_syn, "e_rev": asked.e_rev}
    if scaling.identity:
        return {**exact, "tau_refrac": refractory}
    everyone = slice(None)

    def volts(values: np.ndarray) -> np.ndarray:
        return scaling.to_biology(Variable.V, everyone, values)

    conductance, current = scaling.conductance_gain, scaling.current_gain(everyone)
    # 1, but for rounding, where capacitances do not deviate
    ratio = conductance * asked.values["cm"] / circuits.c_m
    ratio = np.where(np.abs(ratio - 1) < _SAME, 1.0, ratio)
    detection = volts(circuits.v_thresh)
    return {
        "cm": asked.values["cm"],  # by the choice of the gains
        "tau_m": circuits.c_m / circuits.g_leak,
        "v_rest": volts(circuits.e_leak),
        "v_thresh": np.where(asked.onset, volts(circuits.v_exp), detection),
        "v_reset": volts(circuits.v_reset),
        "tau_refrac": refractory,
        "i_offset": circuits.i_offset * ratio / current,
        "v_spike": np.where(asked.onset, detection, asked.values["v_spike"]),
        "delta_T": circuits.delta_t / scaling.voltage_gain,
        "tau_w": np.where(asked.adex, circuits.tau_w, asked.values["tau_w"]),
        "a": circuits.a * ratio / conductance,
        "b": circuits.b * ratio / current,
        "tau_syn": circuits.tau_syn,
        "e_rev": np.where(asked.conductance_based, volts(circuits.e_rev), asked.e_rev),
    }
