"""Recorded data: what the Neo objects say of it."""

import numpy as np
import pytest
from pyNN import errors

import pynn_bss2sim as sim


@pytest.fixture(autouse=True)
def begin():
    sim.setup(timestep=0.1)


def cells(n=3, i_offset=1.2, **parameters):
    return sim.Population(n, sim.IF_curr_exp(i_offset=i_offset, **parameters), label="P")


def only(block, n=1):
    assert len(block.segments) == n
    return block.segments[-1]


def test_annotations():
    population = cells()
    population.record(["spikes", "v"])
    population.annotate(layer=4)
    sim.run(30.0)
    block = population.get_data()
    assert block.name == "P" and block.description == population.describe()
    assert block.annotations == {
        "size": 3, "first_index": 0, "last_index": 3, "first_id": 1, "last_id": 3, "label": "P",
        "simulator": sim.simulator.name, "layer": 4, "dt": 0.1, "mpi_processes": 1,
    }  # fmt: skip
    segment = only(block)
    assert segment.name == "segment000" and segment.block is block
    (signal,) = segment.analogsignals
    assert signal.name == "v" and signal.segment is segment
    assert signal.annotations["source_population"] == "P"
    assert signal.annotations["channel_ids"].tolist() == [1, 2, 3]
    assert signal.array_annotations["channel_index"].tolist() == [0, 1, 2]
    assert signal.shape == (301, 3)
    assert str(signal.units.dimensionality) == "mV"
    assert (signal.t_start, signal.sampling_period) == (0.0, 0.1)
    train = segment.spiketrains[1]
    assert train.annotations == {"source_population": "P", "source_index": 1, "channel_id": 2}
    assert len(train) == 1 and (train.t_start, train.t_stop) == (0.0, 30.0)
    assert population.get_spike_counts() == {1: 1, 2: 1, 3: 1}
    assert population[1:].get_spike_counts() == {2: 1, 3: 1}
    assert population.mean_spike_count() == 1.0


def test_first_sample_is_the_state_at_the_start():
    population = cells()
    population.initialize(v=[-60.0, -61.0, -62.0])
    population.record("v")
    sim.run(1.0)
    v = only(population.get_data()).analogsignals[0].magnitude
    assert v.shape == (11, 3) and v[0].tolist() == [-60, -61, -62]
    assert (v[1] != v[0]).all()


@pytest.mark.parametrize("parts", [[20.0], [5.0, 0.1, 14.9], [0.1] * 200])
def test_runs_in_parts_are_one_run(parts, monkeypatch):
    monkeypatch.setattr("pynn_bss2sim.simulator.CHUNK", 7.0)
    source = sim.Population(20, sim.SpikeSourcePoisson(rate=200.0))
    population = cells(4, 0.5)
    sim.Projection(source, population, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.3))
    source.record("spikes")
    population.record(["v", "spikes"])
    for part in parts:
        sim.run(part)
    segment = only(population.get_data())
    trains = [*only(source.get_data()).spiketrains, *segment.spiketrains]
    result = segment.analogsignals[0].magnitude, [t.magnitude.tolist() for t in trains]
    if len(parts) == 1:
        test_runs_in_parts_are_one_run.whole = result
    else:
        np.testing.assert_array_equal(result[0], test_runs_in_parts_are_one_run.whole[0])
        assert result[1] == test_runs_in_parts_are_one_run.whole[1]
    assert sum(map(len, result[1])) > 20


def test_sampling_interval():
    population = cells()
    population.record("v", sampling_interval=0.5)
    sim.run(2.2)
    sim.run(0.3)
    signal = only(population.get_data()).analogsignals[0]
    assert signal.shape == (6, 3) and signal.sampling_period == 0.5
    fine = cells()
    fine.record("v")
    sim.reset()
    sim.run(2.5)
    every = population.get_data().segments[1].analogsignals[0].magnitude
    np.testing.assert_array_equal(
        every, fine.get_data().segments[-1].analogsignals[0].magnitude[::5]
    )


@pytest.mark.parametrize("interval", [0.25, 0.0, -0.1, np.nan, 0.05])
def test_sampling_interval_must_be_a_multiple(interval):
    with pytest.raises(ValueError, match=r"P: sampling_interval=.* time step \(0.1 ms\)"):
        cells().record("v", sampling_interval=interval)


def test_one_sampling_interval_for_a_population():
    population = cells()
    population.record("v", sampling_interval=0.5)
    population.record("isyn_exc")
    with pytest.raises(ValueError, match="P: .*0.5 ms is in use"):
        population.record("isyn_inh", sampling_interval=1.0)
    population.record(None)
    population.record("v", sampling_interval=1.0)
    sim.run(2.0)
    assert only(population.get_data()).analogsignals[0].shape == (3, 3)


def test_recording_switched_on_later():
    population = cells()
    population[:1].record(["v", "spikes"])
    sim.run(1.0)
    population[2:].record(["v", "spikes"])
    population.record("isyn_exc", sampling_interval=None)
    sim.run(1.0)
    v, isyn = only(population.get_data()).analogsignals
    assert v.shape == (21, 2) and v.array_annotations["channel_index"].tolist() == [0, 2]
    assert np.isnan(v.magnitude[:10, 1]).all() and np.isfinite(v.magnitude[10:]).all()
    np.testing.assert_array_equal(v.magnitude[10:, 0], v.magnitude[10:, 1])
    assert isyn.t_start == 1.0 and isyn.shape == (11, 3)
    late = only(population[2:].get_data("v")).analogsignals[0]
    assert late.t_start == 1.0 and late.shape == (11, 1)
    trains = only(population.get_data()).spiketrains
    assert [t.t_start for t in trains] == [0.0, 1.0]


def test_late_recording_begins_at_a_multiple():
    population = cells()
    sim.run(0.7)
    population.record("v", sampling_interval=0.5)
    sim.run(0.2)
    assert not only(population.get_data()).analogsignals
    sim.run(1.1)
    signal = only(population.get_data()).analogsignals[0]
    assert signal.t_start == 1.0 and signal.shape == (3, 3)


def test_clear_hands_out_each_value_once():
    population, whole = cells(i_offset=2.0), cells(i_offset=2.0)
    for recorded in (population, whole):
        recorded.record(["v", "spikes"])
    sim.run(30.0)
    first = only(population.get_data(clear=True))
    sim.run(20.0)
    second = only(population.get_data(clear=True))
    assert second.analogsignals[0].t_start == 30.0 and second.analogsignals[0].shape == (201, 3)
    np.testing.assert_array_equal(
        first.analogsignals[0].magnitude[-1], second.analogsignals[0].magnitude[0]
    )
    assert second.spiketrains[0].t_start == 30.0
    together = only(whole.get_data())
    np.testing.assert_array_equal(
        np.vstack([first.analogsignals[0].magnitude, second.analogsignals[0].magnitude[1:]]),
        together.analogsignals[0].magnitude,
    )
    assert [*first.spiketrains[0].magnitude, *second.spiketrains[0].magnitude] == list(
        together.spiketrains[0].magnitude
    )
    assert len(together.spiketrains[0]) > 2


def test_segments():
    population = cells()
    population.record(["v", "spikes"])
    for trial in range(3):
        sim.run(30.0)
        sim.reset(annotations={"trial": trial})
    block = population.get_data()
    assert [s.name for s in block.segments] == ["segment000", "segment001", "segment002"]
    assert [s.annotations for s in block.segments] == [{"trial": k} for k in range(3)]
    for segment in block.segments[1:]:
        np.testing.assert_array_equal(segment.analogsignals[0], block.segments[0].analogsignals[0])
        assert segment.spiketrains[0].tolist() == block.segments[0].spiketrains[0].tolist()
    chosen = population[1:2].get_data("v")
    assert [s.analogsignals[0].shape for s in chosen.segments] == [(301, 1)] * 3
    assert not any(len(s.spiketrains) for s in chosen.segments)


def test_what_was_cleared_does_not_come_back_after_reset():
    population = cells()
    population.record("v")
    sim.run(1.0)
    population.get_data(clear=True)
    sim.reset()
    sim.run(1.0)
    assert len(population.get_data(clear=True).segments) == 1
    sim.run(1.0)
    sim.reset()
    assert only(population.get_data()).analogsignals[0].t_start == 1.0


def test_changing_the_data_leaves_the_record():
    population = cells()
    population.record("v")
    sim.run(1.0)
    population.get_data().segments[0].analogsignals[0][:] *= 0
    sim.reset()
    population.get_data().segments[0].analogsignals[0][:] *= 0
    assert (population.get_data().segments[0].analogsignals[0].magnitude < -50).all()


def test_record_none_stops():
    population = cells()
    population.record(["v", "spikes"])
    sim.run(1.0)
    population.record(None)
    sim.run(1.0)
    segment = only(population.get_data())
    assert not segment.analogsignals and not len(segment.spiketrains)
    assert population.get_spike_counts() == {}


def test_sources_keep_the_times_of_the_host():
    times = [0.0, 0.123456789, 1.0, 2.0]
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[times, [3.05]]))
    source.record("spikes")
    sim.run(1.0)
    assert only(source.get_data()).spiketrains[0].tolist() == times[:3]
    sim.run(2.05)
    trains = only(source.get_data()).spiketrains
    assert trains[0].tolist() == times and trains[1].tolist() in ([], [3.05])
    assert source.get_spike_counts()[1] == 4


@pytest.mark.parametrize("variables", ["gsyn_exc", ["v", "nonsense"], "all"])
def test_unknown_variables(variables):
    population = cells()
    with pytest.raises(errors.RecordingError, match="P: cannot record.*spikes, v, isyn_exc"):
        population.record(variables)
    sim.run(1.0)
    assert not only(population.get_data()).analogsignals


def test_locations_are_refused():
    population = cells()
    with pytest.raises(ValueError, match="P: locations='soma'"):
        population.record("v", locations="soma")
    with pytest.raises(ValueError, match="P: locations='soma'"):
        population.get_data(locations="soma")


def test_assemblies_and_views():
    population = cells(4)
    other = sim.Population(2, sim.IF_cond_exp(), label="Q")
    assembly = population[1:3] + other
    assembly.record(["v", "spikes"])
    sim.run(1.0)
    segment = only(assembly.get_data())
    assert [s.shape[1] for s in segment.analogsignals] in ([4], [2, 2])
    assert len(segment.spiketrains) == 4
    assert set(assembly.get_spike_counts()) == {int(c) for c in assembly.all_cells}
    assert not only(population[:1].get_data()).analogsignals


@pytest.mark.parametrize("suffix", ["pkl", "mat", "nix", "h5", "nwb"])
def test_files(tmp_path, suffix):
    pytest.importorskip({"mat": "scipy", "nwb": "pynwb", "pkl": "neo"}.get(suffix, "nixio"))
    from neo.io import NWBIO
    from pyNN.recording import get_io

    path = str(tmp_path / f"data.{suffix}")
    population = cells()
    population.record("v", to_file=path)
    population.record("spikes", to_file=path)
    sim.run(30.0)
    sim.end()
    population[:1].write_data(str(tmp_path / f"view.{suffix}"))
    (population[:1] + population[2:]).write_data(str(tmp_path / f"assembly.{suffix}"))
    if suffix == "nwb":
        block = NWBIO(path, mode="r").read_all_blocks()[0]
    else:
        block = get_io(path).read_block()
    segment = block.segments[0]
    assert segment.analogsignals[0].shape == (301, 3)
    assert [len(t) for t in segment.spiketrains] == [1, 1, 1]
    # the data outlive end()
    assert only(population.get_data()).analogsignals[0].shape == (301, 3)
    assert not sim.state.write_on_end


def test_to_file_takes_a_neo_io(tmp_path):
    from neo.io import PickleIO

    population = cells()
    population.record("v", to_file=PickleIO(str(tmp_path / "a.pkl")))
    sim.run(1.0)
    sim.end()
    assert PickleIO(str(tmp_path / "a.pkl")).read_block().name == "P"


def test_a_file_that_fails_does_not_stop_the_others(tmp_path):
    population = cells()
    population.record("v", to_file=str(tmp_path / "a.txt"))
    population.record("spikes", to_file=str(tmp_path / "b.pkl"))
    sim.run(1.0)
    with pytest.raises(OSError, match="P: cannot write .*a.txt"):
        sim.end()
    assert (tmp_path / "b.pkl").exists()
    with pytest.warns(UserWarning, match="a.txt have not been written"):
        sim.setup()


def test_before_the_first_run():
    population = cells()
    population.record("v")
    assert len(population.get_data().segments) == 0
    sim.run(0.0)
    assert only(population.get_data()).analogsignals[0].shape == (1, 3)
