"""Time this backend against another PyNN backend and write the result to ``docs/benchmarks.md``.

    python benchmarks/run_benchmarks.py [--repetitions 5] [--peer nest ...] [--time 10000]

The workload (`workload.py`) runs in a process of its own each time, the backends take turns, so
that a change of the machine's speed meets both, and the median of the repetitions is reported. Each
backend uses one thread, the same time step, network, seeds and recorded spikes; the mean rates
are compared, so that nobody is fast by doing less.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
PHASES = ("import", "build", "run", "get_data", "total")
MEMORY = ("memory after import", "peak memory")
#: Relative difference of the mean rates at which the two did not run the same network.
SAME_RATE = 0.01


def run_workload(backend, arguments):
    """Run the workload once in a process of its own and return its measurements."""
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(HERE / "workload.py"), backend, *arguments],
        capture_output=True, text=True, env=os.environ | one_thread,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"the workload failed with {backend}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(backends, repetitions, arguments):
    """Let the backends take turns; the first round only warms the file caches.

    Returns
    -------
    dict of str to list of dict
        The measurements of each backend.
    """
    results = {backend: [] for backend in backends}
    for repetition in range(repetitions + 1):
        for backend in backends:
            result = run_workload(backend, arguments)
            if repetition:
                results[backend].append(result)
    return results


def medians(results):
    """Median of each measurement, for each backend."""
    return {
        backend: {key: statistics.median(r[key] for r in runs) for key in runs[0]}
        for backend, runs in results.items()
    }


def check_same_rate(middle):
    """Refuse to compare backends that did not run the same network."""
    rates = {backend: values["rate"] for backend, values in middle.items()}
    if max(rates.values()) - min(rates.values()) > SAME_RATE * max(rates.values()):
        raise SystemExit(f"the backends disagree on the mean rate, nothing is compared: {rates}")


def table(middle, ours, peer):
    """Markdown table of medians and ratios."""
    rows = [f"| | {ours} | pyNN.{peer} | {peer} / {ours} |", "|---|---|---|---|"]
    for keys, unit, digits in ((PHASES, "s", 3), (MEMORY, "MiB", 0)):
        for key in keys:
            a, b = middle[ours][key], middle[peer][key]
            rows.append(f"| {key} ({unit}) | {a:.{digits}f} | {b:.{digits}f} | {b / a:.1f} |")
    rows.append(f"| mean rate (Hz) | {middle[ours]['rate']:.2f} | {middle[peer]['rate']:.2f} | |")
    return "\n".join(rows)


def installed(package):
    """Version of a package, or a dash."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"


def processor():
    """Name of the processor where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def page(text, options, packages):
    """The whole page of the documentation."""
    versions = ", ".join(f"{name} {number}" for name, number in packages.items())
    return f"""# Benchmarks

Written by `benchmarks/run_benchmarks.py`; the measurements stand in `benchmarks.json`.

512 `IF_curr_exp` neurons, 5 % of all pairs connected, constant currents that differ from neuron
to neuron, spikes recorded, {options.time / 1000:g} s of biological time in steps of 0.1 ms.
One thread, each run in a process of its own, backends in turn, median of {options.repetitions}.

{text}

* *import*: the import of the backend. *build*: from `setup` to the end of the first step, so that
  work which a backend postpones until it runs is counted here. *run*: all further steps.
  *get_data*: the Neo block of all spikes.
* The memory is the peak of the resident set.
* pyNN.nest places spikes of this cell type between the grid points unless it is told otherwise;
  `nest:on_grid` has `spike_precision="on_grid"` and then gives the same spikes as this backend.
* {processor()}; Python {platform.python_version()}, {versions}.
"""


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--peer", nargs="+", default=["nest", "nest:on_grid"],
        help="the other PyNN backends; nest:on_grid is nest with spike_precision='on_grid'",
    )  # fmt: skip
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--time", type=float, default=10_000.0, help="biological time (ms)")
    parser.add_argument("--output", type=Path, default=DOCS, help="folder of the results")
    options = parser.parse_args()
    if options.repetitions < 1:
        parser.error("at least one repetition is needed")

    ours = "bss2sim"
    arguments = ["--time", str(options.time)]
    results = measure((ours, *options.peer), options.repetitions, arguments)
    middle = medians(results)
    check_same_rate(middle)
    text = "\n\n".join(table(middle, ours, peer) for peer in options.peer)
    print(text)
    names = ("pynn_bss2sim", "pyNN", "numpy", "neo", "nest-simulator")
    packages = {name: installed(name) for name in names}
    options.output.mkdir(exist_ok=True)
    (options.output / "benchmarks.md").write_text(page(text, options, packages))
    record = {"versions": packages, "processor": processor(), "runs": results}
    (options.output / "benchmarks.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
