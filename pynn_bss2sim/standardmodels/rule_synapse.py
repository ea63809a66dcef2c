"""Synapses whose registers a plasticity rule changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN import errors

from pynn_bss2sim.mapping.network import Reach
from pynn_bss2sim.plasticity_rules import PlasticityRule

from .synapses import StaticSynapse, wrong_sign

if TYPE_CHECKING:
    from ..projections import Projection


__all__ = ["PlasticSynapse"]


class PlasticSynapse(StaticSynapse):
    """A synapse that a `PlasticityRule` reads and changes.

    Only on chip models whose synapses are held by registers: those with 6-bit weights, real routing
    and fixed delays, such as "quantized" and "silicon".

    Parameters
    ----------
    weight : float, nA or uS
        At the begin; for its sign see `StaticSynapse`.
    delay : float, ms, or None
        None is the smallest delay, `get_min_delay`.
    plasticity_rule : PlasticityRule
    w_max : float, nA or uS, optional
        What the largest weight code, 63, stands for, with the sign of the weights. By default the
        largest of the weights. Where other synapses of the same receptor are stronger, it is the
        largest of those.
    """

    def __init__(
        self,
        weight: Any = 0.0,
        delay: Any = None,
        *,
        plasticity_rule: PlasticityRule | None = None,
        w_max: float | None = None,
    ) -> None:
        if not isinstance(plasticity_rule, PlasticityRule):
            raise TypeError(
                f"PlasticSynapse: plasticity_rule={plasticity_rule!r}; give a PlasticityRule, or "
                "take a StaticSynapse"
            )
        super().__init__(weight=weight, delay=delay)
        self.plasticity_rule, self.w_max = plasticity_rule, w_max

    def reach(self, weights: np.ndarray, projection: Projection) -> Reach:
        """What the mapping has to know of the weights (n,) of one projection.

        Raises
        ------
        pyNN.errors.ConnectionError
            `w_max` is no possible weight, or smaller than one that is asked for.
        """
        most = self.w_max
        if most is None and len(weights):
            most = float(weights[np.abs(weights).argmax()])
        fault = self._fault(most, weights, projection) if len(weights) else None
        if fault:
            raise errors.ConnectionError(f"{projection.label}: w_max = {most!r}: {fault}")
        return Reach(np.full(len(weights), most or 0.0))

    @staticmethod
    def _fault(most: Any, weights: np.ndarray, projection: Projection) -> str | None:
        finite = np.isscalar(most) and np.isfinite(most)
        if not finite:
            return "give a finite number"
        if most == 0:
            return (
                "all weights are 0, so it is not known what the weight codes stand for; give "
                "PlasticSynapse a w_max"
            )
        if np.abs(weights).max() > abs(most) * (1 + 1e-9) or (weights * most < 0).any():
            return (
                f"weights from {weights.min():g} to {weights.max():g} are asked for; it must be at "
                "least as large, and of the same sign"
            )
        return wrong_sign(most, most, projection.receptor_type, projection.post.conductance_based)
