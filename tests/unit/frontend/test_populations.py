"""Populations, views, assemblies: parameters, initial values, cells."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyNN import errors, mock
from pyNN.random import NumpyRNG, RandomDistribution

import pynn_bss2sim as sim


@pytest.fixture(autouse=True)
def begin():
    sim.setup(timestep=0.1)


def cells(n=3, **parameters):
    return sim.Population(n, sim.IF_curr_exp(**parameters), label="P")


@pytest.mark.parametrize("size", [0, -2, (3, 0)])
def test_size_must_be_positive(size):
    with pytest.raises(ValueError, match="P: size"):
        cells(size)


def test_size_from_numpy():
    assert cells(np.int64(4)).size == 4
    assert cells((np.int64(2), 3)).size == 6


@pytest.mark.parametrize(
    ("celltype", "error"),
    [(mock.IF_curr_exp, errors.InvalidModelError), (lambda: 3, TypeError)],
)
def test_foreign_cell_types(celltype, error):
    with pytest.raises(error, match="^P: "):
        sim.Population(2, celltype(), label="P")


def test_class_without_parameters():
    with pytest.warns(DeprecationWarning):
        assert sim.Population(2, sim.IF_curr_exp).get("tau_m") == 20.0


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([1.0, 2.0], errors.InvalidDimensionsError),
        (np.ones((3, 1)), errors.InvalidDimensionsError),
        (-1.0, errors.InvalidParameterValueError),
        ([1.0, 2.0, np.nan], errors.InvalidParameterValueError),
        ("nonsense", errors.InvalidParameterValueError),
        (None, errors.InvalidParameterValueError),
    ],
)
def test_refused_values_leave_the_old(value, error):
    population = cells(tau_m=[5.0, 6.0, 7.0], cm=0.5)
    with pytest.raises(error, match="P"):
        population.set(cm=0.7, tau_m=value)
    assert population.get("tau_m").tolist() == [5.0, 6.0, 7.0]
    assert population.get("cm") == 0.5


def test_refused_at_creation():
    with pytest.raises(errors.InvalidDimensionsError, match="^P: "):
        cells(tau_m=[1.0, 2.0])
    with pytest.raises(errors.InvalidParameterValueError, match="^P: tau_m"):
        cells(tau_m=-1.0)
    assert not sim.state.populations


def test_unknown_parameters():
    population = cells()
    for use in (
        lambda: population.set(foo=1.0),
        lambda: population.get("foo"),
        lambda: population[0].foo,
        lambda: population[1:].set(foo=1.0),
        lambda: population.realised("foo"),
    ):
        with pytest.raises(errors.NonExistentParameterError, match="tau_m"):
            use()


def test_set_on_views_of_views():
    population = cells(6)
    population[2:][[1, 3]].set(tau_m=lambda i: 50.0 + i)
    assert population.get("tau_m").tolist() == [20, 20, 20, 50, 20, 51]
    assert population[3:6].get("tau_m").tolist() == [50, 20, 51]
    population[4].tau_m = 7.0
    assert population[4].tau_m == 7.0
    mask = np.array([True, False, False, False, False, True])
    population[mask].set(tau_m=[1.0, 2.0])
    assert population.get("tau_m").tolist() == [1, 20, 20, 50, 7, 2]


def test_random_values_as_in_other_backends():
    def draw():
        return RandomDistribution("uniform", (10, 20), rng=NumpyRNG(seed=5))

    expected = NumpyRNG(seed=5).next(4, "uniform", {"low": 10, "high": 20})
    np.testing.assert_array_equal(cells(4, tau_m=draw()).get("tau_m"), expected)
    population = cells(4)
    population.set(tau_m=draw())
    np.testing.assert_array_equal(population.get("tau_m"), expected)


def test_get_simplifies_as_pynn():
    population = cells(3, cm=[1.0, 2.0, 3.0])
    assert np.isscalar(population.get("tau_m"))
    assert population.get("tau_m", simplify=False).shape == (3,)
    assert cells(1).get("tau_m", simplify=False).shape == (1,)
    tau_m, cm = population.get(["tau_m", "cm"])
    assert tau_m == 20.0 and cm.tolist() == [1, 2, 3]


def test_spike_times():
    trains = [[1.0, 2.0], [3.0], []]
    source = sim.Population(3, sim.SpikeSourceArray(spike_times=trains))
    assert [s.value.tolist() for s in source.get("spike_times")] == trains
    source[1:2].set(spike_times=[8.0, 9.0])
    assert source.get("spike_times")[1].value.tolist() == [8.0, 9.0]


def test_initial_values():
    other = cells()
    population = cells()
    other.record("v")
    population.initialize(v=[-60.0, -61.0, -62.0])
    population[1:].initialize(v=-50.5)
    population[2].set_initial_value("v", -55.0)
    assert population.initial_values["v"].evaluate().tolist() == [-60, -50.5, -55]
    assert population[1:].initial_values["v"].evaluate().tolist() == [-50.5, -55]
    assert population[1].get_initial_value("v") == -50.5
    population.record("v")
    sim.run(0.0)
    assert population.get_data().segments[0].analogsignals[0][0].magnitude.tolist() == [
        -60, -50.5, -55,
    ]  # fmt: skip

    assert (other.get_data().segments[0].analogsignals[0].magnitude == -65.0).all()


def test_initialize_between_runs_acts_at_once():
    population = cells(i_offset=[0.0, 0.0, 0.5])
    population.record("v")
    sim.run(1.0)
    population[1:2].initialize(v=-52.0)
    sim.run(0.1)
    v = population.get_data().segments[0].analogsignals[0].magnitude
    assert v[-1, 1] == pytest.approx(-52.0, abs=0.1)
    assert v[-1, 0] == -65.0 and v[-1, 2] > v[10, 2] > -64.9
    sim.reset()
    sim.run(0.0)
    assert population.get_data().segments[1].analogsignals[0].magnitude.tolist() == [
        [-65, -52, -65]
    ]


def test_values_given_before_a_reset_act_behind_it():
    population = cells()
    population.record("v")
    sim.run(1.0)
    population.initialize(v=[-60.0, -61.0, -62.0])
    sim.reset()
    population[1:2].initialize(v=-52.0)
    for _ in range(2):
        sim.run(1.0)
        sim.reset()
    for segment in population.get_data().segments[1:]:
        assert segment.analogsignals[0][0].magnitude.tolist() == [-60, -52, -62]


@pytest.mark.parametrize("chip", ["ideal", "quantized"])
def test_what_changes_at_the_begin_of_a_trial_leaves_initial_values_as_they_are(chip):
    def trial(change):
        sim.setup(chip=chip, check=False)
        population = cells()
        population.initialize(v=[-60.1, -61.2, -62.3], isyn_exc=0.07)
        sim.run(1.0)
        sim.reset()
        change(population)
        population.record(["v", "isyn_exc"])
        sim.run(1.0)
        return [s.magnitude for s in population.get_data().segments[-1].analogsignals]

    def rescale(population):
        # other voltage and current scales on the chip
        population.set(v_thresh=-20.0, v_rest=-80.0, cm=0.3)

    def rescale_and_say_again(population):
        rescale(population)
        population.initialize(v=[-60.1, -61.2, -62.3], isyn_exc=0.07)

    for found, wanted in zip(trial(rescale), trial(rescale_and_say_again), strict=True):
        np.testing.assert_array_equal(found, wanted)
    for v in (trial(lambda p: None)[0], trial(rescale)[0]):
        np.testing.assert_allclose(v[0], [-60.1, -61.2, -62.3], rtol=1e-14)


def test_refused_initial_values():
    population = cells()
    with pytest.raises(errors.InvalidParameterValueError, match="P: .*'foo'.*v, isyn_exc"):
        population.initialize(foo=1.0)
    with pytest.raises(errors.InvalidParameterValueError, match="P: initial v of cell 1 is nan"):
        population.initialize(v=[1.0, np.nan, 2.0])
    with pytest.raises(errors.InvalidDimensionsError, match="P: initial v"):
        population.initialize(v=[1.0, 2.0])
    assert population.initial_values["v"].evaluate().tolist() == [-65] * 3


def test_ids_are_numbers():
    cells(5)
    population = cells()
    first = population[0]
    assert first + 1 == population[1] and first == 6
    assert np.array([first, population[1]]).sum() == 13
    assert np.array(first) == 6
    assert copy.deepcopy(first) == first
    assert population.id_to_index(population[1]) == 1
    assert population.id_to_index(population.all_cells).tolist() == [0, 1, 2]
    assert population[1:].id_to_index(population[2]) == 1
    assert population[1:].id_to_index(population[1:].all_cells).tolist() == [0, 1]
    with pytest.raises(IndexError, match="not in"):
        population[1:].id_to_index(first)
    with pytest.raises(ValueError, match="P: id should be"):
        population.id_to_index(3)


def test_views_are_equal_by_value():
    population = cells()
    assert population[1:] == population[[1, 2]]
    assert hash(population[1:]) == hash(population[[1, 2]])
    assert population[1:] != population[:2]
    with pytest.raises(ValueError, match="selects no cell"):
        population[3:]


def test_selector_is_not_changed():
    selector = np.array([2, 0])
    cells()[selector]
    assert selector.tolist() == [2, 0]


def test_receptors_of_an_assembly_are_ordered():
    assembly = cells() + cells()
    assert assembly.receptor_types == ["excitatory", "inhibitory"]


def test_realised_on_the_ideal_chip():
    population = cells(3, tau_m=[5.0, 6.0, 7.0])
    assert population[1:].realised("tau_m").tolist() == [6, 7]
    source = sim.Population(1, sim.SpikeSourceArray(), label="S")
    with pytest.raises(errors.InvalidModelError, match="S: spike sources are not on the chip"):
        source.realised("spike_times")


def test_sources_of_different_populations_differ():
    a, b = (sim.Population(5, sim.SpikeSourcePoisson(rate=100.0)) for _ in range(2))
    a.record("spikes")
    b.record("spikes")
    sim.run(200.0)
    trains = [p.get_data().segments[0].spiketrains for p in (a, b)]
    assert all(len(x) for x in trains[0])
    assert not any(np.array_equal(x, y) for x, y in zip(*trains, strict=True))


@given(st.lists(st.integers(0, 19), min_size=1, max_size=20, unique=True), st.data())
def test_view_of_view_addresses_the_same_cells(selector, data):
    sim.setup()
    population = sim.Population(20, sim.IF_curr_exp())
    view = population[selector]
    inner = data.draw(st.lists(st.integers(0, len(selector) - 1), min_size=1, unique=True))
    nested = view[inner]
    expected = np.sort(selector)[np.sort(inner)]
    np.testing.assert_array_equal(nested.cell_index, expected)
    nested.set(tau_m=3.0)
    np.testing.assert_array_equal(
        np.flatnonzero(population.get("tau_m", simplify=False) == 3.0), expected
    )


@pytest.mark.parametrize("how", [lambda c: c, lambda c: c()], ids=["class", "instance"])
def test_a_refused_class_explains_itself(how):
    with pytest.raises(
        sim.ModelNotOnChipError, match=r"IF_cond_alpha does not exist on the chip: .* IF_cond_exp"
    ):
        sim.Population(3, how(sim.IF_cond_alpha), label="mine")
    with pytest.raises(sim.ModelNotOnChipError, match="^mine: "):
        sim.Population(3, sim.IF_cond_alpha, {"tau_m": 3.0}, label="mine")


def test_wrong_parameters_name_the_population():
    with pytest.raises(errors.NonExistentParameterError, match="foo.*IF_curr_exp of mine"):
        sim.Population(3, sim.IF_curr_exp, {"foo": 3.0}, label="mine")
    with pytest.raises(TypeError, match=r"mine: cellparams=.*IF_curr_exp\(\.\.\.\)"):
        sim.Population(3, sim.IF_curr_exp(), {"tau_m": 3.0}, label="mine")
