"""Spike-timing dependent plasticity: both engines give the same bits and follow the rules."""

from dataclasses import fields, replace
from functools import partial

import numpy as np
import pytest
from all_pairs import RULE, all_pairs
from hypothesis import given, settings
from hypothesis import strategies as st
from random_chips import circuits_of_kind, join_circuits, random_synapses

from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.engine import Engine, available_instruction_sets
from pynn_bss2sim._core.pair_plan import checked_pair_plan, make_pair_plan
from pynn_bss2sim._core.plan import Kind
from pynn_bss2sim._core.plasticity import ShortTerm
from pynn_bss2sim._core.records import InputEvents, Probe, SynapseTable, Variable
from pynn_bss2sim._core.reference import ReferenceEngine
from pynn_bss2sim._core.reference_spike_pairs import power
from pynn_bss2sim._core.spike_pairs import PairState, SpikePairs, epoch_length, without

H = 0.1
N_STEPS = 300
ENGINES = [partial(Engine, instruction_set=name) for name in available_instruction_sets()]


def random_pairs(synapses, some, rng):
    """Plasticity of the synapses `some`: few different time constants, delays and rules."""
    n = len(some)
    delay = synapses.delay[some]
    return SpikePairs(
        synapse=some,
        axonal=np.where(rng.random(n) < 0.5, delay * rng.choice([0, 1], n), rng.integers(0, delay)),
        tau_pre=rng.choice([1.0, 20.0], n),
        tau_post=rng.choice([2.0, 20.0], n),
        up=rng.choice([0.0, 0.05], n),
        up_power=rng.choice([0.0, 0.3, 1.0], n),
        down=rng.choice([-0.04, 0.02], n),
        down_power=rng.choice([0.0, 0.5, 1.0, 2.5], n),
        constant=rng.choice([0.0, -0.01], n),
        w_from=np.full(n, -0.3),
        w_to=rng.choice([0.6, 0.7], n),
    )


@st.composite
def networks(draw):
    """(circuits, synapses, short term, pairs, events) of a random network with inputs."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, draw(st.integers(1, 9)), rng)])
    n_synapses = draw(st.integers(4, 120))
    synapses = random_synapses(circuits, 3, n_synapses, draw(st.sampled_from([1, 3, 40])), rng)
    kinds = rng.choice(3, n_synapses, p=draw(st.sampled_from([(0, 0, 1), (0.3, 0.2, 0.5)])))
    released = rng.permutation(np.flatnonzero(kinds == 1))
    n = len(released)
    table = ShortTerm(released, *([0.5 * np.ones(n), 30.0 * np.ones(n)]), *[np.ones(n)] * 3)
    pairs = random_pairs(synapses, rng.permutation(np.flatnonzero(kinds == 2)), rng)
    events = InputEvents(np.sort(rng.integers(0, N_STEPS, 60)), rng.integers(0, 3, 60))
    return circuits, synapses, table, pairs, events


def emulator_of(network, engine=Engine):
    circuits, synapses, table, pairs, _ = network
    probes = [Probe(v, np.arange(len(circuits))) for v in (Variable.LINE0, Variable.LINE1)]
    return Emulator(circuits, synapses, H, probes, engine=engine, short_term=table, pairs=pairs)


def assert_same_state(one, other):
    for name, value in vars(one).items():
        if name != "pairs":
            np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)
    assert (one.pairs is None) == (other.pairs is None)
    if one.pairs is not None:
        for f in fields(one.pairs):
            a, b = getattr(one.pairs, f.name), getattr(other.pairs, f.name)
            np.testing.assert_array_equal(a, b, err_msg=f.name)


@given(networks())
@settings(max_examples=40, deadline=None)
def test_twin_and_all_instruction_sets_agree_exactly(network):
    twin = emulator_of(network, ReferenceEngine)
    wanted = twin.run(N_STEPS, network[-1])
    for engine in ENGINES:
        emulator = emulator_of(network, engine)
        got = emulator.run(N_STEPS, network[-1])
        for a, b in zip(got.samples, wanted.samples, strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(got.spike_step, wanted.spike_step)
        assert_same_state(emulator.state, twin.state)


def test_rows_and_columns_that_are_longer_than_a_group():
    rng = np.random.default_rng(8)
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, 2, rng)])
    synapses = random_synapses(circuits, 2, 2500, 3, rng)
    assert np.diff(synapses.indptr).max() > 512
    pairs = random_pairs(synapses, np.arange(2500), rng)
    events = InputEvents(np.arange(0, 100, 5), np.arange(20) % 2)
    emulators = [
        emulator_of((circuits, synapses, None, pairs, events), e) for e in (Engine, ReferenceEngine)
    ]
    for emulator in emulators:
        assert len(emulator.run(120, events).spike_step) > 10
    assert_same_state(*(emulator.state for emulator in emulators))


@given(networks(), st.integers(1, N_STEPS - 1))
@settings(max_examples=30, deadline=None)
def test_a_run_may_be_split_and_rebuilt_anywhere(network, cut):
    whole = emulator_of(network)
    wanted = whole.run(N_STEPS, network[-1]).samples[0]
    events, parts = network[-1], emulator_of(network)
    now = events.step < cut
    first = parts.run(cut, InputEvents(events.step[now], events.source[now]))
    parts.reconfigure(synapses=network[1], short_term=network[2], pairs=network[3])
    second = parts.run(N_STEPS - cut, InputEvents(events.step[~now], events.source[~now]))
    np.testing.assert_array_equal(np.concatenate([first.samples[0], second.samples[0]]), wanted)
    assert_same_state(parts.state, whole.state)


def one_synapse(pre, post, delay, axonal, weight=0.5, **rule):
    """The weight after events of the source and spikes of the target at these steps, and what
    arrived at the target: (weight, {step: amplitude})."""
    circuits = join_circuits(
        [circuits_of_kind(Kind.CUBA_LIF, 2, np.random.default_rng(0), i_offset=0.0, tau_syn=1e9,
                          c_m=1.0, g_leak=0.01, e_leak=0.0, v_reset=0.0, refractory_steps=0,
                          v_thresh=[1e9, 1e5])]
    )  # fmt: skip
    # the target is neuron 1: a charge from input 1 lifts it over its threshold in the next step
    table = SynapseTable.from_pairs(
        2, 4, [2, 3, 3], [1, 1, 1], [0, 1, 1], [weight, 1e10, -1e10], [delay, 1, 2]
    )
    pairs = SpikePairs([0], [axonal], **{name: [v] for name, v in {**RULE, **rule}.items()})
    emulator = Emulator(circuits, table, H, [Probe(Variable.LINE0, [1])], pairs=pairs)
    # a spike is registered two steps after the input's event
    events = sorted([(s, 0) for s in pre] + [(s - 2, 1) for s in post])
    steps, sources = (np.array(column) for column in zip(*events, strict=True))
    activity = emulator.run(max(*pre, *post) + delay + 5, InputEvents(steps, sources))
    spikes = activity.spike_step[activity.spike_neuron == 1]
    assert spikes.tolist() == sorted(post)
    arrived = np.diff(activity.samples[0][:, 0], prepend=0.0)
    at = np.flatnonzero(np.abs(arrived) > 1e-6)
    return emulator.weights[0], dict(zip((at + 1).tolist(), arrived[at], strict=True))


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"up_power": 1.0, "down_power": 1.0},
        {"down_power": 1.0},
        {"up_power": 0.4, "down_power": 0.7},
        {"down": 0.1, "constant": -0.03},
        {"w_from": 0.0, "w_to": -1.0, "up": -0.1, "down": 0.08, "weight": -0.4},
        {"up": 0.6, "down": -0.6},
    ],
    ids=str,
)
@pytest.mark.parametrize(("delay", "axonal"), [(1, 0), (20, 0), (20, 20), (20, 8), (1, 1)])
def test_weights_follow_the_textbook(rule, delay, axonal):
    pre, post = [10, 60, 61, 90, 200, 210], [30, 58, 70, 95, 180, 205, 230]
    weight, arrived = one_synapse(pre, post, delay, axonal, **rule)
    wanted, wanted_arrived = all_pairs(pre, post, delay, axonal, **rule)
    assert weight == pytest.approx(wanted, rel=1e-9)
    expected = {step: w for step, w in wanted_arrived.items() if abs(w) > 1e-6}
    assert arrived.keys() == expected.keys()
    for step, w in expected.items():
        assert arrived[step] == pytest.approx(w, abs=1e-5)


@pytest.mark.parametrize(("delay", "axonal"), [(6, 0), (6, 6), (6, 3)])
def test_spikes_seen_in_the_same_step_are_no_pair(delay, axonal):
    post = 50 + 2 * axonal - delay
    assert one_synapse([50], [post], delay, axonal)[0] == 0.5
    assert one_synapse([50], [post + 1], delay, axonal)[0] > 0.5
    assert one_synapse([50], [post - 1], delay, axonal)[0] < 0.5


@pytest.mark.parametrize(("tau", "gap"), [(1000.0, 20_000), (0.7, 15), (0.02, 1), (1e-4, 1)])
def test_traces_decay_on_where_epochs_end(tau, gap):
    # the presynaptic spike just before the end of an epoch, of one step where tau is very short
    pre = 1 + int(epoch_length(np.float64(H / min(tau, 1.0))))
    weight, _ = one_synapse([pre], [pre + gap - 1], 1, 0, tau_pre=tau)
    assert weight == pytest.approx(0.5 + 0.1 * np.exp(-gap * H / tau), rel=1e-9)


def test_epochs_end_before_traces_leave_the_range_of_numbers():
    rate = H / np.logspace(-6, 9, 400)
    epoch = epoch_length(rate)
    assert ((epoch * rate <= 300.0) | (epoch == 1)).all()
    assert ((epoch * rate > 150.0) | (epoch == 1) | (epoch == 2**40)).all()


def test_a_new_time_constant_leaves_traces_as_they_are():
    circuits, synapses, pairs = small()
    emulator = Emulator(circuits, synapses, H, pairs=pairs)
    emulator.run(1000, InputEvents([100, 990], [0, 0]))
    slower = replace(pairs, tau_pre=2.0 * pairs.tau_pre, tau_post=pairs.tau_post / 3.0)
    emulator.reconfigure(pairs=slower)
    emulator.reconfigure(pairs=pairs)
    wanted = 1.0 + np.exp(-890 * H / 20.0)
    # of the external input, whose events the synapse sees a step later, in the first epoch
    got = emulator.state.pairs.pre[1] * np.exp(-991 * H / 20.0)
    assert got == pytest.approx(wanted, rel=1e-12)


def test_power_is_accurate():
    x = np.concatenate([np.logspace(-12, 0, 400), np.linspace(0.0, 2.0, 401)])
    for exponent in (0.0, 0.1, 0.5, 1.0, 3.7, 10.0):
        np.testing.assert_allclose(power(x, np.float64(exponent)), x**exponent, rtol=1e-12)


def test_reset_restores_weights_and_new_synapses_come_behind():
    rng = np.random.default_rng(3)
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, 4, rng)])
    synapses = random_synapses(circuits, 2, 30, 9, rng)
    pairs = random_pairs(synapses, np.arange(0, 30, 3), rng)
    events = InputEvents(np.arange(0, 200, 5), np.arange(40) % 2)
    network = circuits, synapses, None, pairs, events
    emulator = emulator_of(network)
    first = emulator.run(250, events)
    learned = emulator.weights
    assert (learned != synapses.amplitude[pairs.synapse]).sum() > 3
    more = SpikePairs(**{
        f.name: np.append(getattr(pairs, f.name), getattr(pairs, f.name)[0]) for f in fields(pairs)
        if f.name not in ("synapse", "axonal")
    }, synapse=np.append(pairs.synapse, 1), axonal=np.append(pairs.axonal, 0))  # fmt: skip
    emulator.reconfigure(pairs=more)
    np.testing.assert_array_equal(emulator.weights, [*learned, synapses.amplitude[1]])
    emulator.set_weights([0, 2], [0.25, 0.5])
    assert emulator.weights[[0, 2]].tolist() == [0.25, 0.5]
    emulator.reconfigure(pairs=pairs)
    emulator.reset()
    np.testing.assert_array_equal(emulator.weights, synapses.amplitude[pairs.synapse])
    np.testing.assert_array_equal(emulator.run(250, events).samples[0], first.samples[0])


def small():
    """(circuits, synapses, pairs) of one neuron and two plastic synapses."""
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, 1, np.random.default_rng(0))])
    synapses = SynapseTable.from_pairs(1, 2, [0, 1], [0, 0], [0, 0], [0.1, 0.1], [1, 3])
    return circuits, synapses, SpikePairs([0, 1], [0, 1], **{k: [v] * 2 for k, v in RULE.items()})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"synapse": [0, 2]}, "SpikePairs.synapse: must lie in"),
        ({"synapse": [1, 1]}, "a synapse occurs twice"),
        ({"axonal": [2, 0]}, "longer than the delay"),
        ({"axonal": [-1, 0]}, "axonal: -1 at 0"),
        ({"tau_pre": [0.0, 1.0]}, "tau_pre: 0.0 at 0"),
        ({"up": [0.0, np.nan]}, "up: nan at 1"),
        ({"down_power": [-1.0, 0.0]}, "down_power: -1.0"),
        ({"w_to": [0.0, 1.0]}, "w_to: 0.0 at 0"),
        ({"w_from": [0.0]}, "w_from: shape"),
    ],
)
def test_impossible_values_are_refused(change, message):
    circuits, synapses, pairs = small()
    with pytest.raises(ValueError, match=message):
        Emulator(circuits, synapses, H, pairs=replace(pairs, **change))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order", [0, 2]), ("pre", [0, 2]), ("post", [0, -1]), ("rule", [1, 0]), ("column", [0, 2]),
        ("place", [0, 2]), ("dendritic", [1, 99]), ("pre_rate", [0, 5]), ("post_rate", [-1, 0]),
        ("row_indptr", [0, 0, 2]), ("row_start", [0, 1, 3]), ("column_indptr", [0, 2, 3]),
        ("column_start", [0, 2, 2]), ("rule_pre_rate", [9]), ("rule_post_rate", [-1]),
        ("pre_delay", [-1, 0]), ("post_delay", [1, 99]), ("pre_indptr", [[0, 1, 3], [1, 1, 2]]),
        ("post_indptr", [[0, 1]]), ("up", [0.1, 0.1]), ("rate", [0.0, 1.0]),
    ],
)  # fmt: skip
def test_plans_that_lead_outside_are_refused(field, value):
    _, synapses, pairs = small()
    plan = make_pair_plan(pairs, synapses, H, PairState.at_start(pairs, synapses, H))
    checked_pair_plan(plan, 2, 1, 4)
    with pytest.raises(ValueError, match="pairs"):
        checked_pair_plan(replace(plan, **{field: np.asarray(value)}), 2, 1, 4)


@pytest.mark.parametrize(
    "change",
    [
        {"weight": np.zeros(3)}, {"pre_rate": np.array([1.0, 2.0])}, {"fresh": np.zeros(1, bool)},
        {"seen": np.array([[3, 0]])}, {"seen": np.array([[0, 1], [0, 2]])},
        {"seen": np.array([[0, 1], [0, 1]])},
    ],
)  # fmt: skip
def test_states_that_do_not_fit_are_refused(change):
    circuits, synapses, pairs = small()
    emulator = Emulator(circuits, synapses, H, pairs=pairs)
    before = emulator.state
    with pytest.raises(ValueError, match=r"state\.pairs"):
        emulator._engine.import_state(vars(replace(before, pairs=replace(before.pairs, **change))))
    assert_same_state(emulator.state, before)


def test_a_table_without_some_synapses():
    _, synapses, _ = small()
    rest, place = without(synapses, np.array([0]))
    assert (rest.indptr.tolist(), rest.delay.tolist(), place.tolist()) == ([0, 0, 1], [3], [0, 0])
