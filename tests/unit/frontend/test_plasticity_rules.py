"""Plasticity rules: when kernels run, what they see, change and record."""

import math
import signal
import threading
import time

import numpy as np
import pytest
from pyNN import errors

import pynn_bss2sim as sim
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim.mapping.connectivity import read_back
from pynn_bss2sim.mapping.errors import PlasticityError

LATENCY = 0.4  #: of events of the host, ms


def timer(period=10.0, start=0.0, n=1000):
    return sim.Timer(start=start, period=period, num_periods=n)


def rule(kernel, observables=None, **timing):
    return sim.PlasticityRule(timer(**timing), observables, kernel)


def network(a_rule, n_pre=3, n_post=2, times=(), w_max=0.02, weight=0.0, **chip_fields):
    """Sources of which number k fires at ``times[k]``, plastic synapses from all to all."""
    sim.setup(timestep=0.1, chip=sim.ChipModel.quantized(**chip_fields))
    given = [list(times[k]) if k < len(times) else [] for k in range(n_pre)]
    pre = sim.Population(n_pre, sim.SpikeSourceArray(spike_times=given), label="in")
    post = sim.Population(n_post, sim.IF_curr_exp(cm=0.2, tau_m=10.0, tau_refrac=2.0), label="out")
    synapse = sim.PlasticSynapse(weight=weight, w_max=w_max, plasticity_rule=a_rule)
    projection = sim.Projection(pre, post, sim.AllToAllConnector(), synapse, label="plastic")
    return pre, post, projection


def nothing(synapses, neurons, recording):
    pass


# --- when ------------------------------------------------------------------------------------


def times_of(a_rule):
    return [sample.time for sample in a_rule.get_observable_array("x")[0]]


@pytest.mark.parametrize("pieces", [[100.0], [0.1, 29.9, 30.0, 40.0], [5.0] * 20])
def test_kernels_run_at_the_times_of_the_timer(pieces):
    a_rule = rule(nothing, {"x": sim.ObservableArray("uint8", 1)}, start=5.0, period=25.0, n=3)
    network(a_rule)
    for piece in pieces:
        sim.run(piece)
    assert times_of(a_rule) == [5.0, 30.0, 55.0]


def test_a_run_ends_before_what_is_due_at_its_end():
    a_rule = rule(nothing, {"x": sim.ObservableArray("uint8", 1)}, period=10.0)
    network(a_rule)
    sim.run(20.0)
    assert times_of(a_rule) == [0.0, 10.0]
    sim.run(0.1)
    assert times_of(a_rule) == [0.0, 10.0, 20.0]


def test_two_rules_have_their_own_timers_and_projections():
    counts = {"a": [], "b": []}

    def kernel(name):
        def note(synapses, neurons, recording):
            counts[name].append(([h.label for h in synapses], [h.label for h in neurons]))

        return note

    a, b = rule(kernel("a"), period=10.0), rule(kernel("b"), period=25.0)
    pre, post, _ = network(a)
    b.add_neurons(post)
    sim.Projection(
        pre, post, sim.OneToOneConnector(),
        sim.PlasticSynapse(weight=0.01, plasticity_rule=b), label="other",
    )  # fmt: skip
    sim.run(50.0)
    assert counts["a"] == [(["plastic"], [])] * 5
    assert counts["b"] == [(["other"], ["out"])] * 2


# --- weights ---------------------------------------------------------------------------------


def test_weights_take_effect_when_they_are_written():
    def kernel(synapses, neurons, recording):
        for handle in synapses:
            handle.weights = 63

    a_rule = rule(kernel, start=50.0, n=1)
    _, post, projection = network(a_rule, times=[range(5, 100, 2)] * 3, w_max=0.1)
    post.record("spikes")
    sim.run(100.0)
    for train in post.get_data().segments[0].spiketrains:
        assert len(train) > 3
        assert float(train[0]) > 50.0
    np.testing.assert_allclose(projection.get("weight", "array"), 0.1, rtol=0.05)


def test_what_runs_is_what_the_registers_say():
    """Weights written by a kernel give the table of registers that held them from the start."""
    rng = np.random.default_rng(0)

    def kernel(synapses, neurons, recording):
        for handle in synapses:
            handle.weights = rng.integers(0, 64, handle.connection.shape)

    _, _, projection = network(rule(kernel), n_pre=20, n_post=12)
    sim.run(25.0)
    runs, mapping = sim.state.rule_runs, sim.state.mapping
    runs._configure()
    table = read_back(
        mapping.chip, runs.configs, mapping.routing.fpga, mapping.placement,
        mapping.network.n_sources, 0.1, mapping.lifted,
    ).synapses  # fmt: skip
    ours = runs.synapses
    nonzero = ours.amplitude != 0
    assert np.array_equal(ours.amplitude[nonzero], table.amplitude)
    assert np.array_equal(ours.target[nonzero], table.target)
    weight = projection.get("weight", "array")
    gain = mapping.scaling.line_gain(ours.target)
    source = np.repeat(np.arange(ours.n_sources), np.diff(ours.indptr))
    np.testing.assert_allclose(ours.amplitude / gain, weight[source - 12, ours.target])


def test_weights_of_other_projections_stay():
    def kernel(synapses, neurons, recording):
        for handle in synapses:
            handle.weights = 0

    pre, post, projection = network(rule(kernel), weight=0.01)
    other = sim.Projection(
        pre, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.02), label="static"
    )
    before = other.get("weight", "array")
    sim.run(1.0)
    assert (projection.get("weight", "array") == 0).all()
    assert np.array_equal(other.get("weight", "array"), before)
    assert not (sim.state.rule_runs.synapses.amplitude == 0).all()


def test_weights_of_time_0_come_back_with_reset_and_others_are_kept():
    def kernel(synapses, neurons, recording):
        for handle in synapses:
            handle.weights = 50

    pre, post, projection = network(rule(kernel, start=5.0), weight=0.01)
    first = projection.get("weight", "array")
    sim.run(10.0)
    changed = projection.get("weight", "array")
    assert (changed > first).all()
    post.set(v_thresh=-52.0)  # the network is mapped anew
    np.testing.assert_allclose(projection.get("weight", "array"), changed, rtol=1e-9)
    sim.reset()
    np.testing.assert_allclose(projection.get("weight", "array"), first, rtol=1e-9)
    sim.run(4.0)
    np.testing.assert_allclose(projection.get("weight", "array"), first, rtol=1e-9)
    sim.run(4.0)
    np.testing.assert_allclose(projection.get("weight", "array"), changed, rtol=1e-9)


def test_after_a_reset_rules_begin_with_the_registers_that_were_mapped():
    def kernel(synapses, neurons, recording):
        for handle in synapses:
            handle.weights = 50

    _, post, projection = network(rule(kernel, start=5.0), weight=0.01)
    sim.run(4.0)
    first = projection.get("weight", "array")
    mapping, registers = sim.state.mapping, sim.state.rule_runs.configs
    for _ in range(2):
        sim.run(6.0)
        assert (projection.get("weight", "array") > first).all()
        sim.reset()
        sim.run(4.0)
        assert sim.state.mapping is mapping  # nothing has to be mapped anew
        np.testing.assert_array_equal(projection.get("weight", "array"), first)
        np.testing.assert_array_equal(
            sim.state.rule_runs.configs[0].synapse_weight, registers[0].synapse_weight
        )
    sim.run(6.0)
    post.set(v_thresh=-52.0)  # mapped for the weights that the rule has made
    sim.run(1.0)
    mapping = sim.state.mapping
    sim.reset()
    sim.run(4.0)
    assert sim.state.mapping is not mapping
    np.testing.assert_allclose(projection.get("weight", "array"), first, rtol=1e-9)


def test_weights_that_the_user_sets_between_runs_count():
    pre, post, projection = network(rule(nothing), weight=0.01)
    sim.run(10.0)
    projection.set(weight=0.005)
    sim.run(10.0)
    np.testing.assert_allclose(projection.get("weight", "array"), 0.005, rtol=0.05)


# --- sensors and counters --------------------------------------------------------------------


@pytest.mark.parametrize("apart", [-3.0, -1.0, 1.0, 2.0, 4.0])
def test_correlation_of_one_pair_many_times(apart):
    """Causal where the event comes `apart` ms before the spike, acausal where after it."""
    n, seen = 100, {}

    def kernel(synapses, neurons, recording):
        seen["causal"], seen["acausal"] = (
            np.stack([h.causal for h in synapses]), np.stack([h.acausal for h in synapses])
        )  # fmt: skip
        seen["connected"] = np.stack([h.connected for h in synapses])
        for handle in synapses:
            handle.reset_correlations()

    first = 20.0 + 50.0 * np.arange(n)
    a_rule = rule(kernel, start=20.0 + 50.0 * n, period=5.0, n=2)
    sim.setup(timestep=0.1, chip="quantized")
    driver = sim.Population(20, sim.SpikeSourceArray(spike_times=list(first)), label="driver")
    cell = sim.IF_curr_exp(cm=0.2, tau_m=10.0, tau_refrac=30.0, tau_syn_E=5.0)
    post = sim.Population(1, cell, label="out")
    sim.Projection(driver, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.2))
    post.record("spikes")
    sim.run(60.0)
    # how long after the driver the neuron fires
    lag = float(post.get_data().segments[0].spiketrains[0][0]) - 20.0
    sim.reset()
    pre = sim.Population(
        1, sim.SpikeSourceArray(spike_times=list(np.round(first + lag - apart - LATENCY, 6)))
    )
    synapse = sim.PlasticSynapse(weight=0.0, w_max=0.4, plasticity_rule=a_rule)
    sim.Projection(pre, post, sim.AllToAllConnector(), synapse)
    sim.run(20.0 + 50.0 * n + 1.0)
    # the next pair is 50 ms away, ten time constants
    fallen = n * chip.SENSOR_AMPLITUDE * math.exp(-abs(apart) / chip.SENSOR_TAU)
    expected = {"causal": fallen * (apart > 0), "acausal": fallen * (apart < 0)}
    assert seen["connected"].all()
    for name, value in expected.items():
        assert abs(chip.SENSOR_BASELINE - float(seen[name].item()) - value) < 1.0
    sim.run(10.0)
    assert seen["causal"].item() == seen["acausal"].item() == chip.SENSOR_BASELINE


def test_counters_count_and_saturate():
    seen = []

    def kernel(synapses, neurons, recording):
        seen.append(neurons[0].counters(reset=len(seen) == 1).tolist())
        assert neurons[0].get_rate_counters(reset=False).shape == (256,)
        assert neurons[0].get_rate_counter(1) == 0

    a_rule = rule(kernel, period=100.0)
    _, post, _ = network(a_rule)
    a_rule.add_neurons(post)
    post[:1].set(i_offset=0.9)
    post.record("spikes")
    sim.run(2001.0)
    train = np.array(post.get_data().segments[0].spiketrains[0])
    until = [int((train <= 100.0 * k).sum()) for k in range(21)]
    expected = [0, *(until[1:2]), *(min(255, n - until[1]) for n in until[2:])]
    assert seen == [[n, 0] for n in expected]
    assert expected[1] > 10 and expected[-1] == 255


def test_membranes_are_read_and_thresholds_written():
    seen = []

    def kernel(synapses, neurons, recording):
        seen.append(neurons[0].membranes)
        codes = neurons[0].get_analog("V_THRESHOLD")
        assert neurons[0].get_analog_readouts()[int(neurons[0].columns[0])] == seen[-1][0]
        neurons[0].set_analog("V_THRESHOLD", np.where(recording.time > 90, 1000, codes))

    a_rule = rule(kernel, period=50.0)
    _, post, _ = network(a_rule)
    a_rule.add_neurons(post)
    post.set(i_offset=0.5)
    post.record("spikes")
    sim.run(200.0)
    for train in post.get_data().segments[0].spiketrains:
        assert len(train) > 5
        assert float(train[-1]) < 101.0
    # with a threshold out of reach the membrane rests higher than while it spiked
    assert (seen[3] > seen[1]).all()


def test_structural_plasticity_changes_who_is_heard():
    """All synapses of a row are made to listen to the label of another source of that row."""
    found = {}

    def kernel(synapses, neurons, recording):
        handle = synapses[0]
        heard = handle.presynaptic
        own = heard[np.arange(len(handle.rows))[:, None], handle.labels]
        n_neurons = sim.state.mapping.network.n_neurons
        sources = own[handle.connected] - n_neurons
        projection = found["projection"]
        asked = projection.columns.pre[handle.connection[handle.connected]]
        assert np.array_equal(sources, asked)
        row = next(r for r in range(len(handle.rows)) if (heard[r] >= 0).sum() > 1)
        cell = int(np.flatnonzero(handle.connected[row])[0])
        other = next(
            label for label in np.flatnonzero(heard[row] >= 0) if label != handle.labels[row, cell]
        )
        labels = handle.labels
        labels[row, cell] = other
        handle.labels = labels
        found["change"] = (int(heard[row, other]) - n_neurons, int(handle.connection[row, cell]))

    a_rule = rule(kernel, start=10.0, n=1)
    sim.setup(timestep=0.1, chip="quantized")
    pre = sim.Population(40, sim.SpikeSourceArray(spike_times=[]), label="in")
    post = sim.Population(20, sim.IF_curr_exp(cm=0.2), label="out")
    connector = sim.FixedNumberPreConnector(2, rng=sim.NumpyRNG(seed=1))
    synapse = sim.PlasticSynapse(weight=0.01, plasticity_rule=a_rule)
    found["projection"] = projection = sim.Projection(pre, post, connector, synapse)
    sim.run(20.0)
    source, connection = found["change"]
    table = sim.state.rule_runs.synapses
    target = int(projection.columns.post[connection])
    n = len(post)
    heard = table.target[table.indptr[n + source] : table.indptr[n + source + 1]]
    assert target in heard.tolist()
    former = int(projection.columns.pre[connection])
    assert former != source
    left = table.target[table.indptr[n + former] : table.indptr[n + former + 1]]
    assert target not in left.tolist()
    # the sensors hear what the synapses hear
    processors = sim.state.rule_runs._processors
    assert np.array_equal(processors._sensors._line[0], processors._listening())


# --- recording -------------------------------------------------------------------------------


def test_observables_come_back_in_the_order_of_connections_and_cells():
    def kernel(synapses, neurons, recording):
        for k, handle in enumerate(synapses):
            recording.w[k] = handle.weights
        for k, handle in enumerate(neurons):
            recording.n[k] = handle.cells
        recording.a = [1, -2, 3]

    a_rule = rule(
        kernel,
        {
            "w": sim.ObservablePerSynapse("uint8"),
            "n": sim.ObservablePerNeuron("int16"),
            "a": sim.ObservableArray("int8", 3),
        },
    )
    _, post, projection = network(a_rule, n_pre=7, n_post=5)
    a_rule.add_neurons(post)
    weights = np.linspace(0.0, 0.02, 35)
    projection.set(weight=weights)
    sim.run(15.0)
    (samples,) = projection.get_data("w")
    assert [s.time for s in samples] == [0.0, 10.0]
    assert samples[0].data.shape == (35, 1) and samples[0].data.dtype == np.uint8
    held = np.array(projection.get("weight", "list", with_address=False))
    data = samples[0].data[:, 0]
    np.testing.assert_allclose(held / held.max(), data / data.max(), atol=1e-9)
    np.testing.assert_allclose(held, weights, atol=0.02 / 63)
    assert [s.data.tolist() for s in post.get_plasticity_data("n")[0]] == [[0, 1, 2, 3, 4]] * 2
    assert [s.data.tolist() for s in a_rule.get_observable_array("a")[0]] == [[1, -2, 3]] * 2
    sim.reset()
    sim.run(5.0)
    assert [len(s) for s in projection.get_data("w")] == [2, 1]


def test_data_that_is_not_there_is_refused():
    a_rule = rule(nothing, {"w": sim.ObservablePerSynapse(), "a": sim.ObservableArray()})
    _, post, projection = network(a_rule)
    with pytest.raises(RuntimeError, match="out: 'w': it has no plasticity rule"):
        post.get_plasticity_data("w")
    with pytest.raises(RuntimeError, match="no observable 'x'; it has 'w', 'a'"):
        projection.get_data("x")
    with pytest.raises(TypeError, match="'a' is an ObservableArray"):
        projection.get_data("a")
    assert projection.get_data("w") == [[]]


# --- errors ----------------------------------------------------------------------------------


def failing(fault, at=20.0):
    def kernel(synapses, neurons, recording):
        for k, handle in enumerate(synapses):
            recording.w[k] = handle.weights
            handle.weights = 5
        if recording.time >= at:
            fault(synapses[0], recording)

    return rule(kernel, {"w": sim.ObservablePerSynapse("uint8")})


def forever(handle, recording):
    while True:
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (lambda h, r: 1 / 0, ZeroDivisionError, "division"),
        (lambda h, r: setattr(h, "weights", 64), ValueError, "plastic: weight = 64 at"),
        (lambda h, r: setattr(h, "weights", -1), ValueError, "lies outside 0 to 63"),
        (lambda h, r: setattr(h, "weights", [1, 2]), ValueError, r"weight of shape \(2,\)"),
        (lambda h, r: setattr(h, "weights", 0.5), TypeError, "integers are needed"),
        (lambda h, r: setattr(h, "labels", 64), ValueError, "label = 64"),
        (lambda h, r: h.set_weights(np.full(256, 99), 0), ValueError, "weight = 99"),
        (lambda h, r: h.set_weights([1], 0), ValueError, "256"),
        (lambda h, r: r.w.__setitem__(0, 256), ValueError, "uint8 holds 0 to 255"),
        (lambda h, r: r.w.__setitem__(0, [1]), ValueError, r"recording.w\[0\]: shape"),
        (lambda h, r: r.w.__setitem__(0, 0.5), TypeError, "integers are needed"),
        (lambda h, r: setattr(r, "w", 3), AttributeError, "recording.w: write to its parts"),
        (lambda h, r: r.nothing, AttributeError, "observables are w"),
    ],
)
def test_an_error_in_a_kernel_is_the_users_own_and_loses_nothing(fault, error, message):
    a_rule = failing(fault)
    _, post, projection = network(a_rule, weight=0.01)
    post.record("v")
    with pytest.raises(error, match=message) as caught:
        sim.run(50.0)
    assert any("kernel" in note and "t = 20 ms" in note for note in caught.value.__notes__)
    assert sim.get_current_time() == 20.0
    assert [s.time for s in projection.get_data("w")[0]] == [0.0, 10.0]
    assert len(post.get_data().segments[0].analogsignals[0]) == 201
    at_error = projection.get("weight", "array")
    np.testing.assert_allclose(at_error, 5 / 63 * 0.02, rtol=0.05)


def test_what_a_failed_kernel_wrote_is_dropped():
    def kernel(synapses, neurons, recording):
        synapses[0].weights = 63
        raise KeyError("x")

    _, _, projection = network(rule(kernel), weight=0.01)
    before = projection.get("weight", "array")
    with pytest.raises(KeyError):
        sim.run(10.0)
    assert np.array_equal(projection.get("weight", "array"), before)
    sim.run(5.0)  # the run of time 0 is over
    assert sim.get_current_time() == 5.0


def test_a_kernel_that_never_ends_meets_its_limit():
    a_rule = failing(forever)
    a_rule.time_limit = 0.2
    _, _, projection = network(a_rule)
    with pytest.raises(TimeoutError, match=r"limit of 0.2 s"):
        sim.run(50.0)
    assert len(projection.get_data("w")[0]) == 2
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_ctrl_c_reaches_a_kernel_that_never_ends():
    a_rule = failing(forever)
    _, _, projection = network(a_rule)
    press = threading.Timer(1.0, signal.pthread_kill, (threading.get_ident(), signal.SIGINT))
    sim.run(5.0)
    press.start()
    with pytest.raises(KeyboardInterrupt):
        sim.run(50.0)
    assert sim.get_current_time() == 20.0
    assert len(projection.get_data("w")[0]) == 2
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_rule_without_kernel_says_so():
    network(sim.PlasticityRule(timer()))
    with pytest.raises(NotImplementedError, match="write a method kernel"):
        sim.run(1.0)


@pytest.mark.parametrize("fields", [{"routing": "lifted"}, {"delays": "asked"}])
def test_chips_without_registers_of_synapses_are_refused(fields):
    network(rule(nothing), weight=0.01, **fields)
    with pytest.raises(PlasticityError, match="plastic: a plasticity rule changes the registers"):
        sim.prepare()


def test_neurons_alone_need_a_routed_chip_too():
    a_rule = rule(nothing)
    sim.setup(chip="ideal")
    a_rule.add_neurons(sim.Population(2, sim.IF_curr_exp()))
    with pytest.raises(PlasticityError, match="routing='real'"):
        sim.run(1.0)


@pytest.mark.parametrize(
    ("synapse", "message"),
    [
        ({"weight": 0.0}, "not known what the weight codes stand for"),
        ({"weight": 0.02, "w_max": 0.01}, "must be at least as large"),
        ({"weight": 0.0, "w_max": -0.01}, "must not be negative"),
        ({"weight": 0.0, "w_max": math.nan}, "give a finite number"),
    ],
)
def test_impossible_largest_weights_are_refused(synapse, message):
    a_rule = rule(nothing)
    network(a_rule, weight=synapse["weight"], w_max=synapse.get("w_max"))
    with pytest.raises(errors.ConnectionError, match=message):
        sim.prepare()


def test_a_largest_weight_out_of_reach_is_told(caplog):
    network(rule(nothing), w_max=50.0)
    sim.run(1.0)
    assert "plastic: w_max = 50, but a synapse of the chip reaches" in caplog.text


def test_a_rule_too_slow_for_its_period_is_told_once(caplog):
    def kernel(synapses, neurons, recording):
        for handle in synapses:
            handle.causal  # noqa: B018

    slow = rule(kernel, period=1.0)
    network(slow, n_pre=50)
    sim.run(5.0)
    assert caplog.text.count("more than the period of its timer, 1 ms") == 1
    rows = len(sim.state.rule_runs._handles[slow][0][0][0].rows)
    reading = rows * chip.PPU_CADC_CYCLES / chip.PPU_CLOCK
    assert reading < slow.duration < 2 * reading


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": -1.0}, {"period": 0.0}, {"period": math.inf}, {"num_periods": -1},
        {"num_periods": 1.5}, {"start": "now"},
    ],
)  # fmt: skip
def test_impossible_timers_are_refused(wrong):
    with pytest.raises(ValueError, match="Timer"):
        sim.Timer(**{"start": 0.0, "period": 1.0, "num_periods": 1, **wrong})


def test_impossible_rules_are_refused():
    with pytest.raises(TypeError, match="give a Timer"):
        sim.PlasticityRule(10.0)
    with pytest.raises(TypeError, match="observable 'a b'"):
        sim.PlasticityRule(timer(), {"a b": sim.ObservableArray()})
    with pytest.raises(ValueError, match="time_limit"):
        sim.PlasticityRule(timer(), time_limit=0)
    with pytest.raises(TypeError, match="kernel=5; give a function"):
        sim.PlasticityRule(timer(), kernel=5)
    with pytest.raises(ValueError, match="type='float'"):
        sim.ObservablePerNeuron("float")
    with pytest.raises(TypeError, match="give a PlasticityRule"):
        sim.PlasticSynapse(weight=1.0)
