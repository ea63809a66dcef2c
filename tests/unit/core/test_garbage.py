"""Whatever Python hands to the compiled engine, it answers with a result or an exception.

A crash would end the test run itself; under the sanitizers (`make sanitize`) so does every access
outside an array.
"""

import importlib
import pickle
from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_chips import circuits_of_kind, join_circuits, random_currents, random_synapses

from pynn_bss2sim._core import neurons, pair_synapses, recording
from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.engine import Engine
from pynn_bss2sim._core.plan import Kind, Plan, Routes, make_plan, make_routes
from pynn_bss2sim._core.records import CurrentInputs, InputEvents, Probe, Variable

#: What the engine may raise.
REFUSALS = (ValueError, TypeError, OverflowError, AttributeError, IndexError, MemoryError)

N = 7
GARBAGE = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.floats(),
    st.integers(-(2**70), 2**70),
    st.lists(st.integers(-(2**40), 2**40), max_size=N + 2),
    st.lists(st.floats(), max_size=N + 2),
    st.sampled_from([
        np.zeros(0), np.zeros(N + 1), np.zeros((N, N)), np.full(N, np.nan), np.full(N, np.inf),
        np.full(N, -1), np.full(N, 2**62), np.arange(N)[::-1], np.array(["a"] * N),
        np.array([None] * N), np.zeros(N, complex), np.array(3), np.zeros(1000, np.int8), object(),
    ]),
)  # fmt: skip


def parts():
    """Plan, routes, probes, events and currents of a small chip that works."""
    rng = np.random.default_rng(11)
    circuits = join_circuits(
        [circuits_of_kind(k, n, rng) for k, n in zip(Kind, (2, 2, 1, 2), strict=True)]
    )
    synapses = random_synapses(circuits, 3, 30, 9, rng)
    probes = [Probe(v, np.arange(N), 2) for v in Variable]
    events = InputEvents(np.arange(10), np.arange(10) % 3)
    return (make_plan(circuits, 0.1), make_routes(synapses), probes, events,
            random_currents(N, 2, 5, 20, rng))  # fmt: skip


def run(plan, routes, probes, events, currents, mask=None):
    engine = Engine(plan, routes, probes, mask)
    engine.run(20, events, currents)
    engine.import_state(engine.export_state())
    engine.run(20, InputEvents.none(), CurrentInputs.none())


def loose(record):
    """A copy of a record that checks nothing."""
    return SimpleNamespace(**{f.name: getattr(record, f.name) for f in fields(record)})


def test_the_parts_work():
    run(*parts())


@given(st.sampled_from([f.name for f in fields(Plan)]), GARBAGE)
@settings(max_examples=300, deadline=None)
def test_garbage_in_a_plan(name, value):
    plan, *others = parts()
    attempt(lambda: run(replace(plan, **{name: value}), *others))


@given(st.sampled_from([f.name for f in fields(Routes)]), GARBAGE)
@settings(max_examples=200, deadline=None)
def test_garbage_in_routes(name, value):
    plan, routes, *others = parts()
    attempt(lambda: run(plan, replace(routes, **{name: value}), *others))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_garbage_in_inputs(data):
    plan, routes, probes, events, currents = parts()
    record = data.draw(st.sampled_from([events, currents, probes[0]]))
    bad = loose(record)
    setattr(bad, data.draw(st.sampled_from(sorted(vars(bad)))), data.draw(GARBAGE))
    arguments = {
        InputEvents: (probes, bad, currents),
        CurrentInputs: (probes, events, bad),
        Probe: ([bad], events, currents),
    }[type(record)]
    attempt(lambda: run(plan, routes, *arguments))


@given(GARBAGE, GARBAGE)
@settings(max_examples=100, deadline=None)
def test_garbage_as_mask_number_of_steps_and_instruction_set(value, other):
    plan, routes, probes, events, currents = parts()
    attempt(lambda: run(plan, routes, probes, events, currents, value))
    attempt(lambda: Engine(plan, routes, instruction_set=value))
    steps = min(other, 1000) if isinstance(other, int | float) else other
    attempt(lambda: Engine(plan, routes).run(steps, events, currents))
    attempt(lambda: Engine(value, other))
    attempt(lambda: Engine(plan, value, other))


@given(st.sampled_from(["step", "v", "w", "line", "hold", "under_way"]), GARBAGE)
@settings(max_examples=200, deadline=None)
def test_garbage_in_a_state(name, value):
    plan, routes, probes, events, currents = parts()
    engine = Engine(plan, routes, probes)
    state = engine.export_state() | {name: value}
    if attempt(lambda: engine.import_state(state)):
        attempt(lambda: engine.run(20, InputEvents.none(), CurrentInputs.none()))


def attempt(action):
    """Whether `action` was accepted; a refusal must explain itself."""
    try:
        with np.errstate(all="ignore"):
            action()
    except REFUSALS as error:
        assert str(error)
        return False
    return True


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_emulator_refuses_garbage_and_still_works(data):
    plan, routes, probes, events, currents = parts()
    rng = np.random.default_rng(1)
    circuits = join_circuits([circuits_of_kind(Kind.COBA_ADEX, N, rng)])
    emulator = Emulator(circuits, random_synapses(circuits, 3, 20, 5, rng), 0.1)
    value = data.draw(GARBAGE)
    attempt(lambda: emulator.set_state(data.draw(st.sampled_from(list(Variable))), [0], value))
    attempt(lambda: emulator.get_state(Variable.V, value))
    attempt(lambda: emulator.reconfigure(circuits=value))
    attempt(lambda: emulator.reconfigure(synapses=value))
    attempt(lambda: emulator.reconfigure(probes=value))
    attempt(lambda: emulator.reconfigure(spike_neurons=value))
    emulator.reconfigure(probes=[], spike_neurons=np.ones(N, bool))
    assert emulator.run(10).stop_step == 10


def test_huge_requests_are_refused_before_memory_is_touched():
    plan, routes, *_ = parts()
    with pytest.raises(ValueError, match="routes.depth"):
        Engine(plan, replace(routes, depth=2**40))


@pytest.mark.parametrize(
    "module",
    ["delivery", "engine", "event_links", "inputs", "neurons", "pair_synapses", "recording"],
)
def test_no_object_comes_to_be_without_what_it_works_on(module):
    compiled = importlib.import_module(f"pynn_bss2sim._core.{module}")
    mine = (c for c in vars(compiled).values() if getattr(c, "__module__", 0) == compiled.__name__)
    classes = [c for c in mine if isinstance(c, type)]
    assert classes
    for one in classes:
        with pytest.raises(TypeError, match="positional argument"):
            one.__new__(one)


def test_compiled_parts_take_no_none_for_one_another():
    plan, routes, *_ = parts()
    for make in (
        lambda: neurons.Neurons(plan, None, 0, 1).await_from(None),
        lambda: pair_synapses.PairSynapses(None, None, None),
        lambda: recording.Recording(None, None, 0, 1),
        lambda: Engine(plan, routes)._advance(1, None, None),
    ):
        with pytest.raises(TypeError, match="None"):
            make()


def test_engines_are_not_pickled():
    plan, routes, *_ = parts()
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(Engine(plan, routes))
