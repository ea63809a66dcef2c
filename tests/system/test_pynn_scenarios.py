"""PyNN's own scenarios (``test/system/scenarios`` of its source distribution) with this backend.

They run unchanged, in one pytest process of their own; its report is read back and each scenario
is one test here. ``pynn_scenarios.toml`` says what each scenario must come to: `passing`, or
`cannot_pass` with the reason. A listed scenario that passes, one that PyNN has and the list has
not, and one that the list has and PyNN has not: each of these fails.
"""

import os
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXPECTED = tomllib.loads((HERE / "pynn_scenarios.toml").read_text())
PASSING = EXPECTED["passing"]
CANNOT_PASS = EXPECTED["cannot_pass"]


def run_scenarios(source, folder, backend="bss2sim", select=()):
    """Run the scenarios with `backend` in `folder`.

    Returns
    -------
    dict
        "module::function" -> (outcome, text), where outcome is passed, failed, error or skipped.
    """
    report = folder / "scenarios.xml"
    path = os.pathsep.join([str(HERE), str(source / "test"), os.environ.get("PYTHONPATH", "")])
    # fmt: off
    command = [
        sys.executable, "-m", "pytest", "-p", "pynn_scenario_plugin", "-p", "no:cacheprovider",
        "-c", os.devnull, "--rootdir", str(source / "test"), "-q", "--tb=short",
        f"--junitxml={report}", str(source / "test" / "system" / "scenarios"), *select,
    ]
    # fmt: on
    environment = {"MPLBACKEND": "Agg", "PYTHONPATH": path, "PYNN_SCENARIO_BACKEND": backend}
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True,
        timeout=900,
    )  # fmt: skip
    assert report.exists(), f"the scenarios did not run:\n{done.stdout}\n{done.stderr}"
    return read_report(report)


def read_report(report):
    """Read a JUnit XML file that pytest wrote."""
    outcomes = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        module = case.get("classname").rpartition(".")[2]
        name = f"{module}::{case.get('name').partition('[')[0]}"
        outcome, text = "passed", ""
        for child in case:
            if child.tag in ("failure", "error", "skipped"):
                outcome = {"failure": "failed"}.get(child.tag, child.tag)
                text = f"{child.get('message')}\n{child.text}"
        outcomes[name] = outcome, text
    return outcomes


@pytest.fixture(scope="module")
def outcomes(pynn_source, tmp_path_factory):
    """What all scenarios came to with this backend."""
    return run_scenarios(pynn_source, tmp_path_factory.mktemp("scenarios"))


def test_every_scenario_is_listed(outcomes):
    assert len(PASSING) == len(set(PASSING))
    assert not set(PASSING) & set(CANNOT_PASS)
    assert set(outcomes) == set(PASSING) | set(CANNOT_PASS)


@pytest.mark.parametrize("scenario", PASSING)
def test_scenario_passes(outcomes, scenario):
    outcome, text = outcomes[scenario]
    assert outcome == "passed", text


@pytest.mark.parametrize("scenario", CANNOT_PASS)
def test_listed_scenario_still_cannot_pass(outcomes, scenario):
    assert len(CANNOT_PASS[scenario]) > 20, "a reason is needed"
    outcome, _ = outcomes[scenario]
    assert outcome != "passed", f"{scenario} passes now: move it to `passing`"


def test_a_backend_that_does_nothing_fails_the_scenarios(pynn_source, tmp_path):
    """The harness itself: PyNN's mock backend simulates nothing, so physics must fail on it."""
    results = run_scenarios(pynn_source, tmp_path, "mock", ["-k", "test_reset or test_ticket166"])
    assert results["test_ticket166::test_ticket166"][0] == "failed"
    assert len(results) >= 3
