"""The documentation says what is true: links lead somewhere, numbers and tables match the code."""

import os
import re
import tomllib
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from claims import claims

import pynn_bss2sim as sim
from pynn_bss2sim._core import hicannx
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.hicannx import HICANN_X

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for folder in (ROOT, ROOT / "docs", ROOT / "docs" / "tutorials")
    for page in folder.glob("*.md")
)
#: Other sites to which there are links. `make linkcheck` follows them, where there is network.
SITES = {
    "docs.python.org",
    "elephant.readthedocs.io",
    "neo.readthedocs.io",
    "neuralensemble.org",
    "numpy.org",
    "pandas.pydata.org",
    "semver.org",
}
#: Pages whose pieces of Python run, one after the other.
RUNNING = ("start", "howto", "coming_from")


def local_links(text):
    """Targets of all links and pictures of a page that lead into the repository."""
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    return [t for t in targets if not t.startswith(("http://", "https://"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    missing = [t for t in local_links(page.read_text()) if not (page.parent / t).exists()]
    assert missing == []


def test_a_dead_link_would_be_seen():
    assert local_links("see [this](docs/nowhere.md) and [that](https://example.org)") == [
        "docs/nowhere.md"
    ]


@cache
def all_files():
    """Those of the repository, without what was built or installed in it."""
    built = {"build", "_build", "gallery", "results"}
    found = []
    for here, folders, files in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in built and not f.startswith(".")]
        found += [Path(here, name) for name in files]
    return found


def addresses(text):
    """Addresses of other sites in a text, as hosts and as written."""
    found = re.findall(r"https?:[^][\s<>()\"'`,]*", text)
    return {address.rstrip(".;:"): urlsplit(address).hostname for address in found}


def test_links_to_other_sites_lead_to_known_ones():
    suffixes = {".md", ".rst", ".py", ".pyx", ".html", ".toml", ".cff", ".json"}
    unknown = {
        (str(file.relative_to(ROOT)), address)
        for file in all_files()
        if file.suffix in suffixes and file != Path(__file__)
        for address, host in addresses(file.read_text(encoding="utf-8")).items()
        if host not in SITES
    }
    assert unknown == set()


def test_a_link_to_a_strange_site_would_be_seen():
    found = addresses("[a](https://example.org/b), <http://numpy.org>; see https:///nowhere.")
    assert found == {
        "https://example.org/b": "example.org",
        "http://numpy.org": "numpy.org",
        "https:///nowhere": None,
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_files_that_are_named_exist(page):
    """Names of modules and folders in backquotes, as in `mapping/network.py`."""
    names = re.findall(r"`((?:[\w.]+/)*[\w.]+\.(?:py|pyx|h|toml|md|json|sh))`", page.read_text())
    roots = (ROOT, ROOT / "pynn_bss2sim", page.parent)
    files = {file.name for file in all_files()}
    missing = [
        n for n in names
        if not any((r / n).exists() for r in roots) and not ("/" not in n and n in files)
    ]  # fmt: skip
    assert missing == []


def readme():
    return (ROOT / "README.md").read_text()


def test_the_chip_in_the_readme_is_the_one_in_the_code():
    resources = re.search(r"\((\d+) AdEx neuron circuits,\s+([\d ]+) synapses of 6 bits", readme())
    assert int(resources[1]) == HICANN_X.circuits
    assert int(resources[2].replace(" ", "")) == HICANN_X.circuits * HICANN_X.rows


def test_the_table_of_chip_models_is_true():
    names = re.findall(r"^\| `(\w+)` \|", readme(), re.MULTILINE)
    assert names == ["ideal", "quantized", "silicon", "uncalibrated"]
    for name in names:
        assert ChipModel.named(name) == getattr(ChipModel, name)()


def test_the_script_in_the_readme_runs(monkeypatch, capsys):
    monkeypatch.delenv("BSS2SIM_CHIP", raising=False)
    code = re.search(r"```python\n(.*?)```", readme(), re.DOTALL)[1]
    namespace = {}
    exec(compile(code, "README.md", "exec"), namespace)
    assert sum(len(train) for train in namespace["spikes"]) > 100
    assert "connections are realised." in capsys.readouterr().out
    sim.end()


@pytest.mark.parametrize("name", RUNNING)
def test_the_pieces_of_code_on_a_page_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / f"{name}.md").read_text()
    pieces = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert pieces
    namespace = {}
    for k, piece in enumerate(pieces):
        exec(compile(piece, f"{name}.md, piece {k}", "exec"), namespace)
    sim.end()


def test_every_page_is_in_a_table_of_contents():
    for folder in (ROOT / "docs", ROOT / "docs" / "tutorials"):
        contents = (folder / "index.md").read_text()
        listed = set(re.findall(r"^(?:tutorials/)?([\w/]+)$", contents, re.MULTILINE))
        pages = {page.stem for page in folder.glob("*.md")} - {"index"}
        assert pages <= listed


def test_the_latencies_in_the_architecture_are_those_of_the_chip():
    text = (ROOT / "docs" / "architecture.md").read_text()
    loop = hicannx.LATENCY_TO_FPGA + hicannx.LATENCY_EXTERNAL
    said = re.search(
        r"direct ([\d.]+) µs, host ([\d.]+) µs, through the FPGA to the same chip ([\d.]+) µs, "
        r"to another chip\s+([\d.]+) µs", text,
    )  # fmt: skip
    assert [float(x) for x in said.groups()] == pytest.approx(
        [hicannx.LATENCY_INTERNAL, hicannx.LATENCY_EXTERNAL, loop, hicannx.LATENCY_CHIP_TO_CHIP]
    )
    labels = re.search(r"array with more than (\d+) sources", text)
    rows = HICANN_X.rows // hicannx.ROWS_PER_DRIVER
    assert int(labels[1]) == rows * 2**hicannx.LABEL_BITS


def test_versions_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == sim.__version__
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text()
    assert f"version: {project['version']}\n" in (ROOT / "CITATION.cff").read_text()
    newest = max(
        c.rpartition(" ")[2] for c in project["classifiers"] if "Python :: 3." in c
    )  # fmt: skip
    assert f"Python 3.11 to {newest}" in (ROOT / "CHANGELOG.md").read_text()


def test_claims_are_found():
    found = claims((ROOT / "docs" / "accuracy.md").read_text())
    assert found["nest_trace"] == 0.1
    assert len(found) >= 8
