"""The frontend of the real BrainScaleS-2 chip, on an emulated one.

Scripts written for the chip speak in hardware time (ms), register codes and readings of its
converters. They run here with another import:

>>> import pynn_bss2sim.brainscales2 as pynn
"""

# Names are imported to be found here.
# ruff: noqa: F401, F403

from __future__ import annotations

from pyNN import common, errors, space
from pyNN.space import Space

from . import (
    connectors,
    grenade,
    helper,
    logger,
    plasticity_rules,
    populations,
    projections,
    recording,
    recording_data,
    simulator,
    standardmodels,
)
from .calibration_request import SpikingCalibOptions, SpikingCalibTarget
from .connectors import *
from .control import *
from .dlens_vx_v3 import hal, halco, hxcomm, lola, sta
from .grenade import common as grenade_common
from .injection import InjectedConfiguration, InjectedReadout
from .plasticity_rules import PlasticityRule, Timer
from .populations import Assembly, Population, PopulationView
from .procedural_api import *
from .projections import Projection
from .standardmodels import cells, synapses
