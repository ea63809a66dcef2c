"""The same script on several simulators and chips: `compare` and its report.

Needs the extra ``compare``: ``pip install pynn_bss2sim[compare]``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._core.chip_model import ChipModel
    from .results import Comparison

__all__ = ["ComparisonInterrupted", "compare"]

#: What the extra ``compare`` installs, by the names of imports.
_NEEDED = ("elephant", "jinja2", "matplotlib", "pandas", "tqdm")


class ComparisonInterrupted(KeyboardInterrupt):
    """Ctrl-C was pressed; `comparison` holds the runs that had ended."""

    def __init__(self, comparison: Comparison) -> None:
        super().__init__("interrupted; what had ended is in the attribute 'comparison'")
        self.comparison = comparison


def compare(
    script: str | Path,
    backends: Iterable[str] = (),
    chips: Iterable[ChipModel | str] = ("ideal", "quantized", "silicon"),
    *,
    arguments: Sequence[str] = (),
    seeds: Iterable[int] | None = None,
    processes: int | None = None,
    timeout: float | None = None,
    progress: bool = True,
) -> Comparison:
    """Run an unchanged PyNN script on several backends and chips, and compare what it records.

    Each run has a process of its own. Whatever backend the script names gives way to the one that
    is compared; the chip in its ``setup()`` does, too. The recordings of all populations are kept,
    whether the script asks for them or not. One that fails, or is not installed, stops no other.

    Parameters
    ----------
    script : path
        It runs in the present folder; files that it writes are written by each run anew.
    backends : iterable of str
        Names as in ``pyNN.nest``. The first target is the reference: the first backend, or the
        first chip where no backend is given.
    chips : iterable of ChipModel or str
        Models of this backend, or names of presets.
    arguments : sequence of str
        Command line of the script. ``{seed}`` in it becomes the seed of the run.
    seeds : iterable of int, optional
        Run everything once with each of them: it becomes the seed of chip and backend, and that of
        NumPy's global generator. Generators that the script seeds by itself are its own matter,
        see `arguments`. By default one run with the seeds of the script.
    processes : int, optional
        Runs at a time; by default as many as there are processors. Times are truest with 1.
    timeout : float, s, optional
        A run that takes longer is ended and counts as failed.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Comparison
        Shows itself in a notebook; ``to_html(file)`` and ``to_json(file)`` write it.

    Raises
    ------
    FileNotFoundError
        There is no such script.
    ImportError
        The extra ``compare`` is not installed.
    ValueError
        Nothing is to be compared, a name is none of a backend or chip, or a number makes no sense.
    ComparisonInterrupted
        Ctrl-C was pressed. Its attribute ``comparison`` holds what had ended.

    Examples
    --------
    >>> c = sim.compare("network.py", ["nest"], ["ideal", "silicon"])  # doctest: +SKIP
    >>> c.table[["population", "target", "rate", "cv"]]  # doctest: +SKIP
    >>> c.to_html("comparison.html")  # doctest: +SKIP
    """
    from .targets import make_targets

    targets = make_targets(backends, chips)
    if not Path(script).is_file():
        raise FileNotFoundError(f"compare: there is no script {str(script)!r}")
    chosen = _checked_seeds(seeds)
    if processes is not None and processes < 1:
        raise ValueError(f"compare: processes={processes}; give 1 or more")
    if timeout is not None and not timeout > 0:
        raise ValueError(f"compare: timeout={timeout} s; give a positive time, or None")
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ImportError(
            f"compare: the package {missing[0]!r} is missing: pip install 'pynn_bss2sim[compare]'"
        )
    from .results import run_all

    runs = [(target, seed) for seed in chosen for target in targets]
    comparison, whole = run_all(
        Path(script), tuple(map(str, arguments)), runs, processes or os.cpu_count() or 1, timeout,
        progress,
    )  # fmt: skip
    if not whole:
        raise ComparisonInterrupted(comparison)
    return comparison


def _checked_seeds(seeds: Iterable[int] | None) -> list[int | None]:
    if seeds is None:
        return [None]
    chosen = list(seeds)
    if not chosen:
        raise ValueError("compare: give at least one seed, or None for those of the script")
    for seed in chosen:
        if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= seed < 2**32 - 1:
            raise ValueError(f"compare: seed {seed!r}; give integers from 0 to 2**32 - 2")
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"compare: seeds {chosen} are not all different")
    return [*chosen]
