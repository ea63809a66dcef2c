"""Random networks as plain data, for tests of laws that hold for every network."""

import os

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import pynn_bss2sim as sim

#: Multiplies the number of random networks, for a longer search than that of the suite.
EFFORT = int(os.environ.get("FUZZ_EFFORT", "1"))


def fuzz(examples):
    return settings(
        max_examples=examples * EFFORT, deadline=None, derandomize=EFFORT == 1, database=None,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip


_CURRENTS = sim.CurrExpPostSynapticResponse
_CONDUCTANCES = sim.CondExpPostSynapticResponse

NEURONS = {
    "lif": lambda i: sim.IF_curr_exp(i_offset=i),
    "cond": lambda i: sim.IF_cond_exp(i_offset=i),
    "adex": lambda i: sim.EIF_cond_exp_isfa_ista(i_offset=i),
    "one": lambda i: sim.PointNeuron(sim.LIF(i_offset=i), syn=_CURRENTS(tau_syn=3.0)),
    "two": lambda i: sim.PointNeuron(
        sim.AdExp(i_offset=i), AMPA=_CONDUCTANCES(tau_syn=2.0), GABA=_CONDUCTANCES(e_syn=-70.0)
    ),
}
SILENT_SOURCES = {"times": lambda s: sim.SpikeSourceArray(spike_times=s)}
RANDOM_SOURCES = {
    "poisson": lambda s: sim.SpikeSourcePoisson(rate=20.0 * len(s), start=1.0),
    "refractory": lambda s: sim.SpikeSourcePoissonRefractory(rate=30.0 * len(s), tau_refrac=4.0),
    "gamma": lambda s: sim.SpikeSourceGamma(beta=50.0 * len(s)),
    "inhgamma": lambda s: sim.SpikeSourceInhGamma(a=[2.0, 3.0], b=[0.02, 0.01], tbins=[0.0, 7.0]),
}
SOURCES = SILENT_SOURCES | RANDOM_SOURCES
CURRENTS = {
    "dc": lambda a: sim.DCSource(amplitude=a, start=2.0, stop=15.0),
    "ac": lambda a: sim.ACSource(amplitude=a, frequency=50.0, phase=30.0, offset=0.1),
    "step": lambda a: sim.StepCurrentSource(times=[1.0, 9.0, 14.0], amplitudes=[a, -a, 0.0]),
    "noise": lambda a: sim.NoisyCurrentSource(mean=a, stdev=0.2, stop=100.0, start=0.0),
}
CONNECTORS = {
    "all": lambda n, seed: sim.AllToAllConnector(allow_self_connections=False),
    "one": lambda n, seed: sim.OneToOneConnector(),
    "fixed": lambda n, seed: sim.FixedProbabilityConnector(0.5, rng=sim.NumpyRNG(seed)),
    "distance": lambda n, seed: sim.DistanceDependentProbabilityConnector(
        "d < 3", rng=sim.NumpyRNG(seed)
    ),
    "index": lambda n, seed: sim.FixedNumberPreConnector(2, rng=sim.NumpyRNG(seed)),
    "post": lambda n, seed: sim.FixedNumberPostConnector(3, rng=sim.NumpyRNG(seed)),
    "total": lambda n, seed: sim.FixedTotalNumberConnector(5, rng=sim.NumpyRNG(seed)),
    "list": lambda n, seed: sim.FromListConnector(
        [(i % n[0], (i * seed) % n[1]) for i in range(6)]
    ),
    "array": lambda n, seed: sim.ArrayConnector(
        np.random.default_rng(seed).random((n[0], n[1])) < 0.4
    ),
}  # fmt: skip

#: Times (ms), some of them often: spikes and the ends of runs are to meet.
moments = st.sampled_from([5.0, 10.0, 12.5, 25.0]) | st.integers(1, 249).map(lambda k: k / 10)
times = st.lists(moments, max_size=8).map(sorted)
parts = st.sampled_from(["whole", "even", "last", "reversed"])


@st.composite
def networks(draw, sources=tuple(SOURCES), currents=tuple(CURRENTS)):
    """Plain data from which `build` makes the same network each time."""
    n_neurons, n_sources = draw(st.integers(1, 3)), draw(st.integers(0, 2))
    neurons = [
        (draw(st.sampled_from(sorted(NEURONS))), draw(st.integers(1, 5)),
         draw(st.floats(-0.2, 1.5)), draw(st.text(min_size=1, max_size=4)))
        for _ in range(n_neurons)
    ]  # fmt: skip
    inputs = [
        (draw(st.sampled_from(sources)), draw(st.integers(1, 5)), draw(times))
        for _ in range(n_sources)
    ]
    projections = [
        {
            "pre": draw(st.integers(0, n_neurons + n_sources - 1)), "pre part": draw(parts),
            "post": draw(st.integers(0, n_neurons - 1)), "post part": draw(parts),
            "connector": draw(st.sampled_from(sorted(CONNECTORS))),
            "weight": draw(st.sampled_from([0.0, 0.01]) | st.floats(0.01, 0.5)),
            "random": draw(st.booleans()),
            "delay": draw(st.integers(1, 40)) / 10, "seed": draw(st.integers(1, 99)),
            "receptor": draw(st.integers(0, 1)),
        }
        for _ in range(draw(st.integers(0, 3)))
    ]  # fmt: skip
    electrodes = [
        (draw(st.sampled_from(currents)), draw(st.floats(-1, 1)),
         draw(st.integers(0, n_neurons - 1)), draw(parts))
        for _ in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    interval = draw(st.sampled_from([None, 0.1, 0.3, 1.0]))
    return {
        "neurons": neurons, "sources": inputs, "projections": projections,
        "electrodes": electrodes, "interval": interval,
    }  # fmt: skip


def part(cells, name):
    if name == "even":
        return cells[::2]
    if name == "last":
        return cells[-1:]
    if name == "reversed":
        return cells[::-1]
    return cells


class Built:
    """The PyNN objects of a network; all that can be recorded is."""

    def __init__(self, network, chip="ideal", record=True, **setup):
        sim.setup(timestep=0.1, min_delay=0.1, chip=chip, **setup)
        self.neurons = [
            sim.Population(size, NEURONS[kind](i), label=label)
            for kind, size, i, label in network["neurons"]
        ]
        self.sources = [
            sim.Population(size, SOURCES[kind](spikes), label=f"{kind}{k}")
            for k, (kind, size, spikes) in enumerate(network["sources"])
        ]
        self.populations = self.neurons + self.sources
        self.projections = [self.project(p) for p in network["projections"]]
        for kind, amplitude, k, where in network["electrodes"]:
            CURRENTS[kind](amplitude).inject_into(part(self.neurons[k], where))
        if record:
            for population in self.populations:
                population.record(
                    population.celltype.recordable, sampling_interval=network["interval"]
                )

    def project(self, p):
        pre = part(self.populations[p["pre"]], p["pre part"])
        post = part(self.neurons[p["post"]], p["post part"])
        receptor = list(post.receptor_types)[p["receptor"] % len(post.receptor_types)]
        negative = receptor == "inhibitory" and not post.conductance_based
        weight = -p["weight"] if negative else p["weight"]
        if p["random"]:
            low, high = sorted((weight / 2, weight))
            weight = sim.RandomDistribution(
                "uniform", low=low, high=high, rng=sim.NumpyRNG(p["seed"])
            )
        return sim.Projection(
            pre, post, CONNECTORS[p["connector"]]((pre.size, post.size), p["seed"]),
            sim.StaticSynapse(weight=weight, delay=p["delay"]), receptor_type=receptor,
        )  # fmt: skip


def content(cells, segment=-1):
    """All recorded of a segment: spikes by cell index, samples and their clock by variable."""
    data = cells.get_data()
    if not data.segments:
        return {}
    data, first = data.segments[segment], getattr(cells, "root", cells).first_id
    spikes = {
        int(train.annotations["channel_id"]) - first: (
            train.rescale("ms").magnitude.tolist(), float(train.t_start), float(train.t_stop)
        )
        for train in data.spiketrains
    }  # fmt: skip
    signals = {
        signal.name: (
            np.asarray(signal).tobytes(), signal.shape, float(signal.t_start),
            float(signal.sampling_period), str(signal.units),
        )
        for signal in data.analogsignals
    }  # fmt: skip
    return {"spikes": spikes, "signals": signals}


def everything(built, segment=-1):
    return [content(population, segment) for population in built.populations]


cuts = st.lists(moments, max_size=4, unique=True).map(sorted)
