"""A PyNN backend whose target is a simulated BrainScaleS-2 chip.

>>> import pynn_bss2sim as sim
>>> sim.setup(timestep=0.1)  # doctest: +SKIP
"""

from __future__ import annotations

from ._compatibility import require_pynn

require_pynn()

from pyNN import errors, random, space  # noqa: E402
from pyNN.network import Network  # noqa: E402
from pyNN.parameters import ArrayParameter, ParameterSpace, Sequence  # noqa: E402
from pyNN.random import GSLRNG, NumpyRNG, RandomDistribution  # noqa: E402
from pyNN.space import Space  # noqa: E402
from pyNN.standardmodels import StandardCellType  # noqa: E402

from . import simulator, standardmodels  # noqa: E402
from ._core.chip_model import ChipModel  # noqa: E402
from .connectors import *  # noqa: E402, F403
from .control import (  # noqa: E402
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
from .populations import Assembly, Population, PopulationView  # noqa: E402
from .procedural_api import connect, create, record, record_gsyn, record_v, set  # noqa: E402
from .projections import Projection  # noqa: E402
from .simulator import state  # noqa: E402
from .standardmodels import *  # noqa: E402, F403

__version__ = "0.1.0"


def list_standard_models():
    """Return the names of PyNN's standard cell types that exist on this backend."""
    return [cell_type.__name__ for cell_type in standardmodels.SUPPORTED_CELLS]
