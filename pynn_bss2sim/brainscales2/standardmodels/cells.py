"""Cell types: neuron circuits in register codes, and spike sources."""

from __future__ import annotations

import enum
from typing import ClassVar

import numpy as np
from pyNN import errors
from pyNN.parameters import Sequence
from pyNN.standardmodels import StandardCellType

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim.standardmodels.base import OneToOne, check_values, identity_translations

from ..circuit_parameters import COLUMNS, VISIBLE, check_column
from ..clock import to_cycles
from ..dlens_vx_v3.lola import AtomicNeuron

__all__ = [
    "ExternalNeuron",
    "HXNeuron",
    "NeuronCellType",
    "SpikeSourceArray",
    "SpikeSourcePoisson",
    "SpikeSourcePoissonOnChip",
    "StandardCellType",
]


class ReadoutSource(enum.IntEnum):
    """What the plasticity processor reads of a neuron."""

    membrane = 0
    exc_synin = 1
    inh_synin = 2
    adaptation = 3


class NeuronCellType(OneToOne, StandardCellType):
    """What neurons on the chip have in common."""

    is_source = False
    reads_initial_config = False
    conductance_based = False
    injectable = False
    recordable: ClassVar[list[str]] = ["spikes", "v", "exc_synin", "inh_synin", "adaptation"]
    receptor_types: ClassVar[list[str]] = ["excitatory", "inhibitory"]
    ReadoutSource = ReadoutSource

    def __init__(self, plasticity_rule=None, **parameters):
        super().__init__(**parameters)
        #: Names that are given and do not come from elsewhere.
        self.given = frozenset(parameters)
        self.plasticity_rule = plasticity_rule


_PLASTICITY = {
    "plasticity_rule_readout_source": 0.0,
    "plasticity_rule_enable_readout_source": False,
}


class HXNeuron(NeuronCellType):
    """A neuron circuit of the chip: its registers.

    Names are ``<group>_<field>``. By default everything is off, and the neuron silent. Analog
    parameters are codes of 0 to 1022. What a code does to a membrane differs from circuit to
    circuit.

    Not emulated are the source degeneration of leak and reset, the capacitors of the input lines,
    the reference of their amplifiers, the pause of the exponential term, the hold-off of the reset
    (a spike is possible when the refractory time is over), and the coupling of circuits; the last
    is refused.

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
        **_PLASTICITY,
    }
    default_initial_values: ClassVar[dict] = {}
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
            if name not in COLUMNS:
                switch = isinstance(self.default_parameters[name], bool)
                result[name] = np.asarray(values).astype(bool if switch else np.float64)
                continue
            try:
                result[name] = check_column(name, values)
            except ValueError as error:
                raise errors.InvalidParameterValueError(f"{label}: {error}") from error
        self._refuse_joined(label, result)
        return result

    @staticmethod
    def _refuse_joined(label: str, parameters: dict[str, np.ndarray]):
        """Refuse switches that join circuits, which the emulation of single circuits ignored."""
        for name, values in parameters.items():
            if name.startswith(_COUPLING) and COLUMNS[name].is_switch and values.any():
                raise errors.InvalidParameterValueError(
                    f"{label}: {name} of cell {np.flatnonzero(values)[0]}: joined circuits are "
                    "not emulated in this version; use neurons of one circuit"
                )


#: Parameters that connect circuits with one another.
_COUPLING = ("multicompartment_", "bayesian_connect_", "bayesian_enable_")


class ExternalNeuron(OneToOne, StandardCellType):
    """A spike source."""

    is_source = True
    reads_initial_config = False
    injectable = False
    on_chip = False
    plasticity_rule = None
    recordable: ClassVar[list[str]] = ["spikes"]
    receptor_types: ClassVar[list[str]] = []
    default_initial_values: ClassVar[dict] = {}

    @property
    def given(self) -> frozenset:
        """No parameter comes from elsewhere."""
        return frozenset(self.default_parameters)


class SpikeSourceArray(ExternalNeuron):
    """Spikes at given times.

    Parameters
    ----------
    spike_times : sequence of float, ms
        Of the wall clock, from the beginning of the experiment; a sequence for all cells, or one
        for each. They need not be sorted.
    """

    default_parameters: ClassVar[dict] = {"spike_times": Sequence([])}
    translations = identity_translations(default_parameters)
    units: ClassVar[dict[str, str]] = {"spike_times": "ms"}

    def __init__(self, spike_times=()):
        super().__init__(spike_times=_sequences(spike_times))

    def checked(self, label: str, parameters: dict) -> dict[str, np.ndarray]:
        """Spike times as `Sequence` of finite numbers."""
        for cell, times in enumerate(parameters["spike_times"]):
            if not np.isfinite(np.asarray(times.value, np.float64)).all():
                raise errors.InvalidParameterValueError(
                    f"{label}: spike_times of cell {cell}: give finite numbers"
                )
        return parameters

    def draw(self, parameters: dict, cell: int) -> np.ndarray:
        """Spikes of a cell: int64 (n,), cycles."""
        return np.sort(to_cycles(parameters["spike_times"][cell].value))


def _sequences(spike_times):
    """Lists of spike times in a form that PyNN takes for one value for each cell."""
    if isinstance(spike_times, Sequence):
        return spike_times
    several = np.iterable(spike_times) and any(
        np.iterable(times) or isinstance(times, Sequence) for times in spike_times
    )
    if not several:
        return Sequence(np.asarray(spike_times, np.float64))
    return [
        t if isinstance(t, Sequence) else Sequence(np.asarray(t, np.float64)) for t in spike_times
    ]


class SpikeSourcePoisson(ExternalNeuron):
    """Poisson spikes made on the host.

    They are drawn from ``numpy.random`` when the source is first used, and again for cells whose
    parameters have changed; otherwise the same spikes come in each run.

    Parameters
    ----------
    start : float, ms
    rate : float, Hz
        Of the chip.
    duration : float, ms
    """

    default_parameters: ClassVar[dict] = {"start": 0.0, "rate": 0.0, "duration": 0.0}
    translations = identity_translations(default_parameters)
    units: ClassVar[dict[str, str]] = {"start": "ms", "rate": "Hz", "duration": "ms"}

    def __init__(self, start, rate, duration):
        super().__init__(start=start, rate=rate, duration=duration)

    def checked(self, label: str, parameters: dict) -> dict[str, np.ndarray]:
        """Finite numbers that are not negative."""
        for name, values in parameters.items():
            bad = ~np.isfinite(values) | (values < 0)
            check_values(label, name, values, bad, "give a finite number from 0 on")
        return parameters

    def draw(self, parameters: dict, cell: int) -> np.ndarray:
        """Draw the spikes of a cell: int64 (n,), cycles."""
        start, rate, duration = (parameters[n][cell] for n in ("start", "rate", "duration"))
        # scripts make them reproducible by numpy.random.seed()
        count = np.random.poisson(int(duration * rate / 1e3))  # noqa: NPY002
        times = np.random.uniform(start, start + duration, count)  # noqa: NPY002
        return np.sort(to_cycles(times))


class SpikeSourcePoissonOnChip(ExternalNeuron):
    """Poisson spikes made by a generator of the chip.

    Parameters
    ----------
    rate : float, Hz
        Of each cell, the same for all.
    seed : int, 0 to 2**32 - 1
        The same for all.
    """

    on_chip = True
    default_parameters: ClassVar[dict] = {"rate": 0.0, "seed": 0.0}
    translations = identity_translations(default_parameters)
    units: ClassVar[dict[str, str]] = {"rate": "Hz", "seed": "dimensionless"}

    def __init__(self, rate, seed):
        super().__init__(rate=rate, seed=seed)

    def checked(self, label: str, parameters: dict) -> dict[str, np.ndarray]:
        """One rate and seed that a generator can have.

        Raises
        ------
        AssertionError
            Cells differ, as on the real chip's frontend.
        RuntimeError
            All cells together are too fast.
        """
        for name, values in parameters.items():
            if (values != values[0]).any():
                raise AssertionError(f"{label}: {name} differs from cell to cell; give one value")
        rate, seed = parameters["rate"], parameters["seed"]
        bad = (seed < 0) | (seed > chip.BACKGROUND_SEED_MAX) | (seed != np.floor(seed))
        check_values(label, "seed", seed, bad, "give an integer of 0 to 2**32 - 1")
        check_values(label, "rate", rate, ~(rate > 0), "give a positive number", "Hz")
        total = rate[0] * len(rate)
        if total > 1e6 * chip.BACKGROUND_CLOCK:
            raise RuntimeError(
                f"{label}: {total:g} Hz in all, a generator makes "
                f"{1e6 * chip.BACKGROUND_CLOCK:g} Hz; lower the rate or use fewer cells"
            )
        return parameters
