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
    full = 65536.0 * W_MAX / unit / SENSOR_AMPLITUDE
    assert tables.shape == (2, 1, 64) and rule.tolist() == [0]
    np.testing.assert_allclose(tables[0, 0], 0.02 * full * (1.0 - place) ** 0.4, atol=0.6)
    np.testing.assert_allclose(tables[1, 0], -0.03 * full * place**0.7, atol=0.6)
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


def vogels(eta=0.01 * W_MAX, rho=5.0, **parameters):
    rule = sim.Vogels2011Rule(tau=20.0, eta=eta, rho=rho)
    dependence = sim.AdditiveWeightDependence(w_max=W_MAX)
    return sim.STDPMechanism(rule, dependence, **{"weight": 0.5 * W_MAX} | parameters)


def driven(n, times, label="driven"):
    """Neurons that spike soon after each of these times (a list for each of them)."""
    each = [list(times[k // 8]) for k in range(8 * n)]
    driver = sim.Population(8 * n, sim.SpikeSourceArray(spike_times=each))
    cell = sim.IF_curr_exp(cm=0.2, tau_m=10.0, tau_syn_E=2.0, tau_refrac=5.0)
    cells = sim.Population(n, cell, label=label)
    strong = [(k, k // 8, W_MAX, 0.1) for k in range(8 * n)]
    sim.Projection(driver, cells, sim.FromListConnector(strong), sim.StaticSynapse())
    cells.record("spikes")
    return cells


def test_each_presynaptic_spike_depresses_under_vogels_rule():
    times = np.linspace(30.0, 1930.0, 20)
    source = driven(2, [times, times[::2] + 0.05])
    silent = sim.Population(1, sim.IF_curr_exp())
    other = sim.Population(1, sim.IF_curr_exp())
    # both projections need the counters of the same neurons, which one of them reads
    wires = [
        sim.Projection(source, cells, sim.AllToAllConnector(), vogels(), label="wires")
        for cells in (silent, other)
    ]
    before = weights_of(wires[0])
    sim.run(2000.0 + UPDATE_PERIOD)
    assert [len(t) for t in source.get_data().segments[0].spiketrains] == [20, 10]
    assert silent.mean_spike_count() == 0
    each = 2.0 * 5.0e-3 * 20.0 * 0.01 * W_MAX
    for projection in wires:
        got = before - weights_of(projection)
        np.testing.assert_allclose(got, each * np.array([20, 10]), atol=2.5 * CODE)


def nearest_pairs(first, then):
    """What a sensor of amplitude 1 makes of spikes that follow the nearest of others."""
    k = np.searchsorted(first, then) - 1
    apart = then - first[np.maximum(k, 0)]
    previous = np.concatenate([[-np.inf], then[:-1]])
    return np.exp(-apart / SENSOR_TAU)[(k >= 0) & (first[np.maximum(k, 0)] > previous)].sum()


def test_pairs_and_presynaptic_spikes_add_up_to_vogels_rule():
    rng, n, duration, eta, w_max = np.random.default_rng(4), 6, 6000.0, 0.005, -0.02
    # at random, 6 ms apart at least: 10 and 30 Hz, where the rule wants 20 Hz
    source, target = (
        driven(n, np.sort(rng.uniform(10.0, duration - 6.0 * k, (n, k))) + 6.0 * np.arange(k))
        for k in (60, 180)
    )
    rule = sim.Vogels2011Rule(tau=15.0, eta=eta * abs(w_max), rho=20.0)
    dependence = sim.AdditiveWeightDependence(w_max=w_max)
    synapse = sim.STDPMechanism(rule, dependence, weight=0.5 * w_max)
    connector = sim.AllToAllConnector()
    wires = sim.Projection(source, target, connector, synapse, receptor_type="inhibitory")
    sim.run(duration + 2.0 * UPDATE_PERIOD)
    pre, post = ([t.magnitude for t in cells.get_data().segments[0].spiketrains]
                 for cells in (source, target))  # fmt: skip
    pairs = np.array([[nearest_pairs(a, b) + nearest_pairs(b, a) for b in post] for a in pre])
    events = np.array([[len(a)] * n for a in pre])
    wanted = eta * (15.0 / SENSOR_TAU * pairs - 2.0 * 20.0e-3 * 15.0 * events)
    got = (wires.get("weight", "array") - 0.5 * w_max) / w_max
    assert eta * 15.0 / SENSOR_TAU * pairs.mean() > 0.15  # a mean of 10 codes up, and 10 down
    # a reading is rounded to half an LSB, one pair; each of 13 runs rounds at random to a code
    single = eta * 15.0 / SENSOR_TAU + np.sqrt(13.0 / 12.0) / WEIGHT_MAX
    np.testing.assert_allclose(got, wanted, atol=4.0 * single)
    assert abs((got - wanted).mean()) < 4.0 * single / n


def test_sensors_of_a_network_that_is_mapped_anew_begin_empty():
    _, wires = pairs_at(np.array([4.0]), mechanism(), np.arange(50.0, 900.0, 50.0))
    sim.run(1000.0)
    learned = weights_of(wires)
    assert learned > 0.5 * W_MAX
    sim.Population(1, sim.IF_curr_exp())
    sim.run(2.0 * UPDATE_PERIOD)
    # what the sensors have seen since the last run of the program is lost
    np.testing.assert_array_equal(weights_of(wires), learned)


def test_presynaptic_spikes_that_nothing_counts_are_refused():
    with pytest.raises(errors.ConnectionError, match="wires: .*none for external inputs.*'ideal'"):
        pairs_at(np.array([2.0]), vogels(), [50.0])
    cells = sim.Population(2, sim.IF_curr_exp(), label="cells")
    sim.PlasticityRule(sim.Timer(start=0.0, period=1.0, num_periods=1)).add_neurons(cells)
    with pytest.raises(errors.ConnectionError, match="wires: .*counters of 'cells', which Plasti"):
        sim.Projection(cells, cells, sim.AllToAllConnector(), vogels(), label="wires")


def test_presynaptic_spikes_of_another_chip_are_refused():
    source = sim.Population(1, sim.IF_curr_exp(), label="source")
    cells = sim.Population(600, sim.IF_curr_exp(), label="cells")
    sim.Projection(source, cells, sim.AllToAllConnector(), vogels(), label="wires")
    with pytest.raises(errors.ConnectionError, match="wires: .* come from another chip"):
        sim.run(1.0)
