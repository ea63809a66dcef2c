"""The random number generator that scripts ask for as the simulator's own."""

from __future__ import annotations

import numpy as np
from pyNN.random import NumpyRNG

__all__ = ["NativeRNG"]


class NativeRNG(NumpyRNG):
    """A generator on the host, since the chip draws no numbers for the building of networks.

    Parameters
    ----------
    seed : int, optional
        The same seed gives the same numbers, and others than `NumpyRNG` gives for it. By default
        the seed is taken from the operating system.
    parallel_safe : bool
        As for `NumpyRNG`.
    """

    def __init__(self, seed: int | None = None, parallel_safe: bool = True) -> None:
        own = None if seed is None else int(np.random.SeedSequence([seed, 1]).generate_state(1)[0])
        super().__init__(seed=own, parallel_safe=parallel_safe)
        self.seed = seed
