#!/usr/bin/env bash
# Build sdist and wheel, install the wheel (made from the sdist) into an empty environment outside
# the source tree, and run a script there, with the backend chosen by name. No compiler is needed
# from then on: the check runs with a PATH that has none.
set -euo pipefail
cd "$(dirname "$0")/.."
source=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}
"$python" -m venv "$work/build"
"$work/build/bin/python" -m pip install --quiet build
"$work/build/bin/python" -m build --outdir "$work/dist" "$source" > "$work/build.log" 2>&1 \
    || { tail -n 40 "$work/build.log"; exit 1; }
ls "$work/dist"
"$python" -m venv "$work/user"
"$work/user/bin/python" -m pip install --quiet "$work"/dist/*.whl
cd "$work"
PATH="$work/user/bin" "$work/user/bin/python" - bss2sim <<'PY'
import sys

from pyNN.utility import get_simulator

sim, _ = get_simulator()
import pynn_bss2sim

assert sim is pynn_bss2sim, sim
assert "site-packages" in pynn_bss2sim.__file__, pynn_bss2sim.__file__
sim.setup()
source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]))
cell = sim.Population(1, sim.IF_cond_exp(), label="cell")
sim.Projection(source, cell, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.1, delay=1.0))
cell.record("spikes")
sim.run(50.0)
times = cell.get_data().segments[0].spiketrains[0]
assert len(times) == 1 and 6.0 < float(times[0]) < 15.0, times
print("wheel: one spike at", times[0])
PY
