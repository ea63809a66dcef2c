"""Times of this backend by themselves, for comparison with earlier ones on the same machine.

make history
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import slider
from bench_networks import build

import pynn_bss2sim as sim


def prepared(network, chip):
    """The populations of a network that has made its first step."""
    sim.setup(timestep=0.1, min_delay=1.0, max_delay=2.0, chip=chip, on_loss="ignore")
    populations = build(sim, network, seed=1)
    sim.run(0.1)
    return populations


@pytest.mark.parametrize("chip", ["ideal", "quantized", "silicon"])
@pytest.mark.parametrize("network", ["cuba", "coba", "adex"])
def test_run(benchmark, network, chip):
    prepared(network, chip)
    benchmark.pedantic(sim.run, args=(200.0,), rounds=10, warmup_rounds=1)


@pytest.mark.parametrize("network", ["cuba", "balanced_coba", "many_projections", "all_to_all"])
def test_build_and_map(benchmark, network):
    benchmark.pedantic(prepared, args=(network, "quantized"), rounds=3, warmup_rounds=1)


def test_reset_and_run(benchmark):
    prepared("resets", "quantized")

    def again():
        sim.reset()
        sim.run(100.0)

    benchmark.pedantic(again, rounds=50, warmup_rounds=2)


def test_get_data(benchmark):
    (neurons,) = prepared("traces", "ideal")
    sim.run(1000.0)
    benchmark(neurons.get_data)


def test_slider(benchmark):
    benchmark.pedantic(slider.turn, rounds=20, warmup_rounds=2)
