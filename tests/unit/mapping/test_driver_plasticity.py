"""Tsodyks-Markram synapses on the drivers of the chip: settings, routing, registers, report."""

from dataclasses import replace

import numpy as np
import pytest
from builders import network, population, projection
from connections import asked, assert_as_asked, emulated
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.event_path import Path
from pynn_bss2sim.mapping import PlasticityError, ShortTerm, Sources, map_network
from pynn_bss2sim.mapping.check import problems
from pynn_bss2sim.mapping.driver_fit import RATES, SPIKES, asked_responses, fit_drivers
from pynn_bss2sim.mapping.network import OnChip

QUANTIZED = ChipModel.quantized()
DEPRESSING = (0.5, 300.0, 0.0)
FACILITATING = (0.05, 5.0, 500.0)


def plastic(pre, post, weight, dynamics, label="plastic", u=0.0, **others):
    """A projection with short-term plasticity: (U, tau_rec, tau_facil)."""
    made = projection(pre, post, weight, label=label, **others)
    n = len(made.pre)
    columns = np.broadcast_to(np.asarray(dynamics, float), (n, 3)).T
    return replace(made, short_term=ShortTerm(*columns, np.full(n, u)))


# --- settings -------------------------------------------------------------------------------------


def textbook(use, tau_rec, tau_facil, interval):
    """Amplitudes of a regular train, without a time for which used resources are active."""
    u, x, found = 0.0, 1.0, []
    for _ in range(SPIKES):
        u *= np.exp(-interval / tau_facil) if tau_facil else 0.0
        x = 1.0 - (1.0 - x) * np.exp(-interval / tau_rec)
        u += use * (1.0 - u)
        found.append(u * x)
        x -= u * x
    return found


@pytest.mark.parametrize("dynamics", [DEPRESSING, FACILITATING, (0.2, 100.0, 100.0)])
def test_asked_amplitudes_are_those_of_the_textbook(dynamics):
    got = asked_responses(np.array([[*dynamics, 1e-3]]))[0].reshape(len(RATES), SPIKES)
    for train, rate in zip(got, RATES, strict=True):
        # the resource that is used is active for 1 us
        np.testing.assert_allclose(train, textbook(*dynamics, 1e3 / rate), rtol=1e-3)


def driver(fit, k, interval):
    """Pulses of a driver in a regular train, by the equations of the model's page."""
    use = chip.STP_USE_STEP * (fit.utilization[k] + 1)
    tau = 2.0 ** (16 - fit.speed) / 250 * 32 / (fit.recovery[k] + 1)
    charge, recover = fit.charge[fit.target[k]], fit.recover[fit.target[k]]
    volts, found = float(recover), []
    for _ in range(SPIKES):
        volts = recover + (volts - recover) * np.exp(-interval / tau)
        volts += use * (charge - volts)
        found.append((chip.STP_V_SHORTEST - volts) / (chip.STP_V_SHORTEST - chip.STP_V_LONGEST))
    return np.array(found)


@pytest.mark.parametrize(
    "dynamics", [DEPRESSING, FACILITATING, (0.5, 800.0, 1000.0), (1.0, 50.0, 0.0)]
)
def test_scale_and_error_are_those_of_the_amplitudes(dynamics):
    case = np.array([[*dynamics, 2.0]])
    fit = fit_drivers(case, np.ones(1))
    want = asked_responses(case)[0]
    have = np.concatenate([driver(fit, 0, 1e3 / rate) for rate in RATES])
    deviation = fit.scale[0] * have - want
    assert fit.error[0] == pytest.approx(np.sqrt((deviation**2).sum() / (want**2).sum()), rel=0.02)
    assert abs(deviation @ have) < 1e-3 * (want @ have)  # no other scale is better


def test_what_a_driver_can_do_is_found():
    """Only one of the two, in steps of the codes: 0.05 of U, and of tau up to a third."""
    for dynamics, rises in ((DEPRESSING, False), (FACILITATING, True)):
        fit = fit_drivers(np.array([[*dynamics, 1.0]]), np.ones(1))
        k = fit.setting[0]
        assert (fit.charge[fit.target[k]] < fit.recover[fit.target[k]]) == rises
        assert fit.error[0] < 0.05
    assert curves.utilization(fit.utilization[k]) <= 0.1
    fit = fit_drivers(np.array([[*DEPRESSING, 1.0]]), np.ones(1))
    assert curves.utilization(fit.utilization[0]) == pytest.approx(0.5)
    assert curves.recovery_time(fit.recovery[0], fit.speed) == pytest.approx(300.0, rel=0.05)
    assert fit.scale[0] == pytest.approx(1.0, rel=0.02)


def test_many_dynamics_share_two_pairs_of_voltages_and_few_settings():
    rng = np.random.default_rng(0)
    n = 24
    asked = np.stack(
        [
            rng.uniform(0.1, 0.6, n), rng.uniform(50, 800, n),
            rng.choice([0.0, 20.0, 400.0], n), np.full(n, 2.0),
        ],
        axis=1,
    )  # fmt: skip
    fit = fit_drivers(asked, np.ones(n))
    assert len(fit.utilization) == 8 == len(np.unique(fit.setting))
    assert fit.target.max() <= 1
    alone = [fit_drivers(one[np.newaxis], np.ones(1)).error[0] for one in asked]
    assert (fit.error >= np.array(alone) - 1e-12).all()
    assert fit.error.max() < 0.35


def test_a_synapse_that_uses_nothing_has_no_weight():
    fit = fit_drivers(np.array([[0.0, 100.0, 0.0, 1.0]]), np.ones(1))
    assert (fit.scale[0], fit.error[0]) == (0.0, 0.0)


# --- on chips -------------------------------------------------------------------------------------


def mixed():
    """Static and plastic connections of the same sources, and of neurons, onto the same neurons."""
    n, m = 20, 10
    some = np.arange(m)
    return network(
        population(n, coba=True),
        Sources("in", m),
        projection(n + some, some % n, 0.01, label="static"),
        plastic(n + some, some % n, 0.02, DEPRESSING, "depressing"),
        plastic(n + some[:4], some[:4], 0.05, FACILITATING, "facilitating", line=1),
        plastic(np.arange(n), (np.arange(n) + 1) % n, 0.01, DEPRESSING, "ring"),
        projection(np.arange(n), (np.arange(n) + 2) % n, 0.01, label="static ring"),
    )


def drivers_of(mapping, some):
    """Drivers in use by some connections: set of (chip * 2 + hemisphere) * 128 + driver."""
    mine = np.isin(mapping.routing.connection, np.flatnonzero(some))
    return set((mapping.routing.synapse[mine] // 512).tolist())


@pytest.mark.parametrize("model", [QUANTIZED, ChipModel.ideal(routing="real")], ids=str)
def test_settings_have_drivers_of_their_own(model):
    mapping = map_network(mixed(), model, on_loss="raise", check=True)
    setting = mapping.drivers.setting
    assert set(setting.tolist()) == {0, 1, 2}
    groups = [drivers_of(mapping, setting == k) for k in range(3)]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])
    enabled = np.concatenate([c.stp_enable.ravel() for c in mapping.configs])
    assert set(np.flatnonzero(enabled).tolist()) == groups[1] | groups[2]
    # plastic connections of neurons go through the FPGA, all others as without
    path = dict(
        zip(
            ("depressing", "ring", "static ring"),
            mapping.routing.path[[10, 24, 44]].tolist(),
            strict=True,
        )
    )
    assert path == {"depressing": Path.HOST, "ring": Path.LOOP, "static ring": Path.DIRECT}


def test_amplitudes_are_those_asked_for_times_the_scale():
    mapping = map_network(mixed(), QUANTIZED, on_loss="raise")
    for weight, p in zip(mapping.weights, mapping.network.projections, strict=True):
        np.testing.assert_allclose(weight, p.weight, rtol=0.02)
    scale = mapping.drivers.scale
    evidence = replace(mapping.evidence, weight=mapping.evidence.weight * scale)
    want, have = asked(replace(mapping, evidence=evidence)), emulated(mapping.synapses)
    np.testing.assert_array_equal(have[0], want[0])
    np.testing.assert_allclose(have[1], want[1], rtol=1e-9)
    assert len(mapping.pulses.synapse) == 10 + 4 + 20
    assert scale[10] == pytest.approx(1.0, abs=0.05) and scale[0] == 1.0


def test_static_synapses_are_the_same_without_plastic_ones():
    """Of neurons and sources that have no plastic synapses; bit by bit."""
    n = 6
    static = projection(2 * n + np.arange(n), np.arange(n), np.linspace(0.1, 0.7, n))
    parts = population(2 * n), Sources("in", 2 * n), static
    more = plastic(3 * n + np.arange(n), n + np.arange(n), 0.3, DEPRESSING)
    without, both = (map_network(network(*parts, *p), QUANTIZED) for p in ((), (more,)))
    mine = both.synapses.target < n
    assert mine.sum() == n == len(without.synapses)
    for name in ("target", "line", "amplitude", "delay"):
        np.testing.assert_array_equal(
            getattr(both.synapses, name)[mine], getattr(without.synapses, name)
        )
    assert not np.isin(both.pulses.synapse, np.flatnonzero(mine)).any()


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_registers_connect_what_is_asked_with_the_dynamics_that_are_declared(seed):
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 60)), int(rng.integers(1, 80))
    known = [DEPRESSING, FACILITATING, (0.3, 50.0, 0.0), (0.8, 20.0, 0.0), (0.1, 1.0, 200.0)]
    parts = []
    for k in range(4):
        count = int(rng.integers(0, 250))
        ends = rng.integers(0, n + m, count), rng.integers(0, n, count)
        weight, line = rng.uniform(0.001, 0.02, count), int(rng.integers(0, 2))
        if k:
            dynamics = np.array(known)[rng.integers(0, len(known), count)]
            parts.append(plastic(*ends, weight, dynamics, f"plastic {k}", line=line))
        else:
            parts.append(projection(*ends, weight, line=line))
    made = network(population(n, coba=True), Sources("in", m), *parts)
    mapping = map_network(made, QUANTIZED, on_loss="raise")
    assert problems(mapping) == []
    enabled = np.concatenate([c.stp_enable.ravel() for c in mapping.configs])
    assert enabled[mapping.pulses.number // chip.LABELS].all()


def test_a_crowded_chip_loses_some_of_both_and_what_it_keeps_is_right():
    n = m = 300
    pre, post = (k.ravel() for k in np.meshgrid(n + np.arange(m), np.arange(n)))
    half = pre % 2 == 0
    made = network(
        population(n, coba=True),
        Sources("in", m),
        projection(pre[half], post[half], 0.001),
        plastic(pre[~half], post[~half], 0.001, DEPRESSING),
    )
    mapping = map_network(made, replace(QUANTIZED, chips=1), on_loss="ignore")
    # neurons of one circuit have 256 synapses for 300 sources
    least = 44 * (mapping.placement.count == 1).sum()
    assert 0 < least <= mapping.lost < 1.1 * least
    for kept in mapping.weights:
        assert np.isnan(kept).any() and (~np.isnan(kept)).mean() > 0.9
    assert len(mapping.synapses) == len(pre) - mapping.lost
    assert len(mapping.pulses.synapse) == (~np.isnan(mapping.weights[1])).sum()


STP = (
    "stp_enable", "stp_recovery_enable", "stp_utilization", "stp_recovery", "stp_target",
    "stp_clock_enable", "stp_clock_speed", "stp_v_charge", "stp_v_recover",
)  # fmt: skip


@pytest.fixture(scope="module")
def mapping():
    return map_network(mixed(), QUANTIZED)


@pytest.mark.parametrize("name", STP)
def test_each_register_is_noticed(mapping, name):
    config = mapping.configs[0]
    hemisphere, driver = np.argwhere(config.stp_enable)[0].tolist()
    array = getattr(config, name).copy()
    index = {
        (2, 128): (hemisphere, driver),
        (2,): (hemisphere,),
        (4, 2): (2 * hemisphere + driver % 2, int(config.stp_target[hemisphere, driver])),
    }[array.shape]
    array[index] = not array[index] if array.dtype == bool else array[index] ^ 1
    broken = replace(mapping, configs=(replace(config, **{name: array}), *mapping.configs[1:]))
    assert problems(mapping) == []
    assert problems(broken)


def test_a_static_driver_that_becomes_plastic_is_noticed(mapping):
    config = mapping.configs[0]
    idle = np.argwhere(config.driver_enable & ~config.stp_enable)[0]
    enable = config.stp_enable.copy()
    enable[tuple(idle)] = True
    found = problems(replace(mapping, configs=(replace(config, stp_enable=enable),)))
    assert any("driver with" in sentence for sentence in found)


def test_other_dynamics_are_routed_anew_and_other_weights_are_not(mapping):
    made = mapping.network
    heavier = replace(made, projections=(replace(made.projections[0], weight=np.full(10, 0.011)),
                                         *made.projections[1:]))  # fmt: skip
    assert map_network(heavier, QUANTIZED, mapping).routing is mapping.routing
    static = [replace(p, short_term=None) for p in made.projections]
    again = map_network(replace(made, projections=tuple(static)), QUANTIZED, mapping)
    assert again.routing is not mapping.routing
    assert_as_asked(again)
    assert not again.configs[0].stp_enable.any()


# --- what is said ---------------------------------------------------------------------------------


def test_the_report_tells_what_is_asked_and_what_drivers_do(mapping, caplog):
    data = mapping.report.to_dict()["short-term plasticity"]
    rows = {row[""]: row for row in data["tables"][0]["rows"]}
    assert set(rows) == {"depressing", "facilitating", "ring"}
    row = rows["depressing"]
    assert (row["U"], row["tau_rec, ms"], row["connections"]) == ("0.5", "300", 10)
    assert row["driver"] == "depresses" and rows["facilitating"]["driver"] == "facilitates"
    assert row["tau, ms"] == pytest.approx(300, rel=0.1)
    assert 0 < row["error %"] < 5
    assert "Short-term plasticity" in str(mapping.report)
    plain = map_network(network(population(2)), QUANTIZED)
    assert "short-term plasticity" not in plain.report.to_dict()


def test_large_deviations_are_told_once(caplog):
    made = network(population(2), Sources("in", 1), plastic(2, 0, 0.1, (0.5, 800.0, 1000.0)))
    first = map_network(made, QUANTIZED)
    assert "plastic: short-term plasticity of 1 connections deviates by 16 %" in caplog.text
    caplog.clear()
    map_network(made, QUANTIZED, first)
    assert "deviates" not in caplog.text


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (plastic(4, 0, 0.1, (0.11, 1776.0, 126.0)), "plastic: U = 0.11, tau_rec = 1776 ms"),
        (plastic(4, 0, 0.1, DEPRESSING, u=0.2), r"plastic: u = 0.2 at the start \(1 of 1"),
        (plastic(5, 0, 0.1, DEPRESSING), "plastic: its sources are generators on the chip"),
    ],
)
def test_what_drivers_cannot_do_is_refused(part, message):
    sources = Sources("in", 1), Sources("chip", 1, OnChip(0.05, 1))
    made = network(population(4), *sources, part)
    with pytest.raises(PlasticityError, match=message):
        map_network(made, QUANTIZED)
    map_network(made, ChipModel.ideal())


def test_without_routing_synapses_have_states_of_their_own():
    made = network(population(4), Sources("in", 1), plastic(4, [0, 1], 0.1, DEPRESSING))
    for model in (ChipModel.ideal(), ChipModel.quantized(routing="lifted")):
        lifted = map_network(made, model)
        assert (len(lifted.short_term), len(lifted.pulses)) == (2, 0)
    real = map_network(made, QUANTIZED)
    assert (len(real.short_term), len(real.pulses.synapse)) == (0, 2)
