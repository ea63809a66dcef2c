"""The calibrated chip from a script."""

import numpy as np
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim import ChipModel

SILICON = ChipModel.silicon()


def realised(chip, size=200):
    """Realised parameters of a population that asks for the same ones everywhere."""
    sim.setup(timestep=0.1, chip=chip)
    cells = sim.Population(size, sim.IF_cond_exp(tau_m=12.0, v_reset=-66.0, i_offset=0.3))
    sim.prepare()
    (values,) = sim.state.mapping.parameters
    sim.end()
    return cells, values


def test_circuits_are_nearer_to_what_is_asked_than_without_a_calibration():
    _, before = realised(ChipModel.uncalibrated())
    _, after = realised(SILICON)
    for name in ("tau_m", "v_rest", "v_reset", "v_thresh", "i_offset"):
        assert 0 < after[name].std() < 0.4 * before[name].std(), name
    assert after["tau_syn"].std() < 0.1 * before["tau_syn"].std()
    assert abs(after["tau_m"].mean() - 12) < 0.3
    assert (after["cm"] == 1.0).all()


def test_neurons_driven_over_threshold_fire_as_they_should():
    """Of 512 circuits, 90 % within 0.90 and 1.15 of 100 kHz (calix: test_neuron_spiking.py)."""
    drive = {"v_rest": -52.55, "v_reset": -58.0, "v_thresh": -55.0, "tau_m": 10.0}
    sim.setup(timestep=0.05, chip=SILICON)
    cells = sim.Population(512, sim.IF_curr_exp(tau_refrac=2.0, **drive))
    cells.record("spikes")
    sim.run(1000.0)
    trains = cells.get_data().segments[0].spiketrains
    period = np.array([np.median(np.diff(np.asarray(t))) if len(t) > 2 else 1e9 for t in trains])
    rate = 1000 / period
    assert np.mean((rate > 90) & (rate < 115)) > 0.9
    sim.end()


@pytest.mark.parametrize("routing", ["real", "lifted"])
def test_realised_weights_are_codes_of_the_measured_strength(routing):
    sim.setup(timestep=0.1, chip=ChipModel.silicon(routing=routing), check=True)
    source = sim.Population(8, sim.SpikeSourceArray(spike_times=[5.0]))
    cells = sim.Population(60, sim.IF_curr_exp())
    wires = sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5))
    weight = wires.get("weight", format="array")
    assert weight.std() > 0
    assert np.abs(weight / 0.5 - 1).max() < 0.05
    # what the chip does is not quite what anybody knows of it
    table = sim.state.mapping.synapses
    truth = table.amplitude / sim.state.mapping.scaling.line_gain(table.target)
    assert truth.mean() == pytest.approx(0.5, rel=0.05)
    assert 0.01 < np.std(truth / 0.5) < 0.2
    wires.set(weight=1.0)
    assert np.abs(wires.get("weight", format="array") - 1.0).max() < 0.05
    sim.run(20.0)
    wires.set(weight=0.25)
    sim.run(20.0)
    assert np.abs(wires.get("weight", format="array") - 0.25).max() < 0.02
    sim.end()


@pytest.mark.parametrize("weight", [0.05, 4.0, 12.0])
def test_weak_circuits_have_weak_and_strong_weights_too(weight):
    sim.setup(timestep=0.1, chip=SILICON)
    source = sim.Population(4, sim.SpikeSourceArray(spike_times=[5.0]))
    cells = sim.Population(400, sim.IF_curr_exp())
    wires = sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight))
    found = wires.get("weight", format="array") / weight
    assert np.mean(np.abs(found - 1) < 0.05) > 0.97
    assert abs(found.mean() - 1) < 0.01
    sim.end()


def test_a_network_of_all_cells_runs_and_is_replayed():
    def run():
        sim.setup(timestep=0.1, chip=SILICON)
        noise = sim.Population(30, sim.SpikeSourcePoisson(rate=40.0))
        lif = sim.Population(40, sim.IF_cond_exp(), label="lif")
        adex = sim.Population(20, sim.EIF_cond_exp_isfa_ista(i_offset=0.9), label="adex")
        for cells in (lif, adex):
            sim.Projection(noise, cells, sim.FixedProbabilityConnector(0.5, rng=sim.NumpyRNG(3)),
                           sim.StaticSynapse(weight=0.006))  # fmt: skip
            cells.record("spikes")
        sim.run(200.0)
        adex.set(i_offset=0.0)
        sim.run(50.0)
        trains = [t for cells in (lif, adex) for t in cells.get_data().segments[0].spiketrains]
        report = sim.mapping_report()
        sim.end()
        return trains, report

    (one, report), (two, _) = run(), run()
    assert sum(map(len, one)) > 100
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert "±" in str(report)


def test_calibration_compares_with_nominal_codes():
    sim.setup(timestep=0.1, chip=SILICON)
    found = sim.calibration()
    rows = {row["parameter"]: row for row in found.to_dict()}
    assert rows["tau_mem"]["spread"] < 0.5 * rows["tau_mem"]["spread_before"]
    assert "tau_syn_exc" in str(found)
    figure = found.plot()
    assert sum(any(bar.get_height() for bar in axis.patches) for axis in figure.axes) == len(rows)
    assert all(bar.get_width() > 0 for axis in figure.axes for bar in axis.patches)
    sim.setup(timestep=0.1, chip="quantized")
    with pytest.raises(ValueError, match="silicon"):
        sim.calibration()
    sim.setup(timestep=0.1, chip="silicon")
    with pytest.raises(ValueError, match="-1"):
        sim.calibration(-1)
    sim.end()


def resting(chip, units=None):
    """Mean of the CADC's readings of 64 resting membranes, and of probes."""
    sim.setup(timestep=0.1, chip=chip)
    cells = sim.Population(64, sim.IF_curr_exp(v_rest=-65.0, v_reset=-70.0, v_thresh=-50.0))
    cells.record("v", device="cadc", units=units)
    sim.run(400.0)
    read = np.asarray(cells.get_data().segments[0].analogsignals[0]).mean(axis=0)
    truth = sim.state.mapping.parameters[0]["v_rest"]
    sim.end()
    return read, truth


def test_a_calibration_takes_the_offsets_out_of_column_converters():
    """The channels of a chip differ by some 20 LSB; after calibration by less than 3."""
    read, truth = resting(ChipModel.uncalibrated(seed=0))
    assert np.std(read - truth) > 1.0
    read, truth = resting(ChipModel.silicon(seed=0))
    assert np.std(read - truth) < 0.25
    raw, _ = resting(ChipModel.silicon(seed=0), units="raw")
    assert np.std(raw) < 3
    raw, _ = resting(ChipModel.uncalibrated(seed=0), units="raw")
    assert np.std(raw) > 8
