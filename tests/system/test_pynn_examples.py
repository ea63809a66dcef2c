"""The examples of PyNN's source distribution, unchanged, with this backend.

``pynn_examples.toml`` says what each must come to: it `runs` (with these arguments), or
`cannot_run` with the reason and a piece of the error message. What is made for another simulator
or library is listed as `other`. One that PyNN has and the list has not fails.
"""

import tomllib
from pathlib import Path

import pytest

EXPECTED = tomllib.loads((Path(__file__).parent / "pynn_examples.toml").read_text())
RUNS = EXPECTED["runs"]
CANNOT_RUN = EXPECTED["cannot_run"]
OTHER = EXPECTED["other"]


def test_every_example_is_listed(pynn_source):
    found = {path.name for path in (pynn_source / "examples").glob("*.py")}
    assert found == set(RUNS) | set(CANNOT_RUN) | set(OTHER)
    assert len(found) == len(RUNS) + len(CANNOT_RUN) + len(OTHER)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_example_runs(pynn_source, run_script, tmp_path, name):
    done = run_script(pynn_source / "examples" / name, *RUNS[name])
    assert done.returncode == 0, done.stderr
    if "--plot-figure" in RUNS[name]:
        figures = list(tmp_path.rglob("*.png"))
        assert figures and all(figure.stat().st_size > 5000 for figure in figures)


@pytest.mark.slow
@pytest.mark.parametrize("name", CANNOT_RUN)
def test_listed_example_still_cannot_run(pynn_source, run_script, name):
    entry = CANNOT_RUN[name]
    assert len(entry["reason"]) > 20, "a reason is needed"
    done = run_script(pynn_source / "examples" / name, *entry.get("arguments", ["bss2sim"]))
    assert done.returncode != 0, f"{name} runs now: move it to `runs`"
    assert entry["error"] in done.stderr, done.stderr
