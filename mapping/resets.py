"""Resets that are not finished when the refractory time is over."""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core.records import Circuits

from .network import Network

__all__ = ["unfinished_resets"]

#: A reset that leaves less than this part of its way is taken for finished.
_FINISHED = 0.1


def unfinished_resets(network: Network, circuits: Circuits) -> tuple[str, ...]:
    """A sentence for each population whose membranes do not come back to ``v_reset``.

    The reset of a chip is a conductance, not a jump; while the refractory time lasts, the membrane
    falls exponentially towards ``v_reset``.
    """
    held = circuits.refractory_steps * network.timestep
    tau = np.where(circuits.tau_reset > 0, circuits.tau_reset, 1.0)
    left = np.where(circuits.tau_reset > 0, np.exp(-held / tau), 0.0)
    first = network.first_neuron
    sentences = []
    for k, population in enumerate(network.populations):
        here = slice(first[k], first[k + 1])
        if left[here].max(initial=0.0) > _FINISHED:
            worst = int(left[here].argmax()) + int(first[k])
            needed = -np.log(_FINISHED) * circuits.tau_reset[here].max()
            sentences.append(
                f"{population.label}: a refractory time of {held[worst]:.3g} ms ends before the "
                f"reset of the chip does (time constant {circuits.tau_reset[worst]:.2g} ms): after "
                f"a spike up to {left[worst]:.0%} of the way to v_reset is left, and neurons fire "
                f"too early; give them a tau_refrac of at least {needed:.2g} ms"
            )
    return tuple(sentences)
