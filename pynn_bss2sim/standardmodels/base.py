"""What all our standard models share: their parameters keep PyNN's names, units and values."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import numpy as np
from pyNN import errors
from pyNN.parameters import ParameterSpace
from pyNN.standardmodels import build_translations

from ..pynn_types import PynnMixin

__all__ = ["OneToOne", "check_values", "identity_translations"]


def identity_translations(names: Iterable[str]) -> dict[str, dict]:
    """Return the PyNN translation table that maps each of `names` to itself."""
    return build_translations(*((name, name) for name in names))


class OneToOne(PynnMixin):
    """Mixin for a :class:`~pyNN.standardmodels.StandardModelType` with identity translations.

    PyNN evaluates a translation as a Python expression, which fails for names with a dot in
    them (``"AMPA.tau_syn"``) and takes time; for one-to-one names nothing is to be evaluated.
    """

    def __init__(self, *args: Any, **parameters: Any) -> None:
        try:
            super().__init__(*args, **parameters)
        except AssertionError as error:
            # lazy arrays assert that values are real, without saying which is not
            given = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
            raise errors.InvalidParameterValueError(
                f"{type(self).__name__}({given}): {error or 'values must be real numbers'}"
            ) from error

    def translate(self, parameters: ParameterSpace, copy: bool = True) -> ParameterSpace:
        """Return `parameters` as a native parameter space.

        Raises
        ------
        pyNN.errors.NonExistentParameterError
            If a name is not a parameter of this model.
        """
        return self._renamed(deepcopy(parameters) if copy else parameters, schema=None)

    def reverse_translate(self, native_parameters: ParameterSpace) -> ParameterSpace:
        """Return native parameters as a parameter space with this model's schema."""
        return self._renamed(native_parameters, schema=self.get_schema())

    def _renamed(self, parameters: ParameterSpace, schema: dict | None) -> ParameterSpace:
        values = dict(parameters.items())
        self._require_known(values)
        return ParameterSpace(values, schema=schema, shape=parameters.shape)

    def _require_known(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.translations:
                raise errors.NonExistentParameterError(
                    name, type(self).__name__, self.get_parameter_names()
                )

    def simple_parameters(self) -> list[str]:
        """All parameters: each has one native counterpart of the same value."""
        return list(self.translations)

    def scaled_parameters(self) -> list[str]:
        """No parameter changes its unit."""
        return []

    def computed_parameters(self) -> list[str]:
        """No parameter is computed from others."""
        return []

    def computed_parameters_include(self, parameter_names: Iterable[str]) -> bool:
        """False: no parameter is computed from others."""
        return False

    def get_native_names(self, *names: str) -> list[str]:
        """Return `names`, or all parameter names if none is given."""
        self._require_known(names)
        return list(names) if names else list(self.translations)


def check_values(
    label: str, name: str, values: np.ndarray, bad: np.ndarray, need: str, unit: str = ""
) -> None:
    """Raise where `bad` is True, naming the population, the parameter and the first such cell.

    Parameters
    ----------
    label, name : str
        Population and parameter.
    values, bad : ndarray (size,)
    need : str
        What a good value is, and the way out.
    unit : str

    Raises
    ------
    pyNN.errors.InvalidParameterValueError
    """
    bad = np.asarray(bad)
    if bad.any():
        index = int(np.flatnonzero(bad)[0])
        raise errors.InvalidParameterValueError(
            f"{label}: {name} = {values[index]:g}{' ' + unit if unit else ''} "
            f"in cell {index} ({int(bad.sum())} of {bad.size} cells): {need}"
        )
