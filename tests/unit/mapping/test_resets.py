"""Refractory times shorter than the reset of the chip are told."""

import logging

import numpy as np
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim import ChipModel

CHIP = ChipModel.uncalibrated(noise=False)


def prepared(chip, tau_refrac):
    sim.setup(timestep=0.1, chip=chip)
    sim.Population(20, sim.IF_cond_exp(tau_refrac=2.0), label="slow")
    sim.Population(20, sim.IF_cond_exp(tau_refrac=tau_refrac), label="quick")
    sim.prepare()
    report = sim.mapping_report()
    sim.end()
    return report


def test_a_short_refractory_time_is_told_once_with_the_way_out(caplog):
    with caplog.at_level(logging.WARNING, "pynn_bss2sim.mapping"):
        report = prepared(CHIP, 0.1)
    told = [message for message in caplog.messages if "reset of the chip" in message]
    assert len(told) == 1
    assert told[0].startswith("quick: ") and "tau_refrac of at least" in told[0]
    assert told[0] in report.notes


@pytest.mark.parametrize(("chip", "tau_refrac"), [(CHIP, 2.5), (ChipModel.quantized(), 0.1)])
def test_a_finished_reset_is_not_worth_a_word(chip, tau_refrac):
    assert not any("reset of the chip" in note for note in prepared(chip, tau_refrac).notes)


def test_the_membrane_is_where_the_note_says():
    sim.setup(timestep=0.1, chip=CHIP)
    cells = sim.Population(1, sim.IF_curr_exp(tau_refrac=1.0, i_offset=3.0), label="quick")
    cells.record(["v", "spikes"])
    sim.run(100.0)
    segment = cells.get_data().segments[0]
    step = round(float(segment.spiketrains[0][0]) / 0.1)
    circuits, scaling = sim.state.mapping.circuits, sim.state.mapping.scaling
    left = np.exp(-1.0 / circuits.tau_reset[0])
    v = np.asarray(segment.analogsignals[0])[:, 0] * scaling.voltage_gain + scaling.voltage_offset
    reset = circuits.v_reset[0]
    assert v[step + 10] - reset == pytest.approx(left * (v[step] - reset), rel=0.02)
