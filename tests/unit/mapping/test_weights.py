"""Weights as codes, delays as steps, and the table that carries both."""

import numpy as np
import pytest
from builders import network, population, projection
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.device import Device
from pynn_bss2sim.mapping import PlacementError, Sources, WeightError, map_network
from pynn_bss2sim.mapping.registers import Strength
from pynn_bss2sim.mapping.weights import delay_steps, fixed_delay_steps, realised_delays

IDEAL, QUANTIZED = ChipModel.ideal(), ChipModel.quantized()
#: 6-bit weights and nothing else: steps are not limited to codes.
ONLY_WEIGHTS = ChipModel.ideal(weights="6bit")


def cells_with_weights(weight, line=0, chip=QUANTIZED, on_loss="warn", **kind):
    """Map neurons of which each receives all of `weight`."""
    weight = np.atleast_1d(weight)
    cells = population(2, **kind)
    wires = [projection(2, post, weight, line=line, label=f"to {post}") for post in range(2)]
    return map_network(network(cells, Sources("in", 1), *wires), chip, on_loss=on_loss)


@given(
    st.lists(st.floats(1e-3, 0.5), min_size=1, max_size=20),
    st.booleans(),
    st.sampled_from([QUANTIZED, ONLY_WEIGHTS, ChipModel.quantized(routing="lifted")]),
)
def test_each_weight_is_within_half_a_step_or_reported(weight, coba, chip):
    weight = np.array(weight) * (0.1 if coba else 1)
    mapping = cells_with_weights(weight, chip=chip, coba=coba)
    step = np.diff(np.unique(np.concatenate([[0.0], mapping.weights[0]]))).min()
    report = mapping.report.projections[0]
    # the step itself from the registers, or from the largest weight
    if mapping.configs:
        config = mapping.configs[0]
        gain = mapping.scaling.line_gain(np.array([0]))[0]
        step = Device().weight_step(config.analog[0, 13], config.analog[0, 11], coba) / gain
    else:
        step = weight.max() / 63
    assert (np.abs(mapping.weights[0] - weight) <= step / 2 * (1 + 1e-9)).all()
    worst = 100 * np.abs(mapping.weights[0] / weight - 1).max()
    assert report.weight_error_worst == pytest.approx(worst, abs=1e-6)
    assert report.rounded_to_zero == (mapping.weights[0] == 0).sum()
    assert (report.asked, report.realised, report.lost) == (len(weight), len(weight), 0)


@given(st.lists(st.floats(1e-4, 1e4), min_size=2, max_size=2), st.booleans())
def test_the_largest_weight_takes_one_synapse_where_codes_reach(largest, coba):
    largest = np.array(largest)
    kind = np.full(2, coba)
    strength = Strength.choose(largest, kind)
    code = largest / strength.step()
    strongest = (strength.gm == 800) & (strength.coba == (1022 if coba else 0))
    assert ((code <= 63 * (1 + 1e-9)) | strongest).all()
    weakest = (strength.gm == 30) & (strength.coba <= (10 if coba else 0))
    assert ((code > 60) | weakest).all()


def test_weights_that_are_alike_are_nearly_exact():
    mapping = cells_with_weights(np.full(5, 0.2))
    assert mapping.weights[0] == pytest.approx(np.full(5, 0.2), rel=0.01)
    assert (np.diff(mapping.weights[0]) == 0).all()


def test_large_weights_take_several_synapses_full_ones_first():
    mapping = cells_with_weights([0.067], line=1, coba=True, cm=0.2)
    rows = mapping.report.projections[0].synapses
    code = mapping.synapses.amplitude[0] / Device().weight_step(800, 1022, True, 1022)
    assert code == pytest.approx(np.rint(code))
    assert rows == np.ceil(np.rint(code) / 63) > 1
    assert mapping.weights[0][0] == pytest.approx(0.067, rel=0.01)
    assert mapping.report.populations[0].synapse_rows == rows


def test_more_rows_than_a_circuit_has_join_neighbours():
    mapping = cells_with_weights(np.full(300, 0.01))
    assert mapping.placement.count.tolist() == [2, 2]
    assert mapping.report.circuits_used == 4
    switches = mapping.configs[0].switches
    assert switches[:5, 19].tolist() == [True, False, True, False, False]  # CONNECT_RIGHT
    assert switches[:5, 10].tolist() == [True, False, True, False, False]  # THRESHOLD_ENABLE
    assert mapping.circuits.c_m == pytest.approx(np.full(2, 0.0355 * (57 + 2 * 6.3)))
    assert mapping.parameters[0]["tau_m"] == pytest.approx(np.full(2, 20.0), rel=0.01)


def test_more_rows_than_can_be_joined_are_refused_if_routing_is_real():
    weight = np.full(200, 0.01)
    weight[0] = 2e4
    with pytest.raises(PlacementError, match=r"cells: neuron 0 needs \d+ synapse rows.*32768"):
        cells_with_weights(weight, on_loss="raise")
    mapping = cells_with_weights(weight, chip=ChipModel.quantized(routing="lifted"))
    assert mapping.placement.count.tolist() == [128, 128]
    assert mapping.weights[0][0] == pytest.approx(2e4, rel=1e-3)


def test_weights_under_half_a_step_become_zero_and_are_counted():
    mapping = cells_with_weights([1.0, 0.001, 0.0], chip=ONLY_WEIGHTS)
    assert mapping.weights[0].tolist() == [1.0, 0.0, 0.0]
    report = mapping.report.projections[0]
    assert (report.rounded_to_zero, report.lost) == (1, 0)
    assert report.weight_error_worst == pytest.approx(100)
    assert "2 are rounded to zero" in " ".join(mapping.report.headline)


def test_weights_of_one_neuron_do_not_touch_the_steps_of_another():
    cells = population(2)
    wires = projection([2, 2, 2], [0, 0, 1], [1.0, 0.5, 0.01])
    mapping = map_network(network(cells, Sources("in", 1), wires), ONLY_WEIGHTS)
    assert mapping.weights[0][[0, 2]] == pytest.approx([1.0, 0.01])


def test_inhibition_keeps_its_sign():
    for chip in (IDEAL, QUANTIZED, ONLY_WEIGHTS):
        mapping = cells_with_weights([-0.3, -0.1], line=1, chip=chip)
        assert mapping.weights[0] == pytest.approx([-0.3, -0.1], rel=0.02)
        assert (mapping.synapses.amplitude < 0).all()
        assert (mapping.synapses.line == 1).all()


@pytest.mark.parametrize(
    ("weight", "kind"), [([-0.1], {"coba": True}), ([0.1, -0.1], {"coba": False})]
)
def test_signs_that_rows_cannot_have_are_refused(weight, kind):
    with pytest.raises(WeightError, match="to 0: weight = -0.1"):
        cells_with_weights(weight, **kind)
    cells_with_weights(weight, chip=IDEAL, **kind)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": np.nan}, "weight = nan of synapse 0"),
        ({"delay": np.inf}, "delay = inf"),
        ({"delay": -1.0}, "not be negative"),
        ({"pre": 9}, "pre = 9 of synapse 0; outside 0 to 4"),
        ({"post": -1}, "post = -1"),
        ({"post": 4}, "outside 0 to 3"),
        ({"line": 2}, "input line 2"),
        ({"delay": 1e12}, "too long"),
    ],
)
def test_nonsense_is_refused(change, message):
    values = {"pre": 4, "post": 0, "weight": 0.1, **change}
    with pytest.raises(WeightError, match=message):
        map_network(network(population(4), Sources("in", 1), projection(**values)), IDEAL)


def test_the_table_is_ordered_by_source_then_projection_then_user():
    cells = population(3)
    first = projection([3, 0, 3, 0], [0, 1, 1, 2], [1.0, 2.0, 3.0, 4.0], [1, 2, 3, 4])
    second = projection([0, 3, 3], [2, 2, 2], [5.0, 6.0, 7.0], 0.5, line=1)
    mapping = map_network(network(cells, Sources("in", 2), first, second), IDEAL)
    table = mapping.synapses
    assert table.indptr.tolist() == [0, 3, 3, 3, 7, 7]
    assert table.amplitude.tolist() == [2, 4, 5, 1, 3, 6, 7]
    assert table.target.tolist() == [1, 2, 2, 0, 1, 2, 2]
    assert table.line.tolist() == [0, 0, 1, 0, 0, 1, 1]
    assert table.delay.tolist() == [20, 40, 5, 10, 30, 5, 5]
    assert mapping.weights[1].tolist() == [5, 6, 7]


def test_more_sources_than_16_bits_count_are_sorted_too():
    wires = projection([66000, 3, 65999, 1], [0, 0, 1, 1], [1.0, 2.0, 3.0, 4.0])
    mapping = map_network(network(population(2), Sources("in", 65999), wires), IDEAL)
    assert mapping.synapses.amplitude.tolist() == [4, 2, 3, 1]


@given(st.lists(st.floats(0, 1e4), max_size=10), st.sampled_from([0.01, 0.1, 0.25, 1.0]))
def test_delays_are_the_nearest_step_but_at_least_one(delay, timestep):
    delay = np.array(delay)
    steps = delay_steps(delay, timestep)
    assert (steps >= 1).all()
    near = np.abs(steps * timestep - delay) <= timestep / 2 + 1e-6
    assert (near | (steps == 1)).all()


def test_a_delay_on_the_grid_is_returned_as_asked():
    asked = np.array([0.3, 0.7, 0.74, 0.0])
    assert realised_delays(np.array([3, 7, 7, 1]), asked, 0.1).tolist() == [0.3, 0.7, 7 * 0.1, 0.1]


def test_fixed_latency_differs_for_neurons_and_sources():
    assert fixed_delay_steps(np.array([0, 4, 5]), 5, 0.05).tolist() == [3, 3, 8]
    assert fixed_delay_steps(np.array([0, 9]), 5, 1.0).tolist() == [1, 1]
    mapping = cells_with_weights([0.1])
    assert mapping.synapses.delay.tolist() == [4, 4]
    report = mapping.report.projections[0]
    assert (report.delay_asked, report.delay_realised) == ((1.0, 1.0), (0.4, 0.4))
    assert mapping.delays[0] == pytest.approx([0.4])


def test_several_synapses_between_two_neurons_stay_apart():
    wires = projection([0, 0, 0], [1, 1, 1], [0.1, 0.2, 0.3])
    mapping = map_network(network(population(2), wires), IDEAL)
    assert mapping.synapses.amplitude.tolist() == [0.1, 0.2, 0.3]


@pytest.mark.parametrize("coba", [False, True])
def test_amplitudes_are_codes_times_the_step_in_the_registers_of_their_line(coba):
    size = 0.02 if coba else 1.0
    cells = population(2, coba=coba, cm=np.array([0.5, 1.0]))
    exc = projection(2, [0, 1], [0.3 * size, 0.1 * size])
    inh = projection(
        2, [0, 1], [(0.6 if coba else -0.6) * size, (2 if coba else -2) * size], line=1
    )
    mapping = map_network(network(cells, Sources("in", 1), exc, inh), QUANTIZED)
    analog = mapping.configs[0].analog
    columns = {0: (13, 11), 1: (17, 15)}  # gm and coba of both lines
    table = mapping.synapses
    steps = [
        Device().weight_step(*analog[target, columns[line]].tolist(), coba)
        for target, line in zip(table.target.tolist(), table.line.tolist(), strict=True)
    ]
    code = np.abs(table.amplitude) / steps
    assert code == pytest.approx(np.rint(code), abs=1e-9)
    assert (code > 60).all()
    assert len(np.unique(steps)) == 4
