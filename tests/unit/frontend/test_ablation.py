"""The same experiment on many chips."""

import os
import signal
import sys
import threading
import time

import pytest

import pynn_bss2sim as sim
from pynn_bss2sim._core.chip_model import PRESETS


def experiment(chip):
    sim.setup(timestep=0.1, chip=chip)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    target = sim.Population(2, sim.IF_curr_exp(tau_m=10.0), label="P")
    sim.Projection(source, target, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=3))
    target.record("v")
    sim.run(10.0)
    v = target.get_data().segments[0].analogsignals[0].magnitude
    if chip.weights == "6bit" and chip.seed == 1:
        raise RuntimeError("this one fails")
    return {"peak": float(v.max()), "process": os.getpid()}


def test_one_row_for_each_run_and_a_failure_stops_no_other():
    chips = ["ideal", *sim.ChipModel.between("ideal", "quantized")]
    table = sim.ablate(experiment, chips[:3], seeds=[0, 1], processes=2, progress=False)
    assert table["chip"].tolist() == [
        name
        for name in ("ideal()", "ideal(weights='6bit')", "ideal(parameters='10bit')")
        for name in ["ChipModel." + name] * 2
    ]
    assert table["seed"].tolist() == [0, 1] * 3
    assert table["weights"].tolist() == ["exact"] * 2 + ["6bit"] * 2 + ["exact"] * 2
    assert table["error"].isna().tolist() == [True] * 3 + [False] + [True] * 2
    assert table["error"].iloc[3] == "RuntimeError: this one fails"
    assert table["peak"].isna().tolist() == [False] * 3 + [True] + [False] * 2
    assert table["peak"].iloc[0] == table["peak"].iloc[1] != table["peak"].iloc[4]
    assert (table["seconds"] > 0).all() and (table["lost"] == 0).all()
    assert os.getpid() not in table["process"].tolist()


def test_a_function_that_cannot_be_imported_and_a_process_that_dies():
    def run(chip):
        if chip.seed == 3:
            os._exit(1)
        return {"double": 2 * chip.seed}

    table = sim.ablate(run, "ideal", seeds=[4], progress=False)
    assert table["double"].tolist() == [8] and table["lost"].tolist() == [None]
    table = sim.ablate(run, "ideal", seeds=[3], progress=False)
    assert "Terminated" in table["error"].iloc[0]


def test_ctrl_c_keeps_what_has_been_measured():
    def run(chip):
        time.sleep(60.0 * chip.seed)
        return {"x": 1}

    threading.Timer(6.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(sim.AblationInterrupted, match="interrupted after 1 run") as error:
        sim.ablate(run, ["ideal"], seeds=[0, 1], processes=2, progress=False)
    assert error.value.table["x"].tolist() == [1]


def test_runs_that_return_nothing_are_told():
    table = sim.ablate(lambda chip: None, "ideal", progress=False)
    assert "returned None; return a dict" in table["error"].iloc[0]


def test_a_wrong_name_ends_all_runs(tmp_path):
    later = tmp_path / "later"

    def run(chip):
        if chip.seed:
            time.sleep(2.0)
            later.touch()
        return {"seed": 1}

    with pytest.raises(ValueError, match="'seed', which is a column"):
        sim.ablate(run, "ideal", seeds=[0, 1], processes=1, progress=False)
    # would wait for its turn
    sim.ablate(lambda chip: {"x": 1}, "ideal", processes=1, progress=False)
    assert not later.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"chips": []}, "at least one chip model"),
        ({"seeds": []}, "one seed"),
        ({"processes": 0}, "processes=0"),
        ({"chips": ["idle"]}, "no preset 'idle'"),
        ({"run": lambda chip: {"seed": 1}}, "'seed', which is a column"),
    ],
)
def test_refused(arguments, message):
    given = {"run": experiment, "chips": ["ideal"], "progress": False} | arguments
    with pytest.raises(ValueError, match=message):
        sim.ablate(**given)


@pytest.mark.parametrize("ends", [("ideal", "quantized"), ("quantized", "ideal")])
def test_one_limit_at_a_time(ends):
    low, high = (PRESETS[name] for name in ends)
    models = sim.ChipModel.between(*ends)
    changed = [{k for k in low if getattr(model, k) != low[k]} for model in models]
    assert all(
        getattr(m, k) == high[k] for m, names in zip(models, changed, strict=True) for k in names
    )
    # the one that a bandwidth needs, or that it cannot do without
    pair = {"bandwidth", "routing"}
    single = [names for names in changed if names != pair]
    assert changed.count(pair) == 1 and all(len(names) == 1 for names in single)
    assert set.union(*changed) == {k for k in low if low[k] != high[k]}
    assert len(changed) == len(set.union(*changed))


def test_energy_of_a_run():
    """A chip of 1 W for 10 ms of biological time, i.e. 10 µs, uses 10 µJ."""
    sim.setup(timestep=0.1)
    sim.Population(600, sim.IF_curr_exp())
    assert "energy" not in sim.mapping_report().to_dict()
    sim.run(10.0)
    report = sim.mapping_report()
    energy = report.to_dict()["energy"]
    assert energy["hardware_time_s"] == pytest.approx(10e-6)
    assert energy["energy_per_chip_j"] == pytest.approx(10e-6)
    assert energy["energy_j"] == pytest.approx(20e-6)
    assert "2 chips of about 1 W use 20 µJ" in str(report)
    assert "The power is an estimate" in energy["assumptions"]
    assert energy["assumptions"][:30] in str(report)
    sim.reset()
    assert "energy" not in sim.mapping_report().to_dict()


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match="run=None is no function"):
        sim.ablate(None, ["ideal"])


@pytest.mark.parametrize("package", ["loky", "pandas", "tqdm"])
def test_a_missing_package_is_told_with_the_way_out(monkeypatch, package):
    for name in (package, f"{package}.auto"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"{package}.*pip install 'pynn_bss2sim\[ablation\]'"):
        sim.ablate(experiment, ["ideal"], progress=False)
