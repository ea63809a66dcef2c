"""The names, arguments and defaults that scripts for the real chip count on."""

import importlib
import inspect
import runpy
from pathlib import Path

import pytest
from pyNN.space import Space

import pynn_bss2sim.brainscales2 as pynn
from pynn_bss2sim.brainscales2 import dlens_vx_v3
from pynn_bss2sim.brainscales2.without_effect import WITHOUT_EFFECT

from .conftest import neurons, source

MAKER = runpy.run_path(str(Path(__file__).parents[3] / "docs" / "make_face.py"))
CONNECTORS = {
    "AllToAllConnector": "allow_self_connections=True, safe=True, callback=None",
    "OneToOneConnector": "safe=True, callback=None",
    "FixedProbabilityConnector": (
        "p_connect, allow_self_connections=True, rng=None, safe=True, callback=None"
    ),
    "DistanceDependentProbabilityConnector": (
        "d_expression, allow_self_connections=True, rng=None, safe=True, callback=None"
    ),
    "DisplacementDependentProbabilityConnector": (
        "disp_function, allow_self_connections=True, rng=None, safe=True, callback=None"
    ),
    "IndexBasedProbabilityConnector": (
        "index_expression, allow_self_connections=True, rng=None, safe=True, callback=None"
    ),
    "FromListConnector": "conn_list, column_names=None, safe=True, callback=None",
    "FromFileConnector": "file, distributed=False, safe=True, callback=None",
    "FixedNumberPreConnector": (
        "n, allow_self_connections=True, with_replacement=False, rng=None, safe=True, callback=None"
    ),
    "FixedNumberPostConnector": (
        "n, allow_self_connections=True, with_replacement=False, rng=None, safe=True, callback=None"
    ),
    "FixedTotalNumberConnector": (
        "n, allow_self_connections=True, with_replacement=True, rng=None, safe=True, callback=None"
    ),
    "SmallWorldConnector": None,
    "CSAConnector": None,
    "CloneConnector": None,
    "ArrayConnector": None,
}
FUNCTIONS = (
    "setup end run run_for run_until reset preprocess initialize get_current_time get_time_step "
    "get_min_delay get_max_delay num_processes rank create connect set record "
    "list_standard_models get_pre_realtime_read get_post_realtime_read "
    "get_post_realtime_read_ppu_symbols get_backend_statistics get_execution_instance_data"
)
CLASSES = (
    "RunCommand InjectedConfiguration InjectedReadout Population PopulationView Assembly "
    "Projection Timer PlasticityRule SpikingCalibTarget SpikingCalibOptions"
)
MODULES = (
    "cells synapses standardmodels.cells standardmodels.synapses morphology populations "
    "projections connectors recording recording_data plasticity_rules simulator helper "
    "utils.chip_plotter logger lola hal halco sta grenade grenade_common space errors common"
)
CELLS = (
    "HXNeuron CalibHXNeuronCuba CalibHXNeuronCoba SpikeSourceArray SpikeSourcePoisson "
    "SpikeSourcePoissonOnChip OffChipSource ExternalNeuron SpikeIOCell StandardCellType "
    "NeuronCellType"
)
MEMBERS = {
    "synapses": "StaticSynapse PlasticSynapse StaticRecordingSynapse",
    "morphology": (
        "create_mc_neuron Compartment SharedLineConnection McNeuronBase McCircuitParameters"
    ),
    "helper": (
        "chip_from_portable_binary chip_from_file get_unique_identifier nightly_calib_path "
        "nightly_calib_url chip_from_nightly get_values_of_atomic_neuron decompose_in_member_names "
        "ATOMIC_NEURON_MEMBERS"
    ),
    "logger": "get default_config set_loglevel reset get_root LogLevel",
    "simulator": "state ID name",
    "utils.chip_plotter": "ChipPlotter",
    "PlasticityRule": "ObservablePerSynapse ObservablePerNeuron ObservableArray",
    "utils.chip_plotter.ChipPlotter": (
        "add_plot_chip_map add_plot_matrix retrieve_data plot_all plot_by_id save_all save_by_id "
        "remove_plot modify_plot clear_plot clear_all_plots"
    ),
}
#: Arguments and their defaults.
SIGNATURES = {
    "setup": 'timestep=3.4e-05, min_delay="auto", **extra_params',
    "run": "runtime, command=RunCommand.EXECUTE",
    "run_until": "tstop",
    "reset": "annotations=None",
    "Population": (
        "size, cellclass, cellparams=None, structure=None, initial_values=None, label=None"
    ),
    "Population.record": (
        'self, variables, to_file=None, sampling_interval=None, locations=None, *, device="madc"'
    ),
    "PopulationView.record": (
        'self, variables, to_file=None, sampling_interval=None, locations=None, *, device="madc"'
    ),
    "Assembly.record": (
        'self, variables, to_file=None, sampling_interval=None, locations=None, *, device="madc"'
    ),
    "Population.get_data": (
        'self, variables="all", gather=True, clear=False, annotations=None, locations=None'
    ),
    "Population.get_plasticity_data": "self, observable",
    "Projection": (
        "presynaptic_population, postsynaptic_population, connector, synapse_type=None, "
        "source=None, receptor_type=None, space=None, label=None"
    ),
    "Projection.get_data": "self, observable",
    "cells.HXNeuron": "plasticity_rule=None, **parameters",
    "cells.SpikeSourceArray": "spike_times=()",
    "cells.SpikeSourcePoisson": "start, rate, duration",
    "cells.SpikeSourcePoissonOnChip": "rate, seed",
    "cells.OffChipSource": "*, enable_internal_loopback=True, data_rate_scaler=1, label=None",
    "synapses.StaticSynapse": "weight=0, delay=None",
    "synapses.PlasticSynapse": "weight=0, delay=0, plasticity_rule=None",
    "synapses.StaticRecordingSynapse": "timer, weight=0, observables=frozenset()",
    "PlasticityRule": "timer, observables=None, same_id=0",
    "helper.get_values_of_atomic_neuron": "an, exclude=None",
}
#: Defaults of calibrated neurons; of `HXNeuron`, those that are not 0 or False.
PARAMETERS = {
    "CalibHXNeuronCuba": {
        "v_rest": 80, "v_reset": 70, "v_thresh": 125, "tau_m": 10, "tau_syn_E": 10,
        "tau_syn_I": 10, "cm": 63, "tau_refrac": 2, "i_synin_gm_E": 500, "i_synin_gm_I": 500,
        "synapse_dac_bias": 600, "plasticity_rule_readout_source": 0,
        "plasticity_rule_enable_readout_source": False,
    },
    "CalibHXNeuronCoba": {
        "v_rest": 110, "v_reset": 100, "v_thresh": 160, "tau_m": 10, "tau_syn_E": 10,
        "tau_syn_I": 10, "cm": 63, "tau_refrac": 2, "i_synin_gm_E": 180, "i_synin_gm_I": 250,
        "synapse_dac_bias": 400, "e_rev_E": 300, "e_rev_I": 30,
        "plasticity_rule_readout_source": 0, "plasticity_rule_enable_readout_source": False,
    },
    "HXNeuron": {
        "excitatory_input_enable_small_capacitance": True,
        "inhibitory_input_enable_small_capacitance": True,
        "refractory_period_reset_holdoff": 15,
        "bayesian_to_post_pulse": True,
    },
}  # fmt: skip


def found(name):
    """What is at a dotted name of the module; some modules are imported by name."""
    result = pynn
    for part in name.split("."):
        if part in ("morphology", "utils"):
            importlib.import_module(f"{pynn.__name__}.{part}")
        result = getattr(result, part)
    return result


NAMES = [
    *FUNCTIONS.split(),
    *CLASSES.split(),
    *MODULES.split(),
    *CONNECTORS,
    *(f"{module}.{cell}" for module in ("cells", "standardmodels.cells") for cell in CELLS.split()),
    *(f"{module}.{name}" for module, names in MEMBERS.items() for name in names.split()),
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_there(name):
    assert found(name) is not None or name == "simulator.state"


def test_what_is_imported_from_elsewhere_is_not_there():
    assert pynn.run is pynn.run_for
    assert pynn.standardmodels.cells is pynn.cells
    for name in ("random", "RandomDistribution", "NumpyRNG", "DCSource", "NoisyCurrentSource"):
        assert not hasattr(pynn, name)


def parsed(arguments):
    return inspect.signature(eval(f"lambda {arguments}: None", dict(vars(pynn))))


def plain(signature):
    """Names, kinds and defaults; a default that stands for a new object is None."""
    return [
        (p.name, p.kind, None if isinstance(p.default, Space) or p.default == {} else p.default)
        for p in signature.parameters.values()
    ]


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments_and_defaults(name):
    assert plain(inspect.signature(found(name))) == plain(parsed(SIGNATURES[name]))


@pytest.mark.parametrize("name", [name for name, text in CONNECTORS.items() if text])
def test_connectors_take_what_those_of_pynn_take_and_labels(name):
    """Labels of compartments are keywords; others are those of the class that they come from."""
    labels = "*, location_selector=None, source_location_selector=None"
    wanted = plain(parsed(f"{CONNECTORS[name]}, {labels}"))
    assert plain(inspect.signature(found(name))) == wanted


def test_positions_of_arguments_of_connectors_are_those_of_the_chips_frontend():
    connector = pynn.AllToAllConnector(False, False, location_selector="soma")
    assert (connector.allow_self_connections, connector.safe) == (False, False)
    assert connector.location_selector == "soma"
    with pytest.raises(TypeError, match="4 arguments; it takes allow_self_connections, safe"):
        pynn.AllToAllConnector(True, True, None, "soma")
    with pytest.raises(TypeError, match="safe is given twice"):
        pynn.OneToOneConnector(True, safe=True)


def test_functions_for_those_who_do_not_want_objects(face, tmp_path):
    first = face.create(face.cells.SpikeSourceArray, {"spike_times": [0.01]}, 2)
    second = face.create(face.cells.HXNeuron(), n=3)
    connection = face.connect(first, second, weight=7, receptor_type="excitatory", p=1)
    assert connection.get("weight", format="list", with_address=False) == [7] * 6
    face.set(second, leak_v_leak=300)
    assert second.get("leak_v_leak") == 300
    face.initialize(second, v=0)
    path = tmp_path / "spikes.pkl"
    with pytest.warns(DeprecationWarning):
        face.record("spikes", first, str(path))
    face.run(0.02)
    face.end()
    assert path.exists()


@pytest.mark.parametrize("name", PARAMETERS)
def test_default_parameters(name):
    defaults = found(f"cells.{name}").default_parameters
    wanted = PARAMETERS[name]
    if name == "HXNeuron":
        defaults = {key: value for key, value in defaults.items() if value}
    assert defaults == wanted
    for key, value in wanted.items():
        assert isinstance(defaults[key], bool) == isinstance(value, bool)


def test_all_neurons_record_and_receive_the_same():
    for cell in pynn.list_standard_models():
        assert cell.recordable == ["spikes", "v", "exc_synin", "inh_synin", "adaptation"]
        assert cell.receptor_types == ["excitatory", "inhibitory"]
        assert cell.conductance_based == (cell.__name__ == "CalibHXNeuronCoba")
        assert set(cell.units) >= set(cell.recordable[1:])
    for name in ("SpikeSourceArray", "SpikeSourcePoisson", "SpikeSourcePoissonOnChip"):
        cell = found(f"cells.{name}")
        assert cell.recordable == ["spikes"]
        assert issubclass(cell, pynn.cells.ExternalNeuron)


def test_what_scripts_ask_of_populations_and_connections(face):
    pop, stimulus = neurons(3, leak_v_leak=[1, 2, 3]), source(size=2)
    assert (pop.size, len(pop), pop.celltype.default_parameters["leak_v_leak"]) == (3, 3, 0)
    projection = face.Projection(
        stimulus, pop, face.AllToAllConnector(), face.synapses.StaticSynapse(weight=5), label="all"
    )
    connection = projection.connections[4]
    assert (connection.presynaptic_index, connection.postsynaptic_index) == (1, 1)
    assert (connection.weight, connection.delay) == (5, 0)
    assert (projection.pre, projection.post, projection.label) == (stimulus, pop, "all")
    assert projection.receptor_type == "excitatory"
    assert len(projection) == len(list(projection)) == 6
    state = face.simulator.state
    assert state.populations == [pop, stimulus]
    assert state.projections == [projection]
    for name in ("initial_config", "running", "t", "runtimes", "segment_counter", "recorders",
                 "log", "write_on_end", "id_counter", "plasticity_rules"):  # fmt: skip
        assert hasattr(state, name)


# --- packages below the frontend ---


BELOW = {"grenade": pynn.grenade, **{n: getattr(dlens_vx_v3, n) for n in dlens_vx_v3.__all__}}


@pytest.mark.parametrize(
    ("module", "expression"), [(m, e) for m, rows in MAKER["names"]().items() for e in rows]
)
def test_names_below_the_frontend_are_there(module, expression):
    eval(expression, dict(vars(BELOW[module])))


def test_every_name_has_a_grade_and_what_it_does():
    rows = [text for found in MAKER["names"]().values() for text in found.values()]
    assert {grade for grade, _ in rows} == set("ABCD")
    assert {state for _, state in rows} == set(MAKER["STATES"])


def test_names_without_effect_are_told_and_those_refused_raise():
    names = {name: state for rows in MAKER["names"]().values() for name, (_, state) in rows.items()}
    for name, state in names.items():
        last = name.rpartition(".")[2]
        assert (state == "kept") == (last in WITHOUT_EFFECT), name
    # a test of injected symbols shows how they are refused
    refused = [name for name, state in names.items() if state == "refused"]
    assert [name.partition("(")[0] for name in refused] == ["PPUMemoryBlock", "PPUMemoryWord"]


def test_the_page_of_names_lists_all_that_does_not_act():
    page = MAKER["page"]()
    for name in pynn.cells.HXNeuron.default_parameters:
        assert (f"| `{name}` |" in page) == (MAKER["state"](name) != "acts")
    assert page.count("\n| `") == sum(
        [
            *(len(rows) for rows in MAKER["names"]().values()),
            sum(MAKER["state"](name) != "acts" for name in pynn.cells.HXNeuron.default_parameters),
        ]
    )
