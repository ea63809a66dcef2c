"""What the frontend of the real chip refuses is refused here, by the same types of exceptions.

`INDEX` follows the index of exceptions of that frontend row by row, `ELSEWHERE` what its reference
states beside the index. A case is what to do, the type and a piece of the message. Where the chip's
frontend does something that looks unintended, or has what is not emulated, `instead` says what
happens here.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from pyNN import errors

import pynn_bss2sim.brainscales2 as pynn
from pynn_bss2sim.brainscales2 import morphology

from .conftest import LISTENING, neurons, source

COMMAND = pynn.RunCommand
PREPARE = COMMAND.PREPARE
TIMER = {"start": 0.01, "period": 0.1, "num_periods": 1}


@dataclass(frozen=True)
class Row:
    situation: str
    cases: list
    instead: str = ""


def project(pre=None, post=None, connector=None, synapse=None, **kwargs):
    return pynn.Projection(
        source() if pre is None else pre,
        neurons() if post is None else post,
        connector or pynn.AllToAllConnector(),
        synapse or pynn.synapses.StaticSynapse(weight=1),
        **kwargs,
    )


def weighted(weight, **kwargs):
    return project(synapse=pynn.synapses.StaticSynapse(weight=weight), **kwargs)


def rule(**observables):
    return pynn.PlasticityRule(pynn.Timer(**TIMER), observables)


def plastic(**observables):
    return project(synapse=pynn.synapses.PlasticSynapse(0, 0, rule(**observables)))


def run_twice(populations):
    if populations:
        neurons()
    pynn.run(0.01)
    pynn.run(0.01)


def configured():
    """A population whose parameters come from a configuration that has not been read."""
    pynn.setup(initial_config=pynn.lola.Chip())
    return neurons()


def recorded(*variables, device="madc", size=2):
    pop = neurons(size)
    for variable in variables:
        pop.record(variable, device=device)
    return pop


def pad_clash(second, mode="_buffered"):
    pop = neurons(3)
    pop[0:1].record("v", device="pad_0_buffered")
    pop[second : second + 1].record("v", device=f"pad_0{mode}")


def pads_of_two_populations():
    for _ in range(2):
        neurons().record("v", device="pad_1")
    pynn.run(0.01)


def one_parity():
    pynn.setup(neuronPermutation=[0, 2])
    recorded("v")
    pynn.run(0.01)


def column_converters_beside_a_rule():
    projection = plastic()
    projection.post.record("v", device="cadc")
    pynn.run(0.01)


def calibrated(**parameters):
    return pynn.Population(2, pynn.cells.CalibHXNeuronCuba(**parameters))


def not_uniform():
    calibrated(synapse_dac_bias=600)
    calibrated(synapse_dac_bias=700)
    pynn.run(0.01)


def on_chip(size=1, **parameters):
    return pynn.Population(
        size, pynn.cells.SpikeSourcePoissonOnChip(**{"rate": 1e4, "seed": 1, **parameters})
    )


def too_many():
    project(source(size=257))
    pynn.run(None, PREPARE)


def kernels_of_one_id():
    class First(pynn.PlasticityRule):
        def kernel(self, synapses, neurons, recording):
            pass

    class Second(First):
        def kernel(self, synapses, neurons, recording):
            pass

    for kind in (First, Second):
        project(synapse=pynn.synapses.PlasticSynapse(0, 0, kind(pynn.Timer(**TIMER))))
    pynn.run(0.01)


def delayed_by_default():
    pynn.setup(min_delay=0.1)
    project(synapse=pynn.synapses.StaticSynapse(weight=1))


def assembly_before():
    project(source() + source())
    pynn.run(0.01)


ARRAY = pynn.PlasticityRule.ObservableArray()
SYNAPSES = pynn.PlasticityRule.ObservablePerSynapse()
OFF_CHIP = pynn.cells.OffChipSource
GETTERS = {
    "pre": pynn.get_pre_realtime_read,
    "post": pynn.get_post_realtime_read,
    "symbols": pynn.get_post_realtime_read_ppu_symbols,
    "statistics": pynn.get_backend_statistics,
    "instances": pynn.get_execution_instance_data,
}


def before_setup(getter):
    pynn.simulator.state = None
    getter()


#: The index of exceptions, in its order.
INDEX = [
    Row("unknown setup keyword", [(lambda: pynn.setup(colour=1), KeyError, "colour")]),
    Row(
        "permutation duplicate / too large / negative",
        [
            (lambda: pynn.setup(neuronPermutation=[3, 3]), ValueError, "3 stands there twice"),
            (lambda: pynn.setup(neuronPermutation=[512]), OverflowError, "512 is too large"),
            (lambda: pynn.setup(neuronPermutation=range(513)), OverflowError, "513 entries"),
            (lambda: pynn.setup(neuronPermutation=[-1]), TypeError, "-1 is negative"),
        ],
    ),
    Row(
        "APPEND without runtime; EXECUTE(None) with nothing queued; bad command",
        [
            (lambda: pynn.run(None, COMMAND.APPEND), ValueError, "APPEND needs a runtime"),
            (lambda: pynn.run(None, COMMAND.EXECUTE), ValueError, "nothing is queued"),
            (lambda: pynn.run(0.1, "EXECUTE"), ValueError, "no RunCommand"),
        ],
    ),
    Row(
        "run twice without reset",
        [
            (lambda: run_twice(True), RuntimeError, "call reset"),
            (lambda: run_twice(False), RuntimeError, "call reset"),
        ],
    ),
    Row(
        "getter before setup/run",
        [
            *(
                (lambda g=getter: before_setup(g), RuntimeError, r"setup\(\) first")
                for getter in GETTERS.values()
            ),
            *(
                (GETTERS[name], RuntimeError, "run")
                for name in ("symbols", "statistics", "instances")
            ),
        ],
    ),
    Row("get_data with no segment at all", [(lambda: neurons().get_data(), IndexError, "no data")]),
    Row(
        "unknown or hidden cell parameter",
        [
            (lambda: neurons(colour=1), errors.NonExistentParameterError, "colour"),
            (lambda: neurons(readout_source=1), errors.NonExistentParameterError, "readout_source"),
            (lambda: neurons().set(colour=1), errors.NonExistentParameterError, "colour"),
            (lambda: neurons().get("colour"), errors.NonExistentParameterError, "colour"),
        ],
    ),
    Row(
        "get/set on HXNeuron or mc neuron with `initial_config` before mapping",
        [
            (lambda: configured().get("leak_v_leak"), RuntimeError, "PREPARE"),
            (lambda: configured().set(leak_v_leak=1), RuntimeError, "PREPARE"),
        ],
        "where the environment variable BSS2SIM_LENIENT is set, as the runner of scripts does, "
        "values set count as given to the cell type",
    ),
    Row(
        "sampling_interval given",
        [(lambda: neurons().record("v", sampling_interval=1), NotImplementedError, "interval=1")],
    ),
    Row(
        "unknown recording variable",
        [
            (lambda: neurons().record("w"), RuntimeError, "'w' cannot be recorded"),
            (lambda: neurons().record("all"), RuntimeError, "'all' cannot be recorded"),
            (lambda: source().record("v"), RuntimeError, "there are spikes"),
        ],
    ),
    Row(
        "two analog variables on one neuron; bad device; bad pad name; pad clash; "
        "unknown location label",
        [
            (lambda: neurons().record(["v", "adaptation"]), ValueError, "one analog output"),
            (lambda: recorded("v").record("exc_synin"), ValueError, "shows 'v'"),
            (lambda: recorded("v").record("exc_synin", device="cadc"), ValueError, "shows 'v'"),
            (lambda: recorded("v", device="adc"), ValueError, "device='adc'"),
            (lambda: recorded("v", device="pad_2"), ValueError, "device='pad_2'"),
            (lambda: recorded("v", device="pad_0_x"), ValueError, "device='pad_0_x'"),
            (lambda: pad_clash(1), ValueError, "one neuron"),
            (lambda: pad_clash(0, "_unbuffered"), ValueError, "is buffered already"),
            (lambda: recorded("v", device="pad_0", size=2), ValueError, "one neuron"),
            (pads_of_two_populations, ValueError, "one neuron"),
            (lambda: neurons().record("v", locations=["soma"]), RuntimeError, "one compartment"),
        ],
        "all neurons have one compartment, so that any label is refused as in the next row",
    ),
    Row(
        "`locations` on a point neuron",
        [(lambda: neurons().record("v", locations=["soma"]), RuntimeError, "one compartment")],
    ),
    Row(
        "two MADC neurons with the same column parity in one execution",
        [(one_parity, ValueError, "cannot both be even")],
    ),
    Row(
        "CADC recording together with a plasticity rule",
        [(column_converters_beside_a_rule, RuntimeError, "device='cadc'")],
    ),
    Row(
        "weight sign violates receptor type",
        [
            (
                lambda: weighted(-1, receptor_type="excitatory"),
                errors.ConnectionError,
                "give excitatory weights of 0 or more",
            ),
            (
                lambda: weighted(1, receptor_type="inhibitory"),
                errors.ConnectionError,
                "give inhibitory weights of 0 or less",
            ),
            (lambda: weighted(1).set(weight=-1), errors.ConnectionError, "weight = -1"),
            (lambda: setattr(weighted(1)[0], "weight", -2), errors.ConnectionError, "weight = -2"),
        ],
        "an inhibitory conductance takes magnitudes and negative weights",
    ),
    Row(
        "delay ≠ 0",
        [
            (
                lambda: project(synapse=pynn.synapses.StaticSynapse(1, 0.5)),
                ValueError,
                "delay = 0.5 ms",
            ),
            (lambda: weighted(1).set(delay=0.5), ValueError, "delay = 0.5 ms"),
        ],
    ),
    Row(
        "connector label unknown/ambiguous, or on a point neuron",
        [
            (
                lambda keyword=keyword: project(
                    connector=pynn.AllToAllConnector(**{keyword: "soma"})
                ),
                ValueError,
                f"{keyword}='soma'",
            )
            for keyword in ("location_selector", "source_location_selector")
        ],
    ),
    Row(
        "placed_connections before mapping",
        [(lambda: project().placed_connections, RuntimeError, "no places yet")],
    ),
    Row(
        "non-uniform chip-global calibration parameter",
        [
            (not_uniform, RuntimeError, "synapse_dac_bias is 600 to 700"),
            (
                lambda: (calibrated(i_synin_gm_I=[1, 2]), pynn.run(None, PREPARE)),
                RuntimeError,
                "i_synin_gm_I",
            ),
        ],
    ),
    Row(
        "calib_target etc. before mapping, or on other cell types",
        [
            (lambda cells=cells, name=name: getattr(cells(), name), AttributeError, name)
            for cells in (calibrated, neurons, source)
            for name in ("calib_target", "calib_hwparams", "actual_hwparams")
        ],
    ),
    Row(
        "plasticity data: no rule, unknown observable, not yet run / wrong kind",
        [
            (lambda: project().get_data("w"), RuntimeError, "no plasticity rule"),
            (lambda: neurons().get_plasticity_data("w"), RuntimeError, "no plasticity rule"),
            (lambda: source().get_plasticity_data("w"), RuntimeError, "no plasticity rule"),
            (lambda: plastic().get_data("w"), RuntimeError, "no observable 'w'"),
            (lambda: rule().get_observable_array("w"), RuntimeError, "no observable 'w'"),
            (lambda: plastic(w=SYNAPSES).get_data("w"), RuntimeError, "nothing has been executed"),
            (lambda: rule(a=ARRAY).get_observable_array("a"), RuntimeError, "nothing has been"),
            (lambda: rule(w=SYNAPSES).get_observable_array("w"), TypeError, "no ObservableArray"),
            (lambda: plastic(a=ARRAY).get_data("a"), TypeError, "no ObservablePerSynapse"),
        ],
    ),
    Row(
        "OffChipSource without labels, duplicates, non-uniform flags",
        [
            (OFF_CHIP, ValueError, "label=None"),
            (lambda: OFF_CHIP(label=[1, 1]), ValueError, "a different one"),
            (
                lambda: OFF_CHIP(label=[1, 2], enable_internal_loopback=[True, False]),
                ValueError,
                "enable_internal_loopback",
            ),
            (
                lambda: OFF_CHIP(label=[1, 2], data_rate_scaler=[1, 2]),
                ValueError,
                "data_rate_scaler",
            ),
            (lambda: OFF_CHIP(label=[1]), NotImplementedError, "no other devices"),
        ],
        "no other devices are emulated, so that valid ones are refused, too",
    ),
    Row(
        "on-chip Poisson rate × size > 250 MHz / non-uniform",
        [
            (lambda: on_chip(200, rate=2e6), RuntimeError, "4e\\+08 Hz in all"),
            (lambda: on_chip(2, rate=[1e4, 2e4]), AssertionError, "rate differs"),
            (lambda: on_chip(2, seed=[1, 2]), AssertionError, "seed differs"),
        ],
    ),
    Row("too many connections per neuron", [(too_many, RuntimeError, "257 synapses")]),
    Row(
        "multi-compartment construction",
        [
            (
                lambda name=name: getattr(morphology, name)(),
                NotImplementedError,
                "several compartments",
            )
            for name in morphology.__all__
        ],
        "neurons of several compartments are not emulated, whether well formed or not",
    ),
]

#: Rows of the index, and cases of all of them.
N_ROWS, N_CASES = 25, 86

#: What is stated outside of the index: the section comes first.
ELSEWHERE = [
    Row("1.2 names of old PyNN", [(lambda: pynn.setup(mindelay=1), Exception, "mindelay")]),
    Row("1.2 min_delay < timestep", [(lambda: pynn.setup(min_delay=1e-6), Exception, "min_delay")]),
    Row("1.2 min_delay is a delay", [(delayed_by_default, ValueError, "delay = 0.1 ms")]),
    Row("1.2 before setup", [(lambda: before_setup(neurons), RuntimeError, r"setup\(\) first")]),
    Row(
        "1.7 Assembly as one side of a Projection",
        [(assembly_before, NotImplementedError, "begins at an assembly")],
    ),
    Row(
        "1.8 SmallWorldConnector.connect",
        [
            (
                lambda: project(neurons(9, **LISTENING), None, pynn.SmallWorldConnector(1, 0.1)),
                NotImplementedError,
                "SmallWorldConnector",
            )
        ],
    ),
    Row(
        "3.2 time constants that cannot be measured",
        [
            (lambda: calibrated(tau_m=2001), ValueError, "tau_m"),
            (lambda: calibrated(tau_syn_I=0.05), ValueError, "tau_syn_I"),
        ],
    ),
    Row(
        "5.1 a time of a Timer is missing",
        [(lambda: pynn.Timer(start=0, period=1), KeyError, "num_periods")],
    ),
    Row(
        "5.1 different kernels under one same_id",
        [(kernels_of_one_id, RuntimeError, "same_id=0")],
    ),
    Row(
        "6.1 coordinates outside of their range",
        [
            (lambda: pynn.halco.SynramOnDLS(2), OverflowError, "1 is the largest"),
            (lambda: pynn.halco.SynramOnDLS(-1), TypeError, "negative"),
        ],
    ),
]


def cases(rows):
    return [
        pytest.param(*case, id=f"{row.situation}-{k}")
        for row in rows
        for k, case in enumerate(row.cases)
    ]


@pytest.mark.parametrize(("call", "kind", "message"), cases(INDEX) + cases(ELSEWHERE))
def test_what_the_chip_refuses_is_refused(face, call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call()
    # which is a RuntimeError, too
    assert (caught.type is NotImplementedError) == (kind is NotImplementedError)


def test_recording_synapses_go_along_with_a_rule(face):
    plastic()
    synapse = pynn.synapses.StaticRecordingSynapse(pynn.Timer(**TIMER), 1, {"weights"})
    recorded_synapses = project(synapse=synapse)
    face.run(0.02)
    assert recorded_synapses.get_data("weights")[0][0].data == [[1]]


def test_the_index_is_complete():
    assert len(INDEX) == N_ROWS
    assert sum(len(row.cases) for row in INDEX) == N_CASES
    situations = [row.situation for row in INDEX]
    assert len(set(situations)) == len(situations)


def test_correcting_what_was_refused_lets_the_script_go_on(face):
    """A projection that was refused is not registered; a run that was refused can be repeated."""
    with pytest.raises(errors.ConnectionError):
        weighted(-1, receptor_type="excitatory")
    assert face.simulator.state.projections == []
    pop = calibrated(i_synin_gm_E=np.array([300, 400]))
    with pytest.raises(RuntimeError):
        face.run(0.01)
    face.reset()
    pop.set(i_synin_gm_E=300)
    face.run(0.01)
