"""The compiled engine, its instruction sets and its NumPy twin give the same bits."""

import ast
import os
import re
import signal
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from random_chips import chips, circuits_of_kind, join_circuits, random_synapses

import pynn_bss2sim._core.emulator as emulator_module
import pynn_bss2sim._core.engine as engine_module
from pynn_bss2sim._core import exponential_single
from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.engine import Engine, available_instruction_sets, exp_array
from pynn_bss2sim._core.exponential import NEAR, exp, exp_near, phi, phi_near
from pynn_bss2sim._core.plan import Kind, Mode, make_plan
from pynn_bss2sim._core.records import (
    Circuits,
    CurrentInputs,
    InputEvents,
    Probe,
    Status,
    SynapseTable,
    Variable,
)
from pynn_bss2sim._core.reference import ReferenceEngine
from pynn_bss2sim._core.tiles import CACHE_LINE, LARGE_PAGE, aligned, make_pieces

N_STEPS = 150
ENGINES = [partial(Engine, instruction_set=name) for name in available_instruction_sets()]
ENGINES.append(partial(Engine, threads=3))


def assert_same_activity(one, other):
    assert (one.start_step, one.stop_step, one.status) == (
        other.start_step,
        other.stop_step,
        other.status,
    )
    np.testing.assert_array_equal(one.spike_step, other.spike_step)
    np.testing.assert_array_equal(one.spike_neuron, other.spike_neuron)
    assert len(one.samples) == len(other.samples)
    for a, b in zip(one.samples, other.samples, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


def assert_same_state(one, other):
    for name, value in vars(one).items():
        np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)


@given(chips(N_STEPS))
@settings(max_examples=60, deadline=None)
def test_twin_and_all_instruction_sets_agree_exactly(chip):
    circuits, synapses, probes, events, currents, mask, timestep = chip
    twin = Emulator(circuits, synapses, timestep, probes, mask, ReferenceEngine, 7)
    wanted = twin.run(N_STEPS, events, currents)
    for engine in ENGINES:
        emulator = Emulator(circuits, synapses, timestep, probes, mask, engine, 7)
        assert_same_activity(emulator.run(N_STEPS, events, currents), wanted)
        assert_same_state(emulator.state, twin.state)


def test_random_chips_do_spike_and_interact():
    """The test above would prove little on silent chips."""
    rng = np.random.default_rng(5)
    circuits = join_circuits([circuits_of_kind(k, 8, rng) for k in Kind])
    synapses = random_synapses(circuits, 0, 200, 10, rng)
    alone = SynapseTable.from_pairs(32, 32, [], [], [], [], [])
    spikes = Emulator(circuits, synapses, 0.1).run(2000)
    silent = Emulator(circuits, alone, 0.1).run(2000)
    for kind in range(4):
        assert np.isin(spikes.spike_neuron, np.arange(8 * kind, 8 * kind + 8)).sum() > 20
    assert len(spikes.spike_step) != len(silent.spike_step)


@given(chips(N_STEPS))
@settings(max_examples=30, deadline=None)
def test_a_run_may_be_split_anywhere(chip):
    circuits, synapses, probes, events, currents, mask, timestep = chip
    whole = Emulator(circuits, synapses, timestep, probes, mask)
    wanted = whole.run(N_STEPS, events, currents)
    parts = Emulator(circuits, synapses, timestep, probes, mask)
    got, value = [], np.array(currents.initial)
    for start, stop in ((0, 1), (1, 60), (60, 60), (60, N_STEPS)):
        now = (events.step >= start) & (events.step < stop)
        change = (currents.change_step >= start) & (currents.change_step < stop)
        part = CurrentInputs(
            value,
            currents.indptr,
            currents.target,
            currents.gain,
            currents.change_step[change],
            currents.change_source[change],
            currents.change_value[change],
        )
        for source, new in zip(part.change_source, part.change_value, strict=True):
            value[source] = new
        got.append(parts.run(stop - start, InputEvents(events.step[now], events.source[now]), part))
    np.testing.assert_array_equal(np.concatenate([a.spike_step for a in got]), wanted.spike_step)
    for k, samples in enumerate(wanted.samples):
        np.testing.assert_array_equal(np.concatenate([a.samples[k] for a in got]), samples)
    assert_same_state(parts.state, whole.state)


def test_pieces_cover_all_neurons_in_order_and_cost_about_the_same():
    start, cost = np.array([0, 5, 300, 301, 1000]), np.array([1.0, 8.0, 3.0, 2.0])
    for n_shares in (1, 2, 3, 7):
        pieces = make_pieces(start, cost, 32, n_shares)
        assert pieces.first[0] == 0 and pieces.indptr[0] == 0
        np.testing.assert_array_equal(pieces.first[1:], (pieces.first + pieces.n)[:-1])
        assert pieces.first[-1] + pieces.n[-1] == 1000
        behind = pieces.first - start[pieces.block]
        assert (behind % 32 == 0).all()
        assert (behind + pieces.n <= np.diff(start)[pieces.block]).all()
        costs = -(-pieces.n // 32) * cost[pieces.block]
        shares = np.diff(np.append(0, np.cumsum(costs))[pieces.indptr])
        assert shares.sum() == costs.sum()
        assert shares.max() <= costs.sum() / n_shares + cost.max()
    assert make_pieces(np.array([0]), np.empty(0), 32, 2).indptr.tolist() == [0, 0, 0]


def test_more_threads_than_work_change_nothing():
    circuits = join_circuits([circuits_of_kind(k, 3, np.random.default_rng(k)) for k in Kind])
    synapses = random_synapses(circuits, 0, 50, 10, np.random.default_rng(1))
    one, many = (
        Emulator(circuits, synapses, 0.1, engine=partial(Engine, threads=n)) for n in (1, 64)
    )
    assert_same_activity(many.run(500), one.run(500))
    assert_same_state(many.state, one.state)


@pytest.mark.parametrize("threads", [0, 65, 1.5, -1])
def test_impossible_numbers_of_threads_are_refused(threads):
    with pytest.raises(ValueError, match="threads"):
        Emulator(one_neuron(), no_synapses(), 0.1, engine=partial(Engine, threads=threads))


def test_exponential_is_the_same_in_c_and_numpy_and_accurate():
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [
            rng.uniform(-700, 700, 20000),
            rng.uniform(-1, 1, 20000),
            [0.0, -0.0, 1e-300, -1e300, 1e300, -708.0, 709.0, np.inf, -np.inf],
        ]
    )
    np.testing.assert_array_equal(exp_array(x), exp(x))
    inside = np.abs(x) <= 700
    np.testing.assert_allclose(exp(x[inside]), np.exp(x[inside]), rtol=5e-16)
    assert np.isnan(exp(np.nan)) and np.isnan(exp_array([np.nan])[0])


def test_exponentials_of_small_and_of_single_numbers_are_accurate():
    x = np.concatenate([[0.0], np.linspace(-NEAR, NEAR, 10001)])
    np.testing.assert_allclose(exp_near(x), np.exp(x), rtol=4e-12)
    np.testing.assert_allclose(phi_near(x), phi(x), rtol=3e-11)
    x = np.linspace(-80, 80, 100001).astype(np.float32)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(exponential_single.bernoulli(x), 1.0 / phi(x), rtol=5e-7)
    np.testing.assert_allclose(exponential_single.exp(x), exp(x), rtol=4e-7)
    far = np.float32([-1e30, -np.inf, 1e30, np.inf])
    wanted = exp([-80.0, -80.0, 80.0, 80.0])
    np.testing.assert_allclose(exponential_single.exp(far), wanted, rtol=4e-7)


def test_all_kinds_have_a_kernel_in_single_precision():
    circuits = join_circuits(
        [circuits_of_kind(k, 3, np.random.default_rng(1), single_precision=True) for k in Kind]
    )
    assert make_plan(circuits, 0.1).block_mode.tolist() == 4 * [Mode.SINGLE]


def test_phi_has_no_cancellation():
    x = np.concatenate([[0.0], np.logspace(-18, 2, 200)])
    x = np.concatenate([x, -x])
    with np.errstate(invalid="ignore"):
        wanted = np.where(x == 0, 1.0, np.expm1(x) / np.where(x == 0, 1.0, x))
    np.testing.assert_allclose(phi(x), wanted, rtol=2e-15)


def one_neuron(kind=Kind.CUBA_LIF, **fixed):
    return join_circuits([circuits_of_kind(kind, 1, np.random.default_rng(1), **fixed)])


def no_synapses(n=1):
    return SynapseTable.from_pairs(n, n, [], [], [], [], [])


def test_delay_is_exact_to_the_step():
    circuits = one_neuron(i_offset=0.0)
    for delay in (1, 2, 7, 40):
        table = SynapseTable.from_pairs(1, 2, [1], [0], [0], [0.25], [delay])
        emulator = Emulator(circuits, table, 0.1, [Probe(Variable.LINE0, [0])])
        samples = emulator.run(60, InputEvents([3], [0])).samples[0][:, 0]
        arrival = np.flatnonzero(samples)[0]  # sample k is the state at step k + 1
        assert (arrival + 1, samples[arrival]) == (3 + delay, 0.25)


def test_refractory_hold_lasts_as_many_steps_as_asked():
    circuits = one_neuron(i_offset=5.0, refractory_steps=13)
    activity = Emulator(circuits, no_synapses(), 0.1, [Probe(Variable.V, [0])]).run(400)
    v, spike = activity.samples[0][:, 0], activity.spike_step[0]
    held = v[spike - 1 :] == circuits.v_reset[0]
    assert held[:14].all() and not held[14]


def test_current_acts_from_its_step_on():
    circuits = one_neuron(i_offset=0.0, v_thresh=1e3)
    currents = CurrentInputs([0.0], [0, 1], [0], [1.0], [5, 9], [0, 0], [1.0, 0.0])
    activity = Emulator(circuits, no_synapses(), 0.1, [Probe(Variable.V, [0])]).run(
        20, None, currents
    )
    rest = circuits.e_leak[0]
    moved = activity.samples[0][:, 0] - rest
    assert (moved[:5] == 0).all() and (np.diff(moved[4:9]) > 0).all()
    assert (np.diff(moved[8:]) < 0).all()


def test_neurons_at_rest_stay_there_to_the_bit():
    rng = np.random.default_rng(2)
    circuits = join_circuits(
        [circuits_of_kind(k, 20, rng, i_offset=0.0, delta_t=0.0) for k in Kind]
    )
    activity = Emulator(circuits, no_synapses(80), 0.1, [Probe(Variable.V, np.arange(80))]).run(300)
    assert (activity.samples[0] == circuits.e_leak).all()


def test_overflow_is_reported_with_the_neuron():
    circuits = join_circuits(
        [circuits_of_kind(Kind.CUBA_LIF, 3, np.random.default_rng(0), v_thresh=1e300)]
    )
    currents = CurrentInputs([1e308], [0, 2], [1, 1], [-100.0, -100.0], [], [], [])
    for engine in (Engine, ReferenceEngine):
        with np.errstate(over="ignore", invalid="ignore"):
            activity = Emulator(circuits, no_synapses(3), 0.1, engine=engine).run(
                50, None, currents
            )
        assert (activity.status, activity.culprit) == (Status.NON_FINITE, 1)


def slow_emulator(threads=1):
    rng = np.random.default_rng(4)
    n = 2000
    circuits = join_circuits([circuits_of_kind(Kind.COBA_ADEX, n, rng)])
    engine = partial(Engine, threads=threads)
    return Emulator(circuits, no_synapses(n), 0.1, [Probe(Variable.V, [0])], engine=engine)


def interrupted_run(emulator):
    """Run with a Ctrl-C after 0.2 s: (activity, seconds from the key to the end)."""
    pressed = []

    def press():
        time.sleep(0.2)
        pressed.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    activity = emulator.run(10**7)
    latency = time.perf_counter() - pressed[0]
    thread.join()
    return activity, latency


def test_ctrl_c_ends_a_long_run_within_a_tenth_of_a_second_and_keeps_the_data():
    latencies = []
    for _ in range(3):  # the best of three: another process may have had the core
        emulator = slow_emulator()
        activity, latency = interrupted_run(emulator)
        latencies.append(latency)
        assert activity.status is Status.INTERRUPTED
        assert isinstance(emulator.interruption, KeyboardInterrupt)
        assert 0 < activity.stop_step < 10**7 and emulator.step == activity.stop_step
        assert len(activity.samples[0]) == activity.stop_step
    assert min(latencies) < 0.1
    again = slow_emulator()
    assert_same_activity(again.run(activity.stop_step), replace_status(activity))
    emulator.run(10)
    assert emulator.interruption is None


def replace_status(activity):
    return type(activity)(**{**vars(activity), "status": Status.DONE})


def test_ctrl_c_ends_all_threads_and_keeps_the_data():
    emulator = slow_emulator(threads=2)
    activity, _ = interrupted_run(emulator)
    assert activity.status is Status.INTERRUPTED
    assert_same_activity(slow_emulator().run(activity.stop_step), replace_status(activity))


def test_the_gil_is_released():
    emulator = slow_emulator()
    ticks = []

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    done = threading.Event()
    thread = threading.Thread(target=tick)
    thread.start()
    began = time.perf_counter()
    while time.perf_counter() - began < 0.4:
        emulator.run(200)
    done.set()
    thread.join()
    assert len(ticks) > 20


def test_reconfigure_keeps_state_and_spikes_under_way():
    rng = np.random.default_rng(6)
    circuits = join_circuits([circuits_of_kind(k, 6, rng) for k in Kind])
    synapses = random_synapses(circuits, 0, 150, 30, rng)
    whole = Emulator(circuits, synapses, 0.1)
    wanted = whole.run(600)
    emulator = Emulator(circuits, synapses, 0.1)
    first = emulator.run(300)
    emulator.reconfigure(circuits, synapses)
    second = emulator.run(300)
    np.testing.assert_array_equal(
        np.concatenate([first.spike_step, second.spike_step]), wanted.spike_step
    )
    assert_same_state(emulator.state, whole.state)


@pytest.mark.parametrize("engine", [Engine, ReferenceEngine])
def test_exchanged_amplitudes_act_as_those_of_a_new_table(engine):
    rng = np.random.default_rng(5)
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, 12, rng)])
    table = random_synapses(circuits, 3, 80, 9, rng)
    events = InputEvents(np.arange(0, 60, 2), np.arange(30, dtype=np.int32) % 3)
    other = replace(table, amplitude=table.amplitude * np.linspace(-1, 2, len(table)))
    ends = []
    for exchange in (
        lambda e: e.exchange_amplitudes(other.amplitude),
        lambda e: e.reconfigure(synapses=other),
        lambda e: None,
    ):
        emulator = Emulator(circuits, table, 0.1, engine=engine)
        emulator.run(70, events)
        exchange(emulator)
        later = InputEvents(events.step + 70, events.source)
        emulator.run(70, later)
        ends.append(emulator.state)
    assert_same_state(ends[0], ends[1])
    assert not np.array_equal(ends[0].v, ends[2].v)
    with pytest.raises(ValueError, match="amplitude"):
        emulator.exchange_amplitudes(other.amplitude[1:])
    with pytest.raises(ValueError, match="not finite"):
        emulator.exchange_amplitudes(np.full(len(table), np.nan))


def test_reconfigure_grows_and_keeps_what_is_under_way_in_a_deeper_ring():
    circuits = one_neuron(i_offset=0.0)
    table = SynapseTable.from_pairs(1, 2, [1], [0], [0], [0.25], [30])
    emulator = Emulator(circuits, table, 0.1)
    emulator.run(5, InputEvents([3], [0]))
    two = join_circuits(
        [circuits_of_kind(Kind.CUBA_LIF, 2, np.random.default_rng(1), i_offset=0.0)]
    )
    emulator.reconfigure(two, no_synapses(2), [Probe(Variable.LINE0, [0, 1])])
    samples = emulator.run(40).samples[0]
    assert np.flatnonzero(samples[:, 0])[0] + 6 == 33
    assert not samples[:, 1].any() and emulator.n_neurons == 2


def test_a_rescaled_state_converts_the_state_and_what_is_under_way():
    emulator = Emulator(
        one_neuron(Kind.COBA_ADEX, i_offset=0.0),
        SynapseTable.from_pairs(1, 2, [1], [0], [1], [0.25], [30]),
        0.1,
        [Probe(Variable.LINE1, [0])],
    )
    emulator.run(5, InputEvents([3], [0]))
    v = emulator.get_state(Variable.V, [0])
    emulator.set_state(Variable.W, [0], 0.5)
    emulator.reconfigure(state=emulator.state.rescaled(2.0, 7.0, [[3.0], [4.0]], 5.0))
    assert emulator.get_state(Variable.V, [0]) == 2.0 * v + 7.0
    assert emulator.get_state(Variable.W, [0]) == 2.5
    assert emulator.run(28).samples[0][-1, 0] == 4.0 * 0.25


def test_a_failed_reconfigure_changes_nothing():
    rng = np.random.default_rng(7)
    circuits = join_circuits([circuits_of_kind(Kind.COBA_LIF, 4, rng)])
    emulator = Emulator(circuits, no_synapses(4), 0.1)
    emulator.run(100)
    before = emulator.state
    with pytest.raises(ValueError, match="synapse table was made for 3 neurons"):
        emulator.reconfigure(synapses=no_synapses(3))
    with pytest.raises(ValueError, match="1 circuits where 4 are running"):
        emulator.reconfigure(one_neuron())
    assert_same_state(emulator.state, before)
    emulator.run(10)


def test_reset_replays():
    rng = np.random.default_rng(8)
    circuits = join_circuits([circuits_of_kind(k, 5, rng) for k in Kind])
    emulator = Emulator(circuits, random_synapses(circuits, 0, 100, 30, rng), 0.1)
    one = emulator.run(500)
    emulator.reset()
    assert_same_activity(emulator.run(500), one)


@given(chips(N_STEPS))
@settings(max_examples=10, deadline=None)
def test_after_a_reset_all_is_as_in_an_emulator_that_begins_with_this_trial(chip):
    circuits, synapses, probes, events, currents, mask, timestep = chip
    for engine in (Engine, ReferenceEngine):
        used = Emulator(circuits, synapses, timestep, probes, mask, engine, 7)
        used.run(N_STEPS, events, currents)
        used.reset()
        new = Emulator(circuits, synapses, timestep, probes, mask, engine, 7, trial=1)
        assert_same_state(used.state, new.state)
        again, wanted = (e.run(20) for e in (used, new))
        assert_same_activity(again, wanted)


def test_trials_begin_with_given_values():
    rng = np.random.default_rng(1)
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, 3, rng, e_leak=-65.0)])
    emulator = Emulator(circuits, no_synapses(3), 0.1)
    rest = emulator.state.v[0]
    beginning = {Variable.V: ([2, 0], [-61.0, -62.0]), Variable.LINE1: ([1], 0.25)}
    emulator.begin_with(beginning)
    assert emulator.state.v.tolist() == [rest] * 3  # not yet
    for refused in ({Variable.V: ([1], np.nan)}, {Variable.V: ([3], -60.0)}):
        with pytest.raises((ValueError, IndexError)):
            emulator.begin_with(refused)
    for _ in range(2):
        emulator.run(50)
        emulator.reset()
        assert emulator.state.v.tolist() == [-62.0, rest, -61.0]
        assert emulator.state.line.tolist() == [[0.0] * 3, [0.0, 0.25, 0.0]]
        emulator.reconfigure(probes=[Probe(Variable.V, [0])])
    emulator.begin_with({})
    emulator.reset()
    assert emulator.state.v.tolist() == [rest] * 3


def test_state_can_be_read_and_set():
    emulator = Emulator(one_neuron(Kind.COBA_ADEX, i_offset=0.0), no_synapses(), 0.1)
    for variable, value in (
        (Variable.V, -66.5),
        (Variable.W, 0.125),
        (Variable.LINE0, 0.25),
        (Variable.LINE1, 0.5),
    ):
        emulator.set_state(variable, [0], value)
        assert emulator.get_state(variable, [0]) == value
    with pytest.raises(ValueError, match="V: a state must be finite"):
        emulator.set_state(Variable.V, [0], np.nan)
    for variable, neuron, value in ((Variable.W, 0, np.nan), (Variable.W, 1, 0.5)):
        with pytest.raises((ValueError, IndexError)):
            emulator.set_states({Variable.V: ([0], -60.0), variable: ([neuron], value)})
        assert emulator.get_state(Variable.V, [0]) == -66.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"c_m": 0.0}, "c_m must be positive"),
        ({"tau_syn": -1.0}, "tau_syn must be positive"),
        ({"g_leak": np.nan}, "g_leak: not finite"),
        ({"v_reset": -10.0}, "v_reset must lie below v_thresh"),
        ({"refractory_steps": -1}, "refractory_steps must not be negative"),
        ({"leak_limit": 0.0}, "leak_limit must be positive"),
        ({"line_limit": np.nan}, "line_limit: not finite"),
        ({"v_floor": 5.0, "v_ceiling": 5.0}, "v_floor must lie below v_ceiling"),
        ({"sigma_v": np.inf}, "sigma_v: not finite"),
        ({"sigma_line": -0.1}, "sigma_line must not be negative"),
        ({"tau_reset": 0.5, "refractory_steps": 0}, "needs at least one time step"),
    ],
)
def test_impossible_circuits_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        one_neuron(**change)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("target", 2, "target: outside"),
        ("line", 2, "line: outside"),
        ("delay", 0, "delay: outside"),
        ("amplitude", np.inf, "amplitude: not finite"),
        ("source", 5, "a source lies outside"),
    ],
)
def test_impossible_synapses_are_refused(field, value, message):
    columns = {"source": 0, "target": 0, "line": 0, "amplitude": 0.5, "delay": 1, field: value}
    with pytest.raises(ValueError, match=message):
        SynapseTable.from_pairs(
            2, 3, *([columns[k]] for k in ("source", "target", "line", "amplitude", "delay"))
        )


def test_inputs_outside_the_run_are_refused():
    emulator = Emulator(one_neuron(), SynapseTable.from_pairs(1, 2, [], [], [], [], []), 0.1)
    with pytest.raises(ValueError, match="events.step: must lie in"):
        emulator.run(10, InputEvents([10], [0]))
    with pytest.raises(ValueError, match="events.source: must lie in"):
        emulator.run(10, InputEvents([1], [1]))
    with pytest.raises(ValueError, match="currents.target: must lie in"):
        emulator.run(10, None, CurrentInputs([0.0], [0, 1], [1], [1.0], [], [], []))
    with pytest.raises(ValueError, match="n_steps: must not be negative"):
        emulator.run(-1)
    with pytest.raises(ValueError, match="the time step must be a positive"):
        Emulator(one_neuron(), no_synapses(), 0.0)
    assert emulator.step == 0


def test_too_long_a_delay_names_the_memory_it_would_need():
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, 100, np.random.default_rng(0))])
    table = SynapseTable.from_pairs(100, 100, [0], [1], [0], [0.1], [10**7])
    with pytest.raises(ValueError, match="MiB"):
        Emulator(circuits, table, 0.1)


def test_an_empty_chip_runs():
    nothing = Circuits(**{k: v[..., :0] for k, v in vars(one_neuron()).items()})
    activity = Emulator(nothing, no_synapses(0), 0.1).run(100)
    assert (activity.stop_step, len(activity.spike_step)) == (100, 0)


def test_silicon_columns_may_be_left_out_or_be_one_number():
    circuits = join_circuits([circuits_of_kind(Kind.COBA_LIF, 3, np.random.default_rng(0))])
    assert circuits.leak_limit.tolist() == [np.inf] * 3 and not circuits.sigma_line.any()
    one = replace(circuits, line_limit=0.5, v_floor=-90.0)
    assert one.line_limit.shape == (2, 3) and one.v_floor.tolist() == [-90.0] * 3
    with pytest.raises(ValueError, match="read-only"):
        one.v_floor[0] = 0.0
    with pytest.raises(ValueError, match="sigma_v: shape"):
        replace(circuits, sigma_v=[1.0, 2.0])


def test_records_are_read_only():
    circuits = one_neuron()
    with pytest.raises(ValueError, match="read-only"):
        circuits.c_m[0] = 1.0


def test_no_negative_index_in_the_compiled_source():
    """They mean nothing there: setup.py switches wraparound off, for Python objects, too."""
    sources = (Path(__file__).parents[3] / "pynn_bss2sim" / "_core").glob("*.pyx")
    for source in sources:
        assert not re.findall(r"\[[^\]\n]*(?<![\w\])] )-\s*\d[^\]\n]*\]", source.read_text())
    assert re.findall(r"\[[^\]\n]*(?<![\w\])] )-\s*\d[^\]\n]*\]", "x = y[:-1]")


def test_the_stub_names_what_the_compiled_module_has():
    tree = ast.parse(Path(emulator_module.__file__).with_name("engine.pyi").read_text())
    named = {n.name for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef)}
    named |= {n.target.id for n in tree.body if isinstance(n, ast.AnnAssign)}
    assert named == set(engine_module.__all__)
    (stub,) = (n for n in tree.body if isinstance(n, ast.ClassDef))
    members = {n.name for n in stub.body if isinstance(n, ast.FunctionDef)}
    members |= {n.target.id for n in stub.body if isinstance(n, ast.AnnAssign)}
    public = {name for name in dir(Engine) if not name.startswith("_")} | {"__new__"}
    assert members == public


@pytest.mark.parametrize(
    ("n", "dtype", "unit"),
    [(0, np.int32, CACHE_LINE), (9, np.float64, CACHE_LINE), (300_000, np.int32, LARGE_PAGE)],
)
def test_aligned_arrays_begin_with_a_line_of_the_cache_or_a_large_page(n, dtype, unit):
    values = np.arange(n, dtype=dtype)
    copy = aligned(values)
    np.testing.assert_array_equal(copy, values, strict=True)
    # of an empty array NumPy tells no address
    assert n == 0 or copy.ctypes.data % unit == 0
    assert not np.shares_memory(copy, values)


@pytest.mark.parametrize("engine", [Engine, ReferenceEngine])
def test_neurons_that_a_state_tells_to_be_silent_are_so(engine):
    """Though none of them is ever silent for longer than it is held."""
    rng = np.random.default_rng(0)
    circuits = join_circuits(
        [circuits_of_kind(Kind.CUBA_LIF, 3, rng, i_offset=50.0, refractory_steps=0)]
    )
    emulator = Emulator(circuits, random_synapses(circuits, 0, 0, 1, rng), 0.1, engine=engine)
    state = replace(emulator.state, silent=np.array([0.0, 20.0, 0.0]))
    emulator.reconfigure(state=state)
    done = emulator.run(30)
    first = [done.spike_step[done.spike_neuron == neuron].min() for neuron in range(3)]
    assert first[1] == 20 and max(first[0], first[2]) < 20
    emulator.reset()
    done = emulator.run(30)
    assert done.spike_step[done.spike_neuron == 1].min() < 20
