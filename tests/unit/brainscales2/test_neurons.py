"""What register codes do to neurons, seen as on the chip: LSB of the fast converter, ms."""

import numpy as np
import pytest
from pyNN import errors

from pynn_bss2sim._core import hicannx
from pynn_bss2sim.brainscales2.circuit_parameters import COLUMNS, VISIBLE

from .conftest import FIRING, LISTENING, neurons, signal, source, trains

JOINING = (
    "bayesian_connect_fire_from_right",
    "bayesian_connect_fire_to_right",
    "bayesian_connect_fire_vertical",
    "bayesian_enable_master",
    "bayesian_enable_slave",
    "multicompartment_connect_soma",
    "multicompartment_connect_soma_right",
    "multicompartment_connect_vertical",
    "multicompartment_enable_conductance",
)


@pytest.mark.parametrize("name", JOINING)
def test_switches_that_join_circuits_are_refused_wherever_they_are_set(face, name):
    message = f"{name} = True at index .: joined circuits"
    with pytest.raises(errors.InvalidParameterValueError, match=message):
        neurons(2, **{name: [False, True]})
    pop = neurons(2, **{name: False})
    with pytest.raises(errors.InvalidParameterValueError, match=message):
        pop[1:2].set(**{name: True})
    assert pop.get(name) is False
    group, field = face.helper.decompose_in_member_names(name)
    with pytest.raises(ValueError, match=message):
        setattr(getattr(face.lola.Chip().neuron_block.atomic_neurons[3], group), field, True)


def test_a_neuron_without_parameters_is_silent(face):
    pop = neurons()
    pop.record(["spikes", "v"])
    face.run(0.1)
    _, v = signal(pop)
    assert trains(pop)[0].size == 0
    assert v.std() < 5


def test_leak_over_threshold_fires_and_shows_a_sawtooth(face):
    pop = neurons(2, **FIRING)
    pop.record(["spikes", "v"])
    face.run(0.2)
    for k, spikes in enumerate(trains(pop)):
        times, v = signal(pop, k)
        # some 13 µs; circuits deviate by half of that
        assert 5e-3 < np.diff(spikes).mean() < 25e-3
        assert v.max() - v.min() > 100
        # at a spike the membrane turns round
        for t in spikes[2:5]:
            assert v[np.searchsorted(times, t - 0.2e-3)] > v[np.searchsorted(times, t + 1.9e-3)]


@pytest.mark.parametrize(("chip_name", "tolerance"), [("quantized", 0.02), ("silicon", 0.25)])
def test_the_membrane_rests_where_the_code_says(monkeypatch, face, chip_name, tolerance):
    monkeypatch.setenv("BSS2SIM_CHIP", chip_name)
    face.setup()
    pop = neurons(leak_v_leak=700, leak_i_bias=500, membrane_capacitance_capacitance=63)
    pop.record("v")
    face.run(0.05)
    _, v = signal(pop)
    cadc = hicannx.LEAK_SLOPE * 700 + hicannx.LEAK_OFFSET
    mv = (cadc - hicannx.CADC_OFFSET) / hicannx.CADC_PER_MV
    assert v.mean() == pytest.approx(hicannx.MADC_PER_MV * mv + hicannx.MADC_OFFSET, rel=tolerance)


@pytest.mark.parametrize(("receptor", "sign"), [("excitatory", 1), ("inhibitory", -1)])
def test_psps_grow_with_the_weight(face, receptor, sign):
    pop = neurons(**LISTENING)
    stimulus = source(0.02, 0.12, 0.22)
    weights = (15, 30, 60)
    projections = [
        face.Projection(
            stimulus, pop, face.AllToAllConnector(), face.synapses.StaticSynapse(weight=0),
            receptor_type=receptor,
        )
    ]  # fmt: skip
    pop.record("v")
    sizes = []
    for weight in weights:
        projections[0].set(weight=sign * weight)
        face.run(0.1)
        times, v = signal(pop)
        rest = v[times < 0.02].mean()
        sizes.append(sign * (v[(times > 0.025) & (times < 0.035)].mean() - rest))
        face.reset()
    assert sizes[0] > 4
    assert sizes[1] / sizes[0] == pytest.approx(2, rel=0.25)
    assert sizes[2] / sizes[1] == pytest.approx(2, rel=0.25)


def test_neurons_differ_and_stay_the_same(face):
    def rest():
        face.setup()
        pop = neurons(2, leak_v_leak=700, leak_i_bias=500, membrane_capacitance_capacitance=63)
        pop.record("v")
        face.run(0.1)
        return [signal(pop, k)[1].mean() for k in range(2)]

    first, second = rest(), rest()
    assert first == pytest.approx(second, abs=1e-9)
    assert abs(first[0] - first[1]) > 2


def test_refractory_time_counts_the_clock_of_its_block(face):
    chip = face.lola.Chip()
    for backend in chip.neuron_block.backends:
        backend.clock_scale_slow = backend.clock_scale_fast = 3
    isi = []
    for config in (None, chip):
        face.setup(initial_config=config)
        pop = neurons(**FIRING)
        pop.record("spikes")
        face.run(0.4)
        isi.append(np.diff(trains(pop)[0]).mean())
    # 255 cycles of 8 ns, or of 64 ns
    assert isi[1] - isi[0] == pytest.approx(255 * 56e-6, rel=0.05)


@pytest.mark.parametrize(
    "name", ["leak_v_leek", *(n for n, column in COLUMNS.items() if column.hidden)]
)
def test_unknown_and_hidden_parameters_are_refused(face, name):
    with pytest.raises(errors.NonExistentParameterError, match=name):
        neurons(**{name: 1})


@pytest.mark.parametrize(
    ("name", "value"),
    [("leak_v_leak", 1024), ("leak_i_bias", -1), ("membrane_capacitance_capacitance", 64),
     ("refractory_period_refractory_time", 256), ("plasticity_rule_readout_source", 4)],
)  # fmt: skip
def test_values_that_no_register_holds_are_refused(face, name, value):
    with pytest.raises(errors.InvalidParameterValueError, match=name):
        neurons(**{name: value})


def test_a_population_without_cells_is_refused(face):
    with pytest.raises(ValueError, match="needs at least one cell"):
        neurons(0)


def test_every_visible_parameter_can_be_set_and_read(face):
    pop = neurons(3)
    for name in VISIBLE:
        if name in JOINING:
            continue
        column = COLUMNS[name]
        value = True if column.is_switch else float(min(column.high, hicannx.ANALOG_MAX))
        pop[1:2].set(**{name: value})
        got = pop.get(name, simplify=False)
        assert got[1] == value
        assert got[0] == column.default
        assert isinstance(pop[1:2].get(name), bool if column.is_switch else float)
    face.run(0.01)


def test_parameters_of_single_cells(face):
    pop = neurons(4, leak_i_bias=[100, 200, 300, 400])
    assert pop[2].leak_i_bias == 300
    pop[2].leak_i_bias = 350
    assert pop.get("leak_i_bias").tolist() == [100, 200, 350, 400]
    assert pop.get(["leak_v_leak", "leak_i_bias"])[0] == 0
    assert [int(cell) for cell in pop] == [0, 1, 2, 3]
