"""The names under which scripts for the real chip import its software.

``python -m pynn_bss2sim.brainscales2 script.py`` calls `install` and runs the script; notebooks
call it first. Helpers that tutorials have in a folder beside them (`HELPERS`) stand in for those
that are not there.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
from types import ModuleType

from .lenient import LENIENT_VARIABLE

__all__ = ["HELPERS", "NAMES", "install"]

_HERE = __name__.rpartition(".")[0]

#: Packages of the real chip, and what stands for them here.
NAMES = {
    "pynn_brainscales": None,
    "pynn_brainscales.brainscales2": _HERE,
    "dlens_vx_v3": f"{_HERE}.dlens_vx_v3",
    "pyhalco_hicann_dls_vx_v3": f"{_HERE}.dlens_vx_v3.halco",
    "pyhaldls_vx_v3": f"{_HERE}.dlens_vx_v3.hal",
    "pyhxcomm_vx": f"{_HERE}.dlens_vx_v3.hxcomm",
    "pylola_vx_v3": f"{_HERE}.dlens_vx_v3.lola",
    "pystadls_vx_v3": f"{_HERE}.dlens_vx_v3.sta",
}

#: Modules beside the tutorials of the real chip, and what stands for them here.
HELPERS = {
    "_static.common.helpers": f"{_HERE}.demo_helpers",
    "_static.common.measure_voltage": f"{_HERE}.demo_helpers",
}

#: Modules of PyNN that the real package hands on.
_OF_PYNN = (
    "common",
    "core",
    "descriptions",
    "errors",
    "parameters",
    "random",
    "recording",
    "serialization",
    "space",
    "standardmodels",
)


#: Helpers of tutorials look for it to know that a chip can be reached.
_REACHED_VARIABLE = "SLURM_FPGA_IPS"

#: Marks modules that stand in for those of the chip.
_MARK = "__bss2sim__"


def install() -> None:
    """Make `pynn_brainscales` and `dlens_vx_v3` importable, as this package.

    Parameters may then be set before those of `initial_config` are known, as in scripts for several
    releases of the software.

    Raises
    ------
    ImportError
        The real packages are installed; they are never hidden.
    """
    tops = sorted({name.partition(".")[0] for name in NAMES})
    for name in tops:
        if name in sys.modules and getattr(sys.modules[name], _MARK, False):
            continue
        known = sys.modules.get(name)
        if known is not None or importlib.util.find_spec(name) is not None:
            raise ImportError(
                f"{name} is installed here; scripts use the real one. Remove it, or import "
                f"{_HERE} instead"
            )
    for name, target in NAMES.items():
        if target is not None:
            _alias(name, importlib.import_module(target))
    root = ModuleType("pynn_brainscales", "The frontend of an emulated BrainScaleS-2 chip.")
    root.__path__ = []
    parts = {name: importlib.import_module(f"pyNN.{name}") for name in _OF_PYNN}
    parts["brainscales2"] = sys.modules["pynn_brainscales.brainscales2"]
    for name, module in parts.items():
        setattr(root, name, module)
        sys.modules[f"pynn_brainscales.{name}"] = module
    sys.modules["pynn_brainscales"] = root
    for name in tops:
        setattr(sys.modules[name], _MARK, True)
    for name, target in HELPERS.items():
        if not _exists(name):
            _add(name, importlib.import_module(target))
    os.environ.setdefault(LENIENT_VARIABLE, "yes")
    os.environ.setdefault(_REACHED_VARIABLE, "emulated")


def _exists(name: str) -> bool:
    """Whether there is a module of this name."""
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _add(name: str, module: ModuleType) -> None:
    """Put a module in a place, and empty packages above it where there are none."""
    parent, _, last = name.rpartition(".")
    if parent:
        if not _exists(parent):
            package = ModuleType(parent)
            package.__path__ = []
            _add(parent, package)
        setattr(importlib.import_module(parent), last, module)
    sys.modules[name] = module


def _alias(name: str, module: ModuleType) -> None:
    """Let `name` and the names below it mean a module and those below it."""
    sys.modules[name] = module
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if found.name != "__main__":
            _alias(
                f"{name}.{found.name}", importlib.import_module(f"{module.__name__}.{found.name}")
            )
