"""Spike sources: parameters as PyNN stores them, checks, processes."""

import numpy as np
import pytest
from pyNN import errors
from pyNN.parameters import Sequence

import pynn_bss2sim as sim
from pynn_bss2sim import spike_processes
from pynn_bss2sim import standardmodels as models

SOURCES = {
    models.SpikeSourceArray: spike_processes.SpikeTimes,
    models.SpikeSourcePoisson: spike_processes.Poisson,
    models.SpikeSourcePoissonRefractory: spike_processes.PoissonRefractory,
    models.SpikeSourceGamma: spike_processes.Gamma,
    models.SpikeSourceInhGamma: spike_processes.InhomogeneousGamma,
}


def arrays(source, size=3, **changes):
    """Return all parameters as the frontend keeps them: float64 or objects, (size,)."""
    space = source.native_parameters
    space.shape = (size,)
    space.evaluate()
    return space.as_dict() | {
        name: np.broadcast_to(np.asarray(value, np.float64), size)
        for name, value in changes.items()
    }


def trains(*values):
    result = np.empty(len(values), object)
    result[:] = [Sequence(v) for v in values]
    return result


@pytest.mark.parametrize("cls", SOURCES)
def test_laws_of_all_sources(cls):
    source = cls()
    assert source.recordable == ["spikes"]
    assert not source.injectable
    assert source.receptor_types == ()
    assert not source.computed_parameters_include(source.get_parameter_names())
    assert cls.process_class is SOURCES[cls]
    values = arrays(source)
    source.validate("input", values)
    times, cells = source.process("input", 3, values, seed=1).spikes(0.0, 100.0)
    assert len(times) == len(cells)


@pytest.mark.parametrize("cls", [c for c in SOURCES if c is not models.SpikeSourceArray])
def test_random_sources_check_their_window(cls):
    source = cls()
    with pytest.raises(errors.InvalidParameterValueError, match="input: duration = -1 ms"):
        source.validate("input", arrays(source, duration=-1.0))
    with pytest.raises(errors.InvalidParameterValueError, match="input: start = nan in cell 2"):
        source.validate("input", arrays(source, start=[0.0, 0.0, np.nan]))


@pytest.mark.parametrize("cls", [c for c in SOURCES if c is not models.SpikeSourceArray])
def test_random_sources_obey_their_window_and_seed(cls):
    source = cls()
    faster = {"rate": 100.0, "beta": 100.0}
    changes = {name: value for name, value in faster.items() if source.has_parameter(name)}
    values = arrays(source, 50, start=20.0, duration=2000.0, **changes)
    times, cells = source.process("input", 50, values, seed=1).spikes(0.0, 5000.0)
    assert len(times) > 20
    assert times.min() >= 20.0
    assert times.max() < 2020.0
    again = source.process("input", 50, values, seed=1).spikes(0.0, 5000.0)
    np.testing.assert_array_equal(times, again[0])
    np.testing.assert_array_equal(cells, again[1])
    assert source.process("input", 50, values, seed=2).spikes(0.0, 5000.0)[0][0] != times[0]


@pytest.mark.parametrize(
    ("cls", "bad", "message"),
    [
        (models.SpikeSourcePoisson, {"rate": -1.0}, "rate = -1 Hz"),
        (models.SpikeSourcePoissonRefractory, {"rate": -1.0}, "rate = -1 Hz"),
        (models.SpikeSourcePoissonRefractory, {"tau_refrac": -1.0}, "tau_refrac = -1 ms"),
        (
            models.SpikeSourcePoissonRefractory,
            {"rate": 100.0, "tau_refrac": 10.0},
            "rate = 100 Hz .*dead time",
        ),
        (models.SpikeSourceGamma, {"alpha": 0.0}, "alpha = 0"),
        (models.SpikeSourceGamma, {"beta": -1.0}, "beta = -1 Hz"),
    ],
)
def test_random_sources_refuse(cls, bad, message):
    with pytest.raises(errors.InvalidParameterValueError, match=f"input: {message}"):
        cls().validate("input", arrays(cls(), **bad))


@pytest.mark.parametrize("cls", [models.SpikeSourcePoisson, models.SpikeSourcePoissonRefractory])
def test_rate_zero_is_silent(cls):
    values = arrays(cls(), rate=0.0)
    cls().validate("input", values)
    assert len(cls().process("input", 3, values, seed=1).spikes(0.0, 1e4)[0]) == 0


def test_gamma_shape_need_not_be_an_integer():
    assert arrays(models.SpikeSourceGamma(alpha=2.5))["alpha"][0] == 2.5


# --- SpikeSourceArray ---------------------------------------------------------------------------


def test_spike_times_of_all_and_of_each_cell():
    source = models.SpikeSourceArray(spike_times=[1.0, 3.0])
    process = source.process("input", 2, arrays(source, 2), seed=0)
    times, cells = process.spikes(0.0, 10.0)
    assert times.tolist() == [1.0, 1.0, 3.0, 3.0]
    assert cells.tolist() == [0, 1, 0, 1]
    source = models.SpikeSourceArray(spike_times=[Sequence([2.0]), Sequence([])])
    times, cells = source.process("input", 2, arrays(source, 2), seed=0).spikes(0.0, 10.0)
    assert (times.tolist(), cells.tolist()) == ([2.0], [0])


def test_one_sequence_alone_stands_for_all_cells():
    source = models.SpikeSourceArray()
    values = {"spike_times": Sequence([4.0, 5.0])}
    source.validate("input", values)
    assert source.process("input", 3, values, seed=0).spikes(0.0, 10.0)[1].tolist() == [0, 1, 2] * 2


def test_new_spike_times_hold_from_now_on():
    source = models.SpikeSourceArray()
    process = source.process("input", 1, {"spike_times": trains([1.0, 8.0])}, seed=0)
    process.update({"spike_times": trains([2.0, 6.0])}, 5.0)
    assert process.spikes(5.0, 10.0)[0].tolist() == [6.0]
    process.restart()
    assert process.spikes(0.0, 10.0)[0].tolist() == [2.0, 6.0]


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([[1.0], [1.0, 5.0, 3.0]], r"cell 1 5 ms \(entry 1\) is followed by 3 ms"),
        ([[1.0], [2.0, np.nan]], r"spike_times\[1\] = nan in cell 1"),
        ([[-2.0]], r"spike_times\[0\] = -2 in cell 0"),
        ([[], [1.0, np.inf]], r"spike_times\[1\] = inf in cell 1"),
    ],
)
def test_bad_spike_times_are_refused(times, message):
    with pytest.raises(errors.InvalidParameterValueError, match=f"input: .*{message}"):
        models.SpikeSourceArray().validate("input", {"spike_times": trains(*times)})


def test_equal_spike_times_and_restarts_between_cells_are_legal():
    times = trains([1.0, 1.0], [0.5], [])
    models.SpikeSourceArray().validate("input", {"spike_times": times})


def test_number_of_sequences_must_fit():
    with pytest.raises(errors.InvalidDimensionsError, match="input: .*2 sequences for 3 cells"):
        models.SpikeSourceArray().process("input", 3, {"spike_times": trains([], [])}, seed=0)


# --- SpikeSourceInhGamma ------------------------------------------------------------------------


def bins(a=(2.0, 3.0), b=(0.01, 0.01), tbins=(0.0, 50.0)):
    window = {"start": np.zeros(2), "duration": np.full(2, 1e9)}
    return window | {
        name: trains([1.0] if name != "tbins" else [0.0], value)
        for name, value in (("a", a), ("b", b), ("tbins", tbins))
    }


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"a": (2.0, 0.5)}, r"a\[1\] = 0.5 in cell 1: thinning"),
        ({"b": (0.0, 0.1)}, r"b\[0\] = 0 in cell 1"),
        ({"tbins": (50.0, 50.0)}, "tbins must ascend"),
        ({"tbins": (0.0, 1.0, 2.0)}, "a has 2 entries in cell 1 and tbins has 3"),
        ({"a": (), "b": (), "tbins": ()}, "a has 0 entries"),
        ({"a": (2.0, np.nan)}, r"a\[1\] = nan"),
    ],
)
def test_inhomogeneous_gamma_refuses(bad, message):
    source = models.SpikeSourceInhGamma()
    source.validate("input", bins())
    with pytest.raises(errors.InvalidParameterValueError, match=f"input: .*{message}"):
        source.validate("input", bins(**bad))


def test_cells_may_have_different_numbers_of_bins():
    source = models.SpikeSourceInhGamma()
    times, cells = source.process("input", 2, bins(), seed=1).spikes(0.0, 5e3)
    assert set(cells) == {0, 1}
    # 1 /s in cell 0, mean interval 20 ms and then 30 ms in cell 1
    assert (cells == 1).sum() > 10 * (cells == 0).sum()


@pytest.mark.parametrize(
    ("celltype", "name", "absurd", "high", "others"),
    [
        (sim.SpikeSourcePoisson, "rate", 1e9, 1e6, {}),
        (sim.SpikeSourcePoissonRefractory, "rate", 1e9, 1e6, {"tau_refrac": 0.0}),
        (sim.SpikeSourceGamma, "beta", 1e9, 2e6, {"alpha": 2.0}),
        (sim.SpikeSourceInhGamma, "b", [1e-9], [1e-5], {"a": [1.0], "tbins": [0.0]}),
    ],
)
def test_absurd_rates(celltype, name, absurd, high, others):
    sim.setup()
    with pytest.raises(errors.InvalidParameterValueError, match=rf"^storm: {name}.*1e(\+06|-06)"):
        sim.Population(2, celltype(**{name: absurd}, **others), label="storm")
    storm = sim.Population(2, celltype(**{name: high}, **others), label="storm")
    storm.record("spikes")
    sim.run(1.0)
    assert min(len(t) for t in storm.get_data().segments[0].spiketrains) > 10


def test_lack_of_memory_names_the_source(monkeypatch):
    sim.setup()
    storm = sim.Population(2, sim.SpikeSourcePoisson(), label="storm")
    monkeypatch.setattr(storm.process, "spikes", lambda *window: bytearray(1 << 62))
    with pytest.raises(MemoryError, match="^storm: too many spikes until 1 ms"):
        sim.run(1.0)
