"""Makes the helpers in this folder importable by all tests, and takes time from no example."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

# a loaded machine is no failure
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
