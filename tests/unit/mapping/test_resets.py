"""Refractory times shorter than the reset of a chip are made longer, and this is told."""

import logging

import numpy as np
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim import ChipModel
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
