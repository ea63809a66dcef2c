"""Ctrl-C at the right moment: never between a run of the emulator and the storing of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

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

    def __init__(self, harmless: Callable[[], bool]):
        self._harmless = harmless
        self._handler = None
        self._missed = None

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):
                self._handler = handler
                signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, kind, error, trace):
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
        if kind is None:
            self.catch_up()

    def _handle(self, signum, frame):
        if self._harmless():
            self._handler(signum, frame)
        else:
            self._missed = signum, frame

    def catch_up(self):
        """Let a Ctrl-C that came at the wrong moment act now."""
        missed, self._missed = self._missed, None
        if missed is not None:
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

    def __init__(self, seconds: float):
        self._seconds = seconds
        main = threading.current_thread() is threading.main_thread()
        self._able = main and hasattr(signal, "setitimer")

    def __enter__(self):
        if self._able:
            self._handler = signal.signal(signal.SIGALRM, self._expired)
            signal.setitimer(signal.ITIMER_REAL, self._seconds)
        return self

    def __exit__(self, kind, error, trace):
        if self._able:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, self._handler)

    def _expired(self, signum, frame):
        raise TimeoutError(f"it took longer than the limit of {self._seconds:g} s")
