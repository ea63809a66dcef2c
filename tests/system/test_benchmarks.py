"""The benchmark measures what it says, and refuses to compare different networks."""

import importlib.util
import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DOCS = BENCHMARKS.parent / "docs"


def script(name):
    """A script of the benchmarks as a module."""
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def run_benchmarks():
    return script("run_benchmarks")


@pytest.fixture
def mapping(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return script("mapping")


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


def test_the_page_of_mapping_times_is_that_of_its_measurements(mapping):
    record = json.loads((DOCS / "mapping.json").read_text())
    assert (DOCS / "mapping.md").read_text() == mapping.page(record)
    assert list(record["results"]) == [name for name, _, _ in mapping.CASES]


@pytest.mark.parametrize("case", range(6))
def test_the_networks_that_are_mapped_are_those_on_the_page(mapping, case):
    name, make, chips = mapping.CASES[case]
    there = json.loads((DOCS / "mapping.json").read_text())["results"][name]
    here = mapping.measure(make(), chips)
    assert {key: here[key] for key in mapping.COUNTS} == {key: there[key] for key in mapping.COUNTS}


def test_the_page_of_plasticity_is_that_of_its_measurements():
    plasticity = script("plasticity")
    record = json.loads((DOCS / "plasticity.json").read_text())
    assert (DOCS / "plasticity.md").read_text() == plasticity.page(record)
    assert list(record["seconds"]) == list(plasticity.RUNS)
    assert 9.0 < record["rate"] < 11.0
    for name in ("additive", "multiplicative", "Gutig", "Vogels 2011"):
        assert record["seconds"][name] < 3.0 * record["seconds"]["static"]
    assert list(record["kernel"]) == ["65536", "131072"]
    assert record["kernel"]["65536"] < 2e-3


def test_plastic_synapses_are_timed_under_the_same_spikes():
    plasticity = script("plasticity")
    (seconds, rate), (_, same) = (plasticity.measure(name, 300.0) for name in ("static", "Gutig"))
    assert seconds > 0 and rate == same > 3.0


@pytest.mark.parametrize(("name", "page"), [("kernels", "engine"), ("run_networks", "networks")])
def test_other_pages_are_those_of_their_measurements(monkeypatch, name, page):
    monkeypatch.syspath_prepend(BENCHMARKS)
    record = json.loads((DOCS / f"{page}.json").read_text())
    assert (DOCS / f"{page}.md").read_text() == script(name).page(record)


@pytest.mark.parametrize("network", ["cuba", "adex", "many_projections", "all_to_all"])
def test_networks_run_in_phases_and_fire(run_script, network):
    done = run_script(BENCHMARKS / "network.py", "bss2sim", network, "--chip", "ideal")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert min(result[phase] for phase in ("import", "build", "map", "run", "get_data")) > 0
    assert 1.0 < result["rate"] < 100.0
