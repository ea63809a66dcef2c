"""The ideal chip against formulas: no other simulator is needed to know what must come out."""

import numpy as np
import pytest

sim = pytest.importorskip("pynn_bss2sim", exc_type=ModuleNotFoundError)

TIMESTEP = 0.1  # ms

MEMBRANE = {
    "cm": 0.5,
    "tau_m": 20.0,
    "v_rest": -65.0,
    "v_reset": -70.0,
    "v_thresh": -50.0,
    "tau_refrac": 2.0,
    "tau_syn_E": 5.0,
    "tau_syn_I": 8.0,
}
COBA = {"e_rev_E": 0.0, "e_rev_I": -80.0}


def setup(timestep=TIMESTEP):
    sim.setup(timestep=timestep, min_delay=timestep, max_delay=10.0, chip="ideal")


def signal(population, name):
    """Samples (n, size) of `name`, columns by cell index."""
    found = population.get_data(name).segments[0].filter(name=name)[0]
    return found.magnitude[:, np.argsort(found.array_annotations["channel_index"])]


def trains(population):
    """Spike times of each cell, by cell index."""
    found = population.get_data("spikes").segments[0].spiketrains
    return [t.magnitude for t in sorted(found, key=lambda t: t.annotations["source_index"])]


@pytest.mark.parametrize("timestep", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("tau_syn", [0.5, 5.0, 20.0, 30.0])
def test_current_based_psp_is_the_difference_of_exponentials(tau_syn, timestep):
    """Exact at every step and for every step size; at tau_syn = tau_m it is an alpha function."""
    setup(timestep)
    tau_m, weight, onset = MEMBRANE["tau_m"], 0.3, 12.0  # spike at 10 ms, delay 2 ms
    neuron = sim.Population(1, sim.IF_curr_exp(**MEMBRANE | {"tau_syn_E": tau_syn}))
    neuron.initialize(v=MEMBRANE["v_rest"])
    neuron.record("v")
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[10.0]))
    sim.Projection(
        source, neuron, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight, delay=2.0)
    )
    sim.run(100.0)
    v = signal(neuron, "v")[:, 0]
    sim.end()

    since = np.maximum(timestep * np.arange(len(v)) - onset, 0.0)
    scale = weight / MEMBRANE["cm"]
    if tau_syn == tau_m:
        shape = since * np.exp(-since / tau_m)
    else:
        shape = (np.exp(-since / tau_m) - np.exp(-since / tau_syn)) / (1 / tau_syn - 1 / tau_m)
    assert len(v) == round(100.0 / timestep) + 1
    # rounding only: 1000 steps of relative error 1e-16 on values of 65 mV
    np.testing.assert_allclose(v, MEMBRANE["v_rest"] + scale * shape, rtol=0, atol=1e-10)
    assert v.max() > MEMBRANE["v_rest"] + 0.1


def test_constant_current_charges_the_membrane_exponentially():
    setup()
    currents = np.array([-1.0, -0.2, 0.1, 0.37])
    neurons = sim.Population(4, sim.IF_curr_exp(**MEMBRANE))
    neurons.set(i_offset=currents)
    neurons.initialize(v=-60.0)
    neurons.record("v")
    sim.run(200.0)
    v = signal(neurons, "v")
    sim.end()
    time = TIMESTEP * np.arange(len(v))[:, np.newaxis]
    v_inf = MEMBRANE["v_rest"] + currents * MEMBRANE["tau_m"] / MEMBRANE["cm"]
    expected = v_inf + (-60.0 - v_inf) * np.exp(-time / MEMBRANE["tau_m"])
    np.testing.assert_allclose(v, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("coba", [False, True])
def test_firing_rate_for_constant_current(coba):
    """Interval = tau_refrac + tau_m ln((v_inf - v_reset) / (v_inf - v_thresh)).

    A spike is registered at the end of the step in which the threshold is crossed, so that each
    interval is the formula's value rounded up to a step (1e-6 steps are granted to rounding, and
    the integration of COBA may move a crossing by 1e-3 steps).
    """
    setup()
    currents = np.array([0.376, 0.4, 0.5, 0.8, 1.5, 4.0])
    cell_type = sim.IF_cond_exp(**MEMBRANE, **COBA) if coba else sim.IF_curr_exp(**MEMBRANE)
    neurons = sim.Population(len(currents), cell_type)
    neurons.set(i_offset=currents)
    neurons.initialize(v=MEMBRANE["v_rest"])
    neurons.record("spikes")
    sim.run(500.0)
    spikes = trains(neurons)
    sim.end()

    v_inf = MEMBRANE["v_rest"] + currents * MEMBRANE["tau_m"] / MEMBRANE["cm"]
    crossing = MEMBRANE["tau_m"] * np.log(
        (v_inf - MEMBRANE["v_reset"]) / (v_inf - MEMBRANE["v_thresh"])
    )
    interval = MEMBRANE["tau_refrac"] + crossing
    slack = 1e-3 if coba else 1e-6
    for train, exact in zip(spikes, interval, strict=True):
        steps = np.diff(train) / TIMESTEP
        assert len(steps) >= 2
        excess = steps - exact / TIMESTEP
        assert (excess > -slack).all()
        assert (excess < 1.0 + slack).all()


def test_below_rheobase_no_spike_ever():
    setup()
    neuron = sim.Population(1, sim.IF_curr_exp(**MEMBRANE, i_offset=0.3749))
    neuron.initialize(v=MEMBRANE["v_rest"])
    neuron.record(["spikes", "v"])
    sim.run(1000.0)
    assert len(trains(neuron)[0]) == 0
    # 15 mV below threshold at rheobase 0.375 nA: 4 uV are left
    assert signal(neuron, "v").max() == pytest.approx(-50.004, abs=1e-6)
    sim.end()


@pytest.mark.parametrize("cell", ["IF_curr_exp", "IF_cond_exp", "EIF_cond_exp_isfa_ista"])
def test_membrane_stays_at_reset_for_the_refractory_time(cell):
    setup()
    tau = np.array([0.1, 0.2, 1.0, 3.7, 12.0])
    neurons = sim.Population(len(tau), getattr(sim, cell)())
    neurons.set(tau_refrac=tau, v_reset=-72.0, i_offset=3.0)
    neurons.initialize(v=-65.0)
    neurons.record(["spikes", "v"])
    sim.run(60.0)
    v, spikes = signal(neurons, "v"), trains(neurons)
    sim.end()
    for index, times in enumerate(spikes):
        assert len(times) > 1
        for step in np.round(times[:-1] / TIMESTEP).astype(int):
            held = v[step : step + 1000, index] == -72.0
            # a spike's own sample is the reset value, then come the refractory steps
            length = int(np.argmin(held)) - 1
            assert abs(length - round(tau[index] / TIMESTEP)) <= 1, times


def test_conductance_steady_state_under_constant_input():
    """One spike per step keeps the conductance between g - w and g; the potential then lies
    between the two steady states (g_L v_rest + g e_rev) / (g_L + g), which bound it rigorously.
    """
    setup()
    weight, tau_syn = 2e-5, MEMBRANE["tau_syn_E"]
    neuron = sim.Population(1, sim.IF_cond_exp(**MEMBRANE, **COBA))
    neuron.initialize(v=MEMBRANE["v_rest"])
    neuron.record(["v", "gsyn_exc"])
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=np.arange(1, 3990) * TIMESTEP))
    sim.Projection(
        source, neuron, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight, delay=TIMESTEP)
    )
    sim.run(399.0)
    v, g = signal(neuron, "v")[-1, 0], signal(neuron, "gsyn_exc")[-1, 0]
    sim.end()

    g_high = weight / (1.0 - np.exp(-TIMESTEP / tau_syn))
    assert g == pytest.approx(g_high, rel=1e-9)
    g_leak = MEMBRANE["cm"] / MEMBRANE["tau_m"]
    low, high = (g_leak * MEMBRANE["v_rest"] / (g_leak + g) for g in (g_high - weight, g_high))
    assert high - low < 0.6, "the bounds are meant to be narrow"
    # the leak time constant leaves exp(-399 / 20) of 3 mV
    assert low - 1e-8 < v < high + 1e-8


def test_adex_steady_state_balances_its_currents():
    """Below threshold: 0 = g_L (v_rest - v) + g_L delta_T exp((v - v_thresh) / delta_T) - w + I
    and w = a (v - v_rest).
    """
    setup()
    parameters = {
        "cm": 0.2, "tau_m": 20.0, "v_rest": -70.0, "v_thresh": -50.0, "delta_T": 2.0, "a": 3.0,
        "tau_w": 30.0, "b": 0.0, "i_offset": 0.2,
    }  # fmt: skip
    neuron = sim.Population(1, sim.EIF_cond_exp_isfa_ista(**parameters))
    neuron.initialize(v=-70.0, w=0.0)
    neuron.record(["v", "w"])
    sim.run(1000.0)
    v, w = signal(neuron, "v")[-1, 0], signal(neuron, "w")[-1, 0]
    sim.end()
    g_leak = 0.2 / 20.0
    exponential = g_leak * 2.0 * np.exp((v + 50.0) / 2.0)
    assert -62.0 < v < -50.0
    assert w == pytest.approx(0.003 * (v + 70.0), abs=1e-6)  # nA, a is given in nS
    assert g_leak * (-70.0 - v) + exponential - w + 0.2 == pytest.approx(0.0, abs=1e-6)


def test_spikes_arrive_after_exactly_the_delay():
    setup()
    delays = np.array([0.1, 0.2, 1.0, 5.0, 10.0])
    neurons = sim.Population(len(delays), sim.IF_cond_exp(**MEMBRANE, **COBA))
    neurons.record("gsyn_exc")
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[7.0]))
    connections = [(0, i, 0.01, delay) for i, delay in enumerate(delays)]
    sim.Projection(source, neurons, sim.FromListConnector(connections), sim.StaticSynapse())
    sim.run(30.0)
    g = signal(neurons, "gsyn_exc")
    sim.end()
    first = np.argmax(g > 0, axis=0)
    np.testing.assert_array_equal(first, np.round((7.0 + delays) / TIMESTEP))
    np.testing.assert_allclose(g[first, np.arange(len(delays))], 0.01, rtol=1e-12)
