"""Frozen records do what frozen dataclasses do."""

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from pynn_bss2sim._core.frozen import frozen


def made_by(decorate):
    """A class with fields of all kinds: without a default, with one, made anew, not shown."""

    @decorate
    class Kind:
        a: int
        b: float = 2.0
        c: list = field(default_factory=list)
        d: int = field(default=4, repr=False, metadata={"unit": "mV"})

    return Kind


KINDS = [made_by(frozen), made_by(dataclass(frozen=True, eq=False))]


@frozen
class Checked:
    """A record that looks at its fields."""

    size: int

    def __post_init__(self):
        if self.size < 0:
            raise ValueError("size")


@frozen
class Named(Checked):
    """A record that adds a field to those of another."""

    name: str = "no name"

    @property
    def title(self):
        """Name and size."""
        return f"{self.name} {self.size}"


@pytest.mark.parametrize("kind", KINDS)
def test_fields_are_arguments(kind):
    assert [vars(kind(1)), vars(kind(1, 3.0, d=5))] == [
        {"a": 1, "b": 2.0, "c": [], "d": 4},
        {"a": 1, "b": 3.0, "c": [], "d": 5},
    ]
    assert [f.name for f in fields(kind)] == list("abcd")
    assert fields(kind)[3].metadata["unit"] == "mV"
    assert list(inspect.signature(kind).parameters) == list("abcd")
    with pytest.raises(TypeError, match="'a'"):
        kind()
    with pytest.raises(TypeError, match="'e'"):
        kind(1, e=3)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_made_is_made_for_each(kind):
    assert kind(1).c is not kind(1).c
    given = []
    assert kind(1, c=given).c is given


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_changed(kind):
    record = kind(1)
    for name in ("a", "e"):
        with pytest.raises(FrozenInstanceError):
            setattr(record, name, 2)
    with pytest.raises(FrozenInstanceError):
        del record.a
    assert vars(replace(record, a=2)) == vars(kind(2))
    assert vars(copy.deepcopy(record)) == vars(record)


@pytest.mark.parametrize("kind", KINDS)
def test_records_are_written_out_and_equal_themselves_only(kind):
    record = kind(1)
    assert repr(record).endswith("Kind(a=1, b=2.0, c=[])")
    assert record == record and record != kind(1) and len({record, kind(1)}) == 2


def test_checks_run_and_fields_are_inherited():
    with pytest.raises(ValueError, match="size"):
        Named(-1)
    named = pickle.loads(pickle.dumps(Named(3, "few")))
    assert named.title == "few 3" and repr(named) == "Named(size=3, name='few')"
