"""Neurons of several compartments: not emulated in this version, and refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

__all__ = [
    "Compartment",
    "McCircuitParameters",
    "McNeuronBase",
    "SharedLineConnection",
    "create_mc_neuron",
]


def _refused(name: str) -> Callable[..., NoReturn]:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            f"{name}: neurons of several compartments are not emulated in this version; use "
            "HXNeuron, a neuron of one circuit"
        )

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = "Raise NotImplementedError."
    return refuse


Compartment = _refused("Compartment")
McCircuitParameters = _refused("McCircuitParameters")
#: What cell types of several compartments would inherit from; none does.
McNeuronBase = type("McNeuronBase", (), {"__init__": _refused("McNeuronBase")})
SharedLineConnection = _refused("SharedLineConnection")
create_mc_neuron = _refused("create_mc_neuron")
