"""Time runs with plastic synapses beside the same run with static ones, and kernels of rules that
work on whole synapse arrays; write docs/plasticity.md.

    python benchmarks/plasticity.py [--repetitions 3] [--time 10000]

512 current-based neurons at about 10 Hz, 65,536 synapses, so weak that all runs have the same
spikes. Measured is the processor time of `run()`, in turns; the least of the repetitions counts.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from pyNN.random import NumpyRNG, RandomDistribution

import pynn_bss2sim as sim

DOCS = Path(__file__).resolve().parent.parent / "docs"
N, IN_DEGREE, W_MAX = 512, 128, 1e-6  # neurons, synapses of each, nA


#: Rows of the table: name, and that of the run with static synapses to compare with.
RUNS = {
    "static": "static",
    "additive": "static",
    "multiplicative": "static",
    "Gutig": "static",
    "Vogels 2011": "static",
    "Gutig, each synapse its own parameters": "static",
    "static, random delays": "static, random delays",
    "Gutig, random delays": "static, random delays",
}


def uniform(low, high):
    """Random parameters, the same in each run."""
    return RandomDistribution("uniform", (low, high), rng=NumpyRNG(1))


def synapse_type(name):
    """The synapses of one row of the table."""
    delay = uniform(0.5, 5.0) if "delays" in name else 1.0
    given = {"weight": 0.5 * W_MAX, "delay": delay}
    if name.startswith("static"):
        return sim.StaticSynapse(**given)
    pairs, w_max, powers = sim.SpikePairRule(A_plus=0.01, A_minus=0.01), W_MAX, {}
    if "own" in name:
        amplitude, tau = uniform(0.005, 0.02), uniform(10.0, 30.0)
        pairs = sim.SpikePairRule(A_plus=amplitude, A_minus=amplitude, tau_plus=tau, tau_minus=tau)
        w_max = uniform(W_MAX, 2.0 * W_MAX)
        powers = {"mu_plus": uniform(0.2, 0.8), "mu_minus": uniform(0.2, 0.8)}
    if name == "Vogels 2011":
        pairs = sim.Vogels2011Rule(eta=0.01 * W_MAX)
    dependence = {
        "multiplicative": sim.MultiplicativeWeightDependence,
        "Gutig": sim.GutigWeightDependence,
    }.get(name.split(",")[0], sim.AdditiveWeightDependence)
    return sim.STDPMechanism(pairs, dependence(w_max=w_max, **powers), **given)


def measure(name, duration):
    """Seconds of one run of `duration` ms, and the mean rate (Hz)."""
    sim.setup(timestep=0.1, chip="ideal")
    rng = np.random.default_rng(1)
    neurons = sim.Population(
        N,
        sim.IF_curr_exp(
            cm=0.2, tau_m=20.0, v_rest=-60.0, v_reset=-60.0, v_thresh=-50.0, tau_refrac=5.0,
            i_offset=rng.uniform(0.09, 0.117, N),
        ),
    )  # fmt: skip
    neurons.initialize(v=rng.uniform(-60.0, -50.0, N))
    neurons.record("spikes")
    sources = [rng.choice(N, IN_DEGREE, replace=False) for _ in range(N)]
    connections = [(int(pre), post) for post in range(N) for pre in sources[post]]
    connector = sim.FromListConnector(connections)
    sim.Projection(neurons, neurons, connector, synapse_type(name))
    sim.run(0.1)
    begin = time.process_time()
    sim.run(duration)
    seconds = time.process_time() - begin
    rate = neurons.mean_spike_count() / duration * 1e3
    sim.end()
    return seconds, rate


def measure_kernel(n_neurons, duration=1000.0):
    """Least seconds of one run of a kernel, all that it does, on 256 rows of these neurons."""
    seconds = []

    def learn(synapses, neurons, recording):
        for handle in synapses:  # the sensors see what happened since they were read last
            _ = handle.causal
        begin = time.process_time()
        for handle in synapses:
            seen = handle.acausal.astype(np.int16) - handle.causal
            handle.weights = np.clip(handle.weights + (seen >> 2), 0, 63)
            handle.reset_correlations()
        seconds.append(time.process_time() - begin)

    sim.setup(timestep=0.1, chip="quantized")
    rng = np.random.default_rng(1)
    times = [np.sort(rng.uniform(0.0, duration, int(duration / 100.0))) for _ in range(256)]
    source = sim.Population(256, sim.SpikeSourceArray(spike_times=times))
    neurons = sim.Population(n_neurons, sim.IF_curr_exp(i_offset=0.6, tau_m=10.0, cm=0.5))
    rule = sim.PlasticityRule(sim.Timer(start=50.0, period=50.0, num_periods=1000), kernel=learn)
    synapse = sim.PlasticSynapse(weight=1e-4, w_max=2e-4, plasticity_rule=rule)
    sim.Projection(source, neurons, sim.AllToAllConnector(), synapse)
    sim.run(duration)
    sim.end()
    return min(seconds)


def page(record):
    """The page of the documentation."""
    seconds = record["seconds"]
    rows = [f"| {name} | {s:.3f} | {s / seconds[RUNS[name]]:.1f} |" for name, s in seconds.items()]
    table = "\n".join(["| synapses | run (s) | / static |", "|---|---|---|", *rows])
    kernels = "\n".join(f"| {int(n):,} | {s * 1e3:.2f} |" for n, s in record["kernel"].items())
    return f"""# Run times with plastic synapses

Written by `benchmarks/plasticity.py`; the measurements stand in `plasticity.json`.

{N} `IF_curr_exp` neurons at {record["rate"]:.1f} Hz, {N * IN_DEGREE:,} synapses between them,
chip model `ideal`, {record["time"] / 1e3:g} s of biological time in steps of 0.1 ms. Processor
time of `run()`, the least of {record["repetitions"]} repetitions. Random delays are compared with
random delays.

{table}

## Kernels in Python

A kernel of a `PlasticityRule` that reads both sensors and the weight of every synapse, writes all
weights and empties all sensors, on whole arrays; chip model `quantized`. Processor time of one run,
the least of all. Not counted: that the sensors pair the spikes since they were last read.

| synapses | a run of the kernel (ms) |
|---|---|
{kernels}
"""


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--time", type=float, default=10_000.0, help="biological time (ms)")
    parser.add_argument("--output", type=Path, default=DOCS, help="folder of the results")
    options = parser.parse_args()
    runs = {name: [] for name in RUNS}
    for _ in range(options.repetitions):
        for name, results in runs.items():
            results.append(measure(name, options.time))
    rates = {rate for results in runs.values() for _, rate in results}
    if max(rates) - min(rates) > 0.01 * max(rates):
        raise SystemExit(f"the runs disagree on the mean rate, nothing is compared: {rates}")
    record = {
        "time": options.time,
        "repetitions": options.repetitions,
        "rate": float(max(rates)),
        "seconds": {name: min(seconds for seconds, _ in results) for name, results in runs.items()},
        "kernel": {256 * n: measure_kernel(n) for n in (256, 512)},
    }
    options.output.mkdir(exist_ok=True)
    (options.output / "plasticity.json").write_text(json.dumps(record, indent=1) + "\n")
    text = page(record)
    (options.output / "plasticity.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
