"""Watch a PyNN script: keep what its populations record, and how long it takes."""

from __future__ import annotations

import functools
import inspect
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import neo
from pyNN import recording

__all__ = ["Watch"]

#: Functions of a backend that advance the simulation.
_RUNS = ("run", "run_for", "run_until")


class Watch:
    """Follows one script on one backend, in a process of its own: its hooks are never taken away.

    Attributes
    ----------
    blocks : dict of str to neo.Block
        What each population recorded, under its label; a second one of the same label has a number
        behind it, and so have populations that were made after a second ``setup()``.
    seconds : dict of str to float
        Time spent in ``setup()`` and in ``run()``.
    report : Any
        What ``mapping_report()`` returned last; None where the backend has none.
    problem : Exception or None
        The first that came of reading recordings or report.
    """

    def __init__(self) -> None:
        self.blocks: dict[str, neo.Block] = {}
        self.seconds: dict[str, float] = defaultdict(float)
        self.report: Any = None
        self.problem: Exception | None = None
        self._mapping_report: Callable[[], Any] | None = None
        self._recorders: list[recording.Recorder] = []
        self._cleared: dict[recording.Recorder, list[neo.Segment]] = defaultdict(list)
        self._simulations = 0
        self._has_run = False

    def begin(self, module: ModuleType) -> None:
        """Watch the functions of a backend and all recorders that will be made."""
        self._mapping_report = getattr(module, "mapping_report", None)
        recording.Recorder.__init__ = self._listed(recording.Recorder.__init__)
        for cls in (recording.Recorder, *recording.Recorder.__subclasses__()):
            if "get" in vars(cls):
                cls.get = self._kept(cls.get)
        hooks = {"setup": self._new_simulation, "end": self._collected}
        for name, hook in (hooks | dict.fromkeys(_RUNS, self._run)).items():
            if hasattr(module, name):
                setattr(module, name, hook(getattr(module, name)))

    def collect(self) -> None:
        """Take what has been recorded, unless nothing has run since the last time."""
        if not self._has_run:
            return
        self._has_run = False
        seen: dict[str, int] = defaultdict(int)
        for recorder in self._recorders:
            if not any(recorder.recorded.values()):
                continue
            label = str(recorder.population.label)
            seen[label] += 1
            name = label if seen[label] == 1 else f"{label} ({seen[label]})"
            if self._simulations > 1:
                name = f"{name}, simulation {self._simulations}"
            with self._noted():
                block = recorder.get("all", gather=True)
                block.segments = [*self._cleared[recorder], *block.segments]
                self.blocks[name] = block
        if self._mapping_report is not None:
            with self._noted():
                self.report = self._mapping_report()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """What goes wrong while we look on does not stop the script, and is told after it."""
        try:
            yield
        except Exception as problem:
            self.problem = self.problem or problem

    def _listed(self, initialize: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(initialize)
        def wrapped(recorder: Any, *arguments: Any, **parameters: Any) -> None:
            initialize(recorder, *arguments, **parameters)
            self._recorders.append(recorder)

        return wrapped

    def _kept(self, get: Callable[..., Any]) -> Callable[..., Any]:
        """`get` of a recorder, which keeps what the script clears: all, not only what it asks."""
        signature = inspect.signature(get)

        @functools.wraps(get)
        def wrapped(recorder: Any, *arguments: Any, **parameters: Any) -> Any:
            if signature.bind(recorder, *arguments, **parameters).arguments.get("clear"):
                self._cleared[recorder] += get(recorder, "all", gather=True).segments
            return get(recorder, *arguments, **parameters)

        return wrapped

    def _new_simulation(self, setup: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(setup)
        def wrapped(*arguments: Any, **parameters: Any) -> Any:
            self.collect()
            self._recorders.clear()
            self._simulations += 1
            return self._timed("setup", setup, arguments, parameters)

        return wrapped

    def _collected(self, end: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(end)
        def wrapped(*arguments: Any, **parameters: Any) -> Any:
            self.collect()
            return end(*arguments, **parameters)

        return wrapped

    def _run(self, run: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(run)
        def wrapped(*arguments: Any, **parameters: Any) -> Any:
            self._has_run = True
            return self._timed("run", run, arguments, parameters)

        return wrapped

    def _timed(
        self, name: str, function: Callable[..., Any], arguments: tuple, parameters: dict[str, Any]
    ) -> Any:
        begin = time.perf_counter()
        try:
            return function(*arguments, **parameters)
        finally:
            self.seconds[name] += time.perf_counter() - begin
