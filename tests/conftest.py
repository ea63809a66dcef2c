"""Makes the helpers in this folder importable by all tests and takes time from no example; chips
that a test does not choose are ideal, and calibrations stay among the tests."""

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

# a loaded machine is no failure
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# shells let what they start in the background ignore Ctrl-C, which tests press
signal.signal(signal.SIGINT, signal.default_int_handler)

# what scripts of the tests map is checked register by register
os.environ.setdefault("BSS2SIM_CHECK", "yes")


@pytest.fixture(autouse=True, scope="session")
def environment(tmp_path_factory):
    """Tests neither use nor leave anything in the user's cache, and calibrate a chip once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BSS2SIM_CHIP", "ideal")
        patch.setenv("COLUMNS", "100")  # reports fill the terminal
        if "BSS2SIM_CACHE" not in os.environ:
            folder = tmp_path_factory.getbasetemp()
            if "PYTEST_XDIST_WORKER" in os.environ:  # the folder of all workers
                folder = folder.parent
            patch.setenv("BSS2SIM_CACHE", str(folder / "calibrations"))
        yield
