"""The two sides of the scaling, and the choice of voltage maps."""

import numpy as np
import pytest
from builders import network, population
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim._core import curves
from pynn_bss2sim._core.records import Variable
from pynn_bss2sim.mapping import ParameterError, Population, Scaling
from pynn_bss2sim.mapping.translate import gather
from pynn_bss2sim.mapping.voltage import (
    GAIN_MAX,
    GAIN_MIN,
    REST_WINDOW,
    SPIKE_WINDOW,
    voltage_maps,
)

SCALING = Scaling(
    np.array([10.0, 15.0, 12.0]),
    np.array([1000.0, 1500.0, 900.0]),
    np.array([2.0, 12.0, 0.5]),
    np.array([True, False, True]),
)


def maps(*populations, previous=None):
    """The voltage maps: gain and offset of each neuron."""
    return voltage_maps(network(*populations), gather(network(*populations)), previous)


@pytest.mark.parametrize("variable", Variable)
@given(value=st.floats(-1e3, 1e3))
def test_there_and_back_is_the_same(variable, value):
    neuron = np.array([2, 0, 1])
    there = SCALING.to_chip(variable, neuron, np.full((4, 3), value))
    assert there.shape == (4, 3)
    assert SCALING.to_biology(variable, neuron, there) == pytest.approx(value, rel=1e-9, abs=1e-9)


def test_each_variable_has_its_gain():
    neuron = np.arange(3)
    one = np.ones(3)
    assert SCALING.to_chip(Variable.V, neuron, one).tolist() == [1010, 1515, 912]
    assert SCALING.to_chip(Variable.W, neuron, one).tolist() == [20, 180, 6]
    assert SCALING.to_chip(Variable.LINE0, neuron, one).tolist() == [2, 180, 0.5]
    assert SCALING.to_chip(Variable.LINE1, neuron, one).tolist() == [2, 180, 0.5]
    assert SCALING.current_gain(neuron).tolist() == [20, 180, 6]
    assert SCALING.to_chip(Variable.V, 1, 2.0) == 1530


def test_the_scaling_keeps_the_equations():
    """Biological and chip side of C dV/dt = g (E - V) + I give the same dV/dt."""
    cm, g, e, v, i = 0.2, 0.01, -65.0, -58.0, 0.3
    for neuron in range(3):
        gain = SCALING.conductance_gain[neuron]
        on_chip = SCALING.to_chip(Variable.V, neuron, np.array([e, v]))
        current = i * SCALING.current_gain(neuron)
        slope = (g * gain * (on_chip[0] - on_chip[1]) + current) / (cm * gain)
        assert slope / SCALING.voltage_gain[neuron] == pytest.approx((g * (e - v) + i) / cm)


def test_the_exact_scaling_changes_no_bit():
    exact = Scaling.exact(np.array([True, False]))
    values = np.array([[0.1, -0.0], [np.pi, 1e-300]])
    for variable in Variable:
        assert exact.to_chip(variable, np.arange(2), values).tobytes() == values.tobytes()
        assert exact.to_biology(variable, np.arange(2), values).tobytes() == values.tobytes()
    assert exact.current_gain(np.arange(2)).tolist() == [1, 1]


def test_rescaling_turns_old_states_into_new_ones():
    old = Scaling(
        np.array([5.0, 6.0]),
        np.array([10.0, 20.0]),
        np.array([3.0, 4.0]),
        np.array([True, False]),
    )
    change = SCALING.rescaling(old)
    gain, offset = change["v_old_to_new"]
    neuron = np.arange(2)
    v = np.array([-60.0, -50.0])
    assert gain * old.to_chip(Variable.V, neuron, v) + offset == pytest.approx(
        SCALING.to_chip(Variable.V, neuron, v)
    )
    for variable, factor in ((Variable.W, change["w_gain"]), (Variable.LINE1, change["line_gain"])):
        state = factor * old.to_chip(variable, neuron, v)
        assert state == pytest.approx(
            np.broadcast_to(SCALING.to_chip(variable, neuron, v), state.shape)
        )
    assert change["line_gain"].shape == (2, 2)


def test_same_as_compares_the_neurons_there_were():
    shorter = Scaling(
        *(
            getattr(SCALING, n)[:2]
            for n in ("voltage_gain", "voltage_offset", "conductance_gain", "conductance_based")
        )
    )
    assert SCALING.same_as(SCALING)
    assert SCALING.same_as(shorter)
    assert not shorter.same_as(SCALING)
    moved = Scaling(
        SCALING.voltage_gain, SCALING.voltage_offset + 1, SCALING.conductance_gain,
        SCALING.conductance_based,
    )  # fmt: skip
    assert not moved.same_as(SCALING)


POTENTIAL = st.floats(-80, -40)


@given(POTENTIAL, POTENTIAL, st.floats(1, 40), st.booleans(), st.floats(-20, 40), st.floats(0, 20))
def test_maps_bring_potentials_into_their_windows(rest, reset, above, coba, e_exc, below):
    thresh = max(rest, reset) + above
    e_rev = (e_exc, min(rest, reset) - below)
    cells = population(3, coba=coba, e_rev=e_rev, v_rest=rest, v_reset=reset, v_thresh=thresh)
    gain, offset = (float(values[0]) for values in maps(cells))
    assert GAIN_MIN <= gain <= GAIN_MAX
    inside = [(rest, REST_WINDOW), (reset, REST_WINDOW), (thresh, SPIKE_WINDOW)]
    if coba:
        inside += [(e, curves.CELL.reach) for e in e_rev]
    spread = max(v for v, _ in inside) - min(v for v, _ in inside)
    if spread > 60:  # further apart, the gain might have to go below its minimum
        inside = inside[:2]
    for value, (low, high) in inside:
        assert low - 1e-6 <= gain * value + offset <= high + 1e-6


def test_windows_lie_within_the_reach_of_the_codes():
    for window, curve in (
        (REST_WINDOW, curves.LEAK),
        (REST_WINDOW, curves.RESET),
        (SPIKE_WINDOW, curves.THRESHOLD),
        (curves.CELL.reach, curves.CELL),
    ):
        assert not curve.clips(window).any()


def test_a_far_threshold_is_given_up_but_not_the_reversal_potentials():
    cells = population(3, coba=True, e_rev=(0.0, -70.0), v_thresh=1000.0)
    gain, offset = (float(values[0]) for values in maps(cells))
    assert gain == GAIN_MAX
    assert not curves.CELL.clips(gain * np.array([0.0, -70.0]) + offset).any()


def test_populations_have_maps_of_their_own():
    near = population(2, label="near")
    far = population(3, label="far", v_rest=-90.0, v_reset=-95.0, v_thresh=-30.0)
    gain, _ = maps(near, far)
    assert gain[0] == gain[1] == GAIN_MAX
    assert GAIN_MIN < gain[2] == gain[3] == gain[4] < GAIN_MAX


def test_large_offset_currents_lower_the_gain():
    assert maps(population(1, cm=0.2, i_offset=0.0))[0][0] == GAIN_MAX
    gain = maps(population(1, cm=0.2, i_offset=-1.0))[0][0]
    assert gain * 1.0 * 2.46015 / 0.2 == pytest.approx(curves.OFFSET_CURRENT.reach[1])
    assert maps(population(1, cm=0.2, i_offset=50.0))[0][0] == GAIN_MIN
    former = Scaling(*maps(population(1, cm=0.2)), np.ones(1), np.zeros(1, bool))
    assert maps(population(1, cm=0.2, i_offset=-1.0), previous=former)[0][0] == gain
    assert maps(population(1, cm=0.2, i_offset=-0.3), previous=former)[0][0] == GAIN_MAX


def test_a_former_map_is_kept_as_long_as_it_fits():
    gain, offset = maps(population(2, v_thresh=-20.0, v_rest=-70.0))
    former = Scaling(gain, offset, np.ones(2), np.zeros(2, bool))
    inside = population(2, v_thresh=-30.0, v_rest=-68.0)
    assert np.array_equal(maps(inside, previous=former), (gain, offset))
    assert not np.array_equal(maps(inside), (gain, offset))
    outside = population(2, v_thresh=0.0, v_rest=-70.0)
    assert not np.array_equal(maps(outside, previous=former), (gain, offset))
    grown = maps(inside, population(1), previous=former)
    assert np.array_equal(grown[0][:2], gain)
    exact = Scaling.exact(np.zeros(2, bool))
    assert np.array_equal(maps(inside, previous=exact), maps(inside))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cm": 0.0}, "cells: cm = 0 at index 0; it must be positive"),
        ({"tau_m": np.array([1.0, 2.0, -3.0, 4.0])}, "cells: tau_m = -3 at index 2"),
        ({"v_rest": np.nan}, "v_rest = nan.*finite"),
        ({"v_thresh": np.inf}, "v_thresh = inf.*finite"),
        ({"tau_refrac": -1.0}, "tau_refrac = -1.*negative"),
        ({"tau_syn": 0.0}, "tau_syn = 0"),
        ({"v_reset": -50.0}, "v_reset = -50.*below the threshold"),
        ({"adex": True, "delta_T": -1.0}, "delta_T"),
        ({"adex": True, "tau_w": 0.0}, "tau_w"),
        ({"adex": True, "v_spike": -70.0}, "v_reset"),
    ],
)
def test_nonsense_is_refused_with_label_parameter_and_index(change, message):
    with pytest.raises(ParameterError, match=message):
        gather(network(population(3, label="others"), population(4, **change)))


def test_missing_parameters_and_wrong_shapes_are_refused():
    good = population(3)
    parameters = dict(good.parameters)
    del parameters["cm"]
    rest = ("excitatory", "inhibitory"), parameters, good.tau_syn, good.e_rev
    with pytest.raises(ParameterError, match="cells: parameter cm is missing"):
        gather(network(Population("cells", 3, False, False, *rest)))
    with pytest.raises(ParameterError, match=r"tau_m has shape \(3,\), \(4,\)"):
        gather(
            network(
                Population(
                    "cells",
                    4,
                    False,
                    False,
                    rest[0],
                    {**good.parameters, "cm": np.ones(4)},
                    good.tau_syn,
                    good.e_rev,
                )
            )
        )
    with pytest.raises(ParameterError, match=r"tau_syn has shape \(1, 3\)"):
        gather(
            network(
                Population(
                    "cells", 3, False, False, rest[0], good.parameters, good.tau_syn[:1], good.e_rev
                )
            )
        )


def test_without_exponential_term_the_threshold_is_v_thresh():
    cells = population(2, adex=True, delta_T=np.array([0.0, 2.0]))
    assert gather(network(cells)).detection.tolist() == [-50.0, -40.0]
