"""Events that wait for links and are dropped, against exact formulas and queueing theory."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_chips import chips, circuits_of_kind, join_circuits, random_synapses, random_ways

from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.engine import Engine
from pynn_bss2sim._core.link_plan import (
    LinkPlan,
    checked_link_plan,
    latest_arrival,
    longest_wait,
    make_link_plan,
    shortest_notice,
)
from pynn_bss2sim._core.links import (
    LINKS_PER_CHIP,
    LinkKind,
    Links,
    Traffic,
    Ways,
    chip_links,
    link_index,
)
from pynn_bss2sim._core.packed_hops import packed_hops
from pynn_bss2sim._core.plan import Kind, make_plan, make_routes
from pynn_bss2sim._core.records import CurrentInputs, InputEvents, Probe, SynapseTable, Variable
from pynn_bss2sim._core.reference import ReferenceEngine

N_STEPS = 150
ENGINES = (Engine, ReferenceEngine)
COUNTERS = ("events", "delayed", "dropped", "waited", "longest")


def silent_neurons(n=1):
    rng = np.random.default_rng(0)
    return join_circuits([circuits_of_kind(Kind.CUBA_LIF, n, rng, i_offset=0.0, v_thresh=1e6)])


def one_link(n_inputs, step, interval, buffer, delay=1, slack=None):
    """Inputs that drive line 0 of one neuron with 1 nA each, all through one link."""
    table = SynapseTable.from_pairs(
        1, 1 + n_inputs, 1 + np.arange(n_inputs), [0] * n_inputs, [0] * n_inputs,
        [1.0] * n_inputs, [delay] * n_inputs,
    )  # fmt: skip
    hops = np.arange(n_inputs)
    ways = Ways(
        Links(("link",), [interval], [buffer]), step, hops * 0, hops * 0,
        np.full(n_inputs, step if slack is None else slack), hops * 0 - 1, hops + 1, hops, hops + 1,
    )  # fmt: skip
    return table, ways


def traffic(activity):
    return {name: getattr(activity.traffic, name).tolist() for name in COUNTERS}


def arrivals(table, ways, events, timestep, n_steps, engine=Engine):
    """How many events arrive in each step, and the activity."""
    circuits = join_circuits(
        [circuits_of_kind(Kind.CUBA_LIF, 1, np.random.default_rng(0), i_offset=0.0, v_thresh=1e6,
                          tau_syn=1e-3 * timestep)]
    )  # fmt: skip
    probe = Probe(Variable.LINE0, [0])
    emulator = Emulator(circuits, table, timestep, [probe], engine=engine, ways=ways)
    activity = emulator.run(n_steps, events)
    return np.rint(activity.samples[0][:, 0]).astype(int), activity


@given(chips(N_STEPS), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_engine_and_twin_agree_exactly_and_a_run_may_be_split(chip, seed):
    circuits, synapses, probes, events, _, mask, timestep = chip
    ways = random_ways(synapses, timestep, np.random.default_rng(seed))
    twin = Emulator(circuits, synapses, timestep, probes, mask, ReferenceEngine, ways=ways)
    wanted = twin.run(N_STEPS, events)
    for cuts in ((0, N_STEPS), (0, 1, 60, 60, 97, N_STEPS)):
        emulator = Emulator(circuits, synapses, timestep, probes, mask, ways=ways)
        parts = []
        for start, stop in zip(cuts[:-1], cuts[1:], strict=True):
            now = (events.step >= start) & (events.step < stop)
            parts.append(
                emulator.run(stop - start, InputEvents(events.step[now], events.source[now]))
            )
        for name in ("spike_step", "spike_neuron"):
            got = np.concatenate([getattr(part, name) for part in parts])
            np.testing.assert_array_equal(got, getattr(wanted, name))
        for k, samples in enumerate(wanted.samples):
            np.testing.assert_array_equal(np.concatenate([p.samples[k] for p in parts]), samples)
        total = parts[0].traffic
        for part in parts[1:]:
            total = total + part.traffic
        for name in COUNTERS:
            np.testing.assert_array_equal(getattr(total, name), getattr(wanted.traffic, name))
        for name, value in vars(emulator.state).items():
            np.testing.assert_array_equal(value, getattr(twin.state, name), err_msg=name)
        np.testing.assert_array_equal(
            emulator.settled_state.under_way, twin.settled_state.under_way
        )


@given(
    st.integers(1, 50), st.integers(0, 400), st.integers(1, 50), st.integers(0, 8),
    st.lists(st.integers(0, 300), min_size=1),
)  # fmt: skip
def test_no_event_arrives_with_shorter_notice(step, at, slack, more, waits):
    slack = min(slack, step)
    delay = at // step + 2 + more
    nothing = np.empty(0, np.int64)
    zero = np.zeros(1, np.int64)
    plan = LinkPlan(
        step, zero, zero, zero, nothing, np.zeros(2, np.int64), nothing, zero, zero + at,
        zero + slack, zero, zero + 1, np.array([0, 1]), np.array([delay]),
    )  # fmt: skip
    notices = []
    for wait in (*waits, 0, slack - 1, slack):
        late = 1 + (wait - slack) // step if wait >= slack else 0
        notices.append(delay + late - (at + wait) // step)
    assert min(notices) == shortest_notice(plan) >= 1


def test_the_random_ways_delay_and_drop():
    """The test above would prove little on idle links."""
    rng = np.random.default_rng(3)
    circuits = join_circuits([circuits_of_kind(k, 8, rng) for k in Kind])
    synapses = random_synapses(circuits, 0, 200, 10, rng)
    found = Emulator(circuits, synapses, 0.1, ways=random_ways(synapses, 0.1, rng)).run(3000)
    assert found.traffic.delayed.sum() > 100
    assert found.traffic.dropped.sum() > 100


@given(chips(N_STEPS), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_links_that_are_never_taken_change_no_bit(chip, seed):
    circuits, synapses, probes, events, currents, mask, timestep = chip
    # sums of such amplitudes are exact in any order: a difference can only be one of routing
    coarse = np.rint(synapses.amplitude * 2**12) / 2**12
    synapses = replace(synapses, amplitude=coarse)
    ways = random_ways(synapses, timestep, np.random.default_rng(seed))
    fast = Links(ways.links.name, np.ones(len(ways.links)), np.full(len(ways.links), 10**6))
    ways = replace(ways, links=fast, slack=np.full(len(ways), ways.step))
    without = Emulator(circuits, synapses, timestep, probes, mask)
    wanted = without.run(N_STEPS, events, currents)
    for engine in ENGINES:
        emulator = Emulator(circuits, synapses, timestep, probes, mask, engine, ways=ways)
        found = emulator.run(N_STEPS, events, currents)
        np.testing.assert_array_equal(found.spike_step, wanted.spike_step)
        np.testing.assert_array_equal(found.spike_neuron, wanted.spike_neuron)
        for a, b in zip(found.samples, wanted.samples, strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(
            emulator.settled_state.under_way[:2], without.state.under_way[:2]
        )


@pytest.mark.parametrize("engine", ENGINES)
def test_two_events_of_one_step_do_not_shift_it(engine):
    table, ways = one_link(2, 100_000, 8000, 16, slack=50_000)
    found, activity = arrivals(table, ways, InputEvents([3, 3], [0, 1]), 0.1, 10, engine)
    assert found.tolist() == [0, 0, 0, 2, 0, 0, 0, 0, 0, 0]
    assert traffic(activity) == {
        "events": [2], "delayed": [1], "dropped": [0], "waited": [8000], "longest": [8000]
    }  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_64_events_of_one_step_spread_over_several_small_ones(engine):
    # 8 ns each: at a step of 20 ns those that wait less than 10 ns are in time, then 2.5 a step
    table, ways = one_link(64, 20_000, 8000, 64, slack=10_000)
    found, activity = arrivals(table, ways, InputEvents([0] * 64, range(64)), 0.02, 40, engine)
    steps = 1 + (8000 * np.arange(64) + 10_000) // 20_000
    np.testing.assert_array_equal(found, np.bincount(steps - 1, minlength=40))
    assert traffic(activity)["longest"] == [63 * 8000]
    assert activity.traffic.mean_wait[0] == pytest.approx(63 * 0.008 / 2)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("burst", "buffer"), [(5, 4), (6, 4), (40, 16), (1, 0), (2, 0)])
def test_a_burst_loses_what_the_buffer_does_not_hold(engine, burst, buffer):
    table, ways = one_link(burst, 1000, 8000, buffer)
    found, activity = arrivals(
        table, ways, InputEvents([7] * burst, range(burst)), 0.001, 400, engine
    )
    lost = max(0, burst - 1 - buffer)
    assert traffic(activity)["dropped"] == [lost]
    assert found.sum() == burst - lost
    assert traffic(activity)["waited"] == [8000 * sum(range(burst - lost))]


def test_what_a_link_can_carry_within_a_step_is_not_lost():
    # 125 events of 8 ns in a step of 1 us, though the buffer holds 16
    for burst, lost in ((125, 0), (126, 1)):
        table, ways = one_link(burst, 10**6, 8000, 16)
        _, activity = arrivals(table, ways, InputEvents([0] * burst, range(burst)), 1.0, 3)
        assert traffic(activity)["dropped"] == [lost]


def test_an_event_waits_for_one_that_comes_by_a_longer_way_only_if_that_is_there_first():
    """Links serve in the order of arrival, not in the order in which sources spiked."""
    table = SynapseTable.from_pairs(1, 3, [1, 2], [0, 0], [0, 0], [1.0, 4.0], [9, 2])
    links = Links(("link",), [250_000], [16])
    ways = Ways(links, 100_000, [0, 0], [600_000, 0], [100_000] * 2, [-1] * 2, [1, 2], [0, 1],
                [1, 2])  # fmt: skip
    found, activity = arrivals(table, ways, InputEvents([0, 4], [0, 1]), 0.1, 12)
    # the second source takes the link from 0.4 to 0.65 us, the first comes at 0.6 us
    assert found.tolist() == [0, 0, 0, 0, 0, 4, 0, 0, 1, 0, 0, 0]
    assert traffic(activity)["waited"] == [50_000]


def test_mean_wait_of_random_arrivals_is_that_of_theory():
    """Poisson arrivals at a link with fixed service: rho s / (2 (1 - rho)) on any grid of steps.

    The band is 4.5 standard errors of 40 independent runs.
    """
    step, service, n_steps = 1000, 8000, 20_000
    table, ways = one_link(1, step, service, 10_000)
    for rho in (0.3, 0.7):
        waits, use = [], []
        for seed in range(40):
            counts = np.random.default_rng(seed).poisson(rho * step / service, n_steps)
            steps = np.repeat(np.arange(n_steps), counts)
            emulator = Emulator(silent_neurons(), table, step * 1e-6, ways=ways)
            found = emulator.run(n_steps, InputEvents(steps, steps * 0)).traffic
            waits.append(found.mean_wait[0])
            use.append(found.utilisation[0])
        theory = rho * service * 1e-6 / (2 * (1 - rho))
        for values, wanted in ((waits, theory), (use, rho)):
            error = np.std(values, ddof=1) / len(values) ** 0.5
            assert abs(np.mean(values) - wanted) < 4.5 * error
            assert error < 0.03 * wanted


def test_reset_empties_the_links():
    table, ways = one_link(40, 1000, 8000, 64)
    emulator = Emulator(silent_neurons(), table, 0.001, ways=ways)
    events = InputEvents([0] * 40, range(40))
    one = emulator.run(100, events)
    assert len(emulator.state.events) == 0 and emulator.state.link_busy[0] == 40 * 8000 - 100_000
    emulator.reset()
    assert traffic(emulator.run(100, events)) == traffic(one)


def chain(n_steps_between=3):
    """One input over two links; the second is reached some steps later."""
    table = SynapseTable.from_pairs(1, 2, [1], [0], [0], [1.0], [n_steps_between + 2])
    ways = Ways(
        Links(("near", "far"), [8000, 8000], [16, 16]), 100_000, [0, 1],
        [0, n_steps_between * 100_000], [50_000] * 2, [-1, 0], [1, 1], [0, 0], [0, 1],
    )  # fmt: skip
    return table, ways


@pytest.mark.parametrize("engine", ENGINES)
def test_other_links_let_events_on_their_way_arrive(engine):
    table, ways = chain()
    emulator = Emulator(silent_neurons(), table, 0.1, [Probe(Variable.LINE0, [0])],
                        engine=engine, ways=ways)  # fmt: skip
    emulator.run(2, InputEvents([0], [0]))
    assert emulator.state.events.tolist() == [[100_000, 1, 2]]
    before = emulator.state
    assert emulator.settled_state.under_way[3, 0, 0] == 1.0
    for name, value in vars(before).items():
        np.testing.assert_array_equal(getattr(emulator.state, name), value)
    emulator.reconfigure(synapses=table, ways=replace(ways, links=chip_links(1)))
    assert len(emulator.state.link_busy) == LINKS_PER_CHIP
    samples = emulator.run(10).samples[0][:, 0]
    assert np.flatnonzero(samples)[0] + 3 == 5


def test_a_reconfiguration_with_the_same_links_keeps_the_queues():
    rng = np.random.default_rng(6)
    circuits = join_circuits([circuits_of_kind(k, 6, rng) for k in Kind])
    synapses = random_synapses(circuits, 0, 150, 30, rng)
    ways = random_ways(synapses, 0.1, rng)
    whole = Emulator(circuits, synapses, 0.1, ways=ways)
    wanted = whole.run(600)
    emulator = Emulator(circuits, synapses, 0.1, ways=ways)
    first = emulator.run(300)
    emulator.reconfigure(circuits, synapses, [], ways=ways)
    second = emulator.run(300)
    np.testing.assert_array_equal(
        np.concatenate([first.spike_step, second.spike_step]), wanted.spike_step
    )
    assert (first.traffic + second.traffic).to_dict() == wanted.traffic.to_dict()


def test_ways_must_fit():
    table, ways = chain()
    for change, message in (
        ({"step": 1000}, "time step of 1000 ps"),
        ({"source": [1, 2]}, "sources outside"),
        ({"end": [0, 2]}, "lead out of the 1 synapses"),
        ({"at": [0, 500_000]}, "before it passes its last link"),
        ({"at": [100_000, 0]}, "must not descend"),
        ({"link": [0, 2]}, "Ways.link: must lie in"),
    ):
        with pytest.raises(ValueError, match=message):
            Emulator(silent_neurons(), table, 0.1, ways=replace(ways, **change))
    with pytest.raises(ValueError, match="must come behind"):
        replace(ways, parent=[1, -1])
    with pytest.raises(ValueError, match="clock of the links"):
        Emulator(silent_neurons(), table, 0.1, ways=ways).run(2**50)


def parts():
    rng = np.random.default_rng(11)
    circuits = join_circuits([circuits_of_kind(k, 2, rng) for k in Kind])
    synapses = random_synapses(circuits, 3, 30, 9, rng)
    return make_plan(circuits, 0.1), make_routes(synapses, 2, random_ways(synapses, 0.1, rng))


GARBAGE = st.one_of(
    st.none(),
    st.integers(-(2**70), 2**70),
    st.lists(st.integers(-(2**40), 2**63), max_size=12),
    st.sampled_from([np.zeros(0), np.zeros(9), np.full(30, -1), np.full(30, 2**62), "a",
                     np.zeros((2, 3)), np.full((4, 3), 2**58), np.full(30, 1), object()]),
)  # fmt: skip
REFUSALS = (ValueError, TypeError, OverflowError, AttributeError, IndexError)


def attempt(action):
    try:
        with np.errstate(all="ignore"):
            action()
    except REFUSALS as error:
        assert str(error)


@given(st.sampled_from([f.name for f in fields(LinkPlan)]), st.data())
@settings(max_examples=150, deadline=None)
def test_garbage_in_a_link_plan(name, data):
    plan, routes = parts()
    value = np.array(getattr(routes.links, name))
    if value.ndim and value.size and data.draw(st.booleans()):
        value[data.draw(st.integers(0, value.size - 1))] = data.draw(st.integers(-2, 2**31 - 1))
    else:
        value = data.draw(GARBAGE)

    def run():
        engine = Engine(plan, replace(routes, links=replace(routes.links, **{name: value})))
        engine.run(60, InputEvents([1, 2, 2], [0, 1, 2]), CurrentInputs.none())
        engine.import_state(engine.export_state())
        engine.settle()

    attempt(run)


@given(st.sampled_from(["link_busy", "events", "step"]), st.data())
@settings(max_examples=150, deadline=None)
def test_garbage_in_the_state_of_the_links(name, data):
    plan, routes = parts()
    engine = Engine(plan, routes)
    engine.run(40, InputEvents([38, 39], [0, 1]), CurrentInputs.none())
    state = engine.export_state()
    if name == "events" and len(state["events"]) and data.draw(st.booleans()):
        place = data.draw(st.integers(0, state["events"].size - 1))
        state["events"].ravel()[place] = data.draw(st.integers(-2, 2**62))
    else:
        state[name] = data.draw(GARBAGE)

    def run():
        engine.import_state(state)
        engine.run(40, InputEvents.none(), CurrentInputs.none())
        engine.settle()

    attempt(run)


@pytest.mark.parametrize("name", ["root", "child"])
def test_a_hop_that_two_lead_to_is_refused(name):
    plan, routes = parts()
    hops = np.array(getattr(routes.links, name))
    hops[0] = hops[1]
    with pytest.raises(ValueError, match="each hop must follow one other or one source"):
        Engine(plan, replace(routes, links=replace(routes.links, **{name: hops})))


def test_synapses_that_32_bits_do_not_count_are_refused():
    _, routes = parts()
    n_sources = len(routes.indptr) - 1
    with pytest.raises(ValueError, match="2147483648 synapses are more"):
        checked_link_plan(routes.links, n_sources, 2**31, routes.depth)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_packed_hops_are_those_of_the_plan(seed):
    rng = np.random.default_rng(seed)
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, 4, rng)])
    synapses = random_synapses(circuits, 2, 40, 9, rng)
    plan = make_link_plan(random_ways(synapses, 0.1, rng), synapses.n_sources, synapses.delay)
    hops, numbers, roots, place = packed_hops(plan)
    assert numbers[place].tolist() == list(range(len(plan.link)))
    end = 0
    for source, (first, last) in enumerate(roots.tolist()):
        assert first == end  # behind all of the source before
        own = plan.root[plan.root_indptr[source] : plan.root_indptr[source + 1]]
        assert numbers[first:last].tolist() == own.tolist()
        np.testing.assert_array_equal(hops["after"][first:last], plan.at[own])
        known, end = first, last
        while known < end:
            hop, number = hops[known], numbers[known]
            follow = plan.child[plan.child_indptr[number] : plan.child_indptr[number + 1]]
            after = slice(hop["first_next"], hop["first_next"] + hop["n_next"])
            assert numbers[after].tolist() == follow.tolist()
            later = plan.at[follow] - plan.at[number]
            np.testing.assert_array_equal(hops["after"][after], later)
            assert hop["at_once"] == (not later.any())
            known, end = known + 1, max(end, int(after.stop))
    assert end == len(hops)
    np.testing.assert_array_equal(hops["link"][place], plan.link)
    np.testing.assert_array_equal(hops["due"][place], plan.at + plan.slack)


def test_bounds_of_waiting():
    table, ways = chain()
    plan = make_link_plan(ways, 2, table.delay)
    wait = longest_wait(plan)
    assert wait.tolist() == [16 * 8000, 2 * 16 * 8000]
    assert latest_arrival(plan, wait) == 5 + 1 + (2 * 16 * 8000 - 50_000) // 100_000


def test_links_of_two_chips():
    links = chip_links(2)
    assert len(links) == 2 * LINKS_PER_CHIP == 56
    assert len(set(links.name)) == len(links)
    index = link_index(LinkKind.BUS, np.array([1]), 5)
    assert links.name[index[0]] == "chip 1: bus 5 to the synapses"
    assert links.interval[index[0]] == 8000
    to_chip = int(link_index(LinkKind.TO_CHIP, 0))
    assert links.interval[to_chip] == 2667  # three events in each message of 8 ns


def test_traffic_in_words():
    links = Links(("bus", "idle", "output"), [8000] * 3, [4] * 3)
    counts = [[100, 0, 500], [9, 0, 8], [1, 0, 0], [80_000, 0, 8], [9000, 0, 2]]
    some = Traffic(links, 10.0, counts)
    both = some + some
    assert both.time == 20.0 and both.events.tolist() == [200, 0, 1000]
    assert both.longest.tolist() == [9000, 0, 2]
    assert both.busiest().tolist() == [0, 2]  # losses first
    assert some.utilisation[2] == pytest.approx(0.4)
    assert "bus: 100 events, 9 delayed, 1 dropped; longest wait 0.009 us, 7.92 % used" in str(some)
    assert [row["link"] for row in some.to_dict()["links"]] == ["bus", "output"]
    with pytest.raises(ValueError, match="different links"):
        some + Traffic(Links(("other",), [1], [1]), 1.0, [[0]] * 5)
    fewer = Traffic(Links(("bus",), [8000], [4]), 1.0, [[5]] * 5)
    assert (fewer + some).events.tolist() == (some + fewer).events.tolist() == [105, 0, 500]
