"""Makes the helpers beside the tests importable, and proves which build is under test."""

import os
import sys
from pathlib import Path

from pynn_bss2sim._core import engine

sys.path.insert(0, str(Path(__file__).parent))


def pytest_configure(config):
    """Fail at once if another build than the expected one was imported."""
    expected = os.environ.get("BSS2SIM_EXPECT_CORE")
    if expected:
        assert Path(engine.__file__).is_relative_to(expected), engine.__file__
        assert b"__asan_init" in Path(engine.__file__).read_bytes(), "not sanitized"
