"""Calibrating several chips at once, each in a process of its own."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pynn_bss2sim._core.device import Device

from .bench import Bench
from .cache import keep, made_now, recall
from .procedure import calibrate
from .record import Calibration

__all__ = ["PROCESSES_VARIABLE", "calibrated_chips"]

logger = logging.getLogger("pynn_bss2sim.mapping")

#: Environment variable: how many chips may be calibrated at a time.
PROCESSES_VARIABLE = "BSS2SIM_PROCESSES"


def calibrated_chips(
    devices: Sequence[Device], processes: int | None = None
) -> tuple[Calibration, ...]:
    """The calibrations of several chips: from memory, from disk, or made now.

    Several that have to be made are made in parallel processes, unless this process is such a
    worker itself. What is complete when an error or Ctrl-C ends this is kept on disk.

    Parameters
    ----------
    devices : sequence of Device
    processes : int, optional
        How many at a time; by default what the environment variable `PROCESSES_VARIABLE` says, else
        as many as there are processors.

    Raises
    ------
    ValueError
        The number of processes is no positive integer.
    Exception
        What a calibration raised; a note tells of which chip.
    """
    known = {device: recall(device) for device in devices}
    found = {device: made for device, made in known.items() if made is not None}
    missing = [device for device in known if device not in found]
    alone = len(missing) < 2 or multiprocessing.current_process().name != "MainProcess"
    at_once = 1 if alone else min(_limit(processes), len(missing))
    if at_once > 1:
        found |= _in_processes(missing, at_once)
    else:
        found |= {device: made_now(device) for device in missing}
    return tuple(found[device] for device in devices)


def _limit(processes: int | None) -> int:
    given = processes if processes is not None else os.environ.get(PROCESSES_VARIABLE)
    if given is None:
        from loky import cpu_count

        return cpu_count()
    try:
        number = int(given)
    except ValueError:
        number = 0
    if number < 1:
        name = PROCESSES_VARIABLE if processes is None else "processes"
        raise ValueError(f"{name}={given!r}: give how many chips may be calibrated at a time")
    return number


def _in_processes(devices: list[Device], at_once: int) -> dict[Device, Calibration]:
    # most runs have no use for these packages, which take their time to be imported
    from loky import ProcessPoolExecutor, as_completed
    from tqdm.auto import tqdm

    logger.warning(
        "calibrating %d chips of seed %s, %d at a time: takes some 20 seconds for each %d, once; "
        "the results are kept",
        len(devices),
        devices[0].seed,
        at_once,
        at_once,
    )
    executor = ProcessPoolExecutor(max_workers=at_once)
    # copies, without what a device has computed of itself
    futures = {executor.submit(_measured, replace(device)): device for device in devices}
    found = {}
    try:
        for future in tqdm(as_completed(futures), total=len(devices), disable=None, unit="chip"):
            device = futures[future]
            try:
                found[device] = keep(device, Calibration.of_arrays(future.result()))
            except Exception as error:
                error.add_note(
                    f"while chip {device.index} of seed {device.seed} was being calibrated; with "
                    f"{PROCESSES_VARIABLE}=1 in the environment no other process is used"
                )
                raise
    finally:
        executor.shutdown(wait=True, kill_workers=len(found) < len(devices))
    return found


def _measured(device: Device) -> dict[str, np.ndarray]:
    """In a process of its own: the numbers of a calibration."""
    return calibrate(Bench(device)).arrays()
