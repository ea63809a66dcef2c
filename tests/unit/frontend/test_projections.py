"""Projections: what is stored, read and written, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyNN import errors
from pyNN.random import NumpyRNG, RandomDistribution

import pynn_bss2sim as sim


@pytest.fixture(autouse=True)
def begin():
    sim.setup(timestep=0.1)


def project(weight=1.0, delay=0.5, connector=None, **arguments):
    sources = sim.Population(2, sim.SpikeSourceArray(), label="S")
    cells = sim.Population(3, sim.IF_curr_exp(), label="P")
    synapse = sim.StaticSynapse(weight=weight, delay=delay)
    return sim.Projection(
        sources, cells, connector or sim.AllToAllConnector(), synapse, **arguments
    )


@pytest.mark.parametrize("weight", [np.nan, np.inf, -np.inf])
def test_weights_must_be_finite(weight):
    with pytest.raises(errors.ConnectionError, match="S→P: weight = .* of the connection 0 → 0"):
        project(weight)


@pytest.mark.parametrize("delay", [0.0, 0.05, -1.0, np.nan, 1e5])
def test_delays_out_of_range(delay):
    with pytest.raises(errors.ConnectionError, match="S→P: delay = .* of the connection 0 → 0"):
        project(delay=delay)


def test_limits_of_delays_are_those_of_setup():
    sim.setup(timestep=0.1, min_delay=0.5, max_delay=2.0)
    assert project(delay=0.5).get("delay", "list")[0] == (0, 0, 0.5)
    project(delay=2.0)
    for delay in (0.4, 2.1):
        with pytest.raises(errors.ConnectionError, match="delay"):
            project(delay=delay)


def test_named_by_its_first_bad_connection():
    weight = np.ones((2, 3))
    weight[1, 2] = np.nan
    with pytest.raises(errors.ConnectionError, match=r"connection 1 → 2 \(1 of 6"):
        project(weight)


@pytest.mark.parametrize(("weight", "receptor"), [(1.0, "inhibitory"), (-1.0, "excitatory")])
@pytest.mark.parametrize("safe", [True, False])
def test_signs(weight, receptor, safe):
    """A row of the chip has one sign, so this is checked whatever the connector's `safe` says."""
    with pytest.raises(errors.ConnectionError, match="S→P: weights"):
        project(weight, receptor_type=receptor, connector=sim.AllToAllConnector(safe=safe))


def test_receptor_follows_from_the_sign():
    assert project(-1.0).receptor_type == "inhibitory"
    assert project(1.0).receptor_type == "excitatory"


def test_refused_arguments():
    with pytest.raises(errors.ConnectionError, match="'P' has no receptor 'NMDA'.*inhibitory"):
        project(receptor_type="NMDA")
    with pytest.raises(errors.ConnectionError, match="one compartment"):
        project(source="soma")
    with pytest.raises(errors.InvalidDimensionsError, match=r"S→P: weight has shape \(2,\)"):
        project([1.0, 2.0])
    cells = sim.Population(2, sim.IF_curr_exp())
    sources = sim.Population(2, sim.SpikeSourceArray(), label="S")
    with pytest.raises(errors.ConnectionError, match="'S' consists of spike sources"):
        sim.Projection(cells, sources, sim.AllToAllConnector())
    assert not sim.state.projections


def test_formats():
    projection = project(np.arange(6.0).reshape(2, 3))
    expected = [(0, 0, 0.0), (0, 1, 1.0), (0, 2, 2.0), (1, 0, 3.0), (1, 1, 4.0), (1, 2, 5.0)]
    assert projection.get("weight", "list") == expected
    assert projection.get("weight", "list", with_address=False) == [w for *_, w in expected]
    assert projection.get(["weight", "delay"], "list")[1] == (0, 1, 1.0, 0.5)
    assert projection.get("weight", "array").tolist() == [[0, 1, 2], [3, 4, 5]]
    weight, delay = projection.get(["weight", "delay"], "array")
    assert weight[1, 2] == 5.0 and (delay == 0.5).all()
    assert len(projection) == projection.size() == 6
    with pytest.raises(ValueError, match="S→P: format"):
        projection.get("weight", "matrix")
    with pytest.raises(errors.NonExistentParameterError, match="S→P.*delay, weight"):
        projection.get("U", "list")


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 2), st.floats(0, 9)), min_size=1, max_size=12
    ),
    st.sampled_from(["sum", "min", "max", "first", "last"]),
)
def test_several_synapses_between_two_cells(table, merge):
    sim.setup()
    projection = project(
        connector=sim.FromListConnector(table, column_names=["weight"]), receptor_type="excitatory"
    )
    merged = {}
    operation = {
        "sum": lambda a, b: a + b, "min": min, "max": max,
        "first": lambda a, b: a, "last": lambda a, b: b,
    }[merge]  # fmt: skip
    for i, j, w in projection.get("weight", "list"):
        merged[i, j] = operation(merged[i, j], w) if (i, j) in merged else w
    array = projection.get("weight", "array", multiple_synapses=merge)
    assert np.isnan(array).sum() == 6 - len(merged)
    for address, value in merged.items():
        assert array[address] == pytest.approx(value)


def test_unknown_merge():
    with pytest.raises(ValueError, match="multiple_synapses must be one of sum"):
        project().get("weight", "array", multiple_synapses="mean")


def test_set_writes_what_get_reads():
    projection = project(connector=sim.FixedProbabilityConnector(0.5, rng=NumpyRNG(seed=1)))
    n = len(projection)
    assert 0 < n < 6
    for weights in (np.arange(n) + 0.5, list(np.arange(n) + 1.5)):
        projection.set(weight=weights)
        assert projection.get("weight", "list", with_address=False) == list(weights)
    matrix = projection.get("weight", "array")
    projection.set(weight=3.0, delay=0.7)
    assert set(projection.get(["weight", "delay"], "list", with_address=False)) == {(3.0, 0.7)}
    projection.set(weight=matrix)
    np.testing.assert_array_equal(projection.get("weight", "array"), matrix)


def test_set_functions_and_random_numbers():
    projection = project()
    projection.set(weight="1 + d")
    assert projection.get("weight", "array").tolist() == [[1, 2, 3], [2, 1, 2]]
    projection.set(weight=lambda d: 2 * d)
    assert projection.get("weight", "array").tolist() == [[0, 2, 4], [2, 0, 2]]
    rng = NumpyRNG(seed=8)
    projection.set(weight=RandomDistribution("uniform", (0, 1), rng=rng))
    # PyNN draws for all pairs of cells, from a copy of the generator
    expected = rng.next(6, "uniform", {"low": 0, "high": 1}).reshape(2, 3)
    np.testing.assert_array_equal(projection.get("weight", "array"), expected)


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"weight": -1.0}, errors.ConnectionError),
        ({"weight": np.nan}, errors.ConnectionError),
        ({"weight": 2.0, "delay": 0.0}, errors.ConnectionError),
        ({"weight": [1.0, 2.0]}, errors.InvalidDimensionsError),
        ({"weight": np.ones((3, 2))}, errors.InvalidDimensionsError),
        ({"U": 1.0}, errors.NonExistentParameterError),
    ],
)
def test_a_refused_set_changes_nothing(attributes, error):
    projection = project()
    before = projection.get(["weight", "delay"], "list")
    with pytest.raises(error, match="S→P"):
        projection.set(**attributes)
    assert projection.get(["weight", "delay"], "list") == before


def test_single_connections():
    projection = project(np.arange(6.0).reshape(2, 3))
    connection = projection[1]
    assert connection.as_tuple("presynaptic_index", "postsynaptic_index", "weight") == (0, 1, 1.0)
    assert connection.source == projection.pre[0] and connection.target == projection.post[1]
    connection.weight = 9.0
    assert projection.get("weight", "array")[0, 1] == 9.0 and projection[1].weight == 9.0
    assert [c.delay for c in projection.connections] == [0.5] * 6
    assert projection[-1].postsynaptic_index == 2 and len(projection[1:3]) == 2
    with pytest.raises(IndexError, match="S→P: there is no connection 6, there are 6"):
        projection[6]
    with pytest.raises(AttributeError, match="S→P: a connection has no 'U'"):
        connection.U = 1.0
    with pytest.raises(AttributeError, match="S→P: a connection has no 'U'"):
        _ = connection.U
    with pytest.raises(errors.ConnectionError, match="0 → 1"):
        connection.delay = 0.0


def test_saved_and_read_again(tmp_path):
    projection = project(np.arange(6.0).reshape(2, 3))
    for names in ("all", ["weight", "delay"]):
        projection.save(names, str(tmp_path / "a.txt"))
        again = sim.Projection(
            projection.pre, projection.post, sim.FromFileConnector(str(tmp_path / "a.txt"))
        )
        assert again.get(["weight", "delay"], "list") == projection.get(["weight", "delay"], "list")
    projection.save("weight", str(tmp_path / "b.txt"))
    assert (tmp_path / "b.txt").read_text().startswith("# columns = ['i', 'j', 'weight']")
    projection.save("weight", str(tmp_path / "c.txt"), format="array")
    assert np.loadtxt(tmp_path / "c.txt").tolist() == [[0, 1, 2], [3, 4, 5]]


def test_assemblies_and_views_address_their_cells():
    sources = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0]))
    a = sim.Population(3, sim.IF_curr_exp())
    b = sim.Population(3, sim.IF_curr_exp())
    pre = a[[2]] + sources
    post = b[1:] + a[:1]
    projection = sim.Projection(pre, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0))
    sim.prepare()
    record = sim.state.capture.network.projections[0]
    assert sorted(set(zip(record.pre.tolist(), record.post.tolist(), strict=True))) == sorted(
        (i, j) for i in (2, 6, 7) for j in (4, 5, 0)
    )
    assert len(projection) == 9


def test_what_the_chip_holds():
    sim.setup(timestep=0.1, chip="quantized")
    weights = np.array([[0.1, 0.0333, 0.2], [0.05, 0.077, 0.013]])
    projection = project(weights, delay=5.0)
    held = projection.get("weight", "array")
    assert (held != weights).any()
    np.testing.assert_allclose(held, weights, atol=0.2 / 63)
    np.testing.assert_array_equal(projection.requested("weight", "array"), weights)
    assert set(projection.requested("delay", "list", with_address=False)) == {5.0}
    assert projection.get("delay", "list", with_address=False)[0] < 5.0
    assert projection[1].weight == held[0, 1]
    assert sim.get_current_time() == 0.0
    projection.set(weight=0.2)
    np.testing.assert_allclose(projection.get("weight", "array"), 0.2, rtol=0.01)


def test_delays_are_held_in_steps():
    assert project(delay=0.26).get("delay", "list", with_address=False)[0] == pytest.approx(0.3)


@pytest.mark.parametrize("value", [1j, float, object()])
def test_parameters_that_are_no_numbers(value):
    sim.setup()
    cells = sim.Population(2, sim.IF_curr_exp())
    synapses = sim.Projection(cells, cells, sim.AllToAllConnector(), label="mine")
    with pytest.raises(errors.InvalidParameterValueError, match="mine: weight = "):
        synapses.set(weight=value)


@pytest.mark.parametrize("value", [1j, float])
def test_models_with_parameters_that_are_no_numbers(value):
    for model in (sim.StaticSynapse, sim.IF_curr_exp, sim.ExpPSR):
        name = model.get_parameter_names()[0]
        with pytest.raises((errors.InvalidParameterValueError, TypeError), match="."):
            model(**{name: value})
    sim.setup()
    with pytest.raises((errors.InvalidParameterValueError, TypeError), match="."):
        sim.DCSource(amplitude=value)
    with pytest.raises(errors.InvalidParameterValueError, match="mine: initial v"):
        sim.Population(2, sim.IF_curr_exp(), label="mine").initialize(v=value)
