"""Tsodyks-Markram synapses in the frontend: parameters, initial state, refusals."""

import numpy as np
import pytest
from pyNN import errors

import pynn_bss2sim as sim
from pynn_bss2sim.mapping import ConfigurationError, PlasticityError

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


@pytest.mark.parametrize("chip", ["quantized", sim.ChipModel.ideal(routing="real")])
def test_chips_with_real_synapses_refuse_and_say_what_to_do(chip):
    sim.setup(timestep=0.1, chip=chip)
    connected()
    with pytest.raises(PlasticityError, match="wires: .*StaticSynapse, or a chip model"):
        sim.run(1.0)


def test_a_configuration_cannot_hold_them(tmp_path):
    connected()
    with pytest.raises(ConfigurationError, match="wires: plasticity"):
        sim.save_configuration(tmp_path / "net.npz")


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
