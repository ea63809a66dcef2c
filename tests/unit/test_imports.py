"""Imports run frontend -> mapping -> _core, also in Cython files, which import-linter cannot see.

The rule is checked from the text of every source file; the check itself is checked on planted
violations.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pynn_bss2sim
from pynn_bss2sim import mapping

ROOT = Path(__file__).parents[2]
#: Folder of each layer and the packages it must not know.
LAYERS = {
    "mapping": ("pyNN", "neo", "quantities", "pynn_bss2sim"),
    "pynn_bss2sim/_core": ("pyNN", "neo", "quantities", "pynn_bss2sim"),
}
#: What a layer may import of the project itself.
ALLOWED = {
    "mapping": ("pynn_bss2sim.mapping", "pynn_bss2sim._core"),
    "pynn_bss2sim/_core": ("pynn_bss2sim._core",),
}


def imported_modules(source, cython):
    """Names of all modules that a source text imports, at any depth."""
    if cython:
        names = re.findall(r"^\s*(?:from\s+([\w.]+)\s+c?import|c?import\s+([\w.]+))", source, re.M)
        return [a or b for a, b in names]
    modules = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules += ["." * node.level + (node.module or "")]
            if node.module == "pynn_bss2sim":
                modules += [f"pynn_bss2sim.{alias.name}" for alias in node.names]
    return modules


def violations(layer, source, cython=False):
    """Imports of a source text that its layer must not make."""

    def inside(module, packages):
        return any(module == p or module.startswith(p + ".") for p in packages)

    return [
        m
        for m in imported_modules(source, cython)
        if m != "pynn_bss2sim"
        and (m.startswith("..") or inside(m, LAYERS[layer]))
        and not inside(m, ALLOWED[layer])
    ]


def test_the_frontend_does_not_know_the_chips_own_face():
    files = [
        path
        for folder in ("pynn_bss2sim", "pynn_bss2sim/standardmodels")
        for path in (ROOT / folder).glob("*.py")
    ]
    found = {p.name: imported_modules(p.read_text(), cython=False) for p in files}
    assert [name for name, modules in found.items() if "brainscales2" in str(modules)] == []


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_what_lies_below(layer):
    files = sorted(p for p in (ROOT / layer).rglob("*") if p.suffix in (".py", ".pyx", ".pxd"))
    assert len(files) > 3
    found = {p.name: violations(layer, p.read_text(), p.suffix != ".py") for p in files}
    assert {name: v for name, v in found.items() if v} == {}


@pytest.mark.parametrize(
    ("layer", "line", "cython"),
    [
        ("mapping", "import pyNN.errors", False),
        ("mapping", "from pynn_bss2sim import simulator", False),
        ("mapping", "from ..simulator import state", False),
        ("mapping", "def f():\n    from pynn_bss2sim.control import run", False),
        ("pynn_bss2sim/_core", "from pynn_bss2sim.mapping import network", False),
        ("pynn_bss2sim/_core", "from pynn_bss2sim.mapping.network cimport x", True),
        ("pynn_bss2sim/_core", "cimport pynn_bss2sim.simulator", True),
    ],
)
def test_planted_violations_are_seen(layer, line, cython):
    assert violations(layer, line, cython)


def test_what_a_run_does_not_need_is_not_imported_with_the_package():
    late = [
        "mapper",
        "calibration",
        "check",
        "coded",
        "configuration",
        "report",
        "rule_views",
        "targets",
    ]
    script = f"""
import sys, pynn_bss2sim as sim
def loaded():
    return [name for name in {late} if f"pynn_bss2sim.mapping.{{name}}" in sys.modules]
print(loaded())
sim.setup(chip="quantized", check=False)
sim.Population(1, sim.IF_curr_exp())
sim.run(1.0)
print(loaded())
"""
    command = [sys.executable, "-c", script]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == ["[]", "['mapper']"]


def test_what_is_imported_later_is_found():
    for names in mapping._LATER.values():
        for name in names:
            assert name in mapping.__all__ and getattr(mapping, name).__name__ == name
    with pytest.raises(AttributeError, match="Reports"):
        mapping.Reports  # noqa: B018
    for name in pynn_bss2sim._LATER:
        assert name in pynn_bss2sim.__all__ and getattr(pynn_bss2sim, name).__name__ == name
    with pytest.raises(AttributeError, match="Configurations"):
        pynn_bss2sim.Configurations  # noqa: B018
