"""Run one network of `bench_networks.py` on one backend, timed in phases. In a process of its own.

    python network.py BACKEND NETWORK [--chip MODEL] [--seed N]

prints one line of JSON with the processor time (s) of each phase: *import* of the backend, *build*
(the statements of the script), *map* (the first step, in which a backend finishes what it has
postponed: mapping, connecting, calibrating), *run*, *get_data*.
"""

import argparse
import json
import time

from bench_networks import NETWORKS, build
from workload import import_backend, peak_memory

PHASES = ("import", "build", "map", "run", "get_data")
STEP = 0.1


def set_up(sim, options):
    """Begin a simulation on one thread."""
    extra = {"threads": 1}
    if options.backend == "nest":
        extra |= {"verbosity": "error", "spike_precision": "on_grid"}
    elif options.backend == "bss2sim":
        extra |= {"chip": options.chip, "on_loss": "ignore"}
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
    options = parser.parse_args()
    benchmark = NETWORKS[options.network]

    marks = [time.process_time()]
    sim = import_backend(options.backend)
    marks.append(time.process_time())
    set_up(sim, options)
    recorded = build(sim, options.network, options.seed)
    marks.append(time.process_time())
    sim.run(STEP)
    marks.append(time.process_time())
    run(sim, benchmark)
    marks.append(time.process_time())
    trains = [t for part in recorded for s in part.get_data().segments for t in s.spiketrains]
    spikes = sum(map(len, trains))
    marks.append(time.process_time())

    seconds = [after - before for before, after in zip(marks, marks[1:], strict=False)]
    result = dict(zip(PHASES, seconds, strict=True))
    # a train for each neuron and each of the runs
    result["rate"] = spikes / len(trains) / benchmark.time * 1000.0
    result["memory"] = peak_memory()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
