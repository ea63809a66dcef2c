"""Configurations of whole chips: objects, calibrations, calibrated neurons, getters."""

import copy
import pickle

import numpy as np
import pytest
from pyNN import errors

import pynn_bss2sim.brainscales2 as pynn
from pynn_bss2sim._core import hicannx
from pynn_bss2sim.brainscales2.circuit_parameters import COLUMNS, configured, defaults, registers_of

from .conftest import FIRING, neurons, signal, source, trains

PREPARE = pynn.RunCommand.PREPARE


def test_registers_lead_back_to_the_parameters():
    random = np.random.default_rng(3)
    columns = defaults(512)
    for name, column in COLUMNS.items():
        if column.register is not None:
            columns[name] = random.integers(0, column.high + 1, 512).astype(column.dtype)
    again = registers_of(configured(columns))
    for name in COLUMNS:
        assert np.array_equal(again[name], columns[name]), name


def test_no_two_parameters_share_a_register():
    registers = [column.register for column in COLUMNS.values() if column.register is not None]
    kinds = [(type(register), register) for register in registers]
    assert len(set(kinds)) == len(kinds)


def test_neurons_of_a_chip_object_are_mutable_and_checked():
    chip = pynn.lola.Chip()
    coordinate = pynn.halco.AtomicNeuronOnDLS(pynn.halco.common.Enum(3))
    neuron = chip.neuron_block.atomic_neurons[coordinate]
    neuron.leak.v_leak = 700
    neuron.threshold.enable = True
    assert chip.neuron_block.atomic_neurons[coordinate].leak.v_leak == 700
    assert [n.leak.v_leak for n in chip.neuron_block.atomic_neurons][:5] == [0, 0, 0, 700, 0]
    with pytest.raises(ValueError, match="v_leak = 1024"):
        neuron.leak.v_leak = 1024
    with pytest.raises(AttributeError, match="v_leek"):
        neuron.leak.v_leek = 1
    with pytest.raises(AttributeError, match="leek"):
        _ = neuron.leek
    assert "reset_i_bias_source_follower" not in repr(neuron.leak)
    assert neuron.leak_reset.i_bias_source_follower == 0


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_chips_are_copied_as_a_whole(copied):
    chip = pynn.lola.Chip()
    chip.neuron_block.atomic_neurons[5].leak.i_bias = 12
    chip.neuron_block.backends[1].clock_scale_fast = 3
    other = copied(chip)
    assert other.neuron_block.atomic_neurons[5] == chip.neuron_block.atomic_neurons[5]
    assert other.neuron_block.backends[1].clock_scale_fast == 3
    other.neuron_block.atomic_neurons[5].leak.i_bias = 13
    assert chip.neuron_block.atomic_neurons[5].leak.i_bias == 12


def test_neurons_take_what_nobody_gives_from_the_chip_that_they_are_placed_on():
    chip = pynn.lola.Chip()
    for number, neuron in enumerate(chip.neuron_block.atomic_neurons):
        neuron.leak.v_leak, neuron.leak.i_bias = number, 100
    pynn.setup(initial_config=chip, neuronPermutation=[7, 300, 5])
    pop = neurons(3, leak_i_bias=333)
    for action in (lambda: pop.get("leak_v_leak"), lambda: pop.set(leak_v_leak=1)):
        with pytest.raises(RuntimeError, match="not known before it is placed"):
            action()
    pynn.run(None, PREPARE)
    assert pop.get("leak_v_leak").tolist() == [7, 300, 5]
    assert pop.get("leak_i_bias") == 333
    pop[1:2].set(leak_v_leak=44)
    pynn.run(None, PREPARE)
    assert pop.get("leak_v_leak").tolist() == [7, 44, 5]


def test_parameters_may_be_set_early_where_scripts_count_on_it(monkeypatch):
    monkeypatch.setenv("BSS2SIM_LENIENT", "yes")
    chip = pynn.lola.Chip()
    for neuron in chip.neuron_block.atomic_neurons:
        neuron.leak.v_leak = 500
    pynn.setup(initial_config=chip)
    pop = neurons(4)
    pop[::2].set(leak_v_leak=700)
    pynn.run(None, PREPARE)
    assert pop.get("leak_v_leak").tolist() == [700, 500, 700, 500]


def test_placement_by_id():
    pynn.setup(neuronPermutation=[7, 300, 5])
    source(size=2)
    pop = neurons(3)
    placement = pynn.simulator.state.neuron_placement
    found = [placement.id2logicalneuron(cell).get_atomic_neurons()[0].toEnum() for cell in pop]
    assert found == [7, 300, 5]
    with pytest.raises(KeyError, match="ID 1"):
        placement.id2logicalneuron(1)


def test_the_chip_may_be_changed_in_place_after_setup():
    pynn.setup()
    for backend in pynn.simulator.state.grenade_chip_config.neuron_block.backends:
        backend.clock_scale_slow = 3
    pop = neurons(1, **FIRING)
    pop.record("spikes")
    pynn.run(0.3)
    assert np.diff(trains(pop)[0]).min() > 16e-3


# --- calibrations ---


def readings(population):
    """Means of the column converters' readings of all cells."""
    block = population.get_data().segments[-1]
    return np.array([s.magnitude.mean() for s in block.irregularlysampledsignals])


def test_the_nightly_calibration_brings_neurons_to_their_targets():
    path = pynn.helper.nightly_calib_path()
    assert path.exists()
    assert path.name == "spiking_cocolist.pbin"
    pynn.setup(initial_config=pynn.helper.chip_from_file(path))
    pop = neurons(64)
    pop.record("v", device="cadc")
    pynn.run(0.1)
    rest = readings(pop)
    # leak target of 80, to within a few LSB for nearly all
    assert abs(np.median(rest) - 80) < 3
    assert np.mean(np.abs(rest - 80) < 8) > 0.9


def test_files_and_the_nightly_calibration_are_the_same():
    one = pynn.helper.chip_from_nightly()
    path = pynn.helper.nightly_calib_path()
    other = pynn.helper.chip_from_portable_binary(path.read_bytes())
    assert one.config().digest() == other.config().digest()
    hagen = pynn.helper.chip_from_file(path.parent / "hagen_cocolist.pbin")
    assert not hagen.neuron_block.atomic_neurons[0].threshold.enable
    with pytest.raises(ValueError, match="those of real chips do not fit"):
        pynn.helper.chip_from_portable_binary(b"\x00\x01")


def test_names_of_parameters_and_chips(monkeypatch):
    neuron = pynn.lola.AtomicNeuron()
    values = pynn.helper.get_values_of_atomic_neuron(neuron, exclude=["leak_v_leak"])
    assert set(values) == set(COLUMNS) - {"leak_v_leak"}
    assert pynn.helper.decompose_in_member_names("leak_v_leak") == ("leak", "v_leak")
    for name in COLUMNS:
        assert "_".join(pynn.helper.decompose_in_member_names(name)) == name
    with pytest.raises(ValueError, match="'leak_v'"):
        pynn.helper.decompose_in_member_names("leak_v")
    assert pynn.helper.get_unique_identifier() == ["emulated-silicon-0"]
    monkeypatch.setenv("HXCOMM_ENABLE_ZERO_MOCK", "1")
    assert pynn.helper.get_unique_identifier() == ["zeromock"]


def test_calibrated_neurons_have_their_targets_each():
    pynn.setup()
    targets = np.repeat([60.0, 80.0, 100.0, 120.0], 8)
    pop = pynn.Population(32, pynn.cells.CalibHXNeuronCuba(v_rest=targets, v_thresh=200))
    pop.record("v", device="cadc")
    for name in ("calib_target", "calib_hwparams", "actual_hwparams"):
        with pytest.raises(AttributeError, match=name):
            getattr(pop, name)
    pynn.run(None, PREPARE)
    assert pop.calib_target["v_rest"].tolist() == targets.tolist()
    assert len(pop.calib_hwparams) == 32
    pynn.run(0.1)
    medians = np.median(readings(pop).reshape(4, 8), axis=1)
    assert medians == pytest.approx([60, 80, 100, 120], abs=4)


def test_circuits_of_calibrated_neurons_can_be_edited():
    pynn.setup()
    pop = pynn.Population(3, pynn.cells.CalibHXNeuronCuba(v_thresh=220))
    pynn.run(None, PREPARE)
    pop.actual_hwparams[0].leak.v_leak = 1022
    view = pop[0:2]
    view.actual_hwparams[1].leak.v_leak = 1000
    codes = [neuron.leak.v_leak for neuron in pop.actual_hwparams]
    assert codes[:2] == [1022, 1000]
    assert pop.calib_hwparams[0].leak.v_leak < 1000
    with pytest.raises(TypeError):
        pop.actual_hwparams[0] = pynn.lola.AtomicNeuron()
    pop.record("v", device="cadc")
    pynn.run(0.1)
    rest = readings(pop)
    assert rest[:2].min() > rest[2] + 30
    pynn.reset()
    # another target: it is calibrated anew
    pop.set(v_rest=90)
    pynn.run(0.1)
    assert readings(pop) == pytest.approx(90, abs=10)


def test_one_event_moves_a_calibrated_neuron_and_many_make_it_fire():
    pynn.setup()
    pop = pynn.Population(1, pynn.cells.CalibHXNeuronCuba())
    stimulus = source(0.03, *(0.1 + 1e-3 * np.arange(20)))
    pynn.Projection(stimulus, pop, pynn.AllToAllConnector(), pynn.synapses.StaticSynapse(63))
    pop.record(["spikes", "v"])
    pynn.run(0.2)
    times, v = signal(pop)
    rest = v[times < 0.03].mean()
    peak = v[(times > 0.03) & (times < 0.05)].max() - rest
    assert 40 < peak < 75
    assert trains(pop)[0].min() > 0.1


@pytest.mark.parametrize("sign", [1, -1])
def test_conductances_take_weights_of_either_sign(sign):
    pynn.setup()
    pop = pynn.Population(2, pynn.cells.CalibHXNeuronCoba(v_thresh=220))
    assert pop.conductance_based
    stimulus = source(0.03)
    for receptor, cell in (("excitatory", 0), ("inhibitory", 1)):
        weight = 63 * (sign if receptor == "inhibitory" else 1)
        pynn.Projection(
            stimulus, pop[cell : cell + 1], pynn.AllToAllConnector(),
            pynn.synapses.StaticSynapse(weight), receptor_type=receptor,
        )  # fmt: skip
    pop.record("v")
    pynn.run(0.06)
    for cell, direction in ((0, 1), (1, -1)):
        times, v = signal(pop, cell)
        change = v[(times > 0.035) & (times < 0.045)].mean() - v[times < 0.03].mean()
        assert direction * change > 5


@pytest.mark.parametrize(
    ("parameters", "message"), [({"tau_m": 0.05}, "tau_m"), ({"tau_syn_E": 200}, "tau_syn_E")]
)
def test_targets_that_cannot_be_measured_are_refused(face, parameters, message):
    with pytest.raises(errors.InvalidParameterValueError, match=message):
        face.Population(1, face.cells.CalibHXNeuronCuba(**parameters))


def test_poor_targets_are_told(face, caplog):
    face.Population(1, face.cells.CalibHXNeuronCuba(v_rest=20))
    assert "v_rest = 20 lies outside 50 to 160" in caplog.text


def test_targets_of_the_whole_chip_are_the_same_for_all(face):
    pop = face.Population(2, face.cells.CalibHXNeuronCuba(i_synin_gm_E=[300, 400]))
    with pytest.raises(RuntimeError, match="i_synin_gm_E is 300 to 400"):
        face.run(0.01)
    face.reset()
    pop.set(i_synin_gm_E=300)
    face.run(0.01)


def test_other_neurons_are_not_calibrated(face):
    with pytest.raises(AttributeError, match="HXNeuron is not calibrated"):
        _ = neurons().calib_target


# --- getters ---


def test_there_are_no_symbols_of_kernels(face):
    face.run(0.01)
    assert face.get_post_realtime_read_ppu_symbols() == {face.grenade.common.ChipOnConnection(): {}}
    block = face.hal.PPUMemoryBlock(face.halco.PPUMemoryBlockSize(2))
    written = face.InjectedConfiguration(
        ppu_symbols={"name": {face.halco.HemisphereOnDLS(): block}}
    )
    with pytest.raises(NotImplementedError, match="kernels in C\\+\\+ are not run"):
        face.setup(injected_config=written)
    with pytest.raises(NotImplementedError, match="kernels in C\\+\\+ are not run"):
        face.setup(injected_readout=face.InjectedReadout(ppu_symbols={"name"}))


GETTERS = [
    pynn.get_backend_statistics,
    pynn.get_execution_instance_data,
    pynn.get_post_realtime_read_ppu_symbols,
]


@pytest.mark.parametrize("getter", GETTERS)
def test_getters_before_setup_and_before_a_run(getter):
    for _ in range(2):
        with pytest.raises(RuntimeError):
            getter()
        pynn.setup()


def test_reads_are_empty_before_a_run(face):
    assert face.get_pre_realtime_read() == face.get_post_realtime_read() == {}
    face.end()
    with pytest.raises(RuntimeError, match="call setup"):
        face.get_pre_realtime_read()


def test_statistics_count_what_is_used(face):
    pop = neurons(3)
    face.Projection(source(size=2), pop, face.AllToAllConnector(), face.synapses.StaticSynapse(64))
    face.run(None, PREPARE)
    statistics = face.get_backend_statistics()
    assert "MappedTopologyStatistics" in str(statistics)
    assert statistics.num_populations == 2
    assert statistics.num_neurons == 3
    assert statistics.num_synapses == 12
    assert statistics.neuron_usage == 3 / hicannx.HICANN_X.circuits
    assert statistics.routing_duration.total_seconds() > 0
    assert face.get_execution_instance_data().config.synapse_weight.sum() == 64 * 6


def test_arrays_and_rows_can_be_read_after_a_run():
    rows = {pynn.halco.SynramOnDLS(0), pynn.halco.AtomicNeuronOnDLS(1)}
    pynn.setup(injected_readout=pynn.InjectedReadout(post_realtime=rows))
    pop = neurons(2, leak_v_leak=[300, 400])
    projection = pynn.Projection(
        source(), pop, pynn.AllToAllConnector(), pynn.synapses.StaticSynapse(17)
    )
    pynn.run(0.01)
    found = pynn.get_post_realtime_read()
    weights = found[pynn.halco.SynramOnDLS(0)].weights.to_numpy()
    assert weights.shape == (256, 256)
    for (placed,) in projection.placed_connections:
        assert weights[placed.synapse_row, placed.synapse_on_row] == 17
    assert found[pynn.halco.AtomicNeuronOnDLS(1)].leak.v_leak == 400


def test_builders_read_in_their_order():
    """Tickets are filled by an execution: what was there before and after a write."""
    builder = pynn.sta.PlaybackProgramBuilder()
    place, row = pynn.halco.SynapseWeightRowOnDLS(7), pynn.lola.SynapseWeightRow()
    row.values[:] = 5
    before = builder.read(place)
    builder.write(place, row)
    other = pynn.sta.PlaybackProgramBuilder()
    other.copy_back(builder)
    after = other.read(place)
    pynn.setup(injected_config=pynn.InjectedConfiguration(post_realtime=other))
    neurons()
    assert not before.valid()
    with pytest.raises(RuntimeError, match="nothing has been read"):
        before.get()
    for _ in range(2):
        pynn.run(0.01)
        assert before.get().values.tolist() == [0] * 256
        assert after.get().values.tolist() == [5] * 256
        pynn.reset()


def test_dumps_and_programs_without_a_network_read_nothing():
    with pytest.raises(NotImplementedError, match="SynramOnDLS"):
        pynn.sta.PlaybackProgramBuilderDumper().read(pynn.halco.SynramOnDLS(0))
    builder = pynn.sta.PlaybackProgramBuilder()
    builder.read(pynn.halco.SynramOnDLS(0))
    with (
        pynn.hxcomm.ManagedConnection() as connection,
        pytest.raises(NotImplementedError, match="SynramOnDLS"),
    ):
        pynn.sta.run(connection, builder.done())


def test_parts_that_cannot_be_injected_are_refused():
    pynn.setup(injected_readout=pynn.InjectedReadout(post_realtime={pynn.halco.HemisphereOnDLS()}))
    neurons()
    with pytest.raises(NotImplementedError, match="HemisphereOnDLS"):
        pynn.run(0.01)


def test_a_connection_says_which_chip_it_leads_to():
    with pynn.hxcomm.ManagedConnection("quantized") as connection:
        assert connection.get_unique_identifier() == ["emulated-quantized-0"]
        for _ in range(2):
            pynn.setup(connection=connection)
            assert pynn.simulator.state.model.name == "quantized"
            pynn.end()
