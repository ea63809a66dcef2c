"""Calibrations that have been made before, on disk and in memory.

The files may be deleted at any time. A file is named by what it depends on: the chip, and the code
of the chip model and of the measurements. It is written to a name of its own and then put in
place, so that processes do not disturb one another.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import uuid
from collections import OrderedDict
from functools import cache, lru_cache
from pathlib import Path

import platformdirs

import pynn_bss2sim._core as core
from pynn_bss2sim._core.device import Device
from pynn_bss2sim.mapping import characteristics, refractory

from .bench import Bench
from .procedure import calibrate
from .record import FORMAT, Calibration, CalibrationFileError

__all__ = ["FOLDER_VARIABLE", "calibrated", "folder", "keep", "made_now", "recall"]

logger = logging.getLogger("pynn_bss2sim.mapping")

#: Environment variable that names the folder of the files.
FOLDER_VARIABLE = "BSS2SIM_CACHE"

#: Calibrations kept in memory, some 0.2 MB each.
_IN_MEMORY = 64
_memory: OrderedDict[tuple[Device, Path], Calibration] = OrderedDict()


def folder() -> Path:
    """Where calibrations are kept: that of the environment variable, or the platform's."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named).expanduser() if named else Path(platformdirs.user_cache_dir("pynn_bss2sim"))


def calibrated(device: Device) -> Calibration:
    """The calibration of a chip: from memory, from disk, or made now."""
    known = recall(device)
    return made_now(device) if known is None else known


def made_now(device: Device) -> Calibration:
    """The calibration of a chip, made now and kept."""
    logger.warning(
        "calibrating chip %d of seed %s: takes some 20 seconds, once; the result is kept",
        device.index,
        device.seed,
    )
    return keep(device, calibrate(Bench(device)))


def keep(device: Device, calibration: Calibration) -> Calibration:
    """Store what has been measured of a chip, on disk and in memory, and return it."""
    _store(calibration, *_file(device))
    return _remember(device, calibration)


def recall(device: Device) -> Calibration | None:
    """The calibration of a chip from memory or from disk, if there is one."""
    here = device, folder()
    if here in _memory:
        _memory.move_to_end(here)
        return _memory[here]
    try:
        return _remember(device, Calibration.load(*_file(device)))
    except FileNotFoundError:
        pass
    except (OSError, CalibrationFileError) as error:
        logger.warning("calibration: %s; it is made anew", error)
    return None


def _remember(device: Device, calibration: Calibration) -> Calibration:
    """Keep a calibration in memory, and return it."""
    _memory[device, folder()] = calibration
    if len(_memory) > _IN_MEMORY:
        _memory.popitem(last=False)
    return calibration


def _file(device: Device) -> tuple[Path, str]:
    """Where the calibration of a chip is kept, and the key in the file."""
    key = f"{FORMAT}-{_code_version()}-{device.digest}"
    return folder() / f"calibration-{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz", key


@lru_cache(maxsize=1)
def _code_version() -> str:
    """Digest of the source of the chip model, of the laws and of the measurements."""
    sha = hashlib.sha256()
    folders = (Path(core.__file__).parent, Path(__file__).parent)
    sources = [path for folder in folders for path in sorted(folder.glob("*.py"))]
    sources += [Path(module.__file__ or "") for module in (characteristics, refractory)]
    for path in sources:
        sha.update(path.name.encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()


def _store(calibration: Calibration, path: Path, key: str) -> None:
    # a file of mkstemp would be for this user alone; folders may be shared
    temporary = path.with_name(f"{path.stem}-{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as file:
            calibration.save(file, key)
        os.replace(temporary, path)
    except OSError as error:
        _warn_once(str(path.parent), str(error))
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


@cache
def _warn_once(place: str, why: str) -> None:
    logger.warning(
        "calibration: cannot be kept in %s (%s); it is made anew in each process. Let %s name "
        "another folder",
        place,
        why,
        FOLDER_VARIABLE,
    )
