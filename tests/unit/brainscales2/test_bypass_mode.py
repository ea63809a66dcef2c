"""Neurons whose every event is a spike, and spike sources as the chip has them."""

import numpy as np
import pytest
from pyNN import errors

import pynn_bss2sim.brainscales2 as pynn

from .conftest import neurons, source, trains


@pytest.fixture
def bypass():
    pynn.setup(enable_neuron_bypass=True)
    return pynn


def connect(face, pre, post, weight, connector=None, **kwargs):
    return face.Projection(
        pre, post, connector or face.AllToAllConnector(), face.synapses.StaticSynapse(weight),
        **kwargs,
    )  # fmt: skip


@pytest.mark.parametrize("receptor", ["excitatory", "inhibitory"])
def test_every_event_is_one_spike(bypass, receptor):
    times = np.arange(50) * 20e-3 + 5e-3
    pop, stimulus = neurons(), source(*times)
    sign = 1 if receptor == "excitatory" else -1
    connect(bypass, stimulus, pop, sign * 63, receptor_type=receptor)
    pop.record("spikes")
    bypass.run(1.0)
    (spikes,) = trains(pop)
    assert len(spikes) == 50
    # within about a µs of the event
    assert (spikes - times > 0).all()
    assert (spikes - times < 1e-3).all()


def test_weights_switch_events_on_and_off(bypass):
    pop, stimulus = neurons(4), source(*np.arange(20) * 5e-3)
    projection = connect(bypass, stimulus, pop, 0)
    pop.record("spikes")
    for k in range(4):
        projection.set(weight=63 * np.eye(4)[k])
        bypass.run(0.1, bypass.RunCommand.APPEND)
        stimulus.set(spike_times=0.1 * (k + 1) + np.arange(20) * 5e-3 + 1e-3)
    bypass.run(None)
    counts = [len(t) for t in pop.get_data().segments[0].spiketrains]
    assert np.array_equal(np.reshape(counts, (4, 4)), 20 * np.eye(4))


def test_spikes_go_on_through_several_populations(bypass):
    first, second, stimulus = neurons(8), neurons(2), source(*np.arange(10) * 10e-3, size=8)
    for cell, one in enumerate(stimulus):
        one.spike_times = np.arange(10) * 20e-3 + cell * 2e-3
    connect(bypass, stimulus, first, 63, bypass.OneToOneConnector())
    connect(bypass, first, second, 63)
    first.record("spikes")
    second.record("spikes")
    bypass.run(0.3)
    assert [len(t) for t in trains(first)] == [10] * 8
    assert [len(t) for t in trains(second)] == [80] * 2


def test_losses_are_told_once_for_the_whole_experiment(bypass, caplog):
    pop, stimulus = neurons(4), source(*np.arange(0.0, 2.0, 0.1), size=40)
    connect(bypass, stimulus, pop, 63)
    pop.record("spikes")
    for _ in range(2):
        bypass.run(1.0, bypass.RunCommand.APPEND)
    bypass.run(None)
    (message,) = [m for m in caplog.messages if "dropped" in m]
    assert "until t = 2 ms" in message
    assert "ManagedConnection(ChipModel" in message


def test_bypass_overrides_a_configuration(caplog):
    caplog.set_level("INFO")
    pynn.setup(enable_neuron_bypass=True, initial_config=pynn.lola.Chip())
    assert "overrides" in caplog.text
    assert pynn.simulator.state.initial_config is pynn.lola.Chip.default_neuron_bypass


def test_counters_of_the_crossbar_see_the_events(bypass):
    config = bypass.hal.CrossbarOutputConfig()
    for output in bypass.halco.iter_all(bypass.halco.CrossbarOutputOnDLS):
        config.enable_event_counter[output] = True
    outputs = set(bypass.halco.iter_all(bypass.halco.CrossbarOutputOnDLS))
    bypass.setup(
        enable_neuron_bypass=True,
        injected_config=bypass.InjectedConfiguration(
            pre_realtime={bypass.halco.CrossbarOutputConfigOnDLS(): config}
        ),
        injected_readout=bypass.InjectedReadout(
            pre_realtime=set(outputs), post_realtime=set(outputs)
        ),
    )
    pop, stimulus = neurons(2), source(*np.arange(30) * 5e-3, size=2)
    connect(bypass, stimulus, pop, 63, bypass.OneToOneConnector())
    for _ in range(2):
        bypass.run(0.2)
        before, after = bypass.get_pre_realtime_read(), bypass.get_post_realtime_read()
        counts = [int(after[o].value) - int(before[o].value) for o in sorted(outputs)]
        # to the drivers once for each source, off the chip once for each neuron
        assert sum(counts[:8]) == 60
        assert sum(counts[8:]) == 60
        bypass.reset()


def test_counters_that_are_off_count_nothing(bypass):
    outputs = set(bypass.halco.iter_all(bypass.halco.CrossbarOutputOnDLS))
    bypass.setup(
        enable_neuron_bypass=True,
        injected_readout=bypass.InjectedReadout(post_realtime=outputs),
    )
    pop, stimulus = neurons(), source(*np.arange(30) * 5e-3)
    connect(bypass, stimulus, pop, 63)
    bypass.run(0.2)
    assert {int(c.value) for c in bypass.get_post_realtime_read().values()} == {0}


def test_weights_change_at_given_times_while_the_experiment_runs(bypass):
    builder = bypass.sta.AbsoluteTimePlaybackProgramBuilder()
    config = bypass.InjectedConfiguration(inside_realtime=builder)
    bypass.setup(enable_neuron_bypass=True, injected_config=config)
    pop, stimulus = neurons(4), source(*np.arange(40) * 5e-3 + 1e-3)
    projection = connect(bypass, stimulus, pop, 0)
    pop.record("spikes")
    bypass.run(None, bypass.RunCommand.PREPARE)
    for k in range(4):
        row = bypass.lola.SynapseWeightRow()
        for cell, (placed,) in enumerate(projection.placed_connections):
            row.values[placed.synapse_on_row] = 63 if cell == k else 0
        time = bypass.hal.Timer.Value(k * 50 * int(bypass.hal.Timer.Value.fpga_clock_cycles_per_us))
        builder.write(time, placed.synapse_row.toSynapseWeightRowOnDLS(), row)
    assert len({int(p.synapse_row) for (p,) in projection.placed_connections}) == 1
    bypass.run(0.2)
    for k, spikes in enumerate(trains(pop)):
        assert len(spikes) == 10
        assert ((spikes >= 0.05 * k) & (spikes < 0.05 * (k + 1))).all()


# --- Poisson sources ---


def test_poisson_spikes_are_drawn_once_and_by_numpys_seed(face):
    def experiment():
        np.random.seed(7)  # noqa: NPY002
        face.setup()
        pop = face.Population(3, face.cells.SpikeSourcePoisson(start=0.1, rate=1e6, duration=0.5))
        pop.record("spikes")
        found = []
        for _ in range(2):
            face.run(1.0)
            found.append([t.tolist() for t in trains(pop)])
            face.reset()
        pop[1:2].set(rate=5e5)
        face.run(1.0)
        found.append([t.tolist() for t in trains(pop)])
        return found

    first, again, changed = experiment()
    assert first == again == experiment()[0]
    assert [a == b for a, b in zip(first, changed, strict=True)] == [True, False, True]
    for times in first:
        # 500 expected, five standard deviations
        assert abs(len(times) - 500) < 112
        assert 0.1 <= min(times) < max(times) < 0.6


@pytest.mark.parametrize("missing", ["start", "rate", "duration"])
def test_poisson_sources_need_all_parameters(face, missing):
    given = {"start": 0, "rate": 1e5, "duration": 1} | {}
    del given[missing]
    with pytest.raises(TypeError, match=missing):
        face.cells.SpikeSourcePoisson(**given)


def test_generators_of_the_chip_drive_neurons_and_are_recorded(bypass):
    generators = bypass.Population(4, bypass.cells.SpikeSourcePoissonOnChip(rate=2e4, seed=5))
    pop = neurons(4)
    connect(bypass, generators, pop, 63, bypass.OneToOneConnector())
    generators.record("spikes")
    pop.record("spikes")
    bypass.run(5.0)
    sent, seen = trains(generators), trains(pop)
    for events, spikes in zip(sent, seen, strict=True):
        # 100 expected, five standard deviations
        assert abs(len(events) - 100) < 50
        # those closer than a time step are one
        assert len(events) - 2 <= len(spikes) <= len(events)
    assert sent[0].tolist() != sent[1].tolist()


@pytest.mark.parametrize(
    ("size", "parameters", "error", "message"),
    [
        (2, {"rate": [1e4, 2e4], "seed": 1}, AssertionError, "rate differs"),
        (2, {"rate": 1e4, "seed": [1, 2]}, AssertionError, "seed differs"),
        (256, {"rate": 1e6, "seed": 1}, RuntimeError, "2.56e\\+08 Hz in all"),
        (1, {"rate": 1e4, "seed": -1}, errors.InvalidParameterValueError, "seed"),
    ],
)
def test_generators_that_cannot_be(face, size, parameters, error, message):
    with pytest.raises(error, match=message):
        face.Population(size, face.cells.SpikeSourcePoissonOnChip(**parameters))


@pytest.mark.parametrize(
    ("label", "error"), [(None, ValueError), ([1, 1], ValueError), ([1, 2], NotImplementedError)]
)
def test_other_devices_are_refused(label, error):
    with pytest.raises(error, match="OffChipSource"):
        pynn.cells.OffChipSource(label=label)


@pytest.mark.parametrize(
    "times", [[[0.01], [0.02, 0.03]], [np.array([0.01]), np.array([0.02, 0.03])]]
)
def test_spike_times_of_single_cells(face, times):
    pop = face.Population(2, face.cells.SpikeSourceArray(spike_times=times))
    pop.record("spikes")
    face.run(0.1)
    assert [t.tolist() for t in trains(pop)] == [[0.01], [0.02, 0.03]]


def test_old_style_parameters(face):
    with pytest.warns(DeprecationWarning):
        pop = face.Population(1, face.cells.SpikeSourceArray, {"spike_times": [0.01]})
    assert (
        pop.get("spike_times")
        == face.cells.SpikeSourceArray([0.01]).parameter_space["spike_times"].base_value
    )


# --- networks larger than the chip ---


def test_a_network_that_does_not_fit_is_executed_in_parts(bypass):
    # all at once, which would be too much for links between chips
    hidden, output = neurons(600), neurons(600)
    stimulus = source(*np.arange(20) * 40e-3 + 1e-3)
    connect(bypass, stimulus, hidden, 63)
    connect(bypass, hidden, output, 63, bypass.OneToOneConnector())
    hidden.record("spikes")
    output.record("spikes")
    bypass.run(1.0)
    assert len(bypass.get_execution_instance_data().configs) == 3
    for population in (hidden, output):
        assert [len(t) for t in trains(population)] == [20] * 600


def test_parts_are_executed_on_the_same_chip():
    pynn.setup()
    pop = neurons(513, leak_v_leak=700, leak_i_bias=500)
    pop[[0, 512]].record("v")
    pynn.run(0.05)
    signals = pop.get_data().segments[-1].irregularlysampledsignals
    assert signals[0].magnitude.mean() == pytest.approx(signals[1].magnitude.mean(), abs=1.5)


def test_parts_that_depend_on_one_another_are_refused(bypass):
    pop = neurons(520)
    connect(bypass, pop[0:1], pop[519:520], 63)
    connect(bypass, pop[519:520], pop[0:1], 63)
    with pytest.raises(RuntimeError, match="depend on one another"):
        bypass.run(0.01)
