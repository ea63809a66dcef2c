"""Begin, execution and end of experiments."""

from __future__ import annotations

import enum
import warnings
from typing import Any

import numpy as np
from pyNN import common
from pyNN.recording import get_io

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim.control import chosen_chip
from pynn_bss2sim.mapping import CodedMapping

from . import simulator, without_effect
from .calibration_request import requested_holdoff
from .dlens_vx_v3.lola import Chip
from .grenade import ChipOnConnection
from .injection import InjectedConfiguration, InjectedReadout
from .statistics import MappedTopologyStatistics

__all__ = [
    "RunCommand",
    "end",
    "get_backend_statistics",
    "get_current_time",
    "get_execution_instance_data",
    "get_max_delay",
    "get_min_delay",
    "get_post_realtime_read",
    "get_post_realtime_read_ppu_symbols",
    "get_pre_realtime_read",
    "get_time_step",
    "num_processes",
    "preprocess",
    "rank",
    "reset",
    "run",
    "run_for",
    "run_until",
    "setup",
]

#: Time between two samples of the MADC, ms: what scripts see as time step.
_TIMESTEP = 3.4e-05

_PARAMETERS = (
    "max_delay",
    "neuronPermutation",
    "backgroundPermutation",
    "enable_neuron_bypass",
    "initial_config",
    "injected_config",
    "injected_readout",
    "calibration_cache",
    "injected_calib_target",
    "injected_calib_options",
    "connection",
)


class RunCommand(enum.Enum):
    """What `run` does."""

    PREPARE = enum.auto()  #: map and calibrate
    APPEND = enum.auto()  #: queue the network as it is as the next snippet
    EXECUTE = enum.auto()  #: append a snippet if there is a runtime, and execute what is queued


def setup(
    timestep: float = _TIMESTEP, min_delay: float | str = "auto", **extra_params: Any
) -> None:
    """Begin an experiment on a chip; what has been built before is forgotten.

    The chip is the one of `connection`, else that of the environment variable BSS2SIM_CHIP, else
    "silicon".

    Parameters
    ----------
    timestep : float, ms
        Kept, without effect: the chip's time is continuous.
    min_delay : float, ms, or "auto"
        Delay of synapses for which none is given; the chip has none but 0, which is "auto".
    max_delay : float, ms, or "auto"
        Without effect.
    neuronPermutation : sequence of int, optional
        Circuit (0 to 511) of each neuron, in the order of their creation.
    backgroundPermutation : sequence of int, optional
        An order of the numbers 0 to 3; without effect, as generators have no places that differ.
    enable_neuron_bypass : bool
        Each event at a neuron is a spike, without integration.
    initial_config : lola.Chip, optional
        Configuration of the chip, such as a calibration gives. Neurons take from it what nobody
        gives them.
    injected_config : InjectedConfiguration, optional
    injected_readout : InjectedReadout, optional
    injected_calib_target : SpikingCalibTarget, optional
        Hold-off of calibrated neurons; populations say the rest.
    injected_calib_options : SpikingCalibOptions, optional
        Without effect.
    calibration_cache : optional
        Without effect: a chip is characterised once, and kept in the folder that the environment
        variable BSS2SIM_CACHE names.
    connection : optional
        An open connection to a chip, from ``hxcomm.ManagedConnection``.

    Raises
    ------
    KeyError
        There is no such parameter.
    ValueError, OverflowError, TypeError
        A permutation has a number twice, one too large or too many, or one that is negative.
    ValueError
        A hold-off cannot be reached.
    """
    common.setup(timestep, min_delay, **extra_params)
    unknown = sorted(set(extra_params) - set(_PARAMETERS))
    if unknown:
        raise KeyError(
            f"setup: unknown parameters {', '.join(unknown)}; there are {', '.join(_PARAMETERS)}"
        )
    get = extra_params.get
    if get("backgroundPermutation") is not None:
        _permutation(get("backgroundPermutation"), chip.PADI_BUSES, "backgroundPermutation")
    for name in _PARAMETERS:
        without_effect.tell(name, get(name), None)
    permutation = np.arange(chip.HICANN_X.circuits)
    if get("neuronPermutation") is not None:
        given = get("neuronPermutation")
        permutation = _permutation(given, chip.HICANN_X.circuits, "neuronPermutation")
    initial = get("initial_config")
    if get("enable_neuron_bypass"):
        if initial is not None:
            simulator.State.log.info("setup: enable_neuron_bypass overrides initial_config")
        initial = Chip.default_neuron_bypass
    connection = get("connection")
    simulator.state = simulator.State(
        float(timestep),
        _delay(min_delay),
        _delay(get("max_delay", "auto")),
        chosen_chip(None) if connection is None else connection.chip,
        permutation,
        initial,
        get("injected_config") or InjectedConfiguration(),
        get("injected_readout") or InjectedReadout(),
        requested_holdoff(get("injected_calib_target"), get("injected_calib_options")),
    )


def _delay(value: Any) -> float:
    return 0.0 if value == "auto" else float(value)


def _permutation(numbers: Any, size: int, name: str) -> np.ndarray:
    values = [int(n) for n in numbers]
    if values and min(values) < 0:
        raise TypeError(f"setup: {name}: {min(values)} is negative; give 0 to {size - 1}")
    if len(values) > size:
        raise OverflowError(f"setup: {name}: {len(values)} entries, {size} is the most")
    if values and max(values) >= size:
        raise OverflowError(f"setup: {name}: {max(values)} is too large; give 0 to {size - 1}")
    twice = [n for n in values if values.count(n) > 1]
    if twice:
        raise ValueError(f"setup: {name}: {twice[0]} stands there twice")
    return np.array(values, np.int64)


def run(runtime: float | None, command: RunCommand = RunCommand.EXECUTE) -> None:
    """Map, queue or execute.

    Parameters
    ----------
    runtime : float, ms, or None
        Of the wall clock: 1 ms is a second of a biological model. Cut off to 8 ns.
    command : RunCommand
        PREPARE maps the network and gives neurons the parameters of `initial_config`. APPEND queues
        the network as it is for the next `runtime` ms; snippets follow one another without a gap.
        EXECUTE appends a last snippet, if there is a runtime, and executes all.

    Raises
    ------
    ValueError
        There is no runtime to append, nothing to execute, or no such command.
    RuntimeError
        It has been executed already; call reset() first. Or the network does not fit the chip.
    SimulationError
        The state of a circuit became infinite.
    """
    state = simulator.current("run()")
    if command is RunCommand.PREPARE:
        state.prepare()
    elif command is RunCommand.APPEND:
        if runtime is None:
            raise ValueError("run: APPEND needs a runtime; give a number of ms")
        state.append(runtime)
    elif command is RunCommand.EXECUTE:
        state.require_unexecuted()
        if runtime is not None:
            state.append(runtime)
        state.execute()
    else:
        raise ValueError(f"run: {command!r} is no RunCommand")


run_for = run


def run_until(tstop: float) -> None:
    """Execute until the time `tstop`, ms."""
    run(tstop - simulator.current("run_until()").t)


def preprocess() -> None:
    """Map the network; use ``run(None, RunCommand.PREPARE)`` instead."""
    warnings.warn(
        "preprocess() is deprecated: use run(None, RunCommand.PREPARE)",
        DeprecationWarning,
        stacklevel=2,
    )
    run(None, RunCommand.PREPARE)


def reset(annotations: dict | None = None) -> None:
    """Go back to time 0 with the same network; a new segment of data begins.

    Parameters
    ----------
    annotations : dict, optional
        Of the segment that ends.
    """
    state = simulator.current("reset()")
    for population in state.populations:
        population.recorder.store_to_cache(annotations)
    state.reset()


def end(compatible_output: bool = True) -> None:
    """Write the recordings that were to go to files, and forget the network.

    Parameters
    ----------
    compatible_output : bool
        Without effect.
    """
    state = simulator.current("end()")
    for cells, variables, file in state.write_on_end:
        cells.write_data(get_io(file), variables)
    simulator.state = None


def get_current_time() -> float:
    """Time since the last reset, ms."""
    return simulator.current("get_current_time()").t


def get_time_step() -> float:
    """Time step given to setup(), ms."""
    return simulator.current("get_time_step()").dt


def get_min_delay() -> float:
    """Delay of synapses for which none is given, ms."""
    return simulator.current("get_min_delay()").min_delay


def get_max_delay() -> float:
    """Longest delay given to setup(), ms."""
    return simulator.current("get_max_delay()").max_delay


def num_processes() -> int:
    """1: there is one process."""
    return 1


def rank() -> int:
    """0: there is one process."""
    return 0


# --- what an execution tells ------------------------------------------------------------------


def get_pre_realtime_read() -> dict:
    """Return what was read before the last experiment: containers by coordinate."""
    return simulator.current("get_pre_realtime_read()").injection.pre_read


def get_post_realtime_read() -> dict:
    """Return what was read after the last experiment: containers by coordinate."""
    return simulator.current("get_post_realtime_read()").injection.post_read


def get_post_realtime_read_ppu_symbols() -> dict:
    """Return the symbols that were read after the last experiment: for the chip, none.

    Kernels in C++ are not run, and have no symbols; `setup` refuses to read or write any.

    Raises
    ------
    RuntimeError
        Nothing has been executed.
    """
    if not simulator.current("get_post_realtime_read_ppu_symbols()").executed:
        raise RuntimeError("get_post_realtime_read_ppu_symbols: call run() first")
    return {ChipOnConnection(): {}}


def get_backend_statistics() -> MappedTopologyStatistics:
    """Return what of the chip the network takes.

    Raises
    ------
    RuntimeError
        Nothing has been mapped.
    """
    statistics = simulator.current("get_backend_statistics()").experiment.statistics
    if statistics is None:
        raise RuntimeError("get_backend_statistics: nothing has been mapped; call run() first")
    return statistics


def get_execution_instance_data() -> CodedMapping:
    """Return the last mapping, with all registers.

    Raises
    ------
    RuntimeError
        Nothing has been mapped.
    """
    mapping = simulator.current("get_execution_instance_data()").experiment.mapping
    if mapping is None:
        raise RuntimeError("get_execution_instance_data: nothing has been mapped; call run() first")
    return mapping
