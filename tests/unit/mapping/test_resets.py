"""Refractory times shorter than the reset of a chip are made longer, and this is told."""

import logging

import numpy as np
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim import ChipModel
from pynn_bss2sim._core import curves
from pynn_bss2sim.mapping.resets import shortest_hold

CHIP = ChipModel.uncalibrated(noise=False)


def prepared(chip, tau_refrac):
    """Report and circuits of 20 neurons with 2 ms, and of 20 with this refractory time."""
    sim.setup(timestep=0.1, chip=chip)
    sim.Population(20, sim.IF_cond_exp(tau_refrac=2.0), label="slow")
    sim.Population(20, sim.IF_cond_exp(tau_refrac=tau_refrac), label="quick")
    sim.prepare()
    report, mapping = sim.mapping_report(), sim.state.mapping
    sim.end()
    return report, mapping


def test_a_short_refractory_time_becomes_longer_and_is_told_once(caplog):
    with caplog.at_level(logging.WARNING, "pynn_bss2sim.mapping"):
        _, mapping = prepared(CHIP, 0.1)
    told = [message for message in caplog.messages if "tau_refrac" in message]
    assert len(told) == 1
    assert told[0].startswith("quick: tau_refrac: 20 clipped, asked 0.1 ms, realised 1.1")
    assert (mapping.parameters[0]["tau_refrac"] == 2.0).all()
    held = mapping.circuits.refractory_steps * 0.1
    quick = mapping.scaling.conductance_gain * mapping.network.populations[1].parameters["cm"][0]
    assert held[20:] == pytest.approx(shortest_hold(quick[20:]), abs=0.06)


@pytest.mark.parametrize("tau_refrac", [0.1, 2.0])
def test_slow_resets_get_smaller_membranes(tau_refrac):
    """As measured: on a calibrated chip all are finished when those of nominal ones would be."""
    _, mapping = prepared(ChipModel.silicon(noise=False), tau_refrac)
    quick = slice(20, None)
    left = np.exp(-mapping.circuits.refractory_steps * 0.1 / mapping.circuits.tau_reset)[quick]
    assert (left < 0.015).all()
    half = 0.5 * curves.capacitance(63, 1).item()
    longest = max(tau_refrac, shortest_hold(half).item())
    assert (mapping.parameters[1]["tau_refrac"] < longest + 0.06).all()
    assert np.ptp(mapping.configs[0].capacitance[mapping.placement.circuit][quick]) > 5


def test_weights_keep_their_codes_where_membranes_are_smaller():
    """A single code would be rounded by half of itself else."""
    sim.setup(timestep=0.1, chip=ChipModel.silicon(noise=False))
    cells = sim.Population(60, sim.IF_cond_exp(tau_refrac=2.0))
    source = sim.Population(40, sim.SpikeSourceArray())
    weight = sim.StaticSynapse(weight=0.004)
    projection = sim.Projection(source, cells, sim.AllToAllConnector(), weight)
    sim.prepare()
    realised = projection.get("weight", format="array")
    gain = sim.state.mapping.scaling.conductance_gain
    sim.end()
    assert np.ptp(gain) > 0.1 * gain.mean()
    assert realised == pytest.approx(0.004, rel=0.1)


@pytest.mark.parametrize(("chip", "tau_refrac"), [(CHIP, 2.5), (ChipModel.quantized(), 0.1)])
def test_a_finished_reset_changes_nothing(chip, tau_refrac):
    report, mapping = prepared(chip, tau_refrac)
    assert not any("tau_refrac" in sentence for sentence in report.clipped)
    assert mapping.parameters[1]["tau_refrac"] == pytest.approx(tau_refrac)


def test_membranes_come_back_to_their_reset():
    sim.setup(timestep=0.1, chip=CHIP)
    cells = sim.Population(50, sim.IF_curr_exp(tau_refrac=0.1, i_offset=3.0))
    cells.record(["v", "spikes"])
    sim.run(100.0)
    segment = cells.get_data().segments[0]
    circuits, scaling = sim.state.mapping.circuits, sim.state.mapping.scaling
    step = [round(float(train[0]) / 0.1) for train in segment.spiketrains]
    v = np.asarray(segment.analogsignals[0]) * scaling.voltage_gain + scaling.voltage_offset
    each = np.arange(50)
    way = v[step, each] - circuits.v_reset
    left = v[step + circuits.refractory_steps, each] - circuits.v_reset
    # the resets of circuits differ by 20 %, in step with the logarithm of what is left
    assert np.median(left / way) == pytest.approx(0.01, rel=0.3)
    assert (left / way < 0.1).all()
    assert left / way == pytest.approx(
        np.exp(-circuits.refractory_steps * 0.1 / circuits.tau_reset), rel=0.02
    )
