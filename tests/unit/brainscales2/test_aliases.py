"""Scripts that import the real chip's software run as they are, where it is not installed."""

import importlib
import importlib.util
import logging
import pickle
import subprocess
import sys

import pytest

import pynn_bss2sim.brainscales2 as pynn
from pynn_bss2sim.brainscales2 import __main__ as runner
from pynn_bss2sim.brainscales2 import demo_helpers, morphology

SCRIPT = """
import sys
import numpy as np
from pyNN.random import NumpyRNG
import pynn_brainscales.brainscales2 as pynn
from pynn_brainscales.brainscales2 import Population
from pynn_brainscales.brainscales2.standardmodels.cells import HXNeuron, SpikeSourceArray
from pynn_brainscales.brainscales2.standardmodels.synapses import StaticSynapse
import pynn_brainscales.brainscales2.populations
import pynn_brainscales
from dlens_vx_v3 import hal, halco, hxcomm, lola, sta
import pyhalco_hicann_dls_vx_v3 as other_halco

assert pynn_brainscales.errors.ConnectionError
assert other_halco is halco
log = pynn.logger.get("script")
pynn.logger.default_config(level=pynn.logger.LogLevel.INFO)
with hxcomm.ManagedConnection() as connection:
    pynn.setup(enable_neuron_bypass=True, connection=connection)
    neurons = Population(2, HXNeuron())
    source = Population(1, SpikeSourceArray(spike_times=np.arange(10) * 1e-2 + 1e-3))
    pynn.Projection(source, neurons, pynn.AllToAllConnector(),
                    synapse_type=StaticSynapse(weight=hal.SynapseWeightQuad.Value.max))
    neurons.record("spikes")
    pynn.run(0.2)
    counts = [len(t) for t in neurons.get_data().segments[-1].spiketrains]
    log.INFO("spikes: ", counts)
    pynn.end()
print(sys.argv[1:], counts)
"""


def test_a_script_for_the_real_chip_runs_unchanged(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    result = subprocess.run(
        [sys.executable, "-m", "pynn_bss2sim.brainscales2", str(script), "--fast"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "['--fast'] [10, 10]"
    assert "spikes: [10, 10]" in result.stderr


NOTEBOOK = """
from pynn_bss2sim.brainscales2.aliases import install; install()
import pynn_brainscales.brainscales2 as pynn
from _static.common.helpers import get_nightly_calibration
import pylola_vx_v3, pyhaldls_vx_v3, pystadls_vx_v3, pyhxcomm_vx
pynn.setup(initial_config=get_nightly_calibration())
pop = pynn.Population(1, pynn.cells.HXNeuron())
pop[0].threshold_enable = False
install()
print(pylola_vx_v3 is pynn.lola, pynn.Population is pynn.populations.Population)
"""


def test_notebooks_ask_for_the_names_themselves(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", NOTEBOOK], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert result.stdout.strip() == "True True", result.stderr


def test_the_names_are_there_only_when_asked_for():
    assert importlib.util.find_spec("pynn_brainscales") is None
    assert importlib.util.find_spec("dlens_vx_v3") is None


@pytest.mark.parametrize("name", ["pynn_brainscales", "dlens_vx_v3", "pyhalco_hicann_dls_vx_v3"])
@pytest.mark.parametrize("imported", [False, True])
def test_real_packages_are_never_hidden(tmp_path, monkeypatch, name, imported):
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("real = True")
    (tmp_path / "script.py").write_text("raise AssertionError('ran')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "argv", ["runner", str(tmp_path / "script.py")])
    try:
        if imported:
            importlib.import_module(name)
        with pytest.raises(SystemExit, match=f"{name} is installed here"):
            runner.main()
        assert importlib.import_module(name).real
    finally:
        sys.modules.pop(name, None)


HELPED = """
from _static.common.helpers import get_nightly_calibration, setup_hardware_client
from _static.common.measure_voltage import measure_voltage
print(setup_hardware_client(), measure_voltage.__module__)
"""


def run_beside(folder, source):
    (folder / "script.py").write_text(source)
    command = [sys.executable, "-m", "pynn_bss2sim.brainscales2", str(folder / "script.py")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_helpers_of_tutorials_stand_in_where_there_are_none(tmp_path):
    result = run_beside(tmp_path, HELPED)
    assert result.stdout.strip() == "None pynn_bss2sim.brainscales2.demo_helpers", result.stderr


def test_helpers_beside_a_script_are_its_own(tmp_path):
    common = tmp_path / "_static" / "common"
    common.mkdir(parents=True)
    (common / "helpers.py").write_text(
        "get_nightly_calibration = None\ndef setup_hardware_client(): return 'own'\n"
    )
    (common / "others.py").write_text("name = 'other'")
    result = run_beside(tmp_path, HELPED + "from _static.common.others import name; print(name)")
    own, other = result.stdout.split("\n")[:2]
    assert (own, other) == ("own pynn_bss2sim.brainscales2.demo_helpers", "other"), result.stderr


def test_calibrations_as_their_tool_keeps_them(tmp_path):
    demo_helpers.save_nightly_calibration("hagen_calix-native.pkl", "latest-weekly", tmp_path)
    result = pickle.loads((tmp_path / "hagen_calix-native.pkl").read_bytes())
    dumper = pynn.sta.PlaybackProgramBuilderDumper()
    result.apply(dumper)
    chip = pynn.sta.convert_to_chip(dumper.done(), pynn.lola.Chip())
    expected = demo_helpers.get_nightly_calibration("hagen_cocolist.pbin")
    assert chip.config().digest() == expected.config().digest()
    assert not chip.neuron_block.atomic_neurons[0].threshold.enable


@pytest.mark.parametrize(
    ("arguments", "message"), [([], "usage"), (["nothing.py"], "there is no such script")]
)
def test_command_lines_without_a_script(monkeypatch, arguments, message):
    monkeypatch.setattr(sys, "argv", ["runner", *arguments])
    with pytest.raises(SystemExit, match=message):
        runner.main()


@pytest.mark.parametrize("name", morphology.__all__)
def test_neurons_of_several_compartments_are_refused(name):
    with pytest.raises(NotImplementedError, match="several compartments"):
        getattr(morphology, name)(positions=[0], label="soma")


# --- modules of the chip ---


def test_coordinates_are_ranged_integers():
    halco = pynn.halco
    kind = halco.AtomicNeuronOnDLS
    assert kind() == 0
    assert kind.size == 512
    assert (kind.min, kind.max) == (0, 511)
    assert [int(c) for c in halco.iter_all(halco.CrossbarOutputOnDLS)] == list(range(12))
    coordinate = kind(halco.common.Enum(300))
    assert coordinate.toEnum() == coordinate.value() == int(coordinate) == 300
    assert coordinate == kind(halco.NeuronColumnOnDLS(44), halco.NeuronRowOnDLS(1))
    assert (coordinate.toNeuronColumnOnDLS(), coordinate.toNeuronRowOnDLS()) == (44, 1)
    assert len({coordinate, kind(300)}) == 1
    with pytest.raises(OverflowError, match="511 is the largest"):
        kind(512)
    with pytest.raises(TypeError, match="negative"):
        kind(-1)
    with pytest.raises(TypeError, match="integer"):
        kind(1.5)


def test_weights_that_no_synapse_holds():
    row = pynn.lola.SynapseWeightRow()
    row.values[3] = 64
    with pytest.raises(ValueError, match="64 in column 3"):
        row.check()


def test_builders_hand_out_what_they_hold_once():
    builder, other = pynn.sta.PlaybackProgramBuilder(), pynn.sta.PlaybackProgramBuilder()
    row = pynn.lola.SynapseWeightRow()
    other.write(pynn.halco.SynapseWeightRowOnDLS(3), row)
    builder.copy_back(other)
    builder.merge_back(other)
    row.values[0] = 5
    assert [(int(c), r.values[0]) for c, r in builder.take()] == [(3, 0), (3, 0)]
    assert builder.take() == other.take() == []
    with pytest.raises(ValueError, match="-1"):
        pynn.sta.AbsoluteTimePlaybackProgramBuilder().write(-1, None, None)


def test_dumps_of_calibrations_become_chips():
    dump = pynn.sta.DumperDone()
    pynn.sta.from_portablebinary(dump, pynn.helper.nightly_calib_path().read_bytes())
    chip = pynn.sta.convert_to_chip(dump, pynn.lola.Chip())
    assert chip.config().digest() == pynn.helper.chip_from_nightly().config().digest()
    dumper = pynn.sta.PlaybackProgramBuilderDumper()
    dumper.write(pynn.halco.AtomicNeuronOnDLS(4), chip.neuron_block.atomic_neurons[9])
    other = pynn.sta.convert_to_chip(dumper.done())
    assert other.neuron_block.atomic_neurons[4] == chip.neuron_block.atomic_neurons[9]


def test_loggers_join_or_format(caplog):
    log = pynn.logger.get("tutorial")
    pynn.logger.set_loglevel(log, pynn.logger.LogLevel.DEBUG)
    log.INFO("rate: ", 3.5, " Hz")
    log.debug("%s spikes", 4)
    log.TRACE("too much")
    assert caplog.messages == ["rate: 3.5 Hz", "4 spikes"]
    assert caplog.records[0].levelno == logging.INFO
    pynn.logger.set_loglevel(log, logging.NOTSET)
