"""Several chips are calibrated in parallel processes, one never is."""

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from test_calibration_cache import quick

from pynn_bss2sim._core.device import Device
from pynn_bss2sim.mapping.calibration import cache, calibrated_chips, several

CHIPS = [Device(seed=3, index=k) for k in range(3)]


@pytest.fixture
def empty(monkeypatch, tmp_path):
    """A folder without calibrations, two processors; what is made in this process is counted."""
    made = []
    monkeypatch.setenv(cache.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv(several.PROCESSES_VARIABLE, "2")
    monkeypatch.setattr(cache, "calibrate", lambda bench: made.append(bench) or quick(1.0))
    cache._memory.clear()
    yield made
    cache._memory.clear()


def measure_with(monkeypatch, function):
    """Let workers call `function` of a device instead of calibrating it."""
    monkeypatch.setattr(several, "_measured", lambda device: function(device).arrays())


def numbers(calibrations):
    return [float(one.cadc.offset[0]) for one in calibrations]


def test_several_chips_are_calibrated_in_other_processes_once(empty, monkeypatch, tmp_path, caplog):
    measure_with(monkeypatch, lambda device: quick(1e7 * device.index + os.getpid()))
    with caplog.at_level(logging.WARNING):
        first = calibrated_chips(CHIPS)
    assert "calibrating 3 chips of seed 3, 2 at a time" in caplog.text
    index, process = zip(*(divmod(int(n), 10**7) for n in numbers(first)), strict=True)
    assert index == (0, 1, 2) and os.getpid() not in process and len(set(process)) <= 2
    assert not empty and len(list(tmp_path.glob("*.npz"))) == 3
    assert not first[0].cadc.offset.flags.writeable
    monkeypatch.setattr(several, "_in_processes", None)  # cannot be called
    assert calibrated_chips(CHIPS) == first
    cache._memory.clear()
    assert numbers(calibrated_chips(CHIPS)) == numbers(first)


def test_one_missing_chip_or_one_process_needs_no_other(empty, monkeypatch):
    monkeypatch.setattr(several, "_in_processes", None)
    calibrated_chips(CHIPS[:1])
    calibrated_chips(CHIPS[:2])
    assert len(empty) == 2
    calibrated_chips([replace(chip, seed=4) for chip in CHIPS], processes=1)
    monkeypatch.setenv(several.PROCESSES_VARIABLE, "1")
    calibrated_chips([replace(chip, seed=5) for chip in CHIPS])
    monkeypatch.setenv(several.PROCESSES_VARIABLE, "2")
    monkeypatch.setattr(multiprocessing.current_process(), "_name", "LokyProcess-1")
    calibrated_chips([replace(chip, seed=6) for chip in CHIPS])
    assert len(empty) == 11


@pytest.mark.parametrize("wrong", ["0", "many", "-2"])
def test_a_number_of_processes_that_is_none_is_refused(empty, monkeypatch, wrong):
    monkeypatch.setenv(several.PROCESSES_VARIABLE, wrong)
    with pytest.raises(ValueError, match=f"BSS2SIM_PROCESSES='{wrong}'"):
        calibrated_chips(CHIPS)
    with pytest.raises(ValueError, match="processes=0"):
        calibrated_chips(CHIPS, processes=0)


def test_what_a_worker_raises_is_told_and_what_is_complete_is_kept(empty, monkeypatch, tmp_path):
    def fails(device):
        if device.index == 2:
            time.sleep(2.0)
            raise OSError("no power")
        return quick(7.0)

    measure_with(monkeypatch, fails)
    with pytest.raises(OSError, match="no power") as error:
        calibrated_chips(CHIPS)
    assert "chip 2 of seed 3" in error.value.__notes__[0]
    assert "BSS2SIM_PROCESSES=1" in error.value.__notes__[0]
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_a_worker_that_dies_is_told(empty, monkeypatch):
    monkeypatch.setattr(several, "_measured", lambda device: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(Exception, match="terminated") as error:
        calibrated_chips(CHIPS)
    assert "of seed 3 was being calibrated" in error.value.__notes__[0]


SLOW = """
import os, time
from pynn_bss2sim._core.device import Device
from pynn_bss2sim.mapping.calibration import calibrated_chips, several

def measured(device):
    print(os.getpid(), flush=True)
    time.sleep(60)

several._measured = measured
calibrated_chips([Device(seed=3, index=k) for k in range(2)])
"""


def test_ctrl_c_ends_all_processes_at_once(empty):
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    workers = [int(running.stdout.readline()) for _ in range(2)]
    running.send_signal(signal.SIGINT)
    begin = time.monotonic()
    _, errors = running.communicate(timeout=30)
    assert time.monotonic() - begin < 20
    assert "KeyboardInterrupt" in errors and running.returncode != 0
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
