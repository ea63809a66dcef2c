"""The benchmark measures what it says, and refuses to compare different networks."""

import importlib.util
import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def run_benchmarks():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location(
        "run_benchmarks", BENCHMARKS / "run_benchmarks.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_workload_measures_every_phase(run_script):
    done = run_script(BENCHMARKS / "workload.py", "bss2sim", "--time", 500)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    phases = [result[phase] for phase in ("import", "build", "run", "get_data")]
    assert min(phases) > 0
    assert result["total"] == pytest.approx(sum(phases))
    assert 8.0 < result["rate"] < 16.0, "the workload is described as firing at about 12 Hz"
    assert 20.0 < result["memory after import"] <= result["peak memory"] < 1000.0


def test_different_rates_are_not_compared(run_benchmarks):
    run_benchmarks.check_same_rate({"a": {"rate": 12.0}, "b": {"rate": 12.1}})
    with pytest.raises(SystemExit, match="disagree"):
        run_benchmarks.check_same_rate({"a": {"rate": 12.0}, "b": {"rate": 11.0}})


def test_table_holds_medians_and_ratios(run_benchmarks):
    keys = (*run_benchmarks.PHASES, *run_benchmarks.MEMORY, "rate")
    ours = [dict.fromkeys(keys, value) for value in (1.0, 2.0, 90.0)]
    peer = [dict.fromkeys(keys, value) for value in (1.0, 6.0, 7.0)]
    middle = run_benchmarks.medians({"ours": ours, "peer": peer})
    assert middle["ours"]["run"] == 2.0
    text = run_benchmarks.table(middle, "ours", "peer")
    assert "| run (s) | 2.000 | 6.000 | 3.0 |" in text
