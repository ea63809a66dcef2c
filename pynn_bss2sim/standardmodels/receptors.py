"""Post-synaptic receptors of :class:`~pynn_bss2sim.standardmodels.cells.PointNeuron`.

The chip's synaptic inputs are leaky integrators with one time constant, hence exponential.
"""

from __future__ import annotations

from pyNN.standardmodels import receptors

from .base import OneToOne, identity_translations

__all__ = ["CondExpPostSynapticResponse", "CurrExpPostSynapticResponse", "ExpPSR"]


class CurrExpPostSynapticResponse(OneToOne, receptors.CurrExpPostSynapticResponse):
    """Synaptic current that jumps with each spike and decays exponentially.

    Parameters
    ----------
    tau_syn : float, ms, > 0
        Decay time constant (default 5).

    Notes
    -----
    Recordable: ``isyn`` (nA). PyNN's parameter `locations` does not exist here: a point neuron
    has no places at which a receptor could sit.
    """

    default_parameters = {"tau_syn": 5.0}
    translations = identity_translations(default_parameters)
    recordable = ["isyn"]
    units = {"isyn": "nA", "tau_syn": "ms"}


class CondExpPostSynapticResponse(OneToOne, receptors.CondExpPostSynapticResponse):
    """Synaptic conductance that jumps with each spike and decays exponentially.

    Parameters
    ----------
    e_syn : float, mV
        Reversal potential (default 0).
    tau_syn : float, ms, > 0
        Decay time constant (default 5).

    Notes
    -----
    Recordable: ``gsyn`` (uS). No parameter `locations`, see `CurrExpPostSynapticResponse`.
    """

    default_parameters = {"e_syn": 0.0, "tau_syn": 5.0}
    translations = identity_translations(default_parameters)
    recordable = ["gsyn"]
    units = {"gsyn": "uS", "e_syn": "mV", "tau_syn": "ms"}


ExpPSR = CondExpPostSynapticResponse
