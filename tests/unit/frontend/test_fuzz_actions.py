"""Laws of what a script may do between runs, checked with random sequences of actions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import SOURCES, Built, content, cuts, everything, fuzz, networks, part, parts
from pyNN import errors

import pynn_bss2sim as sim

#: What an action that is refused may raise; its message must not be empty.
REFUSALS = (
    ValueError, TypeError, RuntimeError, KeyError, IndexError, AttributeError, AssertionError,
    NotImplementedError, errors.InvalidParameterValueError, errors.NonExistentParameterError,
    errors.RecordingError, errors.ConnectionError, errors.InvalidDimensionsError,
    errors.InvalidModelError, errors.NothingToWriteError,
)  # fmt: skip


def refused(action):
    with pytest.raises(REFUSALS) as caught:
        action()
    assert not isinstance(caught.value, AssertionError)
    assert str(caught.value).strip()


# --- what a script may do, with an effect --------------------------------------------------------


def set_cells(b, k, x):
    cells = b.neurons[k % len(b.neurons)]
    part(cells, ["whole", "even", "last", "reversed"][k % 4]).set(i_offset=x, tau_refrac=1.0 + k)


def set_source(b, k, x):
    for source in b.sources:
        if source.celltype.has_parameter("rate"):
            source.set(rate=100 * abs(x))
        elif source.celltype.has_parameter("spike_times"):
            now = sim.get_current_time()
            source.set(spike_times=[now, now + 1.0, now + 1.0, now + 1.0 + abs(x)])


def set_state(b, k, x):
    part(b.neurons[k % len(b.neurons)], "even").initialize(v=-60.0 - x)


def inject(b, k, x):
    sim.DCSource(amplitude=x, start=k / 10).inject_into(b.neurons[k % len(b.neurons)])


def set_weights(b, k, x):
    for projection in b.projections:
        projection.set(weight=np.array(projection.get("weight", "list", with_address=False)) * x**2)


def connect(b, k, x):
    pre = b.populations[k % len(b.populations)]
    post = b.neurons[k % len(b.neurons)]
    receptor = post.receptor_types[0]
    b.projections.append(
        sim.Projection(
            pre, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=abs(x), delay=0.5),
            receptor_type=receptor,
        )
    )  # fmt: skip


def add_neurons(b, k, x):
    b.neurons.append(sim.Population(1 + k % 3, sim.IF_curr_exp(i_offset=x + 1), label=f"new {k}"))
    b.populations.append(b.neurons[-1])
    b.neurons[-1].record(["v", "spikes"])


def reset(b, k, x):
    sim.reset()


EFFECTIVE = [set_cells, set_source, set_state, inject, set_weights, connect, add_neurons, reset]

# --- what must not have any ----------------------------------------------------------------------


def look(b, k, x):
    everything(b)
    sim.mapping_report()
    for projection in b.projections:
        projection.get(["weight", "delay"], "array")
    for population in b.populations:
        population.get_spike_counts()
        population.describe()
        population.mean_spike_count()
    b.neurons[0].realised(["tau_m", "v_rest"])
    sim.prepare()


def stand_still(b, k, x):
    if not sim.get_current_time():
        return  # even a run of 0 ms takes the first sample, before initialize() could act
    sim.run(0.0)
    sim.run_until(sim.get_current_time())
    sim.run(0.04)


def set_the_same(b, k, x):
    for population in b.neurons:
        population.set(**{name: population.get(name) for name in ("tau_m", "i_offset")})
    for projection in b.projections:
        projection.set(weight=projection.get("weight", "list", with_address=False))
        projection.set(delay=projection.get("delay", "list", with_address=False))


def add_strangers(b, k, x):
    """Cells without connections, synapses without weight, currents without targets."""
    stranger = sim.Population(2, sim.IF_cond_exp(), label="stranger")
    stranger.record("v", sampling_interval=0.5)
    stranger.initialize(v=-70.0)
    sim.Projection(b.neurons[0], stranger, sim.OneToOneConnector(), sim.StaticSynapse(weight=x**2))
    for post in b.neurons:
        sim.Projection(
            stranger, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.0, delay=40.0),
            receptor_type=post.receptor_types[0],
        )  # fmt: skip
    stranger.record(None)


def try_impossible_things(b, k, x):
    cells = b.neurons[k % len(b.neurons)]
    refused(lambda: cells.set(tau_m=-1.0))
    refused(lambda: cells.set(i_offset=0.3, v_reset=1e6))
    refused(lambda: cells.set(nothing=1.0))
    refused(lambda: cells.set(tau_m=[1.0] * (cells.size + 1)))
    refused(lambda: cells.initialize(v=np.nan))
    refused(lambda: cells.initialize(nothing=0.0))
    refused(lambda: cells.record("nothing"))
    refused(lambda: cells.record("v", sampling_interval=0.25))
    refused(lambda: sim.run(-1.0))
    refused(lambda: sim.run(np.nan))
    refused(lambda: sim.run(1.0, callbacks=[lambda t: {}["nothing"]]))
    refused(lambda: sim.setup(timestep=-1.0))
    refused(lambda: sim.setup(chip="nothing"))
    refused(lambda: sim.Population(2, sim.IF_curr_exp(tau_m=-1.0)))
    refused(lambda: sim.Population(2, sim.SpikeSourcePoisson(rate=np.nan)))
    refused(lambda: sim.DCSource(amplitude=np.nan))
    for source in b.sources:
        refused(lambda source=source: source.set(start=np.nan))
        refused(lambda source=source: sim.DCSource().inject_into(source))
        refused(lambda source=source: sim.Projection(cells, source, sim.AllToAllConnector()))
    for delay, weight in ((np.nan, 0.0), (0.01, 0.0), (1.0, np.inf), (1e6, 0.0)):
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        refused(
            lambda synapse=synapse: sim.Projection(
                cells, cells, sim.AllToAllConnector(), synapse,
                receptor_type=cells.receptor_types[0],
            )
        )  # fmt: skip
    for projection in b.projections:
        if len(projection):
            refused(lambda p=projection: p.set(weight=np.nan))
            refused(lambda p=projection: p.set(weight=0.0, delay=-1.0))
        refused(lambda p=projection: p.set(weight=[0.0] * (len(p) + 1)))


IDLE = [look, stand_still, set_the_same, add_strangers, try_impossible_things]


def every_segment(built, n=None):
    blocks = [population.get_data() for population in built.populations[:n]]
    return [
        [content(population, k) for k in range(len(block.segments))]
        for population, block in zip(built.populations[:n], blocks, strict=True)
    ]


@st.composite
def scripts(draw):
    """Times and what is done at each of them."""
    steps = []
    for _ in range(draw(st.integers(1, 5))):
        actions = draw(st.lists(st.integers(0, len(EFFECTIVE) - 1), max_size=2))
        idle = draw(st.lists(st.integers(0, len(IDLE) - 1), max_size=3))
        number, x = draw(st.integers(0, 5)), draw(st.floats(-1, 1))
        steps.append((draw(st.integers(1, 80)) / 10, actions, idle, number, x))
    return steps


def play(network, script, idle):
    built = Built(network)
    for duration, actions, nothing, k, x in script:
        if idle:
            for number in nothing:
                IDLE[number](built, k, x)
        for number in actions:
            EFFECTIVE[number](built, k, x)
        sim.run_until(round(sim.get_current_time() + duration, 1))
        if idle:
            for number in reversed(nothing):
                IDLE[number](built, k, x)
    return every_segment(built)


@fuzz(60)
@given(networks(currents=("dc", "ac", "step")), scripts())
def test_looking_and_errors_change_nothing(network, script):
    assert play(network, script, idle=True) == play(network, script, idle=False)


@fuzz(25)
@given(networks(), cuts, parts)
def test_data_cleared_piece_by_piece_are_the_whole(network, stops, where):
    built = Built(network)
    sim.run(25.0)
    whole = [population.get_data().segments[-1] for population in built.populations]
    built = Built(network)
    trains = [[[] for _ in range(p.size)] for p in built.populations]
    signals = [{} for _ in built.populations]
    for stop in [*stops, 25.0]:
        sim.run_until(stop)
        for k, population in enumerate(built.populations):
            part(population, where).get_data()
            (segment,) = population.get_data(clear=True).segments
            for train, times in zip(trains[k], segment.spiketrains, strict=True):
                train.extend(times.rescale("ms").magnitude)
            for signal in segment.analogsignals:
                pieces = signals[k].setdefault(signal.name, [])
                # the last sample of one piece is the first of the next
                same = pieces and float(signal.t_start) == pytest.approx(pieces[-1][0])
                pieces.append((float(signal.t_stop - signal.sampling_period), signal[bool(same) :]))
    for k, segment in enumerate(whole):
        for train, times in zip(trains[k], segment.spiketrains, strict=True):
            assert train == times.rescale("ms").magnitude.tolist()
        for signal in segment.analogsignals:
            joined = np.concatenate([np.asarray(piece) for _, piece in signals[k][signal.name]])
            np.testing.assert_array_equal(joined, np.asarray(signal))


@fuzz(25)
@given(networks(), st.integers(1, 99), st.integers(1, 99), st.sampled_from(["v", "spikes", None]))
def test_recording_may_be_switched_on_and_off(network, on, off, variable):
    built = Built(network, record=False)
    first, last = sorted((on / 10, 10.0 + off / 10))
    sim.run_until(first)
    cells = built.neurons[0]
    cells.record(["v", "spikes"])
    sim.run_until(last)
    data = cells.get_data().segments[-1]
    assert float(data.analogsignals[0].t_start) == pytest.approx(first)
    assert len(data.analogsignals[0]) == round((last - first) / 0.1) + 1
    assert {float(train.t_start) for train in data.spiketrains} == {first}
    cells.record(None)
    sim.run(1.0)
    data = cells.get_data()
    assert all(not s.analogsignals and not s.spiketrains for s in data.segments)
    if variable:
        cells.record(variable, sampling_interval=None if variable == "spikes" else 0.2)
        sim.run(1.0)
        segment = cells.get_data().segments[-1]
        assert bool(segment.analogsignals) == (variable == "v")
        assert bool(segment.spiketrains) == (variable == "spikes")


@fuzz(15)
@given(st.sampled_from(sorted(SOURCES)), st.integers(1, 4), cuts, st.integers(0, 3))
def test_what_sources_record_is_what_neurons_receive(kind, size, stops, delay):
    """Spikes of a source reach a fast detector neuron once each."""
    sim.setup(timestep=0.1, min_delay=0.1)
    source = sim.Population(size, SOURCES[kind]([5.0, 7.0, 12.5]), label="source")
    synapse = sim.StaticSynapse(weight=1.0, delay=0.1 * (1 + delay))
    meter = sim.Population(size, sim.IF_curr_exp(v_thresh=1e9, tau_syn_E=1e9), label="meter")
    sim.Projection(source, meter, sim.OneToOneConnector(), synapse, receptor_type="excitatory")
    source.record("spikes")
    meter.record("isyn_exc")
    for stop in [*stops, 30.0]:
        sim.run_until(stop)
    current = np.asarray(meter.get_data().segments[0].analogsignals[0])
    arrived = np.rint(current[-1])
    latest = 30.0 - 0.1 * (1 + delay)
    for cell, train in enumerate(source.get_data().segments[0].spiketrains):
        emitted = np.rint(train.rescale("ms").magnitude / 0.1)
        assert arrived[cell] == np.count_nonzero(emitted <= round(latest / 0.1))


@pytest.mark.parametrize("last", [4.9, 5.0, 5.1, 5.5])
def test_reset_forgets_a_spike_under_way(last):
    """A source that fires at the end of a run reaches nobody after reset()."""
    sim.setup(timestep=0.1, min_delay=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]))
    meter = sim.Population(1, sim.IF_curr_exp(v_thresh=1e9, tau_syn_E=1e9))
    sim.Projection(source, meter, sim.OneToOneConnector(), sim.StaticSynapse(weight=1, delay=1.0))
    meter.record("isyn_exc")
    sim.run(last)
    sim.reset()
    sim.run(10.0)
    assert np.asarray(meter.get_data().segments[-1].analogsignals[0])[-1] == pytest.approx(1.0)
