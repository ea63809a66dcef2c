"""Time the mapping of networks of different size, and the calibration of a chip, and write the
result to ``docs/mapping.md``.

    python benchmarks/mapping.py [--repetitions 3] [--output docs]

Each network is mapped onto the quantized chip in this process, on one core; the processor time is
measured, so that other programs disturb little, and the fastest repetition is reported. A chip is
calibrated in processes of their own, which find an empty folder, or what the first one has kept.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from machine import DOCS, installed, processor

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim.mapping import Network, Population, Projection, Sources, map_network
from pynn_bss2sim.mapping.calibration import FOLDER_VARIABLE

LIF = {
    "cm": 1.0, "tau_m": 20.0, "v_rest": -65.0, "v_thresh": -50.0, "v_reset": -65.0,
    "tau_refrac": 2.0, "i_offset": 0.0,
}  # fmt: skip


def neurons(size, conductance_based=False, **parameters):
    """A population of LIF neurons."""
    e_rev = (0.0, -80.0) if conductance_based else (0.0, 0.0)
    values = {**LIF, **parameters}
    return Population(
        "neurons", size, False, conductance_based, ("excitatory", "inhibitory"),
        {name: np.full(size, value) for name, value in values.items()},
        np.full((2, size), 5.0), np.repeat(np.array(e_rev)[:, np.newaxis], size, axis=1),
    )  # fmt: skip


def wires(label, pre, post, weight, line=0):
    """A projection; a single weight is repeated."""
    weight = np.broadcast_to(np.asarray(weight, float), len(pre))
    pre, post = np.asarray(pre, np.int32), np.asarray(post, np.int32)
    return Projection(label, pre, post, line, weight, np.ones(len(pre)))


def network(*parts):
    """Populations, sources and projections as a network."""
    kinds = (Population, Sources, Projection)
    return Network(0.1, *(tuple(p for p in parts if isinstance(p, kind)) for kind in kinds))


def random_inputs(size, degree, local=False):
    """Neurons of which each has `degree` random inputs: of all neurons, or of its own 512."""
    rng = np.random.default_rng(1)
    post = np.repeat(np.arange(size), degree)
    reach = 512 if local else size
    pre = rng.integers(0, reach, len(post)) + (post // 512 * 512 if local else 0)
    return network(neurons(size), wires("recurrent", pre, post, 0.1))


def full_chip(size=512, inputs=256):
    """Every synapse of a chip in use: each neuron has `inputs` of the others, drawn at random."""
    rng = np.random.default_rng(1)
    pre = np.concatenate([rng.permutation(size)[:inputs] for _ in range(size)])
    return network(neurons(size), wires("recurrent", pre, np.repeat(np.arange(size), inputs), 0.1))


def external(sources, probability, size=512):
    """Neurons that see each of many external sources with this probability."""
    pre, post = np.nonzero(np.random.default_rng(1).random((sources, size)) < probability)
    return network(neurons(size), Sources("in", sources), wires("input", size + pre, post, 0.1))


def balanced(size=4000, probability=0.02):
    """The conductance-based network of Vogels and Abbott (2005)."""
    pre, post = np.nonzero(np.random.default_rng(1).random((size, size)) < probability)
    excites = pre < 0.8 * size
    return network(
        neurons(size, True, cm=0.2),
        wires("excitation", pre[excites], post[excites], 0.004),
        wires("inhibition", pre[~excites], post[~excites], 0.051, 1),
    )


def classifier(inputs=256, hidden=256, outputs=10):
    """Two dense layers whose weights have both signs, as training leaves them."""
    rng = np.random.default_rng(1)
    first = hidden + outputs
    projections = []
    for label, pre, post in (
        ("hidden", first + np.arange(inputs), np.arange(hidden)),
        ("output", np.arange(hidden), hidden + np.arange(outputs)),
    ):
        pre, post = (grid.ravel() for grid in np.meshgrid(pre, post))
        weight = rng.normal(0.0, 0.1, len(pre))
        for line, chosen in enumerate((weight > 0, weight < 0)):
            projections.append(
                wires(f"{label} {line}", pre[chosen], post[chosen], weight[chosen], line)
            )
    return network(neurons(first), Sources("pixels", inputs), *projections)


#: Name, network, and how many chips there are; the small ones come first.
CASES = (
    ("128 neurons, 32 random inputs", lambda: random_inputs(128, 32), None),
    ("512 neurons, 64 random inputs", lambda: random_inputs(512, 64), None),
    ("256-256-10 classifier", classifier, None),
    ("one chip, every synapse in use", full_chip, None),
    ("512 neurons, a fifth of 1024 external sources each", lambda: external(1024, 0.2), None),
    ("512 neurons, all to all, on one chip", lambda: full_chip(512, 512), 1),
    ("4000 neurons of Vogels and Abbott", balanced, None),
    ("2048 neurons, 244 random inputs", lambda: random_inputs(2048, 244), None),
    ("8192 neurons, 244 inputs of their own 512", lambda: random_inputs(8192, 244, True), None),
    ("8192 neurons, 244 random inputs", lambda: random_inputs(8192, 244), None),
)
COUNTS = ("neurons", "connections", "chips", "lost")


def measure(net, chips, repetitions=1):
    """Map a network; processor seconds and what came out."""
    seconds = []
    for _ in range(repetitions):
        start = time.process_time()
        mapping = map_network(net, ChipModel.quantized(chips=chips), on_loss="ignore")
        seconds.append(time.process_time() - start)
    return {
        "neurons": net.n_neurons,
        "connections": len(mapping.evidence.joined),
        "chips": mapping.placement.chips,
        "lost": mapping.lost,
        "seconds": min(seconds),
    }


#: What a process does that needs the calibration of a chip: processor seconds, imports left aside.
CALIBRATE = """
import time
from pynn_bss2sim._core.device import Device
from pynn_bss2sim.mapping.calibration import calibrated
begin = time.process_time()
calibrated(Device(seed=0))
print(time.process_time() - begin)
"""


def measure_calibration(repetitions=1):
    """Processor seconds to calibrate one chip from scratch, and to find what was kept of it."""
    with TemporaryDirectory() as folder:
        first, *later = [
            float(subprocess.check_output(
                [sys.executable, "-c", CALIBRATE], env={**os.environ, FOLDER_VARIABLE: folder}
            ))
            for _ in range(1 + repetitions)
        ]  # fmt: skip
    return {"made": first, "kept": min(later)}


def table(results):
    """Markdown table of all measurements."""
    rows = [
        "| network | neurons | connections | chips | lost | time (s) |",
        "|---|---|---|---|---|---|",
    ]
    for name, r in results.items():
        counts = " | ".join(str(r[key]) for key in COUNTS)
        rows.append(f"| {name} | {counts} | {r['seconds']:.2f} |")
    return "\n".join(rows)


def page(record):
    """The whole page of the documentation."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    return f"""# How long the mapping takes, and what it loses

Written by `benchmarks/mapping.py`; the measurements stand in `mapping.json`.

From the network to the registers of all chips and the connections that they make, on the quantized
chip with real routing. Processor time of one core, the fastest of {record["repetitions"]}.

{table(record["results"])}

* *chips*: as many as the mapping takes; "on one chip" means `ChipModel.quantized(chips=1)`, whose
  rows have room for half of these connections.
* Random inputs of all 8192 neurons are the hardest case: each synapse array meets every neuron, and
  so needs a label for every neuron; the neurons are spread over more chips for it.
* A `silicon` chip is calibrated once: all 512 circuits and 256 drivers from scratch in
  {record["calibration"]["made"]:.1f} s, on one core. Later processes read what was kept in
  {record["calibration"]["kept"]:.3f} s.
* {record["processor"]}; {versions}.
"""


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--output", type=Path, default=DOCS, help="folder of the results")
    options = parser.parse_args()
    if options.repetitions < 1:
        parser.error("at least one repetition is needed")
    results = {name: measure(make(), chips, options.repetitions) for name, make, chips in CASES}
    record = {
        "versions": {name: installed(name) for name in ("pynn_bss2sim", "numpy")},
        "processor": processor(),
        "repetitions": options.repetitions,
        "calibration": measure_calibration(options.repetitions),
        "results": results,
    }
    print(table(results))
    options.output.mkdir(exist_ok=True)
    (options.output / "mapping.json").write_text(json.dumps(record, indent=1) + "\n")
    (options.output / "mapping.md").write_text(page(record))


if __name__ == "__main__":
    main()
