"""PyNN's functions for those who do not want objects."""

from __future__ import annotations

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
    variables,
    source,
    filename,
    sampling_interval=None,
    annotations=None,
    device="probe",
    units=None,
):
    """Record variables of a population, view, assembly or cell to a file.

    See `Population.record`; `annotations` are added to those of the source.
    """
    if isinstance(source, ID):
        source = source.as_view()
    source.record(variables, filename, sampling_interval, device=device, units=units)
    if annotations:
        source.annotate(**annotations)


def record_v(source, filename):
    """Record membrane potentials to a file."""
    record(["v"], source, filename)


def record_gsyn(source, filename):
    """Record synaptic conductances to a file."""
    record(["gsyn_exc", "gsyn_inh"], source, filename)
