"""Short-term plasticity of synapse drivers: registers, equations, the same bits in both engines."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_chips import circuits_of_kind, join_circuits, random_synapses
from test_event_path import AT, LABEL, LATENCY, host, one_synapse, registers

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import RowMode
from pynn_bss2sim._core.connect import connect, connect_by_links
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.driver_dynamics import driver_quadrant
from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.engine import Engine, available_instruction_sets
from pynn_bss2sim._core.hops import Timing
from pynn_bss2sim._core.links import LinkKind, Links, Ways, chip_links, link_index
from pynn_bss2sim._core.plan import Kind
from pynn_bss2sim._core.pulses import Pulses, checked_pulse_plan, make_pulse_plan
from pynn_bss2sim._core.records import InputEvents, Probe, SynapseTable, Variable
from pynn_bss2sim._core.reference import ReferenceEngine

H = 0.1
N_STEPS = 300
N_INPUTS = 3
ENGINES = [partial(Engine, instruction_set=name) for name in available_instruction_sets()]


def random_pulses(synapses, rng):
    """A third of the synapses behind few drivers, some of which several sources share."""
    some = np.sort(rng.permutation(len(synapses))[: len(synapses) // 3])
    k = 5
    return Pulses(
        some,
        rng.integers(0, k, len(some)),
        np.sort(rng.permutation(1000)[:k]),
        rng.choice([0.05, 0.2, 0.8], k),
        rng.choice([2.0, 50.0, np.inf], k),
        rng.choice([-0.2, 0.3, 1.0, 1.1], k),
        rng.choice([0.0, 0.9, 1.2], k),
    )


def random_ways(synapses, rng):
    """All synapses of a source behind one hop over one of two links."""
    n = synapses.n_sources
    links = Links(("a", "b"), [1_000, 200_000], [16, 1])
    return Ways(
        links, round(H * chip.PICOSECONDS), rng.integers(0, 2, n), np.zeros(n, int),
        np.full(n, 50_000), np.full(n, -1), np.arange(n), synapses.indptr[:-1],
        synapses.indptr[1:],
    )  # fmt: skip


@st.composite
def networks(draw):
    """(circuits, synapses, pulses, ways or None, events) of a random network with inputs."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, draw(st.integers(1, 9)), rng)])
    synapses = random_synapses(circuits, N_INPUTS, draw(st.integers(0, 80)), 20, rng)
    events = InputEvents(np.sort(rng.integers(0, N_STEPS, 60)), rng.integers(0, N_INPUTS, 60))
    ways = random_ways(synapses, rng) if draw(st.booleans()) else None
    return circuits, synapses, random_pulses(synapses, rng), ways, events


def emulator_of(network, engine=Engine):
    circuits, synapses, pulses, ways, _ = network
    probes = [Probe(Variable.LINE0, np.arange(len(circuits)))]
    return Emulator(circuits, synapses, H, probes, engine=engine, pulses=pulses, ways=ways)


def assert_same_state(one, other):
    for name, value in vars(one).items():
        np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)


@given(networks())
@settings(max_examples=20, deadline=None)
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
@settings(max_examples=15, deadline=None)
def test_a_run_may_be_split_and_rebuilt_anywhere(network, cut):
    whole = emulator_of(network)
    wanted = whole.run(N_STEPS, network[-1]).samples[0]
    events, parts = network[-1], emulator_of(network)
    now = events.step < cut
    first = parts.run(cut, InputEvents(events.step[now], events.source[now]))
    parts.reconfigure(synapses=network[1], pulses=network[2])
    second = parts.run(N_STEPS - cut, InputEvents(events.step[~now], events.source[~now]))
    np.testing.assert_array_equal(np.concatenate([first.samples[0], second.samples[0]]), wanted)
    assert_same_state(parts.state, whole.state)


@given(networks())
@settings(max_examples=15, deadline=None)
def test_other_synapses_do_not_notice(network):
    """Lines that no plastic synapse feeds are the same bits without any of them."""
    circuits, synapses, pulses, ways, events = network
    circuits = replace(circuits, v_thresh=np.full(len(circuits), 1e9))
    with_them = emulator_of((circuits, synapses, pulses, ways, events))
    without = emulator_of((circuits, synapses, Pulses.none(), ways, events))
    with_them.run(N_STEPS, events)
    without.run(N_STEPS, events)
    fed = synapses.line[pulses.synapse].astype(int) * len(circuits)
    static = np.setdiff1d(np.arange(2 * len(circuits)), fed + synapses.target[pulses.synapse])
    np.testing.assert_array_equal(
        with_them.state.line.ravel()[static], without.state.line.ravel()[static]
    )


def trains(config, times, engine=Engine, device=None):
    """What events of the host at `times`, µs, add to the line: float64 (n,)."""
    device = Device() if device is None else device
    found = connect(
        [config], host((0, 0, 2, LABEL)), np.array([AT]), 2, np.ones((512, 2)), LATENCY,
        drivers=device.driver_dynamics([config]),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, 1, rng, tau_syn=1e9)])
    circuits = replace(circuits, v_thresh=np.array([1e9]))
    probe = Probe(Variable.LINE1, np.array([0]))
    emulator = Emulator(circuits, found.synapses, H, [probe], engine=engine, pulses=found.pulses)
    steps = np.rint(np.asarray(times) / H).astype(int)
    line = emulator.run(int(steps.max()) + 20, InputEvents(steps, np.zeros(len(steps)))).samples[0]
    return np.diff(line[:, 0], prepend=0.0)[steps + LATENCY[1] - 1]


def plastic(utilization=3, recovery=1, speed=8, target=1, **changes):
    """`one_synapse` behind a driver with short-term plasticity."""
    at = (1, 14)
    return one_synapse(
        stp_enable=(at, True),
        stp_recovery_enable=(at, True),
        stp_utilization=(at, utilization),
        stp_recovery=(at, recovery),
        stp_target=(at, target),
        stp_clock_enable=((1,), True),
        stp_clock_speed=((1,), speed),
        **changes,
    )


TIMES = np.array([1.0, 3.0, 5.0, 9.0, 40.0])


def by_hand(charge, recover, use, tau):
    """Pulses at `TIMES`, from codes of voltages."""
    span = chip.STP_V_SHORTEST - chip.STP_V_LONGEST
    volts, last, pulses = float(recover), 0.0, []
    for time in TIMES:
        volts = recover + (volts - recover) * np.exp(-(time - last) / tau)
        volts += use * (charge - volts)
        pulses.append((chip.STP_V_SHORTEST - volts) / span)
        last = time
    return np.array(pulses)


@pytest.mark.parametrize("target", [0, 1])
def test_registers_give_the_pulses_of_the_model(target):
    charge = (chip.STP_V_CHARGE_0, chip.STP_V_CHARGE_1)[target]
    recover = (chip.STP_V_RECOVER_0, chip.STP_V_RECOVER_1)[target]
    tau = 2 ** (16 - 8) / 250 * 32 / 2
    assert curves.recovery_time(1, 8) == pytest.approx(tau)
    wanted = by_hand(charge, recover, 0.2, tau)
    np.testing.assert_allclose(trains(plastic(target=target), TIMES), 17 * wanted, rtol=1e-9)
    assert (np.diff(wanted[:4]) > 0).all() == (target == 0)


def test_states_do_not_recover_without_clock_or_switch():
    wanted = 17 * by_hand(chip.STP_V_CHARGE_1, chip.STP_V_RECOVER_1, 0.2, np.inf)
    for change in ({"stp_clock_enable": ((1,), False)}, {"stp_recovery_enable": ((1, 14), False)}):
        registers = {**plastic().to_dict()}
        for name, (index, value) in change.items():
            registers[name] = registers[name].copy()
            registers[name][index] = value
        config = replace(plastic(), **registers)
        np.testing.assert_allclose(trains(config, TIMES), wanted, rtol=1e-9)


def test_pulses_have_a_largest_and_a_smallest_length():
    strong = plastic(15, 0, 0, 0, stp_v_charge=((2, 0), 0), stp_v_recover=((2, 0), 1022))
    sizes = trains(strong, TIMES)
    assert sizes[0] == pytest.approx(17 * (450 - 0.2 * 1022) / 400, rel=2e-3)
    assert sizes[1:4] == pytest.approx(17.0, rel=1e-8)
    weak = plastic(15, 0, 0, 0, stp_v_charge=((2, 0), 1022), stp_v_recover=((2, 0), 0))
    assert trains(weak, TIMES)[:3].tolist() == [0.0] * 3


def test_the_offset_trims_and_voltages_are_those_of_the_quadrant():
    plain, trimmed = (trains(plastic(**c), TIMES) for c in ({}, {"stp_offset": ((1, 14), 9)}))
    np.testing.assert_allclose(trimmed - plain, 17 * 2 * chip.STP_OFFSET_STEP, rtol=1e-9)
    # driver 14 of the bottom is even: quadrant 2
    others = plastic(stp_v_recover=[((q, 1), 300) for q in (0, 1, 3)])
    assert trains(others, TIMES).tolist() == plain.tolist()
    assert trains(plastic(stp_v_recover=((2, 1), 300)), TIMES)[0] < plain[0]
    assert driver_quadrant()[:, :3].tolist() == [[0, 1, 0], [2, 3, 2]]


def test_addresses_have_states_of_their_own_and_rows_share_them():
    config = plastic(
        synapse_weight=[((1, 29, 9), 17), ((1, 28, 9), 20), ((1, 29, 10), 5)],
        synapse_label=[((1, 29, 9), 5), ((1, 28, 9), 5), ((1, 29, 10), 6)],
        row_mode=[((1, 29), RowMode.INHIBITORY), ((1, 28), RowMode.EXCITATORY)],
    )
    wired = [config], host((0, 0, 2, LABEL), (1, 0, 2, LABEL + 1)), np.array([AT, AT + 1]), 4
    found = connect(*wired, np.ones((512, 2)), LATENCY, drivers=Device().driver_dynamics([config]))
    assert found.pulses.number.tolist() == [(128 + 14) * 64 + 5, (128 + 14) * 64 + 6]
    assert found.pulses.state.tolist() == [0, 0, 1]
    assert found.synapses.amplitude.tolist() == [20.0, 17.0, 5.0]


def test_synapses_of_plastic_and_static_drivers_stay_apart():
    config = plastic(
        driver_enable=[((1, 14), True), ((1, 30), True)],
        driver_mask=((1, 30), 0),
        row_mode=[((1, 29), RowMode.INHIBITORY), ((1, 61), RowMode.INHIBITORY)],
        synapse_weight=[((1, 29, 9), 17), ((1, 61, 9), 20)],
        synapse_label=[((1, 29, 9), 5), ((1, 61, 9), 5)],
    )
    wired = [config], host((0, 0, 2, LABEL)), np.array([AT]), 2, np.ones((512, 2)), LATENCY
    drivers = Device().driver_dynamics([config])
    for found in (
        connect(*wired, drivers=drivers),
        connect_by_links(*wired, Timing.of_latency(H, LATENCY), drivers=drivers),
    ):
        assert found.synapses.amplitude.tolist() == [20.0, 17.0]
        assert found.pulses.synapse.tolist() == [1]
    assert connect(*wired).synapses.amplitude.tolist() == [37.0]


def test_after_reset_no_driver_has_it():
    config = registers()
    assert not Device(seed=3).driver_dynamics([config]).enabled.any()


def test_chips_deviate_and_the_nominal_one_does_not():
    config = registers(stp_enable=((slice(None), slice(None)), True))
    nominal, real = (Device(seed=seed).driver_dynamics([config] * 2) for seed in (None, 3))
    assert len(nominal.use) == 2 * 256
    assert set(nominal.use.tolist()) == {chip.STP_USE_STEP}
    use = np.log(real.use / nominal.use)
    # standard deviation of 512 values: 4 sigma are 13 %
    assert use.std() == pytest.approx(chip.SPREAD_STP_USE, rel=0.13)
    one = real.recovered[:256].reshape(2, 128)[0, ::2]  # of one quadrant
    assert one.std() == pytest.approx(chip.SPREAD_STP_OFFSET, rel=0.4)
    assert (real.use[:256] != real.use[256:]).all()


def test_drivers_that_go_on_keep_their_states():
    network = (
        join_circuits([circuits_of_kind(Kind.CUBA_LIF, 2, np.random.default_rng(0), i_offset=0.0)]),
        SynapseTable.from_pairs(2, 3, [2], [0], [0], [0.1], [1]),
        Pulses([0], [0], [70], [0.5], [np.inf], [0.0], [1.0]),
        None,
        InputEvents([3], [0]),
    )
    emulator = emulator_of(network)
    first = emulator.run(50, network[-1]).samples[0]
    emulator.reset()
    np.testing.assert_array_equal(emulator.run(50, network[-1]).samples[0], first)
    grown = SynapseTable.from_pairs(2, 3, [1, 2], [0, 0], [0, 0], [0.2, 0.1], [1, 1])
    more = Pulses([0, 1], [0, 1], [7, 70], *([v] * 2 for v in (0.5, np.inf, 0.0, 1.0)))
    emulator.reconfigure(synapses=grown, pulses=more)
    assert emulator.state.pulse.tolist() == [1.0, 0.5]


NONE = {"synapse": [0], "state": [0], "number": [3], "use": [0.5], "tau": [5.0],
        "charged": [0.0], "recovered": [1.0]}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"synapse": [1]}, "Pulses.synapse: must lie in"),
        ({"synapse": [-1]}, "Pulses.synapse: must lie in"),
        ({"state": [1]}, "Pulses.state: must lie in"),
        ({"use": [1.5]}, "Pulses.use: 1.5 at 0"),
        ({"use": [np.nan]}, "Pulses.use: nan"),
        ({"tau": [0.0]}, "Pulses.tau: 0.0"),
        ({"tau": [np.nan]}, "Pulses.tau: nan"),
        ({"charged": [np.inf]}, "Pulses.charged: inf"),
        ({"recovered": [np.nan]}, "Pulses.recovered: nan"),
        ({"use": [0.5, 0.5]}, "Pulses.use: shape"),
        ({k: v * 2 for k, v in NONE.items() if k != "synapse"}, "Pulses.state: shape"),
        ({k: v * 2 for k, v in NONE.items()}, "Pulses.number: must ascend"),
        ({"synapse": [0, 0], "state": [0, 0]}, "a synapse occurs twice"),
    ],
)
def test_impossible_values_are_refused(change, message):
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, 1, np.random.default_rng(0))])
    synapses = SynapseTable.from_pairs(1, 1, [0], [0], [0], [0.1], [1])
    with pytest.raises(ValueError, match=message):
        Emulator(circuits, synapses, H, pulses=Pulses(**{**NONE, **change}))


def test_synapses_that_no_way_leads_to_are_refused():
    synapses = SynapseTable.from_pairs(1, 1, [0, 0], [0, 0], [0, 1], [0.1, 0.1], [1, 1])
    link = link_index(LinkKind.BUS, 0, 0)
    ways = Ways(chip_links(1), 100_000, [link], [0], [1], [-1], [0], [0], [1])
    make_pulse_plan(Pulses(**NONE), synapses, H, ways)
    with pytest.raises(ValueError, match="no way leads"):
        make_pulse_plan(Pulses(**{**NONE, "synapse": [1]}), synapses, H, ways)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("indptr", [0, 1, 1]),
        ("indptr", [0, 2]),
        ("state", [1]),
        ("state", [-1]),
        ("member_indptr", [0, 2]),
        ("member", [1]),
        ("use", [0.5, 0.5]),
        ("amplitude", [0.5, 0.5]),
    ],
)
def test_plans_that_lead_outside_are_refused(field, value):
    synapses = SynapseTable.from_pairs(1, 1, [0], [0], [0], [0.1], [1])
    plan = make_pulse_plan(Pulses(**NONE), synapses, H)
    checked_pulse_plan(plan, 1, 1)
    with pytest.raises(ValueError, match="pulses"):
        checked_pulse_plan(replace(plan, **{field: np.asarray(value)}), 1, 1)


def test_states_that_do_not_fit_are_refused():
    network = (
        join_circuits([circuits_of_kind(Kind.CUBA_LIF, 1, np.random.default_rng(0))]),
        SynapseTable.from_pairs(1, 1, [0], [0], [0], [0.1], [1]),
        Pulses(**NONE),
    )
    emulator = Emulator(*network[:2], H, pulses=network[2])
    before = emulator.state
    for change in ({"pulse": np.zeros(2)}, {"pulse_age": np.array([-1])},
                   {"pulse_number": np.array([4])}):  # fmt: skip
        with pytest.raises(ValueError, match="state.pulse"):
            emulator._engine.import_state(vars(replace(before, **change)))
    assert_same_state(emulator.state, before)
