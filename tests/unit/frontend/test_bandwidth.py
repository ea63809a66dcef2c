"""Events that wait for links and are lost, as a script sees them."""

import logging

import numpy as np
import pytest

import pynn_bss2sim as sim

UNLIMITED = "unlimited"


def volley(n=200, timestep=0.1, bandwidth="real", times=(10.0,), splits=1):
    """`n` sources that spike together at one neuron; spikes of a second, coupled population."""
    sim.setup(timestep=timestep, chip=sim.ChipModel.quantized(bandwidth=bandwidth))
    sources = sim.Population(n, sim.SpikeSourceArray(spike_times=list(times)), label="volley")
    cells = sim.Population(4, sim.IF_curr_exp(tau_m=20.0), label="cells")
    sim.Projection(
        sources, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.05, delay=0.4)
    )
    cells.record(["v", "spikes"])
    for _ in range(splits):
        sim.run(40.0 / splits)
    segment = cells.get_data().segments[0]
    return segment.filter(name="v")[0].magnitude, [t.magnitude for t in segment.spiketrains]


def traffic():
    return {row["link"]: row for row in sim.mapping_report().to_dict()["traffic"]["links"]}


def test_a_volley_is_lost_in_part_and_one_warning_says_where(caplog):
    with caplog.at_level(logging.WARNING):
        volley()
    links = traffic()
    link = links["chip 0: FPGA to its chip"]
    # of simultaneous events, one passes and as many wait as take no longer than 16 of 2667 ps or
    # than what can pass in a step
    patience = max(16 * 2667, 100_000 - 2667)
    assert link["events"] - link["dropped"] == 1 + patience // 2667
    told = [r.getMessage() for r in caplog.records if "dropped" in r.getMessage()]
    assert len(told) == 1
    assert "chip 0: FPGA to its chip" in told[0] and "bandwidth='unlimited'" in told[0]
    assert any("dropped" in sentence for sentence in sim.mapping_report().headline)
    assert "FPGA to its chip" in str(sim.mapping_report())


def test_a_run_in_pieces_loses_the_same():
    v, spikes = volley(times=(10.0, 11.0, 25.0))
    whole = traffic()
    v_pieces, spikes_pieces = volley(times=(10.0, 11.0, 25.0), splits=5)
    np.testing.assert_array_equal(v_pieces, v)
    for one, other in zip(spikes_pieces, spikes, strict=True):
        np.testing.assert_array_equal(one, other)
    assert traffic().keys() == whole.keys()
    for name, row in traffic().items():
        assert row == pytest.approx(whole[name])


def test_few_events_pass_as_if_there_were_no_links(caplog):
    limited = volley(n=3)
    assert sum(row["dropped"] for row in traffic().values()) == 0
    free = volley(n=3, bandwidth=UNLIMITED)
    assert "traffic" not in sim.mapping_report().to_dict()
    np.testing.assert_allclose(limited[0], free[0], rtol=1e-12)
    assert not [r for r in caplog.records if "dropped" in r.getMessage()]


def test_reset_and_setup_forget_the_traffic():
    volley(n=3)
    assert traffic()
    sim.reset()
    assert "traffic" not in sim.mapping_report().to_dict()
    sim.run(40.0)
    assert traffic()["chip 0: FPGA to its chip"]["events"] == 3
    sim.setup()
    assert "traffic" not in sim.mapping_report().to_dict()


def test_a_network_may_grow_between_runs():
    volley(n=3)
    before = traffic()["chip 0: FPGA to its chip"]["events"]
    more = sim.Population(700, sim.IF_curr_exp(), label="more")
    sources = sim.Population(2, sim.SpikeSourceArray(spike_times=[50.0]), label="late")
    sim.Projection(sources, more, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01))
    sim.run(20.0)
    links = traffic()
    assert links["chip 0: FPGA to its chip"]["events"] > before
    assert links["chip 1: FPGA to its chip"]["events"] > 0


def test_lifted_routing_has_no_links():
    assert sim.ChipModel.quantized(routing="lifted").bandwidth == UNLIMITED
    with pytest.raises(ValueError, match="needs routing='real'"):
        sim.ChipModel.ideal(bandwidth="real")
    with pytest.raises(ValueError, match="needs routing='real'"):
        sim.ChipModel.quantized(routing="lifted", bandwidth="real")
    assert sim.ChipModel.ideal(routing="real", bandwidth="real").bandwidth == "real"


@pytest.mark.parametrize("delays", ["asked", "fixed"])
def test_spikes_of_a_coupled_network_are_those_without_links_while_nothing_waits(delays):
    trains = []
    for bandwidth in ("real", UNLIMITED):
        chip = sim.ChipModel.ideal(routing="real", bandwidth=bandwidth, delays=delays)
        sim.setup(timestep=0.1, chip=chip)
        cells = sim.Population(
            30, sim.IF_curr_exp(i_offset=np.linspace(0.9, 2.0, 30)), label="cells"
        )
        sim.Projection(
            cells,
            cells,
            sim.FixedNumberPreConnector(5, rng=sim.NumpyRNG(seed=3)),
            sim.StaticSynapse(weight=2.0**-4, delay=1.5),
            receptor_type="excitatory",
        )
        cells.record("spikes")
        sim.run(300.0)
        trains.append([t.magnitude for t in cells.get_data().segments[0].spiketrains])
    assert sum(map(len, trains[0])) > 200
    for one, other in zip(*trains, strict=True):
        np.testing.assert_array_equal(one, other)
