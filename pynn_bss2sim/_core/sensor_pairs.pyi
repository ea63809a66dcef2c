"""Types of the compiled pairing of correlation sensors."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["pair"]

_Grouped = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]

def pair(
    step: NDArray[np.int64],
    owner: NDArray[np.int64],
    is_spike: NDArray[np.uint8],
    lines: _Grouped,
    neurons: _Grouped,
    last_event: NDArray[np.int64],
    last_post: NDArray[np.int64],
    tau: NDArray[np.float64],
    amplitude: NDArray[np.float64],
    total: NDArray[np.float64],
    reach: float,
    grid: float,
) -> None: ...
