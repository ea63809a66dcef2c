"""Correlation sensors: every pair as the equations say, however the run is divided."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core import reference_sensors
from pynn_bss2sim._core.correlation import GRID, CorrelationSensors, EventLines, SensorTraits, Trace
from pynn_bss2sim._core.device import Device

TIMESTEP = 0.1
N_NEURONS = 3


def by_definition(events, posts, amplitude, tau):
    """Causal and acausal sums of one synapse, pair by pair as the equations state them."""
    causal = acausal = 0.0
    for before, post in zip([-math.inf, *posts], posts, strict=False):
        since = [e for e in events if before < e < post]
        if since:
            causal += amplitude[0] * math.exp(-(post - since[-1]) * TIMESTEP / tau[0])
    for before, event in zip([-math.inf, *events], events, strict=False):
        since = [p for p in posts if before < p < event]
        if since:
            acausal += amplitude[1] * math.exp(-(event - since[-1]) * TIMESTEP / tau[1])
    return causal, acausal


@st.composite
def networks(draw):
    """Lines of sources, synapses on them, spikes, and steps at which the run is interrupted."""
    n_sources, n_lines = draw(st.integers(N_NEURONS, 6)), draw(st.integers(1, 4))
    reached = draw(
        st.lists(st.tuples(st.integers(0, n_sources - 1), st.integers(0, n_lines - 1),
                           st.integers(1, 12)), max_size=8)
    )  # fmt: skip
    synapses = draw(
        st.lists(st.tuples(st.integers(-1, n_lines - 1), st.integers(-1, N_NEURONS - 1)),
                 min_size=1, max_size=6)
    )  # fmt: skip
    spike = st.tuples(st.integers(1, 60), st.integers(0, n_sources - 1))
    spikes = draw(st.sets(spike, max_size=40))
    stops = draw(st.lists(st.integers(1, 70), max_size=4))
    return n_sources, n_lines, sorted(reached), synapses, sorted(spikes), sorted({*stops, 75})


def make_lines(n_sources, n_lines, reached):
    count = np.bincount([s for s, _, _ in reached], minlength=n_sources)
    return EventLines(
        n_lines,
        np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        np.array([line for _, line, _ in reached], np.int64),
        np.array([delay for _, _, delay in reached], np.int64),
    )


def make_sensors(lines, synapses, seed=1, **pairing):
    rng = np.random.default_rng(seed)
    n = len(synapses)
    traits = SensorTraits(
        rng.uniform(0.2, 2.0, (n, 2)), rng.uniform(0.2, 3.0, (n, 2)), np.full((n, 2), 180.0)
    )
    line, neuron = (np.array(column) for column in zip(*synapses, strict=True))
    sensors = CorrelationSensors(traits, lines, line, neuron, N_NEURONS, TIMESTEP, **pairing)
    return sensors, traits


def run(sensors, spikes, stops):
    """Hand over the spikes, divided at `stops`."""
    start = 0
    for stop in stops:
        some = [(t, s) for t, s in spikes if start < t <= stop]
        step, source = np.array(some, np.int64).reshape(-1, 2).T
        sensors.advance(step, source, stop)
        start = stop
    return sensors


@settings(max_examples=200)
@given(networks())
def test_all_pairs_are_those_of_the_equations(case):
    n_sources, n_lines, reached, synapses, spikes, stops = case
    sensors, traits = make_sensors(make_lines(n_sources, n_lines, reached), synapses)
    run(sensors, spikes, stops)
    for k, (line, neuron) in enumerate(synapses):
        events = sorted(
            {t + delay for t, s in spikes for source, to, delay in reached
             if s == source and to == line and t + delay <= stops[-1]}
        )  # fmt: skip
        posts = [t for t, s in spikes if s == neuron]
        expected = by_definition(events, posts, traits.amplitude[k], traits.tau[k])
        found = [sensors.accumulated(trace)[k] for trace in Trace]
        assert found == pytest.approx(expected, abs=len(spikes) ** 2 * GRID)


@given(networks())
def test_how_a_run_is_divided_changes_no_bit(case):
    n_sources, n_lines, reached, synapses, spikes, stops = case
    lines = make_lines(n_sources, n_lines, reached)
    pieces = run(make_sensors(lines, synapses)[0], spikes, stops)
    whole = run(make_sensors(lines, synapses)[0], spikes, stops[-1:])
    for trace in Trace:
        assert np.array_equal(pieces.accumulated(trace), whole.accumulated(trace))


@given(networks())
def test_the_twin_gives_the_same_bits(case):
    n_sources, n_lines, reached, synapses, spikes, stops = case
    lines = make_lines(n_sources, n_lines, reached)
    ours = run(make_sensors(lines, synapses)[0], spikes, stops)
    twin = run(make_sensors(lines, synapses, pairing=reference_sensors.pair)[0], spikes, stops)
    for trace in Trace:
        assert np.array_equal(ours.accumulated(trace), twin.accumulated(trace))


def test_more_pairs_than_a_block_give_the_same_bits():
    rng = np.random.default_rng(3)
    synapses = [(line, neuron) for line in range(4) for neuron in range(3)]
    lines = make_lines(7, 4, [(s, s - 3, 2) for s in range(3, 7)])
    spikes = sorted({(int(t), int(s)) for t, s in rng.integers((1, 0), (2000, 7), (2000, 2))})
    ours = run(make_sensors(lines, synapses)[0], spikes, [2000])
    twin = run(make_sensors(lines, synapses, pairing=reference_sensors.pair)[0], spikes, [2000])
    for trace in Trace:
        assert ours.accumulated(trace).min() > 10
        assert np.array_equal(ours.accumulated(trace), twin.accumulated(trace))


def one_synapse(amplitude=0.5, tau=5.0, baseline=180.0):
    traits = SensorTraits(*(np.full((1, 2), x) for x in (amplitude, tau, baseline)))
    lines = EventLines(1, np.array([0, 0, 1]), np.array([0]), np.array([1]))
    return CorrelationSensors(traits, lines, np.zeros(1), np.zeros(1), 1, TIMESTEP)


def pairs(sensors, n, apart):
    """Pairs of an event and a spike `apart` steps later, far from each other."""
    first = sensors.step + 1000 * np.arange(1, n + 1)
    sensors.advance(
        np.concatenate([first - 1, first + apart]), np.repeat([1, 0], n), int(first[-1]) + 999
    )


def test_readings_fall_with_each_pair_and_end_at_the_floor():
    sensors = one_synapse()
    assert sensors.read(Trace.CAUSAL)[0] == chip.SENSOR_BASELINE
    pairs(sensors, 140, 10)
    fallen = round(180 - 140 * 0.5 * math.exp(-1 / 5))
    assert sensors.read(Trace.CAUSAL)[0] == fallen
    assert sensors.read(Trace.CAUSAL, noise=np.array([2.0]))[0] == fallen + 2
    pairs(sensors, 1000, 1)
    assert sensors.read(Trace.CAUSAL)[0] == chip.SENSOR_FLOOR
    assert sensors.accumulated(Trace.CAUSAL)[0] == 160


def test_a_reset_empties_the_sensors_and_keeps_the_last_event():
    sensors = one_synapse(tau=500.0)
    pairs(sensors, 10, 5)
    sensors.advance([sensors.step + 1], [1], sensors.step + 5)
    sensors.reset()
    assert sensors.read(Trace.CAUSAL)[0] == 180
    sensors.advance([sensors.step + 5], [0], sensors.step + 9)
    assert sensors.accumulated(Trace.CAUSAL)[0] > 0.4
    sensors.restart()
    assert sensors.step == 0
    sensors.advance([5], [0], 9)
    assert sensors.accumulated(Trace.CAUSAL)[0] == 0


def test_what_does_not_fit_is_refused():
    lines = EventLines(1, np.array([0, 0, 1]), np.array([0]), np.array([1]))
    traits = SensorTraits(*np.ones((3, 2, 2)))
    with pytest.raises(ValueError, match="one each"):
        CorrelationSensors(traits, lines, np.zeros(1), np.zeros(2), 1, TIMESTEP)
    with pytest.raises(ValueError, match=r"line: must lie in \[-1, 1\)"):
        CorrelationSensors(traits, lines, np.ones(2), np.zeros(2), 1, TIMESTEP)
    with pytest.raises(ValueError, match="positive"):
        SensorTraits(np.ones((1, 2)), np.zeros((1, 2)), np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"EventLines.delay: must lie in \[1"):
        EventLines(1, np.array([0, 1]), np.array([0]), np.array([0]))


def test_sensors_of_a_chip_spread_as_published():
    """30th to 70th percentile within a factor 2 of the target, more than 80 % respond."""
    every = np.arange(2 * 256 * 256)
    nominal = SensorTraits.of_device(Device(), 1, every)
    assert set(nominal.amplitude.ravel()) == {chip.SENSOR_AMPLITUDE}
    assert set(nominal.baseline.ravel()) == {chip.SENSOR_BASELINE}
    traits = SensorTraits.of_device(Device(seed=5), 2, np.concatenate([every, every + len(every)]))
    assert not np.array_equal(traits.tau[: len(every)], traits.tau[len(every) :])
    for values, target in (
        (traits.amplitude, chip.SENSOR_AMPLITUDE), (traits.tau, chip.SENSOR_TAU)
    ):  # fmt: skip
        low, high = np.percentile(values, [30, 70])
        assert target / 2 < low < high < 2 * target
    responding = traits.amplitude > 0
    assert np.array_equal(responding[:, 0], responding[:, 1])
    n, silent = len(responding), chip.SENSOR_SILENT
    assert abs(responding.mean() - (1 - silent)) < 5 * math.sqrt(silent / n)
    assert responding.mean() > 0.8
    ratio = np.log(traits.amplitude[responding[:, 0]])
    assert np.std(ratio[:, 0] - ratio[:, 1]) > 1.4 * chip.SPREAD_SENSOR_AMPLITUDE
