"""A PyNN backend whose target is a simulated BrainScaleS-2 chip.

>>> import pynn_bss2sim as sim
>>> sim.setup(timestep=0.1)  # doctest: +SKIP
"""

# Names are imported to be found here, and PyNN may be touched only after its version was checked.
# ruff: noqa: E402, F401, F403

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._compatibility import require_pynn

require_pynn()

from pyNN import errors, random, space
from pyNN.network import Network
from pyNN.parameters import ArrayParameter, LazyArray, ParameterSpace, Sequence
from pyNN.random import GSLRNG, NumpyRNG, RandomDistribution
from pyNN.space import Space
from pyNN.standardmodels import StandardCellType, StandardCurrentSource

from . import simulator, standardmodels
from ._core.chip_model import ChipModel
from .ablation import AblationInterrupted, ablate
from .comparison import ComparisonInterrupted, compare
from .connectors import *
from .control import (
    calibration,
    end,
    get_current_time,
    get_max_delay,
    get_min_delay,
    get_time_step,
    initialize,
    mapping_report,
    num_processes,
    prepare,
    rank,
    reset,
    run,
    run_for,
    run_until,
    setup,
)
from .native_rng import NativeRNG
from .observables import ObservableArray, ObservablePerNeuron, ObservablePerSynapse
from .placing import keep_together, place, placement, release
from .plasticity_rules import PlasticityRule, Timer
from .populations import Assembly, Population, PopulationView
from .procedural_api import connect, create, record, record_gsyn, record_v, set
from .projections import Projection
from .readout import ReadoutError
from .recording import Recorder
from .simulator import SimulationError, state
from .standardmodels import *
from .versions import show_versions

if TYPE_CHECKING:  # see `_LATER`
    from .configuration import Configuration, load_configuration, save_configuration

__version__ = "0.1.0"

#: What few scripts need is imported when it is first asked for.
_LATER = ("Configuration", "load_configuration", "save_configuration")


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from . import configuration

        return getattr(configuration, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def list_standard_models() -> list[str]:
    """Return the names of PyNN's standard cell types that exist on this backend."""
    return [cell_type.__name__ for cell_type in standardmodels.SUPPORTED_CELLS]


#: What ``from pynn_bss2sim import *`` gives: everything but `Timer`, since scripts that begin so
#: often measure their run time with the `Timer` of `pyNN.utility`, and what this file needs itself.
_OURS = {"Timer", "TYPE_CHECKING", "Any", "annotations"}
__all__ = [name for name in globals() if not name.startswith("_") and name not in _OURS]
__all__ += _LATER
