"""What all our standard models share: their parameters keep PyNN's names, units and values."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from pyNN import errors
from pyNN.parameters import ParameterSpace
from pyNN.standardmodels import build_translations

__all__ = ["OneToOne", "check_values", "identity_translations"]


def identity_translations(names):
    """Return the PyNN translation table that maps each of `names` to itself."""
    return build_translations(*((name, name) for name in names))


class OneToOne:
    """Mixin for a :class:`~pyNN.standardmodels.StandardModelType` with identity translations.

    PyNN evaluates a translation as a Python expression, which fails for names with a dot in
    them (``"AMPA.tau_syn"``) and takes time; for one-to-one names nothing is to be evaluated.
    """

    def __init__(self, *args, **parameters):
        try:
            super().__init__(*args, **parameters)
        except AssertionError as error:
            # lazy arrays assert that values are real, without saying which is not
            given = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
            raise errors.InvalidParameterValueError(
                f"{type(self).__name__}({given}): {error or 'values must be real numbers'}"
            ) from error

    def translate(self, parameters, copy=True):
        """Return `parameters` as a native parameter space.

        Raises
        ------
        pyNN.errors.NonExistentParameterError
            If a name is not a parameter of this model.
        """
        return self._renamed(deepcopy(parameters) if copy else parameters, schema=None)

    def reverse_translate(self, native_parameters):
        """Return native parameters as a parameter space with this model's schema."""
        return self._renamed(native_parameters, schema=self.get_schema())

    def _renamed(self, parameters, schema):
        values = dict(parameters.items())
        self._require_known(values)
        return ParameterSpace(values, schema=schema, shape=parameters.shape)

    def _require_known(self, names):
        for name in names:
            if name not in self.translations:
                raise errors.NonExistentParameterError(
                    name, type(self).__name__, self.get_parameter_names()
                )

    def simple_parameters(self):
        """All parameters: each has one native counterpart of the same value."""
        return list(self.translations)

    def scaled_parameters(self):
        """No parameter changes its unit."""
        return []

    def computed_parameters(self):
        """No parameter is computed from others."""
        return []

    def computed_parameters_include(self, parameter_names):
        """False: no parameter is computed from others."""
        return False

    def get_native_names(self, *names):
        """Return `names`, or all parameter names if none is given."""
        self._require_known(names)
        return list(names) if names else list(self.translations)


def check_values(label, name, values, bad, need, unit=""):
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
