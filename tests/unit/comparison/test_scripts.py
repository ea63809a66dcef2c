"""Unchanged scripts run on the backend, chip and seed of one's choice."""

import sys

import numpy as np
import pyNN
import pyNN.utility
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim import ChipModel, simulator
from pynn_bss2sim.comparison.scripts import run_script

IMPORTS = [
    "import pyNN.nest as sim",
    "import pynn_bss2sim as sim",
    "from pyNN import neuron as sim",
    "import importlib; sim = importlib.import_module('pyNN.brian2')",
    "from pyNN.utility import get_simulator\nsim, options = get_simulator()",
    "from pyNN.utility import get_simulator\n"
    "sim, options = get_simulator(('--size', 'cells', {'type': int, 'default': 3}))",
]


@pytest.fixture
def script(tmp_path):
    def write(text):
        file = tmp_path / "script.py"
        file.write_text(text)
        return file

    return write


@pytest.mark.parametrize("line", IMPORTS)
@pytest.mark.parametrize("backend", ["mock", "bss2sim"])
def test_whatever_a_script_names_it_gets_the_chosen_backend(script, line, backend):
    before = {name: sys.modules.get(name) for name in ("pyNN.nest", "pynn_bss2sim", "pyNN.neuron")}
    command_line, get_simulator = list(sys.argv), pyNN.utility.get_simulator
    found = run_script(script(f"{line}\nsim.setup()\nwhere = sim.__name__"), backend=backend)
    assert found["where"] == {"mock": "pyNN.mock", "bss2sim": "pynn_bss2sim"}[backend]
    assert {name: sys.modules.get(name) for name in before} == before
    assert sys.argv == command_line and pyNN.utility.get_simulator is get_simulator
    assert sys.modules["pynn_bss2sim"] is sim and not hasattr(sim.setup, "__wrapped__")


def test_a_backend_named_on_the_command_line_gives_way(script):
    text = "from pyNN.utility import get_simulator\nsim, options = get_simulator(('--size', 'n'))"
    for words in (["nest", "--size", "7"], ["--size", "7"]):
        found = run_script(script(text), words, backend="mock")
        assert found["options"].size == "7" and found["sim"].__name__ == "pyNN.mock"


def test_the_script_sees_its_own_command_line_and_folder(script, tmp_path):
    (tmp_path / "neighbour.py").write_text("value = 5")
    text = "import sys, neighbour\nwords, value, name = sys.argv, neighbour.value, __name__"
    file = script(text)
    found = run_script(file, ["--seed", "{seed}"], seed=9)
    assert found["words"] == [str(file), "--seed", "9"]
    assert found["value"] == 5 and found["name"] == "__main__"
    assert str(tmp_path) not in sys.path
    del sys.modules["neighbour"]


def test_chip_and_seed_take_the_place_of_those_of_the_script(script):
    file = script("import pynn_bss2sim as sim\nsim.setup(chip='quantized', rng_seed=1)")
    run_script(file)
    assert simulator.state.chip == ChipModel.quantized() and simulator.state.rng_seed == 1
    run_script(file, chip=ChipModel.ideal())
    assert simulator.state.chip == ChipModel.ideal()
    run_script(file, seed=5)
    assert simulator.state.chip == ChipModel.quantized(seed=5) and simulator.state.rng_seed == 5
    drawn = [run_script(script("import numpy; x = numpy.random.rand()"), seed=5)["x"] for _ in "ab"]
    assert drawn[0] == drawn[1] == np.random.RandomState(5).rand()


def test_other_backends_do_not_see_arguments_of_this_one(script):
    text = "import pynn_bss2sim as sim\nsim.setup(timestep=0.2, chip='ideal', on_loss='ignore')"
    seen = {}

    def watch(module):
        forced, original = module.setup, module.setup.__wrapped__

        def setup(**parameters):
            forced(**parameters)

        assert original is not forced
        module.setup = setup

    mock = sys.modules.get("pyNN.mock") or __import__("pyNN.mock").mock
    genuine = mock.setup
    mock.setup = lambda *words, **parameters: seen.update(parameters)
    try:
        run_script(script(text), backend="mock", prepare=watch)
    finally:
        mock.setup = genuine
    assert seen == {"timestep": 0.2}


def test_a_failing_script_leaves_everything_as_it_was(script):
    genuine = sim.setup
    with pytest.raises(ZeroDivisionError):
        run_script(script("import pyNN.nest as sim\nsim.setup()\n1 / 0"))
    assert sim.setup is genuine and not hasattr(pyNN, "genn")
    with pytest.raises(FileNotFoundError, match="no script 'nowhere.py'"):
        run_script("nowhere.py")
    with pytest.raises(ImportError, match="nonesuch"):
        run_script(script(""), backend="nonesuch")
