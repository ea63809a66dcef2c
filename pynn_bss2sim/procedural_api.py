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
from .standardmodels import StaticSynapse

__all__ = ["connect", "create", "record", "record_gsyn", "record_v", "set"]

create = common.build_create(Population)

connect = common.build_connect(Projection, FixedProbabilityConnector, StaticSynapse)

set = common.set


@deprecated("Population.record()")
def record(
    variables: str | Sequence[str],
    source: Any,
    filename: Any,
    sampling_interval: float | None = None,
    annotations: dict | None = None,
    device: str = "probe",
    units: str | None = None,
) -> None:
    """Record variables of a population, view, assembly or cell to a file.

    See `Population.record`; `annotations` are added to those of the source.
    """
    if isinstance(source, ID):
        source = source.as_view()
    source.record(variables, filename, sampling_interval, device=device, units=units)
    if annotations:
        source.annotate(**annotations)


def record_v(source: Any, filename: Any) -> None:
    """Record membrane potentials to a file."""
    record(["v"], source, filename)


def record_gsyn(source: Any, filename: Any) -> None:
    """Record synaptic conductances to a file."""
    record(["gsyn_exc", "gsyn_inh"], source, filename)
