"""Synapse types: weights in codes, no delay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from pynn_bss2sim.standardmodels import synapses as frontend

from .. import simulator
from ..plasticity_rules import ObservablePerSynapse, ObservableType, PlasticityRule, Timer

__all__ = ["PlasticSynapse", "StaticRecordingSynapse", "StaticSynapse"]


class StaticSynapse(frontend.StaticSynapse):
    """A synapse of fixed weight.

    Parameters
    ----------
    weight : float
        Code of the weight, rounded to an integer: from 0 on for excitatory, up to 0 for inhibitory
        synapses. Beyond 63 a connection takes several synapses.
    delay : float or None
        0: events have the latency of the chip, below 1 µs.
    """

    #: Static synapses have no rule.
    plasticity_rule: PlasticityRule | None = None

    def __init__(self, weight: Any = 0, delay: Any = None) -> None:
        super().__init__(weight=weight, delay=delay)

    def _get_minimum_delay(self) -> float:
        return simulator.current("StaticSynapse()").min_delay


class PlasticSynapse(StaticSynapse):
    """A synapse whose weight a plasticity rule may change while the chip runs.

    Each snippet begins with the weights that the projection has.

    Parameters
    ----------
    weight, delay
        See `StaticSynapse`.
    plasticity_rule : PlasticityRule, optional
        May also be assigned later.
    """

    def __init__(
        self, weight: Any = 0, delay: Any = 0, plasticity_rule: PlasticityRule | None = None
    ) -> None:
        super().__init__(weight, delay)
        self.plasticity_rule = plasticity_rule


class _Recorder(PlasticityRule):
    """Records registers and sensors of synapses, and resets the sensors."""

    def kernel(self, synapses: list, neurons: list, recording: Any) -> None:
        for k, handle in enumerate(synapses):
            for name in self.observables:
                if name == "weights":
                    recording.weights[k] = handle.weights
                else:
                    sensor = getattr(handle, name.removeprefix("correlation_"))
                    getattr(recording, name)[k] = sensor.astype(np.int64) - 128
            if len(self.observables) > ("weights" in self.observables):
                handle.reset_correlations()


class StaticRecordingSynapse(StaticSynapse):
    """A synapse of fixed weight whose registers and sensors are recorded.

    Parameters
    ----------
    timer : Timer
        When.
    weight : float
        See `StaticSynapse`.
    observables : set of str
        Of `POSSIBLE_OBSERVABLES`. Readings of sensors are given as -128 to 127, less 128 than on
        the chip, and reset them.

    Raises
    ------
    ValueError
        There is no such observable.
    """

    POSSIBLE_OBSERVABLES = frozenset({"weights", "correlation_causal", "correlation_acausal"})

    def __init__(
        self, timer: Timer, weight: Any = 0, observables: Iterable[str] = frozenset()
    ) -> None:
        super().__init__(weight)
        # beside any rules of the user
        self._rule = _Recorder(timer, same_id=-1)
        self.observables = observables

    @property
    def observables(self) -> frozenset:
        """What is recorded."""
        return frozenset(self._rule.observables)

    @observables.setter
    def observables(self, names: Iterable[str]) -> None:
        unknown = sorted(set(names) - self.POSSIBLE_OBSERVABLES)
        if unknown:
            raise ValueError(
                f"StaticRecordingSynapse: {unknown[0]!r} is no observable; there are "
                f"{', '.join(sorted(self.POSSIBLE_OBSERVABLES))}"
            )
        types = {
            name: ObservableType.uint8 if name == "weights" else ObservableType.int8
            for name in sorted(names)
        }
        self._rule.observables = {n: ObservablePerSynapse(kind) for n, kind in types.items()}

    @property
    def plasticity_rule(self) -> PlasticityRule:
        """The rule that records; cannot be replaced."""
        return self._rule

    @plasticity_rule.setter
    def plasticity_rule(self, rule: PlasticityRule | None) -> None:
        raise RuntimeError(
            "StaticRecordingSynapse: it has a rule of its own; use PlasticSynapse for another"
        )
