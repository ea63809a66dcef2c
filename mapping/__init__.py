"""From a network to configured chips, and the tables that lead back."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .constraints import Constraints, Group, Where
from .errors import (
    CheckError,
    ConfigurationError,
    MappingError,
    ParameterError,
    PlacementError,
    PlasticityError,
    RoutingError,
    WeightError,
)
from .network import (
    ADEX_PARAMETERS,
    LIF_PARAMETERS,
    Network,
    OnChip,
    Population,
    Projection,
    ShortTerm,
    Sources,
    SpikePairs,
)

if TYPE_CHECKING:
    from .coded import CodedMapping, coded_network, map_codes
    from .configuration import Cells, Configuration
    from .mapped import Mapping
    from .mapper import map_network
    from .place import Placement
    from .report import Look, ParameterReport, PopulationReport, ProjectionReport, Report
    from .route import Routing
    from .targets import SpikingTarget, targeted
    from .translate import Scaling

__all__ = [
    "ADEX_PARAMETERS",
    "LIF_PARAMETERS",
    "Cells",
    "CheckError",
    "CodedMapping",
    "Configuration",
    "ConfigurationError",
    "Constraints",
    "Group",
    "Look",
    "Mapping",
    "MappingError",
    "Network",
    "OnChip",
    "ParameterError",
    "ParameterReport",
    "Placement",
    "PlacementError",
    "PlasticityError",
    "Population",
    "PopulationReport",
    "Projection",
    "ProjectionReport",
    "Report",
    "Routing",
    "RoutingError",
    "Scaling",
    "ShortTerm",
    "Sources",
    "SpikePairs",
    "SpikingTarget",
    "WeightError",
    "Where",
    "coded_network",
    "map_codes",
    "map_network",
    "targeted",
]

#: What a run does not need is imported when it is first asked for.
_LATER = {
    "coded": ("CodedMapping", "coded_network", "map_codes"),
    "configuration": ("Cells", "Configuration"),
    "mapped": ("Mapping",),
    "mapper": ("map_network",),
    "place": ("Placement",),
    "report": ("Look", "ParameterReport", "PopulationReport", "ProjectionReport", "Report"),
    "route": ("Routing",),
    "targets": ("SpikingTarget", "targeted"),
    "translate": ("Scaling",),
}


def __getattr__(name: str) -> Any:
    for module, names in _LATER.items():
        if name in names:
            return getattr(import_module(f".{module}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
