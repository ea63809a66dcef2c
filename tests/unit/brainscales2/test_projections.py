"""Weights in codes, and who reaches whom."""

import numpy as np
import pytest
from pyNN import errors

from .conftest import LISTENING, neurons, signal, source


def project(face, pre, post, weight, connector=None, **kwargs):
    return face.Projection(
        pre, post, connector or face.AllToAllConnector(),
        synapse_type=face.synapses.StaticSynapse(weight=weight), **kwargs,
    )  # fmt: skip


def test_weights_are_rounded_half_to_even(face):
    projection = project(face, source(size=3), neurons(), np.array([[0.5], [1.5], [2.4]]))
    assert projection.get("weight", format="list", with_address=False) == [0.0, 2.0, 2.0]


@pytest.mark.parametrize(("receptor", "weight"), [("excitatory", -1), ("inhibitory", 1)])
def test_a_weight_of_the_wrong_sign_is_refused_at_any_time(face, receptor, weight):
    pre, post = source(), neurons()
    with pytest.raises(errors.ConnectionError, match=receptor):
        project(face, pre, post, weight, receptor_type=receptor)
    assert face.simulator.state.projections == []
    projection = project(face, pre, post, -weight, receptor_type=receptor)
    with pytest.raises(errors.ConnectionError, match=receptor):
        projection.set(weight=weight)
    with pytest.raises(errors.ConnectionError, match=receptor):
        projection[0].weight = weight
    assert projection[0].weight == -weight


def test_the_receptor_is_guessed_from_the_sign(face):
    pre, post = source(), neurons()
    assert project(face, pre, post, 3).receptor_type == "excitatory"
    assert project(face, pre, post, -3).receptor_type == "inhibitory"


def test_delays_are_refused(face):
    with pytest.raises(ValueError, match="delay = 0.1 ms"):
        face.Projection(
            source(), neurons(), face.AllToAllConnector(), face.synapses.StaticSynapse(1, 0.1)
        )


def test_connections_are_ordered_by_presynaptic_cell(face):
    projection = project(face, source(size=2), neurons(3), np.arange(6.0).reshape(2, 3))
    order = [(c.presynaptic_index, c.postsynaptic_index) for c in projection.connections]
    assert order == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert [c.weight for c in projection.connections] == [0, 1, 2, 3, 4, 5]
    projection.set(weight=[9, 8, 7, 6, 5, 4])
    assert projection.get("weight", format="array").tolist() == [[9, 8, 7], [6, 5, 4]]


def test_indices_in_populations_of_views(face):
    pre, post = source(size=4), neurons(5)
    projection = project(face, pre[2:4], post[[1, 3]], 1, face.OneToOneConnector())
    assert [(c.pop_pre_index, c.pop_post_index) for c in projection] == [(2, 1), (3, 3)]
    assert [(c.presynaptic_index, c.postsynaptic_index) for c in projection] == [(0, 0), (1, 1)]


def test_array_weights_belong_to_their_pair_with_sparse_connectors(face):
    weights = np.arange(9.0).reshape(3, 3)
    connector = face.FromListConnector([(0, 2), (2, 1)])
    projection = project(face, source(size=3), neurons(3), weights, connector)
    assert [c.weight for c in projection] == [weights[0, 2], weights[2, 1]]


@pytest.mark.parametrize("weight", [0, 1, 63, 64, 126, 200])
def test_large_weights_take_several_synapses(face, weight):
    projection = project(face, source(0.01), neurons(2), weight)
    with pytest.raises(RuntimeError, match="places"):
        _ = projection.placed_connections
    face.run(None, face.RunCommand.PREPARE)
    placed = projection.placed_connections
    assert [len(synapses) for synapses in placed] == [max(1, -(-weight // 63))] * 2
    registers = face.simulator.state.experiment.mapping.config.synapse_weight.reshape(512, 256)
    for column, synapses in enumerate(placed):
        codes = [registers[int(s.synapse_row), int(s.synapse_on_row)] for s in synapses]
        assert sum(codes) == weight
        assert {int(s.synapse_on_row) for s in synapses} == {column}
        assert codes[:-1] == [63] * (len(codes) - 1)


def test_a_neuron_with_more_synapses_than_rows_is_refused(face):
    project(face, source(size=257), neurons(), 1)
    with pytest.raises(RuntimeError, match="257 synapses, a circuit has 256"):
        face.run(0.01)


@pytest.mark.parametrize("keyword", ["location_selector", "source_location_selector"])
def test_compartments_of_point_neurons_are_refused(face, keyword):
    with pytest.raises(ValueError, match=keyword):
        project(face, source(), neurons(), 1, face.AllToAllConnector(**{keyword: "soma"}))


def test_projections_add_up(face):
    pop, stimulus = neurons(**LISTENING), source(0.02)
    pop.record("v")
    sizes = []
    for _ in range(2):
        project(face, stimulus, pop, 25)
        face.run(0.06)
        times, v = signal(pop)
        sizes.append(v[(times > 0.025) & (times < 0.03)].mean() - v[times < 0.02].mean())
        face.reset()
    assert sizes[1] == pytest.approx(2 * sizes[0], rel=0.3)


def test_assemblies_are_refused_when_mapped(face):
    pre, post = source(), neurons()
    project(face, pre + source(), post, 1)
    with pytest.raises(NotImplementedError, match="assembly"):
        face.run(0.01)
