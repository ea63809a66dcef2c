"""Loggers with the names that scripts for the chip use, on top of Python's."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable
from typing import Any

__all__ = ["LogLevel", "Logger", "default_config", "get", "get_root", "reset", "set_loglevel"]

logging.addLevelName(5, "TRACE")


class LogLevel(enum.IntEnum):
    """Levels, as numbers of Python's logging."""

    TRACE = 5
    DEBUG = logging.DEBUG
    INFO = logging.INFO
    WARN = logging.WARNING
    ERROR = logging.ERROR
    FATAL = logging.CRITICAL


class Logger:
    """A logger whose methods in capitals join their arguments.

    ``log.INFO(n, " spikes")``; those in small letters are Python's, ``log.info("%s spikes", n)``.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self.logger = logger

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name in LogLevel.__members__:
            return lambda *parts: self.logger.log(LogLevel[name], "%s", "".join(map(str, parts)))
        if name == "trace":
            return lambda message, *args: self.logger.log(LogLevel.TRACE, message, *args)
        return getattr(self.logger, {"fatal": "critical", "warn": "warning"}.get(name, name))


def get(name: str) -> Logger:
    """Return the logger of a name."""
    return Logger(logging.getLogger(name))


def get_root() -> Logger:
    """Return the logger above all."""
    return Logger(logging.getLogger())


def default_config(level: LogLevel = LogLevel.INFO, **others: Any) -> None:
    """Write messages from `level` on to the terminal; other settings have no effect."""
    logging.basicConfig(format="%(levelname)s %(name)s %(message)s")
    logging.getLogger().setLevel(int(level))


def set_loglevel(logger: Logger, level: LogLevel) -> None:
    """Let a logger write messages from `level` on."""
    getattr(logger, "logger", logger).setLevel(int(level))


def reset() -> None:
    """Forget where messages are written to."""
    for handler in list(logging.getLogger().handlers):
        logging.getLogger().removeHandler(handler)
