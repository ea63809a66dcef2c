"""The backend's own generator serves where PyNN takes one."""

import numpy as np
import pytest

import pynn_bss2sim as sim


def weights(rng):
    sim.setup()
    cells = sim.Population(20, sim.IF_curr_exp())
    weight = sim.RandomDistribution("normal", mu=0.5, sigma=0.1, rng=rng)
    connector = sim.FixedProbabilityConnector(0.5, rng=rng)
    projection = sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=weight))
    return projection.get("weight", format="array")


def test_a_seed_gives_its_own_numbers_again():
    first = weights(sim.NativeRNG(seed=7))
    assert 100 < np.isfinite(first).sum() < 300
    assert np.nanmean(first) == pytest.approx(0.5, abs=0.05)
    np.testing.assert_array_equal(weights(sim.NativeRNG(seed=7)), first)
    for other in (sim.NativeRNG(seed=8), sim.NumpyRNG(seed=7), sim.NativeRNG()):
        assert not np.array_equal(weights(other), first, equal_nan=True)
