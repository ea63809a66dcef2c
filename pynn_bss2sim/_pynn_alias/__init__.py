"""``import pyNN.bss2sim`` is ``import pynn_bss2sim``: scripts choose PyNN backends by name."""

import importlib
import sys

sys.modules[__name__] = importlib.import_module("pynn_bss2sim")
