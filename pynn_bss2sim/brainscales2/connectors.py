"""Connectors of PyNN that also take labels of compartments."""

from __future__ import annotations

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


def _with_locations(base: type) -> type:
    """The connector `base` with the keywords `location_selector` and `source_location_selector`."""

    def __init__(self, *args, location_selector=None, source_location_selector=None, **kwargs):
        base.__init__(self, *args, **kwargs)
        self.location_selector = location_selector
        self.source_location_selector = source_location_selector

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
