"""STDP on chips whose weights are registers: by correlation sensors and plasticity processors."""

import numpy as np
import pytest
from pyNN import errors

import pynn_bss2sim as sim
from pynn_bss2sim._core.hicannx import SENSOR_AMPLITUDE, SENSOR_TAU, WEIGHT_MAX
from pynn_bss2sim.stdp_program import UPDATE_PERIOD

#: The largest weight, of the driving synapses, too: they have the same unit.
W_MAX = 0.5
CODE = W_MAX / WEIGHT_MAX


@pytest.fixture(autouse=True)
def simulation():
    sim.setup(timestep=0.1, chip="quantized")
    yield
    sim.end()


def mechanism(dependence=None, a_plus=0.01, a_minus=0.01, **parameters):
    rule = sim.SpikePairRule(tau_plus=20.0, tau_minus=30.0, A_plus=a_plus, A_minus=a_minus)
    return sim.STDPMechanism(rule, dependence or sim.AdditiveWeightDependence(w_max=W_MAX),
                             **{"weight": 0.5 * W_MAX, "delay": 0.1} | parameters)  # fmt: skip


def pairs_at(distances, synapse, times):
    """(cells, projection): cells that a synapse sees spike at `distances` from their source."""
    n, drivers = len(distances), 8
    source = sim.Population(n, sim.SpikeSourceArray(spike_times=[list(times)] * n))
    late = [[t + d for t in times] for d in np.repeat(distances, drivers)]
    driver = sim.Population(n * drivers, sim.SpikeSourceArray(spike_times=late))
    cell = sim.IF_curr_exp(cm=0.2, tau_m=10.0, tau_syn_E=2.0, tau_refrac=5.0)
    cells = sim.Population(n, cell, label="cells")
    cells.record("spikes")
    strong = [(k, k // drivers, W_MAX, 0.1) for k in range(n * drivers)]
    sim.Projection(driver, cells, sim.FromListConnector(strong), sim.StaticSynapse())
    wires = sim.Projection(source, cells, sim.OneToOneConnector(), synapse, label="wires")
    return cells, wires


def weights_of(wires):
    return np.array(wires.get("weight", "list", with_address=False))


def test_window_of_the_sensors():
    distances = np.array([-20.0, -10.0, -6.0, -4.0, -2.0, 2.0, 4.0, 6.0, 10.0, 20.0])
    times = np.arange(50.0, 3900.0, 150.0)
    cells, wires = pairs_at(distances, mechanism(), times)
    before = weights_of(wires)
    sim.run(4000.0 + UPDATE_PERIOD)
    trains = cells.get_data().segments[0].spiketrains
    assert [len(train) for train in trains] == [len(times)] * len(distances)
    # events of the host come after 0.4 ms, spikes at once
    apart = np.array([train.magnitude[0] for train in trains]) - (times[0] + 0.4)
    pair = np.sign(apart) * np.exp(-np.abs(apart) / SENSOR_TAU)
    wanted = 0.01 * W_MAX * len(times) * pair
    # readings are whole LSBs, of two pairs and so 1.26 codes; weights are rounded at random
    assert np.abs(wanted).max() > 8.0 * CODE
    np.testing.assert_allclose(weights_of(wires) - before, wanted, rtol=0, atol=2.5 * CODE)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_weights_stay_in_their_range(sign):
    low = 0.1
    dependence = sim.AdditiveWeightDependence(w_min=low, w_max=W_MAX)
    synapse = mechanism(dependence, a_plus=sign, a_minus=sign)
    _, wires = pairs_at(np.array([-2.0, 2.0]), synapse, np.arange(50.0, 3000.0, 50.0))
    for _ in range(4):
        sim.run(1000.0)
        codes = weights_of(wires) / CODE
        assert (codes >= low / CODE - 1.0).all() and (codes <= 63.5).all()
    first, second = weights_of(wires)[:: int(sign)]
    assert first == pytest.approx(low, abs=CODE) and second == pytest.approx(W_MAX, rel=0.02)


def test_tables_hold_what_the_weight_dependence_says():
    dependence = sim.GutigWeightDependence(w_max=W_MAX, mu_plus=0.4, mu_minus=0.7)
    _, wires = pairs_at(np.array([2.0]), mechanism(dependence, 0.02, 0.03), [50.0])
    sim.run(1.0)
    (unit,) = sim.state.capture.collect(wires, sim.state.mapping.units)
    rule, tables, lowest, highest = wires.plasticity_rule._codes()
    place = np.clip(np.arange(64) * unit / W_MAX, 0.0, 1.0)
    full = 256.0 * W_MAX / unit / SENSOR_AMPLITUDE
    assert tables.shape == (2, 1, 64) and rule.tolist() == [0]
    np.testing.assert_array_equal(tables[0, 0], np.rint(0.02 * full * (1.0 - place) ** 0.4))
    np.testing.assert_array_equal(tables[1, 0], np.rint(-0.03 * full * place**0.7))
    assert lowest[0] == 0 and highest[0] == min(63, np.rint(W_MAX / unit))


def test_reset_restores_weights_and_all_happens_again():
    _, wires = pairs_at(np.array([-2.0, 2.0]), mechanism(), np.arange(50.0, 1900.0, 50.0))
    before = weights_of(wires)
    sim.run(2100.0)
    learned = weights_of(wires)
    assert (np.abs(learned - before) > 3.0 * CODE).all()
    sim.reset()
    np.testing.assert_array_equal(weights_of(wires), before)
    sim.run(1000.0)
    sim.run(1100.0)
    np.testing.assert_array_equal(weights_of(wires), learned)


def test_sensors_are_emptied_before_they_are_full():
    # 600 pairs would fill a sensor of 160 LSB twice
    times = np.arange(50.0, 9000.0, 15.0)
    _, wires = pairs_at(np.array([2.0]), mechanism(a_plus=0.001, a_minus=0.0), times)
    before = weights_of(wires)
    sim.run(9000.0 + UPDATE_PERIOD)
    grown = (weights_of(wires) - before)[0]
    assert grown == pytest.approx(0.001 * W_MAX * len(times) * np.exp(-2.5 / SENSOR_TAU), rel=0.25)


def test_the_script_is_told_and_the_report_too(caplog):
    pairs_at(np.array([2.0]), mechanism(), [50.0])
    (message,) = [r.getMessage() for r in caplog.records if "STDP" in r.getMessage()]
    report = " ".join(str(sim.mapping_report()).split())
    for text in (message, report):
        assert "wires: STDP by the chip's correlation sensors" in text
        assert "(dendritic_delay_fraction 1 asked)" in text
        assert "about 5 ms (20 and 30 ms asked)" in text and f"every {UPDATE_PERIOD:g} ms" in text


def test_what_no_sensor_measures_is_refused():
    rule = sim.Vogels2011Rule(eta=0.001, rho=5.0)
    synapse = sim.STDPMechanism(rule, sim.AdditiveWeightDependence(w_max=W_MAX), weight=0.1)
    with pytest.raises(errors.ConnectionError, match="wires: .*none for single ones.*'ideal'"):
        pairs_at(np.array([2.0]), synapse, [50.0])
