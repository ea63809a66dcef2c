"""Networks of the benchmarks, as PyNN scripts that any backend runs.

Each function builds one of them with the backend module `sim`, which has been set up, and returns
the populations whose data are asked for at the end. `NETWORKS` says what they are.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pyNN.random import NumpyRNG, RandomDistribution

LIF = {
    "cm": 0.2, "tau_m": 20.0, "v_rest": -60.0, "v_reset": -60.0, "v_thresh": -50.0,
    "tau_refrac": 5.0, "tau_syn_E": 5.0, "tau_syn_I": 10.0,
}  # fmt: skip
COBA = {"e_rev_E": 0.0, "e_rev_I": -80.0}
ADEX = {"delta_T": 2.0, "v_spike": -40.0, "tau_w": 150.0, "a": 1.0, "b": 0.02}
DELAY = 1.0


def recurrent(sim, cell, size, probability, weights, rng, delay=DELAY):
    """Four parts of excitatory and one of inhibitory neurons; any two connected by chance."""
    neurons = sim.Population(size, cell, label="neurons")
    neurons.initialize(v=RandomDistribution("uniform", low=-60.0, high=-50.0, rng=rng))
    neurons.record("spikes")
    connector = sim.FixedProbabilityConnector(probability, rng=rng)
    excitatory = size * 4 // 5
    for source, weight, receptor in (
        (neurons[:excitatory], weights[0], "excitatory"),
        (neurons[excitatory:], weights[1], "inhibitory"),
    ):
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        sim.Projection(source, neurons, connector, synapse, receptor_type=receptor)
    return [neurons]


def currents(low, high, rng):
    """Constant currents that differ from neuron to neuron."""
    return RandomDistribution("uniform", low=low, high=high, rng=rng)


def cuba(sim, rng, high=0.13):
    """Current-based neurons that fill a chip."""
    cell = sim.IF_curr_exp(**LIF, i_offset=currents(0.08, high, rng))
    return recurrent(sim, cell, 512, 0.05, (0.01, -0.03), rng)


def cuba_fast(sim, rng):
    """The same under strong currents."""
    return cuba(sim, rng, high=0.4)


def coba(sim, rng):
    """Conductance-based neurons that fill a chip."""
    cell = sim.IF_cond_exp(**LIF, **COBA, i_offset=currents(0.08, 0.13, rng))
    return recurrent(sim, cell, 512, 0.05, (0.0002, 0.0015), rng)


def adex(sim, rng):
    """Adaptive exponential neurons that fill a chip."""
    cell = sim.EIF_cond_exp_isfa_ista(**LIF, **COBA, **ADEX, i_offset=currents(0.1, 0.2, rng))
    return recurrent(sim, cell, 512, 0.05, (0.0002, 0.0015), rng)


def balanced_cuba(sim, rng):
    """A large network in the manner of Vogels and Abbott (2005), current-based."""
    cell = sim.IF_curr_exp(**(LIF | {"v_rest": -49.0}))
    return recurrent(sim, cell, 4000, 0.02, (0.008, -0.045), rng)


def balanced_coba(sim, rng):
    """The same, conductance-based."""
    cell = sim.IF_cond_exp(**LIF, **COBA, i_offset=0.12)
    return recurrent(sim, cell, 4000, 0.02, (0.0006, 0.0077), rng)


def many_chips(sim, rng):
    """32 groups of neurons, each with inputs of its own 512 and a few of the next group."""
    cell = sim.IF_curr_exp(**LIF, i_offset=currents(0.08, 0.13, rng))
    groups = [recurrent(sim, cell, 512, 0.05, (0.01, -0.03), rng)[0] for _ in range(32)]
    synapse = sim.StaticSynapse(weight=0.01, delay=2.0)
    for source, target in zip(groups, groups[1:] + groups[:1], strict=True):
        sim.Projection(source[:16], target, sim.OneToOneConnector(), synapse)
    return groups


def many_projections(sim, rng):
    """64 populations of 8 neurons, each connected to each."""
    cell = sim.IF_curr_exp(**LIF, i_offset=0.11)
    groups = [sim.Population(8, cell) for _ in range(64)]
    synapse = sim.StaticSynapse(weight=0.001, delay=DELAY)
    for group in groups:
        group.record("spikes")
        for other in groups:
            sim.Projection(other, group, sim.FixedProbabilityConnector(0.1, rng=rng), synapse)
    return groups


def all_to_all(sim, rng):
    """Each of 256 sources connected to each of 256 neurons."""
    sources = sim.Population(256, sim.SpikeSourcePoisson(rate=10.0))
    neurons = sim.Population(256, sim.IF_curr_exp(**LIF))
    neurons.record("spikes")
    synapse = sim.StaticSynapse(weight=0.008, delay=DELAY)
    sim.Projection(sources, neurons, sim.AllToAllConnector(), synapse)
    return [neurons]


def traces(sim, rng):
    """Current-based neurons whose membrane potentials are all recorded at every step."""
    (neurons,) = cuba(sim, rng)
    neurons.record("v")
    return [neurons]


def small(sim, rng):
    """A few current-based neurons, as learning in the loop runs them again and again."""
    cell = sim.IF_curr_exp(**LIF, i_offset=currents(0.08, 0.2, rng))
    return recurrent(sim, cell, 20, 0.2, (0.01, -0.03), rng)


@dataclass(frozen=True)
class Benchmark:
    """A network, how long it runs (biological ms), how often, and on which chip models.

    With more than one of `threads` it is measured with as many, too. `between_steps` says that
    pyNN.nest places its spikes between the steps unless told otherwise.
    """

    build: Callable
    title: str
    neurons: int
    time: float
    runs: int = 1
    chips: tuple = ("quantized",)
    threads: int = 1
    between_steps: bool = True


ALL = ("ideal", "quantized", "silicon")
NETWORKS = {
    "cuba": Benchmark(cuba, "512 CUBA LIF, 12 Hz", 512, 10_000.0, chips=ALL),
    "cuba_fast": Benchmark(cuba_fast, "512 CUBA LIF, 50 Hz", 512, 10_000.0),
    "coba": Benchmark(coba, "512 COBA LIF", 512, 5000.0, chips=ALL, between_steps=False),
    "adex": Benchmark(adex, "512 COBA AdEx", 512, 2000.0, chips=ALL, between_steps=False),
    "balanced_cuba": Benchmark(
        balanced_cuba, "4000 CUBA LIF, balanced", 4000, 1000.0, chips=("ideal",), threads=2
    ),
    "balanced_coba": Benchmark(
        balanced_coba, "4000 COBA LIF, balanced", 4000, 500.0, chips=("ideal",), threads=2,
        between_steps=False,
    ),
    "many_chips": Benchmark(many_chips, "16,384 CUBA LIF on many chips", 16_384, 500.0),
    "many_projections": Benchmark(many_projections, "4096 projections of 8 to 8", 512, 500.0),
    "all_to_all": Benchmark(all_to_all, "256 x 256, all to all", 256, 1000.0),
    "resets": Benchmark(small, "1000 runs of 100 ms, each reset", 20, 100.0, runs=1000),
    "traces": Benchmark(traces, "512 membrane traces", 512, 1000.0),
}  # fmt: skip


def build(sim, name, seed):
    """Build a network; the seed fixes its connections and parameters."""
    return NETWORKS[name].build(sim, NumpyRNG(seed=seed))
