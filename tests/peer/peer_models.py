"""Small models that this backend and NEST both run, and the arrays by which they are compared.

Each model is a function of a PyNN backend; all that is random is drawn once with NumPy and handed
to both as lists. A model returns a dict of arrays: inputs (names that begin with ``in_``), by which
a stale reference is recognized, and results.

As a script, ``python peer_models.py nest FOLDER [MODEL ...]`` writes one ``.npz`` for each model.
"""

import importlib
import sys
from pathlib import Path

import numpy as np
from pyNN.random import NumpyRNG, RandomDistribution

TIMESTEP = 0.1  # ms
#: ms; PyNN's NEST backend sends the spikes of a SpikeSourceArray through a relay that costs it
MIN_DELAY = 0.1

LIF = {
    "cm": 0.25,
    "tau_m": 10.0,
    "v_rest": -65.0,
    "v_reset": -70.0,
    "v_thresh": -50.0,
    "tau_refrac": 2.0,
    "tau_syn_E": 2.0,
    "tau_syn_I": 5.0,
}
COBA = {"e_rev_E": 0.0, "e_rev_I": -80.0}
RECEPTORS = ("excitatory", "inhibitory")
#: Adapting parameters of Brette & Gerstner (2005), with room for the spike itself
ADEX = {
    "cm": 0.281,
    "tau_m": 9.3667,
    "v_rest": -70.6,
    "v_reset": -70.6,
    "v_thresh": -50.4,
    "v_spike": -40.0,
    "tau_refrac": 1.0,
    "delta_T": 2.0,
    "tau_w": 144.0,
    "a": 4.0,
    "b": 0.0805,
    "tau_syn_E": 2.0,
    "tau_syn_I": 5.0,
}


def setup(sim, precision="on_grid", max_delay=1.0):
    """Begin a model; `precision` is an option of the NEST backend, which others do not know."""
    options = {"chip": "ideal"}
    if sim.__name__ == "pyNN.nest":
        options = {"spike_precision": precision, "verbosity": "error", "threads": 1}
    sim.setup(timestep=TIMESTEP, min_delay=MIN_DELAY, max_delay=max_delay, **options)


def spikes_of(population):
    """Spike times (ms) and cell indices of a population, sorted by time, then cell."""
    trains = population.get_data("spikes").segments[0].spiketrains
    cells = [np.full(len(t), t.annotations["source_index"]) for t in trains]
    times = np.concatenate([t.magnitude for t in trains] or [np.empty(0)])
    cells = np.concatenate(cells or [np.empty(0, int)]).astype(np.int64)
    order = np.lexsort((cells, np.round(times, 6)))
    return times[order], cells[order]


def irregularity(times, cells):
    """Mean coefficient of variation of the intervals between the spikes of a cell."""
    order = np.lexsort((times, cells))
    trains = np.split(times[order], np.flatnonzero(np.diff(cells[order])) + 1)
    intervals = [np.diff(train) for train in trains if len(train) > 5]
    return np.mean([i.std() / i.mean() for i in intervals])


def signal_of(population, name):
    """Samples (n_samples, size) of a recorded variable, columns by cell index."""
    signal = population.get_data(name).segments[0].filter(name=name)[0]
    order = np.argsort(signal.array_annotations["channel_index"])
    return signal.magnitude[:, order]


def poisson_on_grid(rng, rate, stop, size):
    """Poisson spike times (ms) of `size` cells, each a sorted list on the grid, from 1 ms on.

    The times lie 1e-6 ms before the grid point that is meant. NEST assigns a spike to the step in
    whose half-open interval (n - 1, n] it falls; a time that rounding has put 1e-14 ms after the
    grid point would arrive one step late.
    """
    steps = np.arange(10, round(stop / TIMESTEP))
    drawn = rng.random((size, len(steps))) < rate * TIMESTEP / 1000.0
    return [steps[row] * TIMESTEP - 1e-6 for row in drawn]


def poisson_driven(sim, cell_type, weights, precision="on_grid"):
    """One neuron under 200 ms of excitatory and inhibitory Poisson input: trace and spikes."""
    setup(sim, precision)
    times = poisson_on_grid(np.random.default_rng(2024), 1500.0, 200.0, 2)
    neuron = sim.Population(1, cell_type)
    neuron.initialize(v=cell_type.parameter_space["v_rest"].base_value)
    neuron.record(["v", "spikes"])
    for receptor, weight, train in zip(("excitatory", "inhibitory"), weights, times, strict=True):
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=train))
        synapse = sim.StaticSynapse(weight=weight, delay=0.5)
        sim.Projection(source, neuron, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    sim.run(200.0)
    result = {"v": signal_of(neuron, "v")[:, 0], "spikes": spikes_of(neuron)[0]}
    sim.end()
    return {"in_excitatory": times[0], "in_inhibitory": times[1]} | result


def trace_cuba(sim, precision="on_grid"):
    """IF_curr_exp under Poisson input."""
    return poisson_driven(sim, sim.IF_curr_exp(**LIF), (0.35, -0.06), precision)


def trace_cuba_off_grid(sim):
    """IF_curr_exp under Poisson input; NEST computes threshold crossings between grid points."""
    return trace_cuba(sim, "off_grid")


def trace_coba(sim):
    """IF_cond_exp under Poisson input."""
    return poisson_driven(sim, sim.IF_cond_exp(**LIF, **COBA), (0.0075, 0.005))


def trace_adex(sim):
    """EIF_cond_exp_isfa_ista under Poisson input."""
    return poisson_driven(sim, sim.EIF_cond_exp_isfa_ista(**ADEX, **COBA), (0.015, 0.005))


def dc_response(sim, cell_type, amplitudes):
    """Neurons under a step of current from 20 to 220 ms, one for each amplitude."""
    setup(sim)
    neurons = sim.Population(len(amplitudes), cell_type)
    neurons.initialize(v=cell_type.parameter_space["v_rest"].base_value)
    neurons.record(["v", "spikes"])
    for index, amplitude in enumerate(amplitudes):
        source = sim.DCSource(amplitude=amplitude, start=20.0, stop=220.0)
        source.inject_into(neurons[index : index + 1])
    sim.run(300.0)
    times, cells = spikes_of(neurons)
    result = {"v": signal_of(neurons, "v"), "spikes": times, "cells": cells}
    sim.end()
    return {"in_amplitudes": np.asarray(amplitudes)} | result


def step_cuba(sim):
    """Steps of current into IF_curr_exp, below and above rheobase (0.375 nA)."""
    return dc_response(sim, sim.IF_curr_exp(**LIF), [-0.2, 0.2, 0.36, 0.5])


def step_coba(sim):
    """Steps of current into IF_cond_exp."""
    return dc_response(sim, sim.IF_cond_exp(**LIF, **COBA), [-0.2, 0.2, 0.36, 0.5])


def step_adex(sim):
    """Steps of current into EIF_cond_exp_isfa_ista."""
    return dc_response(sim, sim.EIF_cond_exp_isfa_ista(**ADEX, **COBA), [-0.2, 0.2, 0.4, 0.8])


#: U, tau_rec, tau_facil, tau_syn_E of synapses that depress, facilitate, or both.
SHORT_TERM = (
    (0.5, 800.0, 0.0, 3.0),
    (0.04, 100.0, 1000.0, 3.0),
    (0.3, 50.0, 30.0, 10.0),
    (1.0, 20.0, 0.0, 19.0),
    (0.2, 5.0, 200.0, 8.0),
)


def short_term(sim):
    """Conductance behind Tsodyks-Markram synapses when Poisson spikes (40 Hz) arrive."""
    setup(sim)
    times = poisson_on_grid(np.random.default_rng(77), 40.0, 500.0, len(SHORT_TERM))
    populations = []
    for train, (use, tau_rec, tau_facil, tau_syn) in zip(times, SHORT_TERM, strict=True):
        cell = sim.IF_cond_exp(**LIF | {"tau_syn_E": tau_syn, "v_thresh": 100.0}, **COBA)
        neuron = sim.Population(1, cell)
        neuron.record("gsyn_exc")
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=train))
        synapse = sim.TsodyksMarkramSynapse(
            weight=0.01, delay=0.5, U=use, tau_rec=tau_rec, tau_facil=tau_facil
        )
        sim.Projection(source, neuron, sim.AllToAllConnector(), synapse)
        populations.append(neuron)
    sim.run(500.0)
    arrivals = [np.rint((train + 0.5) / TIMESTEP).astype(int) for train in times]
    conductance = [
        signal_of(neuron, "gsyn_exc")[steps[steps < 5000], 0]
        for neuron, steps in zip(populations, arrivals, strict=True)
    ]
    sim.end()
    return {"in_times": np.concatenate(times), "conductance": np.concatenate(conductance)}


#: Largest weight (nA) of synapses that learn: too weak to make their target spike.
W_MAX = 0.01
#: Delays (ms) of such synapses.
STDP_DELAYS = (0.1, 1.5)
WEIGHT_DEPENDENCES = {
    "AdditiveWeightDependence": {},
    "MultiplicativeWeightDependence": {},
    "AdditivePotentiationMultiplicativeDepression": {},
    "GutigWeightDependence": {"mu_plus": 0.4, "mu_minus": 0.7},
}


def irregular(rng, rest, mean, count, stop):
    """`count` steps up to `stop`, `rest` of them or more between two, with random intervals."""
    steps = 20 + np.cumsum(rest + np.rint(rng.exponential(mean, count))).astype(int)
    return steps[steps < stop]


def learned_weights(sim, synapses, changes=None):
    """Weights of single synapses after each 500 ms of random spikes of both sides.

    NEST brings a weight up to date at presynaptic spikes: each 500 ms end with one, long after the
    last postsynaptic spike. What `changes` says of a synapse is set afterwards.
    """
    setup(sim, max_delay=2.0)
    rng = np.random.default_rng(1908)
    ends = np.arange(5000, 105_000, 5000)
    pre, driver = (irregular(rng, rest, mean, 1500, ends[-1]) for rest, mean in ((1, 99), (30, 70)))
    pre = np.union1d(pre[pre % 5000 < 4960], ends - 20)
    driver = driver[driver % 5000 < 4900]
    sources = [
        sim.Population(1, sim.SpikeSourceArray(spike_times=steps * TIMESTEP - 1e-6))
        for steps in (pre, driver)
    ]
    neurons = sim.Population(len(synapses), sim.IF_curr_exp(**LIF | {"tau_syn_E": 0.3}))
    neurons.record("spikes")
    strong = sim.StaticSynapse(weight=30.0, delay=0.1)
    sim.Projection(sources[1], neurons, sim.AllToAllConnector(), strong)
    wires = [
        sim.Projection(sources[0], neurons[k : k + 1], sim.AllToAllConnector(), synapse)
        for k, synapse in enumerate(synapses)
    ]
    for projection, change in zip(wires, changes or [], strict=False):
        projection.set(**change)
    weights = []
    for end in ends:
        sim.run_until(end * TIMESTEP)
        weights.append([w.get("weight", format="list", with_address=False)[0] for w in wires])
    times, cells = spikes_of(neurons)
    sim.end()
    inputs = {"in_pre": pre, "in_driver": driver}
    return inputs | {"weights": np.array(weights), "spikes": times, "cells": cells}


def stdp(sim):
    """Weights of synapses with spike pairs: all weight dependences, two delays."""
    rule = {"tau_plus": 20.0, "tau_minus": 30.0, "A_plus": 0.01, "A_minus": 0.007}
    both = [(name, delay) for name in WEIGHT_DEPENDENCES for delay in STDP_DELAYS]
    synapses = [
        sim.STDPMechanism(
            sim.SpikePairRule(**rule), getattr(sim, name)(w_max=W_MAX),
            weight=0.5 * W_MAX, delay=delay,
        )
        for name, delay in both
    ]  # fmt: skip
    # the constructor of pyNN.nest's GutigWeightDependence loses its exponents
    changes = [WEIGHT_DEPENDENCES[name] for name, _ in both]
    return learned_weights(sim, synapses, changes)


def vogels2011(sim):
    """Weights under Vogels et al.'s rule, for which pyNN.nest has no standard model."""
    tau, eta, rho = 20.0, 1e-3 * W_MAX, 80.0
    if sim.__name__ == "pyNN.nest":
        model = sim.native_synapse_type("vogels_sprekeler_synapse")
        alpha = 2.0 * rho * 1e-3 * tau
        pa = {"weight": 500.0 * W_MAX, "Wmax": 1000.0 * W_MAX, "eta": 1000.0 * eta}
        synapses = [model(tau=tau, alpha=alpha, delay=delay, **pa) for delay in STDP_DELAYS]
    else:
        synapses = [
            sim.STDPMechanism(
                sim.Vogels2011Rule(tau=tau, eta=eta, rho=rho),
                sim.AdditiveWeightDependence(w_max=W_MAX), weight=0.5 * W_MAX, delay=delay,
            )
            for delay in STDP_DELAYS
        ]  # fmt: skip
    return learned_weights(sim, synapses)


def rate_curve(sim, cell_type, currents):
    """Spike counts in 1 s for constant currents, and the refractory times that bound them."""
    setup(sim)
    neurons = sim.Population(len(currents), cell_type)
    neurons.set(i_offset=currents)
    neurons.initialize(v=cell_type.parameter_space["v_rest"].base_value)
    neurons.record("spikes")
    sim.run(1000.0)
    times, cells = spikes_of(neurons)
    sim.end()
    return {"in_currents": np.asarray(currents), "spikes": times, "cells": cells}


def rate_cuba(sim):
    """f-I curve of IF_curr_exp."""
    return rate_curve(sim, sim.IF_curr_exp(**LIF), np.linspace(0.3, 3.0, 28))


def rate_coba(sim):
    """f-I curve of IF_cond_exp."""
    return rate_curve(sim, sim.IF_cond_exp(**LIF, **COBA), np.linspace(0.3, 3.0, 28))


def rate_adex(sim):
    """f-I curve of EIF_cond_exp_isfa_ista."""
    return rate_curve(sim, sim.EIF_cond_exp_isfa_ista(**ADEX, **COBA), np.linspace(0.3, 2.0, 18))


def refractory(sim):
    """Strong constant current and refractory times from one step to 10 ms."""
    setup(sim)
    tau = np.array([0.1, 0.5, 1.0, 2.0, 5.0, 10.0])
    neurons = sim.Population(len(tau), sim.IF_curr_exp(**LIF))
    neurons.set(tau_refrac=tau, i_offset=1.5)
    neurons.initialize(v=-65.0)
    neurons.record(["v", "spikes"])
    sim.run(100.0)
    times, cells = spikes_of(neurons)
    result = {"v": signal_of(neurons, "v"), "spikes": times, "cells": cells}
    sim.end()
    return {"in_tau": tau} | result


def balanced(sim, model, size=1000, time=1000.0):
    """Vogels & Abbott's network with 80 inputs per neuron: rates, irregularity and spikes.

    COBA gets 500 Hz of further excitatory input throughout: a network of this size is too small to
    keep itself going, and its rates would fluctuate slowly. It is chaotic, so that only its first
    20 ms of spikes are kept.
    """
    rng = np.random.default_rng(31415)
    n_exc = round(0.8 * size)
    # 64 excitatory and 16 inhibitory inputs to each neuron: equal numbers, because neurons that
    # happened to have few inhibitory inputs would dominate the rates, and their fluctuations
    matrix = np.zeros((size, size), bool)
    for post in range(size):
        matrix[rng.choice(n_exc, 64, replace=False), post] = True
        matrix[n_exc + rng.choice(size - n_exc, 16, replace=False), post] = True
    v_init = rng.uniform(-60.0, -50.0, size)
    kicks = poisson_on_grid(rng, 50.0, time, 200)
    kick_matrix = rng.random((200, size)) < 0.05
    parameters = {
        "cm": 0.2, "tau_m": 20.0, "v_rest": -60.0, "v_reset": -60.0, "v_thresh": -50.0,
        "tau_refrac": 5.0, "tau_syn_E": 5.0, "tau_syn_I": 10.0,
    }  # fmt: skip
    if model == "COBA":
        cell_type = sim.IF_cond_exp(**parameters, **COBA)
        weights = 0.004, 0.051
    else:
        cell_type = sim.IF_curr_exp(**parameters | {"v_rest": -49.0})
        weights = 0.0162, -0.09

    setup(sim)
    neurons = sim.Population(size, cell_type)
    neurons.initialize(v=v_init)
    neurons.record("spikes")
    for receptor, weight, rows in (
        ("excitatory", weights[0], slice(0, n_exc)),
        ("inhibitory", weights[1], slice(n_exc, size)),
    ):
        pairs = np.argwhere(matrix[rows])
        connections = [(pre, post, weight, 0.2) for pre, post in pairs.tolist()]
        sim.Projection(
            neurons[rows], neurons, sim.FromListConnector(connections), sim.StaticSynapse(),
            receptor_type=receptor,
        )  # fmt: skip
    if model == "COBA":
        source = sim.Population(200, sim.SpikeSourceArray(spike_times=kicks))
        connections = [(pre, post, 0.012, 0.2) for pre, post in np.argwhere(kick_matrix).tolist()]
        sim.Projection(
            source, neurons, sim.FromListConnector(connections), sim.StaticSynapse(),
            receptor_type="excitatory",
        )  # fmt: skip
    sim.run(time)
    times, cells = spikes_of(neurons)
    sim.end()
    results = {
        "rates": np.bincount(cells, minlength=size) * 1000.0 / time,
        "irregularity": irregularity(times, cells),
    }
    keep = times < (20.0 if model == "COBA" else np.inf)
    results |= {"spikes": times[keep], "cells": cells[keep]}
    inputs = {"in_matrix": np.packbits(matrix), "in_v": v_init, "in_kicks": np.concatenate(kicks)}
    return inputs | results


def network_cuba(sim):
    """Balanced network, current-based."""
    return balanced(sim, "CUBA")


def network_coba(sim):
    """Balanced network, conductance-based."""
    return balanced(sim, "COBA", time=5000.0)


def vogels_abbott(sim, model, time=3000.0):
    """The benchmark as it was published: 4000 neurons, 2 % of all pairs, nothing but a kick.

    Connectivity and initial potentials come from PyNN's own `NumpyRNG` with one seed, which has to
    mean the same network on both backends; its in-degrees are among the inputs that are compared.
    """
    setup(sim)
    parameters = {
        "cm": 0.2, "tau_m": 20.0, "v_rest": -60.0, "v_reset": -60.0, "v_thresh": -50.0,
        "tau_refrac": 5.0, "tau_syn_E": 5.0, "tau_syn_I": 10.0,
    }  # fmt: skip
    if model == "COBA":
        cell_type, weights = sim.IF_cond_exp(**parameters, **COBA), (0.004, 0.051)
    else:
        cell_type = sim.IF_curr_exp(**parameters | {"v_rest": -49.0})
        weights = 0.0162, -0.09
    rng = NumpyRNG(seed=98765)
    groups = sim.Population(3200, cell_type), sim.Population(800, cell_type)
    for group in groups:
        group.initialize(v=RandomDistribution("uniform", low=-60.0, high=-50.0, rng=rng))
        group.record("spikes")
    connector = sim.FixedProbabilityConnector(0.02, rng=rng)
    in_degrees = []
    for source, weight, receptor in zip(groups, weights, RECEPTORS, strict=True):
        for target in groups:
            synapse = sim.StaticSynapse(weight=weight, delay=0.2)
            projection = sim.Projection(source, target, connector, synapse, receptor_type=receptor)
            in_degrees.append(np.isfinite(projection.get("weight", format="array")).sum(0))
    if model == "COBA":
        kicks = poisson_on_grid(np.random.default_rng(98765), 100.0, 50.0, 20)
        kick = sim.Population(20, sim.SpikeSourceArray(spike_times=kicks))
        for target in groups:
            sim.Projection(
                kick, target, sim.FixedProbabilityConnector(0.01, rng=rng),
                sim.StaticSynapse(weight=0.1, delay=0.2), receptor_type="excitatory",
            )  # fmt: skip
    sim.run(time)
    results = {"in_degrees": np.concatenate(in_degrees).astype(np.int16)}
    for name, group in zip(("exc", "inh"), groups, strict=True):
        times, _ = spikes_of(group)
        # the kick and what it leaves behind are not counted
        results[f"rate_{name}"] = np.array((times > 100.0).sum() / len(group) * 1e3 / (time - 100))
        results[f"early_{name}"] = np.sort(times[times < 20.0])
    sim.end()
    return results


def vogels_abbott_cuba(sim):
    """Current-based benchmark."""
    return vogels_abbott(sim, "CUBA")


def vogels_abbott_coba(sim):
    """Conductance-based benchmark."""
    return vogels_abbott(sim, "COBA")


MODELS = {
    f.__name__: f
    for f in (
        trace_cuba, trace_cuba_off_grid, trace_coba, trace_adex, step_cuba, step_coba, step_adex,
        short_term, stdp, vogels2011, rate_cuba, rate_coba, rate_adex, refractory, network_cuba,
        network_coba, vogels_abbott_cuba, vogels_abbott_coba,
    )
}  # fmt: skip


def main(backend, folder, *names):
    """Run the models with `backend` and write what they return into `folder`."""
    sim = importlib.import_module(f"pyNN.{backend}")
    for name in names or MODELS:
        np.savez_compressed(Path(folder) / f"{name}.npz", **MODELS[name](sim))


if __name__ == "__main__":
    main(*sys.argv[1:])
