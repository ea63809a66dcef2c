"""A saved configuration does what the network did, and what its registers say."""

import json
import zipfile

import numpy as np
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim._core.chip_model import PRESETS, ChipModel
from pynn_bss2sim._core.config import ConfigError
from pynn_bss2sim.mapping import ConfigurationError

TIMES = [[1.0, 5.0, 9.0], [2.0, 5.1, 20.0], [3.3, 12.0]]
MODELS = [
    *PRESETS,
    ChipModel.ideal(routing="real"),
    ChipModel.ideal(weights="6bit", routing="real"),
    ChipModel.quantized(weights="exact"),
    ChipModel.quantized(delays="asked"),
    ChipModel.quantized(routing="lifted"),
]


def build(chip="quantized"):
    """A small network that spikes, with its populations."""
    sim.setup(timestep=0.1, chip=chip)
    source = sim.Population(3, sim.SpikeSourceArray(spike_times=TIMES), label="in")
    cells = sim.Population(10, sim.IF_curr_exp(i_offset=0.9), label="cells")
    adex = sim.Population(4, sim.EIF_cond_exp_isfa_ista(), label="adex",
                          initial_values={"v": np.linspace(-70, -60, 4)})  # fmt: skip
    weights = sim.RandomDistribution("uniform", low=1, high=3, rng=sim.NumpyRNG(1))
    sim.Projection(source, cells, sim.AllToAllConnector(),
                   sim.StaticSynapse(weight=weights, delay=1.0))  # fmt: skip
    sim.Projection(cells, adex, sim.AllToAllConnector(),
                   sim.StaticSynapse(weight=0.02, delay=2.0))  # fmt: skip
    sim.Projection(adex, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=-0.2, delay=1.5),
                   receptor_type="inhibitory")  # fmt: skip
    return source, cells, adex


def spikes(block):
    return [train.rescale("ms").magnitude.tolist() for train in block.segments[0].spiketrains]


@pytest.fixture
def saved(tmp_path):
    build()
    sim.save_configuration(tmp_path / "net.npz")
    return tmp_path / "net.npz"


@pytest.mark.parametrize("chip", MODELS, ids=str)
def test_the_same_spikes_and_traces_bit_for_bit(chip, tmp_path):
    _, cells, adex = build(chip)
    for population in (cells, adex):
        population.record(["spikes", "v"])
    sim.save_configuration(tmp_path / "net.npz")
    sim.run(60)
    wanted = {p.label: p.get_data() for p in (cells, adex)}
    sim.setup()
    loaded = sim.load_configuration(tmp_path / "net.npz")
    found = loaded.run(60, {"in": TIMES}, ["spikes", "v"])
    assert sum(map(len, spikes(found["cells"]))) > 20
    assert sum(map(len, spikes(found["adex"]))) > 0
    for label, block in wanted.items():
        assert spikes(found[label]) == spikes(block)
        one, other = (b.segments[0].analogsignals[0] for b in (found[label], block))
        assert np.array_equal(one.magnitude, other.magnitude)
        assert (one.units, one.sampling_period, one.name) == (
            other.units, other.sampling_period, other.name,
        )  # fmt: skip
    assert list(found) == ["cells", "adex"]


def test_it_runs_again_and_takes_neo_spike_trains(saved):
    loaded = sim.load_configuration(saved)
    source, _, _ = build()
    source.record("spikes")
    sim.run(30)
    trains = source.get_data().segments[0].spiketrains
    first = spikes(loaded.run(30, {"in": TIMES})["cells"])
    assert spikes(loaded.run(30, {"in": trains})["cells"]) == first
    assert spikes(loaded.run(30)["cells"]) != first


def test_connections_are_those_of_the_network(saved):
    loaded = sim.load_configuration(saved)
    build()
    projection = sim.state.projections[0]
    sim.prepare()
    wanted = sorted(projection.get(["weight", "delay"], format="list"))
    found = sorted(
        (c["pre"], c["post"], c["weight"], c["delay"]) for c in loaded.connections("in", "cells")
    )
    assert [f[:2] for f in found] == [tuple(w[:2]) for w in wanted]
    np.testing.assert_allclose(np.array(found), np.array(wanted), rtol=1e-12)
    assert set(loaded.connections("adex", "cells")["line"]) == {1}
    assert (loaded.connections("adex", "cells")["weight"] < 0).all()
    assert len(loaded.connections("cells", "cells")) == 0


def test_a_wrong_label_is_a_wrong_spike(saved):
    loaded = sim.load_configuration(saved)
    hits = loaded.hits("in", "cells")
    at = hits[hits["pre"] == 0]
    chip = int(at["chip"][0])
    labels = loaded.chips[chip].synapse_label.copy()
    for hit in at:
        where = hit["hemisphere"], hit["row"], hit["column"]
        assert labels[where] == hit["label"]
        assert loaded.chips[chip].synapse_weight[where] == hit["code"]
        labels[where] ^= 63
    deaf = loaded.altered(chip, synapse_label=labels)
    assert not (deaf.connections("in", "cells")["pre"] == 0).any()
    assert len(deaf.connections("in", "cells")) == len(loaded.connections("in", "cells")) - 10
    before, after = (c.run(30, {"in": TIMES})["cells"] for c in (loaded, deaf))
    assert spikes(before) != spikes(after)
    again = deaf.altered(chip, synapse_label=loaded.chips[chip].synapse_label)
    assert spikes(again.run(30, {"in": TIMES})["cells"]) == spikes(before)


def test_an_analog_register_changes_the_neurons(saved):
    loaded = sim.load_configuration(saved)
    analog = loaded.chips[0].analog.copy()
    analog[loaded.placement.circuit[0], 2] -= 100  # a lower threshold
    easy = loaded.altered(0, analog=analog)
    assert easy.circuits.v_thresh[0] < loaded.circuits.v_thresh[0]
    counts = [len(spikes(c.run(50)["cells"])[0]) for c in (loaded, easy)]
    assert counts[1] > counts[0]


def test_the_same_network_gives_the_same_file_content(saved, tmp_path):
    build()
    sim.save_configuration(tmp_path / "again.npz")
    with np.load(saved) as one, np.load(tmp_path / "again.npz") as other:
        assert one.files == other.files
        assert all(np.array_equal(one[name], other[name]) for name in one.files)


def test_it_says_what_it_is(saved):
    text = repr(sim.load_configuration(saved))
    for part in ("Configuration(14 neurons", "1 chips", "cells (10)", "in (3)", "quantized"):
        assert part in text


def damaged(path, **changes):
    """Rewrite a file with other entries, without a new digest."""
    with np.load(path) as file:
        entries = {name: file[name] for name in file.files}
    np.savez(path, **{**entries, **changes})


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize(
    "harm",
    [
        cut,
        flip,
        lambda p: p.write_bytes(b""),
        lambda p: p.write_text("spikes"),
        lambda p: np.save(p.open("wb"), np.arange(3)),
        lambda p: np.savez(p, header=np.array("[]")),
        lambda p: np.savez(p, header=np.array(json.dumps({"format": "other"}))),
        lambda p: np.savez(p, a=np.array([{}], dtype=object)),
        lambda p: zipfile.ZipFile(p, "w").close(),
        lambda p: damaged(p, **{"placement/circuit": np.arange(14)[::-1]}),
        lambda p: damaged(p, more=np.arange(3)),
    ],
)
def test_damaged_and_foreign_files_are_refused(saved, harm):
    harm(saved)
    with pytest.raises(ConfigurationError, match=r"net\.npz"):
        sim.load_configuration(saved)


def test_other_versions_are_refused(saved):
    with np.load(saved) as file:
        header = json.loads(str(file["header"]))
    damaged(saved, header=np.array(json.dumps({**header, "version": 2})))
    with pytest.raises(ConfigurationError, match="version 2 of the format"):
        sim.load_configuration(saved)


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (lambda c: c.run(10, {"out": []}), ConfigurationError, "no population is called 'out'"),
        (lambda c: c.run(10, {"in": [[1.0]]}), ConfigurationError, "in: spike times for 1 cells"),
        (lambda c: c.run(10, {"cells": [[]] * 10}), ConfigurationError, "cells: spikes can be"),
        (lambda c: c.run(10, {"in": [[-1.0], [], []]}), ConfigurationError, "in: a spike at -1"),
        (lambda c: c.run(10, record="w2"), ConfigurationError, "no 'w2'.*gsyn_exc"),
        (lambda c: c.run(float("nan")), ValueError, "nan ms"),
        (lambda c: c.altered(3, row_mode=0), ConfigurationError, "chip 3: the registers of 1"),
        (lambda c: c.altered(0, rowmode=0), ConfigError, "no register 'rowmode'"),
    ],
)
def test_nonsense_is_refused(saved, action, error, message):
    with pytest.raises(error, match=message):
        action(sim.load_configuration(saved))


def test_what_is_lifted_has_no_registers(tmp_path):
    build("ideal")
    sim.save_configuration(tmp_path / "net.npz")
    loaded = sim.load_configuration(tmp_path / "net.npz")
    with pytest.raises(ConfigurationError, match="routes nothing"):
        loaded.hits("in", "cells")
    with pytest.raises(ConfigurationError, match=r"ChipModel.ideal\(\) emulates none"):
        loaded.altered(0, row_mode=0)
    assert len(loaded.connections("in", "cells")) == 30


def test_labels_must_differ(tmp_path):
    sim.setup()
    for _ in range(2):
        sim.Population(1, sim.IF_curr_exp(), label="twin")
    with pytest.raises(ConfigurationError, match="two populations are called 'twin'"):
        sim.save_configuration(tmp_path / "net.npz")


def test_several_chips(tmp_path):
    sim.setup(chip="quantized")
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0, 4.0]), label="in")
    cells = sim.Population(20, sim.IF_curr_exp(), label="cells")
    sim.place(cells[::2], chip=1)
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=5.0))
    sim.Projection(cells, cells, sim.FixedProbabilityConnector(0.5, rng=sim.NumpyRNG(2)),
                   sim.StaticSynapse(weight=0.5))  # fmt: skip
    cells.record("spikes")
    sim.save_configuration(tmp_path / "net.npz")
    sim.run(40)
    loaded = sim.load_configuration(tmp_path / "net.npz")
    assert len(loaded.chips) == 2
    assert set(loaded.hits("cells", "cells")["chip"]) == {0, 1}
    found = spikes(loaded.run(40, {"in": [[1.0, 4.0]] * 2})["cells"])
    assert sum(map(len, found)) > 20
    assert found == spikes(cells.get_data())
