"""Count the machine instructions of `run()` with callgrind; write ``docs/instructions.md``.

    python benchmarks/instructions.py [--compare] [--time 200]

Where other programs make times uncertain, instructions stay the same to a few in a thousand, so
that a change for the worse shows. With ``--compare`` nothing is written: counts are compared with
those of the page, and more than `TOLERATED` of them is an error. Needs valgrind.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile

from bench_networks import NETWORKS
from machine import DOCS, HERE, installed, processor, write_page

CASES = [(network, "quantized") for network in ("cuba", "coba", "adex")]
STEPS_PER_MS = 10
#: Growth at which a comparison fails; counts of the same code differ by far less.
TOLERATED = 1.03


def count(network, chip, time):
    """Instructions of one neuron in one step, deliveries included."""
    with tempfile.NamedTemporaryFile() as profile:
        done = subprocess.run(
            [
                "valgrind", "--tool=callgrind", f"--callgrind-out-file={profile.name}",
                "--collect-atstart=no", "--toggle-collect=__pyx_pw_*6Engine*run*",
                sys.executable, str(HERE / "network.py"), "bss2sim", network,
                "--chip", chip, "--time", str(time),
            ],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    collected = int(re.search(r"Collected : (\d+)", done.stderr).group(1))
    return collected / (NETWORKS[network].neurons * time * STEPS_PER_MS)


def measure(time):
    """Counts of all networks."""
    return {f"{network} {chip}": count(network, chip, time) for network, chip in CASES}


def table(counts):
    """Markdown table of the counts."""
    rows = ["| network | on | instructions |", "|---|---|---|"]
    for name, number in counts.items():
        network, chip = name.split()
        rows.append(f"| {NETWORKS[network].title} | {chip} | {number:.1f} |")
    return "\n".join(rows)


def page(record):
    """The whole page of the documentation."""
    return f"""# Instructions of networks

Written by `benchmarks/instructions.py`; the counts stand in `instructions.json`. `make history`
counts again and compares.

Machine instructions of `run()` for one neuron in one step of 0.1 ms, with all that the step needs
besides: deliveries, spikes, noise. Counted by callgrind over {record["time"]:g} ms.

{table(record["counts"])}

* {record["processor"]}; pynn_bss2sim {record["version"]}.
"""


def compare(counts):
    """Names of networks that need more instructions than those on the page."""
    known = json.loads((DOCS / "instructions.json").read_text())["counts"]
    for name, number in counts.items():
        print(f"{name:20} {number:8.1f} now {known[name]:8.1f} on the page")
    return [name for name, number in counts.items() if number > TOLERATED * known[name]]


def main():
    """Count, print; write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--time", type=float, default=200.0, help="biological time (ms)")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is not installed: no instructions are counted")
    counts = measure(options.time)
    if options.compare:
        more = compare(counts)
        raise SystemExit(f"more instructions than before: {', '.join(more)}" if more else 0)
    print(table(counts))
    record = {
        "time": options.time,
        "version": installed("pynn_bss2sim"),
        "processor": processor(),
        "counts": counts,
    }
    write_page(DOCS, "instructions", record, page)


if __name__ == "__main__":
    main()
