"""Run a script for the real chip on the emulated one, as it is."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from .aliases import install


def main() -> None:
    """Run the script that the command line names, with the arguments behind it."""
    if len(sys.argv) < 2:
        raise SystemExit("usage: python -m pynn_bss2sim.brainscales2 script.py [arguments]")
    script = Path(sys.argv[1])
    if not script.is_file():
        raise SystemExit(f"{script}: there is no such script")
    sys.argv = sys.argv[1:]
    sys.path.insert(0, str(script.parent.resolve()))
    try:
        install()
    except ImportError as error:
        raise SystemExit(str(error)) from error
    runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    main()
