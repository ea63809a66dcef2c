"""Routing: what the registers connect is what was asked for."""

import logging
import os

import numpy as np
import pytest
from builders import network, population, projection
from connections import asked, assert_as_asked, emulated
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.event_path import Path
from pynn_bss2sim.mapping import RoutingError, Sources, map_network
from pynn_bss2sim.mapping.check import problems

QUANTIZED = ChipModel.quantized()
MODELS = [
    QUANTIZED,
    ChipModel.quantized(weights="exact"),
    ChipModel.quantized(delays="asked"),
    ChipModel.quantized(parameters="exact"),
    ChipModel.ideal(routing="real"),
]


def pairs(rng, n_pre, n_post, probability, first_pre=0, first_post=0):
    pre, post = np.nonzero(rng.random((n_pre, n_post)) < probability)
    return pre + first_pre, post + first_post


def random_network(seed, n, n_external, probability, excitatory=0.8, spread=1.0):
    """Neurons of both signs and external sources, with weights of different size."""
    rng = np.random.default_rng(seed)
    n_excitatory = int(n * excitatory)

    def wires(n_pre, first, size, **kind):
        pre, post = pairs(rng, n_pre, n, probability, first)
        return projection(pre, post, size * rng.uniform(1, spread, len(pre)), **kind)

    return network(
        population(n),
        Sources("in", n_external),
        wires(n_excitatory, 0, 0.1, label="excitation"),
        wires(n - n_excitatory, n_excitatory, -0.4, line=1, label="inhibition"),
        wires(n_external, n, 0.3, label="input"),
    )


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**31),
    st.integers(1, 700),
    st.integers(0, 300),
    st.floats(0, 0.3),
    st.floats(0, 1),
    st.floats(1, 40),
    st.sampled_from(MODELS),
)
def test_emulated_connections_are_those_asked_for(
    seed, n, n_external, probability, excitatory, spread, chip
):
    net = random_network(seed, n, n_external, probability, excitatory, spread)
    mapping = map_network(net, chip, on_loss="raise")
    assert_as_asked(mapping)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**31),
    st.integers(1, 40),
    st.integers(0, 40),
    st.floats(0, 1),
    st.sampled_from(MODELS),
)
def test_the_independent_check_agrees(seed, n, n_external, probability, chip):
    net = random_network(seed, n, n_external, probability, spread=20.0)
    map_network(net, chip, on_loss="raise", check=True)


def dense(net_sizes, connect, weight):
    """Populations of these sizes, each connected with itself and all others by `connect`."""
    first = np.concatenate([[0], np.cumsum(net_sizes)])
    wires = []
    for a, n_pre in enumerate(net_sizes):
        for b, n_post in enumerate(net_sizes):
            pre, post = connect(n_pre, n_post)
            wires.append(projection(first[a] + pre, first[b] + post, weight, label=f"{a} to {b}"))
    return network(*(population(n, label=str(n)) for n in net_sizes), *wires)


def all_to_all(n_pre, n_post):
    return np.divmod(np.arange(n_pre * n_post), n_post)


def one_to_one(n_pre, n_post):
    return (np.arange(min(n_pre, n_post)),) * 2


sizes = st.lists(st.integers(1, 256), min_size=1, max_size=3).filter(lambda n: sum(n) <= 256)


@settings(max_examples=20)
@given(sizes, st.sampled_from([all_to_all, one_to_one]), st.sampled_from([0.1, 5.0]))
def test_populations_within_limits_are_connected_in_full(sizes, connect, weight):
    mapping = map_network(dense(sizes, connect, weight), QUANTIZED, on_loss="raise")
    assert_as_asked(mapping)


@settings(max_examples=10)
@given(st.integers(0, 2**31), st.integers(1, 256), st.integers(1, 200), st.integers(1, 20))
def test_classifiers_are_routed_in_full(seed, inputs, hidden, outputs):
    rng = np.random.default_rng(seed)
    n = hidden + outputs
    layers = [(n, inputs, 0, hidden), (0, hidden, hidden, outputs)]
    wires = []
    for first_pre, n_pre, first_post, n_post in layers:
        pre, post = all_to_all(n_pre, n_post)
        weight = rng.normal(0, 0.2, len(pre))
        for line, chosen in enumerate((weight > 0, weight < 0)):
            wires.append(
                projection(
                    first_pre + pre[chosen], first_post + post[chosen], weight[chosen], line=line
                )
            )
    net = network(population(n), Sources("pixels", inputs), *wires)
    assert_as_asked(map_network(net, QUANTIZED, on_loss="raise"))


@pytest.mark.slow
@settings(max_examples=int(os.environ.get("ROUTED_NETWORKS", "200")))
@given(
    st.integers(0, 2**31),
    st.integers(1, 100),
    st.lists(st.integers(1, 100), max_size=3),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(1, 40),
    st.booleans(),
)
def test_networks_that_fit_are_routed_in_full(seed, n, external, filled, excitatory, spread, coba):
    """Up to four fifths of the rows, weights of several synapses, several kinds of sources.

    The environment variable ROUTED_NETWORKS says how many; 2000 take four minutes.
    """
    rng = np.random.default_rng(seed)
    total = n + sum(external)
    probability = min(1.0, 0.8 * 256 * filled / total)
    pre, post = np.nonzero(rng.random((total, n)) < probability)
    weight = (0.02 if coba else 0.4) * rng.uniform(1 / spread, 1, len(pre))
    inhibits = (pre >= excitatory * n) & (pre < n)
    net = network(
        population(n, coba=coba),
        *(Sources(str(k), size) for k, size in enumerate(external)),
        projection(pre[~inhibits], post[~inhibits], weight[~inhibits], label="excitation"),
        projection(
            pre[inhibits], post[inhibits], (1 if coba else -1) * weight[inhibits], 1.0, 1,
            label="inhibition",
        ),
    )  # fmt: skip
    mapping = map_network(net, QUANTIZED, on_loss="raise")
    assert_as_asked(mapping)


def test_what_is_compared_would_show_a_lost_synapse():
    mapping = map_network(random_network(0, 20, 5, 0.5), QUANTIZED)
    keys, sizes = emulated(mapping.synapses)
    assert len(keys) > 100
    assert np.array_equal(keys, asked(mapping)[0])
    assert len(np.unique(sizes)) > 1


@pytest.mark.parametrize("n", [1, 64, 128, 256])
def test_all_to_all_stays_on_the_chip(n):
    pre, post = np.divmod(np.arange(n * n), n)
    mapping = map_network(network(population(n), projection(pre, post, 0.1)), QUANTIZED)
    assert mapping.lost == 0
    assert_as_asked(mapping)
    assert (mapping.routing.path == Path.DIRECT).all()
    assert mapping.report.chips == 1


def test_more_neurons_than_rows_all_to_all_use_every_synapse_of_two_chips():
    n = 512
    pre, post = np.divmod(np.arange(n * n), n)
    mapping = map_network(network(population(n), projection(pre, post, 0.1)), QUANTIZED)
    assert (mapping.lost, mapping.report.chips) == (0, 2)
    assert sum(int((config.synapse_weight > 0).sum()) for config in mapping.configs) == n * n
    assert_as_asked(mapping)


def test_one_source_for_each_neuron_of_a_chip():
    each = np.arange(512)
    net = network(population(512), Sources("in", 512), projection(512 + each, each, 0.1))
    mapping = map_network(net, QUANTIZED)
    assert (mapping.lost, mapping.report.chips) == (0, 1)
    assert (mapping.routing.path == Path.HOST).all()
    assert len(mapping.routing.fpga.host_source) == 512
    assert_as_asked(mapping)


@pytest.mark.parametrize("sources", [256, 512, 4096])
def test_inputs_that_use_four_fifths_of_all_rows_are_not_lost(sources):
    rng = np.random.default_rng(sources)
    pre, post = pairs(rng, sources, 512, 0.8 * 256 / sources, 512)
    net = network(population(512), Sources("in", sources), projection(pre, post, 0.1))
    mapping = map_network(net, QUANTIZED)
    assert mapping.lost == 0
    assert_as_asked(mapping)


def test_recurrent_networks_that_use_four_fifths_of_all_rows_are_not_lost():
    mapping = map_network(random_network(3, 512, 0, 0.4), QUANTIZED)
    assert (mapping.lost, mapping.report.chips) == (0, 1)
    assert_as_asked(mapping)
    way = np.bincount(mapping.routing.path, minlength=4)
    assert way[Path.DIRECT] > 0.9 * way.sum()
    assert way[Path.LOOP] > 0


def test_ways_have_their_latencies():
    n = 600  # two chips
    each = np.arange(n)
    net = network(
        population(n),
        Sources("in", 1),
        projection(each, (each + 1) % n, 0.1, label="ring"),
        projection(n, each, 0.1, label="in"),
    )
    mapping = map_network(net, QUANTIZED)
    ring, into = mapping.delays
    assert set(np.round(into, 9)) == {0.4}
    crossing = np.isin(each, [511, 599])
    assert np.round(ring[crossing], 9).tolist() == [1.3, 1.3]
    assert set(np.round(ring[~crossing], 9)) == {0.2}  # 0.15 in steps of 0.1
    table = mapping.synapses
    assert set(table.delay[table.indptr[n] :].tolist()) == {4}
    assert table.delay[table.indptr[511]] == 13


def test_parallel_connections_are_summed():
    wires = projection([0, 0, 0], [1, 1, 1], [0.1, 0.2, 0.3])
    mapping = map_network(network(population(2), wires), QUANTIZED)
    assert len(mapping.synapses) == 1
    gain = mapping.scaling.line_gain(np.array([1]))[0]
    assert mapping.synapses.amplitude[0] == pytest.approx(sum(mapping.weights[0]) * gain)


def test_too_many_sources_of_one_neuron_are_lost_fairly_and_reported(caplog):
    n = 6000
    net = network(
        population(1, label="sink"),
        Sources("a", n),
        Sources("b", n),
        projection(1 + np.arange(n), 0, 0.1, label="from a"),
        projection(1 + n + np.arange(n), 0, 0.1, label="from b"),
    )
    with caplog.at_level(logging.WARNING, "pynn_bss2sim.mapping"):
        mapping = map_network(net, QUANTIZED)
    # one array has 128 drivers, each of which tells 64 sources apart
    assert mapping.lost == 2 * n - 128 * 64
    assert_as_asked(mapping)
    assert problems(mapping) == []
    lost = [p.lost for p in mapping.report.projections]
    assert lost == [int(np.isnan(w).sum()) for w in mapping.weights]
    assert lost == pytest.approx([mapping.lost / 2] * 2, rel=0.1)
    for weight, delay in zip(mapping.weights, mapping.delays, strict=True):
        assert np.array_equal(np.isnan(weight), np.isnan(delay))
    assert f"from a: {lost[0]} of {n} connections lost" in caplog.text
    worst = "ab"[lost[1] > lost[0]]
    assert f"the most in from {worst}: {max(lost):,} of {n:,}." in mapping.report.headline[0]
    caplog.clear()
    map_network(net, QUANTIZED, mapping)
    map_network(net, QUANTIZED, on_loss="ignore")
    assert caplog.records == []
    with pytest.raises(RoutingError, match=rf"from a: {lost[0]} of {n} connections lost.*on_loss"):
        map_network(net, QUANTIZED, on_loss="raise")


def test_words_of_on_loss():
    with pytest.raises(ValueError, match="on_loss='perhaps': choose one of 'warn', 'raise'"):
        map_network(network(population(1)), QUANTIZED, on_loss="perhaps")


def test_crowded_neurons_are_spread_over_more_chips():
    rng = np.random.default_rng(4)
    pre, post = pairs(rng, 9000, 256, 0.015, 256)
    net = network(population(256), Sources("in", 9000), projection(pre, post, 0.1))
    mapping = map_network(net, QUANTIZED)
    assert len(np.unique(pre)) > 128 * 64
    assert mapping.lost == 0
    assert_as_asked(mapping)


def test_changed_weights_keep_the_routing():
    net = random_network(1, 100, 20, 0.3, spread=3.0)
    first = map_network(net, QUANTIZED)
    rng = np.random.default_rng(2)

    def rescaled(p):
        return projection(
            p.pre, p.post, p.weight * rng.uniform(0.1, 1, len(p.pre)), p.delay, p.line, p.label
        )

    softer = network(*net.populations, *net.sources, *map(rescaled, net.projections))
    second = map_network(softer, QUANTIZED, first)
    assert second.routing is first.routing
    assert_as_asked(second)
    for one, other in zip(first.configs, second.configs, strict=True):
        changed = {
            name
            for name, values in one.to_dict().items()
            if not np.array_equal(values, other.to_dict()[name])
        }
        assert "synapse_weight" in changed
        assert changed <= {"synapse_weight", "analog"}
    assert problems(second) == []


def test_changed_connections_are_routed_again():
    net = random_network(1, 30, 5, 0.3)
    first = map_network(net, QUANTIZED)
    p = net.projections[0]
    other = projection(p.pre, (p.post + 1) % 30, p.weight, label=p.label)
    second = map_network(
        network(*net.populations, *net.sources, other, *net.projections[1:]), QUANTIZED, first
    )
    assert second.routing is not first.routing
    assert_as_asked(second)


def test_routing_twice_gives_the_same():
    net = random_network(5, 600, 100, 0.1)
    one, other = map_network(net, QUANTIZED), map_network(net, QUANTIZED)
    assert [c.digest() for c in one.configs] == [c.digest() for c in other.configs]
    for name, values in vars(one.routing.fpga).items():
        assert np.array_equal(values, getattr(other.routing.fpga, name)), name


def test_lifted_routing_has_none():
    assert map_network(random_network(1, 10, 2, 0.5), ChipModel.ideal()).routing is None
