"""PyNN's API: each public name and method of its own backends is offered or listed with why not."""

import importlib.util
import inspect
import types

import pytest
from pyNN.standardmodels import StandardModelType, cells, electrodes, receptors, synapses
from pyNN.utility import Timer

sim = pytest.importorskip("pynn_bss2sim", exc_type=ModuleNotFoundError)
reference_names = ["mock"] + ["nest"] * (importlib.util.find_spec("nest") is not None)

_NATIVE = "a model in NEST's own language"
_INTERNAL = "an internal of that backend, visible through its star imports"

#: Public names of other backends that this one does not offer, each with the reason.
NOT_OFFERED = {
    "NativeCellType": _NATIVE,
    "NativeElectrodeType": _NATIVE,
    "NativeSynapseType": _NATIVE,
    "native_cell_type": _NATIVE,
    "native_electrode_type": _NATIVE,
    "native_synapse_type": _NATIVE,
    "AbstractRNG": "of pyNN.random, from where scripts import it",
    "DataCache": _INTERNAL,
    "DefaultCSAConnector": _INTERNAL,
    "IndexBasedExpression": "of pyNN.core, from where scripts import it",
    "FixedNumberConnector": "abstract: FixedNumberPreConnector and FixedNumberPostConnector",
    "MPI_ROOT": _INTERNAL,
    "MapConnector": "abstract: the base class of connectors",
    "MockCurrentSource": _INTERNAL,
    "Multimeter": _INTERNAL,
    "NESTConnectorMixin": _INTERNAL,
    "NESTSynapseMixin": _INTERNAL,
    "NestCurrentSource": _INTERNAL,
    "NestStandardCurrentSource": _INTERNAL,
    "RecordingDevice": _INTERNAL,
    "SpikeDetector": _INTERNAL,
    "StandardSynapseType": _INTERNAL,
    "Variable": _INTERNAL,
    "adjust_spike_times_backward": _INTERNAL,
    "adjust_spike_times_forward": _INTERNAL,
    "build_translations": _INTERNAL,
    "e": _INTERNAL,
    "filter_by_variables": _INTERNAL,
    "gather_array": _INTERNAL,
    "gather_blocks": _INTERNAL,
    "gather_dict": _INTERNAL,
    "get_io": _INTERNAL,
    "get_mpi_comm": _INTERNAL,
    "haveCSA": _INTERNAL,
    "make_sli_compatible": _INTERNAL,
    "mpi_sum": _INTERNAL,
    "pi": _INTERNAL,
    "remove_duplicate_spiketrains": _INTERNAL,
    "rename_existing": _INTERNAL,
    "safe_makedirs": _INTERNAL,
    "unsupported": _INTERNAL,
}

#: Members of another backend's classes that this one's classes have not, each with the reason.
NOT_OFFERED_MEMBERS = {
    "Population": {"local_node_collection": _NATIVE},
    "PopulationView": {
        "local_node_collection": _NATIVE,
        "node_collection": _NATIVE,
        "node_collection_source": _NATIVE,
    },
    "Assembly": {"local_node_collection": _NATIVE, "node_collection": _NATIVE},
    "Projection": {"nest_connections": _NATIVE},
}


def public_names(module):
    """Names that a script may use: no modules, no private names, nothing from outside PyNN."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, types.ModuleType)
        and (getattr(value, "__module__", None) or "pyNN").startswith("pyNN")
        and not inspect.ismodule(value)
        and name not in {"logger", "StandardCellType"}
    }


def standard_models():
    """Every standard cell type, synapse type and current source that PyNN defines."""
    modules = (cells, synapses, electrodes, receptors)
    found = {
        value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and issubclass(value, StandardModelType)
    }
    return sorted(found, key=lambda cls: cls.__name__)


def public_members(cls):
    """Names of methods, properties and class attributes."""
    return {name for name in dir(cls) if not name.startswith("_")}


@pytest.fixture(params=reference_names)
def reference(request):
    """Another backend of PyNN."""
    return importlib.import_module(f"pyNN.{request.param}")


def test_every_public_name_is_offered(reference):
    missing = public_names(reference) - set(dir(sim))
    assert missing <= set(NOT_OFFERED), sorted(missing - set(NOT_OFFERED))


def test_the_list_of_names_does_not_rot():
    offered = {name for name in NOT_OFFERED if hasattr(sim, name)}
    assert not offered, "remove these from NOT_OFFERED"


@pytest.mark.parametrize("name", NOT_OFFERED_MEMBERS)
def test_every_public_method_is_offered(reference, name):
    ours = public_members(getattr(sim, name))
    missing = public_members(getattr(reference, name)) - ours
    assert missing <= set(NOT_OFFERED_MEMBERS[name]), sorted(missing)
    assert not set(NOT_OFFERED_MEMBERS[name]) & ours


def test_a_missing_method_would_be_noticed():
    class Poor:
        record = None

    assert {"get_data", "inject"} <= public_members(sim.Population) - public_members(Poor)


@pytest.mark.parametrize("name", [c.__name__ for c in standard_models()])
def test_every_standard_model_works_or_is_refused_with_a_way_out(name):
    """PyNN's standard models: none is absent, and none that the chip lacks is taken silently."""
    sim.setup()
    model = getattr(sim, name)
    if name == "PointNeuron":
        composed = model(sim.LIF(), excitatory=sim.CondExpPostSynapticResponse())
        assert isinstance(composed, StandardModelType)
        return
    if name == "STDPMechanism":
        composed = model(sim.SpikePairRule(), sim.AdditiveWeightDependence())
        assert isinstance(composed, StandardModelType)
        return
    try:
        assert isinstance(model(), StandardModelType)
    except NotImplementedError as error:
        assert name in str(error)
        assert "nearest model" in str(error)
        assert name not in sim.list_standard_models()


@pytest.mark.parametrize(
    "function", ["setup", "run", "run_until", "run_for", "reset", "end", "initialize", "create",
                 "connect", "record", "record_v", "record_gsyn", "get_current_time",
                 "get_time_step", "get_min_delay", "get_max_delay", "num_processes", "rank"]
)  # fmt: skip
def test_functions_take_what_other_backends_take(function):
    reference = importlib.import_module("pyNN.mock")
    theirs = inspect.signature(getattr(reference, function)).parameters
    ours = inspect.signature(getattr(sim, function)).parameters
    variadic = any(p.kind is p.VAR_KEYWORD for p in ours.values())
    required = [
        p.name for p in ours.values()
        if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]  # fmt: skip
    assert all(name in ours or variadic for name in theirs)
    assert required == [
        p.name for p in theirs.values()
        if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]  # fmt: skip


def test_list_standard_models_lists_what_works():
    sim.setup()
    names = sim.list_standard_models()
    sim.end()
    assert {"IF_curr_exp", "IF_cond_exp", "EIF_cond_exp_isfa_ista"} <= set(names)
    assert {"SpikeSourceArray", "SpikeSourcePoisson"} <= set(names)
    assert "HH_cond_exp" not in names
    assert all(hasattr(sim, name) for name in names)


SIMULATOR_SCRIPT = '''
"""A script that lets its user choose the simulator."""
from pyNN.utility import get_simulator
sim, options = get_simulator(("--size", "number of neurons", {"type": int, "default": 1}))
sim.setup(timestep=0.1)
neurons = sim.Population(options.size, sim.IF_curr_exp(i_offset=1.0))
neurons.record("spikes")
sim.run(100.0)
print("spikes", neurons.mean_spike_count() > 0, len(neurons))
sim.end()
'''


def test_get_simulator_finds_the_backend_by_name(run_script, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SIMULATOR_SCRIPT)
    done = run_script(script, "bss2sim", "--size", 3)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "spikes True 3"
    assert run_script(script, "no_such_simulator").returncode != 0


MULTISIM_SCRIPT = '''
"""Run one model on several simulators at once, with PyNN's own tool for that."""
import multiprocessing
import pynn_bss2sim
import pyNN.mock
from pyNN.multisim import MultiSim


class Model:
    def __init__(self, sim, parameters):
        sim.setup(timestep=0.1)
        self.neurons = sim.Population(parameters["size"], sim.IF_curr_exp(i_offset=1.0))
        self.neurons.record("v")

    def samples(self):
        return self.neurons.get_data().segments[0].analogsignals[0].shape


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    both = MultiSim([pynn_bss2sim, pyNN.mock], Model, {"size": 2})
    both.run(50.0, steps=5)
    shapes = both.samples()
    both.end()
    print(sorted(shapes.items()))
'''


def test_multisim_runs_the_backend_beside_another(run_script, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(MULTISIM_SCRIPT)
    done = run_script(script, timeout=60)
    assert done.returncode == 0, done.stderr
    shapes = done.stdout.splitlines()[-1]
    assert f"('{sim.__name__}', (501, 2))" in shapes
    assert "('pyNN.mock', (501, 2))" in shapes


def test_a_star_import_leaves_the_timer_of_pynn():
    names: dict = {}
    exec("from pyNN.utility import Timer\nfrom pynn_bss2sim import *", names)
    assert names["Timer"] is Timer
    assert {"setup", "Population", "PlasticityRule", "STDPMechanism"} <= set(names)
