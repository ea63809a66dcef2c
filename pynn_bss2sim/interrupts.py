"""Ctrl-C at the right moment: never between a run of the emulator and the storing of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self

__all__ = ["InterruptGuard", "TimeLimit"]


class InterruptGuard:
    """Context in which Ctrl-C acts only where that loses nothing, and otherwise a little later.

    Parameters
    ----------
    harmless : callable
        Tells whether the program may be interrupted right now.

    Notes
    -----
    Python calls handlers in the main thread only, so elsewhere this does nothing; nor where the
    program handles the signal other than by a Python function.
    """

    def __init__(self, harmless: Callable[[], bool]) -> None:
        self._harmless = harmless
        self._handler: Callable[[int, FrameType | None], Any] | None = None
        self._missed: tuple[int, FrameType | None] | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):
                self._handler = handler
                signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
        if kind is None:
            self.catch_up()

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if self._handler is not None and self._harmless():
            self._handler(signum, frame)
        else:
            self._missed = signum, frame

    def catch_up(self) -> None:
        """Let a Ctrl-C that came at the wrong moment act now."""
        missed, self._missed = self._missed, None
        if missed is not None and self._handler is not None:
            self._handler(*missed)


class TimeLimit:
    """Context in which TimeoutError is raised after some time.

    Parameters
    ----------
    seconds : float
        Positive.

    Notes
    -----
    It needs the signal SIGALRM, and acts in the main thread only; elsewhere there is no limit.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        main = threading.current_thread() is threading.main_thread()
        self._able = main and hasattr(signal, "setitimer")

    def __enter__(self) -> Self:
        if self._able:
            self._handler = signal.signal(signal.SIGALRM, self._expired)
            signal.setitimer(signal.ITIMER_REAL, self._seconds)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._able:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, self._handler)

    def _expired(self, signum: int, frame: FrameType | None) -> NoReturn:
        raise TimeoutError(f"it took longer than the limit of {self._seconds:g} s")
