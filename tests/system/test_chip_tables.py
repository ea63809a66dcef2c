"""For each published script of the real chip's frontend one here that uses the same features.

The scripts import the chip's software by its own names, run as they are, and assert themselves what
must come of them.
"""

import ast
import re
import sys
import tomllib
from pathlib import Path

import matplotlib
import pytest

from pynn_bss2sim.brainscales2 import __main__ as runner
from pynn_bss2sim.brainscales2 import aliases, simulator

FOLDER = Path(__file__).parent / "chip_scripts"
ROWS = tomllib.loads((FOLDER / "rows.toml").read_text())
PAGE = Path(__file__).parents[2] / "docs" / "brainscales2.md"

#: Published scripts, by what their names begin with.
# fmt: off
EXAMPLES = [
    "single_neuron_demo", "leak_over_threshold", "external_input", "internal_projections",
    "isi_calib", "calibhxneuron", "multicompartment", "partitioned_network", "plasticity_rule",
    "static_recording_synapse", "crossbar_event_counter_read", "chip_plotter_usage_example",
]
DEMOS = [
    "cns_01", "cns_02", "cns_03", "common_task_adex", "common_task_multicompartment",
    "common_task_superspike", "fp_pynn_introduction", "fp_singleNeuron", "fp_synapticInput",
    "fp_calibration", "fp_sudoku", "fp_synfireChain", "gs_03", "gs_04-1", "gs_05", "gs_06",
    "tp_00", "tp_01", "tp_02", "ts_00", "ts_02", "ts_04", "ts_05", "ts_06", "ts_07", "ts_09",
    "ts_10", "ts_11", "ts_12", "ts_13", "nmpi_00", "tutorial",
]
# fmt: on
#: What a script may need that is not emulated.
MISSING = {"several compartments", "torch"}

ALL = {name: row for rows in ROWS.values() for name, row in rows.items()}
SCRIPTS = [row for row in ALL.values() if isinstance(row, str)]


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Return a function that runs a script as ``python -m`` does, and leaves no names behind."""
    before, path = set(sys.modules), list(sys.path)
    monkeypatch.setenv("BSS2SIM_CHIP", "silicon")
    monkeypatch.setenv("BSS2SIM_LENIENT", "yes")
    monkeypatch.setenv("SLURM_FPGA_IPS", "emulated")
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")

    def run(script):
        monkeypatch.setattr(sys, "argv", ["runner", str(script)])
        runner.main()

    yield run
    sys.path[:] = path
    simulator.state = None
    tops = {name.partition(".")[0] for name in (*aliases.NAMES, *aliases.HELPERS)}
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in tops:
            del sys.modules[name]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_runs_and_finds_what_it_must(run, script):
    run(FOLDER / f"{script}.py")


def test_every_published_script_has_a_row():
    for rows, expected in ((ROWS["examples"], EXAMPLES), (ROWS["demos"], DEMOS)):
        assert len(rows) == len(expected)
        for name, begin in zip(rows, expected, strict=True):
            assert name.startswith(begin)
    assert {row["without"] for row in ALL.values() if row not in SCRIPTS} == MISSING


def test_every_script_belongs_to_a_row_and_says_so():
    assert sorted(SCRIPTS) == sorted(path.stem for path in FOLDER.glob("*.py"))
    for script in SCRIPTS:
        source = (FOLDER / f"{script}.py").read_text()
        row = re.match(r"Row ([\w-]+)", ast.get_docstring(ast.parse(source)))[1]
        assert row.replace("-", "_") == script
        # unchanged: no name of this package that the real one does not have, but kernels' numbers
        assert set(re.findall(r"pynn_bss2sim\S*", source)) <= {"pynn_bss2sim.ppu"}
        assert "assert " in source


def test_the_page_lists_them():
    runs = ", ".join(f"`{name}`" for name, row in ALL.items() if row in SCRIPTS)
    text = " ".join(PAGE.read_text().split())
    assert runs in text
    for reason in MISSING:
        left_out = [name for name, row in ALL.items() if row == {"without": reason}]
        assert f"{reason}: {', '.join(f'`{name}`' for name in left_out)}" in text
