"""The table of all of PyNN is made of the code and leaves nothing out."""

import inspect
import runpy
from pathlib import Path

import pyNN.connectors
import pytest
from pyNN.standardmodels import base, cells, electrodes, ion_channels, receptors, synapses

import pynn_bss2sim as sim
from pynn_bss2sim import standardmodels

MAKER = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "make_features.py"))
KINDS = [name for name in vars(base) if name.startswith(("Standard", "STDP"))]


@pytest.fixture(scope="module")
def rows():
    return {name: (served, remark) for _, name, served, remark in MAKER["model_rows"]()}


def test_every_standard_model_of_pynn_is_on_the_page(rows):
    known = {
        name
        for module in (cells, receptors, ion_channels, electrodes, synapses)
        for name, model in vars(module).items()
        if inspect.isclass(model)
        and model.__module__ == module.__name__
        and issubclass(model, tuple(vars(base)[kind] for kind in KINDS))
    }
    assert known == set(rows) and len(rows) >= 46


def test_a_model_is_refused_exactly_if_the_page_says_so(rows):
    for name, (served, remark) in rows.items():
        refused = standardmodels.REFUSED_MODELS.get(name)
        assert (served == "no") == (refused is not None), name
        if refused is not None:
            with pytest.raises(standardmodels.ModelNotOnChipError, match="does not exist"):
                refused()
            assert refused.refusal.why in remark
        else:
            assert remark and "``" not in remark


def test_synapses_are_tried_on_the_chips(rows):
    assert rows["StaticSynapse"][0] == "yes"
    assert MAKER["refusal"](sim.StaticSynapse, "quantized") == ""
    assert MAKER["refusal"](standardmodels.REFUSED_MODELS["ElectricalSynapse"], "ideal")


def test_connectors_and_functions_are_those_of_the_backend():
    for name, served in MAKER["connector_rows"]():
        assert issubclass(getattr(pyNN.connectors, name), pyNN.connectors.Connector)
        assert (served == "yes") == hasattr(sim, name)
    own = dict(MAKER["own_rows"]())
    assert {"compare()", "ablate()", "mapping_report()", "show_versions()"} <= set(own)
    assert all(own.values())
    assert all(hasattr(sim, name.removesuffix("()")) for name in own)


def test_the_page_is_a_page(rows):
    page = MAKER["page"]()
    assert all(f"| `{name}` |" in page for name in rows)
    assert page.count("\n| ") > len(rows) + 40
