"""Records that nobody changes: dataclasses that are made, and make theirs, fast.

A package of small records spends a good part of its import on ``dataclass(frozen=True)``, which
compiles four functions for each class. Here it is one, the constructor; the others are shared.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import Any, NoReturn, TypeVar, dataclass_transform

__all__ = ["frozen"]

_Record = TypeVar("_Record")


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def frozen(cls: type[_Record]) -> type[_Record]:
    """Make a class a dataclass whose fields are set once; each of its objects equals itself only.

    The same as ``dataclass(frozen=True, eq=False)``, and ``fields`` and ``replace`` serve it as
    well. All fields are arguments of the constructor.
    """
    record: Any = dataclass(init=False, repr=False, eq=False)(cls)
    record.__init__ = _constructor(record)
    record.__setattr__ = _refuse_to_set
    record.__delattr__ = _refuse_to_delete
    if "__repr__" not in vars(cls):
        record.__repr__ = _written
    return record


class _Made:
    """Stands for a value that is made anew for each record."""

    def __init__(self, factory: Any) -> None:
        self.factory = factory

    def __repr__(self) -> str:
        return "<factory>"


def _constructor(cls: type) -> Any:
    """The function ``__init__`` of a record."""
    every = fields(cls)
    names = [f.name for f in every]
    defaults = tuple(_default(f) for f in every if f.default is not MISSING or _makes(f))
    lines = [
        f"def __init__(self, {', '.join(names)}):",
        f"    self.__dict__.update({', '.join(f'{name}={name}' for name in names)})",
    ]
    if any(isinstance(value, _Made) for value in defaults):
        lines.append("    make(self.__dict__)")
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()")
    known: dict[str, Any] = {"make": _make}
    exec("\n".join(lines), known)
    function = known["__init__"]
    function.__defaults__ = defaults
    function.__annotations__ = {f.name: f.type for f in every} | {"return": None}
    function.__qualname__ = f"{cls.__qualname__}.__init__"
    function.__module__ = cls.__module__
    return function


def _makes(one: Field) -> bool:
    return one.default_factory is not MISSING


def _default(one: Field) -> Any:
    return _Made(one.default_factory) if _makes(one) else one.default


def _make(values: dict[str, Any]) -> None:
    """Put new values where none were given."""
    for name, value in values.items():
        if isinstance(value, _Made):
            values[name] = value.factory()


def _refuse_to_set(self: Any, name: str, value: Any) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _written(self: Any) -> str:
    values = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.repr)
    return f"{type(self).__qualname__}({values})"
