"""Time the networks of `bench_networks.py` here and on peers; write ``docs/networks.md``.

    python benchmarks/run_networks.py [--repetitions 3] [--peer nest] [--only cuba ...]

Each run has a process of its own. Processor time is measured, so that other programs disturb
little; the backends take turns, so that a change of the machine's speed meets all of them.
Reported are the medians, and the spread from the fastest to the slowest.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from bench_networks import NETWORKS
from network import PHASES
from run_benchmarks import DOCS, HERE, installed, processor

PACKAGES = ("pynn_bss2sim", "pyNN", "numpy", "nest-simulator", "neuron")


def run_once(network, backend, chip):
    """Measurements of one run, or None where the backend cannot run the network."""
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, str(HERE / "network.py"), backend, network, "--chip", chip]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | one_thread)
    if done.returncode:
        print(f"{network} on {backend}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def columns(network, peers):
    """Backend and chip of each column of a network."""
    return [("bss2sim", chip) for chip in NETWORKS[network].chips] + [(p, "-") for p in peers]


def measure(network, peers, repetitions):
    """Let the backends take turns: dict of "backend chip" to a list of measurements."""
    results = {}
    for _ in range(repetitions):
        for backend, chip in columns(network, peers):
            result = run_once(network, backend, chip)
            if result is not None:
                results.setdefault(f"{backend} {chip}".removesuffix(" -"), []).append(result)
    return results


def row(network, name, runs, peer):
    """One row of the table."""
    middle = {key: statistics.median(r[key] for r in runs) for key in runs[0]}
    spread = max(r["run"] for r in runs) / min(r["run"] for r in runs)
    faster = f"{peer / middle['run']:.1f}" if peer and name.startswith("bss2sim") else ""
    times = " | ".join(f"{middle[phase]:.3f}" for phase in PHASES)
    return (
        f"| {NETWORKS[network].title} | {name.removeprefix('bss2sim ')} | {times} | {spread:.2f} "
        f"| {faster} | {middle['rate']:.1f} | {middle['memory']:.0f} |"
    )


def table(results):
    """Markdown table of all measurements."""
    rows = [
        f"| network | on | {' | '.join(PHASES)} | spread of run | nest / run | Hz | MiB |",
        "|---|---|" + "---|" * (len(PHASES) + 4),
    ]
    for network, columns in results.items():
        nest = [r["run"] for r in columns.get("nest", [])]
        peer = statistics.median(nest) if nest else None
        rows += [row(network, name, runs, peer) for name, runs in columns.items()]
    return "\n".join(rows)


def page(record):
    """The whole page of the documentation."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    return f"""# Run times of networks

Written by `benchmarks/run_networks.py`; the measurements stand in `networks.json`. The networks are
those of `benchmarks/bench_networks.py`, which has more than were measured here.

Processor seconds of one thread, by phase, on chip models of this backend and on others; the
backends take turns, median of {record["repetitions"]}.

{table(record["results"])}

* *build*: the statements of the script. *map*: the first step, in which backends finish what they
  have postponed; here it is the mapping to the chips. *run*: all further steps.
* *spread of run*: the slowest run over the fastest.
* *nest / run*: how many times longer pyNN.nest takes for *run*; its spikes lie on the grid, too.
* *MiB*: peak of the resident memory.
* On `quantized` and `silicon` rates differ from those of ideal neurons: weights, delays and
  connections are those of the chips.
* {record["processor"]}; {versions}.
"""


def write(results, options):
    """Write measurements and page; after each network, so that none is lost."""
    record = {
        "versions": {name: installed(name) for name in PACKAGES},
        "processor": processor(),
        "repetitions": options.repetitions,
        "results": results,
    }
    (options.output / "networks.json").write_text(json.dumps(record, indent=1) + "\n")
    (options.output / "networks.md").write_text(page(record))


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", nargs="*", default=["nest"], help="PyNN backends: nest, neuron")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--output", type=Path, default=DOCS, help="folder of the results")
    options = parser.parse_args()
    if options.repetitions < 1:
        parser.error("at least one repetition is needed")
    options.output.mkdir(exist_ok=True)
    results = {}
    for network in options.only:
        results[network] = measure(network, options.peer, options.repetitions)
        print(table({network: results[network]}), flush=True)
        write(results, options)


if __name__ == "__main__":
    main()
