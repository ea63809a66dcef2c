"""How large the membrane capacitance of each neuron is, and why."""

from dataclasses import replace

import numpy as np
import pytest
from builders import network, population, projection
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim import ChipModel
from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim.mapping import Sources, map_network, mapper
from pynn_bss2sim.mapping.capacitance import Membranes, line_demand, strongest_step, wanted
from pynn_bss2sim.mapping.characteristics import Characteristics
from pynn_bss2sim.mapping.resets import shortest_hold
from pynn_bss2sim.mapping.translate import gather
from pynn_bss2sim.mapping.weights import join

LARGEST = float(curves.capacitance(chip.CAPACITANCE_MAX, 1))
PARTICULAR = ChipModel.uncalibrated(noise=False)
QUANTIZED = ChipModel.quantized()


def inhibited(weight, n_inputs=16, **cell):
    """One conductance-based neuron of 0.2 nF with inhibitory inputs of this weight, µS."""
    given_ = {"cm": 0.2, "tau_m": 20.0, "tau_refrac": 5.0, "coba": True, "tau_syn": 10.0, **cell}
    return network(
        population(1, **given_),
        Sources("in", n_inputs),
        projection(1 + np.arange(n_inputs), 0, weight, line=1),
    )


def demanded(net):
    return line_demand(join(net), gather(net))


def test_a_line_carries_its_mean_and_two_standard_deviations():
    """Campbell's theorem, against a simulated line."""
    n, weight, tau, rate = 40, 0.02, 10.0, 0.02
    rng = np.random.default_rng(3)
    step, g, seen = 0.1, 0.0, []
    decay = np.exp(-step / tau)
    for events in rng.poisson(n * rate * step, 200_000):
        g = g * decay + weight * events
        seen.append(g)
    expected = np.mean(seen) + 2 * np.std(seen)
    # both moments of 2000 independent stretches: 2 %
    assert demanded(inhibited(weight, n))[1] == pytest.approx(expected, rel=0.04)


def test_a_line_carries_its_strongest_input_with_headroom():
    assert demanded(inhibited(0.3, 1)).tolist() == [0.0, pytest.approx(0.6)]


@pytest.mark.parametrize(("tau_m", "tau_syn"), [(10.0, 1.5), (20.0, 5.0), (10.0, 10.0)])
@pytest.mark.parametrize("coba", [False, True])
def test_a_line_carries_a_volley_that_makes_a_neuron_fire(tau_m, tau_syn, coba):
    """Half of the demand lifts a membrane nearly to the threshold, all of it above."""
    n, cm, way = 100, 0.3, 15.0
    enough = 2 * cm * way * (1 / tau_syn + 1 / tau_m) / (60.0 if coba else 1.0)
    cell = {"cm": cm, "tau_m": tau_m, "tau_syn": tau_syn, "coba": coba}
    net = network(
        population(1, v_rest=-70.0, v_reset=-70.0, v_thresh=way - 70.0, **cell),
        Sources("in", n),
        projection(1 + np.arange(n), 0, enough / n),
    )
    for share, low, high in ((0.5, 0.7, 1.0), (1.0, 1.0, 2.0)):
        line, v, peak, step = share * demanded(net)[0], 0.0, 0.0, 0.01
        for _ in range(5000):
            v += step * (line * (70.0 - v if coba else 1.0) / cm - v / tau_m)
            line *= 1 - step / tau_syn
            peak = max(peak, v)
        assert low < peak / way < high


def test_few_weak_inputs_are_all_that_a_volley_can_be():
    net = network(
        population(1, tau_syn=5.0), Sources("in", 4), projection(1 + np.arange(4), 0, 1e-4)
    )
    assert demanded(net)[0] == pytest.approx(2 * 4e-4)


def test_weak_inputs_leave_the_capacitance_alone():
    for model in (PARTICULAR, QUANTIZED):
        assert map_network(inhibited(0.0003), model).configs[0].capacitance[0] == 63


def test_strong_inputs_make_it_smaller_until_the_line_carries_them():
    net = inhibited(0.02)
    mapping = map_network(net, PARTICULAR)
    assert 0 < mapping.configs[0].capacitance[0] < 63
    asked = gather(net)
    bound = wanted(asked, demanded(net), mapping.scaling.voltage_gain, np.ones(1))
    c_m = mapping.scaling.conductance_gain * 0.2
    assert bound - chip.CAPACITANCE_STEP < c_m <= bound
    nominal = curves.LINE_RANGE[1] * strongest_step(np.array([True]))
    assert nominal / mapping.scaling.conductance_gain == pytest.approx(demanded(net)[1], rel=0.06)
    assert map_network(net, QUANTIZED).configs[0].capacitance[0] == 63


def test_joined_circuits_carry_more():
    net = inhibited(0.02)
    asked, gain = gather(net), np.full(1, 15.0)
    one, two = (wanted(asked, demanded(net), gain, np.full(1, n)) for n in (1, 2))
    assert two == pytest.approx(2 * one)


def test_a_fast_reset_halves_it_at_most():
    def largest(tau_refrac):
        net = inhibited(0.0, tau_refrac=tau_refrac)
        return wanted(gather(net), demanded(net), np.ones(1), np.ones(1))[0]

    assert largest(3.0) > LARGEST
    assert shortest_hold(largest(1.5)) == pytest.approx(1.5)
    assert largest(0.1) == largest(0.0) == LARGEST / 2


@given(
    tau_m=st.floats(5.0, 60.0),
    target=st.floats(0.01, 5.0),
    count=st.integers(1, 12),
)
def test_codes_stay_below_what_is_wanted_and_above_what_the_leak_needs(tau_m, target, count):
    asked, laws = gather(network(population(1, tau_m=tau_m))), Characteristics.nominal()
    one = Membranes.nominal(
        asked, (np.ones(1), np.zeros(1)), np.full(1, count), np.full(1, target), laws
    )
    c_m = one.scaling.conductance_gain[0]
    assert c_m == pytest.approx(float(curves.capacitance(int(one.code[0]), count)))
    needed = tau_m / laws.tau_mem_divided.reach[1][0] * LARGEST
    most = max(0, np.rint(63 - chip.CAPACITANCE_PARASITIC * (count - 1)))
    above = c_m - max(target, needed)
    assert above < chip.CAPACITANCE_STEP * 1.001 or one.code[0] == 0
    assert above > -1.001 * chip.CAPACITANCE_STEP or one.code[0] == most


def test_slow_adaptation_keeps_it_large():
    quick, slow = (
        network(population(1, adex=True, tau_m=20.0, tau_w=tau_w, cm=0.2, tau_refrac=0.1))
        for tau_w in (30.0, 300.0)
    )
    codes = []
    for net in (quick, slow):
        mapping = map_network(net, PARTICULAR)
        codes.append(int(mapping.configs[0].capacitance[0]))
    law = Characteristics.nominal().a.factor[0]
    assert codes[0] < codes[1]
    # one code of a is a quarter of the leak, at most
    c_m = float(curves.capacitance(codes[1], 1))
    assert law * 300.0 <= 0.26 * c_m / 20.0


def test_a_calibrated_circuit_has_the_time_constants_asked_for_at_any_capacitance():
    """The parasitic capacitance, which deviates by 10 %, is most of a small one."""
    rng = np.random.default_rng(0)
    n = 60
    weight = rng.choice([0.001, 0.05], n)
    net = network(
        population(n, cm=0.2, tau_m=10.0, coba=True, tau_syn=10.0),
        Sources("in", 16),
        projection(
            n + np.tile(np.arange(16), n), np.repeat(np.arange(n), 16), np.repeat(weight, 16),
            line=1,
        ),
    )  # fmt: skip
    mapping = map_network(net, ChipModel.silicon(noise=False))
    tau = mapping.circuits.c_m / mapping.circuits.g_leak
    small = weight > 0.01
    assert mapping.scaling.conductance_gain[small].max() < 0.4 * LARGEST / 0.2
    for group in (small, ~small):
        assert np.median(tau[group]) == pytest.approx(10.0, rel=0.03)
        assert np.std(tau[group]) < 0.7


def test_the_report_tells_the_capacitance():
    report = map_network(inhibited(0.02), PARTICULAR).report
    c_m = map_network(inhibited(0.02), PARTICULAR).circuits.c_m[0]
    assert report.populations[0].capacitance.mean == pytest.approx(c_m, rel=0.1)
    assert "Membranes smaller than the usual" in str(report)
    assert "Membranes" not in str(map_network(inhibited(0.02), QUANTIZED).report)
    assert map_network(inhibited(0.02), ChipModel.ideal()).report.populations[0].capacitance is None


def test_voltages_are_mapped_to_where_all_chips_reach(monkeypatch):
    """That a network takes a second chip is seen only when its neurons are placed."""
    first = Characteristics.nominal().repeated(chip.HICANN_X.circuits)
    low = first.reversal_exc
    second = replace(first, reversal_exc=replace(low, second=low.second - 400.0))
    asked_for = []

    def believed(model, n_chips):
        asked_for.append(n_chips)
        return Characteristics.of_chips([first, second][:n_chips])

    monkeypatch.setattr(mapper, "characteristics", believed)
    n, n_inputs = 300, 300
    net = network(
        population(n, coba=True),
        Sources("in", n_inputs),
        projection(
            n + np.tile(np.arange(n_inputs), n), np.repeat(np.arange(n), n_inputs), 0.001
        ),
    )  # fmt: skip
    lifted = ChipModel.silicon(noise=False, routing="lifted", delays="asked")
    mapping = map_network(net, lifted)
    assert mapping.placement.chips == 2
    assert asked_for == [1, 2]
    reached = min(first.reversal_exc.reach[1].min(), second.reversal_exc.reach[1].min())
    assert mapping.scaling.voltage_offset[0] <= reached  # of 0 mV
