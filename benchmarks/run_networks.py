"""Time the networks of `bench_networks.py` here and on peers; write ``docs/networks.md``.

    python benchmarks/run_networks.py [--repetitions 3] [--peer nest standalone] [--only cuba]

Each run has a process of its own. The backends take turns, so that a change of the machine's speed
meets all of them. Reported are the medians, and the spread from the fastest to the slowest.
Networks that are not measured anew stay on the page as they were.
"""

import argparse
import compileall
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import importing
import slider
import standalone
from bench_networks import NETWORKS
from machine import DOCS, HERE, installed, processor, write_page
from network import PHASES

PACKAGES = ("pynn_bss2sim", "pyNN", "numpy", "nest-simulator", "neuron", "brian2")
#: Seconds after which a run is given up: pyNN.nest takes longer for many runs with resets.
PATIENCE = 240
PEERS = ("nest", "nest:on_grid", "neuron", "standalone")


def command(network, name):
    """The script that runs a network on what is called `name` on the page."""
    backend, _, threads = name.partition(" x")
    if backend == "standalone":
        return ["standalone.py", network]
    backend, chip = (backend, []) if backend in PEERS else ("bss2sim", ["--chip", backend])
    return ["network.py", backend, network, *chip, "--threads", threads or "1"]


def run_once(network, name):
    """Measurements of one run, or None where the backend cannot run the network."""
    script, *arguments = command(network, name)
    threads = name.partition(" x")[2] or "1"
    limited = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
    try:
        done = subprocess.run(
            [sys.executable, str(HERE / script), *arguments],
            capture_output=True, text=True, env=os.environ | limited, timeout=PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        print(f"{network} on {name}: stopped after {PATIENCE} s", file=sys.stderr)
        return None
    if done.returncode:
        why = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        print(f"{network} on {name}: {why[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def runs_of(network, peers):
    """What a network runs on: chips of this backend first, then peers."""
    benchmark = NETWORKS[network]
    names = [*benchmark.chips, *peers]
    if benchmark.threads > 1:
        names += [f"{n} x{benchmark.threads}" for n in names if n not in ("neuron", "standalone")]
    if not benchmark.between_steps:
        names = [n for n in names if not n.startswith("nest:on_grid")]
    return [n for n in names if n != "standalone" or network in standalone.NETWORKS]


def compile_backend():
    """Make the byte code of this backend, which other packages have from their installation."""
    for folder in ("pynn_bss2sim", "mapping"):
        compileall.compile_dir(HERE.parent / folder, quiet=1)


def measure(network, peers, repetitions):
    """Let the backends take turns: dict of name to a list of measurements."""
    results = {}
    for repetition in range(repetitions):
        for name in runs_of(network, peers):
            if repetition and name not in results:
                continue  # it could not the first time
            result = run_once(network, name)
            if result is not None:
                results.setdefault(name, []).append(result)
    return results


def middle(runs):
    """Medians of all measurements."""
    return {key: statistics.median(r[key] for r in runs) for key in runs[0]}


def time_of(name, runs):
    """Seconds of *run*: processor time, or elapsed time where threads share the work."""
    return middle(runs)["elapsed" if " x" in name else "run"]


def reference(name, columns):
    """The run of this backend with which a peer is compared."""
    suffix = name[name.index(" x") :] if " x" in name else ""
    return next(n + suffix for n in ("quantized", "ideal") if n + suffix in columns)


def row(title, name, columns):
    """One row of the table of times."""
    runs = columns[name]
    values = middle(runs)
    spread = max(r["run"] for r in runs) / min(r["run"] for r in runs)
    times = " | ".join(f"{values[phase]:.3f}" for phase in PHASES)
    return (
        f"| {title} | {name} | {times} | {values['elapsed']:.3f} | {spread:.2f} "
        f"| {values['rate']:.1f} | {values['memory']:.0f} |"
    )


def table(results):
    """Markdown table of all measurements."""
    rows = [
        f"| network | on | {' | '.join(PHASES)} | run elapsed | spread | Hz | MiB |",
        "|---|---|" + "---|" * (len(PHASES) + 4),
    ]
    for network, columns in results.items():
        rows += [row(NETWORKS[network].title, name, columns) for name in columns]
    return "\n".join(rows)


def ratios(results):
    """For each network and peer: (title, peer, ours, ratio of run, of build and map, of all)."""
    found = []
    for network, columns in results.items():
        for name, runs in columns.items():
            if name.partition(" x")[0] not in PEERS:
                continue
            ours = reference(name, columns)
            peer, own = middle(runs), middle(columns[ours])
            run = time_of(name, runs) / time_of(ours, columns[ours])
            made = (peer["build"] + peer["map"]) / (own["build"] + own["map"])
            whole = sum(peer[p] for p in PHASES) / sum(own[p] for p in PHASES)
            found.append((NETWORKS[network].title, name, ours, run, made, whole))
    return found


def ratio_table(results):
    """Markdown table of how many times longer peers take."""
    rows = [
        "| network | peer | over | run | build and map | all phases |",
        "|---|---|---|---|---|---|",
    ]
    for title, name, ours, *numbers in ratios(results):
        rows.append(f"| {title} | {name} | {ours} | {' | '.join(f'{n:.1f}' for n in numbers)} |")
    return "\n".join(rows)


def real_time(results):
    """Markdown table of biological seconds per second of *run*, on this backend."""
    rows = ["| network | on | times real time | ns per neuron and step |", "|---|---|---|---|"]
    for network, columns in results.items():
        benchmark = NETWORKS[network]
        biological = benchmark.time * benchmark.runs / 1000.0
        for name, runs in columns.items():
            if name.partition(" x")[0] not in PEERS:
                seconds = time_of(name, runs) / biological
                each = 1e9 * seconds / benchmark.neurons / 10_000
                rows.append(f"| {benchmark.title} | {name} | {1 / seconds:.0f} | {each:.1f} |")
    return "\n".join(rows)


def draw(results, path):
    """A bar for each network and peer: how many times longer it takes for *run*."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    found = [r for r in ratios(results) if " x" not in r[1]]
    titles = list(dict.fromkeys(r[0] for r in found))
    peers = [p for p in PEERS if any(r[1] == p for r in found)]
    figure, axes = plt.subplots(figsize=(7.0, 0.5 + 0.5 * len(titles)), layout="constrained")
    height = 0.8 / len(peers)
    for place, peer in enumerate(peers):
        own = [r for r in found if r[1] == peer]
        heights = [titles.index(r[0]) + (place - (len(peers) - 1) / 2) * height for r in own]
        label = {"standalone": "Brian 2, compiled C++"}.get(peer, f"pyNN.{peer}")
        axes.barh(heights, [r[3] for r in own], height, label=label)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set(xscale="log", xlabel="time of run() over that of this backend")
    axes.set_yticks(range(len(titles)), titles)
    axes.invert_yaxis()
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def repetitions(results):
    """How often networks were measured, in words."""
    counts = sorted({len(runs) for columns in results.values() for runs in columns.values()})
    return " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))


def page(record):
    """The whole page of the documentation."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    results = record["results"]
    return f"""# Run times of networks

Written by `benchmarks/run_networks.py`; the measurements stand in `networks.json`, the networks in
`benchmarks/bench_networks.py`. Processor seconds of one thread, each run in a process of its own,
backends in turn, medians of {repetitions(results)}. Where the name ends in `x2`, two threads share
the work, and the time that passed is compared.

![How many times longer peers take](images/networks.png)

## How many times longer peers take

{ratio_table(results)}

* *nest* is pyNN.nest as it comes, which places the spikes of current-based neurons between the
  steps; `nest:on_grid` has `spike_precision="on_grid"`, and then the spikes of the ideal chip.
* *standalone* is Brian 2 as a program in C++ (`benchmarks/standalone.py`); *map* is then the time
  of its compilation.
* *over*: the chip model of this backend with which the peer is compared.
* Where a peer is missing, it cannot run the network or took more than {PATIENCE} s.

## How fast the emulated chip is

The chip itself runs 1000 times faster than the network that it stands for.

{real_time(results)}

## All times

{table(results)}

One turn of a tutorial's loop on the chip's own face (`benchmarks/slider.py`: set up, one neuron,
0.2 ms, its membrane, end) takes {1e3 * record["slider"]:.0f} ms.

Importing this backend (`benchmarks/importing.py`) takes {record["importing"][1]:.3f} s after PyNN's
parts for all backends and Neo, which take {record["importing"][0]:.3f} s.

* *build*: the statements of the script. *map*: the first step, in which backends finish what they
  have postponed; here it is the mapping to the chips, and on `silicon` reading the calibration.
  *run*: all further steps. *spread*: the slowest run over the fastest.
* *MiB*: peak of the resident memory.
* On `quantized` and `silicon` rates differ from those of ideal neurons: weights, delays and
  connections are those of the chips. Brian 2's standalone programs have connections of their own.
* {record["processor"]}; {versions}.
"""


def before(options):
    """What the page holds of networks that are not measured now."""
    path = options.output / "networks.json"
    known = json.loads(path.read_text())["results"] if path.exists() else {}
    return {name: runs for name, runs in known.items() if name in NETWORKS}


def main():
    """Measure, print, write; after each network, so that none is lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", nargs="*", default=list(PEERS), choices=PEERS)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--output", type=Path, default=DOCS, help="folder of the results")
    options = parser.parse_args()
    if options.repetitions < 1:
        parser.error("at least one repetition is needed")
    compile_backend()
    results, slide, imported = before(options), slider.seconds(), importing.seconds()
    for network in options.only:
        results[network] = measure(network, options.peer, options.repetitions)
        print(table({network: results[network]}), flush=True)
        record = {
            "versions": {name: installed(name) for name in PACKAGES},
            "processor": processor(),
            "slider": slide,
            "importing": imported,
            "results": {name: results[name] for name in NETWORKS if name in results},
        }
        write_page(options.output, "networks", record, page)
        (options.output / "images").mkdir(exist_ok=True)
        draw(record["results"], options.output / "images" / "networks.png")


if __name__ == "__main__":
    main()
