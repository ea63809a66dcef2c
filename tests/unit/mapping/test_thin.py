"""What is lost where not all fits: hardly more than must be, and by chance."""

import numpy as np
import pytest
from builders import network, population, projection
from claims import claim
from connections import assert_as_asked
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim.mapping import Sources, map_network
from pynn_bss2sim.mapping.check import problems
from pynn_bss2sim.mapping.thin import divided

#: Part of all connections that may be lost beyond those that cannot be had.
BEYOND = claim("loss_beyond")


def must_be_lost(mapping):
    """Connections of one synapse each that no routing of this placement can have."""
    placement, joined = mapping.placement, mapping.evidence.joined
    array = placement.chip * 2 + placement.row
    rows = labels = 0
    for one in np.unique(array):
        here = array[joined.post] == one
        # rows: each of 256 serves one line in all columns; try all divisions
        circuits = placement.count[array == one][:, None]
        pair = np.bincount(joined.slot[here], minlength=2 * len(array)).reshape(-1, 2)[array == one]
        first = np.arange(chip.ROWS + 1)
        over = np.maximum(0, pair[:, :1] - first * circuits)
        over += np.maximum(0, pair[:, 1:] - (chip.ROWS - first) * circuits)
        rows += over.sum(axis=0).min()
        # labels: 64 for each driver; the sources with the fewest connections go without
        sizes = np.sort(np.unique(joined.pre[here], return_counts=True)[1])
        labels += sizes[: max(0, len(sizes) - chip.DRIVERS * chip.LABELS)].sum()
    return max(rows, labels)


def overfull(seed, n, n_external, recurrent, external, excitatory=0.8):
    """Neurons of both signs and external sources with these connection probabilities."""
    rng = np.random.default_rng(seed)

    def wires(n_pre, first, probability, **kind):
        pre, post = np.nonzero(rng.random((n_pre, n)) < probability)
        return projection(pre + first, post, **kind)

    n_exc = int(excitatory * n)
    return network(
        population(n),
        Sources("in", n_external),
        wires(n_exc, 0, recurrent, weight=0.1, label="excitation"),
        wires(n - n_exc, n_exc, recurrent, weight=-0.4, line=1, label="inhibition"),
        wires(n_external, n, external, weight=0.1, label="input"),
    )


@settings(max_examples=15)
@given(
    st.integers(0, 2**31),
    st.integers(1, 512),
    st.integers(0, 3000),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_hardly_more_is_lost_than_must_be(seed, n, n_external, recurrent, external, excitatory):
    external *= 400 / max(400, n_external)
    net = overfull(seed, n, n_external, recurrent, external, excitatory)
    mapping = map_network(net, ChipModel.quantized(chips=1), on_loss="ignore")
    assert mapping.lost - must_be_lost(mapping) <= BEYOND * len(mapping.evidence.joined)
    assert_as_asked(mapping)


@pytest.mark.parametrize(
    ("n_external", "recurrent", "external"),
    [(0, 0.6, 0.0), (0, 1.0, 0.0), (1024, 0.0, 0.3), (4096, 0.0, 0.07), (512, 0.4, 0.4)],
)
def test_full_chips_lose_hardly_more_than_they_must(n_external, recurrent, external):
    net = overfull(1, 512, n_external, recurrent, external)
    mapping = map_network(net, ChipModel.quantized(chips=1), on_loss="ignore")
    must = must_be_lost(mapping)
    assert 0 < must <= mapping.lost <= must + BEYOND * len(mapping.evidence.joined)
    assert_as_asked(mapping)


def test_chance_decides_what_is_lost():
    # rows for 256 of 400 sources of each neuron, in three projections of different size
    n, sizes = 512, (40, 120, 240)
    rng = np.random.default_rng(0)
    pre, post = np.meshgrid(n + rng.permutation(400), np.arange(n))
    part = np.searchsorted(np.cumsum(sizes), pre - n, side="right")
    wires = [projection(pre[part == k], post[part == k], 0.1, label=str(k)) for k in range(3)]
    net = network(population(n), Sources("in", 400), *wires)
    mapping = map_network(net, ChipModel.quantized(chips=1, seed=3), on_loss="ignore")
    share = 1 - 256 / 400
    assert mapping.lost == round(share * 400 * n)
    for p in mapping.report.projections:
        # a hypergeometric number is lost at each neuron
        deviation = np.sqrt(p.asked * share * (1 - share))
        assert abs(p.lost - share * p.asked) < 4 * deviation
    lost = np.concatenate([np.isnan(w) for w in mapping.weights])
    sources = np.concatenate([w.pre for w in wires])[lost] - n
    each = np.bincount(sources, minlength=400)
    deviation = np.sqrt(n * share * (1 - share))
    assert np.abs(each - share * n).max() < 5 * deviation
    assert each.std() == pytest.approx(deviation, rel=0.2)
    neurons = np.concatenate([w.post for w in wires])[lost]
    assert (np.bincount(neurons) == 400 - 256).all()


def test_connections_of_several_synapses_are_lost_as_a_whole():
    weight = np.tile([0.067, 0.001], 200)
    wires = projection(512 + np.arange(400), 0, weight)
    net = network(population(512, coba=True, cm=0.2), Sources("in", 400), wires)
    mapping = map_network(net, ChipModel.quantized(chips=1), on_loss="ignore")
    rows = mapping.evidence.synapses
    kept = ~np.isnan(mapping.weights[0])
    assert rows.max() > 1
    assert chip.ROWS - rows.max() < rows[kept].sum() <= chip.ROWS
    assert mapping.weights[0][kept] == pytest.approx(weight[kept], abs=5e-4)
    assert problems(mapping) == []


@pytest.mark.parametrize(
    ("needed", "rows"),
    [
        ([[256, 0]], [256, 0]),
        ([[300, 100]], [192, 64]),  # any division loses 144: both lines lose the same share
        ([[100, 156], [100, 156]], [100, 156]),
        ([[200, 0], [0, 200], [0, 200]], [56, 200]),  # the fewest are lost
    ],
)
def test_rows_are_divided_so_that_few_are_lost(needed, rows):
    needed = np.array(needed)
    ones = np.ones(len(needed), np.int64)
    assert divided(needed, ones, 0 * ones).tolist() == [rows]
