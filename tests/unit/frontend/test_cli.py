"""The command `bss2sim`."""

import io
import json

import pytest
from click.testing import CliRunner

import pynn_bss2sim as sim
from pynn_bss2sim._core.hicannx import HICANN_X
from pynn_bss2sim.cli import main
from pynn_bss2sim.versions import versions

SCRIPT = """
import sys
import pyNN.nest as sim
sim.setup()
cells = sim.Population(int(sys.argv[1]), sim.IF_curr_exp(i_offset=1.0), label="cells")
cells.record("spikes")
sim.run(50.0)
print("spikes", cells.mean_spike_count())
sim.end()
"""


@pytest.fixture
def bss2sim(tmp_path, monkeypatch):
    """Return a function that calls the command in a folder with `script.py`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.py").write_text(SCRIPT)
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


def test_run_tells_what_the_script_prints_and_writes_the_report(bss2sim, tmp_path):
    done = bss2sim("run", "script.py", "--chip", "quantized", "--seed", 3, "--report", "r.json",
                   "--", 2)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "spikes " in done.output and "report: r.json" in done.output
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["circuits_used"] == 2 and "quantized" in report["chip"]
    assert sim.simulator.state.chip == sim.ChipModel.quantized(seed=3)


@pytest.mark.parametrize(("name", "begin"), [("r.html", '<div class="bss2sim">'), ("r.txt", "")])
def test_run_writes_other_formats(bss2sim, tmp_path, name, begin):
    assert bss2sim("run", "script.py", "--report", name, "--", 2).exit_code == 0
    text = (tmp_path / name).read_text()
    assert text.startswith(begin) and "cells" in text


def test_compare_writes_report_and_numbers(bss2sim, tmp_path):
    done = bss2sim("compare", "script.py", "--with", "mock", "--chips", "ideal", "--json", "n.json",
                   "--", 2)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "report: comparison_script.html" in done.output
    assert "script.py on mock, ideal" in (tmp_path / "comparison_script.html").read_text()
    assert json.loads((tmp_path / "n.json").read_text())["arguments"] == ["2"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "nowhere.py"], "nowhere.py"),
        (["run", "script.py", "--chip", "idle"], "idle"),
        (["compare", "script.py", "--with", "bss2sim"], "is this backend"),
        (["compare", "script.py", "--chips", "idle"], "no preset 'idle'"),
        (["compare", "script.py", "--chips", ""], "at least one"),
    ],
)
def test_wrong_words_are_told(bss2sim, words, message):
    done = bss2sim(*words)
    assert done.exit_code == 2 and message in done.output


def test_all_targets_failing_is_a_failure(bss2sim):
    done = bss2sim("compare", "script.py", "--with", "nonesuch", "--chips", "")
    assert done.exit_code == 1 and "nothing was recorded" in done.output
    assert "nonesuch: failed" in done.output


def test_info_is_show_versions(bss2sim):
    file = io.StringIO()
    sim.show_versions(file)
    assert bss2sim("info").output == file.getvalue()
    assert f"pynn_bss2sim       {sim.__version__}" in file.getvalue()


def test_versions_name_build_and_chip():
    found = versions()
    assert found["chip"]["neuron circuits"] == str(HICANN_X.circuits)
    assert found["chip"]["synapses"] == f"{HICANN_X.circuits * HICANN_X.rows} of 6 bits"
    assert found["chip"]["analog parameters"] == "10 bits"
    assert "-std=c11" in found["build"]["flags"]
    assert "portable" in found["build"]["instruction sets"]
    assert found["packages"]["pyNN"].startswith("0.13")
