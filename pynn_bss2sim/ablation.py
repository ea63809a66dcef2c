"""Which imperfection of the chip breaks a model: the same experiment on many chip models.

Needs the extra ``ablation``: ``pip install pynn_bss2sim[ablation]``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from . import simulator
from ._core.chip_model import ChipModel

if TYPE_CHECKING:
    from concurrent.futures import Future

    import pandas as pd

__all__ = ["AblationInterrupted", "ablate"]


class AblationInterrupted(KeyboardInterrupt):
    """Ctrl-C was pressed; `table` holds the runs that had ended."""

    def __init__(self, table: pd.DataFrame):
        super().__init__(f"interrupted after {len(table)} runs; they are in the attribute 'table'")
        self.table = table


def ablate(
    run: Callable[[ChipModel], Mapping],
    chips: Iterable[ChipModel | str],
    seeds: Iterable[int] = (0,),
    processes: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Run an experiment on several chip models and seeds, in parallel processes.

    Parameters
    ----------
    run : callable
        ``run(chip)`` calls ``setup(chip=chip, ...)``, builds and runs a network, and returns what
        it measured: a dict of names and numbers. It may be defined anywhere, also in a notebook or
        a script, which needs no ``if __name__ == "__main__"``. ``chip.seed`` is the seed of the
        present run.
    chips : iterable of ChipModel or str
        Models, or names of presets. `ChipModel.between` makes a list with one limit each.
    seeds : iterable of int
        Every chip model is run with each of them as its seed.
    processes : int, optional
        How many runs go on at a time; by default as many as there are processors.
    progress : bool
        Show a progress bar.

    Returns
    -------
    pandas.DataFrame
        One row for each run, in the order of `chips` and `seeds`: ``chip`` (text), the fields of
        the chip model, what `run` returned, ``seconds`` (of the run), ``lost`` (connections without
        a place on the chip) and ``error`` (why the run has no results, else missing).

    Raises
    ------
    ImportError
        The extra ``ablation`` is not installed.
    TypeError
        `run` is no function.
    ValueError
        No chip, no seed or no process is given, or a measured name is that of another column.
    AblationInterrupted
        Ctrl-C was pressed. Its attribute ``table`` holds the rows of the runs that had ended.
    """
    if not callable(run):
        raise TypeError(f"ablate: run={run!r} is no function; give one that takes a chip model")
    jobs = _jobs(chips, seeds)
    if processes is not None and processes < 1:
        raise ValueError(f"ablate: processes={processes}; give 1 or more")
    try:
        import pandas as pd
        from loky import as_completed, get_reusable_executor
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError(
            f"ablate: the package {error.name!r} is missing: pip install 'pynn_bss2sim[ablation]'"
        ) from error

    executor = get_reusable_executor(max_workers=processes)
    futures = {executor.submit(_measured, run, chip): k for k, chip in enumerate(jobs)}
    rows = {}
    try:
        bar = tqdm(as_completed(futures), total=len(jobs), disable=not progress, unit="run")
        for future in bar:
            rows[futures[future]] = _row(jobs[futures[future]], future)
    except BaseException as error:
        executor.shutdown(wait=True, kill_workers=True)  # or the other runs would go on
        if isinstance(error, KeyboardInterrupt):
            raise AblationInterrupted(pd.DataFrame([rows[k] for k in sorted(rows)])) from None
        raise
    return pd.DataFrame([rows[k] for k in sorted(rows)])


def _jobs(
    chips: Iterable[ChipModel | str] | ChipModel | str, seeds: Iterable[int]
) -> list[ChipModel]:
    named = [chips] if isinstance(chips, (str, ChipModel)) else chips
    models = [ChipModel.named(chip) if isinstance(chip, str) else chip for chip in named]
    each = list(seeds)
    if not models or not each:
        raise ValueError("ablate: give at least one chip model and one seed")
    return [replace(model, seed=seed) for model in models for seed in each]


def _measured(run: Callable[[ChipModel], Mapping], chip: ChipModel) -> dict:
    """In a process of its own: what `run` returns, and what the simulation says of itself."""
    begin = time.perf_counter()
    try:
        found = run(chip)
        if not isinstance(found, Mapping):
            raise TypeError(f"run() returned {found!r}; return a dict of what it measured")
        found, error = dict(found), None
    except Exception as problem:
        found, error = {}, f"{type(problem).__name__}: {problem}"
    state = simulator.state
    of_this_chip = state.mapped and state.mapping.chip == chip
    return {
        "found": found,
        "seconds": time.perf_counter() - begin,
        "lost": state.mapping.lost if of_this_chip else None,
        "error": error,
    }


def _row(chip: ChipModel, future: Future) -> dict:
    try:
        result = future.result()
    except Exception as problem:
        # the process died, or what it returned cannot be sent
        result = {
            "found": {},
            "seconds": float("nan"),
            "lost": None,
            "error": f"{type(problem).__name__}: {problem}",
        }
    found = result.pop("found")
    row = {"chip": repr(replace(chip, seed=0)), **asdict(chip)}
    twice = sorted(set(found) & (row.keys() | result.keys()))
    if twice:
        raise ValueError(f"ablate: run() measures {twice[0]!r}, which is a column of its own")
    return row | found | result
