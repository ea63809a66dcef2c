"""Rules with kernels in Python: when they run, what they change and record, what is refused."""

import numpy as np
import pytest

import pynn_bss2sim.brainscales2 as pynn
from pynn_bss2sim.brainscales2.plasticity_rules import ObservableType, PlasticityRule, Timer

from .conftest import FIRING, neurons, source, trains


@pytest.fixture
def bypass():
    pynn.setup(enable_neuron_bypass=True)
    return pynn


def plastic(pre, post, weight, rule, connector=None):
    return pynn.Projection(
        pre, post, connector or pynn.AllToAllConnector(),
        pynn.synapses.PlasticSynapse(weight=weight, plasticity_rule=rule),
    )  # fmt: skip


class Silence(PlasticityRule):
    """Sets all weights to 0."""

    def kernel(self, synapses, neurons, recording):
        for handle in synapses:
            handle.weights = 0


class Columns(PlasticityRule):
    """Lets one neuron after the other through; keeps count in an attribute."""

    runs = 0

    def kernel(self, synapses, neurons, recording):
        (handle,) = synapses
        weights = np.zeros(handle.connection.shape, int)
        weights[:, self.runs % 4] = 63
        handle.weights = weights
        recording.weights[0] = weights
        recording.runs[0] = self.runs
        self.runs += 1


class Homeostasis(PlasticityRule):
    """Drives the rate of each neuron to a target."""

    def kernel(self, synapses, neurons, recording):
        (handle,), (cells,) = synapses, neurons
        counts = cells.counters(reset=True).astype(int)
        recording.counts[0] = counts
        change = np.sign(10 - counts)[np.newaxis]
        handle.weights = np.clip(handle.weights.astype(int) + change, 0, 63)


@pytest.mark.parametrize("missing", ["start", "period", "num_periods"])
def test_timers_need_all_of_their_times(missing):
    times = {"start": 0, "period": 1, "num_periods": 2}
    del times[missing]
    with pytest.raises(KeyError, match=missing):
        Timer(**times)


def test_times_of_a_timer_fall_into_snippets():
    timer = Timer(start=0.1, period=0.1, num_periods=4)
    whole = timer.cycles(0, 125_000)
    assert whole.tolist() == [12_500, 25_000, 37_500, 50_000]
    parts = [timer.cycles(a, a + 20_000) for a in range(0, 80_000, 20_000)]
    assert np.concatenate(parts).tolist() == whole.tolist()
    timer.num_periods = 2
    assert len(timer.cycles(0, 125_000)) == 2


def test_a_rule_switches_synapses_off(bypass):
    pop, stimulus = neurons(2), source(*np.arange(40) * 5e-3 + 1e-3)
    rule = Silence(Timer(start=0.1, period=10, num_periods=1))
    projection = plastic(stimulus, pop, 63, rule)
    pop.record("spikes")
    bypass.run(0.2)
    for spikes in trains(pop):
        assert len(spikes) == 20
        assert spikes.max() < 0.102
    assert rule in bypass.simulator.state.plasticity_rules
    # each execution begins with the weights that the projection has
    assert set(projection.get("weight", format="list", with_address=False)) == {63}
    bypass.reset()
    bypass.run(0.2)
    assert [len(t) for t in trains(pop)] == [20, 20]


def test_rules_keep_their_state_and_record(bypass):
    pop, stimulus = neurons(4), source(*np.arange(80) * 5e-3 + 1e-3)
    rule = Columns(
        Timer(start=0, period=0.05, num_periods=8),
        {
            "weights": PlasticityRule.ObservablePerSynapse(ObservableType.uint8),
            "runs": PlasticityRule.ObservableArray(ObservableType.int16, 2),
        },
    )
    projection = plastic(stimulus, pop, 0, rule)
    pop.record("spikes")
    for _ in range(2):
        bypass.run(0.2, bypass.RunCommand.APPEND)
    bypass.run(None)
    samples = projection.get_data("weights")
    assert [len(snippet) for snippet in samples] == [4, 4]
    times = [s.time for snippet in samples for s in snippet]
    assert times == [6250 * k for k in range(8)]
    for k, sample in enumerate(samples[0] + samples[1]):
        assert [values[0] for values in sample.data] == [63 * (cell == k % 4) for cell in range(4)]
    runs = [s.data[0] for snippet in rule.get_observable_array("runs") for s in snippet]
    assert runs == list(range(8))
    trains_of_cells = pop.get_data().segments[0].spiketrains
    assert [len(t) for t in trains_of_cells] == [10] * 8
    for cell, spikes in enumerate(trains_of_cells[:4]):
        times = spikes.magnitude
        assert ((times >= 0.05 * cell) & (times < 0.05 * (cell + 1))).all()


def test_rates_are_regulated():
    pynn.setup(initial_config=pynn.helper.chip_from_nightly())
    rule = Homeostasis(
        Timer(start=0.5, period=0.5, num_periods=40),
        {"counts": PlasticityRule.ObservablePerNeuron(ObservableType.uint8)},
    )
    pop = pynn.Population(6, pynn.cells.HXNeuron(plasticity_rule=rule))
    noise = pynn.Population(1, pynn.cells.SpikeSourcePoissonOnChip(rate=2e5, seed=3))
    plastic(noise, pop, 0, rule)
    pop.record("spikes")
    pynn.run(20.5)
    (samples,) = pop.get_plasticity_data("counts")
    counts = np.array([[one[0][0] for one in sample.data] for sample in samples])
    assert counts.shape == (40, 6)
    assert (counts[0] == 0).all()
    # the mean of ten counts of 10 +- 3.2, and steps of one weight code
    assert counts[-10:].mean(axis=0) == pytest.approx(10, abs=5)
    # the counters count what is recorded
    seen = [np.histogram(t, np.arange(0, 20.6, 0.5))[0][:40] for t in trains(pop)]
    assert np.abs(np.array(seen).T - counts).max() <= 2


def test_registers_may_be_written_beside_a_rule():
    """A rule sees rows that are written at given times, and may write them itself."""
    timed = pynn.sta.AbsoluteTimePlaybackProgramBuilder()
    pynn.setup(
        enable_neuron_bypass=True,
        injected_config=pynn.InjectedConfiguration(inside_realtime=timed),
    )
    pop, stimulus = neurons(1), source(*np.arange(40) * 5e-3 + 1e-3)

    class Restoring(PlasticityRule):
        def kernel(self, synapses, neurons, recording):
            recording.weights[0] = synapses[0].weights
            if recording.time > 0.14:
                synapses[0].weights = 63

    rule = Restoring(
        Timer(start=0, period=0.05, num_periods=4),
        {"weights": PlasticityRule.ObservablePerSynapse(ObservableType.uint8)},
    )
    projection = plastic(stimulus, pop, 40, rule)
    pop.record("spikes")
    pynn.run(None, pynn.RunCommand.PREPARE)
    ((placed,),) = projection.placed_connections
    row = pynn.lola.SynapseWeightRow()
    per_ms = 1000 * pynn.hal.Timer.Value.fpga_clock_cycles_per_us
    row_coordinate = placed.synapse_row.toSynapseWeightRowOnDLS()
    timed.write(pynn.hal.Timer.Value(int(0.05 * per_ms)), row_coordinate, row)
    pynn.run(0.2)
    (samples,) = projection.get_data("weights")
    # what is written in the cycle of a rule comes before it
    assert [sample.data[0][0] for sample in samples] == [40, 0, 0, 0]
    (spikes,) = trains(pop)
    assert len(spikes) == 20
    assert not ((spikes > 0.0505) & (spikes < 0.15)).any()


def test_large_weights_have_values_for_each_of_their_synapses(bypass):
    pop, stimulus = neurons(2), source(size=2)
    synapse = pynn.synapses.StaticRecordingSynapse(
        Timer(start=0.01, period=0.05, num_periods=2), np.array([[5, 64], [126, 130]]), {"weights"}
    )
    projection = pynn.Projection(stimulus, pop, pynn.AllToAllConnector(), synapse)
    bypass.run(0.1)
    (samples,) = projection.get_data("weights")
    assert [sample.data for sample in samples] == [[[5], [63, 1], [63, 63], [63, 63, 4]]] * 2
    with pytest.raises(RuntimeError, match="of its own"):
        synapse.plasticity_rule = None
    with pytest.raises(ValueError, match="'w' is no observable"):
        synapse.observables = {"w"}


def test_sensors_see_causal_pairs(bypass):
    pop, stimulus = neurons(1), source(*np.arange(20) * 20e-3 + 1e-3)
    synapse = pynn.synapses.StaticRecordingSynapse(
        Timer(start=0.0, period=0.45, num_periods=2), 63,
        {"correlation_causal", "correlation_acausal"},
    )  # fmt: skip
    projection = pynn.Projection(stimulus, pop, pynn.AllToAllConnector(), synapse)
    bypass.run(0.5)
    causal, acausal = (
        [sample.data[0][0] for sample in projection.get_data(f"correlation_{kind}")[0]]
        for kind in ("causal", "acausal")
    )
    # each event makes its neuron spike within a µs: causal, and the reading falls
    assert causal[1] < causal[0] - 4
    assert acausal[0] - acausal[1] < 0.5 * (causal[0] - causal[1])


# --- what is refused ---


class InCpp(PlasticityRule):
    def generate_kernel(self):
        return "void PLASTICITY_RULE_KERNEL(...) {}"


def test_kernels_in_cpp_are_refused_with_the_way_to_port_them(bypass):
    plastic(source(), neurons(), 0, InCpp(Timer(start=0, period=1, num_periods=1)))
    with pytest.raises(NotImplementedError, match=r"kernel\(self, synapses, neurons, recording\)"):
        bypass.run(0.1)


def test_a_rule_without_a_kernel_does_nothing(bypass):
    rule = PlasticityRule(Timer(start=0, period=0.01, num_periods=3))
    rule.changed_since_last_run = True
    plastic(source(), neurons(), 0, rule)
    bypass.run(0.1)


def test_errors_of_kernels_say_where(bypass):
    class Broken(PlasticityRule):
        def kernel(self, synapses, neurons, recording):
            synapses[0].weights = 64

    plastic(source(), neurons(), 0, Broken(Timer(start=0.05, period=1, num_periods=1)))
    with pytest.raises(ValueError, match="weight = 64") as caught:
        bypass.run(0.1)
    assert "kernel of Broken at t = 0.05 ms" in caught.value.__notes__[0]


def test_column_converters_are_busy_beside_a_rule(bypass):
    pop = neurons()
    pop.record("v", device="cadc")
    plastic(source(), pop, 0, Silence(Timer(start=0, period=1, num_periods=1)))
    with pytest.raises(RuntimeError, match="cadc"):
        bypass.run(0.1)


def test_data_that_are_not_there(bypass):
    pop, stimulus = neurons(1, **FIRING), source()
    rule = Columns(
        Timer(start=0, period=1, num_periods=0),
        {
            "weights": PlasticityRule.ObservablePerSynapse(),
            "runs": PlasticityRule.ObservableArray(),
        },
    )
    projection = plastic(stimulus, pop, 0, rule)
    static = pynn.Projection(stimulus, pop, pynn.AllToAllConnector())
    for call, error, message in (
        (lambda: static.get_data("w"), RuntimeError, "no plasticity rule"),
        (lambda: pop.get_plasticity_data("w"), RuntimeError, "no plasticity rule"),
        (lambda: projection.get_data("w"), RuntimeError, "no observable 'w'"),
        (lambda: projection.get_data("runs"), TypeError, "no ObservablePerSynapse"),
        (lambda: rule.get_observable_array("weights"), TypeError, "no ObservableArray"),
        (lambda: projection.get_data("weights"), RuntimeError, "nothing has been executed"),
    ):
        with pytest.raises(error, match=message):
            call()
    bypass.run(0.1)
    assert projection.get_data("weights") == [None]
