"""Whole comparisons: processes, failures, recordings, report."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import unquote

import pytest

import pynn_bss2sim as sim
from pynn_bss2sim import ChipModel
from pynn_bss2sim.comparison import processes, scripts
from pynn_bss2sim.comparison.targets import make_targets

SCRIPT = """
import os, sys, warnings
warnings.warn("\\nmind the <gap>")
import pyNN.nest as sim
sim.setup(timestep=0.1, min_delay=0.1)
source = sim.Population(3, sim.SpikeSourceArray(spike_times=[1.0, 20.0, 40.0]), label="in")
cells = sim.Population(5, sim.IF_cond_exp(tau_m=400.0, tau_refrac=2.0), label="cells <&>")
sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.05, delay=1.0))
cells.record("spikes")
if hasattr(sim, "ChipModel"):
    cells[:2].record("v")
sim.run(30.0)
first = cells.get_data(clear=True).segments[0]     # the report is to keep what is cleared here
sim.run(30.0)
if "die" in sys.argv and hasattr(sim, "ChipModel"):
    os._exit(3)
if "fail" in sys.argv and hasattr(sim, "ChipModel"):
    raise RuntimeError("halfway")
sim.end()
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    file = tmp_path_factory.mktemp("script") / "script.py"
    file.write_text(SCRIPT)
    return file


@pytest.fixture(scope="module")
def comparison(script):
    return sim.compare(script, ["mock", "nonesuch"], ["ideal", "quantized"], progress=False)


def test_each_target_has_a_row_and_a_missing_one_stops_no_other(comparison):
    runs = comparison.runs.set_index("target")
    assert list(runs.index) == ["mock", "nonesuch", "ideal", "quantized"]
    assert runs["error"].isna().tolist() == [True, False, True, True]
    assert "No module named 'pyNN.nonesuch'" in runs["error"]["nonesuch"]
    assert runs["version"]["nonesuch"] == ""
    assert runs["version"]["ideal"] == f"pynn_bss2sim {sim.__version__}"
    seconds = runs.loc[["mock", "ideal", "quantized"], ["setup", "run", "all"]]
    assert (seconds > 0).all(axis=None) and (seconds["run"] < seconds["all"]).all()


def test_all_that_was_recorded_is_kept(comparison):
    (block,) = comparison.blocks("ideal").values()
    assert block.name == "cells <&>" and len(block.segments) == 2
    times = [segment.spiketrains[0].magnitude.tolist() for segment in block.segments]
    assert [len(t) > 0 for t in times] == [True, True] and times[0][-1] < 30.0 < times[1][0]
    with pytest.raises(KeyError, match="no run of 'neuron'"):
        comparison.blocks("neuron")


def test_warnings_are_kept_and_told(comparison):
    warned = comparison.warnings
    assert set(warned) == {"mock", "ideal", "quantized"}
    assert warned["ideal"] == ("UserWarning: mind the <gap>",)
    (clipped,) = set(warned["quantized"]) - set(warned["ideal"])
    assert "cells <&>" in clipped and "tau_m" in clipped
    assert "UserWarning: mind the &lt;gap&gt;" in comparison.to_html()


def test_the_table_compares_with_the_reference(comparison):
    table = comparison.table.set_index("target")
    assert comparison.reference == "mock"
    assert table["cells"].tolist() == [5, 5, 5] and table["victor_purpura"]["mock"] == 0.0
    assert 0.0 < table["victor_purpura"]["ideal"] <= 1.0
    assert table["rate"]["ideal"] == pytest.approx(
        1e3 * table["spikes"]["ideal"] / 5 / 60.0, rel=1e-6
    )


def test_the_report_is_one_page_that_loads_nothing(comparison, tmp_path):
    page = comparison.to_html(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page
    # pictures that are addresses themselves are written with %22 for "
    loaded = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", unquote(page))
    assert loaded and all(target.startswith(("data:", "#")) for target in loaded)
    assert "cells &lt;&amp;&gt;" in page and "cells <&>" not in page
    assert page.count("<svg") == 3 and "currentColor" in page and "#010203" not in page
    assert "prefers-color-scheme: dark" in page
    assert "nonesuch</td>" in page and "failed:" in page
    assert page.count("<details><summary><span") == 2, "a mapping report of each chip"
    assert comparison._repr_html_() in page


def test_the_numbers_are_json(comparison, tmp_path):
    comparison.to_json(tmp_path / "numbers.json")
    numbers = json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8"))
    assert [run["target"] for run in numbers["runs"]] == list(comparison.targets)
    assert numbers["table"][0]["van_rossum"] == 0.0
    assert set(numbers["mapping"]) == {"ideal", "quantized"}
    assert numbers["summary"][0]["rate_sd"] is None


def test_seeds_give_effects_and_a_failing_script_keeps_what_it_recorded(script):
    found = sim.compare(script, chips=["ideal", ChipModel.ideal(weights="6bit")], seeds=[0, 1],
                        arguments=["fail"], progress=False)  # fmt: skip
    assert found.targets == ("ideal", "ideal(weights='6bit')")
    assert [o.error for o in found.outcomes] == ["RuntimeError: halfway"] * 4
    assert "in <module>" in found.outcomes[0].traceback
    assert found.summary["runs"].tolist() == [2, 2]
    assert (found.table["spikes"] > 0).all()
    assert "effect on rate" in found.to_html()


def test_a_process_that_dies_says_how(script):
    found = sim.compare(script, chips="ideal", arguments=["die"], progress=False)
    assert found.outcomes[0].error == "the process ended with code 3 and without a result"
    assert found.table.empty and "Nothing was recorded" in found.to_html()


def test_the_compiler_of_mechanisms_is_found_without_an_active_environment(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    folders = processes._environment("neuron")["PATH"].split(os.pathsep)
    assert folders == [str(Path(sys.executable).parent), "/usr/bin"]
    assert processes._environment("nest")["PATH"] == "/usr/bin"


def test_one_process_at_a_time_imports_neuron(tmp_path):
    """The first import compiles mechanisms into the folder that is locked."""
    with scripts._alone("nest"), scripts._alone("neuron"):
        code = (
            "import sys; from pynn_bss2sim.comparison import scripts\n"
            "with scripts._alone('neuron'): open(sys.argv[1], 'w').close()"
        )
        mark = tmp_path / "inside"
        other = subprocess.Popen([sys.executable, "-c", code, str(mark)])
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(5.0)
        assert not mark.exists()
    assert other.wait(60.0) == 0 and mark.exists()


@pytest.fixture
def endless(tmp_path):
    """A script that takes as many seconds as it is told, and then leaves a file `done`."""
    file = tmp_path / "endless.py"
    file.write_text(
        "import pathlib, sys, time\n"
        "time.sleep(float(sys.argv[1]))\n"
        "pathlib.Path(__file__).with_name('done').touch()"
    )
    return file


def test_a_run_that_takes_too_long_is_ended(endless):
    begin = time.perf_counter()
    found = sim.compare(endless, "mock", [], arguments=["100"], timeout=1.0, progress=False)
    assert found.outcomes[0].error == "took longer than 1 s"
    assert time.perf_counter() - begin < 60.0


def test_ctrl_c_keeps_what_had_ended(endless):
    def press():
        while not endless.with_name("done").exists():
            time.sleep(0.1)
        time.sleep(3.0)  # for its process to end
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(sim.ComparisonInterrupted) as error:
        sim.compare(endless, "mock", [], arguments=["{seed}00"], seeds=[0, 1], processes=2,
                    progress=False)  # fmt: skip
    assert [o.error for o in error.value.comparison.outcomes] == ["", "stopped by Ctrl-C"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backends": [], "chips": []}, "at least one"),
        ({"backends": ["bss2sim"]}, "is this backend"),
        ({"backends": ["nest;"]}, "no name of a PyNN backend"),
        ({"chips": ["ideal", "ideal"]}, "'ideal' is given twice"),
        ({"chips": ["idle"]}, "no preset 'idle'"),
        ({"seeds": []}, "at least one seed"),
        ({"seeds": [-1]}, "seed -1"),
        ({"seeds": [1, 1]}, "not all different"),
        ({"processes": 0}, "processes=0"),
        ({"timeout": 0}, "timeout=0"),
    ],
)
def test_refused(script, arguments, message):
    with pytest.raises(ValueError, match=message):
        sim.compare(script, **arguments)


def test_a_missing_script_or_package_is_told(script, monkeypatch):
    with pytest.raises(FileNotFoundError, match="no script 'nowhere.py'"):
        sim.compare("nowhere.py", chips="ideal")
    monkeypatch.setattr(sim.comparison, "_NEEDED", ("tqdm", "no_such_package"))
    with pytest.raises(ImportError, match=r"no_such_package.*'pynn_bss2sim\[compare\]'"):
        sim.compare(script, chips="ideal")


def test_targets_of_models_bear_their_differences():
    model = ChipModel.silicon(seed=3)
    assert [t.label for t in make_targets("nest", ["ideal", model])] == [
        "nest",
        "ideal",
        "silicon(seed=3)",
    ]
