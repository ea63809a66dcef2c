"""Each number of the chip stands in one place and says where it comes from."""

import ast
from pathlib import Path

import pytest

import pynn_bss2sim._core.hicannx as hicannx
from pynn_bss2sim import mapping
from pynn_bss2sim._core.hicannx import CONFIDENCE, FACTS, HICANN_X, Target

CONSTANTS = {
    name: value
    for name, value in vars(hicannx).items()
    if name.isupper() and isinstance(value, (int, float))
}
#: Numbers that could only be meant as ones of the chip.
TELLING = {31, 63, 128, 255, 256, 512, 1022, 1023, 16383, 0.0355, 35.5, 6.3, 250.0, 998.0, 242.0}


def telling_numbers(source):
    """Numbers in the code, not in texts, that look like numbers of the chip."""
    return [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, (int, float))
        and node.value in TELLING
    ]


def test_every_constant_is_a_fact():
    assert {name: fact.value for name, fact in FACTS.items()} == CONSTANTS


@pytest.mark.parametrize("name", sorted(FACTS))
def test_facts_have_unit_confidence_and_source(name):
    fact = FACTS[name]
    assert fact.confidence in CONFIDENCE
    assert fact.unit
    assert len(fact.source) > 3


def test_no_number_of_the_chip_is_typed_elsewhere():
    core = Path(hicannx.__file__).parent
    names = ("chip_model", "config", "curves", "device", "readout")
    modules = [core / f"{name}.py" for name in names]
    modules += sorted(Path(mapping.__file__).parent.glob("*.py"))
    assert len(modules) > 10
    assert {m.name: found for m in modules if (found := telling_numbers(m.read_text()))} == {}


def test_the_search_for_numbers_finds_them():
    assert telling_numbers("x = min(code, 1022)  # 63\ny = '256'") == [1022]


def test_the_real_chip():
    assert HICANN_X.circuits == 512
    assert (HICANN_X.rows, HICANN_X.columns_per_block) == (256, 128)


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"columns": -1}, {"columns_per_block": 100}])
def test_impossible_targets_are_refused(wrong):
    with pytest.raises(ValueError, match="Target"):
        Target(**wrong)
