"""Synapses that the chip has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from pyNN import errors
from pyNN.standardmodels import synapses
from pyNN.standardmodels.base import excitatory_receptor_types, inhibitory_receptor_types

from pynn_bss2sim import simulator

from .base import OneToOne, identity_translations

if TYPE_CHECKING:
    from ..projections import Projection


__all__ = [
    "StaticSynapse",
    "TsodyksMarkramSynapse",
    "check_weights",
    "is_part",
    "minimum_delay",
    "must",
    "wrong_sign",
]


def check_weights(weights: ArrayLike, projection: Projection) -> None:
    """Check the weights of one projection for finite values and for their sign.

    Parameters
    ----------
    weights : float or float64 (n,)
        nA, or uS onto conductances.
    projection : Projection

    Raises
    ------
    pyNN.errors.ConnectionError
        Naming the projection. Weights onto conductances and onto excitatory receptors must not
        be negative, onto inhibitory currents not positive; onto other receptors (of a
        `PointNeuron` with currents) all must have one sign.
    """
    try:
        values = np.asarray(weights, np.float64)
    except (TypeError, ValueError):
        raise errors.ConnectionError(
            f"{projection.label}: weights must be numbers, not {weights!r}"
        ) from None
    if values.size == 0:
        return
    low, high = float(values.min()), float(values.max())
    fault = (
        "each must be a finite number"
        if not np.isfinite(values).all()
        else wrong_sign(low, high, projection.receptor_type, projection.post.conductance_based)
    )
    if fault:
        raise errors.ConnectionError(
            f"{projection.label}: weights from {low:g} to {high:g} onto receptor "
            f"'{projection.receptor_type}': {fault}"
        )


def wrong_sign(low: float, high: float, receptor: str, conductance_based: bool) -> str | None:
    """Return what is wrong with the sign of weights from `low` to `high`, or None."""
    if conductance_based:
        if low < 0:
            return (
                "onto conductances they must not be negative; the reversal potential decides "
                "whether a receptor inhibits"
            )
    elif receptor in excitatory_receptor_types:
        if low < 0:
            return "it excites, so they must not be negative; use an inhibitory receptor for them"
    elif receptor in inhibitory_receptor_types:
        if high > 0:
            return "it inhibits with currents, so they must not be positive; change their sign"
    elif low < 0 < high:
        return "all must have one sign; use one projection for each sign"
    return None


def must(
    name: str, good: Callable[[np.ndarray], np.ndarray], need: str
) -> Callable[[np.ndarray, Projection], None]:
    """A check of parameter `name`: `good` is a function of its values, `need` says what is."""

    def check(values: np.ndarray, projection: Projection) -> None:
        bad = ~good(values)
        if bad.any():
            first = int(np.argmax(bad))
            raise errors.ConnectionError(
                f"{projection.label}: {name} = {values[first]:g} of connection {first} "
                f"({np.count_nonzero(bad)} of {bad.size} connections): {need}"
            )

    return check


def is_part(values: np.ndarray) -> np.ndarray:
    """Which values are a part of a whole."""
    return (values >= 0) & (values <= 1)


def minimum_delay() -> float:
    """The delay (ms) of synapses that are given none."""
    delay = simulator.state.min_delay
    return simulator.state.dt if delay == "auto" else delay


class StaticSynapse(OneToOne, synapses.StaticSynapse):
    """A synapse of fixed weight and delay.

    Parameters
    ----------
    weight : float, nA or uS
        nA onto current-based receptors (negative for inhibitory ones), uS onto conductances.
    delay : float, ms, or None
        None is the smallest delay, `get_min_delay`.
    """

    translations = identity_translations(synapses.StaticSynapse.default_parameters)
    parameter_checks = {"weight": check_weights}

    def _get_minimum_delay(self) -> float:
        return minimum_delay()


class TsodyksMarkramSynapse(OneToOne, synapses.TsodyksMarkramSynapse):
    """A synapse with short-term facilitation and depression (Tsodyks, Uziel & Markram 2000).

    With ``routing="lifted"``, as on the chip model "ideal", each synapse follows these equations.
    What of the efficacy was used becomes inactive with the time constant of the synaptic input,
    `tau_syn` of the target, and recovers from then on.

    With ``routing="real"``, as on all others, the synapse drivers of the chip do what they can:
    they facilitate or depress. Each set of parameters gets the driver setting whose amplitudes
    come nearest in regular trains, and `mapping_report()` tells how near; weights are scaled so
    that the amplitudes agree. Where nothing comes near, the network is refused when it is mapped.
    Drivers begin recovered, also where a network that has grown is routed anew.

    Parameters
    ----------
    weight : float, nA or uS
        Efficacy: what a spike would cause that used all of it. For its sign see `StaticSynapse`.
    delay : float, ms, or None
        None is the smallest delay, `get_min_delay`.
    U : float
        Part of the efficacy at hand that the first of many spikes uses, in [0, 1].
    tau_rec : float, ms
        Time constant of recovery, > 0.
    tau_facil : float, ms
        Time constant with which the use, raised by each spike, falls back; 0 is no facilitation.
    """

    translations = identity_translations(synapses.TsodyksMarkramSynapse.default_parameters)
    parameter_checks = {
        "weight": check_weights,
        "U": must("U", is_part, "it must lie in [0, 1]"),
        "u": must("u", is_part, "it must lie in [0, 1]"),
        "tau_rec": must("tau_rec", lambda ms: ms > 0, "give a positive number of ms"),
        "tau_facil": must("tau_facil", lambda ms: ms >= 0, "give 0 or a positive number of ms"),
    }

    def _get_minimum_delay(self) -> float:
        return minimum_delay()
