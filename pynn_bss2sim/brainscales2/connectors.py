"""Connectors of PyNN that also take labels of compartments."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pynn_bss2sim import connectors as frontend

__all__ = [
    "AllToAllConnector",
    "ArrayConnector",
    "CSAConnector",
    "CloneConnector",
    "DisplacementDependentProbabilityConnector",
    "DistanceDependentProbabilityConnector",
    "FixedNumberPostConnector",
    "FixedNumberPreConnector",
    "FixedProbabilityConnector",
    "FixedTotalNumberConnector",
    "FromFileConnector",
    "FromListConnector",
    "IndexBasedProbabilityConnector",
    "OneToOneConnector",
    "SmallWorldConnector",
]


def _arguments(base: type) -> Mapping[str, inspect.Parameter]:
    """The arguments of a connector, as the first of its classes says that names them all."""
    for one in (c for c in base.__mro__ if "__init__" in vars(c)):
        found = inspect.signature(one).parameters
        kinds = {parameter.kind for parameter in found.values()}
        if not kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
            return found
    raise AssertionError(f"{base.__name__} has no class that names its arguments")


def _with_locations(base: type) -> type:
    """The connector `base` with the keywords `location_selector` and `source_location_selector`.

    Its other arguments have the order of the chip's frontend, in which no location is among them.
    """
    found = _arguments(base)
    order = [name for name in found if name != "location_selector"]

    def __init__(
        self: Any,
        *args: Any,
        location_selector: Any = None,
        source_location_selector: Any = None,
        **kwargs: Any,
    ) -> None:
        if len(args) > len(order):
            raise TypeError(
                f"{base.__name__}: {len(args)} arguments; it takes {', '.join(order)}, and labels "
                "of compartments by keyword"
            )
        named = dict(zip(order, args, strict=False))
        twice = sorted(named.keys() & kwargs.keys())
        if twice:
            raise TypeError(f"{base.__name__}: {twice[0]} is given twice")
        base.__init__(self, **named, **kwargs)  # type: ignore[misc]  # it is one of `base`
        self.location_selector = location_selector
        self.source_location_selector = source_location_selector

    labels = ("location_selector", "source_location_selector")
    __init__.__dict__["__signature__"] = inspect.Signature(
        [
            inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            *(found[name] for name in order),
            *(inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=None) for n in labels),
        ]
    )
    return type(base.__name__, (base,), {"__init__": __init__, "__doc__": base.__doc__})


AllToAllConnector = _with_locations(frontend.AllToAllConnector)
ArrayConnector = _with_locations(frontend.ArrayConnector)
CSAConnector = _with_locations(frontend.CSAConnector)
CloneConnector = _with_locations(frontend.CloneConnector)
DisplacementDependentProbabilityConnector = _with_locations(
    frontend.DisplacementDependentProbabilityConnector
)
DistanceDependentProbabilityConnector = _with_locations(
    frontend.DistanceDependentProbabilityConnector
)
FixedNumberPostConnector = _with_locations(frontend.FixedNumberPostConnector)
FixedNumberPreConnector = _with_locations(frontend.FixedNumberPreConnector)
FixedProbabilityConnector = _with_locations(frontend.FixedProbabilityConnector)
FixedTotalNumberConnector = _with_locations(frontend.FixedTotalNumberConnector)
FromFileConnector = _with_locations(frontend.FromFileConnector)
FromListConnector = _with_locations(frontend.FromListConnector)
IndexBasedProbabilityConnector = _with_locations(frontend.IndexBasedProbabilityConnector)
OneToOneConnector = _with_locations(frontend.OneToOneConnector)
SmallWorldConnector = _with_locations(frontend.SmallWorldConnector)
