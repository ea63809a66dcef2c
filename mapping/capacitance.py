"""How large the membrane capacitance of each neuron is.

A large capacitance has little noise, and is what a nominal chip gets. On a particular chip it can
be too large: in a model with a given time constant, conductances and currents grow with it, and the
amplifiers of the input lines and of the reset can do only so much. The capacitance is then made as
small as they demand, but not smaller than leak and adaptation can follow: their conductances shrink
with it, down to where one code is worth too much.
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.records import LINES

from .characteristics import Characteristics, Law
from .place import Placement
from .resets import shortest_hold
from .translate import Asked, Scaling
from .weights import Joined, largest

__all__ = ["Membranes", "line_demand", "strongest_step", "wanted"]

#: Rate of all inputs for which the lines are dimensioned, 1/ms: the mapping cannot know it, and a
#: balanced network fires at some 10 Hz.
_RATE = 0.02
#: Standard deviations above the mean that a line still carries.
_DEVIATIONS = 2.0
#: A line carries so many times what comes at once: of that, ``sat`` takes 4 %.
_HEADROOM = 2.0
#: A reversal potential counts as at least this far away, mV.
_NEAR = 1.0
#: For a faster reset alone, the capacitance is at most halved: noise grows by the root of it, and a
#: longer refractory time disturbs less than twice the noise.
_QUIET = 0.5
#: Part of the circuits whose leak may need a larger capacitance than is foreseen.
_FEW = 0.1
#: One code of the subthreshold adaptation may be worth this part of the leak conductance.
_ADAPTATION_CODE = 0.25


def line_demand(joined: Joined, asked: Asked) -> np.ndarray:
    """How much the amplifier of each input line should carry: float64 (2 * n_neurons,), nA or µS.

    The mean of independent inputs and two standard deviations more (Campbell's theorem, for
    exponentially decaying synapses), or with some headroom what may come at once: the strongest
    input, or a volley of all inputs, of which no more counts than makes a neuron fire.

    Parameters
    ----------
    joined : Joined
    asked : Asked
    """
    tau = asked.tau_syn.T.ravel()
    strength = np.abs(joined.weight)
    if joined.reach is not None:
        strength = np.maximum(strength, np.abs(joined.reach))
    total = np.bincount(joined.slot, strength, len(tau))
    variance = np.bincount(joined.slot, strength**2, len(tau)) * _RATE * tau / 2
    strongest = largest(joined, strength, len(tau) // LINES)
    sudden = np.maximum(strongest, np.minimum(total, _decisive(asked)))
    mean = total * _RATE * tau
    return np.maximum(mean + _DEVIATIONS * np.sqrt(variance), _HEADROOM * sudden)


def _decisive(asked: Asked) -> np.ndarray:
    """State of each input line that makes a neuron fire: float64 (2 * n_neurons,), nA or µS.

    It lifts the membrane from rest or reset to the threshold within the time constant of the line;
    inhibition has to hold against as much. A conductance does so at the mean distance from its
    reversal potential.
    """
    values = asked.values
    low = np.minimum(values["v_rest"], values["v_reset"])
    way = values["v_thresh"] - low
    current = values["cm"] * way * (1 / asked.tau_syn + 1 / values["tau_m"])
    distance = np.abs(asked.e_rev - (low + way / 2))
    driving = np.where(asked.conductance_based, np.maximum(distance, _NEAR), 1.0)
    return (current / driving).T.ravel()


def strongest_step(conductance_based: np.ndarray) -> np.ndarray:
    """What one weight code is worth at most on a nominal chip: float64, nA or µS.

    Parameters
    ----------
    conductance_based : bool
        Kind of each input line.
    """
    current = curves.CURRENT_STEP * chip.GM_MAX
    conductance = curves.CONDUCTANCE_STEP * chip.GM_MAX * chip.ANALOG_MAX
    return np.where(conductance_based, conductance, current)


def wanted(
    asked: Asked, demand: np.ndarray, voltage_gain: np.ndarray, count: np.ndarray
) -> np.ndarray:
    """The largest capacitance with which lines and reset do what is asked for: float64 (n,), pF.

    Parameters
    ----------
    demand : float64 (2 * n_neurons,), nA or µS
        See `line_demand`.
    voltage_gain : float64 (n_neurons,)
        From biological voltages to those of the chip.
    count : int64 (n_neurons,)
        Circuits of each neuron; the limits of their lines add up.
    """
    coba = asked.conductance_based
    limit = np.array(curves.LINE_RANGE)[:, np.newaxis] * strongest_step(coba) * count
    per_capacitance = demand.reshape(-1, LINES).T * np.where(coba, 1.0, voltage_gain)
    per_capacitance /= asked.values["cm"]
    with np.errstate(divide="ignore"):
        lines = np.where(per_capacitance > 0, limit / per_capacitance, np.inf)
    return np.minimum(lines.min(axis=0), _resettable(asked, Characteristics.nominal()))


def _resettable(asked: Asked, laws: Characteristics) -> np.ndarray:
    """The largest capacitance whose reset is finished within the refractory time: float64 (n,), pF.

    Or, where that is shorter than half of the largest one takes on a nominal circuit, within that.
    """
    quiet = shortest_hold(_QUIET * curves.capacitance(chip.CAPACITANCE_MAX, 1))
    within = np.maximum(asked.values["tau_refrac"], quiet)
    return within / shortest_hold(1.0, laws.tau_reset)


@frozen
class Membranes:
    """Capacitances of all neurons, and the scaling that follows from them.

    Attributes
    ----------
    code : uint8 (n_neurons,)
        Of the first circuit of each neuron; the others have code 0.
    scaling : Scaling
    target : float64 (n_neurons,), pF
        The capacitance that is wanted, infinite where the largest is good.
    """

    code: np.ndarray
    scaling: Scaling
    target: np.ndarray

    @classmethod
    def exact(cls, conductance_based: np.ndarray) -> Membranes:
        """Those of neurons whose parameters no register holds."""
        n = len(conductance_based)
        return cls(np.zeros(n, np.uint8), Scaling.exact(conductance_based), np.full(n, np.inf))

    @classmethod
    def nominal(
        cls,
        asked: Asked,
        volts: tuple[np.ndarray, np.ndarray],
        count: np.ndarray,
        target: np.ndarray,
        laws: Characteristics,
    ) -> Membranes:
        """Those of neurons of `count` nominal circuits, with the voltage maps `volts`.

        Parameters
        ----------
        laws : Characteristics
            Of the circuits that will be used: the capacitance is one that few of them exceed.
        """
        nominal = Characteristics.nominal()
        others = nominal.capacitance.value(0) * (count - 1)
        slowest = np.quantile(laws.tau_mem_divided.reach[1], _FEW)
        least = _least(asked, slowest, nominal)
        code, capacitance = _chosen(nominal.capacitance, target, least, count, others)
        gain = capacitance / asked.values["cm"]
        return cls(code, Scaling(*volts, gain, asked.conductance_based), target)

    def placed(self, asked: Asked, placement: Placement, laws: Characteristics) -> Membranes:
        """The same on the circuits of a placement.

        Parameters
        ----------
        laws : Characteristics
            Of all circuits of all chips.
        """
        owner = np.repeat(np.arange(len(self.code)), placement.count)
        circuits = placement.circuits()
        smallest = np.broadcast_to(laws.capacitance.at(circuits).value(0), circuits.shape)
        first = laws.at(placement.circuit)
        others = np.bincount(owner, smallest, len(self.code)) - first.capacitance.value(0)
        least = _least(asked, first.tau_mem_divided.reach[1], first)
        # where nothing is limited, resets are none either
        slow = np.where(np.isfinite(self.target), _resettable(asked, first), np.inf)
        target = np.minimum(self.target, slow)
        code, capacitance = _chosen(first.capacitance, target, least, placement.count, others)
        old = self.scaling
        gain = capacitance / asked.values["cm"]
        scaling = Scaling(old.voltage_gain, old.voltage_offset, gain, old.conductance_based)
        return Membranes(code, scaling, self.target)


def _chosen(
    law: Law, target: np.ndarray, least: np.ndarray, count: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Code of the first circuit of each neuron, and capacitance of the whole, pF.

    At most, membranes keep nearly the same capacitance: the first circuit gives up as much of its
    own as the others add, as long as it has some.

    Parameters
    ----------
    law : Law
        Of the capacitance of the first circuit of each neuron.
    target, least, others : float64 (n,), pF
        What is wanted, what must be, and what the other circuits have.
    """
    code = np.floor(_exact_code(law, target - others))
    code = np.maximum(code, np.ceil(_exact_code(law, least - others)))
    most = np.rint(chip.CAPACITANCE_MAX - chip.CAPACITANCE_PARASITIC * (count - 1))
    code = np.minimum(code, np.maximum(0, most)).astype(np.uint8)
    return code, law.value(code) + others


def _exact_code(law: Law, capacitance: np.ndarray) -> np.ndarray:
    """The code of a capacitance, within its range but not rounded: float64 (n,)."""
    return np.clip((capacitance - law.second) / law.factor, law.low, law.high)


def _least(asked: Asked, slowest: np.ndarray | float, laws: Characteristics) -> np.ndarray:
    """The smallest capacitance that leak and adaptation allow: float64 (n,), pF.

    Parameters
    ----------
    slowest : float64 (n,) or float, µs
        Longest time constant that the leak gives to the largest capacitance.
    """
    tau_m = asked.values["tau_m"]
    code = laws.a.factor * asked.values["tau_w"]
    adaptation = np.where(asked.adex, code * tau_m / _ADAPTATION_CODE, 0.0)
    return np.maximum(tau_m * laws.conductance(slowest), adaptation)
