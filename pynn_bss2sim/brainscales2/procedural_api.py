"""PyNN's functions for those who do not want objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyNN import common
from pyNN.core import deprecated

from .connectors import FixedProbabilityConnector
from .populations import Population
from .projections import Projection
from .simulator import ID
from .standardmodels import cells
from .standardmodels.synapses import StaticSynapse

__all__ = ["connect", "create", "initialize", "list_standard_models", "record", "set"]

create = common.build_create(Population)

connect = common.build_connect(Projection, FixedProbabilityConnector, StaticSynapse)

set = common.set

initialize = common.initialize


@deprecated("Population.record()")
def record(
    variables: str | Sequence[str],
    source: Any,
    filename: str,
    sampling_interval: None = None,
    annotations: dict | None = None,
) -> None:
    """Record variables of a population, view, assembly or cell to a file."""
    if isinstance(source, ID):
        source = source.as_view()
    source.record(variables, filename, sampling_interval)
    if annotations:
        source.annotate(**annotations)


def list_standard_models() -> list[type]:
    """Return the cell types of neurons on the chip."""
    return [cells.HXNeuron, cells.CalibHXNeuronCuba, cells.CalibHXNeuronCoba]
