"""What departs from the ideal equations, against closed formulas and statistics.

The bands of the statistics are 5 standard errors of the estimate.
"""

from dataclasses import replace

import numpy as np
import pytest
from claims import claim
from random_chips import SILICON, circuits_of_kind, join_circuits, silicon_columns

from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.engine import Engine
from pynn_bss2sim._core.noise import NOISE_BLOCK, NOISE_LENGTH, Stream, noise_table, stream_key
from pynn_bss2sim._core.plan import Kind, Mode, make_plan, make_routes
from pynn_bss2sim._core.records import InputEvents, Probe, SynapseTable, Variable
from pynn_bss2sim._core.reference import ReferenceEngine

REST, H = -65.0, 0.1
PLAIN = {"c_m": 1.0, "g_leak": 0.1, "e_leak": REST, "v_reset": -70.0, "v_thresh": 1e3,
         "i_offset": 0.0, "refractory_steps": 20, "delta_t": 0.0, "a": 0.0, "b": 0.0,
         "tau_syn": 5.0, "e_rev": 0.0}  # fmt: skip


def circuits(kind, n=1, **fixed):
    return join_circuits(
        [circuits_of_kind(kind, n, np.random.default_rng(0), **{**PLAIN, **fixed})]
    )


def emulator(kind, n=1, variables=(Variable.V,), interval=1, h=H, delay=1, **fixed):
    """Unconnected neurons of which everything asked for is observed; input 0 drives neuron 0."""
    probes = [Probe(v, np.arange(n), interval) for v in variables]
    synapses = SynapseTable.from_pairs(n, n + 1, [n], [0], [0], [1.0], [delay])
    return Emulator(circuits(kind, n, **fixed), synapses, h, probes, noise_seed=3)


def started_at(value, emu, variable=Variable.V):
    emu.set_state(variable, np.arange(emu.n_neurons), value)
    return emu


every_kind = pytest.mark.parametrize("kind", list(Kind))


#: What single precision may change of a trace (mV).
SINGLE = claim("trace_single")


@every_kind
def test_far_from_rest_the_leak_discharges_the_membrane_linearly(kind):
    limit = 1.0  # saturates fully 15 mV from rest
    for distance in (60.0, -60.0):
        emu = started_at(REST + distance, emulator(kind, leak_limit=limit))
        v = emu.run(400).samples[0][:, 0]
        t = H * np.arange(1, 401)
        np.testing.assert_allclose(v, REST + distance - np.sign(distance) * limit * t, atol=2e-3)


@every_kind
def test_near_rest_a_saturating_leak_is_a_conductance(kind):
    emu = started_at(REST + 0.01, emulator(kind, leak_limit=1.0))
    v = emu.run(100).samples[0][:, 0]
    np.testing.assert_allclose(v - REST, 0.01 * np.exp(-0.1 * H * np.arange(1, 101)), rtol=1e-5)


@every_kind
def test_a_saturated_line_carries_its_limit(kind):
    limit, g_leak = 0.25, 0.1
    coba = kind in (Kind.COBA_LIF, Kind.COBA_ADEX)
    emu = emulator(kind, line_limit=limit, tau_syn=1e12)
    for state in (0.5, 2.0):  # 1.5 limits are enough
        started_at(state, emu, Variable.LINE0)
        v = emu.run(4000).samples[0][-1, 0]
        wanted = (g_leak * REST + limit * 0.0) / (g_leak + limit) if coba else REST + limit / g_leak
        assert v == pytest.approx(wanted, abs=SINGLE)


@every_kind
def test_reset_relaxes_with_its_time_constant_and_no_jump(kind):
    tau, steps = 0.7, 20
    emu = emulator(kind, tau_reset=tau, v_thresh=-50.0, refractory_steps=steps, i_offset=3.0)
    activity = emu.run(1000)
    first = activity.spike_step[0]
    v = activity.samples[0][first - 1 :, 0]  # sample k is the state at step k + 1
    assert v[0] >= -50.0 and len(activity.spike_step) > 5
    wanted = -70.0 + (v[0] + 70.0) * np.exp(-H * np.arange(steps + 1) / tau)
    np.testing.assert_allclose(v[: steps + 1], wanted, rtol=0, atol=SINGLE)
    assert v[steps + 1] > v[steps]


def test_a_neuron_that_is_not_below_threshold_after_its_hold_spikes_again_at_once():
    emu = emulator(Kind.CUBA_LIF, tau_reset=1e9, v_thresh=-50.0, refractory_steps=7, i_offset=3.0)
    assert set(np.diff(emu.run(500).spike_step)) == {7}


@every_kind
def test_a_neuron_in_hold_off_is_free_and_does_not_spike(kind):
    held, free = 5, 9
    emu = emulator(
        kind, v_thresh=-50.0, refractory_steps=held, holdoff_steps=free, i_offset=np.array([60.0])
    )
    activity = emu.run(200)
    assert len(activity.spike_step) > 5
    # the current is strong enough to be over the threshold before the hold-off is over
    assert set(np.diff(activity.spike_step)) == {held + free}
    first = activity.spike_step[0]
    v = activity.samples[0][first - 1 :, 0]
    assert (v[: held + 1] == -70.0).all()
    assert v[held + 1] > -70.0 and v[held + free - 1] >= -50.0


def test_hold_off_goes_on_when_circuits_are_added():
    settings = dict(v_thresh=-50.0, refractory_steps=3, holdoff_steps=20, i_offset=60.0)
    emu = emulator(Kind.CUBA_LIF, **settings)
    whole = emulator(Kind.CUBA_LIF, **settings).run(100).spike_step
    emu.run(int(whole[0]) + 10)
    state = emu.state
    assert state.hold[0] == 0 and state.silent[0] == 13
    emu.reconfigure(circuits(Kind.CUBA_LIF, n=2, **settings), SynapseTable.from_pairs(
        2, 3, [2], [0], [0], [1.0], [1]
    ))  # fmt: skip
    activity = emu.run(100)
    assert activity.spike_step[activity.spike_neuron == 0][0] == whole[1]


@every_kind
def test_the_membrane_never_leaves_its_limits(kind):
    emu = emulator(kind, n=2, v_floor=-80.0, v_ceiling=-55.0, i_offset=np.array([9.0, -9.0]))
    v = emu.run(300).samples[0]
    assert (v[-1] == [-55.0, -80.0]).all()
    assert v.min() == -80.0 and v.max() == -55.0


@every_kind
def test_lines_in_floats_come_to_rest(kind):
    lines = (Variable.LINE0, Variable.LINE1)
    emu = emulator(kind, variables=lines, single_precision=True, tau_syn=2.0)
    excited, inhibited = emu.run(4000, InputEvents([0, 5, 9], [0, 0, 0])).samples
    assert excited[:200].any() and not excited[-1].any() and not inhibited.any()


@every_kind
def test_a_circuit_whose_limits_are_far_away_is_ideal(kind):
    rng = np.random.default_rng(1)
    ideal = join_circuits([circuits_of_kind(kind, 20, rng, single_precision=True)])
    far = replace(ideal, leak_limit=1e9, line_limit=1e9, v_floor=-1e6, v_ceiling=1e6)
    assert make_plan(far, H).block_mode.tolist() == [Mode.SILICON]
    table = SynapseTable.from_pairs(20, 20, np.arange(20), np.arange(20), [0] * 20, [0.01] * 20,
                                    [3] * 20)  # fmt: skip
    runs = [Emulator(c, table, H, [Probe(Variable.V, np.arange(20))]).run(1500)
            for c in (ideal, far)]  # fmt: skip
    assert len(runs[0].spike_step) > 20
    np.testing.assert_array_equal(runs[0].spike_step, runs[1].spike_step)
    ideal_v, far_v = (activity.samples[0] for activity in runs)
    # the upstroke of AdEx neurons enlarges all differences
    calm = (ideal_v < -55.0) | (kind in (Kind.CUBA_LIF, Kind.COBA_LIF))
    assert calm.mean() > 0.5
    assert np.abs(far_v - ideal_v)[calm].max() < SINGLE
    np.testing.assert_allclose(far_v, ideal_v, rtol=0, atol=0.1)


@every_kind
def test_saturating_traces_are_of_second_order_or_better(kind):
    def trace(h):
        every = round(H / h)
        emu = emulator(kind, h=h, delay=every, leak_limit=1.0, line_limit=0.05, tau_syn=20.0)
        started_at(REST + 30.0, emu)
        events = InputEvents(np.arange(0, 300, 60) * every, np.zeros(5))
        return emu.run(400 * every, events).samples[0][every - 1 :: every, 0]

    # membranes in float have no digits for very fine steps
    fine = trace(H / 8)
    error = [np.abs(trace(h) - fine).max() for h in (H, H / 2)]
    assert error[0] < claim("trace_saturating")
    # where the error is not that of single precision
    assert error[0] / error[1] > 2.5 or error[0] < SINGLE


def test_the_table_is_white_and_normal():
    table = noise_table(5)[:NOISE_LENGTH].astype(np.float64)
    power = np.abs(np.fft.rfft(table)) ** 2 / NOISE_LENGTH
    assert abs(table.mean()) < 1e-4 and table.std() == pytest.approx(1.0, abs=1e-4)
    np.testing.assert_allclose(power[1:], 1.0, atol=2e-3)
    assert (table**3).mean() == pytest.approx(0.0, abs=5 * np.sqrt(15 / NOISE_LENGTH))
    assert (table**4).mean() == pytest.approx(3.0, abs=5 * np.sqrt(96 / NOISE_LENGTH))
    assert (noise_table(5)[NOISE_LENGTH:] == noise_table(5)[:NOISE_BLOCK]).all()
    assert (noise_table(5) != noise_table(6)).mean() > 0.99


def noisy_samples(kind, n, count, every, variables, **fixed):
    """Stationary samples (count, n) of each variable, `every` steps apart."""
    emu = emulator(kind, n, variables, every, **fixed)
    emu.run(20 * every)
    return emu.run(count * every).samples


@every_kind
def test_noise_keeps_membrane_and_lines_at_their_standard_deviation(kind):
    n, count, tau = 400, 150, 1.0  # samples lie 10 time constants apart
    fixed = {"g_leak": 1.0 / tau, "tau_syn": tau, "v_thresh": 1e6, "e_rev": REST}
    v, *lines = noisy_samples(
        kind, n, count, 100, (Variable.V, Variable.LINE0, Variable.LINE1),
        sigma_v=2.0, **fixed,
    )  # fmt: skip
    band = 5 / np.sqrt(2 * n * count)
    # Runge-Kutta damps as the exponential function up to the fifth order of h / tau
    assert v.std() / 2.0 == pytest.approx(1.0, abs=band + 1e-6)
    assert v.mean() - REST == pytest.approx(0.0, abs=5 * 2.0 / np.sqrt(n * count))
    assert not lines[0].any() and not lines[1].any()
    # from begin to end, the spread stays the same
    third = count // 3
    assert v[:third].std() / v[-third:].std() == pytest.approx(1.0, abs=band * np.sqrt(6))
    lines = noisy_samples(
        kind, n, count, 100, (Variable.LINE0, Variable.LINE1),
        sigma_line=[[0.05] * n, [0.01] * n], **fixed,
    )  # fmt: skip
    for line, sigma in zip(lines, (0.05, 0.01), strict=True):
        assert line.std() / sigma == pytest.approx(1.0, abs=band)


def test_noise_forgets_at_the_pace_of_the_membrane():
    n, count = 300, 2000
    (v,) = noisy_samples(Kind.CUBA_LIF, n, count, 1, (Variable.V,), sigma_v=1.0)
    v = v - REST
    for lag in (1, 10, 50, 200):
        wanted = np.exp(-lag * H * 0.1)
        got = (v[lag:] * v[:-lag]).mean()
        # samples are correlated over two time constants of 100 steps
        assert got == pytest.approx(wanted, abs=5 * np.sqrt(2 * 200 / (n * count)))


def test_noise_of_neurons_and_of_sources_is_uncorrelated():
    n, count = 1300, 1500  # more than one block
    fixed = {"g_leak": 1.0, "tau_syn": 1.0, "v_thresh": 1e6}
    samples = noisy_samples(
        Kind.COBA_LIF, n, count, 50, (Variable.V, Variable.LINE0, Variable.LINE1),
        sigma_v=1.0, sigma_line=1e-4, e_rev=REST, **fixed,
    )  # fmt: skip
    z = [(s - s.mean(axis=0)) / s.std(axis=0) for s in samples]
    among = z[0].T @ z[0] / count
    off = among[~np.eye(n, dtype=bool)]
    assert np.abs(off).max() < 6.5 / np.sqrt(count)  # the largest of 0.8 million
    assert (off**2).mean() * count == pytest.approx(1.0, abs=0.05)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        same = (z[a] * z[b]).mean(axis=0)
        assert np.abs(same).max() < 5.5 / np.sqrt(count)
        assert same.mean() == pytest.approx(0.0, abs=5 / np.sqrt(n * count))


def test_a_neuron_held_at_reset_has_no_noise():
    emu = emulator(Kind.CUBA_LIF, sigma_v=5.0, v_thresh=-60.0, i_offset=3.0, refractory_steps=50)
    activity = emu.run(2000)
    v, spike = activity.samples[0][:, 0], activity.spike_step[0]
    assert (v[spike - 1 : spike + 50] == -70.0).all() and v[spike + 50] != -70.0


def test_threshold_is_drawn_after_each_spike_and_in_force():
    n, sigma = 1500, 1.5
    fixed = {"v_thresh": -50.0, "i_offset": 2.5, "refractory_steps": 5}
    emu = emulator(Kind.CUBA_LIF, n, sigma_thresh=sigma, tau_reset=0.3, **fixed)
    seen, shift = [], emu.state.thresh_shift
    for _ in range(400):
        before = emu.get_state(Variable.V, np.arange(n))
        free = emu.state.hold == 0
        activity = emu.run(1)
        spiked = np.isin(np.arange(n), activity.spike_neuron)
        at = emu.get_state(Variable.V, np.arange(n))
        np.testing.assert_array_equal(spiked[free], (at >= -50.0 + shift)[free])
        assert (before < -50.0 + shift)[free].all()
        fresh = emu.state.thresh_shift
        np.testing.assert_array_equal(fresh[~spiked], shift[~spiked])
        assert (fresh[spiked] != shift[spiked]).sum() >= 0.9 * spiked.sum()
        shift = fresh
        seen.append(fresh[spiked])
    z = np.concatenate(seen) / sigma
    assert len(z) > 5000
    assert z.mean() == pytest.approx(0.0, abs=5 / np.sqrt(len(z)))
    assert z.var() == pytest.approx(1.0, abs=5 * np.sqrt(2 / len(z)))
    assert (z**4).mean() == pytest.approx(3.0, abs=5 * np.sqrt(96 / len(z)))


def test_the_leak_potential_moves_from_trial_to_trial():
    n, sigma, trials = 500, 0.8, 20
    emu = emulator(Kind.CUBA_LIF, n, sigma_trial=sigma)
    rest = []
    for _ in range(trials):
        v = emu.run(100).samples[0]
        assert (v[0] == v[-1]).all()  # it begins at rest, and stays there
        rest.append(v[-1] - REST)
        emu.reset()
    z = np.array(rest) / sigma
    assert z.std() == pytest.approx(1.0, abs=5 / np.sqrt(2 * z.size))
    correlation = (z[1:] * z[:-1]).mean()
    assert correlation == pytest.approx(0.0, abs=5 / np.sqrt(z.size))


def all_noises(kind=Kind.CUBA_LIF, n=30):
    rng = np.random.default_rng(2)
    return join_circuits([circuits_of_kind(kind, n, rng, **silicon_columns(kind, n, rng, SILICON))])


def test_trials_differ_and_a_seed_replays_them_all():
    circuits = all_noises()
    nothing = SynapseTable.from_pairs(30, 30, [], [], [], [], [])

    def trials(seed):
        emu = Emulator(circuits, nothing, H, [Probe(Variable.V, np.arange(30))], noise_seed=seed)
        for _ in range(3):
            yield emu.run(300).samples[0]
            emu.reset()

    one, other = list(trials(2**64 - 1)), list(trials(8))
    for a, b in zip(one, trials(2**64 - 1), strict=True):
        np.testing.assert_array_equal(a, b)
    flat = [*one, *other]
    for k, a in enumerate(flat):
        assert all((a != b).mean() > 0.9 for b in flat[:k])
    for seed in (-1, 2**64, 0.5):
        with pytest.raises(ValueError, match="noise_seed"):
            Emulator(circuits, nothing, H, noise_seed=seed)


def test_long_noisy_blocks_are_cut_and_give_the_bits_of_the_twin():
    n = 2 * NOISE_BLOCK + 100
    circuits = all_noises(n=n)
    plan = make_plan(circuits, H)
    assert plan.block_start.tolist() == [0, NOISE_BLOCK, 2 * NOISE_BLOCK, n]
    nothing = SynapseTable.from_pairs(n, n, [], [], [], [], [])
    both = [Emulator(circuits, nothing, H, engine=e) for e in (Engine, ReferenceEngine)]
    for emu in both:
        emu.run(20)
    np.testing.assert_array_equal(both[0].state.v, both[1].state.v)
    whole = replace(plan, block_start=np.array([0, n]), block_kind=plan.block_kind[:1],
                    block_mode=plan.block_mode[:1])  # fmt: skip
    with pytest.raises(ValueError, match="noisy block"):
        Engine(whole, make_routes(nothing))


def test_neurons_that_join_find_the_others_as_they_were():
    few, many = all_noises(n=20), all_noises(n=30)
    nothing = [SynapseTable.from_pairs(n, n, [], [], [], [], []) for n in (20, 30)]
    emu = Emulator(few, nothing[0], H)
    emu.reset()
    emu.run(200)
    before = emu.state
    emu.reconfigure(many, nothing[1])
    after = emu.state
    fresh = Emulator(many, nothing[1], H)
    fresh.reset()
    for name in ("v", "hold", "thresh_shift", "leak_shift"):
        np.testing.assert_array_equal(getattr(after, name)[:20], getattr(before, name))
        np.testing.assert_array_equal(getattr(after, name)[20:], getattr(fresh.state, name)[20:])
    assert (after.step, after.trial) == (200, 1)


def test_a_rescaled_state_means_the_same():
    """Twice the voltages, currents as they were times two: the same spikes."""
    circuits = all_noises()
    nothing = SynapseTable.from_pairs(30, 30, [], [], [], [], [])
    volts = ("e_leak", "v_reset", "v_thresh", "v_exp", "delta_t", "v_floor", "v_ceiling",
             "sigma_v", "sigma_thresh", "sigma_trial", "i_offset", "leak_limit", "line_limit",
             "sigma_line")  # fmt: skip
    doubled = replace(circuits, **{name: 2.0 * getattr(circuits, name) for name in volts})
    plain, scaled = (Emulator(circuits, nothing, H) for _ in range(2))
    for emu in (plain, scaled):
        emu.run(300)
    scaled.reconfigure(doubled, state=scaled.state.rescaled(2.0, 0.0, 2.0, 2.0))
    wanted, got = plain.run(500), scaled.run(500)
    assert len(wanted.spike_step) > 20
    np.testing.assert_array_equal(got.spike_step, wanted.spike_step)
    np.testing.assert_array_equal(2.0 * plain.state.v, scaled.state.v)


@pytest.mark.parametrize("seed", [0, 1, 2**63 + 5, 2**64 - 1])
def test_keys_of_streams_differ_and_are_hashes_as_the_kernels_draw_them(seed):
    """The hash of seed, trial and stream in arrays of 64-bit numbers, which wrap around."""

    def mix(x):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))

    keys = set()
    for trial in (0, 1, 2**62 - 1):
        for stream in Stream:
            key = mix(np.array([seed], np.uint64))
            for number in (trial, stream):
                key = mix(key + np.array([number], np.uint64) * np.uint64(0x9E3779B97F4A7C15))
            keys.add(stream_key(seed, trial, stream))
            assert stream_key(seed, trial, stream) == int(key[0])
    assert len(keys) == 3 * len(Stream)
