"""Spike-timing dependent plasticity in the frontend: rules, weights read and set, refusals."""

import numpy as np
import pytest
from all_pairs import all_pairs
from pyNN import errors

import pynn_bss2sim as sim
from pynn_bss2sim.mapping import ConfigurationError, PlasticityError

PRE = [5.0, 21.0, 22.0, 40.0, 61.0, 80.0]
POST = [8.0, 20.0, 30.0, 45.0, 60.0, 77.0]
W_MAX = 0.02


@pytest.fixture(autouse=True)
def simulation():
    sim.setup(timestep=0.1)
    yield
    sim.end()


def additive(a_plus=0.1, a_minus=0.08, **parameters):
    """An STDPMechanism of pairs, additive."""
    rule = sim.SpikePairRule(tau_plus=20.0, tau_minus=30.0, A_plus=a_plus, A_minus=a_minus)
    return sim.STDPMechanism(rule, sim.AdditiveWeightDependence(w_max=W_MAX), **parameters)


def connected(synapse, n=1, cell=sim.IF_curr_exp, pre=PRE, post=POST, **projection):
    """(cells, projection): `n` cells that spike when they must, behind one plastic source."""
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=pre), label="in")
    driver = sim.Population(1, sim.SpikeSourceArray(spike_times=post))
    cells = sim.Population(n, cell(tau_refrac=2.0), label="cells")
    cells.record("spikes")
    strong = 1.0 if cells.celltype.conductance_based else 50.0
    sim.Projection(driver, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=strong))
    wires = sim.Projection(
        source, cells, sim.AllToAllConnector(), synapse, label="wires", **projection
    )
    return cells, wires


def steps_of(cells, cell=0, segment=-1):
    train = cells.get_data("spikes").segments[segment].spiketrains[cell]
    return np.rint(train.magnitude / 0.1).astype(int).tolist()


def wanted(cells, delay, axonal, weight, cell=0, pre=PRE, **rule):
    """The weight that all pairs of these spikes make."""
    steps = np.rint(np.array(pre) / 0.1).astype(int).tolist()
    return all_pairs(steps, steps_of(cells, cell), delay, axonal, weight=weight, **rule)[0]


LOW = 0.004
RANGE = W_MAX - LOW
WEIGHT_DEPENDENCES = {
    "additive": (
        sim.AdditiveWeightDependence(w_min=LOW, w_max=W_MAX),
        {"up": 0.1 * W_MAX, "down": -0.08 * W_MAX},
    ),
    "multiplicative": (
        sim.MultiplicativeWeightDependence(w_min=LOW, w_max=W_MAX),
        {"up": 0.1 * RANGE, "up_power": 1.0, "down": -0.08 * RANGE, "down_power": 1.0},
    ),
    "mixed": (
        sim.AdditivePotentiationMultiplicativeDepression(w_min=LOW, w_max=W_MAX),
        {"up": 0.1 * W_MAX, "down": -0.08 * RANGE, "down_power": 1.0},
    ),
    "gutig": (
        sim.GutigWeightDependence(w_min=LOW, w_max=W_MAX, mu_plus=0.3, mu_minus=0.6),
        {"up": 0.1 * RANGE, "up_power": 0.3, "down": -0.08 * RANGE, "down_power": 0.6},
    ),
}


@pytest.mark.parametrize("name", WEIGHT_DEPENDENCES)
def test_weight_dependences(name):
    dependence, rule = WEIGHT_DEPENDENCES[name]
    timing = sim.SpikePairRule(tau_plus=20.0, tau_minus=30.0, A_plus=0.1, A_minus=0.08)
    cells, wires = connected(sim.STDPMechanism(timing, dependence, weight=0.01, delay=1.5))
    sim.run(100.0)
    expected = wanted(cells, 15, 0, 0.01, w_from=LOW, w_to=W_MAX, **rule)
    assert expected not in (0.01, LOW, W_MAX)
    (weight,) = wires.get("weight", format="list", with_address=False)
    assert weight == pytest.approx(expected, rel=1e-9)


def test_each_delay_is_divided_into_whole_steps():
    cells, wires = connected(additive(weight=0.01, delay=2.0), n=4)
    wires.set(dendritic_delay_fraction=[0.0, 0.26, 0.55, 1.0])
    sim.run(100.0)
    expected = [
        wanted(cells, 20, axonal, 0.01, k, up=0.1 * W_MAX, down=-0.08 * W_MAX, w_to=W_MAX)
        for k, axonal in enumerate((20, 15, 9, 0))
    ]
    assert len(set(expected)) == 4
    np.testing.assert_allclose(wires.get("weight", format="array")[0], expected, rtol=1e-9)


@pytest.mark.parametrize("cell", [sim.IF_curr_exp, sim.IF_cond_exp])
def test_vogels_rule_on_inhibitory_synapses(cell):
    sign = -1.0 if cell is sim.IF_curr_exp else 1.0
    synapse = sim.STDPMechanism(
        sim.Vogels2011Rule(tau=20.0, eta=0.001, rho=10.0),
        sim.AdditiveWeightDependence(w_max=sign * W_MAX), weight=sign * 0.01, delay=1.0,
    )  # fmt: skip
    cells, wires = connected(synapse, cell=cell, receptor_type="inhibitory")
    sim.run(100.0)
    # 2 rho tau: 10 Hz are 0.01 per ms
    constant = -2.0 * 0.01 * 20.0 * 0.001
    rule = {"up": 0.001, "down": 0.001, "constant": constant, "tau_pre": 20.0, "tau_post": 20.0}
    expected = sign * wanted(cells, 10, 0, 0.01, w_to=W_MAX, **rule)
    assert wires[0].weight == pytest.approx(expected, rel=1e-9) and expected != sign * 0.01


def test_weights_act_and_may_be_followed_while_the_network_runs():
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[10.0, 30.0]))
    cell = sim.Population(1, sim.IF_curr_exp(tau_m=1.0, tau_syn_E=1.0, v_thresh=1000.0))
    cell.record("v")
    rule = sim.SpikePairRule(A_plus=0.0, A_minus=0.0)
    synapse = sim.STDPMechanism(rule, sim.AdditiveWeightDependence(), weight=0.2)
    wires = sim.Projection(source, cell, sim.AllToAllConnector(), synapse)
    seen = []

    def halve(t):
        seen.append(wires.get("weight", format="list", with_address=False))
        if t == 20.0:
            wires.set(weight=0.1)
        return t + 20.0

    sim.run(60.0, callbacks=[halve])
    assert seen == [[0.2], [0.2], [0.1], [0.1]]
    v = cell.get_data().segments[0].filter(name="v")[0].magnitude[:, 0] + 65.0
    assert v[250:].max() / v[:250].max() == pytest.approx(0.5, rel=1e-6)


def test_single_connections_are_read_and_set_without_the_others():
    cells, wires = connected(additive(weight=0.01), n=3)
    sim.run(50.0)
    learned = [c.weight for c in wires]
    assert min(learned) != 0.01
    wires[1].weight = 0.015
    assert [c.weight for c in wires] == [learned[0], 0.015, learned[2]]
    np.testing.assert_array_equal(wires.requested("weight", "array"), [[0.01, 0.015, 0.01]])
    sim.reset()
    assert [c.weight for c in wires] == [0.01, 0.015, 0.01]


def test_reset_restores_what_was_given_or_set():
    cells, wires = connected(additive(a_plus=0.01, a_minus=0.02, weight=0.01))
    sim.run(100.0)
    learned = wires[0].weight
    sim.reset()
    assert wires[0].weight == 0.01 != learned
    sim.run(100.0)
    assert wires[0].weight == learned
    wires.set(weight=0.011)
    assert wires[0].weight == 0.011
    sim.reset()
    assert wires[0].weight == 0.011
    sim.run(100.0)
    assert wires[0].weight == pytest.approx(learned + 0.001, rel=1e-9)


def test_a_run_may_be_split_and_a_network_may_grow():
    cells, wires = connected(additive(weight=0.01), n=2)
    sim.run(100.0)
    whole = wires.get("weight", format="array")
    sim.setup(timestep=0.1)
    cells, wires = connected(additive(weight=0.01), n=2)
    sim.run(43.2)
    now = wires.get("weight", format="array")
    more = sim.Population(3, sim.IF_curr_exp(i_offset=1.0))
    late = sim.Projection(more, more, sim.AllToAllConnector(), additive(weight=0.01))
    np.testing.assert_array_equal(wires.get("weight", format="array"), now)
    assert late[0].weight == 0.01
    sim.run(56.8)
    np.testing.assert_array_equal(wires.get("weight", format="array"), whole)
    assert late[0].weight != 0.01


def test_parameters_may_be_set_between_runs():
    _, wires = connected(additive(weight=0.01))
    sim.run(50.0)
    learned = wires[0].weight
    wires.set(A_plus=0.0, A_minus=0.0)
    sim.run(50.0)
    assert wires[0].weight == learned
    assert wires.get("A_plus", format="list", with_address=False) == [0.0]


def test_an_assembly_with_receptors_in_different_places():
    psr = sim.CurrExpPostSynapticResponse
    one = sim.Population(2, sim.IF_curr_exp(tau_refrac=2.0))
    other = sim.Population(
        1,
        sim.PointNeuron(
            sim.LIF(tau_refrac=2.0), inhibitory=psr(tau_syn=5.0), excitatory=psr(tau_syn=5.0)
        ),
    )
    both = sim.Assembly(other, one)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=PRE))
    driver = sim.Population(1, sim.SpikeSourceArray(spike_times=POST))
    arguments = {"receptor_type": "excitatory"}
    sim.Projection(
        driver, both, sim.AllToAllConnector(), sim.StaticSynapse(weight=50.0), **arguments
    )
    wires = sim.Projection(
        source, both, sim.AllToAllConnector(), additive(weight=0.01), **arguments
    )
    wires.set(A_plus=[0.01, 0.02, 0.03], weight=[0.009, 0.010, 0.011])
    both.record("spikes")
    sim.run(60.0)
    wires[2].weight = 0.013
    assert wires[2].weight == 0.013
    sim.run(40.0)
    rate = [wires[k].weight for k in range(2)]
    for k, population, weight in ((0, other, 0.009), (1, one, 0.010)):
        expected = wanted(
            population, 1, 0, weight, up=0.01 * (k + 1) * W_MAX, down=-0.08 * W_MAX, w_to=W_MAX
        )
        assert rate[k] == pytest.approx(expected, rel=1e-9)


def test_weights_in_the_units_of_a_chip_with_codes():
    chip = sim.ChipModel.ideal(parameters="10bit")
    weights = []
    for model in ("ideal", chip):
        sim.setup(timestep=0.1, chip=model)
        cells, wires = connected(additive(weight=0.01))
        sim.run(60.0)
        # other potentials need another map of voltages
        cells.set(v_rest=-75.0, v_reset=-80.0)
        before = wires[0].weight
        sim.run(0.1)
        assert wires[0].weight == pytest.approx(before, rel=1e-12)
        wires.set(weight=0.012)
        assert wires[0].weight == pytest.approx(0.012, rel=1e-12)
        sim.run(39.9)
        weights.append((before, wires[0].weight))
    np.testing.assert_allclose(weights[1], weights[0], rtol=0.02)


# --- what is refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, errors.InvalidParameterValueError, "timing_dependence = None: give one of .*Vogels"),
        (
            {"timing_dependence": sim.SpikePairRule()},
            errors.InvalidParameterValueError,
            "weight_dependence = None: give one of .*Gutig",
        ),
        (
            {
                "timing_dependence": sim.Vogels2011Rule(),
                "weight_dependence": sim.GutigWeightDependence(),
            },
            errors.NoModelAvailableError,
            "Vogels2011Rule does not go with GutigWeightDependence",
        ),
    ],
    ids=["timing", "weight", "together"],
)
def test_components_that_do_not_fit_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        sim.STDPMechanism(**arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"voltage_dependence": 1}, "leave it out"), ({"dendritic_delay_fraction": 1.5}, "1.5: give")],
)
def test_impossible_arguments_are_refused(change, message):
    with pytest.raises(errors.InvalidParameterValueError, match=message):
        additive(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": 0.03}, "weight = 0.03 of connection 0 .*between w_min and w_max"),
        ({"weight": -0.01}, "wires: weights from -0.01"),
        ({"w_max": -0.02}, "w_max = -0.02 onto receptor 'excitatory': it excites"),
        ({"w_min": 0.02}, "w_max = 0.02 of connection 0 .*further from 0 than w_min"),
        ({"tau_plus": 0.0}, "tau_plus = 0 of .*positive number of ms"),
        ({"tau_minus": -1.0}, "tau_minus = -1 of"),
        ({"A_plus": np.nan}, "A_plus = nan"),
        ({"dendritic_delay_fraction": 2.0}, r"dendritic_delay_fraction = 2 of .*\[0, 1\]"),
    ],
)
def test_impossible_values_are_refused(change, message):
    _, wires = connected(additive(weight=0.01))
    sim.run(50.0)
    before = wires.get(["weight", *change], format="list")
    with pytest.raises(errors.ConnectionError, match=message):
        wires.set(**change)
    assert wires.get(["weight", *change], format="list") == before


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"routing": "real"}, "wires: .*StaticSynapse, or a chip model"),
        ({"weights": "6bit"}, "wires: .*it needs routing='real'"),
    ],
)
def test_chips_between_both_ways_refuse_and_say_what_to_do(fields, message):
    sim.setup(timestep=0.1, chip=sim.ChipModel.ideal(**fields))
    connected(additive(weight=0.01))
    with pytest.raises(PlasticityError, match=message):
        sim.run(1.0)


def test_a_configuration_cannot_hold_them(tmp_path):
    connected(additive(weight=0.01))
    with pytest.raises(ConfigurationError, match="wires: plasticity"):
        sim.save_configuration(tmp_path / "net.npz")
