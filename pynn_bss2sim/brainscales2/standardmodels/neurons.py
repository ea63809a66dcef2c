"""Neuron circuits in register codes."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from pyNN import errors
from pyNN.standardmodels import StandardCellType

from pynn_bss2sim.standardmodels.base import OneToOne, check_values, identity_translations

from ..circuit_parameters import COLUMNS, VISIBLE, check_column
from ..dlens_vx_v3.lola import AtomicNeuron

if TYPE_CHECKING:
    from ..plasticity_rules import PlasticityRule


__all__ = ["PLASTICITY", "HXNeuron", "NeuronCellType", "checked_plasticity"]


class ReadoutSource(enum.IntEnum):
    """What the plasticity processor reads of a neuron."""

    membrane = 0
    exc_synin = 1
    inh_synin = 2
    adaptation = 3


class NeuronCellType(OneToOne, StandardCellType):
    """What neurons on the chip have in common."""

    is_source = False
    on_chip = False
    calibrated = False
    reads_initial_config = False
    default_initial_values: ClassVar[dict] = {}
    conductance_based = False
    injectable = False
    recordable: ClassVar[list[str]] = ["spikes", "v", "exc_synin", "inh_synin", "adaptation"]
    receptor_types: ClassVar[list[str]] = ["excitatory", "inhibitory"]
    ReadoutSource = ReadoutSource

    def __init__(self, plasticity_rule: PlasticityRule | None = None, **parameters: Any) -> None:
        super().__init__(**parameters)
        #: Names that are given and do not come from elsewhere.
        self.given = frozenset(parameters)
        self.plasticity_rule = plasticity_rule


#: Parameters of all neurons beside those of their circuits.
PLASTICITY = {
    "plasticity_rule_readout_source": 0.0,
    "plasticity_rule_enable_readout_source": False,
}


def checked_plasticity(label: str, name: str, values: ArrayLike) -> np.ndarray:
    """A parameter of `PLASTICITY` as an array of its type: bool or float64 (n,).

    Raises
    ------
    pyNN.errors.InvalidParameterValueError
        There is no such source.
    """
    if isinstance(PLASTICITY[name], bool):
        return np.asarray(values).astype(bool)
    numbers = np.asarray(values).astype(np.float64)
    bad = ~np.isin(numbers, list(ReadoutSource))
    check_values(label, name, numbers, bad, f"give 0 to {max(ReadoutSource):d}")
    return numbers


class HXNeuron(NeuronCellType):
    """A neuron circuit of the chip: its registers.

    Names are ``<group>_<field>``. By default everything is off, and the neuron silent. Analog
    parameters are codes of 0 to 1022. What a code does to a membrane differs from circuit to
    circuit.

    Using what is not emulated is told once, see `without_effect`. Joining circuits is refused, but
    for `multicompartment_connect_right` to a circuit that only shows the membrane. No
    current acts on a membrane while it is held at reset, as if `refractory_period_enable_pause`
    were set.

    Parameters
    ----------
    plasticity_rule : PlasticityRule, optional
    **parameters
        One value, or one for each neuron.

    Raises
    ------
    pyNN.errors.NonExistentParameterError
        There is no such parameter, or the frontend sets it.
    """

    reads_initial_config = True
    default_parameters: ClassVar[dict] = {
        **{name: COLUMNS[name].default for name in VISIBLE},
        **PLASTICITY,
    }
    translations = identity_translations(default_parameters)
    units: ClassVar[dict[str, str]] = dict.fromkeys(
        (*default_parameters, "v", "exc_synin", "inh_synin", "adaptation"), "dimensionless"
    )

    @classmethod
    def get_default_values(cls) -> dict:
        """The parameters of a silent neuron, by name."""
        return dict(cls.default_parameters)

    @classmethod
    def create_hw_entity(cls, parameters: dict) -> AtomicNeuron:
        """A neuron circuit with these parameters.

        Parameters
        ----------
        parameters : dict
            By their flattened names; others have their values after reset.
        """
        unknown = sorted(set(parameters) - set(cls.default_parameters))
        if unknown:
            raise errors.NonExistentParameterError(unknown[0], cls.__name__, list(VISIBLE))
        values = {name: COLUMNS[name].default for name in COLUMNS} | parameters
        return AtomicNeuron({name: check_column(name, [values[name]]) for name in COLUMNS})

    def checked(self, label: str, parameters: dict) -> dict[str, np.ndarray]:
        """Parameters as arrays of their types: bool, or float64 of whole numbers.

        Raises
        ------
        pyNN.errors.InvalidParameterValueError
            A value does not fit its register, or joins circuits.
        """
        result = {}
        for name, values in parameters.items():
            if name in PLASTICITY:
                result[name] = checked_plasticity(label, name, values)
                continue
            try:
                result[name] = check_column(name, values)
            except ValueError as error:
                raise errors.InvalidParameterValueError(f"{label}: {error}") from error
        return result
