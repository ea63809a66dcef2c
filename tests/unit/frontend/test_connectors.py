"""Our connectors make what PyNN's generic loop makes, and what it fails to make."""

import numpy as np
import pytest
from pyNN import common, errors
from pyNN import connectors as pynn
from pyNN.core import IndexBasedExpression
from pyNN.random import NativeRNG, NumpyRNG, RandomDistribution
from pyNN.space import Grid2D

import pynn_bss2sim as sim
from pynn_bss2sim.collecting import as_copy

N = 9


class Checkerboard(IndexBasedExpression):
    """Half of the pairs with probability 1/2."""

    def __call__(self, i, j):
        return 0.5 * ((i + j) % 2)


def displacement(d):
    return np.exp(-abs(d[0]) - abs(d[1]))


PAIRS = np.random.RandomState(1).randint(0, N, (40, 2)).tolist()
MASK = np.random.RandomState(2).rand(N, N) < 0.5


def poisson(rng):
    return RandomDistribution("poisson", (4,), rng=rng)


CONNECTORS = {
    "all": lambda m, rng: m.AllToAllConnector(),
    "all but self": lambda m, rng: m.AllToAllConnector(allow_self_connections=False),
    "probability": lambda m, rng: m.FixedProbabilityConnector(0.3, rng=rng),
    "probability, no self": lambda m, rng: m.FixedProbabilityConnector(0.3, False, rng=rng),
    "one to one": lambda m, rng: m.OneToOneConnector(),
    "distance": lambda m, rng: m.DistanceDependentProbabilityConnector("exp(-d/2)", rng=rng),
    "distance, no self": lambda m, rng: m.DistanceDependentProbabilityConnector(
        "exp(-d/2)", False, rng=rng
    ),
    "index": lambda m, rng: m.IndexBasedProbabilityConnector(Checkerboard(), rng=rng),
    "displacement": lambda m, rng: m.DisplacementDependentProbabilityConnector(
        displacement, rng=rng
    ),
    "pre": lambda m, rng: m.FixedNumberPreConnector(4, rng=rng),
    "pre, no self": lambda m, rng: m.FixedNumberPreConnector(4, False, rng=rng),
    "pre, replaced": lambda m, rng: m.FixedNumberPreConnector(4, True, True, rng=rng),
    "pre, many": lambda m, rng: m.FixedNumberPreConnector(20, rng=rng),
    "pre, random": lambda m, rng: m.FixedNumberPreConnector(poisson(rng), True, True, rng=rng),
    "post": lambda m, rng: m.FixedNumberPostConnector(4, rng=rng),
    "post, no self": lambda m, rng: m.FixedNumberPostConnector(4, False, rng=rng),
    "post, replaced": lambda m, rng: m.FixedNumberPostConnector(4, True, True, rng=rng),
    "post, random": lambda m, rng: m.FixedNumberPostConnector(poisson(rng), True, True, rng=rng),
    "total": lambda m, rng: m.FixedTotalNumberConnector(30, rng=rng),
    "list": lambda m, rng: m.FromListConnector(PAIRS),
    "array": lambda m, rng: m.ArrayConnector(MASK),
}

WEIGHTS = {
    "constant": lambda rng: 0.1,
    "matrix": lambda rng: np.arange(float(N * N)).reshape(N, N),
    "distance": lambda rng: "0.1 + d",
    "function": lambda rng: lambda d: 0.1 + 0.01 * d,
    "index": lambda rng: Checkerboard(),
    **{
        name: lambda rng, name=name, p=p: RandomDistribution(name, p, rng=rng)
        for name, p in {
            "uniform": (0, 1),
            "normal": (5, 0.1),
            "normal_clipped": (0.5, 0.5, 0.2, 0.8),
            "normal_clipped_to_boundary": (1.0, 1.0, 0.5, 1.5),
            "exponential": (0.1,),
            "gamma": (2.0, 0.1),
            "lognormal": (1.0, 1.0),
            "poisson": (3.0,),
            "binomial": (10, 0.3),
            "uniform_int": (1, 9),
        }.items()
    },
}

#: PyNN's FromListConnector cannot evaluate these, or gives them a list position for a distance.
NOT_IN_LISTS = ("matrix", "index", "distance", "function")


def build(module, connector, weight, same):
    """Columns of a projection, and what its generator gives afterwards."""
    sim.setup()
    pre = sim.Population(N, sim.IF_cond_exp(), structure=Grid2D())
    post = pre if same else sim.Population(N, sim.IF_cond_exp(), structure=Grid2D())
    rng = NumpyRNG(seed=77)
    synapse = sim.StaticSynapse(
        weight=WEIGHTS[weight](rng), delay=RandomDistribution("uniform", (0.2, 1.0), rng=rng)
    )
    columns = sim.Projection(pre, post, CONNECTORS[connector](module, rng), synapse).columns
    return [columns[name] for name in ("pre", "post", "weight", "delay")] + [rng.next(3)]


CASES = [
    (connector, weight)
    for connector in CONNECTORS
    for weight in WEIGHTS
    if connector != "list" or weight not in NOT_IN_LISTS
]


@pytest.mark.parametrize(("connector", "weight"), CASES)
def test_same_as_pynn(connector, weight):
    same = CASES.index((connector, weight)) % 2 == 0
    for expected, ours in zip(
        build(pynn, connector, weight, same), build(sim, connector, weight, same), strict=True
    ):
        np.testing.assert_array_equal(ours, expected)


SYNAPSES = {
    "static": lambda: sim.StaticSynapse(weight=0.1, delay=0.3),
    "whole numbers": lambda: sim.StaticSynapse(weight=2, delay=1),
    "defaults": lambda: sim.StaticSynapse(),
    "depressing": lambda: sim.TsodyksMarkramSynapse(weight=0.1, U=0.4, tau_facil=0.0),
    "plastic": lambda: sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(),
        weight_dependence=sim.AdditiveWeightDependence(),
        weight=0.1,
    ),
}


@pytest.mark.parametrize("connector", CONNECTORS)
@pytest.mark.parametrize("synapse", SYNAPSES)
def test_same_as_pynn_for_constant_parameters(connector, synapse):
    projections = []
    for module in (pynn, sim):
        sim.setup()
        cells = sim.Population(N, sim.IF_cond_exp(), structure=Grid2D())
        made = CONNECTORS[connector](module, NumpyRNG(seed=77))
        made.safe = False  # PyNN's own checks know no initial states
        projections.append(sim.Projection(cells, cells, made, SYNAPSES[synapse]()))
    expected, ours = (p.columns for p in projections)
    assert ours.names == expected.names
    for name in ("pre", "post", *ours.names):
        np.testing.assert_array_equal(ours[name], expected[name])
        assert ours[name].dtype == expected[name].dtype


@pytest.mark.parametrize(
    "weight", [0.1, 0, 0.0, -0.1, 1, -2, np.float64(-0.1), "0.1 + d", "-0.1 - d", -np.ones((N, N))]
)
def test_receptor_by_the_sign_of_the_weight_as_pynn(weight):
    sim.setup()
    cells = sim.Population(N, sim.IF_curr_exp())
    synapse = sim.StaticSynapse(weight=weight)
    projection = sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
    ours = projection.receptor_type
    common.Projection._guess_receptor_type(projection)
    assert ours == projection.receptor_type


def test_generator_is_lent_even_where_drawing_fails():
    rng = NumpyRNG(seed=77)
    expected = NumpyRNG(seed=77).next(3)
    with pytest.raises(ZeroDivisionError), as_copy(rng) as lent:
        lent.next(5)
        raise ZeroDivisionError
    np.testing.assert_array_equal(rng.next(3), expected)


def test_no_mutual_connections_as_pynn():
    CONNECTORS["no mutual"] = lambda m, rng: m.FixedProbabilityConnector(0.9, "NoMutual", rng=rng)
    try:
        expected, ours = (build(m, "no mutual", "uniform", True) for m in (pynn, sim))
    finally:
        del CONNECTORS["no mutual"]
    assert len(ours[0]) and (ours[0] > ours[1]).all()
    for a, b in zip(expected, ours, strict=True):
        np.testing.assert_array_equal(a, b)


def test_blocks_do_not_matter(monkeypatch):
    whole = build(sim, "probability", "uniform", False)
    monkeypatch.setattr("pynn_bss2sim.connectors._BLOCK", 2 * N)
    for a, b in zip(whole, build(sim, "probability", "uniform", False), strict=True):
        np.testing.assert_array_equal(a, b)


def project(n_pre, n_post, connector, synapse=None, view=False):
    sim.setup()
    pre = sim.Population(n_pre + view, sim.IF_curr_exp(), label="pre")
    post = sim.Population(n_post + view, sim.IF_curr_exp(), label="post")
    if view:
        pre, post = pre[:n_pre], post[:n_post]
    return sim.Projection(pre, post, connector, synapse or sim.StaticSynapse(weight=0.1))


@pytest.mark.parametrize("view", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1)])
@pytest.mark.parametrize("safe_rng", [True, False])
def test_single_cells(shape, view, safe_rng):
    """With NumPy 2 several of PyNN's connectors fail on populations of one cell."""
    rng = NumpyRNG(seed=1, parallel_safe=safe_rng)
    n_pre, n_post = shape
    expected = {
        sim.AllToAllConnector(): n_pre * n_post,
        sim.OneToOneConnector(): 1,
        sim.FixedProbabilityConnector(1.0, rng=rng): n_pre * n_post,
        sim.FixedProbabilityConnector(0.0, rng=rng): 0,
        sim.FixedNumberPreConnector(1, rng=rng): n_post,
        sim.FixedNumberPreConnector(0, rng=rng): 0,
        sim.FixedNumberPostConnector(1, rng=rng): n_pre,
        sim.FixedNumberPostConnector(0, rng=rng): 0,
        sim.FixedTotalNumberConnector(5, rng=rng): 5,
        sim.DistanceDependentProbabilityConnector("d < 100", rng=rng): n_pre * n_post,
        sim.ArrayConnector(np.ones(shape, bool)): n_pre * n_post,
        sim.FromListConnector([(0, 0)]): 1,
        sim.FromListConnector([]): 0,
    }
    for connector, n in expected.items():
        for weight in (0.1, "0.1 + d", RandomDistribution("normal_clipped", (1, 1, 0, 2))):
            synapse = sim.StaticSynapse(weight=weight)
            assert len(project(n_pre, n_post, connector, synapse, view)) == n


def test_with_replacement_never_draws_the_cell_itself():
    """PyNN's redrawing fails when it hits the cell again, likely in small populations."""
    sim.setup()
    cells = sim.Population(2, sim.IF_curr_exp())
    for seed in range(20):
        connector = sim.FixedNumberPreConnector(5, False, True, rng=NumpyRNG(seed=seed))
        columns = sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=1.0)).columns
        assert (columns.pre != columns.post).all()
        assert len(columns) == 10


def test_no_partner_but_itself():
    sim.setup()
    cells = sim.Population(1, sim.IF_curr_exp(), label="lonely")
    for replace in (False, True):
        with pytest.raises(errors.ConnectionError, match="lonely.*partners other than itself"):
            sim.Projection(cells, cells, sim.FixedNumberPreConnector(1, False, replace))


@pytest.mark.parametrize("pair", [(0, 3), (3, 0), (-1, 0), (0, -1), (0.5, 0)])
def test_list_of_cells_that_do_not_exist(pair):
    with pytest.raises(errors.ConnectionError, match="pre→post.*numbered 0 to 2"):
        project(3, 3, sim.FromListConnector([(0, 0, 1.0, 1.0), (*pair, 1.0, 1.0)]))


def test_list_with_distance():
    projection = project(3, 3, sim.FromListConnector([(0, 2), (1, 1)]),
                         sim.StaticSynapse(weight="1 + d"))  # fmt: skip
    assert sorted(projection.get("weight", "list")) == [(0, 2, 3.0), (1, 1, 1.0)]


def test_file_of_one_connection(tmp_path):
    path = tmp_path / "connections.txt"
    path.write_text('# columns = ["i", "j", "weight", "delay"]\n1 2 0.5 0.3\n')
    projection = project(3, 3, sim.FromFileConnector(str(path)))
    assert projection.get(["weight", "delay"], "list") == [(1, 2, 0.5, 0.3)]


def test_clone_keeps_pairs_not_weights():
    first = project(5, 5, sim.FixedProbabilityConnector(0.5, rng=NumpyRNG(seed=3)))
    clone = sim.Projection(first.pre, first.post, sim.CloneConnector(first),
                           sim.StaticSynapse(weight=7.0))  # fmt: skip
    np.testing.assert_array_equal(clone.columns.pre, first.columns.pre)
    np.testing.assert_array_equal(clone.columns.post, first.columns.post)
    assert set(clone.columns["weight"]) == {7.0}
    with pytest.raises(errors.ConnectionError, match="reference"):
        sim.Projection(first.post, first.pre, sim.CloneConnector(first))


def test_array_of_numbers_is_a_mask():
    projection = project(2, 2, sim.ArrayConnector(np.array([[0, 1], [1, 1]])))
    assert set(projection.get("weight", "list")) == {(1, 0, 0.1), (0, 1, 0.1), (1, 1, 0.1)}
    with pytest.raises(errors.InvalidDimensionsError, match="boolean array of shape"):
        project(2, 2, sim.ArrayConnector(np.ones((2, 3), bool)))
    with pytest.raises(errors.InvalidDimensionsError, match="boolean array"):
        project(2, 2, sim.ArrayConnector(np.full((2, 2), 2)))


def test_function_as_distance_expression():
    connector = sim.DistanceDependentProbabilityConnector(lambda d: d < 1.5)
    assert len(project(3, 3, connector)) == 7


def test_callback_is_told_the_progress():
    calls = []
    project(2, 4, sim.AllToAllConnector(callback=calls.append))
    assert calls == [0.0, 0.25, 0.5, 0.75]


@pytest.mark.parametrize(
    ("connector", "words"),
    [
        (lambda: sim.SmallWorldConnector(2, 0.1), "FromListConnector"),
        (lambda: sim.AllToAllConnector(location_selector="soma"), "one compartment"),
        (lambda: sim.FromListConnector([(0, 0)], location_selector="soma"), "one compartment"),
        (lambda: sim.FixedProbabilityConnector(0.5, rng=NativeRNG()), "NumpyRNG"),
        (lambda: sim.FixedProbabilityConnector(0.5, "NoMutual"), "same Population"),
        (lambda: sim.FixedNumberPreConnector(1, "NoMutual"), "mutual"),
    ],
)
def test_refused(connector, words):
    with pytest.raises(NotImplementedError, match=f"pre→post.*{words}"):
        project(3, 3, connector())
    assert not sim.state.projections
