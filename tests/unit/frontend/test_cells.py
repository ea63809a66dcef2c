"""Neuron types: parameters, recordables, records, refusals."""

import copy

import numpy as np
import pytest
from pyNN import errors
from pyNN.parameters import ParameterSpace
from pyNN.random import NumpyRNG, RandomDistribution

from pynn_bss2sim import standardmodels as models
from pynn_bss2sim._core.records import Variable

CURR, COND = models.CurrExpPostSynapticResponse, models.CondExpPostSynapticResponse


def composed(neuron=models.LIF, receptor=CURR):
    return models.PointNeuron(neuron(), excitatory=receptor(), inhibitory=receptor())


CELLS = {
    "IF_curr_exp": models.IF_curr_exp,
    "IF_cond_exp": models.IF_cond_exp,
    "EIF_cond_exp_isfa_ista": models.EIF_cond_exp_isfa_ista,
    "LIF+Curr": composed,
    "LIF+Cond": lambda: composed(receptor=COND),
    "AdExp+Curr": lambda: composed(models.AdExp),
    "AdExp+Cond": lambda: composed(models.AdExp, COND),
}


def arrays(cell, size=3, **changes):
    """Return all parameters of a cell type as the frontend keeps them."""
    space = cell.native_parameters
    space.shape = (size,)
    space.evaluate()
    values = {name: np.array(value, np.float64) for name, value in space.as_dict().items()}
    for name, value in changes.items():
        assert name in values
        values[name] = np.broadcast_to(np.asarray(value, np.float64), size).copy()
    return values


@pytest.fixture(params=CELLS)
def cell(request):
    return CELLS[request.param]()


# --- laws for each type -------------------------------------------------------------------------


def test_parameters_are_native_parameters(cell):
    names = cell.get_parameter_names()
    assert sorted(cell.native_parameters.keys()) == sorted(names)
    assert cell.get_native_names() == names
    assert cell.get_native_names(*names[:2]) == names[:2]
    assert cell.simple_parameters() == names
    assert cell.scaled_parameters() == cell.computed_parameters() == []
    assert not cell.computed_parameters_include(names)
    assert all(cell.has_parameter(name) for name in names)
    assert not cell.has_parameter("no_such_parameter")


def test_translations_there_and_back_change_nothing(cell):
    space = ParameterSpace(
        {name: 2.5 for name in cell.get_parameter_names()}, cell.get_schema(), shape=(4,)
    )
    back = cell.reverse_translate(cell.translate(space))
    back.evaluate()
    assert back.as_dict().keys() == set(cell.get_parameter_names())
    assert all((value == 2.5).all() for value in back.as_dict().values())


def test_unknown_names_are_refused(cell):
    with pytest.raises(errors.NonExistentParameterError, match="tau_x"):
        cell.translate(ParameterSpace({"tau_x": 1.0}, shape=(1,)))
    with pytest.raises(errors.NonExistentParameterError, match="tau_x"):
        cell.get_native_names("tau_x")


def test_recordables_and_initial_values_are_state_variables(cell):
    recordable = [name for name in cell.recordable if name != "spikes"]
    assert "spikes" in cell.recordable
    assert set(recordable) == set(cell.default_initial_values)
    variables = [cell.variable(name) for name in recordable]
    assert len(set(variables)) == len(variables)
    assert cell.variable("v") is Variable.V
    assert (Variable.W in variables) == cell.adex
    for name in ("spikes", "u"):
        with pytest.raises(errors.RecordingError, match="Cannot record"):
            cell.variable(name)


def test_everything_has_a_unit(cell):
    names = {*cell.get_parameter_names(), *cell.recordable, *cell.default_initial_values}
    assert names - {"spikes"} <= set(cell.units)


def test_defaults_are_valid_and_make_a_record(cell):
    values = arrays(cell)
    cell.validate("p", values)
    record = cell.record("p", 3, values)
    assert (record.label, record.size, record.adex) == ("p", 3, cell.adex)
    assert record.conductance_based == cell.conductance_based
    assert record.receptors == tuple(cell.receptor_types)
    assert all(value.shape == (3,) for value in record.parameters.values())
    assert record.tau_syn.shape == record.e_rev.shape == (2, 3)
    assert (record.tau_syn == 5.0).all()


def test_validate_names_population_parameter_and_cell(cell):
    for name in ("cm", "tau_m", "tau_refrac", *cell.tau_syn_names()):
        values = arrays(cell, **{name: [1.0, 1.0, -1.0]})
        with pytest.raises(errors.InvalidParameterValueError, match=f"p: {name} = -1 .*cell 2"):
            cell.validate("p", values)
    for name in cell.get_parameter_names():
        values = arrays(cell)
        values[name][1] = np.nan
        with pytest.raises(errors.InvalidParameterValueError, match=f"p: {name} = nan in cell 1"):
            cell.validate("p", values)


def test_a_reset_above_threshold_is_refused(cell):
    values = arrays(cell, v_reset=[-70.0, -20.0, -70.0])
    with pytest.raises(errors.InvalidParameterValueError, match=r"v_reset = -20 mV in cell 1"):
        cell.validate("p", values)


def test_description_and_copy(cell):
    assert type(cell).__name__ in cell.describe()
    twin = copy.deepcopy(cell)
    assert twin.get_parameter_names() == cell.get_parameter_names()


# --- single types -------------------------------------------------------------------------------


def test_lines_are_excitatory_then_inhibitory():
    cell = models.IF_cond_exp()
    values = arrays(cell, tau_syn_E=2.0, tau_syn_I=7.0, e_rev_E=1.0, e_rev_I=-80.0)
    record = cell.record("p", 3, values)
    assert record.tau_syn[:, 0].tolist() == [2.0, 7.0]
    assert record.e_rev[:, 0].tolist() == [1.0, -80.0]
    assert cell.variable("gsyn_exc") is Variable.LINE0
    assert cell.variable("gsyn_inh") is Variable.LINE1
    assert models.IF_curr_exp().variable("isyn_inh") is Variable.LINE1


def test_adaptation_conductance_changes_its_unit():
    cell = models.EIF_cond_exp_isfa_ista()
    record = cell.record("p", 3, arrays(cell, a=4.0, b=0.0805))
    np.testing.assert_allclose(record.parameters["a"], 0.004)
    np.testing.assert_allclose(record.parameters["b"], 0.0805)


def test_a_record_does_not_share_the_parameters():
    cell = models.EIF_cond_exp_isfa_ista()
    values = arrays(cell)
    record = cell.record("p", 3, values)
    for name, value in record.parameters.items():
        value[:] = 0.0
        assert (arrays(cell)[name] == values[name]).all()


def test_without_slope_factor_the_threshold_is_sharp():
    cell = models.EIF_cond_exp_isfa_ista()
    values = arrays(cell, delta_T=[0.0, 2.0, 0.0], v_thresh=-50.0, v_spike=[-40.0, -40.0, -60.0])
    cell.validate("p", values)
    assert cell.record("p", 3, values).parameters["v_spike"].tolist() == [-50.0, -40.0, -60.0]
    values = arrays(cell, delta_T=0.0, v_thresh=-50.0, v_reset=-45.0)
    with pytest.raises(errors.InvalidParameterValueError, match="v_reset"):
        cell.validate("p", values)


def test_an_overflowing_exponential_is_refused():
    cell = models.EIF_cond_exp_isfa_ista()
    cell.validate("p", arrays(cell, delta_T=0.015, v_thresh=-50.0, v_spike=-40.0))
    with pytest.raises(errors.InvalidParameterValueError, match="delta_T = 0.014 mV"):
        cell.validate("p", arrays(cell, delta_T=0.014, v_thresh=-50.0, v_spike=-40.0))


@pytest.mark.parametrize("name", ["tau_w", "delta_T"])
def test_adaptation_parameters_are_checked(name):
    cell = models.EIF_cond_exp_isfa_ista()
    with pytest.raises(errors.InvalidParameterValueError, match=f"p: {name} = -1"):
        cell.validate("p", arrays(cell, **{name: -1.0}))


# --- PointNeuron --------------------------------------------------------------------------------


def test_receptor_parameters_have_dotted_names():
    cell = models.PointNeuron(
        models.AdExp(tau_m=10.0), GABAA=COND(tau_syn=1.5, e_syn=-70.0), AMPA=COND(tau_syn=2.0)
    )
    values = arrays(cell)
    assert values["tau_m"][0] == 10.0
    assert values["GABAA.e_syn"][0] == -70.0
    record = cell.record("p", 3, values)
    assert record.receptors == ("AMPA", "GABAA")
    assert record.tau_syn[:, 0].tolist() == [2.0, 1.5]
    assert record.e_rev[:, 0].tolist() == [0.0, -70.0]
    assert cell.recordable == ["spikes", "v", "w", "AMPA.gsyn", "GABAA.gsyn"]
    assert cell.variable("AMPA.gsyn") is Variable.LINE0
    assert cell.variable("GABAA.gsyn") is Variable.LINE1
    assert cell.units["GABAA.gsyn"] == "uS"


def test_one_receptor_leaves_a_line_unused():
    cell = models.PointNeuron(models.LIF(), NMDA=CURR(tau_syn=20.0))
    record = cell.record("p", 3, arrays(cell))
    assert record.receptors == ("NMDA",)
    assert record.tau_syn[:, 0].tolist() == [20.0, 1.0]
    assert cell.recordable == ["spikes", "v", "NMDA.isyn"]


def test_component_parameters_may_differ_between_cells():
    rates = RandomDistribution("uniform", (5.0, 15.0), rng=NumpyRNG(1))
    cell = models.PointNeuron(models.LIF(tau_m=rates), r=CURR(tau_syn=[1.0, 2.0, 3.0]))
    values = arrays(cell)
    assert values["r.tau_syn"].tolist() == [1.0, 2.0, 3.0]
    assert len(set(values["tau_m"])) == 3


def test_components_are_copied():
    neuron, receptor = models.LIF(tau_m=10.0), CURR(tau_syn=2.0)
    cell = models.PointNeuron(neuron, r=receptor)
    assert cell.neuron is not neuron
    assert cell.post_synaptic_receptors["r"] is not receptor
    neuron.parameter_space.update(tau_m=11.0)
    receptor.parameter_space.update(tau_syn=3.0)
    values = arrays(cell)
    assert (values["tau_m"][0], values["r.tau_syn"][0]) == (10.0, 2.0)
    # and one component may serve several neurons
    assert arrays(models.PointNeuron(neuron, a=receptor, b=receptor))["b.tau_syn"][0] == 3.0


def test_more_receptors_than_lines_are_refused():
    with pytest.raises(models.ModelNotOnChipError, match=r"3 receptors \(a, b, c\).*2 synaptic"):
        models.PointNeuron(models.LIF(), a=CURR(), b=CURR(), c=CURR())
    with pytest.raises(models.ModelNotOnChipError, match=r"0 receptors \(none\)"):
        models.PointNeuron(models.LIF())


def test_mixed_receptors_are_refused():
    with pytest.raises(models.ModelNotOnChipError, match="mix currents and conductances"):
        models.PointNeuron(models.LIF(), a=CURR(), b=COND())


def test_foreign_components_are_refused():
    import pyNN.standardmodels.cells
    import pyNN.standardmodels.receptors

    with pytest.raises(models.ModelNotOnChipError, match="membrane of type IF_curr_exp"):
        models.PointNeuron(models.IF_curr_exp(), a=CURR())
    with pytest.raises(models.ModelNotOnChipError, match="membrane of type LIF"):
        models.PointNeuron(pyNN.standardmodels.cells.LIF(), a=CURR())
    with pytest.raises(models.ModelNotOnChipError, match="CondAlphaPostSynapticResponse"):
        models.PointNeuron(
            models.LIF(), a=pyNN.standardmodels.receptors.CondAlphaPostSynapticResponse()
        )


def test_receptors_have_no_locations():
    with pytest.raises(errors.NonExistentParameterError, match="locations"):
        CURR(locations=0.5)
