"""The page of the model's numbers is the one that the code gives."""

import runpy
from pathlib import Path

import pytest

from pynn_bss2sim._core import curves
from pynn_bss2sim._core.curves import CATALOGUE, Affine, PowerLaw
from pynn_bss2sim._core.hicannx import FACTS

MAKER = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "make_model.py"))


def test_the_page_is_up_to_date():
    """Else: python docs/make_model.py"""
    assert MAKER["PAGE"].read_text(encoding="utf-8") == MAKER["page"]()


def test_every_fact_stands_on_the_page_once():
    names = [name for part in MAKER["sections"]().values() for name in part]
    assert sorted(names) == sorted(FACTS)


def test_every_curve_is_on_the_page_and_in_the_catalogue():
    """The curves of lines are tuples, one for each."""
    named = {n: c for n, c in vars(curves).items() if isinstance(c, Affine | PowerLaw)}
    for name in ("TAU_SYN", "TAU_SYN_LOW"):
        named |= {f"{name}[{k}]": curve for k, curve in enumerate(getattr(curves, name))}
    assert {name: d.curve for name, d in CATALOGUE.items()} == named
    for name, described in CATALOGUE.items():
        assert f"| `{name}` | {described.quantity} |" in MAKER["curve_table"]()


def test_formulas_and_confidence_of_curves_follow_their_facts():
    for described in CATALOGUE.values():
        value = eval(described.formula, {"code": 300.0})
        assert value == pytest.approx(float(described.curve.value(300)), rel=2e-3)
        assert described.confidence in {FACTS[name].confidence for name in described.facts}
    assert CATALOGUE["TAU_MEM"].confidence == "code"
    assert CATALOGUE["TAU_SYN_LOW[0]"].confidence == "estimate"
