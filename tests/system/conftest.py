"""Fixtures of the system tests: PyNN's source distribution, scripts in their own processes."""

import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def cache_folder():
    """Where this user's caches live, outside the source tree."""
    if sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "pynn_bss2sim"


def fetch_pynn_source(folder):
    """Download and unpack the source distribution of the installed PyNN into `folder`."""
    release = version("pyNN")
    unpacked = folder / f"pynn-{release}"
    if (unpacked / "PKG-INFO").exists():
        return unpacked
    folder.mkdir(parents=True, exist_ok=True)
    # fmt: off
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
        "--no-deps", "--no-binary", "pyNN", "--dest", str(folder), f"pyNN=={release}",
    ]
    # fmt: on
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if result.returncode:
        raise OSError(f"pip could not download the source of PyNN {release}: {result.stderr}")
    (archive,) = folder.glob(f"[pP]y[nN][nN]-{release}.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return unpacked


@pytest.fixture(scope="session")
def pynn_source():
    """Folder of PyNN's unpacked source distribution, of the release that is installed.

    ``PYNN_SOURCE`` names an unpacked one; otherwise it is downloaded once into the user's cache.
    Without network the tests that need it are skipped, but not where ``CI`` is set: there a test
    that does not run is a defect.
    """
    given = os.environ.get("PYNN_SOURCE")
    if given:
        folder = Path(given)
        if not (folder / "test" / "system" / "scenarios").is_dir():
            pytest.fail(f"PYNN_SOURCE={given} holds no test/system/scenarios")
        return folder
    try:
        return fetch_pynn_source(cache_folder())
    except (OSError, subprocess.TimeoutExpired) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{error}; set PYNN_SOURCE to an unpacked source distribution")


@pytest.fixture
def run_script(tmp_path):
    """Return a function that runs a script in a temporary folder and returns what came of it."""

    def run(script, *arguments, timeout=300, **environment):
        return subprocess.run(
            [sys.executable, str(script), *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | {"MPLBACKEND": "Agg"} | environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run
