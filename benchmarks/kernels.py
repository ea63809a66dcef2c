"""Time the kernels of the engine by themselves and write ``docs/engine.md``.

    python benchmarks/kernels.py [--repetitions 20] [--output docs]

One full chip of each kind of neuron in each mode, with nothing that connects them; the fastest of
many short runs, so that other programs disturb little.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from machine import DOCS, installed, processor

from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.engine import available_instruction_sets, tile_columns
from pynn_bss2sim._core.plan import Kind, Mode
from pynn_bss2sim._core.records import Circuits, SynapseTable
from pynn_bss2sim._core.tiles import stored

NEURONS = 512
STEPS = 4000
LIMITS = {"leak_limit": 1.0, "line_limit": 1.0, "v_floor": -90.0, "v_ceiling": 50.0}
NOISE = {"sigma_v": 0.1, "sigma_line": 0.001}


def circuits(kind, mode):
    """Neurons of a chip that all differ and stay below threshold."""
    n = NEURONS
    varied = np.linspace(1.0, 1.1, n)
    departures = {"single_precision": mode == Mode.SINGLE}
    departures |= (LIMITS if mode >= Mode.SILICON else {}) | (NOISE if mode == Mode.NOISY else {})
    return Circuits(
        adex=np.full(n, kind in (Kind.CUBA_ADEX, Kind.COBA_ADEX)),
        conductance_based=np.full(n, kind in (Kind.COBA_LIF, Kind.COBA_ADEX)),
        c_m=varied, g_leak=0.05 * varied, e_leak=-65.0 * varied, v_reset=np.full(n, -80.0),
        v_thresh=np.full(n, -20.0), refractory_steps=np.full(n, 20), i_offset=0.1 * varied,
        tau_syn=5.0 * np.stack([varied, varied]), e_rev=np.stack([0.0 * varied, -80.0 * varied]),
        delta_t=2.0 * varied, v_exp=-45.0 * varied, tau_w=100.0 * varied, a=0.001 * varied,
        b=0.01 * varied, **departures,
    )  # fmt: skip


def nanoseconds(kind, mode, repetitions):
    """Time of one neuron and step."""
    nobody = np.empty(0, np.int64)
    synapses = SynapseTable.from_pairs(NEURONS, NEURONS, *[nobody] * 5)
    emulator = Emulator(circuits(kind, mode), synapses, 0.1)
    best = np.inf
    for _ in range(repetitions):
        start = time.process_time()
        activity = emulator.run(STEPS)
        best = min(best, time.process_time() - start)
        assert not len(activity.spike_step)
    return 1e9 * best / (STEPS * NEURONS)


def copy_speed(repetitions):
    """GB/s read and written by a NumPy addition of arrays that fit the second-level cache."""
    a, b, c = np.ones((3, 8192))
    best = np.inf
    for _ in range(repetitions):
        start = time.process_time()
        for _ in range(100):
            np.add(a, b, out=c)
        best = min(best, time.process_time() - start)
    return 100 * 3 * a.nbytes / best / 1e9


def coefficient_bytes(kind, mode):
    """Bytes of the coefficients of a neuron."""
    one = np.ones(1)
    return sum(stored(name, one, mode).nbytes for name in tile_columns(kind, mode))


def state_bytes(kind, mode):
    """Bytes of the state of a neuron that are read and written in a step."""
    adex = 16 if kind in (Kind.CUBA_ADEX, Kind.COBA_ADEX) else 0
    if mode == Mode.IDEAL:  # v and both lines; hold and current are only read
        return 8 * (2 * 3 + 2) + adex
    if kind == Kind.CUBA_LIF:  # in two floats, compared with two limits
        return 4 * (2 * 4 + 4) + (4 if mode >= Mode.SILICON else 0)
    return 8 * 2 + 4 * (2 * 2 + 2) + adex


def measure(repetitions):
    """Time and memory traffic of each kind and mode."""
    return {
        f"{kind.name} {mode.name}": {
            "columns": len(tile_columns(kind, mode)),
            "bytes": coefficient_bytes(kind, mode) + state_bytes(kind, mode),
            "ns": nanoseconds(kind, mode, repetitions),
        }
        for kind in Kind
        for mode in Mode
    }


def table(results):
    """Markdown table of all measurements."""
    rows = [
        "| kind and mode | coefficients | bytes | ns | GB/s |",
        "|---|---|---|---|---|",
    ]
    for name, r in results.items():
        rows.append(
            f"| {name} | {r['columns']} | {r['bytes']} | {r['ns']:.2f} "
            f"| {r['bytes'] / r['ns']:.0f} |"
        )
    return "\n".join(rows)


def page(record):
    """The whole page of the documentation."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    return f"""# The engine, and what bounds it

Written by `benchmarks/kernels.py`; the measurements stand in `engine.json`.

## How it works

* **State in columns.** Each variable of all neurons is one array (`neurons.pyx`). Nothing is
  allocated and no Python runs within a step; spikes and samples go into columns that are there.
* **Tiles.** Neurons are integrated 32 at a time (`kernels.h`). The coefficients of these 32 lie
  together as far as they differ: one stream through memory instead of two dozen. Of a coefficient
  in which all neurons of a block are alike there is one copy, which stays in the cache.
* **Vectors.** Kernels in single precision, and that of ideal current-based neurons, are written
  with vectors as wide as the processor's registers (`vectors.h`). A chain of operations that wait
  for each other is long in AdEx: four vectors go through its parts one after the other, so that
  the processor finds other neurons to work on (`kernels_single_impl.h`). The other ideal kinds are
  short loops over the tile, which the compiler turns into vectors (`kernels_impl.h`).
* **Single precision where a chip is not known better.** Where registers say what neurons are, on
  all chip models with `parameters="10bit"`, membranes, against their leak potential, and lines are
  floats, twice as many in a vector. Doubles they are only between runs and where single steps are
  looked at.
* **One exponential.** In single precision a step of AdEx takes one exponential and one division, in
  double precision four exponentials, of which three differ little from the first.
* **Short exponentials.** The exponent of a conductance-based membrane is small, too: polynomials of
  half the usual length do. Neurons for which they do not are treated apart.
* **Instruction sets.** The same source is compiled plainly, for AVX2 and for AVX-512, and the best
  is chosen when an engine is made; all give the same bits.
* **Work where events are.** A spike writes down that its synapses wait for their step
  (`delivery.h`): those with one delay onto one line of the neurons of a chip are one entry, which
  knows their amplitude if they have one in common. They are fetched towards the processor at once.
  When the step comes and no neuron is reached twice, their amplitudes are added straight to the
  lines of the chip, which lie next to each other. Else they are first added up in cells that all
  chips of a thread share, so that what is under way does not fall out of the caches however large
  the network is; the sums are then moved to the lines of those tiles, or where they are few in
  double precision, of those neurons. Kernels report tiles in which a neuron reaches threshold; no
  other tile is searched.
* **Blocks of steps.** No spike arrives sooner than the shortest delay. For so many steps, 16 at
  most, the neurons of one chip are integrated, spike and take what arrives before those of the
  next do (`pass_impl.h`), so that their state comes from caches near the processor. Where neurons
  differ, four tiles do so before the next four, since coefficients need more room than the state.
  Then the spikes of each step are delivered in the order of neurons. Blocks end where an injected
  current changes; with spike-timing dependent plasticity that follows each spike they have one
  step.
* **Noise** is read from a table at a place drawn anew in each step; `noise.py` tells why that is
  enough. No random number is generated while the network runs, but for thresholds after spikes.
* **Threads** (`setup(threads=2)`, `workers.h`) share the neurons within each block and wait for
  each other at its end, for microseconds. Then one of them notes in the order of neurons who has
  spiked, and each finds the synapses onto its own neurons. Where links limit events, one thread
  lets all of them pass. Threads help large networks on idle processors.
  Where other programs compute on the same processors, a thread that waits for one that does not
  run loses more than it gains.

## What bounds it

{NEURONS} neurons that differ in all but their limits, without spikes, on the instruction set
{record["instruction_set"]}: time of one neuron in one step, the number of its coefficients, the
bytes of state and coefficients that it reads and writes, and how many bytes pass in that time. In
NOISY neurons 12 bytes of the table of noise come to that.

{table(record["results"])}

A NumPy addition of arrays in the second-level cache moves {record["copy"]:.0f} GB/s on the same
machine. A few tiles go through a block of steps before the next do, so that these bytes come from
the first-level cache: all kernels are bounded by arithmetic.

* {record["processor"]}; {versions}.
"""


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--output", type=Path, default=DOCS, help="folder of the results")
    options = parser.parse_args()
    if options.repetitions < 1:
        parser.error("at least one repetition is needed")
    sets = available_instruction_sets()
    record = {
        "versions": {name: installed(name) for name in ("pynn_bss2sim", "numpy")},
        "processor": processor(),
        "instruction_set": sets[-1],
        "copy": copy_speed(options.repetitions),
        "results": measure(options.repetitions),
    }
    print(table(record["results"]))
    options.output.mkdir(exist_ok=True)
    (options.output / "engine.json").write_text(json.dumps(record, indent=1) + "\n")
    (options.output / "engine.md").write_text(page(record))


if __name__ == "__main__":
    main()
