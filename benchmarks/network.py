"""Run one network of `bench_networks.py` on one backend, timed in phases. In a process of its own.

    python network.py BACKEND NETWORK [--chip MODEL] [--seed N] [--threads N] [--time MS]

prints one line of JSON with the processor time (s) of each phase: *import* of the backend, *build*
(the statements of the script), *map* (the first step, in which a backend finishes what it has
postponed: mapping, connecting, calibrating), *run*, *get_data*; and the *elapsed* time of *run*.
The backend ``nest:on_grid`` is NEST with spikes on the grid of steps, as here; by itself
pyNN.nest places those of `IF_curr_exp` between them.
"""

import argparse
import importlib
import json
import resource
import sys
import time
from dataclasses import replace

from bench_networks import NETWORKS, build

PHASES = ("import", "build", "map", "run", "get_data")
STEP = 0.1


def peak_memory():
    """Peak resident memory of this process in MiB (the kernel counts KiB, macOS counts bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def import_backend(name):
    """Import the backend under the name by which its users import it."""
    if name == "bss2sim":
        import pynn_bss2sim as sim
    else:
        sim = importlib.import_module(f"pyNN.{name.partition(':')[0]}")
    return sim


def set_up(sim, options):
    """Begin a simulation."""
    name, _, precision = options.backend.partition(":")
    extra = {}
    if name == "nest":
        extra = {"threads": options.threads, "verbosity": "error"}
        extra["spike_precision"] = precision or "off_grid"
        # NEST empties its delays by running on; after ten time constants little is left
        extra["t_flush"] = 200.0
    elif name == "bss2sim":
        extra = {"threads": options.threads, "chip": options.chip, "on_loss": "ignore"}
    sim.setup(timestep=STEP, min_delay=1.0, max_delay=2.0, **extra)


def run(sim, benchmark):
    """The runs; between them the network goes back to its begin."""
    sim.run(benchmark.time - STEP)
    for _ in range(benchmark.runs - 1):
        sim.reset()
        sim.run(benchmark.time)


def main():
    """Time the phases and print them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("backend")
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chip", default="ideal")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--time", type=float, help="another biological time of each run (ms)")
    options = parser.parse_args()
    benchmark = NETWORKS[options.network]
    if options.time is not None:
        benchmark = replace(benchmark, time=options.time)

    marks = [time.process_time()]
    sim = import_backend(options.backend)
    marks.append(time.process_time())
    set_up(sim, options)
    recorded = build(sim, options.network, options.seed)
    marks.append(time.process_time())
    sim.run(STEP)
    marks.append(time.process_time())
    begin = time.perf_counter()
    run(sim, benchmark)
    elapsed = time.perf_counter() - begin
    marks.append(time.process_time())
    segments = [segment for part in recorded for segment in part.get_data().segments]
    trains = sum(len(segment.spiketrains) for segment in segments)
    spikes = sum(len(segment.spiketrains.multiplexed[1]) for segment in segments)
    marks.append(time.process_time())

    seconds = [after - before for before, after in zip(marks, marks[1:], strict=False)]
    result = dict(zip(PHASES, seconds, strict=True)) | {"elapsed": elapsed}
    # a train for each neuron and each of the runs
    result["rate"] = spikes / trains / benchmark.time * 1000.0
    result["memory"] = peak_memory()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
