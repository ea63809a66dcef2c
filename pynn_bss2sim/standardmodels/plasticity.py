"""Synapses whose weights change with the spikes of both sides (STDP), and their components."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from pyNN import errors
from pyNN.standardmodels import synapses

from pynn_bss2sim._core.hicannx import WEIGHT_MAX
from pynn_bss2sim.mapping.network import Reach, SpikePairs

from .base import OneToOne, identity_translations
from .synapses import check_weights, is_part, minimum_delay, must, wrong_sign

if TYPE_CHECKING:
    from ..projections import Projection


__all__ = [
    "AdditivePotentiationMultiplicativeDepression",
    "AdditiveWeightDependence",
    "GutigWeightDependence",
    "MultiplicativeWeightDependence",
    "STDPMechanism",
    "SpikePairRule",
    "Vogels2011Rule",
]

#: Unit and exponent of potentiation, unit and exponent of depression.
_Scales: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

_PAIRS, _VOGELS = "spike pairs", "Vogels 2011"
_S_PER_MS = 1e-3

#: Weights beyond their range by no more than this part of it are rounded: numbers, and codes.
_ROUNDING, _CODE = 1e-9, 1.0 / WEIGHT_MAX


class AdditiveWeightDependence(OneToOne, synapses.AdditiveWeightDependence):
    """Changes are independent of the weight.

    Parameters
    ----------
    w_min, w_max : float, nA or uS
        Range of the weight, and `w_max` the unit of `A_plus` and `A_minus`. `w_max` is the end
        that lies further from 0; both are negative, or 0, for inhibitory currents.
    """

    translations = identity_translations(synapses.AdditiveWeightDependence.default_parameters)
    possible_models = frozenset((_PAIRS, _VOGELS))

    def scales(self, columns: Mapping[str, np.ndarray]) -> _Scales:
        """Unit and exponent of potentiation, unit and exponent of depression: float64 (n,) each."""
        zero = np.zeros_like(columns["w_max"])
        return columns["w_max"], zero, columns["w_max"], zero


class MultiplicativeWeightDependence(OneToOne, synapses.MultiplicativeWeightDependence):
    """Potentiation in proportion to ``w_max - w``, depression to ``w - w_min``.

    Parameters
    ----------
    w_min, w_max : float, nA or uS
        Range of the weight, see `AdditiveWeightDependence`.
    """

    translations = identity_translations(synapses.MultiplicativeWeightDependence.default_parameters)
    possible_models = frozenset((_PAIRS,))

    def scales(self, columns: Mapping[str, np.ndarray]) -> _Scales:
        """As for `AdditiveWeightDependence`."""
        span = columns["w_max"] - columns["w_min"]
        one = np.ones_like(span)
        return span, one, span, one


class AdditivePotentiationMultiplicativeDepression(
    OneToOne, synapses.AdditivePotentiationMultiplicativeDepression
):
    """Potentiation independent of the weight, depression in proportion to ``w - w_min``.

    Parameters
    ----------
    w_min, w_max : float, nA or uS
        Range of the weight, see `AdditiveWeightDependence`.
    """

    translations = identity_translations(
        synapses.AdditivePotentiationMultiplicativeDepression.default_parameters
    )
    possible_models = frozenset((_PAIRS,))

    def scales(self, columns: Mapping[str, np.ndarray]) -> _Scales:
        """As for `AdditiveWeightDependence`."""
        span = columns["w_max"] - columns["w_min"]
        return columns["w_max"], np.zeros_like(span), span, np.ones_like(span)


class GutigWeightDependence(OneToOne, synapses.GutigWeightDependence):
    """Changes by powers of the distance to the ends of the range.

    Relative to the range ``w_max - w_min``, potentiation is in proportion to
    ``(w_max - w)**mu_plus``, depression to ``(w - w_min)**mu_minus`` (Gutig et al. 2003).

    Parameters
    ----------
    w_min, w_max : float, nA or uS
        Range of the weight, see `AdditiveWeightDependence`.
    mu_plus, mu_minus : float
        At least 0.
    """

    translations = identity_translations(synapses.GutigWeightDependence.default_parameters)
    possible_models = frozenset((_PAIRS,))

    def scales(self, columns: Mapping[str, np.ndarray]) -> _Scales:
        """As for `AdditiveWeightDependence`."""
        span = columns["w_max"] - columns["w_min"]
        return span, columns["mu_plus"], span, columns["mu_minus"]


class SpikePairRule(OneToOne, synapses.SpikePairRule):
    """Every pair of a presynaptic and a postsynaptic spike changes the weight.

    Parameters
    ----------
    tau_plus, tau_minus : float, ms
        How fast the effect falls with the time between the spikes, presynaptic spike first (plus)
        or postsynaptic spike first (minus); > 0.
    A_plus, A_minus : float
        Effect of a pair at no distance; for the unit see the weight dependence.
    """

    translations = identity_translations(synapses.SpikePairRule.default_parameters)
    possible_models = frozenset((_PAIRS,))

    def changes(
        self, columns: Mapping[str, np.ndarray], weight_dependence: Any
    ) -> dict[str, np.ndarray]:
        """What spikes change: fields of a `SpikePairs` by name, float64 (n,) each."""
        up_unit, up_power, down_unit, down_power = weight_dependence.scales(columns)
        return {
            "tau_pre": columns["tau_plus"],
            "tau_post": columns["tau_minus"],
            "up": columns["A_plus"] * up_unit,
            "up_power": up_power,
            "down": -columns["A_minus"] * down_unit,
            "down_power": down_power,
            "constant": np.zeros_like(up_unit),
        }


class Vogels2011Rule(OneToOne, synapses.Vogels2011Rule):
    """Inhibitory plasticity that brings neurons to a target rate (Vogels et al. 2011).

    Pairs of spikes potentiate, whichever comes first, and each presynaptic spike depresses by
    ``2 rho tau eta``. All pairs count, as in the paper. Only with `AdditiveWeightDependence`. On
    chip models with 6-bit weights presynaptic spikes are those that the rate counters of neurons
    have counted: the sources must be neurons, on the same chip as their targets.

    Parameters
    ----------
    tau : float, ms
        How fast the effect falls with the time between the spikes; > 0.
    eta : float, nA or uS
        Effect of a pair at no distance.
    rho : float, Hz
        Target rate, at least 0. (pyNN.neuron takes it per ms.)
    """

    translations = identity_translations(synapses.Vogels2011Rule.default_parameters)
    possible_models = frozenset((_VOGELS,))

    def changes(
        self, columns: Mapping[str, np.ndarray], weight_dependence: Any
    ) -> dict[str, np.ndarray]:
        """As for `SpikePairRule`."""
        eta = columns["eta"] * np.sign(columns["w_max"])
        zero = np.zeros_like(eta)
        return {
            "tau_pre": columns["tau"],
            "tau_post": columns["tau"],
            "up": eta,
            "up_power": zero,
            "down": eta,
            "down_power": zero,
            "constant": -2.0 * columns["rho"] * _S_PER_MS * columns["tau"] * eta,
        }


class STDPMechanism(OneToOne, synapses.STDPMechanism):
    """A synapse with spike-timing dependent plasticity.

    On chip models with exact weights and lifted routing, such as "ideal", a synapse sees the
    presynaptic spike after the axonal part of its delay and the postsynaptic one after the
    dendritic part, both in whole time steps; spikes that it sees in the same step are no pair. On
    those with 6-bit weights and real routing, such as "silicon", the pairs are those of the
    correlation sensors (`stdp_program`).
    ``projection.get("weight", ...)`` answers with the present weights; ``reset()`` restores those
    that were given or set.

    Parameters
    ----------
    timing_dependence : SpikePairRule or Vogels2011Rule
    weight_dependence
        `AdditiveWeightDependence`, `MultiplicativeWeightDependence`,
        `AdditivePotentiationMultiplicativeDepression` or `GutigWeightDependence`.
    voltage_dependence : None
    dendritic_delay_fraction : float
        In [0, 1].
    weight : float, nA or uS
        Within the range of the weight dependence.
    delay : float, ms, or None
        None is the smallest delay, `get_min_delay`.

    Raises
    ------
    pyNN.errors.InvalidParameterValueError
        A component is missing or unknown, or the fraction is none.
    pyNN.errors.NoModelAvailableError
        The components do not go together.
    """

    base_translations = identity_translations(["weight", "delay", "dendritic_delay_fraction"])
    parameter_checks = {
        "weight": check_weights,
        "dendritic_delay_fraction": must(
            "dendritic_delay_fraction", is_part, "it must lie in [0, 1]"
        ),
        **{
            name: must(name, lambda ms: ms > 0, "give a positive number of ms")
            for name in ("tau_plus", "tau_minus", "tau")
        },
        **{
            name: must(name, lambda values: values >= 0, "it must not be negative")
            for name in ("mu_plus", "mu_minus", "rho")
        },
    }

    def __init__(
        self,
        timing_dependence: Any = None,
        weight_dependence: Any = None,
        voltage_dependence: None = None,
        dendritic_delay_fraction: float = 1.0,
        weight: Any = 0.0,
        delay: Any = None,
    ) -> None:
        _check_components(timing_dependence, weight_dependence, voltage_dependence)
        if not (isinstance(dendritic_delay_fraction, Real) and 0 <= dendritic_delay_fraction <= 1):
            raise errors.InvalidParameterValueError(
                f"STDPMechanism: dendritic_delay_fraction = {dendritic_delay_fraction!r}: give a "
                "number in [0, 1], or set one for each connection with projection.set()"
            )
        super().__init__(
            timing_dependence, weight_dependence, voltage_dependence,
            float(dendritic_delay_fraction), weight, None,
        )  # fmt: skip
        if delay is not None:
            self.delay = delay

    def _build_translations(self) -> None:
        components = self.timing_dependence, self.weight_dependence
        self.translations = dict(self.base_translations)
        for component in components:
            self.translations |= component.translations

    def _get_minimum_delay(self) -> float:
        return minimum_delay()

    def check_columns(self, columns: Mapping[str, np.ndarray], projection: Projection) -> None:
        """Check attributes of all synapses against each other.

        Parameters
        ----------
        columns : dict of str to float64 (n,)
        projection : Projection

        Raises
        ------
        pyNN.errors.ConnectionError
            The range is none, or not one of such weights, or a weight lies outside.
        """
        low, high, weight = columns["w_min"], columns["w_max"], columns["weight"]
        wrong = wrong_sign(
            min(low.min(), high.min()),
            max(low.max(), high.max()),
            projection.receptor_type,
            projection.post.conductance_based,
        )
        if wrong:
            raise errors.ConnectionError(
                f"{projection.label}: w_min = {low[0]:g} and w_max = {high[0]:g} onto receptor "
                f"'{projection.receptor_type}': {wrong}"
            )
        must(
            "w_max",
            lambda values: np.abs(values) > np.abs(low),
            "it must lie further from 0 than w_min; for inhibitory currents it is negative",
        )(high, projection)
        # where weights are codes, present ones may be rounded beyond the range
        rounding = _ROUNDING if projection.plasticity_rule is None else _CODE
        room = rounding * np.abs(high)
        must(
            "weight",
            lambda values: (
                (values >= np.minimum(low, high) - room) & (values <= np.maximum(low, high) + room)
            ),
            "it must lie between w_min and w_max",
        )(weight, projection)

    def reach(self, weights: np.ndarray, projection: Projection) -> Reach:
        """What the mapping has to know where weights are registers: see `PlasticSynapse`."""
        return Reach(projection.columns["w_max"])

    def spike_pairs(self, columns: Mapping[str, np.ndarray]) -> SpikePairs:
        """The plasticity as the mapping takes it.

        Parameters
        ----------
        columns : mapping of str to float64 (n,)
        """
        return SpikePairs(
            dendritic=columns["dendritic_delay_fraction"],
            w_from=columns["w_min"],
            w_to=columns["w_max"],
            **self.timing_dependence.changes(columns, self.weight_dependence),
        )


def _check_components(timing: Any, weight: Any, voltage: Any) -> None:
    """Raise unless a timing dependence and a weight dependence go together."""
    if voltage is not None:
        raise errors.InvalidParameterValueError(
            f"STDPMechanism: voltage_dependence = {voltage!r}: PyNN has no such models; leave it "
            "out"
        )
    for name, value, known in (
        ("timing_dependence", timing, (SpikePairRule, Vogels2011Rule)),
        (
            "weight_dependence",
            weight,
            (
                AdditiveWeightDependence,
                MultiplicativeWeightDependence,
                AdditivePotentiationMultiplicativeDepression,
                GutigWeightDependence,
            ),
        ),
    ):
        if not isinstance(value, known):
            names = ", ".join(model.__name__ for model in known)
            raise errors.InvalidParameterValueError(
                f"STDPMechanism: {name} = {value!r}: give one of this backend's {names}"
            )
    if not timing.possible_models & weight.possible_models:
        raise errors.NoModelAvailableError(
            f"STDPMechanism: {type(timing).__name__} does not go with {type(weight).__name__}; "
            "use AdditiveWeightDependence"
        )
