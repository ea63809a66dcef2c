"""Spike-timing dependent plasticity from its definition: a sum over all pairs of spikes."""

import numpy as np

#: Potentiation by 0.1 and depression by 0.08 of the range [0, 1] at most.
RULE = {
    "tau_pre": 20.0, "tau_post": 30.0, "up": 0.1, "up_power": 0.0, "down": -0.08,
    "down_power": 0.0, "constant": 0.0, "w_from": 0.0, "w_to": 1.0,
}  # fmt: skip


def all_pairs(pre, post, delay, axonal, weight=0.5, timestep=0.1, **rule):
    """Weight of one synapse after events of its source and spikes of its target.

    In the order in which it sees them; where it sees both in the same step, the target's first.

    Parameters
    ----------
    pre, post : list of int
        Steps.
    delay, axonal : int
        Steps: the delay, and its part before the synapse.
    weight, timestep : float
    **rule
        What differs from `RULE`, named as in `pynn_bss2sim._core.spike_pairs`.

    Returns
    -------
    float
        The weight at the end.
    dict of int to float
        Amplitude by the step at which an event arrives at the target.
    """
    p = {**RULE, **rule}
    w, span = weight, p["w_to"] - p["w_from"]
    low, high = sorted([p["w_from"], p["w_to"]])
    pres = [s + axonal for s in pre]
    posts = [s + delay - axonal for s in post]
    arrived = {}
    for when, kind in sorted([(s, 0) for s in posts] + [(s, 1) for s in pres]):
        if kind == 0:
            trace = sum(np.exp(-(when - s) * timestep / p["tau_pre"]) for s in pres if s < when)
            w += p["up"] * ((p["w_to"] - w) / span) ** p["up_power"] * trace
            w = min(max(w, low), high)
        else:
            trace = sum(np.exp(-(when - s) * timestep / p["tau_post"]) for s in posts if s < when)
            w += p["down"] * ((w - p["w_from"]) / span) ** p["down_power"] * trace
            w = min(max(min(max(w, low), high) + p["constant"], low), high)
            arrived[when + delay - axonal] = w
    return w, arrived
