"""Short-term plasticity: both engines give the same bits and follow the equations."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_chips import circuits_of_kind, join_circuits, random_synapses

from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.engine import Engine, available_instruction_sets
from pynn_bss2sim._core.plan import Kind
from pynn_bss2sim._core.plasticity import ShortTerm, checked_releases, make_releases
from pynn_bss2sim._core.records import InputEvents, Probe, SynapseTable, Variable
from pynn_bss2sim._core.reference import ReferenceEngine

H = 0.1
N_STEPS = 300
ENGINES = [partial(Engine, instruction_set=name) for name in available_instruction_sets()]


def random_short_term(synapses, share, rng):
    """Short-term plasticity of some synapses, with few different parameters."""
    some = rng.permutation(len(synapses))[: int(share * len(synapses))]
    n = len(some)
    return ShortTerm(
        some,
        rng.choice([0.1, 0.6, 1.0], n),
        rng.choice([0.5, 20.0, 200.0], n),
        rng.choice([0.0, 50.0], n),
        rng.choice([0.5, 0.5 + 1e-9, 5.0], n),
        rng.choice([0.0, 0.4], n),
    )


@st.composite
def networks(draw):
    """(circuits, synapses, short term, events) of a random network with inputs."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, draw(st.integers(1, 9)), rng)])
    synapses = random_synapses(circuits, 3, draw(st.integers(0, 80)), 20, rng)
    table = random_short_term(synapses, draw(st.sampled_from([0.0, 0.5, 1.0])), rng)
    events = InputEvents(np.sort(rng.integers(0, N_STEPS, 40)), rng.integers(0, 3, 40))
    return circuits, synapses, table, events


def emulator_of(network, engine=Engine):
    circuits, synapses, table, _ = network
    probes = [Probe(Variable.LINE0, np.arange(len(circuits)))]
    return Emulator(circuits, synapses, H, probes, engine=engine, short_term=table)


def assert_same_state(one, other):
    for name, value in vars(one).items():
        np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)


@given(networks())
@settings(max_examples=40, deadline=None)
def test_twin_and_all_instruction_sets_agree_exactly(network):
    twin = emulator_of(network, ReferenceEngine)
    wanted = twin.run(N_STEPS, network[-1])
    for engine in ENGINES:
        emulator = emulator_of(network, engine)
        got = emulator.run(N_STEPS, network[-1])
        np.testing.assert_array_equal(got.samples[0], wanted.samples[0])
        np.testing.assert_array_equal(got.spike_step, wanted.spike_step)
        assert_same_state(emulator.state, twin.state)


@given(networks(), st.integers(1, N_STEPS - 1))
@settings(max_examples=30, deadline=None)
def test_a_run_may_be_split_and_rebuilt_anywhere(network, cut):
    whole = emulator_of(network)
    wanted = whole.run(N_STEPS, network[-1]).samples[0]
    events, parts = network[-1], emulator_of(network)
    now = events.step < cut
    first = parts.run(cut, InputEvents(events.step[now], events.source[now]))
    parts.reconfigure(synapses=network[1], short_term=network[2])
    second = parts.run(N_STEPS - cut, InputEvents(events.step[~now], events.source[~now]))
    np.testing.assert_array_equal(np.concatenate([first.samples[0], second.samples[0]]), wanted)
    assert_same_state(parts.state, whole.state)


def one_synapse(steps, use=0.4, rec=30.0, facil=60.0, psc=4.0, u=0.0, n=1):
    """What `n` like synapses of 1 nA add to their lines at events of one source at `steps`."""
    rng = np.random.default_rng(0)
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, n, rng, i_offset=0.0, tau_syn=1e9)])
    synapses = SynapseTable.from_pairs(n, n + 1, [n] * n, range(n), [0] * n, [1.0] * n, [1] * n)
    table = ShortTerm(range(n), *([value] * n for value in (use, rec, facil, psc, u)))
    probe = Probe(Variable.LINE0, np.arange(n))
    emulator = Emulator(
        replace(circuits, v_thresh=np.full(n, 1e9)), synapses, H, [probe], short_term=table
    )
    lines = emulator.run(max(steps) + 2, InputEvents(steps, [0] * len(steps))).samples[0]
    return np.diff(lines, axis=0, prepend=0.0)[steps]


def integrated(steps, use, rec, facil, psc, u, fine=2000):
    """The releases, by small Euler steps of the three equations."""
    x, y, now, released = 1.0, 0.0, 0, []
    for step in steps:
        dt = H / fine
        for _ in range((step - now) * fine):
            z = 1.0 - x - y
            x, y, u = x + dt * z / rec, y - dt * y / psc, (u - dt * u / facil if facil else 0.0)
        u += use * (1.0 - u)
        released.append(u * x)
        x, y, now = x - u * x, y + u * x, step
    return np.array(released)


@pytest.mark.parametrize(
    "change",
    [{}, {"facil": 0.0}, {"psc": 30.0}, {"u": 0.7}, {"use": 1.0}, {"rec": 1.0}],
    ids=str,
)
def test_releases_follow_the_equations(change):
    values = {"use": 0.4, "rec": 30.0, "facil": 60.0, "psc": 4.0, "u": 0.0, **change}
    steps = [20, 25, 40, 41, 90]
    wanted = integrated(steps, **values)
    np.testing.assert_allclose(one_synapse(steps, **values)[:, 0], wanted, rtol=2e-4)


def test_without_use_of_the_past_a_synapse_is_static():
    releases = one_synapse([10, 3000, 6000], use=0.25, rec=0.1, facil=0.0, psc=0.1)
    np.testing.assert_allclose(releases[:, 0], 0.25, rtol=1e-9)  # the line forgets slowly


def test_two_events_in_one_step_share_what_is_there():
    twice = one_synapse([10, 10], use=0.5, facil=0.0)[0, 0]
    assert twice == pytest.approx(0.5 + 0.25, rel=1e-9)


def test_like_synapses_are_one_group_and_unlike_ones_are_not():
    synapses = SynapseTable.from_pairs(4, 5, [4] * 4, range(4), [0] * 4, [0.1] * 4, [1, 2, 3, 4])
    table = ShortTerm([3, 2, 1, 0], [0.5, 0.5, 0.5, 0.1], *[[5.0] * 4] * 3, [0.0] * 4)
    state, age = table.initial_state(), np.zeros(4, np.int64)
    assert len(make_releases(table, synapses, H, state, age)) == 2
    assert len(make_releases(table, synapses, H, state, np.array([0, 1, 0, 0]))) == 3
    state[1, 0] = 0.5
    assert len(make_releases(table, synapses, H, state, age)) == 3


def test_reset_and_growth():
    network = (
        join_circuits([circuits_of_kind(Kind.CUBA_LIF, 2, np.random.default_rng(0), i_offset=0.0)]),
        SynapseTable.from_pairs(2, 3, [2], [0], [0], [0.1], [1]),
        ShortTerm([0], [0.5], [1e3], [0.0], [1.0], [0.0]),
        InputEvents([3], [0]),
    )
    emulator = emulator_of(network)
    first = emulator.run(50, network[-1]).samples[0]
    emulator.reset()
    np.testing.assert_array_equal(emulator.run(50, network[-1]).samples[0], first)
    left = emulator.state.release[1, 0]
    # a new synapse stands in the table before the one that there was
    grown = SynapseTable.from_pairs(2, 3, [1, 2], [0, 0], [0, 0], [0.2, 0.1], [1, 1])
    emulator.reconfigure(
        synapses=grown, short_term=ShortTerm([1, 0], *[[v] * 2 for v in (0.5, 1e3, 0.0, 1.0, 0.0)])
    )
    np.testing.assert_array_equal(emulator.state.release[1], [left, 1.0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"synapse": [2]}, "ShortTerm.synapse: must lie in"),
        ({"synapse": [-1]}, "ShortTerm.synapse: must lie in"),
        ({"use": [1.5]}, "use: 1.5 at 0"),
        ({"use": [np.nan]}, "use: nan"),
        ({"tau_rec": [0.0]}, "tau_rec: 0.0"),
        ({"tau_psc": [np.inf]}, "tau_psc: inf"),
        ({"tau_facil": [-1.0]}, "tau_facil: -1.0"),
        ({"u_initial": [-0.1]}, "u_initial: -0.1"),
        ({"use": [0.5, 0.5]}, "ShortTerm.use: shape"),
        (dict.fromkeys(("synapse", "use", "tau_rec", "tau_facil", "tau_psc", "u_initial"),
                       [1, 1]), "a synapse occurs twice"),
    ],
)  # fmt: skip
def test_impossible_values_are_refused(change, message):
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, 1, np.random.default_rng(0))])
    synapses = SynapseTable.from_pairs(1, 1, [0, 0], [0, 0], [0, 0], [0.1, 0.1], [1, 1])
    values = {"synapse": [0], "use": [0.5], "tau_rec": [5.0], "tau_facil": [0.0],
              "tau_psc": [1.0], "u_initial": [0.0], **change}  # fmt: skip
    with pytest.raises(ValueError, match=message):
        Emulator(circuits, synapses, H, short_term=ShortTerm(**values))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("indptr", [0, 1, 2]),
        ("member_indptr", [0, 3]),
        ("member", [0, 2]),
        ("member", [-1, 0]),
        ("group", [0, 1]),
        ("group", [0]),
        ("use", [0.5, 0.5]),
        ("amplitude", [0.5]),
    ],
)
def test_plans_that_lead_outside_are_refused(field, value):
    synapses = SynapseTable.from_pairs(1, 1, [0, 0], [0, 0], [0, 0], [0.1, 0.1], [1, 1])
    table = ShortTerm([0, 1], *[[0.5] * 2] * 5)
    plan = make_releases(table, synapses, H, table.initial_state(), np.zeros(2, np.int64))
    checked_releases(plan, 1, 2)
    with pytest.raises(ValueError, match="releases"):
        checked_releases(replace(plan, **{field: np.asarray(value)}), 1, 2)


def test_states_that_do_not_fit_are_refused():
    network = (
        join_circuits([circuits_of_kind(Kind.CUBA_LIF, 1, np.random.default_rng(0))]),
        SynapseTable.from_pairs(1, 1, [0], [0], [0], [0.1], [1]),
        ShortTerm([0], *[[0.5]] * 5),
    )
    emulator = Emulator(*network[:2], H, short_term=network[2])
    before = emulator.state
    for change in ({"release": np.zeros((3, 2))}, {"release_age": np.array([-1])},
                   {"release_age": np.array([0, 0])}):  # fmt: skip
        with pytest.raises(ValueError, match="state.release"):
            emulator._engine.import_state(vars(replace(before, **change)))
    assert_same_state(emulator.state, before)
