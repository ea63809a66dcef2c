"""The benchmark's workload: one full chip, timed in four phases. Run in a process of its own.

    python workload.py BACKEND [--time MS] [--seed N]

prints one line of JSON; the backend ``nest:on_grid`` is NEST with spikes on the grid of steps.

512 current-based neurons (the number of a chip's neuron circuits), 5 % of all pairs connected,
driven by constant currents that differ from neuron to neuron.
"""

import argparse
import json
import resource
import sys
import time


def peak_memory():
    """Peak resident memory of this process in MiB (the kernel counts KiB, macOS counts bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def import_backend(name):
    """Import the backend under the name by which its users import it."""
    if name == "bss2sim":
        import pynn_bss2sim as sim
    else:
        import importlib

        sim = importlib.import_module(f"pyNN.{name.partition(':')[0]}")
    return sim


def build(sim, options):
    """Describe the network and ask for the spikes of all neurons."""
    from pyNN.random import NumpyRNG, RandomDistribution

    extra = {"threads": 1}
    name, _, precision = options.backend.partition(":")
    if name == "nest":
        extra |= {"spike_precision": precision or "off_grid", "verbosity": "error"}
    else:
        extra |= {"chip": options.chip}
    sim.setup(timestep=0.1, min_delay=1.0, max_delay=1.0, **extra)
    rng = NumpyRNG(seed=options.seed)
    cell_type = sim.IF_curr_exp(
        cm=0.2, tau_m=20.0, v_rest=-60.0, v_reset=-60.0, v_thresh=-50.0, tau_refrac=5.0,
        tau_syn_E=5.0, tau_syn_I=10.0,
        i_offset=RandomDistribution("uniform", low=0.08, high=0.13, rng=rng),
    )  # fmt: skip
    neurons = sim.Population(512, cell_type, label="neurons")
    neurons.initialize(v=RandomDistribution("uniform", low=-60.0, high=-50.0, rng=rng))
    neurons.record("spikes")
    connector = sim.FixedProbabilityConnector(0.05, rng=rng)
    for source, weight, receptor in (
        (neurons[:410], 0.01, "excitatory"),
        (neurons[410:], -0.03, "inhibitory"),
    ):
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        sim.Projection(source, neurons, connector, synapse, receptor_type=receptor)
    return neurons


def main():
    """Time the phases and print them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("backend")
    parser.add_argument("--time", type=float, default=10_000.0, help="biological time (ms)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chip", default="ideal")
    options = parser.parse_args()

    marks = [time.perf_counter()]
    sim = import_backend(options.backend)
    marks.append(time.perf_counter())
    imported = peak_memory()
    neurons = build(sim, options)
    # the first step makes either backend finish what it has postponed (connecting, mapping)
    sim.run(0.1)
    marks.append(time.perf_counter())
    sim.run(options.time - 0.1)
    marks.append(time.perf_counter())
    trains = neurons.get_data().segments[0].spiketrains
    spikes = sum(len(train) for train in trains)
    marks.append(time.perf_counter())

    seconds = [after - before for before, after in zip(marks, marks[1:], strict=False)]
    result = dict(zip(("import", "build", "run", "get_data"), seconds, strict=True))
    result["total"] = sum(seconds)
    result["memory after import"] = imported
    result["peak memory"] = peak_memory()
    result["rate"] = spikes / 512 / options.time * 1000.0
    print(json.dumps(result))


if __name__ == "__main__":
    main()
