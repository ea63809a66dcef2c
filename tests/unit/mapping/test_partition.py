"""Neurons exchange places, and fewer connections cross."""

import numpy as np
import pytest
from builders import network, population, projection
from connections import assert_as_asked

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim.mapping import map_network, weights
from pynn_bss2sim.mapping.partition import crossing, exchanged
from pynn_bss2sim.mapping.place import place, split_rows


def communities(n=1536, degree=30, seed=0):
    """Three groups, one neuron of each in turn, connected within."""
    rng = np.random.default_rng(seed)
    post = np.repeat(np.arange(n), degree)
    pre = rng.integers(0, n // 3, len(post)) * 3 + post % 3
    return network(population(n), projection(pre, post, 0.1))


def test_communities_come_onto_chips_of_their_own():
    joined = weights.join(communities())
    start = place(np.ones(1536, np.int64))
    result = exchanged(joined, start, start.count, 0)
    assert sorted(result.circuit) == sorted(start.circuit)
    assert crossing(joined, start.chip) > 0.6 * len(joined)
    assert crossing(joined, result.chip) < 0.1 * len(joined)
    again = exchanged(joined, start, start.count, 0)
    assert np.array_equal(again.circuit, result.circuit)


def test_only_neurons_of_one_size_exchange():
    joined = weights.join(communities())
    count = np.where(np.arange(1536) % 5 == 0, 2, 1)
    start = place(count)
    result = exchanged(joined, start, count, 0)
    assert not np.array_equal(result.circuit, start.circuit)
    for size in (1, 2):
        assert sorted(result.circuit[count == size]) == sorted(start.circuit[count == size])


def test_what_cannot_be_better_stays():
    n = 1024
    post = np.repeat(np.arange(n), 4)
    pre = post // 512 * 512 + np.arange(len(post)) * 7 % 512
    joined = weights.join(network(population(n), projection(pre, post, 0.1)))
    start = place(np.ones(n, np.int64))
    assert exchanged(joined, start, start.count, 0) is start


def test_moved_neurons_keep_their_connections_and_parameters():
    net = communities(degree=20)
    cells = population(1536, v_rest=np.linspace(-70, -60, 1536))
    net = network(cells, *net.projections)
    mapping = map_network(net, ChipModel.quantized())
    assert not np.array_equal(mapping.placement.circuit, np.arange(1536))
    assert_as_asked(mapping)
    assert mapping.parameters[0]["v_rest"] == pytest.approx(np.linspace(-70, -60, 1536), abs=0.1)


@pytest.mark.parametrize(
    ("rows", "circuits"),
    [
        ([[0, 0]], [1]),
        ([[256, 0]], [1]),
        ([[128, 128], [100, 100]], [1, 1]),
        ([[200, 56], [56, 200]], [1, 4]),
        ([[257, 0]], [2]),
        ([[256, 1]], [2]),
    ],
)
def test_rows_are_divided_between_the_lines(rows, circuits):
    found = split_rows(np.array(rows))
    assert sum(found) <= sum(circuits)
    most = max(found)
    assert all(sum(pair) <= 256 * n for pair, n in zip(rows, found, strict=True)), most
