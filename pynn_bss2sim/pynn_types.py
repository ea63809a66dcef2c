"""Names for what comes from PyNN, whose classes have no types.

Only type checkers read this module as it stands: at run time `PynnMixin` is `object`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from .populations import Assembly, Population, PopulationView

__all__ = ["Cells", "Parameters", "PynnMixin"]

#: What may be connected, recorded and placed.
Cells: TypeAlias = "Population | PopulationView | Assembly"
#: Parameters of cells by name, as PyNN evaluates them: arrays, or objects that hold sequences.
Parameters: TypeAlias = dict[str, Any]

if TYPE_CHECKING:
    #: Base of classes that take their place before one of PyNN's: they may use what that has.
    PynnMixin: TypeAlias = Any
else:
    PynnMixin = object
