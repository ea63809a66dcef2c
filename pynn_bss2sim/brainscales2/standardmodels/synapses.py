"""Synapse types: weights in codes, no delay."""

from __future__ import annotations

from pynn_bss2sim.standardmodels import synapses as frontend

from .. import simulator

__all__ = ["StaticSynapse"]


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

    def __init__(self, weight=0, delay=None):
        super().__init__(weight=weight, delay=delay)

    def _get_minimum_delay(self):
        return simulator.current("StaticSynapse()").min_delay
