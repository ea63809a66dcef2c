"""Types of the compiled first fit."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["first_fit"]

_Ints = NDArray[np.int64]

def first_fit(
    free: NDArray[np.int32],
    begin: _Ints,
    slot: _Ints,
    rows: _Ints,
    order: _Ints,
    labels: int,
    balanced: bool,
) -> tuple[_Ints, _Ints, _Ints, _Ints, _Ints, _Ints]: ...
