"""Results of the peer models: from this backend, from stored NEST data and from a live NEST."""

import functools
import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


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
