"""The report of a comparison as HTML."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import jinja2
import pandas as pd

from . import figures
from .measures import BIN, MOST_CELLS, TIMESCALE
from .recordings import Recording
from .results import EFFECTS

if TYPE_CHECKING:
    from .results import Comparison

__all__ = ["fragment", "whole_page"]


@dataclass(frozen=True)
class _Population:
    """A chapter of the report."""

    name: str
    rows: list[dict]
    pictures: list[tuple[str, str]]


def whole_page(comparison: Comparison) -> str:
    """A page that needs nothing else."""
    return _template("page.html").render(_content(comparison))


def fragment(comparison: Comparison) -> str:
    """The same for a notebook, in the colours of the page around it."""
    return _template("fragment.html").render(_content(comparison))


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pynn_bss2sim.comparison"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number, "spread": _spread}
    return environment.get_template(name)


def _content(comparison: Comparison) -> dict:
    colors = {
        label: figures.COLORS[k % len(figures.COLORS)] for k, label in enumerate(comparison.targets)
    }
    first = comparison.outcomes[: len(comparison.targets)]
    recordings = {outcome.target: outcome.recordings() for outcome in first}
    names = list(dict.fromkeys(name for found in recordings.values() for name in found))
    mappings = {outcome.target: outcome.result().mapping for outcome in first}
    seeds = list(dict.fromkeys(outcome.seed for outcome in comparison.outcomes))
    return {
        "comparison": comparison,
        "colors": colors,
        "seeds": seeds,
        "populations": [_population(comparison, n, recordings, colors) for n in names],
        "mappings": {label: page.html for label, page in mappings.items() if page is not None},
        "effects": EFFECTS,
        "bin": BIN,
        "timescale": TIMESCALE,
        "most_cells": MOST_CELLS,
    }


def _population(
    comparison: Comparison,
    name: str,
    recordings: dict[str, dict[str, Recording]],
    colors: dict[str, str],
) -> _Population:
    summary = comparison.summary
    own = {label: found[name] for label, found in recordings.items() if name in found}
    draw = {
        "Spikes": figures.rasters,
        "Rates and intervals": figures.distributions,
        "Signals": figures.traces,
    }
    pictures = [(title, make(name, own, colors)) for title, make in draw.items()]
    return _Population(
        name,
        summary[summary["population"] == name].to_dict("records"),
        [(title, svg) for title, svg in pictures if svg],
    )


def _number(value: float | None, digits: int = 3) -> str:
    """A number for a reader; a dash where there is none."""
    if value is None or pd.isna(value):
        return "–"
    if value == 0.0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(decimals, 6)}f}"


def _spread(row: dict, name: str, digits: int = 3) -> str:
    """Mean and standard deviation of a measure."""
    mean, deviation = row[name], row[f"{name}_sd"]
    if pd.isna(mean) or pd.isna(deviation):
        return _number(mean, digits)
    return f"{_number(mean, digits)} ± {_number(deviation, 2)}"
