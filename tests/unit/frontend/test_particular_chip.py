"""One particular chip from a script: mismatch, noise and trials, each by its switch."""

import numpy as np
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim import ChipModel


def trial(chip, trials=1, duration=200.0):
    """Spike times of each trial, and membranes, of driven and of connected cells."""
    sim.setup(timestep=0.1, chip=chip)
    cells = sim.Population(
        40, sim.IF_curr_exp(v_rest=-65.0, v_reset=-65.0, v_thresh=-50.0, tau_m=10.0, i_offset=1.6)
    )
    other = sim.Population(40, sim.IF_curr_exp(v_rest=-65.0, v_reset=-65.0, v_thresh=-50.0))
    connector = sim.FixedNumberPreConnector(20, rng=sim.NumpyRNG(1))
    sim.Projection(cells, other, connector, sim.StaticSynapse(weight=0.2))
    cells.record("spikes")
    other.record("v")
    for k in range(trials):
        if k:
            sim.reset()
        sim.run(duration)
    segments = cells.get_data().segments
    spikes = [np.concatenate([np.asarray(s) for s in one.spiketrains]) for one in segments]
    traces = [np.asarray(one.analogsignals[0]) for one in other.get_data().segments]
    sim.end()
    return spikes, traces


def same(one, two):
    pairs = [zip(*arrays, strict=True) for arrays in zip(one, two, strict=True)]
    return all(np.array_equal(a, b) for pair in pairs for a, b in pair)


def test_a_seed_is_a_chip():
    chip = ChipModel.uncalibrated(noise=False, seed=3)
    assert same(trial(chip), trial(chip))
    assert not same(trial(chip), trial(ChipModel.uncalibrated(noise=False, seed=4)))
    assert not same(trial(chip), trial(ChipModel.quantized()))


def test_without_mismatch_the_seed_changes_nothing():
    assert same(trial(ChipModel.quantized(seed=3)), trial(ChipModel.quantized(seed=4)))


def test_trials_are_alike_without_noise_and_differ_with_it():
    quiet, _ = trial(ChipModel.uncalibrated(noise=False), trials=2)
    assert np.array_equal(*quiet)
    noisy, _ = trial(ChipModel.uncalibrated(), trials=2)
    assert not np.array_equal(*noisy)


def test_noise_is_replayed_by_a_new_setup():
    chip = ChipModel.quantized(noise=True, seed=5)
    assert same(trial(chip, trials=3), trial(chip, trials=3))
    assert not same(trial(chip), trial(ChipModel.quantized(noise=True, seed=6)))


def test_uncalibrated_circuits_differ_from_each_other():
    """Regular firing of 40 equal cells: equal on a nominal chip, spread on a particular one."""
    for chip, spread in ((ChipModel.quantized(), False), (ChipModel.uncalibrated(), True)):
        sim.setup(timestep=0.1, chip=chip)
        cells = sim.Population(40, sim.IF_curr_exp(tau_m=10.0, i_offset=2.5))
        cells.record("spikes")
        sim.run(300.0)
        counts = [len(train) for train in cells.get_data().segments[0].spiketrains]
        assert (len(set(counts)) > 1) == spread, counts


@pytest.mark.parametrize("override", [{"routing": "lifted", "bandwidth": "unlimited"},
                                      {"weights": "exact"}, {"delays": "asked"}])  # fmt: skip
def test_every_switch_of_a_particular_chip_runs(override):
    spikes, traces = trial(ChipModel.uncalibrated(**override))
    assert len(spikes[0]) > 0 and np.isfinite(traces[0]).all()


def test_the_report_tells_what_the_circuits_really_are():
    sim.setup(timestep=0.1, chip="uncalibrated")
    sim.Population(100, sim.IF_curr_exp(tau_m=10.0), label="E")
    sim.prepare()
    (population,) = sim.state.mapping.parameters
    spread = population["tau_m"].std() / population["tau_m"].mean()
    assert 0.2 < spread < 0.45
    assert "tau_m" in str(sim.mapping_report())
