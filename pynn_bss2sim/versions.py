"""What is installed, how it was built, and the chip's figures: what a report of an error needs."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TextIO

from ._core.engine import BUILD, available_instruction_sets
from ._core.hicannx import ANALOG_MAX, FACTS, HICANN_X, WEIGHT_MAX

__all__ = ["show_versions", "versions"]

#: What a simulation needs, then what single features need, by the names of distributions.
_PACKAGES = (
    "pynn_bss2sim", "pyNN", "neo", "quantities", "numpy",
    "matplotlib", "pandas", "elephant", "nest-simulator", "neuron", "brian2",
)  # fmt: skip


def versions() -> dict[str, dict[str, str]]:
    """Return versions, the build and the chip's figures.

    Returns
    -------
    dict of str to dict of str to str
        ``system``, ``packages`` ("-": not installed), ``build`` (of the compiled engine) and
        ``chip``.
    """
    return {
        "system": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "processor": platform.machine(),
        },
        "packages": {name: _version(name) for name in _PACKAGES},
        "build": BUILD | {"instruction sets": ", ".join(available_instruction_sets())},
        "chip": _chip(),
    }


def show_versions(file: TextIO | None = None) -> None:
    """Print versions, the build of the engine and the chip's figures.

    Parameters
    ----------
    file : text file, optional
        Where to; by default the standard output.
    """
    for title, rows in versions().items():
        print(title, file=file or sys.stdout)
        for name, value in rows.items():
            print(f"  {name:<18} {value}", file=file or sys.stdout)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


def _chip() -> dict[str, str]:
    return {
        "name": "HICANN-X v3 (emulated)",
        "neuron circuits": str(HICANN_X.circuits),
        "synapses": f"{HICANN_X.circuits * HICANN_X.rows} of {WEIGHT_MAX.bit_length()} bits",
        "analog parameters": f"{ANALOG_MAX.bit_length()} bits",
        "facts": f"{len(FACTS)}, each with its source",
    }
