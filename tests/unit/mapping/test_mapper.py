"""The mapping as a whole."""

import logging

import numpy as np
import pytest
from builders import ADEX, LIF, network, population, projection
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.device import Device
from pynn_bss2sim.mapping import MappingError, ParameterError, Sources, map_network

IDEAL, QUANTIZED = ChipModel.ideal(), ChipModel.quantized()
MODELS = [
    IDEAL,
    QUANTIZED,
    ChipModel.ideal(weights="6bit"),
    ChipModel.quantized(weights="exact"),
    ChipModel.quantized(delays="asked"),
]


def mixed():
    """Populations of all kinds with sources and synapses."""
    return network(
        population(3, label="lif"),
        population(2, label="adex", adex=True, coba=True, cm=0.281, tau_m=9.4),
        population(2, label="coba", coba=True, i_offset=np.array([0.1, -0.1])),
        Sources("in", 4),
        projection([7, 8, 9], [0, 1, 2], [0.5, 0.4, 0.3], label="to lif"),
        projection([0, 1], [3, 4], [0.01, 0.02], 0.3, label="to adex"),
        projection([2, 10], [5, 6], [0.05, 0.04], line=1, label="to coba"),
    )


def assert_same_circuits(one, other):
    for name, values in vars(one).items():
        assert np.array_equal(values, getattr(other, name)), name


def test_the_ideal_mapping_is_the_identity():
    net = mixed()
    mapping = map_network(net, IDEAL)
    circuits = mapping.circuits
    assert circuits.adex.tolist() == [False] * 3 + [True] * 2 + [False] * 2
    assert circuits.conductance_based.tolist() == [False] * 3 + [True] * 4
    for k, here in enumerate((slice(0, 3), slice(3, 5), slice(5, 7))):
        asked = net.populations[k].parameters
        assert np.array_equal(circuits.c_m[here], asked["cm"])
        assert np.array_equal(circuits.g_leak[here], asked["cm"] / asked["tau_m"])
        assert np.array_equal(circuits.e_leak[here], asked["v_rest"])
        assert np.array_equal(circuits.v_reset[here], asked["v_reset"])
        assert np.array_equal(circuits.i_offset[here], asked["i_offset"])
        assert (circuits.refractory_steps[here] == 20).all()
        assert np.array_equal(circuits.tau_syn[:, here], net.populations[k].tau_syn)
        assert np.array_equal(circuits.e_rev[:, here], net.populations[k].e_rev)
        realised = mapping.parameters[k]
        assert set(realised) == {*asked, "tau_syn", "e_rev"}
        assert all(np.array_equal(realised[name], values) for name, values in asked.items())
    assert circuits.v_thresh.tolist() == [-50.0] * 3 + [-40.0] * 2 + [-50.0] * 2
    assert circuits.v_exp[3] == -50.0
    assert (circuits.delta_t[3], circuits.a[3], circuits.b[3]) == (2.0, 0.004, 0.08)
    for k, wires in enumerate(net.projections):
        assert np.array_equal(mapping.weights[k], wires.weight)
        assert np.array_equal(mapping.delays[k], wires.delay)
    assert mapping.configs == ()
    assert mapping.scaling.identity
    assert mapping.report.clipped == ()
    assert all(p.parameters == () for p in mapping.report.populations)


@pytest.mark.parametrize("adex", [False, True])
@pytest.mark.parametrize("coba", [False, True])
def test_the_quantized_mapping_is_near_what_was_asked(adex, coba):
    cells = population(3, adex=adex, coba=coba, cm=0.25, i_offset=0.1)
    mapping = map_network(network(cells), QUANTIZED)
    realised = mapping.parameters[0]
    for name, asked in {**LIF, **(ADEX if adex else {}), "cm": 0.25, "i_offset": 0.1}.items():
        tolerance = {"v_rest": 0.1, "v_reset": 0.1, "v_thresh": 0.1, "v_spike": 0.1}.get(name)
        near = pytest.approx(asked, abs=tolerance) if tolerance else pytest.approx(asked, rel=0.1)
        assert realised[name][0] == near, name
        assert (realised[name] == realised[name][0]).all()
    assert mapping.report.clipped == ()
    assert mapping.circuits.adex.all() == adex
    assert mapping.circuits.conductance_based.all() == coba


def test_what_is_integrated_is_what_the_registers_say():
    mapping = map_network(mixed(), QUANTIZED)
    placement = mapping.placement
    again = Device().circuits(mapping.configs, placement.circuit, placement.count, 0.1)
    assert_same_circuits(mapping.circuits, again)
    analog = mapping.configs[0].analog.copy()
    analog[placement.circuit[1], 0] += 50
    changed = type(mapping.configs[0])(**{**mapping.configs[0].to_dict(), "analog": analog})
    moved = Device().circuits([changed], placement.circuit, placement.count, 0.1)
    assert np.flatnonzero(moved.e_leak != again.e_leak).tolist() == [1]


def test_registers_of_connections_stay_at_reset_where_routing_is_lifted():
    config = map_network(mixed(), ChipModel.quantized(routing="lifted")).configs[0]
    for name in ("synapse_weight", "synapse_label", "row_mode", "driver_enable", "padi_enable"):
        assert not getattr(config, name).any()
    assert (config.crossbar_target == 1).all()


def test_circuits_of_one_event_output_have_addresses_of_their_own():
    mapping = map_network(network(population(600)), QUANTIZED)
    assert len(mapping.configs) == mapping.report.chips == 2
    address = mapping.configs[0].address.reshape(2, 8, 32)
    for output in range(8):
        assert sorted(address[:, output].ravel().tolist()) == list(range(64))


@pytest.mark.parametrize("chip", MODELS, ids=repr)
def test_mapping_twice_gives_the_same(chip):
    one, other = map_network(mixed(), chip), map_network(mixed(), chip)
    assert_same_circuits(one.circuits, other.circuits)
    assert [c.digest() for c in one.configs] == [c.digest() for c in other.configs]
    assert np.array_equal(one.synapses.amplitude, other.synapses.amplitude)
    assert one.report == other.report


@pytest.mark.parametrize("chip", MODELS, ids=repr)
def test_networks_without_anything_can_be_mapped(chip):
    for net in (
        network(),
        network(Sources("in", 3)),
        network(population(0)),
        network(population(2)),
    ):
        mapping = map_network(net, chip)
        assert len(mapping.circuits) == net.n_neurons
        assert len(mapping.synapses) == 0
        assert mapping.report.circuits_used == net.n_neurons
        str(mapping.report)


@given(st.permutations(range(3)))
def test_the_order_of_populations_changes_positions_only(order):
    cells = [
        population(2, label="a", v_rest=-60.0),
        population(3, label="b", tau_m=9.0, tau_refrac=5.0),
        population(2, label="c", adex=True, coba=True),
    ]
    straight = map_network(network(*cells), QUANTIZED)
    mixed_up = map_network(network(*(cells[k] for k in order)), QUANTIZED)
    for position, k in enumerate(order):
        for name, values in straight.parameters[k].items():
            assert np.array_equal(mixed_up.parameters[position][name], values), name


def test_refractory_periods_have_two_clocks_in_a_block():
    tau = np.array([0.1, 0.5, 2.0, 30.0])
    mapping = map_network(network(population(4, tau_refrac=tau)), QUANTIZED)
    assert mapping.parameters[0]["tau_refrac"] == pytest.approx(tau, abs=0.1)
    config = mapping.configs[0]
    slow, fast = config.refractory_clock_scale[0].tolist()
    assert slow > fast
    assert config.refractory_fast[:4].tolist() == [True, True, True, False]


def test_the_refractory_period_is_in_whole_steps():
    cells = population(3, tau_refrac=np.array([0.0, 0.12, 0.3]))
    mapping = map_network(network(cells), IDEAL)
    assert mapping.circuits.refractory_steps.tolist() == [0, 1, 3]
    assert mapping.parameters[0]["tau_refrac"].tolist() == [0.0, 0.1, 0.3]
    (found,) = mapping.report.populations[0].parameters
    assert (found.name, found.rounded, found.clipped) == ("tau_refrac", 1, 0)
    assert (found.worst_asked, found.worst_realised) == (0.12, 0.1)


def test_what_is_out_of_range_is_clipped_reported_and_logged_once(caplog):
    cells = population(3, label="slow", tau_m=np.array([20.0, 500.0, 900.0]))
    with caplog.at_level(logging.WARNING, "pynn_bss2sim.mapping"):
        mapping = map_network(network(cells), QUANTIZED)
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert "slow: tau_m: 2 clipped, asked 900 ms" in caplog.text
    (found,) = [p for p in mapping.report.populations[0].parameters if p.name == "tau_m"]
    assert (found.clipped, found.worst_asked) == (2, 900.0)
    assert found.worst_realised == pytest.approx(218.7, abs=0.1)
    assert mapping.parameters[0]["tau_m"].max() == found.worst_realised
    assert "the worst: slow, tau_m of 900 ms became 219 ms" in " ".join(mapping.report.headline)
    caplog.clear()
    again = map_network(network(cells), QUANTIZED, mapping)
    assert caplog.records == []
    assert again.report.clipped == mapping.report.clipped


CLIPPED = {
    "tau_m": {"tau_m": 1000.0},
    "v_thresh": {"v_thresh": 1000.0},
    "i_offset": {"i_offset": 100.0},
    "tau_refrac": {"tau_refrac": 1e5},
    "tau_syn (excitatory)": {"tau_syn": 0.01},
    "e_rev (excitatory)": {"coba": True, "e_rev": (900.0, -70.0)},
    "delta_T": {"adex": True, "delta_T": 0.01},
    "tau_w": {"adex": True, "tau_w": 1e4},
    "a": {"adex": True, "a": 10.0},
    "b": {"adex": True, "b": 1e4},
}


@pytest.mark.parametrize("name", CLIPPED)
def test_each_parameter_says_when_it_is_clipped(name):
    mapping = map_network(network(population(2, **CLIPPED[name])), QUANTIZED)
    clipped = {p.name for p in mapping.report.populations[0].parameters if p.clipped}
    assert name in clipped
    usual = map_network(network(population(2, adex="adex" in CLIPPED[name])), QUANTIZED)
    assert usual.report.clipped == ()


def test_reset_that_cannot_be_told_from_threshold_is_refused():
    reset = np.append(-66.0, -50.0 - np.linspace(1e-3, 0.1, 20))
    cells = population(21, label="tight", v_reset=reset)
    with pytest.raises(
        ParameterError, match=r"tight: v_reset = -50\.\d+ at index \d+; on the chip"
    ):
        map_network(network(cells), QUANTIZED)
    map_network(network(cells), IDEAL)


@pytest.mark.parametrize("timestep", [0.0, -0.1, np.nan, np.inf])
def test_time_steps_without_meaning_are_refused(timestep):
    with pytest.raises(MappingError, match="time step"):
        map_network(network(population(1), timestep=timestep), IDEAL)


def test_a_previous_mapping_keeps_the_units_of_a_running_emulation():
    first = map_network(network(population(2, i_offset=0.1)), QUANTIZED)
    changed = population(2, i_offset=0.2, v_thresh=-48.0)
    grown = map_network(network(changed, population(3, label="more")), QUANTIZED, first)
    assert grown.scaling.same_as(first.scaling)
    assert np.array_equal(grown.placement.circuit[:2], first.placement.circuit)
    fresh = map_network(network(changed), QUANTIZED)
    assert not fresh.scaling.same_as(first.scaling)


def test_results_cannot_be_changed():
    for chip in MODELS:
        mapping = map_network(mixed(), chip)
        for array in (*mapping.weights, *mapping.delays):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1.0


def test_the_report_counts_and_prints():
    mapping = map_network(mixed(), QUANTIZED)
    report = mapping.report
    assert (report.chips, report.circuits_used, report.circuits_free) == (1, 7, 505)
    assert [p.size for p in report.populations] == [3, 2, 2]
    assert [p.asked for p in report.projections] == [3, 2, 2]
    assert "7 neurons on 7 circuits" in repr(mapping)
