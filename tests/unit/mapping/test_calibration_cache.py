"""Calibrations on disk: found again, and made anew where they are no good."""

import ast
import errno
import importlib
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.readout import Transfer
from pynn_bss2sim.mapping import characteristics, refractory
from pynn_bss2sim.mapping.calibration import (
    Calibration,
    CalibrationFileError,
    cache,
)
from pynn_bss2sim.mapping.calibration.meter import CIRCUITS, NOMINAL
from pynn_bss2sim.mapping.calibration.record import FORMAT, mended
from pynn_bss2sim.mapping.chips import NEUTRAL_TRIMS

DEVICE = Device(seed=1)


def quick(number=0.0):
    """A calibration that nobody measured, recognised by `number`."""
    law, suspects = mended(NOMINAL.repeated(CIRCUITS))
    cadc = Transfer(np.ones(CIRCUITS), np.full(CIRCUITS, number))
    return Calibration(law, suspects, cadc, Transfer(np.ones(2), np.zeros(2)), NEUTRAL_TRIMS)


@pytest.fixture
def counted(monkeypatch, tmp_path):
    """Calibrations take no time, are counted, and go to a folder of their own."""
    made = []

    def calibrate(bench):
        made.append(bench)
        return quick(len(made))

    monkeypatch.setattr(cache, "calibrate", calibrate)
    monkeypatch.setenv(cache.FOLDER_VARIABLE, str(tmp_path / "kept"))
    cache._memory.clear()
    cache._warn_once.cache_clear()
    yield made
    cache._memory.clear()


def again():
    """As a new process would ask."""
    cache._memory.clear()
    return cache.calibrated(DEVICE)


def test_a_chip_is_calibrated_once(counted, tmp_path):
    first = cache.calibrated(DEVICE)
    assert cache.calibrated(DEVICE) is first
    second = again()
    assert len(counted) == 1
    for name, values in first.arrays().items():
        assert np.array_equal(values, second.arrays()[name]), name
    assert [path.suffix for path in (tmp_path / "kept").iterdir()] == [".npz"]
    cache.calibrated(Device(seed=1, index=1))
    assert len(counted) == 2


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "foreign", "text"])
def test_files_that_are_no_good_are_replaced(counted, tmp_path, caplog, damage):
    cache.calibrated(DEVICE)
    (path,) = (tmp_path / "kept").iterdir()
    whole = path.read_bytes()
    if damage == "foreign":
        with open(path, "wb") as file:
            quick().save(file, "another chip")
    else:
        middle = len(whole) // 2
        path.write_bytes(
            {
                "empty": b"",
                "cut": whole[:middle],
                "flipped": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
                "text": b"not an archive",
            }[damage]
        )
    with caplog.at_level(logging.WARNING):
        again()
    assert len(counted) == 2
    assert "made anew" in caplog.text
    assert path.read_bytes() != b""
    again()
    assert len(counted) == 2


def test_nothing_in_a_file_is_executed(tmp_path):
    path = tmp_path / "evil.npz"
    arrays = {**quick().arrays(), "leak.factor": np.array([print], dtype=object)}
    np.savez(path, format=np.array(FORMAT), key=np.array("key"), **arrays)
    with pytest.raises(CalibrationFileError, match="pickle"):
        Calibration.load(path, "key")


def test_numbers_that_are_none_are_refused(tmp_path):
    path = tmp_path / "nan.npz"
    arrays = {**quick().arrays(), "leak.factor": np.full(CIRCUITS, np.nan)}
    np.savez(path, format=np.array(FORMAT), key=np.array("key"), **arrays)
    with pytest.raises(CalibrationFileError, match="leak"):
        Calibration.load(path, "key")


def test_the_folder_is_that_of_the_environment_or_of_the_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(cache.FOLDER_VARIABLE, "~/kept")
    assert cache.folder() == tmp_path / "kept"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    for nothing in (lambda: monkeypatch.setenv(cache.FOLDER_VARIABLE, ""),
                    lambda: monkeypatch.delenv(cache.FOLDER_VARIABLE)):  # fmt: skip
        nothing()
        assert cache.folder() == tmp_path / "xdg" / "pynn_bss2sim"


def test_a_disk_that_is_full_is_told_and_leaves_no_part(counted, tmp_path, caplog, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Calibration, "save", full)
    with caplog.at_level(logging.WARNING):
        cache.calibrated(DEVICE)
    assert "No space left" in caplog.text
    assert not list((tmp_path / "kept").iterdir())


def test_a_folder_that_cannot_be_written_is_told_once(counted, tmp_path, caplog, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setenv(cache.FOLDER_VARIABLE, str(blocked / "below"))
    with caplog.at_level(logging.WARNING):
        again()
        again()
    assert len(counted) == 2
    assert caplog.text.count("cannot be kept") == 1


def test_others_may_read_what_is_kept_in_a_shared_folder(counted, tmp_path):
    mask = os.umask(0o022)
    try:
        cache.calibrated(DEVICE)
    finally:
        os.umask(mask)
    (path,) = (tmp_path / "kept").iterdir()
    assert path.stat().st_mode & 0o777 == 0o644


def test_another_model_of_the_chip_is_another_file(counted, tmp_path, monkeypatch):
    cache.calibrated(DEVICE)
    monkeypatch.setattr(cache, "_code_version", lambda: "later")
    again()
    assert len(counted) == 2
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_all_that_measures_has_a_part_in_the_name_of_the_file(monkeypatch):
    read, read_bytes = set(), Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.add(path) or read_bytes(path))
    cache._code_version.__wrapped__()
    folder = Path(cache.__file__).parent
    needed = set(folder.glob("*.py"))
    for path in (*folder.glob("*.py"), Path(refractory.__file__), Path(characteristics.__file__)):
        tree = ast.parse(path.read_text("utf-8"))
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        found = [importlib.import_module(m) for m in modules if m.startswith("pynn_bss2sim.")]
        # packages hold nothing but names
        needed |= {Path(one.__file__) for one in found if not hasattr(one, "__path__")}
    compiled = {path for path in needed if path.suffix != ".py"}
    assert len(needed) > 20 and needed - compiled <= read


WRITER = """
import sys
sys.path.insert(0, {tests!r})
from test_calibration_cache import DEVICE, cache, quick
cache.calibrate = lambda bench: quick(7.0)
for _ in range(20):
    cache._memory.clear()
    assert cache.calibrated(DEVICE).cadc.offset[0] == 7.0
    if {delete}:
        for path in cache.folder().glob("*.npz"):
            path.unlink(missing_ok=True)
"""


def test_processes_do_not_disturb_one_another(tmp_path):
    """Some write and read, one deletes all the time."""
    tests = os.path.dirname(__file__)
    env = {**os.environ, cache.FOLDER_VARIABLE: str(tmp_path)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER.format(tests=tests, delete=k == 0)],
            env=env,
            stderr=subprocess.PIPE,
            text=True,
        )
        for k in range(3)
    ]
    for process in running:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
        assert "anew" not in errors
    assert not list(tmp_path.glob("*.part"))
