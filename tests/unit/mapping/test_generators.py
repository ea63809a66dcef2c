"""Spike sources on background generators: registers, routing and their check."""

from dataclasses import replace

import numpy as np
import pytest
from builders import network, population, projection
from connections import same_table
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_bss2sim._core.background import Generator
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.event_path import Path
from pynn_bss2sim.mapping import OnChip, PlacementError, Sources, connectivity, map_network
from pynn_bss2sim.mapping.check import problems

EXACT = ChipModel.ideal(routing="real")


def on_generators(n, sizes, chance=0.2, host=0, recurrent=0.0, seed=0, rate=0.01):
    """`n` neurons with input of generators, excitatory and inhibitory in turn, and of others."""
    rng = np.random.default_rng(seed)
    parts, first = [population(n)], n
    for k, size in enumerate(sizes):
        pre, post = np.nonzero(rng.random((size, n)) < chance)
        weight = rng.uniform(0.1, 0.2, len(pre)) * (-1) ** k
        parts += [
            Sources(f"bg{k}", size, OnChip(rate * (k + 1), 10 + k)),
            projection(first + pre, post, weight, line=k % 2, label=f"from bg{k}"),
        ]
        first += size
    if host:
        pre, post = np.nonzero(rng.random((host, n)) < chance)
        parts += [Sources("host", host), projection(first + pre, post, 0.1, label="from host")]
    pre, post = np.nonzero(rng.random((n, n)) < recurrent)
    return network(*parts, projection(pre, post, 0.1, label="recurrent"))


@settings(max_examples=25)
@given(
    n=st.integers(1, 60),
    sizes=st.lists(st.sampled_from([1, 3, 20, 64, 65, 128, 130, 256]), min_size=1, max_size=4),
    chance=st.sampled_from([0.02, 0.2, 0.5]),
    host=st.sampled_from([0, 30]),
    recurrent=st.sampled_from([0.0, 0.1, 0.5]),
    seed=st.integers(0, 100),
)
def test_what_is_asked_for_arrives_by_the_generators(n, sizes, chance, host, recurrent, seed):
    net = on_generators(n, sizes, chance, host, recurrent, seed)
    # large populations leave no drivers for others: what is lost is declared lost
    mapping = map_network(net, ChipModel.quantized(), check=True, on_loss="ignore")
    routing = mapping.routing
    of_generators = routing.generators.population[mapping.evidence.joined.pre] >= 0
    assert (routing.path[of_generators & ~routing.lost] == Path.DIRECT).all()
    assert not routing.lost[of_generators].any() or chance == 0.5
    assert mapping.lost == 0 or sum(sizes) > 200


@pytest.mark.parametrize("n", [200, 700])
def test_each_array_has_a_generator_for_whom_it_needs(n):
    # neurons of all outputs and both halves beside generators of all sizes, on up to two chips
    net = on_generators(n, [200, 64, 20, 130], chance=0.05, host=20, recurrent=0.02)
    mapping = map_network(net, EXACT, check=True, on_loss="raise")
    assert (np.bincount(mapping.routing.path, minlength=4)[: 3 if n < 256 else 4] > 0).all()
    # whoever has synapses in an array has one generator there
    array = mapping.placement.chip * 2 + mapping.placement.row
    joined = mapping.evidence.joined
    asked = mapping.routing.generators.population[joined.pre]
    wanted = {(int(a), int(k)) for a, k in zip(array[joined.post], asked, strict=True) if k >= 0}
    chip, number = np.nonzero(mapping.routing.served >= 0)
    population_of = mapping.routing.served[chip, number]
    found = list(zip((2 * chip + number // 4).tolist(), population_of.tolist(), strict=True))
    assert len(found) == len(set(found)) and set(found) == wanted


def test_generators_of_one_population_send_the_same():
    mapping = map_network(on_generators(600, [100, 30]), ChipModel.quantized(), on_loss="raise")
    served = mapping.routing.served
    for k in range(2):
        generators = [
            replace(Generator.of(mapping.configs[chip], number), label=0)
            for chip, number in np.argwhere(served == k)
        ]
        assert len(generators) == 3
        assert generators[0] == mapping.routing.generators.generator[k]
        assert len(set(generators)) == 1
    enabled = np.stack([config.background_enable for config in mapping.configs])
    np.testing.assert_array_equal(enabled, served >= 0)


def test_neurons_with_many_inputs_of_one_bus_get_more_circuits():
    mapping = map_network(on_generators(3, [256], chance=1.0), ChipModel.quantized(), check=True)
    assert mapping.lost == 0
    # 64 rows of a bus in each column
    assert mapping.placement.count.tolist() == [4, 4, 4]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: on_generators(n, [20] * 5), "bg0, bg1, bg2, bg3, bg4: 5 populations.*has 4"),
        (lambda n: on_generators(n, [257]), "bg0: 257 sources.*256; make several"),
        (lambda n: on_generators(n, [256], rate=1.0), "bg0: 256 events per µs.*sends 250"),
        (lambda n: on_generators(n, [2], rate=1e-6), "bg0: 2e-06 events per µs.*1.49e-05 or more"),
    ],
)
def test_too_many_or_too_fast_is_refused(change, message):
    with pytest.raises(PlacementError, match=message):
        map_network(change(10), ChipModel.quantized())


def test_too_many_synapses_for_a_bus_are_refused():
    # as the chip is full, neurons cannot have the circuits that they would need
    net = on_generators(400, [256], chance=1.0)
    with pytest.raises(PlacementError, match="bg0: its synapses need .* drivers of one bus in the"):
        map_network(net, ChipModel.quantized(chips=1))


def test_a_change_of_registers_maps_anew_and_nothing_else_does():
    before = map_network(on_generators(20, [20]), ChipModel.quantized())
    again = map_network(on_generators(20, [20]), ChipModel.quantized(), previous=before)
    assert again.routing is before.routing
    faster = map_network(on_generators(20, [20], rate=0.02), ChipModel.quantized(), previous=before)
    assert faster.routing is not before.routing
    assert faster.background.rate[0] == pytest.approx(0.02, rel=0.01)


def test_lifted_routing_needs_no_generator():
    mapping = map_network(on_generators(20, [257] * 6), ChipModel.ideal())
    assert len(mapping.background) == 0 and mapping.synapses.n_sources == 20 + 6 * 257


def test_the_report_tells_rates_and_counts_generators():
    mapping = map_network(on_generators(10, [20, 100]), ChipModel.quantized())
    report = mapping.report
    table = next(s for s in report.sections if s.name == "generators").tables[0]
    for k, row in enumerate(table.rows):
        label, size, used, asked, realised, error, seed, period, rate = row
        assert (label, size, used, seed) == (f"bg{k}", (20, 100)[k], 1, 10 + k)
        names = (32, 128)[k]
        assert realised == pytest.approx(250e3 * (rate + 1) / 256 / (period + 1) / names)
        assert asked == pytest.approx(10 * (k + 1)) and abs(error) < 1
        assert error == pytest.approx(100 * (realised / asked - 1))
    usage = {u.name: u.used for u in report.usage[0].resources}
    assert usage["generators"] == 2
    # the registers alone tell how many events their buses carry
    rates = {link.name: link for link in report.rates.links}
    chip, number = np.argwhere(mapping.routing.served == 1)[0]
    bus = rates[f"chip {chip}, top bus {number}"]
    assert bus.rate == pytest.approx(128 * table.rows[1][4])


# --- the check and the registers ------------------------------------------------------------------


@pytest.fixture(scope="module")
def mapping():
    return map_network(on_generators(40, [20, 130], host=10), ChipModel.quantized())


def with_register(mapping, name, index, value):
    values = mapping.configs[0].to_dict()
    array = values[name].copy()
    array[index] = value
    return replace(mapping, configs=(ChipConfig(**{**values, name: array}),))


def connections(mapping):
    return connectivity.read_back(
        mapping.chip,
        mapping.configs,
        mapping.routing.fpga,
        mapping.placement,
        mapping.network.n_sources,
        mapping.network.timestep,
        mapping.lifted,
    ).synapses


def test_each_register_of_a_generator_is_noticed(mapping):
    assert not problems(mapping)
    number = int(np.flatnonzero(mapping.routing.served[0] == 1)[0])
    idle = int(np.flatnonzero(mapping.routing.served[0] < 0)[0])
    config = mapping.configs[0]
    label, mask = int(config.background_label[number]), int(config.background_mask[number])
    assert mask == 255
    wrong = {
        "background_enable": (number, False),
        "background_poisson": (number, False),
        "background_period": (number, 60_000),
        "background_rate": (number, 255),
        "background_seed": (number, 4),
        "background_mask": (number, 127),
        "background_label": (number, label ^ 1 << 8),
        "crossbar_target": ((12 + number, number), 1),
        "padi_enable": (divmod(number, 4), False),
    }
    for name, (index, value) in wrong.items():
        assert problems(with_register(mapping, name, index, value)), name
    assert "serves no population" in " ".join(
        problems(with_register(mapping, "background_enable", idle, True))
    )
    for name in ("background_mask", "background_label", "crossbar_target", "padi_enable"):
        changed = connections(with_register(mapping, name, *wrong[name]))
        assert not same_table(changed, mapping.synapses), name
    # what a generator sends besides the names of its population reaches nobody
    first = mapping.network.n_sources + int(mapping.background.number.searchsorted(number))
    unused = mapping.background.label[mapping.background.number == number] % 256 >= 130
    synapses = np.diff(mapping.synapses.indptr)[first : first + 256]
    assert unused.sum() == 126 and not synapses[unused].any()
    assert synapses[~unused].sum() > 500
