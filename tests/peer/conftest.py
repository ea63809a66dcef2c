"""Pairs of results to compare: ours and NEST's, stored or live."""

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # peer_models and make_reference are scripts, too

from peer_results import live_nest, ours, stored_nest  # noqa: E402


@pytest.fixture(
    params=[pytest.param("stored", id="stored"), pytest.param("live", marks=pytest.mark.peer)]
)
def compare(request, tmp_path_factory):
    """Return a function: name of a model -> (our result, NEST's result)."""
    if request.param == "live" and importlib.util.find_spec("nest") is None:
        pytest.skip("nest-simulator is not installed; the stored results were compared")

    def results(name):
        if request.param == "stored":
            return ours(name), stored_nest(name)
        return ours(name), live_nest(name, tmp_path_factory.getbasetemp())

    return results
