"""What is recorded, by which device, and how it comes back."""

import neo
import numpy as np
import pytest
import quantities as pq
from pyNN import errors

from pynn_bss2sim._core import hicannx

from .conftest import FIRING, LISTENING, neurons, signal, source, trains


def segment(population, *args, **kwargs):
    return population.get_data(*args, **kwargs).segments[-1]


def test_signals_of_the_fast_converter(face):
    pop = neurons(2)
    pop.record("v")
    face.run(0.1)
    signals = segment(pop).irregularlysampledsignals
    assert len(signals) == 2
    for k, one in enumerate(signals):
        assert isinstance(one, neo.IrregularlySampledSignal)
        assert one.shape == (len(one.times), 1)
        assert one.dtype == np.float32
        # where scripts take the plain quantity
        assert type(one.base) is pq.Quantity
        assert one.dimensionality.string == "dimensionless"
        assert one.name == "v"
        assert one.annotations["device"] == "madc"
        assert one.annotations["source_ids"] == [k]
        assert one.annotations["source_locations"] == ["unlabeled"]
        assert one.annotations["source_population"] == pop.label
        assert one.annotations["source_compartments"] == [0]
        assert one.array_annotations["channel_index"].tolist() == [k]
        times = one.times.rescale("us").magnitude
        # two take turns, stamped by the clock of the FPGA
        assert np.diff(times).mean() == pytest.approx(0.068, rel=1e-3)
        assert np.allclose(times / 0.008, np.rint(times / 0.008))
        assert times.max() < 100


def test_one_neuron_has_the_whole_rate(face):
    pop = neurons()
    pop.record("v")
    face.run(0.1)
    assert np.diff(signal(pop)[0]).mean() == pytest.approx(34e-6, rel=1e-3)


def test_two_neurons_of_one_parity_cannot_share_the_converter(face):
    face.setup(neuronPermutation=[0, 2, 1])
    pop = neurons(3)
    pop[0:2].record("v")
    with pytest.raises(ValueError, match="both be even"):
        face.run(0.01)
    face.reset()
    pop.record(None)
    pop[[0, 2]].record("v")
    face.run(0.01)
    assert len(segment(pop).irregularlysampledsignals) == 2


def test_more_neurons_than_channels_are_read_in_runs_of_their_own(face):
    pop = neurons(5, **FIRING)
    pop.record("v")
    face.run(0.05)
    signals = segment(pop).irregularlysampledsignals
    assert [s.annotations["source_ids"] for s in signals] == [[k] for k in range(5)]
    assert all(np.diff(s.times.magnitude).mean() == pytest.approx(34e-6, rel=1e-2) for s in signals)


def test_signals_of_runs_of_their_own_show_the_spikes_that_are_recorded(face):
    """As in executions of which each gives a neuron's spikes and its membrane."""
    pop = neurons(4, **FIRING)
    pop.record(["spikes", "v"])
    face.run(0.2)
    for k, spikes in enumerate(trains(pop)):
        times, v = signal(pop, k)
        before = [v[np.searchsorted(times, t - 0.2e-3)] for t in spikes[1:]]
        after = [v[np.searchsorted(times, t + 1.9e-3)] for t in spikes[1:]]
        assert len(spikes) > 5 and np.subtract(before, after).min() > 50


@pytest.mark.parametrize(
    ("pairs", "refused"),
    [
        ([(0, 1), (1, 2), (2, 3)], False),
        ([(0, 1), (1, 0), (2, 3), (3, 2), (1, 2)], False),
        ([(0, 1), (1, 2), (2, 0)], True),
        ([(0, 4), (4, 1), (1, 2), (2, 0)], True),
    ],
)
def test_neurons_that_reach_one_another_are_not_read_in_turn(face, pairs, refused):
    """The chip executes parts of a network one after the other, if they do not feed back."""
    pop = neurons(5)
    face.Projection(pop, pop, face.FromListConnector(pairs), face.synapses.StaticSynapse(1))
    pop[0:4].record("v")
    if not refused:
        face.run(0.01)
        return
    with pytest.raises(RuntimeError, match=r"\[2\]: 3 neurons that reach one another"):
        face.run(0.01)
    face.reset()
    pop.record(None)
    pop[0:2].record("v")
    face.run(0.01)


def test_the_column_converters_read_all_neurons_at_once(face):
    pop = neurons(4, leak_v_leak=700, leak_i_bias=500)
    pop.record("v", device="cadc")
    face.run(0.3)
    signals = segment(pop).irregularlysampledsignals
    assert len(signals) == 4
    assert all(s.annotations["device"] == "cadc" for s in signals)
    times = signals[0].times.rescale("us").magnitude
    # the memory of a run is full after some 0.17 ms
    assert len(times) == hicannx.CADC_SAMPLES
    assert 1.7 <= np.diff(times).min() <= np.diff(times).max() < 1.8
    for s in signals[1:]:
        assert np.array_equal(s.times, signals[0].times)
    values = np.stack([s.magnitude[:, 0] for s in signals])
    assert (values == np.rint(values)).all()
    assert 30 < values.min() < values.max() < 255


def test_both_converters_in_one_run(face):
    pop = neurons(3)
    pop.record("v", device="cadc")
    pop[1:2].record("v")
    face.run(0.05)
    devices = [s.annotations["device"] for s in segment(pop).irregularlysampledsignals]
    assert devices == ["madc", "cadc", "cadc", "cadc"]


@pytest.mark.parametrize("variable", ["exc_synin", "inh_synin"])
def test_input_lines_drop_with_an_event(face, variable):
    pop, stimulus = neurons(**LISTENING), source(0.02)
    sign, receptor = {"exc_synin": (1, "excitatory"), "inh_synin": (-1, "inhibitory")}[variable]
    face.Projection(
        stimulus, pop, face.AllToAllConnector(), face.synapses.StaticSynapse(sign * 63),
        receptor_type=receptor,
    )  # fmt: skip
    pop.record(variable)
    face.run(0.06)
    times, v = signal(pop)
    rest = v[times < 0.02].mean()
    assert v[(times > 0.0206) & (times < 0.022)].mean() < rest - 15
    assert v[times > 0.055].mean() == pytest.approx(rest, abs=5)


def test_spike_trains_of_sources_are_the_events_that_were_sent(face):
    stimulus = source(0.03, 0.01, 0.0200044, 0.2)
    stimulus.record("spikes")
    face.run(0.1)
    (train,) = segment(stimulus).spiketrains
    # cut off to 8 ns
    assert train.magnitude.tolist() == pytest.approx([0.01, 0.02, 0.03], abs=1e-12)
    assert train.t_start == 0
    assert train.t_stop.rescale("ms").magnitude == pytest.approx(0.1)
    assert train.annotations["source_id"] == 0
    assert train.annotations["source_index"] == 0
    assert train.annotations["source_location"] == "unlabeled"


def test_views_give_their_cells_only(face):
    pop = neurons(4, **FIRING)
    pop[1:3].record("spikes")
    pop[2:3].record("v")
    face.run(0.05)
    assert [t.annotations["source_index"] for t in segment(pop).spiketrains] == [1, 2]
    assert [t.annotations["source_index"] for t in segment(pop[2:4]).spiketrains] == [2]
    assert len(segment(pop[2:4]).irregularlysampledsignals) == 1
    assert len(segment(pop[0:1]).spiketrains) == 0
    assert len(segment(pop, "v").spiketrains) == 0
    assert len(segment(pop, ["spikes"]).irregularlysampledsignals) == 0


def test_block_and_segment_tell_where_they_come_from(face):
    source()
    pop = neurons(3)
    pop.record("spikes")
    face.run(0.01)
    block = pop.get_data(annotations={"mood": "good"})
    assert block.annotations["mood"] == "good"
    assert block.name == pop.label
    expected = {"size": 3, "first_id": 1, "last_id": 3, "label": pop.label, "simulator": "HX"}
    assert expected.items() <= block.annotations.items()
    assert [s.name for s in block.segments] == ["segment000"]


def test_none_stops_recording_and_drops_the_data(face):
    pop = neurons(2, **FIRING)
    pop.record(["spikes", "v"])
    face.run(0.05)
    pop[0:1].record(None)
    seg = segment(pop)
    assert not seg.spiketrains
    assert not seg.irregularlysampledsignals


def test_spike_counts(face):
    pop = neurons(3, **FIRING)
    pop[0:2].record("spikes")
    face.run(0.1)
    counts = pop.get_spike_counts()
    assert counts == {k: len(t) for k, t in enumerate(trains(pop))}
    assert pop.mean_spike_count() == np.mean(list(counts.values()))
    assert set(pop[1:2].get_spike_counts()) == {1}


def test_data_go_to_a_file_when_the_experiment_ends(face, tmp_path):
    pop = neurons(1, **FIRING)
    pop.record("spikes", to_file=str(tmp_path / "spikes.pkl"))
    face.run(0.05)
    spikes = trains(pop)[0]
    face.end()
    block = neo.io.PickleIO(str(tmp_path / "spikes.pkl")).read_block()
    assert np.array_equal(block.segments[0].spiketrains[0].magnitude, spikes)


# --- what cannot be recorded ---


@pytest.mark.parametrize(
    ("arguments", "keywords", "error", "message"),
    [
        (("w",), {}, RuntimeError, "'w' cannot be recorded"),
        (("v",), {"sampling_interval": 0.1}, NotImplementedError, "sampling_interval"),
        (("v",), {"locations": ["soma"]}, RuntimeError, "one compartment"),
        (("v",), {"device": "pad_2"}, ValueError, "pad_2"),
        (("v",), {"device": "pad_0_x"}, ValueError, "pad_0_x"),
        (("v",), {"device": "probe"}, ValueError, "probe"),
        ((["v", "exc_synin"],), {}, ValueError, "one analog output"),
    ],
)
def test_requests_that_are_refused(face, arguments, keywords, error, message):
    pop = neurons()
    with pytest.raises(error, match=message):
        pop.record(*arguments, **keywords)


def test_sources_show_spikes_only(face):
    with pytest.raises(RuntimeError, match="'v' cannot be recorded"):
        source().record("v")


@pytest.mark.parametrize("device", ["madc", "cadc", "pad_0"])
def test_a_second_analog_variable_of_a_neuron_is_refused(face, device):
    pop = neurons()
    pop.record("v")
    with pytest.raises(ValueError, match="one analog output"):
        pop.record("exc_synin", device=device)
    pop.record("v", device=device)


def test_a_pad_shows_one_neuron_in_one_mode_and_gives_no_data(face):
    pop = neurons(2)
    pop[0:1].record("v", device="pad_0")
    with pytest.raises(ValueError, match="pad_0 is buffered"):
        pop[0:1].record("v", device="pad_0_unbuffered")
    with pytest.raises(ValueError, match="pad_0 shows one neuron"):
        pop[1:2].record("v", device="pad_0_buffered")
    pop[1:2].record("v", device="pad_1_unbuffered")
    face.run(0.01)
    assert not segment(pop).irregularlysampledsignals


def test_a_pad_is_not_shared_by_populations(face):
    for pop in (neurons(), neurons()):
        pop.record("v", device="pad_0")
    with pytest.raises(ValueError, match="pad_0 shows one neuron"):
        face.run(0.01)


def test_data_before_any_run(face):
    pop = neurons()
    pop.record("v")
    with pytest.raises(IndexError, match="call run"):
        pop.get_data()


def test_unknown_initial_values(face):
    neurons().initialize(v=3)
    with pytest.raises(errors.InvalidParameterValueError, match="'u'"):
        neurons().initialize(u=3)
