"""Types of the compiled engine."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import disjoint_base

from pynn_bss2sim._core.pair_plan import PairPlan
from pynn_bss2sim._core.plan import Plan, Routes
from pynn_bss2sim._core.plasticity import Releases
from pynn_bss2sim._core.pulses import PulsePlan
from pynn_bss2sim._core.records import CurrentInputs, InputEvents, Probe

__all__ = [
    "BUILD",
    "INSTRUCTION_SETS",
    "MAX_THREADS",
    "Engine",
    "available_instruction_sets",
    "exp_array",
    "tile_columns",
]

BUILD: dict[str, str]
INSTRUCTION_SETS: tuple[str, ...]
MAX_THREADS: int

def available_instruction_sets() -> tuple[str, ...]: ...
def tile_columns(kind: int, mode: int) -> tuple[str, ...]: ...
def exp_array(x: ArrayLike) -> NDArray[np.float64]: ...

@disjoint_base
class Engine:
    n: int
    n_sources: int
    depth: int
    substeps: int
    step: int
    trial: int
    threads: int
    instruction_set: str
    interruption: BaseException | None
    def __new__(
        cls,
        plan: Plan,
        routes: Routes,
        probes: Sequence[Probe] = (),
        spike_mask: NDArray[np.bool_] | None = None,
        instruction_set: str | None = None,
        noise_seed: int = 0,
        releases: Releases | None = None,
        pairs: PairPlan | None = None,
        pulses: PulsePlan | None = None,
        threads: int = 1,
    ) -> Self: ...
    def get_weights(self) -> NDArray[np.float64]: ...
    def set_weights(self, weights: ArrayLike) -> None: ...
    def export_state(self) -> dict[str, Any]: ...
    def variables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]: ...
    def import_state(self, state: dict[str, Any]) -> None: ...
    def restart(
        self, trial: int, thresh_shift: ArrayLike, leak_shift: ArrayLike, plastic: dict[str, Any]
    ) -> None: ...
    def settle(self) -> None: ...
    def exchange_amplitudes(self, amplitude: ArrayLike) -> None: ...
    def take_traffic(self) -> NDArray[np.int64]: ...
    def run(
        self, n_steps: int, events: InputEvents, currents: CurrentInputs
    ) -> tuple[int, int, NDArray[np.int64], NDArray[np.int32], list[NDArray[np.float64]]]: ...
