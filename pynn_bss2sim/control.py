"""Set-up, control and the end of a simulation."""

from __future__ import annotations

import logging
import math
import numbers
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyNN import common
from pyNN.common.control import DEFAULT_MAX_DELAY, DEFAULT_MIN_DELAY, DEFAULT_TIMESTEP
from pyNN.recording import get_io

from . import simulator
from ._core.chip_model import ChipModel
from ._core.engine import MAX_THREADS
from .mapping.chips import calibration_quality
from .mapping.errors import ON_LOSS
from .stdp_program import stdp_section

if TYPE_CHECKING:
    from .mapping.calibration import Quality
    from .mapping.report import Report, Section


logger = logging.getLogger(__name__)

#: Environment variable that names the chip for scripts that do not.
CHIP_VARIABLE = "BSS2SIM_CHIP"
#: If it is set, every mapping is checked unless the script says otherwise.
CHECK_VARIABLE = "BSS2SIM_CHECK"
DEFAULT_CHIP = "silicon"
DEFAULT_SEED = 42

_OWN_PARAMETERS = ("max_delay", "chip", "on_loss", "check", "rng_seed", "seed", "threads")
#: Those of them that the mapping takes.
_MAPPING = ("on_loss", "check")
#: Names under which other backends take seeds; a sequence gives its first.
_SEEDS = ("rng_seed", "seed", "rng_seeds", "rng_seeds_seed", "grng_seed", "native_rng_baseseed")
#: What other backends understand and what has no meaning here.
_FOREIGN_PARAMETERS = frozenset(
    [
        # pyNN.nest
        "verbosity", "spike_precision", "recording_precision", "rng_type", "t_flush",
        "optimize",
        # pyNN.neuron, pyNN.brian2, pyNN.arbor, pyNN.mock
        "use_cvode", "rtol", "atol", "default_maxstep", "quit_on_end", "num_processes", "rank",
        # pyNN.neuroml, pyNN.nineml
        "reference", "save_format", "filename", "label", "file",
        # PyNN's example scripts and utilities
        "debug", "logfile", "level",
        # GeNN, SpiNNaker and earlier BrainScaleS backends
        "backend", "model_name", "use_cpu", "selected_gpu_id", "time_scale_factor",
        "n_chips_required", "n_boards_required", "database_socket_addresses", "speedupFactor",
        "useSystemSim", "hardware", "mappingOptions", "logLevel",
        *_SEEDS,
    ]
)  # fmt: skip


def setup(
    timestep: float = DEFAULT_TIMESTEP,
    min_delay: float | str = DEFAULT_MIN_DELAY,
    **extra_params: Any,
) -> int:
    """Begin a simulation; what has been built before is forgotten.

    Parameters
    ----------
    timestep : float, ms
        Time step of the emulation.
    min_delay : float, ms, or "auto"
        Shortest delay allowed; "auto" is the time step.
    max_delay : float, ms, or "auto"
        Longest delay allowed.
    chip : ChipModel or str, optional
        The chip, or the name of a preset. By default the environment variable BSS2SIM_CHIP
        names it, else it is "silicon", which is calibrated when it is first used.
    on_loss : {"warn", "raise", "ignore"}
        What to do where connections find no place on the chip.
    check : bool
        Follow all events once more through the registers of each mapped network, in an independent
        way, and compare with what the script asks for. Takes long. By default it is done if the
        environment variable BSS2SIM_CHECK is set.
    rng_seed : int
        Seed of the spike sources and of whatever else is random in the emulation.
    threads : int
        Threads that integrate neurons, 1 by default; more than the machine has processors are not
        started. The results do not depend on it.
    **extra_params
        What other backends understand is accepted and has no effect.

    Returns
    -------
    int
        Rank of this process, which is 0.

    Raises
    ------
    ValueError
        A number makes no sense.
    pynn_bss2sim._core.chip_model.ChipModelError
        There is no such chip, or it is not emulated in this version.
    """
    max_delay = extra_params.get("max_delay", DEFAULT_MAX_DELAY)
    _check_time("timestep", timestep)
    for name, value in (("min_delay", min_delay), ("max_delay", max_delay)):
        if value != "auto":
            _check_time(name, value)
    common.setup(timestep, min_delay, **extra_params)
    if max_delay != "auto" and max_delay < timestep:
        raise ValueError(
            f"setup: max_delay={max_delay} ms is shorter than the timestep ({timestep} ms)"
        )
    _warn_of_unknown(extra_params)
    chip = chosen_chip(extra_params.get("chip"))
    seed = _seed(extra_params)
    threads = _threads(extra_params.get("threads", 1))
    options = _mapping_options(**{k: extra_params[k] for k in _MAPPING if k in extra_params})
    state = simulator.state
    if state.write_on_end:
        files = sorted({str(file) for _, _, file in state.write_on_end})
        warnings.warn(
            f"setup: the recordings for {', '.join(files)} have not been written; call end() "
            "before a new setup() to write them",
            stacklevel=2,
        )
    state.clear(timestep, min_delay, max_delay, chip, seed, options, threads)
    state.ready = True
    return state.mpi_rank


def _mapping_options(on_loss: str = "warn", check: bool | None = None) -> dict:
    if check is None:
        check = bool(os.environ.get(CHECK_VARIABLE))
    if on_loss not in ON_LOSS:
        words = ", ".join(map(repr, ON_LOSS))
        raise ValueError(f"setup: on_loss={on_loss!r}; choose one of {words}")
    if not isinstance(check, bool):
        raise ValueError(f"setup: check={check!r}; give True or False")
    return {"on_loss": on_loss, "check": check}


def _check_time(name: str, value: Any) -> None:
    try:
        good = math.isfinite(value) and value > 0
    except TypeError:
        good = False
    if not good or isinstance(value, bool):
        raise ValueError(f"setup: {name}={value!r}; give a positive number of ms")


def _warn_of_unknown(extra_params: dict[str, Any]) -> None:
    unknown = set(extra_params) - _FOREIGN_PARAMETERS - set(_OWN_PARAMETERS)
    if unknown:
        warnings.warn(
            f"setup: {', '.join(sorted(unknown))} not known and ignored; this backend knows "
            f"timestep, min_delay, {', '.join(_OWN_PARAMETERS)} (and accepts without effect: "
            f"{', '.join(sorted(_FOREIGN_PARAMETERS))})",
            stacklevel=3,
        )


def chosen_chip(chip: ChipModel | str | None) -> ChipModel:
    """The model that an argument of `setup` means; raises as `setup` does."""
    if chip is None:
        chip = os.environ.get(CHIP_VARIABLE) or DEFAULT_CHIP
    if isinstance(chip, ChipModel):
        return chip
    if isinstance(chip, str):
        return ChipModel.named(chip)
    raise TypeError(
        f"setup: chip={chip!r}; give a ChipModel or the name of a preset, such as 'ideal'"
    )


def _seed(extra_params: dict[str, Any]) -> int:
    for name in _SEEDS:
        value = extra_params.get(name)
        if value is not None:
            if isinstance(value, (list, tuple)) and value:
                value = value[0]
            if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 0:
                raise ValueError(f"setup: {name}={value!r}; give an integer that is not negative")
            return int(value)
    return DEFAULT_SEED


def _threads(number: Any) -> int:
    if isinstance(number, bool) or not hasattr(number, "__index__") or int(number) < 1:
        raise ValueError(f"setup: threads={number!r}; give a positive integer")
    if hasattr(os, "sched_getaffinity"):
        processors = len(os.sched_getaffinity(0))
    else:
        processors = os.cpu_count() or 1
    return min(int(number), processors, MAX_THREADS)


def end(compatible_output: bool = True) -> None:
    """Write the recordings that were to go to files; the data stay available.

    Parameters
    ----------
    compatible_output : bool
        Accepted for PyNN's sake, without effect.

    Raises
    ------
    OSError
        A file could not be written; all others have been. Another call tries again.
    """
    pending, simulator.state.write_on_end = simulator.state.write_on_end, []
    failed = []
    for (cells, file), variables in _by_file(pending).items():
        logger.debug("%s: %s to %s", cells.label, variables, file)
        try:
            cells.write_data(get_io(file) if isinstance(file, str) else file, variables)
        except Exception as error:
            failed.append((cells.label, file, error))
            simulator.state.write_on_end.append((cells, variables, file))
    if failed:
        raise OSError(
            "; ".join(f"{label}: cannot write {file}: {error}" for label, file, error in failed)
        ) from failed[0][2]


def _by_file(pending: list[tuple]) -> dict[tuple, list[str]]:
    """Merge what several record() calls send to the same file: the last would overwrite."""
    merged: dict[tuple, list[str]] = {}
    for cells, variables, file in pending:
        names = [variables] if isinstance(variables, str) else list(variables)
        known = merged.setdefault((cells, file), [])
        known.extend(name for name in names if name not in known)
    return merged


_pynn_run_until = common.build_run(simulator)[1]

#: How often in succession a callback may ask to be called at one and the same time.
_MOST_CALLS_AT_ONE_TIME = 1000


class _Callback:
    """A callback of run() that may not keep the time from advancing."""

    def __init__(self, function: Callable[[float], float]) -> None:
        if not callable(function):
            raise TypeError(f"run: callback {function!r} cannot be called")
        self._function = function
        self._time, self._calls = None, 0

    def __call__(self, time: float) -> float:
        following = self._function(time)
        if not isinstance(following, numbers.Real) or math.isnan(following):
            raise TypeError(
                f"run: callback {self._function!r} returned {following!r} at t = {time} ms; it "
                "must return the time (ms) at which it is to be called next"
            )
        self._calls = self._calls + 1 if time == self._time else 1
        self._time = time
        if self._calls > _MOST_CALLS_AT_ONE_TIME:
            raise ValueError(
                f"run: callback {self._function!r} returned {following} at t = {time} ms, "
                f"{self._calls} times in succession; it must return a later time"
            )
        return following


def _milliseconds(name: str, value: Any) -> float:
    """Return a time as a float; raises TypeError or ValueError where it is none."""
    if not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: {value!r} is not a time; give a number of ms")
    if not math.isfinite(value):
        raise ValueError(f"{name}: {value} ms; give a finite time")
    return float(value)


def run_until(
    time_point: float, callbacks: Sequence[Callable[[float], float]] | None = None
) -> float:
    """Advance the simulation to a time.

    Parameters
    ----------
    time_point : float, ms
        Not before the present time; rounded to the nearest time step.
    callbacks : sequence of callable, optional
        Each is called with the present time (ms), at once and then whenever the time that it
        returned has come.

    Returns
    -------
    float
        The time reached, ms.

    Raises
    ------
    ValueError, TypeError
        The time is no number or past, or a callback does not return a later time.
    SimulationError
        The state of a cell became infinite or NaN.
    """
    target = _milliseconds("run_until", time_point)
    return _pynn_run_until(target, [_Callback(function) for function in callbacks or ()])


def run(simtime: float, callbacks: Sequence[Callable[[float], float]] | None = None) -> float:
    """Advance the simulation by `simtime` ms (see `run_until`)."""
    return run_until(simulator.state.t + _milliseconds("run", simtime), callbacks)


run_for = run

reset = common.build_reset(simulator)

initialize = common.initialize

get_current_time, get_time_step, _, _, num_processes, rank = common.build_state_queries(simulator)


def get_min_delay() -> float:
    """Return the shortest delay (ms): that of setup(), or with "auto" the shortest in use."""
    return simulator.state.delay_range()[0]


def get_max_delay() -> float:
    """Return the longest delay (ms): that of setup(), or with "auto" the longest in use."""
    return simulator.state.delay_range()[1]


def prepare() -> None:
    """Map the network onto the chip without running it.

    Raises what the mapping has to object to the network.
    """
    simulator.state.prepare()


def mapping_report() -> Report:
    """Return what the mapping did to the network, mapping it first if it has changed.

    How busy buses and links are is estimated from what is known of the rates of spikes: before a
    run from the rates given to spike sources, later from the spikes recorded, too. After a run, and
    where the chip model limits the bandwidth of the event routing, section "traffic" counts what
    passed, waited and was dropped at each bus and link since time 0. Section "energy" estimates
    what the run since time 0 takes of the chips' time and energy.
    """
    # a run starts sooner without them
    from .mapping.report import energy_section, traffic_section
    from .spike_rates import source_rates

    mapping, traffic = simulator.state.prepare(), simulator.state.traffic
    rates = mapping.event_rates(source_rates(simulator.state))
    report = replace(mapping.report, rates=rates)
    sections: list[Section | None] = [] if traffic is None else [traffic_section(traffic)]
    if simulator.state.step:
        sections.append(energy_section(report.chips, simulator.state.t))
    sections.append(stdp_section(simulator.state.projections))
    return report.with_section(*(section for section in sections if section is not None))


def calibration(chip: int = 0) -> Quality:
    """Return how well the circuits of a chip meet usual targets, calibrated and not.

    Parameters
    ----------
    chip : int
        Number of the chip, from 0, in a network of several.

    Returns
    -------
    Quality
        ``print`` it for a table, ``plot()`` it, or take ``to_dict()`` for a data frame.

    Raises
    ------
    ValueError
        All circuits of this chip model are alike; or the number is negative.
    """
    simulator.state.require_setup("calibration()")
    model = simulator.state.chip
    if model.mismatch == "none":
        raise ValueError(
            f"calibration: {model!r}: all its circuits are alike, and need none; "
            "choose setup(chip='silicon')"
        )
    if isinstance(chip, bool) or not isinstance(chip, numbers.Integral) or chip < 0:
        raise ValueError(f"calibration: chip={chip!r}; give the number of a chip, from 0")
    return calibration_quality(model, int(chip))
