"""Beginning, snippets, segments and end of experiments; what is refused."""

import numpy as np
import pytest

import pynn_bss2sim.brainscales2 as pynn

from .conftest import FIRING, LISTENING, neurons, signal, source, trains

COMMAND = pynn.RunCommand


def test_time_and_state_after_setup(face):
    assert face.get_time_step() == 3.4e-05
    assert face.get_current_time() == face.get_min_delay() == face.get_max_delay() == 0
    assert (face.num_processes(), face.rank()) == (1, 0)
    assert face.simulator.name == "HX"
    names = [model.__name__ for model in face.list_standard_models()]
    assert names == ["HXNeuron", "CalibHXNeuronCuba", "CalibHXNeuronCoba"]


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"speed": 3, "colour": 1}, KeyError, "colour, speed"),
        ({"neuronPermutation": [1, 2, 1]}, ValueError, "1 stands there twice"),
        ({"neuronPermutation": [512]}, OverflowError, "512 is too large"),
        ({"neuronPermutation": range(513)}, OverflowError, "513 entries"),
        ({"neuronPermutation": [-1]}, TypeError, "-1 is negative"),
        ({"backgroundPermutation": [0, 4]}, OverflowError, "4 is too large"),
        ({"dt": 0.1}, Exception, "dt is not a valid argument"),
        ({"min_delay": 1e-6}, Exception, "min_delay"),
    ],
)
def test_setup_refuses(parameters, error, message):
    with pytest.raises(error, match=message):
        pynn.setup(**parameters)


@pytest.mark.parametrize(
    "call",
    [
        lambda: pynn.run(1),
        pynn.reset,
        pynn.end,
        pynn.get_current_time,
        lambda: neurons(),
    ],
)
def test_before_setup_and_after_end_nothing_goes(call):
    with pytest.raises(RuntimeError, match=r"call setup\(\) first"):
        call()
    pynn.setup()
    pynn.end()
    with pytest.raises(RuntimeError, match=r"call setup\(\) first"):
        call()


def test_chips_without_registers_are_refused(monkeypatch, face):
    monkeypatch.setenv("BSS2SIM_CHIP", "ideal")
    face.setup()
    neurons()
    with pytest.raises(RuntimeError, match="does not emulate the registers"):
        face.run(0.01)


# --- run ---


def test_commands_that_are_refused(face):
    with pytest.raises(ValueError, match="APPEND needs a runtime"):
        face.run(None, COMMAND.APPEND)
    with pytest.raises(ValueError, match="nothing is queued"):
        face.run(None, COMMAND.EXECUTE)
    with pytest.raises(ValueError, match="no RunCommand"):
        face.run(1, "execute")
    with pytest.raises(ValueError, match="nan ms"):
        face.run(np.nan)
    with pytest.raises(ValueError, match="-1 ms"):
        face.run(-1)


def test_a_second_run_needs_a_reset(face):
    face.run(0.01)
    with pytest.raises(RuntimeError, match="call reset"):
        face.run(0.01)
    face.reset()
    face.run(0.01)


def test_prepare_maps_and_takes_no_time(face):
    pop = neurons()
    pop.record("spikes")
    face.run(None, COMMAND.PREPARE)
    assert face.get_current_time() == 0
    with pytest.raises(IndexError):
        pop.get_data()
    with pytest.warns(DeprecationWarning):
        face.preprocess()
    face.run_until(0.02)
    assert face.get_current_time() == 0.02


def test_snippets_follow_without_a_gap(face):
    """A membrane on its way to another leak potential goes on through the border."""
    pop = neurons(leak_v_leak=500, leak_i_bias=20, membrane_capacitance_capacitance=63)
    pop.record("v")
    for code in (500, 800, 500):
        pop.set(leak_v_leak=code)
        face.run(0.02, COMMAND.APPEND)
    face.run(None)
    signals = pop.get_data().segments[0].irregularlysampledsignals
    assert face.get_current_time() == pytest.approx(0.06)
    assert len(signals) == 3
    ends = [(s.magnitude[:8].mean(), s.magnitude[-8:].mean()) for s in signals]
    assert ends[1][0] == pytest.approx(ends[0][1], abs=6)
    assert ends[2][0] == pytest.approx(ends[1][1], abs=6)
    assert ends[1][1] > ends[1][0] + 40
    assert ends[2][1] < ends[2][0] - 10
    times = np.concatenate([s.times.magnitude for s in signals])
    assert np.diff(times).max() < 50e-6


def test_recording_may_change_between_snippets(face):
    pop = neurons(1, **FIRING)
    pop.record("spikes")
    face.run(0.05, COMMAND.APPEND)
    pop.record(None)
    face.run(0.05, COMMAND.APPEND)
    pop.record(["spikes", "v"])
    face.run(0.05)
    segment = pop.get_data().segments[0]
    spans = [(float(t.t_start), float(t.t_stop)) for t in segment.spiketrains]
    assert spans == [(0, pytest.approx(0.05)), (pytest.approx(0.1), pytest.approx(0.15))]
    assert all(len(t) > 1 for t in segment.spiketrains)
    assert all(t.t_start <= t[0] and t[-1] < t.t_stop for t in segment.spiketrains)
    assert len(segment.irregularlysampledsignals) == 1
    assert segment.irregularlysampledsignals[0].times[0] >= 0.1


def test_spike_times_are_absolute_in_an_experiment(face):
    """A source may hold the spikes of all snippets, or be set anew before each."""
    whole, renewed = source(0.01, 0.06, 0.11), source()
    for population in (whole, renewed):
        population.record("spikes")
    for k in range(3):
        renewed.set(spike_times=[0.05 * k + 0.01])
        face.run(0.05, COMMAND.APPEND)
    face.run(None)
    for population in (whole, renewed):
        found = [t.magnitude.tolist() for t in population.get_data().segments[0].spiketrains]
        assert found == [pytest.approx([0.05 * k + 0.01]) for k in range(3)]


@pytest.mark.parametrize("lenient", [False, True])
def test_spikes_that_are_not_set_anew_are_repeated_for_scripts_of_the_chip(
    monkeypatch, caplog, lenient
):
    monkeypatch.setenv("BSS2SIM_LENIENT", "yes" if lenient else "")
    pynn.setup()
    once, whole, later = source(0.02, 0.1), source(0.02, 0.15), source(0.13)
    for cells in (once, whole, later):
        cells.record("spikes")

    def times(cells):
        trains = cells.get_data("spikes").segments[-1].spiketrains
        return [np.round(t.magnitude, 3).tolist() for t in trains]

    pynn.run(None, pynn.RunCommand.PREPARE)
    for _ in range(2):
        for duration in (0.1, 0.1, 0.01):
            pynn.run(duration, pynn.RunCommand.APPEND)
        pynn.run(None)
        # that at 0.1 lies behind the first snippet, which is what is repeated
        repeated = [[0.02], [0.12], []] if lenient else [[0.02], [0.1], []]
        assert times(once) == repeated
        assert times(whole) == [[0.02], [0.15], []]
        assert times(later) == [[], [0.13], []]
        pynn.reset()
    told = [message for message in caplog.messages if "repeated" in message]
    assert len(told) == lenient
    pynn.run(0.1, pynn.RunCommand.APPEND)
    once.set(spike_times=[0.17])
    pynn.run(0.1)
    assert times(once) == [[0.02], [0.17]]


def test_networks_may_grow_between_snippets(face):
    first = neurons(2, **FIRING)
    first.record("spikes")
    face.run(0.05, COMMAND.APPEND)
    second = neurons(1, **LISTENING)
    second.record("v")
    face.Projection(source(0.06), second, face.AllToAllConnector(), face.synapses.StaticSynapse(63))
    face.run(0.05)
    assert len(first.get_data().segments[0].spiketrains) == 4
    times, v = signal(second)
    assert times[0] >= 0.05
    assert v[(times > 0.063) & (times < 0.07)].mean() > v[times < 0.06].mean() + 15


def test_the_same_experiment_again_differs_by_noise_alone(face):
    pop = neurons(2, **FIRING)
    pop.record("spikes")
    counts = []
    for _ in range(2):
        face.setup()
        pop = neurons(2, **FIRING)
        pop.record("spikes")
        for _ in range(2):
            face.run(0.2)
            face.reset()
        segments = pop.get_data().segments
        counts.append([[t.magnitude.tolist() for t in s.spiketrains] for s in segments])
    assert counts[0] == counts[1]
    assert counts[0][0] != counts[0][1]
    assert len(counts[0][0][0]) == pytest.approx(len(counts[0][1][0]), abs=2)


def test_neurons_that_fire_by_themselves_are_not_synchronised(face):
    pop = neurons(64, **FIRING)
    pop.record("spikes")
    face.run(0.03)
    first = np.array([t[0] for t in trains(pop)])
    assert first.std() > 1e-3


# --- segments ---


def test_each_reset_begins_a_segment(face):
    face.reset()
    pop = neurons(1, **FIRING)
    pop.record("spikes")
    face.reset()
    for runtime in (0.05, 0.1):
        face.run(runtime)
        face.reset(annotations={"runtime": runtime})
        face.reset()
    segments = pop.get_data().segments
    assert [s.name for s in segments] == ["segment002", "segment004"]
    assert [s.annotations["runtime"] for s in segments] == [0.05, 0.1]
    assert [float(s.spiketrains[0].t_stop) for s in segments] == [0.05, 0.1]
    face.run(0.2)
    assert len(pop.get_data().segments) == 3


@pytest.mark.parametrize("reset_first", [True, False])
def test_clearing_gives_what_came_since_the_last_clearing(face, reset_first):
    pop = neurons(1, **FIRING)
    pop.record("spikes")
    for _ in range(3):
        face.run(0.05)
        if reset_first:
            face.reset()
        block = pop.get_data(clear=True)
        if not reset_first:
            face.reset()
        assert len(block.segments) == 1
        assert len(block.segments[0].spiketrains[0]) > 1
    with pytest.raises(IndexError):
        pop.get_data()


def test_a_run_without_populations(face):
    face.run(0.1)
    assert face.get_current_time() == 0.1


def test_populations_and_ids_count_from_zero(face):
    first, second = source(size=2), neurons(3)
    assert [int(k) for k in [*first, *second]] == [0, 1, 2, 3, 4]
    face.setup()
    assert int(neurons()[0]) == 0


def test_neurons_beyond_the_permutation_are_refused(face):
    face.setup(neuronPermutation=[5, 6])
    neurons(3)
    with pytest.raises(RuntimeError, match="3 neurons, and neuronPermutation has 2 places"):
        face.run(0.01)


# --- what goes wrong on the way ---


def test_data_up_to_an_interruption_are_kept(face):
    pop = neurons(1, **FIRING)
    pop.record(["spikes", "v"])

    class Interrupting(face.PlasticityRule):
        def kernel(self, synapses, neurons, recording):
            raise KeyboardInterrupt

    timer = face.Timer(start=0.1, period=1, num_periods=1)
    face.Projection(
        source(), pop, face.AllToAllConnector(), face.synapses.PlasticSynapse(0, 0, None)
    ).synapse_type.plasticity_rule = Interrupting(timer)
    face.run(0.05, COMMAND.APPEND)
    with pytest.raises(KeyboardInterrupt):
        face.run(0.2)
    segment = pop.get_data().segments[-1]
    stops = [float(t.t_stop) for t in segment.spiketrains]
    assert stops == pytest.approx([0.05, 0.1], abs=1e-4)
    assert all(len(t) > 1 for t in segment.spiketrains)
    assert segment.irregularlysampledsignals[1].times[-1] == pytest.approx(0.1, abs=1e-3)
    with pytest.raises(RuntimeError, match="call reset"):
        face.run(0.1)


def test_a_network_that_cannot_be_mapped_can_be_corrected_after_a_reset(face):
    pop, stimulus = neurons(1, **FIRING), source(size=300)
    projection = face.Projection(stimulus, pop, face.AllToAllConnector())
    pop.record("spikes")
    with pytest.raises(RuntimeError, match="300 synapses"):
        face.run(0.05)
    face.reset()
    face.simulator.state.projections.remove(projection)
    face.run(0.05)
    assert len(trains(pop)[0]) > 1
