"""The state of the simulated chip under experiment: what setup() begins and end() drops."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN.common.control import BaseState

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim.simulator import ID

from .calibration import CalibratedNeurons
from .clock import to_cycles, to_ms
from .dlens_vx_v3.halco import AtomicNeuronOnDLS, LogicalNeuronOnDLS
from .dlens_vx_v3.lola import Chip
from .execution import Experiment
from .host_spikes import HostSpikes
from .injection import InjectedConfiguration, InjectedReadout, Injection
from .snapshot import Snapshot, take_snapshot

if TYPE_CHECKING:
    from .populations import Population
    from .projections import Projection


__all__ = ["ID", "State", "current", "name", "state"]

#: How this backend calls itself in the annotations of recorded data.
name = "HX"


class State(BaseState):
    """Everything between a setup() and the next.

    Parameters
    ----------
    timestep : float, ms
        Kept for scripts that ask for it.
    min_delay, max_delay : float, ms
    model : ChipModel
        The chip.
    permutation : int64 (n,), n at most 512
        Circuit of each neuron, in the order of their creation.
    initial_config : Chip or None
    injected_config, injected_readout
    holdoff : float64 (512,) or float, µs
        Of calibrated neurons.

    Attributes
    ----------
    chip_config : Chip
        What the registers hold that nobody sets: `initial_config`, or a chip after reset.
    populations, projections : list
        In the order of their creation.
    runtimes : list of int, FPGA cycles
        Of the snippets appended since the last reset.
    """

    mpi_rank = 0
    num_processes = 1
    log = logging.getLogger("pynn_bss2sim.brainscales2")

    def __init__(
        self,
        timestep: float,
        min_delay: float,
        max_delay: float,
        model: ChipModel,
        permutation: np.ndarray,
        initial_config: Chip | None,
        injected_config: InjectedConfiguration,
        injected_readout: InjectedReadout,
        holdoff: np.ndarray | float = 0.0,
    ) -> None:
        super().__init__()
        self.dt = timestep
        self.min_delay, self.max_delay = min_delay, max_delay
        self.model = model
        self.permutation = permutation
        self.initial_config = initial_config
        self.chip_config = Chip() if initial_config is None else initial_config
        self.id_counter = 0
        self.populations: list[Population] = []
        self.projections: list[Projection] = []
        self.runtimes: list[int] = []
        self.segment_counter = 0
        self.executed = False
        self.snapshots: list[Snapshot] = []
        self.host_spikes = HostSpikes()
        self.injection = Injection(injected_config, injected_readout)
        self.experiment = Experiment(model, self.injection)
        self.calibrated = CalibratedNeurons(model, holdoff)

    @property
    def t(self) -> float:
        """Time since the last reset, ms."""
        return to_ms(sum(self.runtimes))

    @property
    def grenade_chip_config(self) -> Chip:
        """The chip that is configured where nobody says otherwise; may be changed in place."""
        return self.chip_config

    @property
    def neuron_placement(self) -> NeuronPlacement:
        """Where neurons lie, by their ID."""
        return NeuronPlacement(self)

    @property
    def plasticity_rules(self) -> list:
        """The rules of projections and populations, each once."""
        rules = [p.synapse_type.plasticity_rule for p in self.projections]
        rules += [p.celltype.plasticity_rule for p in self.populations]
        return list(dict.fromkeys(rule for rule in rules if rule is not None))

    @property
    def neurons(self) -> list:
        """The populations of neurons on the chip."""
        return [p for p in self.populations if not p.is_source]

    @property
    def sources(self) -> list:
        """The populations of spike sources."""
        return [p for p in self.populations if p.is_source]

    def circuits(self) -> np.ndarray:
        """Circuit of each neuron of all populations: int64 (n,), ``part * 512 + circuit``.

        Neurons beyond the circuits of a chip belong to further parts of the network.

        Raises
        ------
        RuntimeError
            There are more neurons than places that the user gives.
        """
        n = sum(p.size for p in self.neurons)
        places = len(self.permutation)
        if places < min(n, chip.HICANN_X.circuits):
            raise RuntimeError(
                f"placement: {n} neurons, and neuronPermutation has {places} places "
                f"of the {chip.HICANN_X.circuits} of a chip; use fewer neurons or a longer "
                "permutation"
            )
        part, index = np.divmod(np.arange(n), places)
        return part * chip.HICANN_X.circuits + self.permutation[index]

    # --- experiments ----------------------------------------------------------------------

    def prepare(self) -> None:
        """Map the network as it is."""
        now = sum(self.runtimes)
        self.experiment.map(take_snapshot(self, now, now))

    def preprocess(self, runtime: Any = 0, command: Any = 0) -> None:
        """Map the network as it is, whatever the arguments are."""
        self.prepare()

    def append(self, runtime: float) -> None:
        """Queue the network as it is for the next `runtime` ms."""
        if not (np.isfinite(runtime) and runtime >= 0):
            raise ValueError(f"run: {runtime} ms; give a positive number of ms")
        now, cycles = sum(self.runtimes), int(to_cycles(runtime))
        self.snapshots.append(take_snapshot(self, now, now + cycles))
        self.runtimes.append(cycles)

    def require_unexecuted(self) -> None:
        """Raise RuntimeError where there has been an execution since the last reset."""
        if self.executed:
            raise RuntimeError("run: this has been executed already; call reset() first")

    def execute(self) -> None:
        """Execute what is queued, and hand out what was recorded."""
        if not self.snapshots:
            raise ValueError("run: nothing is queued; give a runtime")
        try:
            self.experiment.execute(self.snapshots)
        finally:
            self._hand_out(self.experiment.recorded())

    def _hand_out(self, recorded: list[dict]) -> None:
        """Give recorders what has been recorded, if anything has been executed."""
        if not recorded:
            return
        self.executed = self.running = True
        for population in self.populations:
            population.recorder.begin()
        for snippet in recorded:
            for population, data in snippet.items():
                population.recorder.store(data)

    def reset(self) -> None:
        """Go back to time 0 with the same network; a new segment begins."""
        self.runtimes, self.snapshots = [], []
        self.host_spikes.forget()
        self.running = self.executed = False
        self.segment_counter += 1


class NeuronPlacement:
    """Where neurons lie: ``id2logicalneuron(id).get_atomic_neurons()``.

    Parameters
    ----------
    state : State
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def id2logicalneuron(self, number: int) -> LogicalNeuronOnDLS:
        """The neuron with an ID.

        Raises
        ------
        KeyError
            No neuron of the chip has it.
        """
        first = 0
        for population in self._state.neurons:
            index = int(number) - population.first_id_number
            if 0 <= index < population.size:
                place = self._state.circuits()[first + index] % chip.HICANN_X.circuits
                return LogicalNeuronOnDLS(AtomicNeuronOnDLS(place))
            first += population.size
        raise KeyError(f"no neuron of the chip has the ID {number}")


#: The state; None before setup() and after end().
state: State | None = None


def current(action: str) -> State:
    """The state.

    Raises
    ------
    RuntimeError
        setup() has not been called.
    """
    if state is None:
        raise RuntimeError(f"{action}: call setup() first")
    return state
