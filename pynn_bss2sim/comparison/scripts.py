"""Run an unchanged PyNN script on a backend and chip of one's choice, within this process.

Whatever backend the script names, in an import or to `pyNN.utility.get_simulator`, it gets the
chosen one.
"""

from __future__ import annotations

import fcntl
import functools
import importlib
import os
import runpy
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pyNN
import pyNN.utility

from .._core.chip_model import ChipModel
from ..control import chosen_chip
from .targets import OWN

__all__ = ["BACKENDS", "run_script"]

#: Backends that a script may name.
BACKENDS = ("nest", "neuron", "brian2", "brian", "arbor", "mock", "genn", OWN)
#: Arguments of setup() that only this backend knows.
_OWN_ARGUMENTS = ("chip", "on_loss", "check")
#: Arguments of setup() that make the random numbers of a backend those of a seed. NEST knows no 0.
_SEED_ARGUMENTS: dict[str, Callable[[int], dict[str, int]]] = {
    OWN: lambda seed: {"rng_seed": seed},
    "nest": lambda seed: {"rng_seed": seed + 1},
    "neuron": lambda seed: {"native_rng_baseseed": seed},
}


def run_script(
    script: str | Path,
    arguments: Sequence[str] = (),
    *,
    backend: str = OWN,
    chip: ChipModel | None = None,
    seed: int | None = None,
    prepare: Callable[[ModuleType], None] = lambda backend: None,
) -> dict[str, Any]:
    """Run a PyNN script as ``python script.py`` would, but on the given backend.

    Parameters
    ----------
    script : path
    arguments : sequence of str
        What stands after the script on its command line; ``{seed}`` in it becomes the seed. A name
        of a backend that `get_simulator` would ask for may be left out.
    backend : str
        A module in the package ``pyNN``.
    chip : ChipModel, optional
        Takes the place of the chip that the script gives to ``setup()``.
    seed : int, not negative, optional
        Takes the place of the seeds of chip and backend in ``setup()``, and is that of NumPy's
        global generator. Generators that the script seeds by itself stay as they are.
    prepare : callable, optional
        Called with the module of the backend before the script begins, to watch what it does.

    Returns
    -------
    dict
        The global variables of the script.

    Raises
    ------
    FileNotFoundError
        There is no such script.
    ImportError
        The backend cannot be imported.
    Exception
        Whatever the script raises.
    """
    path = Path(script)
    if not path.is_file():
        raise FileNotFoundError(f"there is no script {str(script)!r}")
    with _alone(backend):
        module = importlib.import_module(f"pyNN.{backend}")
    words = [
        word if seed is None else word.replace("{seed}", str(seed)) for word in map(str, arguments)
    ]
    if seed is not None:
        _seed_globally(backend, seed)
    with _in_place_of_all(module, backend, words), _restored(module):
        vars(module)["setup"] = _forced_setup(vars(module)["setup"], backend, chip, seed)
        prepare(module)
        with _command_line(path, words):
            return runpy.run_path(str(path), run_name="__main__")


@contextmanager
def _alone(backend: str) -> Iterator[None]:
    """Hold off other processes: PyNN compiles NEURON's mechanisms when it is first imported."""
    if backend != "neuron":
        yield
        return
    folder = os.open(Path(pyNN.__file__).parent / backend, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)  # and with it the lock


def _seed_globally(backend: str, seed: int) -> None:
    import numpy as np

    np.random.seed(seed)  # noqa: NPY002  the generator that scripts of old use
    if backend == "brian2":
        importlib.import_module("brian2").seed(seed)


def _forced_setup(
    setup: Callable[..., Any], backend: str, chip: ChipModel | None, seed: int | None
) -> Callable[..., Any]:
    """`setup` with the chosen chip and seed, and without what its backend does not know."""

    @functools.wraps(setup)
    def wrapped(*arguments: Any, **parameters: Any) -> Any:
        if backend != OWN:
            for name in _OWN_ARGUMENTS:
                parameters.pop(name, None)
        else:
            model = chosen_chip(parameters.get("chip") if chip is None else chip)
            parameters["chip"] = model if seed is None else replace(model, seed=seed)
        if seed is not None and backend in _SEED_ARGUMENTS:
            parameters |= _SEED_ARGUMENTS[backend](seed)
        if backend == "neuron":
            parameters.setdefault("quit_on_end", False)  # it would end the process at end()
        return setup(*arguments, **parameters)

    return wrapped


@contextmanager
def _restored(module: ModuleType) -> Iterator[None]:
    """Undo what is done to the names of a module."""
    before = dict(vars(module))
    try:
        yield
    finally:
        vars(module).update(before)


@contextmanager
def _in_place_of_all(module: ModuleType, backend: str, words: list[str]) -> Iterator[None]:
    """Let every import of a backend, and `get_simulator`, find `module`."""
    names = [f"pyNN.{name}" for name in BACKENDS]
    if backend != OWN:
        names.append("pynn_bss2sim")
    modules = {name: sys.modules.get(name) for name in names}
    attributes = {name: getattr(pyNN, name, None) for name in BACKENDS}
    get_simulator = pyNN.utility.get_simulator
    sys.modules.update(dict.fromkeys(names, module))
    for name in BACKENDS:
        setattr(pyNN, name, module)
    pyNN.utility.get_simulator = _without_name(get_simulator, backend, words)
    try:
        yield
    finally:
        pyNN.utility.get_simulator = get_simulator
        for name, former in modules.items():
            if former is None:
                del sys.modules[name]
            else:
                sys.modules[name] = former
        for name, former in attributes.items():
            if former is None:
                delattr(pyNN, name)
            else:
                setattr(pyNN, name, former)


def _without_name(
    get_simulator: Callable[..., Any], backend: str, words: list[str]
) -> Callable[..., Any]:
    """`get_simulator`, which finds a backend on the command line whether one is named or not."""

    @functools.wraps(get_simulator)
    def wrapped(*arguments: Any) -> Any:
        rest = words[1:] if words and words[0] in BACKENDS else words
        # one of the names that lead to the chosen module
        known = backend if backend in BACKENDS else OWN
        sys.argv[1:] = [known, *rest]
        return get_simulator(*arguments)

    return wrapped


@contextmanager
def _command_line(path: Path, words: list[str]) -> Iterator[None]:
    """The script's own arguments and the folder from which it imports."""
    arguments, folders = sys.argv, sys.path
    sys.argv = [str(path), *words]
    sys.path = [str(path.resolve().parent), *folders]
    try:
        yield
    finally:
        sys.argv, sys.path = arguments, folders
