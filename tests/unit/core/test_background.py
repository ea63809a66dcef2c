"""Background generators: their random numbers, their events, and where these go."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim._core import background
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.background import BackgroundInputs, Generator, random_draws
from pynn_bss2sim._core.config import ChipConfig, RowMode
from pynn_bss2sim._core.connect import connect, connect_by_links
from pynn_bss2sim._core.event_path import FpgaRouting, Link, crossings, follow
from pynn_bss2sim._core.hops import Timing
from pynn_bss2sim._core.records import InputEvents

LATENCY = np.array([2, 4, 8, 13])
#: Two-sided quantile of the normal distribution at 1e-6.
SIGMAS = 4.9


def slow_draws(seed, count):
    """The shift register bit by bit."""
    state, numbers = seed or 1, []
    for _ in range(count):
        for _ in range(16):
            top = state >> 31
            state = state << 1 & 0xFFFFFFFF
            if top:
                state ^= chip.BACKGROUND_POLYNOMIAL
        numbers.append(state & 0xFFFF)
    return numbers


def slow_events(generator, stop):
    """Period by period."""
    events = []
    numbers = slow_draws(generator.seed, stop // generator.cycles + 1)
    cycle = generator.cycles
    for number in numbers:
        if cycle >= stop:
            break
        if not generator.poisson or number % 256 <= generator.rate:
            label = generator.label
            for bit in range(8):
                if generator.mask >> bit & 1:
                    label = label & ~(1 << bit) | (number >> 8 >> bit & 1) << bit
            events.append((cycle, label))
        cycle += generator.cycles
    return events


GENERATORS = st.builds(
    Generator,
    poisson=st.booleans(),
    period=st.integers(0, 40),
    rate=st.integers(0, 255),
    seed=st.integers(0, 2**32 - 1),
    mask=st.integers(0, 255),
    label=st.integers(0, 2**14 - 1),
)


@given(seed=st.integers(0, 2**32 - 1), first=st.integers(0, 300), count=st.integers(0, 60))
def test_draws_are_those_of_a_shift_register(seed, first, count):
    wanted = slow_draws(seed, first + count)[first:]
    assert random_draws(seed, first, count).tolist() == wanted


def test_the_register_runs_through_all_states():
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)

    def after(draws):
        state = bits
        for power in range(draws.bit_length()):
            if draws >> power & 1:
                state = background._applied(background._jump(power), state)
        return state

    period = 2**32 - 1
    np.testing.assert_array_equal(after(period), bits)
    assert all((after(period // prime) != bits).any() for prime in (3, 5, 17, 257, 65537))
    np.testing.assert_array_equal(random_draws(5, period + 9, 50), random_draws(5, 9, 50))


@given(generator=GENERATORS, cuts=st.lists(st.integers(0, 900), max_size=4))
def test_events_are_those_of_the_registers_however_a_run_is_cut(generator, cuts):
    bounds = [0, *sorted(cuts), 900]
    parts = [generator.events(a, b) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]
    found = [pair for cycle, label in parts for pair in zip(cycle, label, strict=True)]
    assert found == slow_events(generator, 900)
    assert {label for _, label in found} <= set(generator.labels.tolist())


def test_long_runs_are_drawn_in_pieces(monkeypatch):
    generator = Generator(True, 1, 30, 5, 255, 1 << 12)
    whole = generator.events(0, 20_000)
    monkeypatch.setattr(background, "_DRAWS_AT_ONCE", 777)
    for one, other in zip(whole, generator.events(0, 20_000), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_regular_generator_keeps_its_period():
    cycle, label = Generator(False, 999, 0, 1, 0, 77).events(0, 10_000)
    assert cycle.tolist() == list(range(1000, 10_000, 1000))
    assert set(label.tolist()) == {77}


@pytest.mark.parametrize("period", [0, 3, 40])
@pytest.mark.parametrize("rate", [0, 12, 127, 255])
def test_rate_intervals_and_spectrum_of_poisson_events(rate, period):
    # a Bernoulli process: geometric intervals, flat spectrum, uniform labels
    n = 400_000
    generator = Generator(True, period, rate, 12345, 255)
    cycle, label = generator.events(0, (n + 1) * generator.cycles)
    p = (rate + 1) / 256
    assert abs(len(cycle) - n * p) <= SIGMAS * np.sqrt(n * p * (1 - p))
    assert generator.mean_rate == pytest.approx(250 * p / generator.cycles)
    if p == 1:
        return
    draws = np.diff(cycle) // generator.cycles
    for k in (1, 2, 5):
        wanted = p * (1 - p) ** (k - 1)
        spread = np.sqrt(wanted * (1 - wanted) / len(draws))
        assert abs((draws == k).mean() - wanted) <= SIGMAS * spread
    train = np.bincount(cycle // generator.cycles - 1, minlength=n)[:n] - p
    lagged = [np.mean(train[:-lag] * train[lag:]) / (p * (1 - p)) for lag in (1, 2, 3, 7, 64)]
    assert np.abs(lagged).max() <= SIGMAS / np.sqrt(n - 64)
    power = np.abs(np.fft.rfft(train)[1:-1]) ** 2 / (len(cycle) * (1 - p))
    bands = power[: len(power) // 16 * 16].reshape(16, -1)
    assert np.abs(bands.mean(axis=1) - 1).max() <= SIGMAS / np.sqrt(bands.shape[1])
    count = np.bincount(label, minlength=256)
    chi = ((count - count.mean()) ** 2).sum() / count.mean()
    assert abs(chi - 255) <= SIGMAS * np.sqrt(2 * 255)


@given(size=st.integers(1, 256), total=st.floats(2e-5, 150.0), seed=st.integers(0, 2**32 - 1))
def test_registers_for_a_rate_are_the_closest_or_close(size, total, seed):
    names = background.names_of(size)
    assert size <= names < 2 * size
    generator = Generator.for_sources(size, total / names, seed)
    assert generator.mask == names - 1 and generator.poisson and generator.seed == seed
    rates = np.array([replace(generator, rate=r).mean_rate for r in range(256)])
    assert abs(generator.mean_rate / total - 1) <= max(0.01, np.abs(rates / total - 1).min()) + 1e-9
    if total < 10:
        assert abs(generator.mean_rate / total - 1) <= 0.01 + 1e-9
        assert generator.rate < 64


def test_more_than_one_event_each_cycle_is_refused():
    with pytest.raises(ValueError, match="512 events per µs, one generator sends 250"):
        Generator.for_sources(256, 2.0, 1)


# --- through the registers ------------------------------------------------------------------------

NUMBER = 6  # the generator of bus 2 of the bottom
SELECT = 3


def registers(**changes):
    arrays = {name: a.copy() for name, a in ChipConfig.default().to_dict().items()}
    settings = {
        "background_enable": (NUMBER, True),
        "background_poisson": (NUMBER, True),
        "background_period": (NUMBER, 4),
        "background_rate": (NUMBER, 31),
        "background_seed": (NUMBER, 99),
        "background_mask": (NUMBER, 3),
        "background_label": (NUMBER, SELECT << 6 | 4),
        "crossbar_mask": ((12 + NUMBER, slice(None)), 0),
        "crossbar_target": ((12 + NUMBER, slice(None)), 0),
        "padi_enable": (slice(None), True),
        "driver_enable": ((1, 4 * SELECT + 2), True),
        "row_mode": ((1, 8 * SELECT + 4), RowMode.EXCITATORY),
        "synapse_weight": ((1, 8 * SELECT + 4, slice(0, 4)), [1, 2, 3, 4]),
        "synapse_label": ((1, 8 * SELECT + 4, slice(0, 4)), [4, 5, 6, 9]),
        **changes,
    }
    for name, (index, value) in settings.items():
        arrays[name][index] = value
    return ChipConfig(**arrays)


FIRST = np.array([256, 257, 258, 259])


def hits(config):
    found = follow([config], FpgaRouting.none(), FIRST, n_sources=10)
    column = found.synapse % 256
    return sorted(zip(found.source.tolist(), column.tolist(), strict=True))


def test_events_reach_the_synapses_with_their_label():
    # inputs 10 to 13 are labels 4 to 7; no synapse listens to 7, and none sends 9
    assert BackgroundInputs([registers()]).label.tolist() == [SELECT << 6 | k for k in range(4, 8)]
    assert hits(registers()) == [(10, 0), (11, 1), (12, 2)]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"background_enable": (NUMBER, False)}, []),
        ({"background_label": (NUMBER, SELECT << 6 | 8)}, [(11, 3)]),
        ({"background_label": (NUMBER, 2 << 6 | 4)}, []),
        ({"background_mask": (NUMBER, 1)}, [(10, 0), (11, 1)]),
        ({"background_mask": (NUMBER, 0)}, [(10, 0)]),
        ({"crossbar_target": ((12 + NUMBER, 6), 1)}, []),
        ({"crossbar_mask": ((12 + NUMBER, 6), 1)}, [(10, 0), (12, 2)]),
        ({"padi_enable": ((1, 2), False)}, []),
        ({"driver_enable": ((1, 4 * SELECT + 2), False)}, []),
    ],
)
def test_a_wrong_register_is_a_wrong_spike(change, wanted):
    assert hits(registers(**change)) == wanted


def test_a_generator_reaches_no_bus_but_its_own():
    wrong = {"driver_enable": (slice(None), True), "row_mode": (slice(None), RowMode.BOTH)}
    wrong["synapse_weight"] = (slice(None), 1)
    wrong["synapse_label"] = (slice(None), 4)
    found = follow([registers(**wrong)], FpgaRouting.none(), FIRST, n_sources=10)
    array, row = np.divmod(found.synapse // 256, 256)
    assert set(array.tolist()) == {1}
    assert set((row // 2 % 4).tolist()) == {2}
    assert set((row // 8).tolist()) == {SELECT}


def test_links_count_the_events():
    config = registers()
    passed = {c.link: c for c in crossings([config], FpgaRouting.none(), FIRST, n_sources=10)}
    assert passed[Link.BUS].port.tolist() == [6] * 4
    assert passed[Link.BUS].source.tolist() == [10, 11, 12, 13]
    assert passed[Link.TO_FPGA].port.tolist() == [2] * 4
    assert len(passed[Link.OUTPUT].source) == len(passed[Link.FROM_FPGA].source) == 0


def test_tables_have_the_inputs_and_the_latency_of_the_crossbar():
    step = np.full((512, 2), 0.5)
    arguments = [registers()], FpgaRouting.none(), FIRST, 10, step, LATENCY
    table = connect(*arguments).synapses
    assert table.n_sources == 14
    assert np.diff(table.indptr)[10:].tolist() == [1, 1, 1, 0]
    assert table.amplitude.tolist() == [0.5, 1.0, 1.5]
    assert set(table.delay.tolist()) == {LATENCY[0]}
    linked = connect_by_links(*arguments, Timing.of_latency(0.1, LATENCY))
    np.testing.assert_array_equal(linked.synapses.amplitude, table.amplitude)
    assert sorted(set(linked.ways.source.tolist())) == [10, 11, 12, 13]


@pytest.mark.parametrize("timestep", [0.1, 0.01, 0.007])
def test_input_events_of_pieces_are_those_of_the_whole(timestep):
    # both hemispheres with the same registers, so the same events
    both = {
        name: ([2, NUMBER], getattr(registers(), name)[NUMBER])
        for name in ChipConfig.default().to_dict()
        if name.startswith("background")
    }
    inputs = BackgroundInputs([registers(**both)])
    assert inputs.number.tolist() == [2] * 4 + [NUMBER] * 4
    none = InputEvents.none()
    whole = inputs.events(0, 500, timestep, 7, none)
    cuts = [0, 1, 3, 130, 131, 500]
    parts = [
        inputs.events(a, b, timestep, 7, none) for a, b in zip(cuts[:-1], cuts[1:], strict=True)
    ]
    np.testing.assert_array_equal(np.concatenate([p.step for p in parts]), whole.step)
    np.testing.assert_array_equal(np.concatenate([p.source for p in parts]), whole.source)
    one, other = (np.flatnonzero((whole.source >= k) & (whole.source < k + 4)) for k in (7, 11))
    np.testing.assert_array_equal(whole.step[one], whole.step[other])
    np.testing.assert_array_equal(whole.source[one] + 4, whole.source[other])
    cycle, label = Generator.of(registers(), NUMBER).events(0, int(500 * timestep * 250))
    step = np.rint(cycle / (250 * timestep))
    np.testing.assert_array_equal(whole.step[one], step[step < 500])
    np.testing.assert_array_equal(whole.source[one], 7 + (label[step < 500] & 3))
    assert len(one) > 5


def test_events_of_the_host_stay():
    host = InputEvents([0, 5, 5, 90], [1, 0, 1, 2])
    assert BackgroundInputs([]).events(0, 100, 0.1, 3, host) is host
    both = BackgroundInputs([registers()]).events(0, 100, 0.1, 3, host)
    mine = both.source < 3
    assert both.step[mine].tolist() == [0, 5, 5, 90]
    assert both.source[mine].tolist() == [1, 0, 1, 2]
    assert (~mine).sum() > 5
