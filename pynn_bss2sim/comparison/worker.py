"""One script on one target, in a process of its own.

Usage: python -m pynn_bss2sim.comparison.worker JOB RESULT, two files of `pickle`; see `Job` and
`Result`.
"""

from __future__ import annotations

import logging
import os
import pickle
import sys
import time
import traceback
import warnings
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

import neo

from .scripts import run_script
from .targets import OWN, Target
from .watch import Watch

__all__ = ["Job", "MappingPage", "Result", "main"]

#: The package whose version is that of a backend, where it has another name.
_PACKAGES = {OWN: "pynn_bss2sim", "nest": "nest-simulator", "mock": "pyNN"}


@dataclass(frozen=True)
class Job:
    """What to run."""

    script: str
    arguments: tuple[str, ...]
    target: Target
    seed: int | None


@dataclass(frozen=True)
class MappingPage:
    """What the chip made of the network: fragment of HTML, and the numbers of it."""

    html: str
    numbers: dict


@dataclass(frozen=True)
class Result:
    """What became of it.

    Attributes
    ----------
    blocks : dict of str to neo.Block
        What each population recorded, also where the script failed later.
    seconds : dict of str to float
        ``setup``: in calls of ``setup()``; ``run``: in calls of ``run()``, which includes what a
        backend puts off until then; ``all``: from the first line of the script to its last, without
        the import of the backend.
    version : str
        Of the simulator.
    mapping : MappingPage or None
        For chips.
    warnings : tuple of str
        What this backend and PyNN warned of, each once.
    error : str
        Why it failed, in one line; empty if it did not.
    traceback : str
    """

    blocks: dict[str, neo.Block] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    version: str = ""
    mapping: MappingPage | None = None
    warnings: tuple[str, ...] = ()
    error: str = ""
    traceback: str = ""


def main(job_file: str, result_file: str) -> None:
    """Run the job of one file, write the result to another."""
    with open(job_file, "rb") as file:
        job = pickle.load(file)
    result = run_job(job)
    unfinished = f"{result_file}.part"
    with open(unfinished, "wb") as file:
        pickle.dump(result, file)
    os.replace(unfinished, result_file)


def run_job(job: Job) -> Result:
    """Run a job in this process; what goes wrong stands in the result."""
    watch, told = Watch(), _Told()
    error = trace = ""
    begin: list[float] = []

    def prepare(module: ModuleType) -> None:
        told.listen()  # but not to what the backend had to say while it was imported
        watch.begin(module)
        begin.append(time.perf_counter())

    try:
        run_script(
            job.script,
            job.arguments,
            backend=job.target.backend,
            chip=job.target.chip,
            seed=job.seed,
            prepare=prepare,
        )
    except SystemExit as stop:
        if stop.code not in (None, 0):
            error = f"the script ended with {stop.code!r}"
    except Exception as problem:
        error, trace = _described(problem)
    seconds = dict(watch.seconds)
    if begin:
        seconds["all"] = time.perf_counter() - begin[0]
    watch.collect()
    if watch.problem is not None and not error:
        error, trace = _described(watch.problem)
    return Result(
        blocks=watch.blocks,
        seconds=seconds,
        version=_version(job.target.backend),
        mapping=_page(watch.report),
        warnings=tuple(told.messages),
        error=error,
        traceback=trace,
    )


class _Told(logging.Handler):
    """Keeps what is warned of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: dict[str, None] = {}

    def listen(self) -> None:
        """Hear this backend, PyNN, and Python's warnings."""
        for name in ("pynn_bss2sim", "PyNN"):
            logging.getLogger(name).addHandler(self)
        show = warnings.showwarning

        def keep_and_show(
            message: Warning | str, category: type[Warning], *place: Any, **more: Any
        ) -> None:
            self._keep(f"{category.__name__}: {message}")
            show(message, category, *place, **more)

        warnings.showwarning = keep_and_show

    def emit(self, record: logging.LogRecord) -> None:
        self._keep(record.getMessage())

    def _keep(self, text: str) -> None:
        self.messages[" ".join(text.split())] = None  # NEST's begin with an empty line


def _described(problem: Exception) -> tuple[str, str]:
    """In one line, and in full."""
    return f"{type(problem).__name__}: {problem}", "".join(traceback.format_exception(problem))


def _page(report: Any) -> MappingPage | None:
    return None if report is None else MappingPage(report.to_html(), report.to_dict())


def _version(backend: str) -> str:
    package = _PACKAGES.get(backend, backend)
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    # under this name pickle finds the classes again in the process that reads them
    from pynn_bss2sim.comparison import worker

    worker.main(*sys.argv[1:])
