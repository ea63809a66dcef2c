"""Types of the compiled order of whole numbers."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["radix_order"]

def radix_order(key: NDArray[np.int64]) -> NDArray[np.int64]: ...
