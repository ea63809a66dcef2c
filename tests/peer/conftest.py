"""Results of the peer models: from this backend, from stored NEST data and from a live NEST."""

import functools
import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # peer_models and make_reference are scripts, too


@functools.cache
def ours(name):
    """What this backend makes of model `name`."""
    models = importlib.import_module("peer_models")
    return models.MODELS[name](importlib.import_module("pynn_bss2sim"))


@functools.cache
def live_nest(name, folder):
    """What NEST makes of model `name`, in a process of its own."""
    command = [sys.executable, str(HERE / "peer_models.py"), "nest", str(folder), name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    with np.load(folder / f"{name}.npz") as data:
        return {key: data[key] for key in data}


@functools.cache
def stored_nest(name):
    """What NEST made of model `name` when the reference data were written."""
    with np.load(HERE / "data" / f"{name}.npz") as data:
        return {key: data[key] for key in data}


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
