"""Nonsense for every argument: a correct effect, or an error that says something."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import fuzz
from pyNN import errors

import pynn_bss2sim as sim

#: What nonsense may raise.
SENSIBLE = (
    ValueError, TypeError, RuntimeError, KeyError, IndexError, NotImplementedError,
    errors.RecordingError, errors.ConnectionError, errors.InvalidModelError,
    errors.NothingToWriteError,
)  # fmt: skip

garbage = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5),
    st.sampled_from([10**30, -(10**30), np.int8(3), np.float32(0.3), 1j, ..., object()]),
    st.floats(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.lists(st.floats(), max_size=4),
    st.lists(st.text(max_size=2), max_size=3),
    st.lists(st.booleans(), max_size=4),
    st.dictionaries(st.text(max_size=2), st.floats(), max_size=2),
    st.sampled_from(
        [np.array([]), np.zeros((3, 3)), np.full(3, np.nan), np.array("a"), np.array(1.0),
         np.zeros((2, 2, 2)), np.array([None, 1.0, 2.0], dtype=object), (), slice(None),
         slice(5, 1), range(3), np.array([0, 1, 7]), sim.Sequence([1.0]), float, lambda *x: np.nan,
         lambda i: i / 0.0, sim.RandomDistribution("uniform", low=0.0, high=1.0),
         sim.RandomDistribution("normal", mu=np.nan, sigma=1.0)]
    ),
)  # fmt: skip
names = st.sampled_from(["tau_m", "v", "spikes", "i_offset", "weight", "delay"]) | st.text(
    max_size=4
)


class World:
    """A valid network and what belongs to it."""

    def __init__(self):
        sim.setup(timestep=0.1)
        self.cells = sim.Population(3, sim.IF_cond_exp(), label="cells")
        self.source = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0]), label="source")
        self.synapses = sim.Projection(
            self.source, self.cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01),
            label="synapses",
        )  # fmt: skip
        self.current = sim.StepCurrentSource(times=[0.5], amplitudes=[0.3])
        self.current.inject_into(self.cells)
        self.cells.record(["v", "spikes"])


CELLS = [*sim.standardmodels.SUPPORTED_CELLS]
CELLS.remove(sim.PointNeuron)
ELECTRODES = [sim.DCSource, sim.ACSource, sim.StepCurrentSource, sim.NoisyCurrentSource]


def connectors(x):
    """One connector of each kind with the argument `x`."""
    return [
        lambda: sim.AllToAllConnector(allow_self_connections=x),
        lambda: sim.FixedProbabilityConnector(x),
        lambda: sim.FixedNumberPreConnector(x),
        lambda: sim.FixedNumberPostConnector(x),
        lambda: sim.FixedTotalNumberConnector(x),
        lambda: sim.FromListConnector(x),
        lambda: sim.FromListConnector([(0, 0, x, 1.0)]),
        lambda: sim.FromListConnector([(x, 0)]),
        lambda: sim.ArrayConnector(x),
        lambda: sim.DistanceDependentProbabilityConnector(x),
        lambda: sim.IndexBasedProbabilityConnector(x),
        lambda: sim.DisplacementDependentProbabilityConnector(x),
        lambda: x,
    ]


def attempts(w, x, y, name, k):
    """Calls of all that is public, one argument of each being nonsense."""
    celltype = CELLS[k % len(CELLS)]
    parameter = sorted(celltype.default_parameters)[k % len(celltype.default_parameters)]
    electrode = ELECTRODES[k % len(ELECTRODES)]
    setting = sorted(electrode.default_parameters)[k % len(electrode.default_parameters)]
    connector = connectors(x)[k % len(connectors(x))]
    return {
        "Population size": lambda: sim.Population(x, sim.IF_curr_exp(), label="new"),
        "Population type": lambda: sim.Population(3, x, label="new"),
        "Population cellparams": lambda: sim.Population(3, sim.IF_curr_exp, x, label="new"),
        "Population structure": lambda: sim.Population(3, sim.IF_curr_exp(), structure=x),
        "Population initial": lambda: sim.Population(3, sim.IF_curr_exp(),
                                                     initial_values={"v": x}, label="new"),
        "Population label": lambda: sim.Population(3, sim.IF_curr_exp(), label=x),
        "cell type": lambda: sim.Population(3, celltype(**{parameter: x}), label="new"),
        "PointNeuron": lambda: sim.Population(3, sim.PointNeuron(x, syn=y), label="new"),
        "PointNeuron tau": lambda: sim.Population(
            3, sim.PointNeuron(sim.LIF(), syn=sim.ExpPSR(tau_syn=x)), label="new"),
        "set": lambda: w.cells.set(**{name: x}),
        "set view": lambda: w.cells[1:].set(i_offset=x),
        "set source": lambda: w.source.set(spike_times=x),
        "set cell": lambda: setattr(w.cells[0], "tau_m", x),
        "get": lambda: w.cells.get(x),
        "initialize": lambda: w.cells.initialize(**{name: x}),
        "initialize v": lambda: w.cells[:2].initialize(v=x),
        "record": lambda: w.cells.record(x),
        "record name": lambda: w.cells.record(name),
        "record interval": lambda: w.cells.record("v", sampling_interval=x),
        "get_data": lambda: w.cells.get_data(x),
        "view": lambda: w.cells[x],
        "view deeper": lambda: w.cells[1:][x],
        "sample": lambda: w.cells.sample(x),
        "Assembly": lambda: sim.Assembly(w.cells, x),
        "id_to_index": lambda: w.cells.id_to_index(x),
        "realised": lambda: w.cells.realised(x),
        "place cells": lambda: sim.place(x, chip=0),
        "place chip": lambda: sim.place(w.cells, chip=x),
        "place hemisphere": lambda: sim.place(w.cells[:2], hemisphere=x),
        "place circuits": lambda: sim.place(w.cells, circuits=x),
        "keep_together": lambda: sim.keep_together(w.cells[:2], x),
        "keep_together where": lambda: sim.keep_together(w.cells, where=x),
        "placement": lambda: sim.placement(x),
        "inject": lambda: w.current.inject_into(x),
        "electrode": lambda: electrode(**{setting: x}).inject_into(w.cells),
        "electrode set": lambda: w.current.set_parameters(**{name: x}),
        "electrode amplitudes": lambda: w.current.set_parameters(times=x, amplitudes=y),
        "Projection": lambda: sim.Projection(w.source, w.cells, connector(),
                                             sim.StaticSynapse(weight=0.0), label="new"),
        "Projection pre": lambda: sim.Projection(x, w.cells, sim.AllToAllConnector()),
        "Projection weight": lambda: sim.Projection(
            w.source, w.cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=x), label="new"),
        "Projection delay": lambda: sim.Projection(
            w.source, w.cells, sim.AllToAllConnector(), sim.StaticSynapse(delay=x), label="new"),
        "Projection synapse": lambda: sim.Projection(
            w.source, w.cells, sim.AllToAllConnector(), x, label="new"),
        "Projection receptor": lambda: sim.Projection(
            w.source, w.cells, sim.AllToAllConnector(), receptor_type=x, label="new"),
        "Projection set": lambda: w.synapses.set(**{name: x}),
        "Projection weights": lambda: w.synapses.set(weight=x),
        "Projection get": lambda: w.synapses.get(x, "list"),
        "Projection format": lambda: w.synapses.get("weight", x),
        "connection": lambda: w.synapses[x],
        "connection weight": lambda: setattr(w.synapses[0], "weight", x),
        "run": lambda: sim.run(x if not _long(x) else -1.0),
        "run_until": lambda: sim.run_until(x if not _long(x) else -1.0),
        "callbacks": lambda: sim.run(0.5, callbacks=x),
        "callback": lambda: sim.run(0.5, callbacks=[lambda t: x]),
        "record to": lambda: sim.record(x, w.cells, None),
    }  # fmt: skip


def _long(x):
    return isinstance(x, (int, float)) and x > 50


ATTEMPTS = sorted(attempts(None, None, None, "", 0))


def values_of(w):
    """All numbers that the network holds."""
    for population in w.cells, w.source:
        for name in population.celltype.default_parameters:
            for values in population.parameter_arrays[name]:
                yield from np.atleast_1d(getattr(values, "value", values))
    yield from w.cells.initial_array("v")
    for projection in sim.state.projections:
        yield from projection.get("weight", "list", with_address=False)
        yield from projection.get("delay", "list", with_address=False)
    for source in sim.state.current_sources:
        for values in source.get_parameters().values():
            yield from np.atleast_1d(values)


@fuzz(250)
@given(st.sampled_from(ATTEMPTS), garbage, garbage, names, st.integers(0, 200))
def test_nonsense(what, x, y, name, k):
    w = World()
    if k % 3 == 0:
        sim.run(1.0)
    began = sim.get_current_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            attempts(w, x, y, name, k)[what]()
        except SENSIBLE as error:
            assert str(error).strip(), f"{what}: no message"
        except AssertionError:
            # in PyNN's own methods, which ours do not replace
            assert what in ("Projection", "sample")
        assert np.isfinite(list(values_of(w))).all(), what
        # whatever happened, the network is whole
        if sim.get_current_time() == began:
            sim.run(2.0)
    recorded = w.cells.get_data().segments[0]
    if recorded.analogsignals and what not in ("record", "record name", "record interval"):
        signal = recorded.analogsignals[0]
        assert len(signal) == round(sim.get_current_time() / 0.1) + 1
        assert np.isfinite(np.asarray(signal)).all()


@pytest.mark.parametrize("label", ["µ-Zellen 🧠", "", "a" * 500, "%s {} \n"])
def test_labels(label):
    sim.setup()
    for _ in range(2):  # the same label twice
        cells = sim.Population(1, sim.IF_curr_exp(i_offset=2.0), label=label)
        cells.record(["v", "spikes"])
    synapses = sim.Projection(cells, cells, sim.AllToAllConnector(), label=label)
    sim.run(20.0)
    segment = cells.get_data().segments[0]
    assert segment.analogsignals[0].shape == (201, 1) and len(segment.spiketrains[0])
    assert cells.label in cells.describe() and len(synapses) == 1
    sim.mapping_report()
    with pytest.raises(errors.InvalidParameterValueError) as caught:
        cells.set(tau_m=-1.0)
    assert str(caught.value).startswith(cells.label)
