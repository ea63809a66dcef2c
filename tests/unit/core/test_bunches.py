"""Synapses that wait together, and what becomes of them."""

from dataclasses import fields, replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_chips import circuits_of_kind, join_circuits, random_synapses, random_ways

from pynn_bss2sim._core import delivery
from pynn_bss2sim._core.bunches import Lanes, common_amplitude, make_bunches, whole_rows
from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.engine import Engine
from pynn_bss2sim._core.plan import Kind
from pynn_bss2sim._core.records import InputEvents, SynapseTable
from pynn_bss2sim._core.reference import ReferenceEngine

DEPTH, LANE, TILE, STRIDE = 5, 16, 8, 4
BEHIND = np.array([16, 8, 16])  # the last tile of each lane


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_bunches_hold_the_synapses_of_their_rows_in_order(data):
    n_rows, n = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 40))
    places = st.integers(0, n)
    begin, end = (
        np.array(
            data.draw(st.lists(st.tuples(places, places), min_size=n_rows, max_size=n_rows)),
            np.int64,
        )
        .reshape(-1, 2)
        .T
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    delay, cell = rng.integers(1, DEPTH, n), rng.integers(0, 3 * LANE, n)
    share = np.array(data.draw(st.sampled_from([(0, 0, 0), (0, 0, 1), (0, 1, 2)])))
    n_shares = share[-1] + 1 + data.draw(st.integers(0, 1))
    lanes = Lanes(LANE, TILE, share, n_shares, BEHIND)
    found = make_bunches(begin, end, delay, cell, DEPTH, lanes, STRIDE)
    assert len(found.first) == n_rows * n_shares + 1 and found.first[0] == 0
    assert found.first[-1] == len(found.records)
    place = np.repeat(np.arange(n_rows * n_shares), np.diff(found.first))
    assert (share[found.records["lane"]] == place % n_shares).all()
    rows = found.first[::n_shares]
    for row, (first, last) in enumerate(zip(rows[:-1], rows[1:], strict=True)):
        seen, latest = [], {}
        for bunch in found.records[first:last]:
            mine = slice(bunch["begin"], bunch["end"])
            assert (bunch["end"] - bunch["begin"]) % STRIDE == 0
            synapse, silent = found.synapse[mine], found.silent[mine]
            assert set(synapse[silent]) <= {synapse[~silent][-1]}
            behind = BEHIND[bunch["lane"]] + np.arange(silent.sum())
            assert (found.target[mine][silent] == behind).all()
            synapse = synapse[~silent]
            assert len(synapse) and (np.diff(synapse) > 0).all()  # as they stand in the table
            assert set(delay[synapse]) == {bunch["delay"]}
            assert set(cell[synapse] // LANE) == {bunch["lane"]}
            assert (found.target[mine][~silent] == cell[synapse] % LANE).all()
            assert len(set(cell[synapse])) == len(synapse)
            tiles = set(cell[synapse] % LANE // TILE)
            assert {k for k in range(16) if int(bunch["marks"]) >> k & 1} == tiles
            for k, c in zip(synapse, cell[synapse], strict=True):
                assert latest.get((c, bunch["delay"]), -1) < k  # also from bunch to bunch
                latest[c, bunch["delay"]] = k
            seen += synapse.tolist()
        assert sorted(seen) == list(range(begin[row], end[row]))


def test_synapses_of_a_bunch_have_an_amplitude_in_common_or_none():
    lanes = Lanes(LANE, TILE, np.zeros(1, np.int64), 1, np.array([16]))
    begin, end = np.array([0, 2, 5]), np.array([2, 5, 6])
    cell, delay = np.array([1, 2, 3, 4, 5, 6]), np.ones(6, np.int64)
    found = make_bunches(begin, end, delay, cell, DEPTH, lanes, STRIDE)
    common = common_amplitude(found, np.array([0.5, 0.5, 1.0, 1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(common, [0.5, np.nan, 3.0])
    nothing = np.empty(0, np.int64)
    found = make_bunches(nothing, nothing, nothing, nothing, DEPTH, lanes, STRIDE)
    assert len(common_amplitude(found, np.empty(0))) == 0


def test_whole_rows_are_a_bunch_each():
    found = whole_rows(np.array([0, 4, 4, 7]), np.array([4, 4, 3, 9]), 9)
    assert found.synapse.tolist() == list(range(9)) and not found.silent.any()
    assert found.first.tolist() == [0, 1, 1, 1, 2]
    assert found.records[["begin", "end"]].tolist() == [(0, 4), (7, 9)]


def all_as_the_first(circuits, n):
    """Each `n` neighbours with the coefficients of their first, but for currents."""
    first = np.arange(len(circuits)) // n * n
    values = {f.name: getattr(circuits, f.name) for f in fields(circuits) if f.name != "i_offset"}
    arrays = {k: v[..., first] for k, v in values.items() if np.shape(v)[-1:] == (len(circuits),)}
    return replace(circuits, **arrays)


def dense_network(rng, behind_links, single, alike):
    """Chips' worth of neurons of two kinds, whose rows are long; some pairs connected twice.

    Half of the sources have synapses of one amplitude.
    """
    n, n_inputs, per_row = 1100, 6, 300
    circuits = join_circuits([
        circuits_of_kind(kind, n // 2, rng, g_leak=0.1, single_precision=kind == single)
        for kind in (Kind.CUBA_LIF, Kind.COBA_LIF)
    ])  # fmt: skip
    if alike:
        circuits = all_as_the_first(circuits, n // 2)
    pre = np.repeat(np.arange(n + n_inputs), per_row)
    pre = pre[rng.random(len(pre)) < 0.1]
    strength = np.where(np.arange(n) < n // 2, 0.5, 0.005)
    post = rng.integers(0, n, len(pre))
    amplitude = np.where(pre % 2, 0.5, rng.random(len(pre)))
    synapses = SynapseTable.from_pairs(
        n, n + n_inputs, pre, post, rng.integers(0, 2, len(pre)),
        strength[post] * amplitude, rng.integers(1, 3, len(pre)),
    )  # fmt: skip
    return circuits, synapses, random_ways(synapses, 0.1, rng) if behind_links else None


@pytest.mark.parametrize("behind_links", [False, True])
@pytest.mark.parametrize("least", [1, 10**6])
@pytest.mark.parametrize("single", [Kind.CUBA_LIF, Kind.COBA_LIF])
@pytest.mark.parametrize("alike", [False, True])
def test_what_waits_and_what_is_on_the_ring_give_the_bits_of_the_twin(
    behind_links, least, single, alike, monkeypatch
):
    """Over exchanged amplitudes and states taken and given back, with one thread and with three."""
    monkeypatch.setattr(delivery, "SYNAPSES_PER_BUNCH", least)
    circuits, synapses, ways = dense_network(np.random.default_rng(7), behind_links, single, alike)
    events = InputEvents(np.arange(0, 40), np.arange(40, dtype=np.int32) % 6)
    ends = []
    for engine in (ReferenceEngine, Engine, partial(Engine, threads=3)):
        emulator = Emulator(circuits, synapses, 0.1, engine=engine, ways=ways)
        spikes = [emulator.run(40, events).spike_neuron]
        emulator.reconfigure(state=emulator.state)
        spikes.append(emulator.run(7).spike_neuron)
        emulator.exchange_amplitudes(synapses.amplitude[::-1].copy())
        spikes.append(emulator.run(40).spike_neuron)
        ends.append((np.concatenate(spikes), emulator.settled_state))
    assert len(ends[0][0]) > 50 and (alike or ends[0][1].under_way.any())
    for spikes, state in ends[1:]:
        np.testing.assert_array_equal(spikes, ends[0][0])
        for name, value in vars(ends[0][1]).items():
            np.testing.assert_array_equal(getattr(state, name), value, err_msg=name)


@pytest.mark.parametrize("engine", [Engine, ReferenceEngine])
@pytest.mark.parametrize("least", [1, 10**6])
@pytest.mark.parametrize("single", [False, True])
def test_inputs_of_neurons_in_single_precision_are_added_up_so(engine, least, single, monkeypatch):
    """What comes from synapses as well as what comes with a state."""
    monkeypatch.setattr(delivery, "SYNAPSES_PER_BUNCH", least)
    number = np.float32 if single else np.float64
    rng = np.random.default_rng(9)
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, 1, rng, single_precision=single)])
    amplitude, given_before = rng.random(5), 0.3
    synapses = SynapseTable.from_pairs(1, 2, [1] * 5, [0] * 5, [0] * 5, amplitude, [4] * 5)
    emulator = Emulator(circuits, synapses, 0.1, engine=engine)
    under_way = np.zeros_like(emulator.state.under_way)
    under_way[4, 0, 0] = given_before
    emulator.reconfigure(state=replace(emulator.state, under_way=under_way))
    assert emulator.state.under_way[4, 0, 0] == number(given_before)
    emulator.run(1, InputEvents([0], [0]))
    total = number(given_before)
    for a in amplitude:
        total = number(total + number(a))
    assert emulator.state.under_way[3, 0, 0] == total


def test_a_reset_forgets_what_waits():
    rng = np.random.default_rng(8)
    circuits = join_circuits([circuits_of_kind(Kind.CUBA_LIF, 40, rng, v_thresh=1e6)])
    synapses = random_synapses(circuits, 1, 2000, 4, rng)  # few delays: what is long enough waits
    emulator = Emulator(circuits, synapses, 0.1)
    emulator.run(3, InputEvents([0, 2], [0, 0]))
    assert emulator.state.under_way.any()
    emulator.run(3, InputEvents([5], [0]))
    emulator.reset()
    assert not emulator.state.under_way.any()
    emulator.run(40)
    assert not emulator.state.line.any()
