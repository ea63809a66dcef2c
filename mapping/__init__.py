"""From a network to configured chips, and the tables that lead back."""

from .coded import CodedMapping, coded_network, map_codes
from .configuration import Cells, Configuration
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
from .mapped import Mapping
from .mapper import map_network
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
