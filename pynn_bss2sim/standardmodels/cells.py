"""Neurons that the chip's circuit can be: LIF or AdEx, two exponential synaptic inputs."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
from pyNN import errors
from pyNN.parameters import ParameterSpace
from pyNN.standardmodels import cells

from pynn_bss2sim._core.records import LINES, Variable
from pynn_bss2sim.mapping.network import ADEX_PARAMETERS, LIF_PARAMETERS, Population

from .base import OneToOne, check_values, identity_translations
from .receptors import CondExpPostSynapticResponse, CurrExpPostSynapticResponse
from .refused import ModelNotOnChipError

__all__ = ["LIF", "AdExp", "EIF_cond_exp_isfa_ista", "IF_cond_exp", "IF_curr_exp", "PointNeuron"]

_NS_PER_US = 1e3
#: Largest argument for which exp() is finite in double precision.
_LARGEST_EXPONENT = np.log(np.finfo(np.float64).max)
#: Of one synaptic input line that nothing reaches (see `mapping.network.Population`).
_UNUSED_TAU_SYN, _UNUSED_E_REV = 1.0, 0.0


class _Neuron(OneToOne):
    """What every neuron type offers to the frontend, on top of PyNN's cell type API."""

    #: Exponential term and adaptation.
    adex = False
    #: Recordable or initial value name -> state variable of the emulator.
    variables: dict[str, Variable] = {}

    def variable(self, name: str) -> Variable:
        """Return the state variable that a recordable or an initial value names.

        Raises
        ------
        pyNN.errors.RecordingError
            If the neuron has no such state variable (``"spikes"`` is not one).
        """
        try:
            return self.variables[name]
        except KeyError:
            raise errors.RecordingError(name, self) from None

    def tau_syn_names(self) -> tuple[str, ...]:
        """Return the parameter holding the time constant of each line in use."""
        raise NotImplementedError

    def e_rev_names(self) -> tuple[str, ...]:
        """Return the parameter holding the reversal potential of each line in use."""
        raise NotImplementedError

    def validate(self, label: str, parameters: dict[str, np.ndarray]) -> None:
        """Check parameter values.

        Parameters
        ----------
        label : str
            The population's label, for the message.
        parameters : dict of str to float64 (size,)
            All parameters, in PyNN's units.

        Raises
        ------
        pyNN.errors.InvalidParameterValueError
            Naming label, parameter and the first cell with a bad value.
        """
        for name, values in parameters.items():
            check_values(label, name, values, ~np.isfinite(values), "give a finite number")
        for name in ("cm", "tau_m", *self.tau_syn_names()):
            _check_positive(label, name, parameters[name], self.units)
        _check_not_negative(label, "tau_refrac", parameters["tau_refrac"], self.units)
        threshold = parameters["v_thresh"]
        if self.adex:
            self._validate_adex(label, parameters)
            threshold = _spike_threshold(parameters)
        v_reset = parameters["v_reset"]
        check_values(
            label, "v_reset", v_reset, v_reset >= threshold,
            "must lie below the threshold, or the neuron fires for ever; lower v_reset or raise "
            f"{'v_spike' if self.adex else 'v_thresh'}", "mV",
        )  # fmt: skip

    def _validate_adex(self, label: str, parameters: dict[str, np.ndarray]) -> None:
        _check_positive(label, "tau_w", parameters["tau_w"], self.units)
        delta_t = parameters["delta_T"]
        _check_not_negative(label, "delta_T", delta_t, self.units)
        height = parameters["v_spike"] - parameters["v_thresh"]
        check_values(
            label, "delta_T", delta_t, (delta_t > 0) & (height > _LARGEST_EXPONENT * delta_t),
            "the exponential term overflows before v_spike is reached; raise delta_T, lower "
            "v_spike, or set delta_T = 0 for a sharp threshold at v_thresh", "mV",
        )  # fmt: skip

    def record(self, label: str, size: int, parameters: dict[str, np.ndarray]) -> Population:
        """Return the population record that the mapping reads.

        Parameters
        ----------
        label : str
        size : int
        parameters : dict of str to float64 (size,)
            All parameters, in PyNN's units, as `validate` accepts them.

        Returns
        -------
        pynn_bss2sim.mapping.network.Population

        Notes
        -----
        ``a`` is in nS in PyNN and in uS in the record. Where ``delta_T`` is 0 the exponential
        term is a wall at ``v_thresh`` (its limit for small slope factors), so a spike is
        registered at the lower one of ``v_thresh`` and ``v_spike``.
        """
        names = [*LIF_PARAMETERS, *(ADEX_PARAMETERS if self.adex else ())]
        values = {name: np.array(parameters[name], np.float64) for name in names}
        if self.adex:
            values["a"] /= _NS_PER_US
            values["v_spike"] = _spike_threshold(parameters)
        tau_syn = np.full((LINES, size), _UNUSED_TAU_SYN)
        e_rev = np.full((LINES, size), _UNUSED_E_REV)
        for line, name in enumerate(self.tau_syn_names()):
            tau_syn[line] = parameters[name]
        for line, name in enumerate(self.e_rev_names()):
            e_rev[line] = parameters[name]
        return Population(
            label, size, self.adex, self.conductance_based, tuple(self.receptor_types), values,
            tau_syn, e_rev,
        )  # fmt: skip


class _Monolith(_Neuron):
    """A neuron with one excitatory and one inhibitory input, in this order."""

    receptor_types = ("excitatory", "inhibitory")

    def tau_syn_names(self) -> tuple[str, ...]:
        return ("tau_syn_E", "tau_syn_I")

    def e_rev_names(self) -> tuple[str, ...]:
        return ("e_rev_E", "e_rev_I") if self.conductance_based else ()


_CURRENTS = {"v": Variable.V, "isyn_exc": Variable.LINE0, "isyn_inh": Variable.LINE1}
_CONDUCTANCES = {"v": Variable.V, "gsyn_exc": Variable.LINE0, "gsyn_inh": Variable.LINE1}


class IF_curr_exp(_Monolith, cells.IF_curr_exp):
    """Leaky integrate-and-fire neuron with exponentially decaying synaptic currents.

    Parameters
    ----------
    v_rest, v_reset, v_thresh : float, mV
        Leak potential, reset potential, spike threshold (``v_reset < v_thresh``).
    cm : float, nF, > 0
    tau_m : float, ms, > 0
    tau_refrac : float, ms, >= 0
    tau_syn_E, tau_syn_I : float, ms, > 0
    i_offset : float, nA

    Notes
    -----
    Recordable: ``spikes``, ``v`` (mV), ``isyn_exc`` and ``isyn_inh`` (nA).
    """

    translations = identity_translations(cells.IF_curr_exp.default_parameters)
    recordable = ["spikes", "v", "isyn_exc", "isyn_inh"]
    variables = _CURRENTS


class IF_cond_exp(_Monolith, cells.IF_cond_exp):
    """Leaky integrate-and-fire neuron with exponentially decaying synaptic conductances.

    Parameters
    ----------
    e_rev_E, e_rev_I : float, mV
        Reversal potentials. The other parameters are those of `IF_curr_exp`.

    Notes
    -----
    Recordable: ``spikes``, ``v`` (mV), ``gsyn_exc`` and ``gsyn_inh`` (uS).
    """

    translations = identity_translations(cells.IF_cond_exp.default_parameters)
    variables = _CONDUCTANCES


class EIF_cond_exp_isfa_ista(_Monolith, cells.EIF_cond_exp_isfa_ista):
    """Adaptive exponential integrate-and-fire neuron with exponential conductances.

    Parameters
    ----------
    v_thresh : float, mV
        Onset of the exponential term.
    v_spike : float, mV
        Potential at which a spike is registered, above ``v_reset``.
    delta_T : float, mV, >= 0
        Slope factor; 0 is the limit of a sharp threshold at ``v_thresh``.
    tau_w : float, ms, > 0
    a : float, nS
    b : float, nA
        The other parameters are those of `IF_cond_exp`.

    Notes
    -----
    Recordable: ``spikes``, ``v`` (mV), ``w`` (nA), ``gsyn_exc`` and ``gsyn_inh`` (uS).

    References
    ----------
    R. Brette and W. Gerstner, J. Neurophysiol. 94, 3637-3642 (2005).
    """

    adex = True
    translations = identity_translations(cells.EIF_cond_exp_isfa_ista.default_parameters)
    variables = {**_CONDUCTANCES, "w": Variable.W}


class LIF(OneToOne, cells.LIF):
    """Leaky integrate-and-fire membrane, a component of `PointNeuron`.

    The parameters are those of `IF_curr_exp` without the synaptic ones.
    """

    adex = False
    translations = identity_translations(cells.LIF.default_parameters)
    variables = {"v": Variable.V}
    units = {name: unit for name, unit in cells.LIF.units.items() if name != "w"}


class AdExp(OneToOne, cells.AdExp):
    """Adaptive exponential integrate-and-fire membrane, a component of `PointNeuron`.

    The parameters are those of `EIF_cond_exp_isfa_ista` without the synaptic ones.
    """

    adex = True
    translations = identity_translations(cells.AdExp.default_parameters)
    variables = {"v": Variable.V, "w": Variable.W}


class PointNeuron(_Neuron, cells.PointNeuron):
    """A neuron composed of a membrane and one or two receptors.

    Parameters
    ----------
    neuron : LIF or AdExp
    **receptors : CurrExpPostSynapticResponse or CondExpPostSynapticResponse
        One or two, of the same kind; the keyword is the receptor's name. Sorted by name they
        take the circuit's input lines 0 and 1.

    Raises
    ------
    ModelNotOnChipError
        For a component or a combination that the circuit cannot be.

    Notes
    -----
    The receptors' parameters, recordables and initial values are named
    ``"<receptor>.<name>"``, as in ``population.set(**{"AMPA.tau_syn": 2.0})``. The components are
    copied: changing them afterwards does not change the neuron.
    """

    def __init__(self, neuron: Any, **receptors: Any) -> None:
        _check_components(neuron, receptors)
        super().__init__(deepcopy(neuron), **deepcopy(receptors))
        self.adex = self.neuron.adex
        components = {"": self.neuron} | {
            f"{name}.": self.post_synaptic_receptors[name] for name in self.receptor_types
        }
        self.default_parameters = _prefixed(components, lambda c: c.default_parameters)
        self.translations = identity_translations(self.default_parameters)
        self.parameter_space = ParameterSpace(
            _prefixed(components, lambda c: dict(c.parameter_space.items())), self.get_schema()
        )
        self.variables = self.neuron.variables | {
            f"{name}.{state}": Variable(Variable.LINE0 + line)
            for line, name in enumerate(self.receptor_types)
            for state in self.post_synaptic_receptors[name].recordable
        }

    @property
    def injectable(self) -> bool:
        """Current can be injected."""
        return self.neuron.injectable

    @property
    def units(self) -> dict[str, str]:
        """Units of parameters and state variables."""
        return self.neuron.units | {
            f"{name}.{key}": unit
            for name, receptor in self.post_synaptic_receptors.items()
            for key, unit in receptor.units.items()
        }

    def has_parameter(self, name: str) -> bool:
        """Return whether `name` is a parameter of the neuron or, with a dot, of a receptor."""
        return name in self.default_parameters

    def get_parameter_names(self) -> list[str]:
        """Return the parameters' names, those of receptors as ``"<receptor>.<name>"``."""
        return list(self.default_parameters)

    def tau_syn_names(self) -> tuple[str, ...]:
        return tuple(f"{name}.tau_syn" for name in self.receptor_types)

    def e_rev_names(self) -> tuple[str, ...]:
        if not self.conductance_based:
            return ()
        return tuple(f"{name}.e_syn" for name in self.receptor_types)


def _check_components(neuron: Any, receptors: dict[str, Any]) -> None:
    """Raise ModelNotOnChipError unless the circuit can be composed so."""
    if not isinstance(neuron, LIF | AdExp):
        raise ModelNotOnChipError(
            f"PointNeuron: a membrane of type {type(neuron).__name__} has no counterpart on the "
            "chip; use an instance of this backend's LIF or AdExp"
        )
    kinds = {type(receptor) for receptor in receptors.values()}
    for kind in kinds:
        if not issubclass(kind, CurrExpPostSynapticResponse | CondExpPostSynapticResponse):
            raise ModelNotOnChipError(
                f"PointNeuron: a receptor of type {kind.__name__} has no counterpart on the chip; "
                "use an instance of this backend's CurrExpPostSynapticResponse or "
                "CondExpPostSynapticResponse"
            )
    names = ", ".join(sorted(receptors)) or "none"
    if not 1 <= len(receptors) <= LINES:
        raise ModelNotOnChipError(
            f"PointNeuron: {len(receptors)} receptors ({names}); the chip's neuron circuit has "
            f"{LINES} synaptic input lines, so give one or two receptors"
        )
    if len({receptor.conductance_based for receptor in receptors.values()}) > 1:
        raise ModelNotOnChipError(
            f"PointNeuron: receptors {names} mix currents and conductances; both input lines of "
            "a circuit are of one kind, so use either CurrExp or CondExp for all"
        )


def _prefixed(
    components: dict[str, Any], entries: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    return {
        f"{prefix}{name}": value
        for prefix, component in components.items()
        for name, value in entries(component).items()
    }


def _spike_threshold(parameters: dict[str, np.ndarray]) -> np.ndarray:
    """Potential at which an AdEx neuron spikes: v_spike, or the wall where delta_T is 0."""
    v_spike = np.asarray(parameters["v_spike"], np.float64)
    wall = np.minimum(v_spike, parameters["v_thresh"])
    return np.where(np.asarray(parameters["delta_T"]) == 0.0, wall, v_spike)


def _check_positive(label: str, name: str, values: np.ndarray, units: dict[str, str]) -> None:
    check_values(label, name, values, values <= 0, "must be positive", units.get(name, ""))


def _check_not_negative(label: str, name: str, values: np.ndarray, units: dict[str, str]) -> None:
    check_values(label, name, values, values < 0, "must not be negative", units.get(name, ""))
