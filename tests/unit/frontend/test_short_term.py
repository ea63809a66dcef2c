"""Tsodyks-Markram synapses in the frontend: parameters, initial state, refusals."""

import numpy as np
import pytest
from pyNN import errors

import pynn_bss2sim as sim
from pynn_bss2sim.mapping import ConfigurationError, PlasticityError
from pynn_bss2sim.mapping.chips import driver_trims

#: Fast, and too high a threshold to spike
CELL = {"tau_m": 1.0, "tau_syn_E": 2.0, "v_thresh": 1000.0}


@pytest.fixture(autouse=True)
def simulation():
    sim.setup(timestep=0.1)
    yield
    sim.end()


def connected(times=(5.0, 25.0), n=1, **parameters):
    """(source, cells, projection): current-based cells behind one source, currents recorded."""
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=list(times)), label="in")
    cells = sim.Population(n, sim.IF_curr_exp(**CELL), label="cells")
    cells.record("v")
    synapse = sim.TsodyksMarkramSynapse(weight=1.0, delay=1.0, **parameters)
    wires = sim.Projection(source, cells, sim.AllToAllConnector(), synapse, label="wires")
    return source, cells, wires


def v_of(cells, segment=-1):
    return cells.get_data().segments[segment].filter(name="v")[0].magnitude


def static_v(amplitudes, times):
    """The membrane under spikes of these amplitudes through static synapses."""
    sim.setup(timestep=0.1)
    cell = sim.Population(1, sim.IF_curr_exp(**CELL))
    cell.record("v")
    for amplitude, time in zip(amplitudes, times, strict=True):
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=[time]))
        synapse = sim.StaticSynapse(weight=amplitude, delay=1.0)
        sim.Projection(source, cell, sim.AllToAllConnector(), synapse)
    sim.run(60.0)
    return v_of(cell)


def test_depression_takes_what_was_used_until_it_has_recovered():
    _, cells, _ = connected(U=0.5, tau_rec=40.0)
    sim.run(60.0)
    # of the half that was used, exp(-20/2) is still active and the rest recovers with 40 ms
    active = np.exp(-20.0 / 2.0)
    lost = 0.5 * (active + (np.exp(-20.0 / 40.0) - active) / (1.0 - 2.0 / 40.0))
    wanted = static_v([0.5, 0.5 * (1.0 - lost)], [5.0, 25.0])
    np.testing.assert_allclose(v_of(cells), wanted, rtol=1e-6)


def test_parameters_may_differ_be_read_and_be_set():
    _, cells, wires = connected(n=3, U=np.array([[0.1, 0.2, 0.3]]), tau_rec=1e-3)
    assert wires.get("U", format="list", with_address=False) == [0.1, 0.2, 0.3]
    sim.run(10.0)
    wires.set(U=[0.2, 0.2, 0.2])
    sim.run(50.0)
    v = v_of(cells) + 65.0
    first, second = v[:150].max(axis=0), v[250:].max(axis=0)
    np.testing.assert_allclose(first / first[0], [1.0, 2.0, 3.0], rtol=1e-9)
    np.testing.assert_allclose(second / second[0], 1.0, rtol=1e-3)
    assert wires[1].U == 0.2


def test_a_run_may_be_split_and_a_network_may_grow():
    _, cells, _ = connected(U=0.5, tau_rec=200.0, tau_facil=20.0)
    sim.run(60.0)
    whole = v_of(cells)
    sim.setup(timestep=0.1)
    _, cells, _ = connected(U=0.5, tau_rec=200.0, tau_facil=20.0)
    sim.run(12.3)
    more = sim.Population(4, sim.IF_curr_exp())
    sim.Projection(more, more, sim.AllToAllConnector(), sim.TsodyksMarkramSynapse(weight=0.1))
    sim.run(47.7)
    np.testing.assert_array_equal(v_of(cells), whole)


def test_reset_begins_with_the_initial_state():
    _, cells, wires = connected(U=0.2, tau_rec=500.0, tau_facil=1000.0)
    sim.run(60.0)
    sim.reset()
    sim.run(60.0)
    np.testing.assert_array_equal(v_of(cells), v_of(cells, 0))
    before = v_of(cells).max() + 65.0
    wires.initialize(u=0.9)
    sim.reset()
    sim.run(60.0)
    assert v_of(cells).max() + 65.0 > 1.5 * before
    with pytest.raises(errors.NonExistentParameterError, match="wires"):
        wires.initialize(x=0.5)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"U": 1.5}, r"wires: U = 1.5 of connection 0 .*\[0, 1\]"),
        ({"tau_rec": 0.0}, "wires: tau_rec = 0 of .*positive"),
        ({"tau_facil": -1.0}, "wires: tau_facil = -1 of"),
        ({"tau_rec": np.nan}, "wires: tau_rec = nan"),
    ],
)
def test_impossible_parameters_are_refused(parameters, message):
    with pytest.raises(errors.ConnectionError, match=message):
        connected(**parameters)
    _, _, wires = connected()
    with pytest.raises(errors.ConnectionError, match=message):
        wires.set(**parameters)
    with pytest.raises(errors.ConnectionError, match="wires: u = 2 of"):
        wires.initialize(u=2.0)


#: Slow membranes add up what comes
MEMBRANE = {"tau_m": 20.0, "tau_syn_E": 2.0, "v_thresh": -45.0}
TIMES = [5.0, 25.0, 45.0, 65.0, 265.0]
CHIPS = ["quantized", sim.ChipModel.ideal(routing="real"), "silicon"]


def conductances(chip, **parameters):
    """Peaks that spikes at `TIMES` make, over the first, of 20 cells: float64 (5, 20)."""
    sim.setup(timestep=0.1, chip=chip)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=TIMES))
    cells = sim.Population(20, sim.IF_cond_exp(**MEMBRANE), label="cells")
    cells.record("gsyn_exc")
    synapse = sim.TsodyksMarkramSynapse(weight=0.01, **parameters)
    wires = sim.Projection(source, cells, sim.AllToAllConnector(), synapse, label="wires")
    sim.run(300.0)
    g = cells.get_data().segments[0].filter(name="gsyn_exc")[0].magnitude
    peaks = np.stack([g[round(t / 0.1) : round(t / 0.1) + 15].max(axis=0) for t in TIMES])
    return peaks, wires


@pytest.mark.parametrize("chip", CHIPS, ids=str)
@pytest.mark.parametrize(
    ("parameters", "tolerance"),
    [
        ({"U": 0.5, "tau_rec": 300.0, "tau_facil": 0.0}, 0.01),
        ({"U": 0.1, "tau_rec": 5.0, "tau_facil": 400.0}, 0.15),
    ],
)
def test_drivers_of_the_chip_do_nearly_the_same(chip, parameters, tolerance):
    ideal, _ = conductances("ideal", **parameters)
    chips, wires = conductances(chip, **parameters)
    # one driver serves all cells: 5 % of its pulse, 10 % of its utilization and 4 % of the full
    # pulse by its voltages; of the synapses 2 % in the mean of 20: in all 13 %, twice
    shared = 0.26 if chip == "silicon" else 0.0
    np.testing.assert_allclose(
        chips.mean(axis=1), ideal.mean(axis=1), atol=(tolerance + shared) * ideal.max()
    )
    config = sim.state.mapping.configs[0]
    trims = driver_trims(sim.state.chip, 1)[0]
    np.testing.assert_array_equal(config.stp_offset[config.stp_enable], trims[config.stp_enable])
    assert (trims == 7).all() == (chip != "silicon")
    rises = np.diff(chips.mean(axis=1)[:4]) > 0
    assert rises.all() if parameters["tau_facil"] else not rises.any()
    np.testing.assert_allclose(wires.get("weight", "list", with_address=False), 0.01, rtol=0.02)
    assert wires.get("U", "list", with_address=False) == [parameters["U"]] * 20


def test_on_drivers_a_run_may_be_split_reset_and_weighed_anew():
    parameters = {"U": 0.5, "tau_rec": 300.0, "tau_facil": 0.0}
    whole, _ = conductances("quantized", **parameters)
    sim.setup(timestep=0.1, chip="quantized")
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=TIMES))
    cells = sim.Population(20, sim.IF_cond_exp(**MEMBRANE))
    cells.record("gsyn_exc")
    synapse = sim.TsodyksMarkramSynapse(weight=0.01, **parameters)
    wires = sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    sim.run(30.0)
    states = sim.state.emulator.state.pulse.copy()
    assert (states < 1.0).all()
    wires.set(weight=0.0099)
    sim.run(0.1)
    np.testing.assert_array_equal(sim.state.emulator.state.pulse, states)
    wires.set(weight=0.01)
    sim.run(269.9)
    sim.reset()
    sim.run(300.0)
    for segment in cells.get_data().segments:
        g = segment.filter(name="gsyn_exc")[0].magnitude
        peaks = np.stack([g[round(t / 0.1) : round(t / 0.1) + 15].max(axis=0) for t in TIMES])
        np.testing.assert_allclose(peaks, whole, rtol=1e-3)


def test_a_network_that_grows_on_a_chip_begins_with_recovered_drivers():
    sim.setup(timestep=0.1, chip="quantized")
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0, 25.0]))
    cells = sim.Population(2, sim.IF_cond_exp(**MEMBRANE))
    cells.record("gsyn_exc")
    synapse = sim.TsodyksMarkramSynapse(weight=0.01, U=0.5, tau_rec=300.0)
    sim.Projection(source, cells[1:], sim.AllToAllConnector(), synapse)
    sim.run(20.0)
    before = sim.state.emulator.state
    assert (before.pulse < 0.6).all()
    sim.Projection(source, cells[:1], sim.AllToAllConnector(), synapse)
    sim.run(0.1)
    # the same driver and address, which would have kept its state
    assert sim.state.emulator.state.pulse_number.tolist() == before.pulse_number.tolist()
    sim.run(19.9)
    g = cells.get_data().segments[0].filter(name="gsyn_exc")[0].magnitude[:, 1]
    assert g[250:270].max() == pytest.approx(g[50:70].max(), rel=0.02)


def test_drivers_refuse_what_they_cannot_begin_with():
    sim.setup(timestep=0.1, chip="quantized")
    _, _, wires = connected()
    wires.initialize(u=0.5)
    with pytest.raises(PlasticityError, match=r"wires: u = 0.5 at the start .*routing='lifted'"):
        sim.run(1.0)


def test_a_configuration_holds_those_of_drivers_and_no_others(tmp_path):
    connected()
    with pytest.raises(ConfigurationError, match="wires: plasticity"):
        sim.save_configuration(tmp_path / "net.npz")
    sim.setup(timestep=0.1, chip="quantized")
    connected(U=0.5, tau_rec=200.0)
    sim.save_configuration(tmp_path / "net.npz")
    configuration = sim.load_configuration(tmp_path / "net.npz")
    assert len(configuration.pulses) == 1
    sim.run(40.0)
    asked = sim.state.populations[0].get_data().segments[0].filter(name="v")[0].magnitude
    block = configuration.run(40.0, {"in": [[5.0, 25.0]]}, record=["v"])
    (signal,) = block["cells"].segments[0].filter(name="v")
    np.testing.assert_allclose(signal.magnitude, asked, atol=1e-9)


def test_an_assembly_with_receptors_in_different_places():
    one = sim.Population(1, sim.IF_curr_exp())
    psr = sim.CurrExpPostSynapticResponse
    other = sim.Population(
        1, sim.PointNeuron(sim.LIF(), inhibitory=psr(tau_syn=2.0), excitatory=psr(tau_syn=2.0))
    )
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    synapse = sim.TsodyksMarkramSynapse(weight=0.1, U=np.array([[0.25, 0.75]]))
    wires = sim.Projection(
        source, sim.Assembly(one, other), sim.AllToAllConnector(), synapse,
        receptor_type="excitatory",
    )  # fmt: skip
    sim.run(5.0)
    release = sim.state.emulator.state.release
    assert sorted(release[0]) == [0.25, 0.75] and len(wires) == 2
