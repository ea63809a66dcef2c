"""What the mapping asked of the chip and what it got: in numbers, text, HTML and as a picture."""

from .account import account
from .drivers import driver_section
from .energy import energy_section
from .generators import generator_section
from .overview import draw_chips, links_between_chips
from .picture import DEFAULT_LOOK, Look, draw_chip
from .rates import EventRates, LinkRate, SourceRates, event_rates
from .records import (
    ChipUsage,
    ParameterReport,
    PopulationReport,
    ProjectionReport,
    Spread,
    Usage,
)
from .report import Report
from .sections import Section, Share, Table
from .traffic import traffic_section
from .usage import chip_usage, placed_usage

__all__ = [
    "DEFAULT_LOOK",
    "ChipUsage",
    "EventRates",
    "LinkRate",
    "Look",
    "ParameterReport",
    "PopulationReport",
    "ProjectionReport",
    "Report",
    "Section",
    "Share",
    "SourceRates",
    "Spread",
    "Table",
    "Usage",
    "account",
    "chip_usage",
    "draw_chip",
    "draw_chips",
    "driver_section",
    "energy_section",
    "event_rates",
    "generator_section",
    "links_between_chips",
    "placed_usage",
    "traffic_section",
]
