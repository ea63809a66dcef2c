"""What the package needs of its surroundings, checked where it is missing most painfully."""

from __future__ import annotations

import pyNN

__all__ = ["require_pynn"]

#: PyNN's internals, on which a backend builds, change between minor versions.
PYNN_SERIES = "0.13"


def require_pynn(version: str = pyNN.__version__) -> None:
    """Raise ImportError unless `version` is of the series that this backend is written for."""
    if version != PYNN_SERIES and not version.startswith(PYNN_SERIES + "."):
        raise ImportError(
            f"pynn_bss2sim works with PyNN {PYNN_SERIES}, but PyNN {version} is installed; "
            f'install it with: pip install "pyNN=={PYNN_SERIES}.*"'
        )
