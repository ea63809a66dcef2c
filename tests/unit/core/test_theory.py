"""The engine against closed formulas and against itself at a much finer step."""

import numpy as np
import pytest
from claims import claim
from random_chips import circuits_of_kind, join_circuits

from pynn_bss2sim._core import plan
from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.plan import Kind
from pynn_bss2sim._core.records import InputEvents, Probe, SynapseTable, Variable

REST, THRESH, RESET, TAU_M, C_M = -65.0, -50.0, -65.0, 20.0, 1.0
LIF = {"c_m": C_M, "g_leak": C_M / TAU_M, "e_leak": REST, "v_thresh": THRESH, "v_reset": RESET,
       "i_offset": 0.0, "refractory_steps": 20}  # fmt: skip


def emulator(kind, h, n_inputs=0, synapse=None, variable=Variable.V, **fixed):
    """One neuron, perhaps with one synapse (line, amplitude, delay), its variable observed."""
    circuits = join_circuits(
        [circuits_of_kind(kind, 1, np.random.default_rng(0), **{**LIF, **fixed})]
    )
    if synapse is None:
        table = SynapseTable.from_pairs(1, 1 + n_inputs, [], [], [], [], [])
    else:
        line, amplitude, delay = synapse
        table = SynapseTable.from_pairs(1, 2, [1], [0], [line], [amplitude], [delay])
    return Emulator(circuits, table, h, [Probe(variable, [0])])


@pytest.mark.parametrize("tau_syn", [0.5, 5.0, 20.0 - 1e-9, 20.0, 20.0 + 1e-7, 80.0])
@pytest.mark.parametrize("h", [0.01, 0.1, 1.0])
def test_current_based_psp_is_exact_at_any_step(tau_syn, h):
    """V = w/C (e^(-t/tau_m) - e^(-t/tau_s)) / (1/tau_s - 1/tau_m), t e^(-t/tau) when equal."""
    amplitude = 0.4
    emu = emulator(Kind.CUBA_LIF, h, synapse=(0, amplitude, 1), tau_syn=tau_syn)
    steps = int(100 / h)
    got = emu.run(steps, InputEvents([0], [0])).samples[0][:, 0] - REST
    t = h * np.arange(steps)  # the current begins at step 1
    rate = 1 / tau_syn - 1 / TAU_M
    # (e^(-t/tau_m) - e^(-t/tau_s)) / rate without cancellation where the two are close
    shape = t if rate == 0 else -np.expm1(-rate * t) / rate
    wanted = amplitude / C_M * np.exp(-t / TAU_M) * shape
    np.testing.assert_allclose(got, wanted, rtol=0, atol=claim("psp_current_based"))


@pytest.mark.parametrize("current", [0.8, 1.0, 2.5])
@pytest.mark.parametrize("kind", [Kind.CUBA_LIF, Kind.COBA_LIF])
def test_constant_current_gives_the_textbook_interval(kind, current):
    h = 0.1
    emu = emulator(kind, h, i_offset=current)
    spikes = emu.run(20000).spike_step
    v_inf = REST + current * TAU_M / C_M
    rise = TAU_M * np.log((v_inf - RESET) / (v_inf - THRESH))
    interval = np.ceil(rise / h - 1e-9) + LIF["refractory_steps"]
    assert len(spikes) > 10 and set(np.diff(spikes)) == {interval}


def test_subthreshold_current_never_spikes():
    emu = emulator(Kind.CUBA_LIF, 0.1, i_offset=(THRESH - REST) * C_M / TAU_M * 0.999)
    assert not len(emu.run(20000).spike_step)


def test_conductance_steady_state():
    """A line that does not decay holds V at the conductance-weighted mean of the potentials."""
    g, e_rev = 0.03, -20.0
    emu = emulator(Kind.COBA_LIF, 0.1, synapse=(0, g, 1), tau_syn=1e12, e_rev=e_rev, v_thresh=0.0)
    v = emu.run(5000, InputEvents([0], [0])).samples[0][-1, 0]
    g_leak = C_M / TAU_M
    assert v == pytest.approx((g_leak * REST + g * e_rev) / (g_leak + g), abs=1e-7)


def trace(kind, h, variable=Variable.V, **fixed):
    """Trace on the 0.1 µs grid under strong, fast input, with the step h."""
    rng = np.random.default_rng(3)
    every = round(0.1 / h)
    times = np.sort(rng.choice(2000, 150, replace=False)) * every
    emu = emulator(
        kind,
        h,
        synapse=(0, 0.01, every),
        variable=variable,
        tau_syn=2.0,
        e_rev=0.0,
        v_thresh=1e3,
        **fixed,
    )
    return emu.run(2000 * every, InputEvents(times, np.zeros(150))).samples[0][
        every - 1 :: every, 0
    ]


def test_conductance_based_lif_is_of_second_order_and_below_its_stated_error():
    fine = trace(Kind.COBA_LIF, 0.001)
    error = {h: np.abs(trace(Kind.COBA_LIF, h) - fine).max() for h in (0.1, 0.05)}
    assert 3.0 < error[0.1] / error[0.05] < 5.0
    assert error[0.1] < claim("trace_conductance_based")
    assert np.ptp(fine) > 10.0


def test_adex_is_of_fourth_order_and_below_its_stated_error():
    fixed = {"delta_t": 2.0, "v_exp": -40.0, "a": 0.004, "tau_w": 144.0}
    for variable, bound in ((Variable.V, "trace_adex"), (Variable.W, "adaptation_adex")):
        fine = trace(Kind.COBA_ADEX, 0.005, variable, **fixed)
        error = {
            h: np.abs(trace(Kind.COBA_ADEX, h, variable, **fixed) - fine).max() for h in (0.1, 0.05)
        }
        assert error[0.1] / error[0.05] > 10.0
        assert error[0.1] < claim(bound)


@pytest.mark.parametrize("h", [0.01, 0.1, 1.0])
def test_current_based_lif_in_single_precision_is_as_exact_as_its_digits(h):
    """A membrane stands still where a step adds less than half of its last digit, that is to say
    nearer to its end than this times tau_m / h. Longer than `MAX_SINGLE_STEPS` it is no float.
    """
    n, steps = 100, round(200 / h)
    parts = circuits_of_kind(Kind.CUBA_LIF, n, np.random.default_rng(1), v_thresh=1e3)
    target, line = np.tile(np.arange(n), 2), np.repeat([0, 1], n)
    amplitude = np.repeat([0.3, -0.2], n)
    table = SynapseTable.from_pairs(n, n + 1, [n] * 2 * n, target, line, amplitude, [1] * 2 * n)
    times = np.arange(0, steps // 2, max(1, round(1.3 / h)))
    exact, got = (
        Emulator(
            join_circuits([parts | {"single_precision": np.full(n, single)}]),
            table,
            h,
            [Probe(Variable.V, np.arange(n))],
        )
        .run(steps, InputEvents(times, np.zeros(len(times))))
        .samples[0]
        for single in (False, True)
    )
    farthest = np.abs(exact - parts["e_leak"]).max(axis=0)
    digit = np.spacing(farthest.astype(np.float32)).astype(float)
    tau = parts["c_m"] / parts["g_leak"] / h
    off = np.abs(exact - got).max(axis=0) / (digit * (8.0 + 0.5 * tau))
    assert farthest.max() > 100.0 and off.max() < 1.0
    np.testing.assert_array_equal(off > 0.0, tau <= plan.MAX_SINGLE_STEPS)


@pytest.mark.parametrize("kind", [Kind.COBA_LIF, Kind.CUBA_ADEX, Kind.COBA_ADEX])
def test_in_single_precision_steps_are_of_second_order_and_below_their_stated_error(kind):
    fixed = {"delta_t": 2.0, "v_exp": -40.0, "a": 0.004, "tau_w": 144.0}
    if kind == Kind.CUBA_ADEX:
        fixed |= {"c_m": 0.02, "g_leak": 0.001, "a": 1e-4}  # as far up as conductances lead

    def errors(**fixed):
        fine = trace(kind, 0.005 if kind >= Kind.CUBA_ADEX else 0.001, **fixed)
        assert np.ptp(fine) > 10.0
        single = (trace(kind, h, single_precision=True, **fixed) for h in (0.1, 0.05))
        return [np.abs(v - fine).max() for v in single]

    assert errors(**fixed)[0] < claim("trace_single_step")
    # a faster membrane, with larger errors than those of its digits
    error = errors(**fixed | {"c_m": fixed.get("c_m", C_M) / 4})
    assert error[0] / error[1] > 3.5


@pytest.mark.parametrize("kind", list(Kind))
def test_in_single_precision_spikes_are_those_of_steps_that_are_much_finer(kind, monkeypatch):
    """First spikes of neurons of all slopes, under constant current, on the same grid."""
    n = 400
    parts = circuits_of_kind(kind, n, np.random.default_rng(5), v_thresh=-30.0, e_rev=0.0)
    nothing = SynapseTable.from_pairs(n, n, [], [], [], [], [])
    single = join_circuits([parts | {"single_precision": np.ones(n, bool)}])
    got = Emulator(single, nothing, 0.1).run(1000)
    monkeypatch.setattr(plan, "MAX_SUBSTEP", 0.1 / 64)
    fine = Emulator(join_circuits([parts]), nothing, 0.1).run(1000)
    first = [dict(zip(a.spike_neuron[::-1], a.spike_step[::-1], strict=True)) for a in (got, fine)]
    shift = np.array([first[0][k] - first[1][k] for k in first[0].keys() & first[1].keys()])
    assert len(shift) > 100 and abs(len(first[0]) - len(first[1])) <= 1
    assert np.abs(shift).max() <= claim("spike_single_step")


@pytest.mark.parametrize("kind", [Kind.CUBA_ADEX, Kind.COBA_ADEX])
def test_in_single_precision_adaptation_does_not_see_the_upstroke_behind_the_threshold(kind):
    """Far over its threshold, a free membrane would drive w with its subthreshold adaptation."""
    n = 2
    parts = circuits_of_kind(kind, n, np.random.default_rng(5), v_thresh=-30.0, e_rev=0.0)
    parts |= {"c_m": np.full(n, 0.2), "g_leak": np.full(n, 0.02), "e_leak": np.full(n, -65.0)}
    parts |= {"v_reset": np.full(n, -58.0), "delta_t": np.full(n, 2.0), "v_exp": np.full(n, -50.0)}
    parts |= {"a": np.full(n, 0.004), "b": np.full(n, 0.05), "tau_w": np.full(n, 100.0)}
    parts |= {"i_offset": np.array([0.7, 0.9])}
    nothing = SynapseTable.from_pairs(n, n, [], [], [], [], [])
    spikes = [
        Emulator(
            join_circuits([parts | {"single_precision": np.full(n, single)}]), nothing, 0.1
        ).run(3000)
        for single in (False, True)
    ]
    for neuron in range(n):
        exact, got = (np.diff(a.spike_step[a.spike_neuron == neuron]) for a in spikes)
        assert len(exact) > 5 and abs(len(got) - len(exact)) <= 1
        shared = min(len(got), len(exact))
        np.testing.assert_allclose(got[:shared], exact[:shared], rtol=0.03)


def test_long_steps_are_divided():
    """At a step of 1 µs the conductance-based trace is as good as at 0.1 µs."""
    coarse = emulator(Kind.COBA_LIF, 1.0, synapse=(0, 0.05, 1), tau_syn=2.0, e_rev=0.0)
    fine = emulator(Kind.COBA_LIF, 0.1, synapse=(0, 0.05, 10), tau_syn=2.0, e_rev=0.0)
    a = coarse.run(50, InputEvents([0], [0])).samples[0][:, 0]
    b = fine.run(500, InputEvents([0], [0])).samples[0][9::10, 0]
    np.testing.assert_allclose(a, b, atol=1e-9)


def test_adex_spikes_reach_the_detection_threshold_and_adapt():
    emu = emulator(
        Kind.CUBA_ADEX,
        0.1,
        variable=Variable.W,
        c_m=0.281,
        g_leak=0.03,
        e_leak=-70.6,
        v_reset=-70.6,
        v_exp=-50.4,
        delta_t=2.0,
        v_thresh=0.0,
        tau_w=144.0,
        a=0.004,
        b=0.0805,
        i_offset=1.0,
    )
    activity = emu.run(5000)
    intervals = np.diff(activity.spike_step)
    assert len(intervals) > 5 and intervals[-1] > 1.5 * intervals[0]
    w = activity.samples[0][:, 0]
    jump = w[activity.spike_step - 1] - w[activity.spike_step - 2]
    np.testing.assert_allclose(jump, 0.0805, atol=2e-3)
