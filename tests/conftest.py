"""Makes the helpers in this folder importable by all tests, and keeps calibrations to them."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

# a loaded machine is no failure
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Tests neither use nor leave anything in the user's cache, and calibrate a chip once."""
    if "BSS2SIM_CACHE" in os.environ:
        yield
        return
    os.environ["BSS2SIM_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    del os.environ["BSS2SIM_CACHE"]
