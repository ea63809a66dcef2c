"""Time runs with plastic synapses beside the same run with static ones; write docs/plasticity.md.

    python benchmarks/plasticity.py [--repetitions 3] [--time 10000]

512 current-based neurons at about 10 Hz, 65,536 synapses, so weak that all runs have the same
spikes. Measured is the processor time of `run()`, in turns; the least of the repetitions counts.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

import pynn_bss2sim as sim

DOCS = Path(__file__).resolve().parent.parent / "docs"
N, IN_DEGREE, W_MAX = 512, 128, 1e-6  # neurons, synapses of each, nA


def synapse_types():
    """The synapses to compare, by name."""
    pairs = sim.SpikePairRule(A_plus=0.01, A_minus=0.01)
    rules = {
        "additive": (pairs, sim.AdditiveWeightDependence),
        "multiplicative": (pairs, sim.MultiplicativeWeightDependence),
        "Gutig": (pairs, sim.GutigWeightDependence),
        "Vogels 2011": (sim.Vogels2011Rule(eta=0.01 * W_MAX), sim.AdditiveWeightDependence),
    }
    given = {"weight": 0.5 * W_MAX, "delay": 1.0}
    plastic = {
        name: sim.STDPMechanism(rule, dependence(w_max=W_MAX), **given)
        for name, (rule, dependence) in rules.items()
    }
    return {"static": sim.StaticSynapse(**given)} | plastic


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
    sim.Projection(neurons, neurons, connector, synapse_types()[name])
    sim.run(0.1)
    begin = time.process_time()
    sim.run(duration)
    seconds = time.process_time() - begin
    rate = neurons.mean_spike_count() / duration * 1e3
    sim.end()
    return seconds, rate


def page(record):
    """The page of the documentation."""
    static = record["seconds"]["static"]
    rows = [f"| {name} | {s:.3f} | {s / static:.1f} |" for name, s in record["seconds"].items()]
    table = "\n".join(["| synapses | run (s) | / static |", "|---|---|---|", *rows])
    return f"""# Run times with plastic synapses

Written by `benchmarks/plasticity.py`; the measurements stand in `plasticity.json`.

{N} `IF_curr_exp` neurons at {record["rate"]:.1f} Hz, {N * IN_DEGREE:,} synapses between them,
chip model `ideal`, {record["time"] / 1e3:g} s of biological time in steps of 0.1 ms. Processor
time of `run()`, the least of {record["repetitions"]} repetitions.

{table}
"""


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--time", type=float, default=10_000.0, help="biological time (ms)")
    parser.add_argument("--output", type=Path, default=DOCS, help="folder of the results")
    options = parser.parse_args()
    runs = {name: [] for name in ("static", "additive", "multiplicative", "Gutig", "Vogels 2011")}
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
    }
    options.output.mkdir(exist_ok=True)
    (options.output / "plasticity.json").write_text(json.dumps(record, indent=1) + "\n")
    text = page(record)
    (options.output / "plasticity.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
