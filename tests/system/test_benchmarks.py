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


@pytest.fixture
def mapping(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return script("mapping")


def test_the_page_of_mapping_times_is_that_of_its_measurements(mapping):
    record = json.loads((DOCS / "mapping.json").read_text())
    assert (DOCS / "mapping.md").read_text() == mapping.page(record)
    assert list(record["results"]) == [name for name, _, _ in mapping.CASES]


def test_a_chip_is_calibrated_in_a_minute_and_then_at_once():
    seconds = json.loads((DOCS / "mapping.json").read_text())["calibration"]
    assert 1.0 < seconds["made"] < 60.0
    assert 0.0 < seconds["kept"] < 0.2


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


@pytest.mark.parametrize(
    ("name", "page"),
    [("kernels", "engine"), ("run_networks", "networks"), ("instructions", "instructions")],
)
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


@pytest.fixture
def run_networks(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return script("run_networks")


def runs(run, rate=10.0, **others):
    """Measurements of three runs, of which the middle one took `run` seconds."""
    phases = {"import": 1.0, "build": 2.0, "map": 3.0, "get_data": 4.0, "memory": 70.0}
    return [
        phases | {"run": s, "elapsed": s / 2, "rate": rate} | others for s in (run / 2, run, 90.0)
    ]


def test_ratios_are_those_of_medians(run_networks):
    found = {"cuba": {"ideal": runs(0.1), "quantized": runs(0.5), "nest": runs(2.0, build=12.0)}}
    ((title, peer, ours, run, made, whole),) = run_networks.ratios(found)
    assert (title, peer, ours) == ("512 CUBA LIF, 12 Hz", "nest", "quantized")
    assert run == pytest.approx(2.0 / 0.5)
    assert made == pytest.approx((12.0 + 3.0) / (2.0 + 3.0))
    assert whole == pytest.approx((1 + 12 + 3 + 2 + 4) / (1 + 2 + 3 + 0.5 + 4))
    assert "| nest | quantized | 4.0 | 3.0 | 2.1 |" in run_networks.ratio_table(found)


def test_threads_are_compared_with_threads_by_the_time_that_passes(run_networks):
    found = {"balanced_coba": {"ideal": runs(1.0), "ideal x2": runs(1.0), "nest x2": runs(30.0)}}
    ((_, peer, ours, run, *_),) = run_networks.ratios(found)
    assert (peer, ours) == ("nest x2", "ideal x2")
    assert run == pytest.approx(15.0 / 0.5)


def test_every_network_is_on_the_page_with_its_peers(run_networks):
    there = json.loads((DOCS / "networks.json").read_text())["results"]
    assert list(there) == list(run_networks.NETWORKS)
    for network, columns in there.items():
        assert set(run_networks.NETWORKS[network].chips) <= set(columns)
        assert set(columns) & set(run_networks.PEERS), f"{network} has no peer"


def test_peers_on_the_page_ran_the_network_of_the_ideal_chip(run_networks):
    there = json.loads((DOCS / "networks.json").read_text())["results"]
    for network, columns in there.items():
        ideal = columns.get("ideal", columns.get("quantized"))[0]["rate"]
        for peer in set(columns) & {"nest:on_grid", "nest", "neuron"}:
            assert columns[peer][0]["rate"] == pytest.approx(ideal, rel=0.3), (network, peer)


def test_what_is_counted_is_the_whole_run():
    """A step reads, changes and writes at least three variables; AdEx has an exponential in it."""
    counts = json.loads((DOCS / "instructions.json").read_text())["counts"]
    assert min(counts.values()) > 3
    assert counts["adex quantized"] > 2 * counts["cuba quantized"]


def test_the_standalone_networks_are_those_of_pynn(run_networks):
    for name, network in run_networks.standalone.NETWORKS.items():
        assert network.size == run_networks.NETWORKS[name].neurons


def test_the_import_is_timed_apart_from_that_of_the_libraries():
    libraries, backend = script("importing").once()
    assert 0.0 < backend < libraries  # which are many more modules


def test_a_turn_of_the_slider_reads_the_membrane(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setenv("BSS2SIM_CHIP", "quantized")
    (signal,) = script("slider").turn()
    assert len(signal) > 1000
