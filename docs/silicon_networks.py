"""Three networks, and what shows whether they still do what they are known for.

A balanced network fires irregularly, at a low rate; a synfire chain carries a narrow packet of
spikes and stops a scattered one; AdEx neurons, ten of each kind, fire in four patterns.
"""

import numpy as np
from pyNN.random import NumpyRNG, RandomDistribution

import pynn_bss2sim as sim

#     C (pF)  g_L (nS)  E_L (mV)  a (nS)  tau_w (ms)  b (pA)  V_reset (mV)  I (pA)
PATTERNS = {
    "tonic": (200, 10, -70, 2, 30, 0, -58, 500),
    "adapting": (200, 12, -70, 2, 300, 60, -58, 500),
    "initial burst": (130, 18, -58, 4, 150, 120, -50, 400),
    "bursting": (200, 10, -58, 2, 120, 100, -46, 210),
}
#: Spikes in 1 s of each of them without any limits.
SPIKES = {"tonic": 103, "adapting": 17, "initial burst": 18, "bursting": 17}


def balanced(backend, model="CUBA", size=500, time=1000.0, **setup):
    """Network of Vogels & Abbott (2005): rate, CV, spread of rates, correlation.

    `backend` is a PyNN backend; the other two networks run on this one.
    """
    backend.setup(timestep=0.1, min_delay=0.2, **setup)
    rng = NumpyRNG(seed=98765)
    given = {"cm": 0.2, "tau_m": 20.0, "v_rest": -49.0, "v_thresh": -50.0, "v_reset": -60.0,
             "tau_refrac": 5.0, "tau_syn_E": 5.0, "tau_syn_I": 10.0}  # fmt: skip
    cell, weights = backend.IF_curr_exp(**given), (0.0162, -0.09)
    if model == "COBA":
        given |= {"v_rest": -60.0, "e_rev_E": 0.0, "e_rev_I": -80.0}
        cell, weights = backend.IF_cond_exp(**given), (0.004, 0.051)
    groups = [backend.Population(round(share * size), cell) for share in (0.8, 0.2)]
    connector = backend.FixedProbabilityConnector(80 / size, rng=rng)
    for group in groups:
        group.initialize(v=RandomDistribution("uniform", low=-60.0, high=-50.0, rng=rng))
        group.record("spikes")
    for source, weight, sign in zip(groups, weights, ("excitatory", "inhibitory"), strict=True):
        for target in groups:
            synapse = backend.StaticSynapse(weight=weight, delay=0.2)
            backend.Projection(source, target, connector, synapse, receptor_type=sign)
    if model == "COBA":
        kick = backend.Population(20, backend.SpikeSourcePoisson(rate=100.0, duration=50.0))
        for target in groups:
            backend.Projection(kick, target, backend.FixedProbabilityConnector(0.01, rng=rng),
                               backend.StaticSynapse(weight=0.1, delay=0.2),
                               receptor_type="excitatory")  # fmt: skip
    backend.run(time)
    trains = [t.magnitude for g in groups for t in g.get_data().segments[0].spiketrains]
    backend.end()
    return irregularity(trains, time)


def irregularity(trains, time):
    """Rate (Hz), CV of intervals, spread of rates, mean correlation of the counts in 10 ms."""
    rates = np.array([len(t) for t in trains]) * 1000.0 / time
    intervals = [np.diff(t) for t in trains if len(t) > 3]
    # the mean over all pairs follows from the variance of the sum
    bins = np.arange(0.0, time + 5.0, 10.0)
    counts = np.array([np.histogram(t, bins)[0] for t in trains if len(t)], float)
    counts = counts[counts.std(1) > 0]
    counts = (counts - counts.mean(1, keepdims=True)) / counts.std(1, keepdims=True)
    n = len(counts)
    return {
        "balanced rate": rates.mean(),
        "balanced CV": np.mean([i.std() / i.mean() for i in intervals]) if intervals else np.nan,
        "balanced spread": rates.std() / rates.mean(),
        "balanced correlation": (counts.sum(0).var() - n) / (n * (n - 1)),
    }


def synfire(**setup):
    """Four groups of a chain with feed-forward inhibition: spikes in the last one."""
    sim.setup(timestep=0.1, **setup)
    rng, packet = NumpyRNG(seed=4242), np.random.default_rng(7)
    times = np.sort(np.c_[packet.normal(50.0, 2.0, 100), packet.normal(250.0, 10.0, 100)])
    source = sim.Population(100, sim.SpikeSourceArray(spike_times=times.tolist()))
    cell = sim.IF_cond_exp(cm=0.29, tau_m=10.0, v_rest=-70.0, v_thresh=-57.0, v_reset=-70.0,
                           tau_refrac=2.0, tau_syn_E=1.5, tau_syn_I=10.0, e_rev_E=0.0,
                           e_rev_I=-75.0)  # fmt: skip
    for _ in range(4):
        group, brake = sim.Population(100, cell), sim.Population(25, cell)
        for target in (group, brake):
            target.initialize(v=-70.0)
            sim.Projection(source, target, sim.FixedNumberPreConnector(60, rng=rng),
                           sim.StaticSynapse(weight=0.0018))  # fmt: skip
        sim.Projection(brake, group, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.004),
                       receptor_type="inhibitory")  # fmt: skip
        source = group
    source.record("spikes")
    sim.run(400.0)
    spikes = np.concatenate([t.magnitude for t in source.get_data().segments[0].spiketrains])
    sim.end()
    narrow = np.count_nonzero(spikes < 150.0)
    return {"synfire narrow": narrow, "synfire scattered": len(spikes) - narrow}


def named(times):
    """Firing pattern of a neuron, by criteria that noise does not disturb."""
    intervals = np.diff(times)
    if len(intervals) < 8:
        return "few spikes"
    early, late = intervals[:2].mean(), intervals[len(intervals) // 2 :]
    if late.std() > 0.25 * late.mean():
        return "bursting"
    if late.mean() < 1.5 * early:
        return "tonic"
    return "initial burst" if np.max(intervals[1:6] / intervals[:5]) > 3 else "adapting"


def adex(**setup):
    """Share of AdEx neurons that fire in the pattern of their parameters, and about as often."""
    sim.setup(timestep=0.05, **setup)
    groups = {}
    for name, (c, g, rest, a, tau_w, b, reset, current) in PATTERNS.items():
        cell = sim.EIF_cond_exp_isfa_ista(
            cm=c / 1e3, tau_m=c / g, v_rest=rest, v_thresh=-50.0, v_reset=reset, v_spike=0.0,
            delta_T=2.0, a=a, tau_w=tau_w, b=b / 1e3, tau_refrac=0.05, i_offset=current / 1e3
        )  # fmt: skip
        groups[name] = sim.Population(10, cell, label=name)
        groups[name].initialize(v=rest, w=0.0)
        groups[name].record("spikes")
    sim.run(1000.0)
    trains = [(name, train.magnitude) for name, group in groups.items()
              for train in group.get_data().segments[0].spiketrains]  # fmt: skip
    sim.end()
    kept = [named(times) == name and 2 / 3 < len(times) / SPIKES[name] < 3 / 2
            for name, times in trains]  # fmt: skip
    return {"adex kept": np.mean(kept)}


def measure(chip):
    """What the three networks do on a chip."""
    options = {"chip": chip, "on_loss": "ignore"}
    return balanced(sim, **options) | synfire(**options) | adex(**options)
