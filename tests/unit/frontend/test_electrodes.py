"""Current sources: injection, parameters, what flows and what is recorded."""

import copy
import logging

import numpy as np
import pytest
from pyNN import errors
from pyNN.parameters import Sequence

import pynn_bss2sim as sim
from pynn_bss2sim import waveforms

DT = 0.1
KINDS = {
    "DCSource": {"amplitude": 0.5, "start": 1.0, "stop": 4.0},
    "ACSource": {"amplitude": 0.5, "start": 1.0, "stop": 4.0, "frequency": 300.0, "offset": 0.2},
    "StepCurrentSource": {"times": [1.0, 2.0, 4.0], "amplitudes": [0.5, 0.2, 0.0]},
    "NoisyCurrentSource": {"mean": 0.5, "stdev": 0.1, "start": 1.0, "stop": 4.0, "dt": 0.2},
}


@pytest.fixture(autouse=True)
def simulation():
    sim.setup(timestep=DT, rng_seed=3)
    yield
    sim.end()


@pytest.fixture(params=KINDS)
def source(request):
    return getattr(sim, request.param)(**KINDS[request.param])


def neurons(n=3, label="cortex"):
    return sim.Population(n, sim.IF_curr_exp(v_thresh=1e3), label=label)


def current(source, first=0, last=60):
    """Return the current in each of the steps [first, last)."""
    return waveforms.in_force(*source.changes(first, last, DT), np.arange(first, last))


# --- parameters ---------------------------------------------------------------------------------


def test_parameters_read_back(source):
    given = KINDS[type(source).__name__]
    for name, value in given.items():
        np.testing.assert_array_equal(getattr(source, name), value)
        np.testing.assert_array_equal(source.get_parameters()[name], value)
    assert set(source.get_parameters()) == set(source.get_parameter_names())
    assert set(source.parameter_space.keys()) == set(source.get_parameter_names())
    assert type(source).__name__ in source.describe()


def test_unknown_names_are_refused(source):
    kind = type(source)
    with pytest.raises(errors.NonExistentParameterError, match="amp"):
        kind(amp=1.0)
    with pytest.raises(errors.NonExistentParameterError, match="amp"):
        source.set_parameters(amp=1.0)
    with pytest.raises(
        AttributeError, match=f"{kind.__name__} has no parameter or attribute 'amp'"
    ):
        source.amp  # noqa: B018 - the look-up itself is tested
    with pytest.raises(AttributeError, match="set_parameters"):
        source.set(amplitude=1.0)


def test_non_finite_values_are_refused_and_change_nothing(source):
    name = next(iter(KINDS[type(source).__name__]))
    before = current(source)
    bad = [np.nan] * 3 if name == "times" else np.nan
    with pytest.raises(errors.InvalidParameterValueError, match=f"{name} = .*nan"):
        source.set_parameters(**{name: bad})
    np.testing.assert_array_equal(current(source), before)


def test_step_times_are_rounded_and_joined():
    source = sim.StepCurrentSource(times=[0.41, 0.42, 0.86], amplitudes=[0.5, -0.5, 0.5])
    assert source.times.tolist() == [0.4, 0.9]
    assert source.amplitudes.tolist() == [-0.5, 0.5]


@pytest.mark.parametrize(
    ("times", "amplitudes", "message"),
    [
        ([0.4, -0.6], [1.0, 1.0], r"times\[1\] = -0.6 ms"),
        ([0.4, 0.2], [1.0, 1.0], r"0.4 ms \(entry 0\) is followed by 0.2 ms"),
        ([0.4, 0.4], [1.0, 1.0], "must ascend"),
        ([0.4], [1.0, 1.0], "1 times and 2 amplitudes"),
    ],
)
def test_bad_steps_are_refused(times, amplitudes, message):
    with pytest.raises(errors.InvalidParameterValueError, match=message):
        sim.StepCurrentSource(times=times, amplitudes=amplitudes)
    source = sim.StepCurrentSource(times=[1.0], amplitudes=[2.0])
    with pytest.raises(errors.InvalidParameterValueError, match=message):
        source.set_parameters(times=Sequence(times), amplitudes=Sequence(amplitudes))
    assert source.times.tolist() == [1.0]


def test_noise_interval_must_be_a_multiple_of_the_time_step():
    assert sim.NoisyCurrentSource(mean=0.0, stdev=1.0).dt == DT
    for dt in (0.25, 0.05, 0.0, -0.1):
        with pytest.raises(errors.InvalidParameterValueError, match="multiple of the time step"):
            sim.NoisyCurrentSource(dt=dt)
    with pytest.raises(errors.InvalidParameterValueError, match="stdev = -1 nA"):
        sim.NoisyCurrentSource(stdev=-1.0)


def test_default_noise_interval_is_the_time_step():
    sim.setup(timestep=0.25)
    assert sim.NoisyCurrentSource(mean=0.0, stdev=1.0).dt == 0.25


# --- injection ----------------------------------------------------------------------------------


def test_targets(source):
    p, q = neurons(), neurons(2)
    source.inject_into(p[1:3])
    source.inject_into(q[0])
    source.inject_into([p[0]])
    assert source.targets == [p[1], p[2], q[0], p[0]]


def test_ways_to_inject():
    p, q = neurons(), neurons(2)
    source = sim.DCSource()
    p.inject(source)
    q[1].inject(source)
    assert source.targets == [*p, q[1]]
    both = sim.DCSource()
    both.inject_into(p + q)
    assert both.targets == [*p, *q]


def test_a_cell_receives_a_current_once(caplog):
    p, source = neurons(), sim.DCSource()
    source.inject_into(p[:2])
    with caplog.at_level(logging.WARNING):
        source.inject_into(p)
    assert source.targets == list(p)
    assert "2 of 3 cells" in caplog.text


def test_spike_sources_are_refused():
    p = neurons()
    spikes = sim.Population(2, sim.SpikeSourceArray(), label="retina")
    for cells in (spikes, spikes[:1], spikes[0], [p[0], spikes[1]], p + spikes):
        source = sim.DCSource()
        with pytest.raises(TypeError, match="retina.*: no current .* into a spike source"):
            source.inject_into(cells)
        assert source.targets == []


def test_locations_are_refused():
    with pytest.raises(ValueError, match="location='soma'"):
        neurons()[0].inject(sim.DCSource(), location="soma")


def test_a_source_from_before_setup_is_refused(source):
    sim.setup(timestep=DT)
    for use in (
        lambda: source.inject_into(neurons()),
        source.record,
        source.get_data,
        lambda: source.set_parameters(**KINDS[type(source).__name__]),
    ):
        with pytest.raises(RuntimeError, match="before the last setup"):
            use()


def test_a_copy_keeps_the_parameters(source):
    twin = copy.copy(source)
    for name in source.get_parameter_names():
        np.testing.assert_array_equal(getattr(twin, name), getattr(source, name))


# --- what flows ---------------------------------------------------------------------------------


def test_current_flows_between_start_and_stop(source):
    values = current(source)
    assert (values[:10] == 0).all()
    assert (values[10:40] != 0).all()
    assert (values[40:] == 0).all()


def test_a_change_holds_from_the_current_time_on():
    neurons()
    source = sim.DCSource(amplitude=1.0)
    source.record()
    sim.run(2.0)
    source.amplitude += 1.0
    sim.run(2.0)
    source.set_parameters(amplitude=5.0)
    assert current(source, 10, 60).tolist() == [1.0] * 10 + [2.0] * 20 + [5.0] * 20
    source.stop = 5.0
    assert current(source, 35, 60).tolist() == [2.0] * 5 + [5.0] * 10 + [0.0] * 10


def test_after_a_reset_the_current_begins_anew():
    neurons()
    source = sim.DCSource(amplitude=1.0, start=1.0)
    sim.run(2.0)
    source.amplitude = 3.0
    sim.reset()
    assert current(source).tolist() == [0.0] * 10 + [3.0] * 50


def test_noise_is_reproducible_and_differs_between_sources_and_trials():
    def sources():
        sim.setup(timestep=DT, rng_seed=7)
        neurons()
        pair = [sim.NoisyCurrentSource(mean=0.0, stdev=1.0) for _ in range(2)]
        trials = []
        for _ in range(2):
            trials += [current(s) for s in pair]
            sim.reset()
        return np.array(trials)

    first = sources()
    np.testing.assert_array_equal(first, sources())
    assert len(np.unique(first)) == first.size


def test_noise_goes_on_when_its_mean_changes():
    neurons()
    source = sim.NoisyCurrentSource(mean=0.0, stdev=1.0, dt=0.3)
    before = current(source)
    sim.run(2.0)
    source.mean = 10.0
    np.testing.assert_allclose(current(source)[20:], before[20:] + 10.0)


# --- membranes and recordings -------------------------------------------------------------------


def test_membranes_integrate_the_current(source):
    """The charge on a membrane without leak to speak of is the integral of the current."""
    p = sim.Population(2, sim.IF_curr_exp(tau_m=1e9, cm=1.0, v_thresh=1e3))
    p.initialize(v=-65.0)
    source.inject_into(p[1:])
    source.record()
    p.record("v")
    for _ in range(3):
        sim.run(2.0)
    v = p.get_data().segments[0].analogsignals[0].magnitude
    flowing = source.get_data().magnitude[:, 0]
    np.testing.assert_allclose(v[:, 0], -65.0)
    np.testing.assert_allclose(v[1:, 1], -65.0 + DT * np.cumsum(flowing[:-1]), rtol=1e-7)


def test_recorded_current_is_what_flowed(source):
    p = neurons()
    source.inject_into(p)
    source.record()
    sim.run(2.5)
    sim.run(2.5)
    signal = source.get_data()
    assert signal.t_start.rescale("ms").item() == 0.0
    assert signal.sampling_period.rescale("ms").item() == pytest.approx(DT)
    assert str(signal.units.dimensionality) == "nA"
    np.testing.assert_array_equal(signal.magnitude[:, 0], current(source, 0, 51))


def test_recording_may_begin_late_and_begins_anew_after_a_reset():
    neurons()
    source = sim.DCSource(amplitude=1.0, start=0.0)
    sim.run(2.0)
    source.record()
    source.amplitude = 2.0
    sim.run(1.0)
    signal = source.get_data()
    assert signal.t_start.rescale("ms").item() == 2.0
    assert signal.magnitude[:, 0].tolist() == [2.0] * 11
    sim.reset()
    sim.run(1.0)
    assert source.get_data().t_start.item() == 0.0
    assert len(source.get_data()) == 11


def test_a_current_that_was_not_recorded_is_refused(source):
    with pytest.raises(errors.NothingToWriteError, match="call record"):
        source.get_data()


def test_changes_are_forgotten_unless_recorded():
    neurons()
    forgetful, recorded = sim.DCSource(), sim.DCSource()
    recorded.record()
    for i in range(10):
        sim.run(1.0)
        forgetful.amplitude = recorded.amplitude = float(i)
    assert len(forgetful._history) <= 2
    with pytest.raises(ValueError, match="known from step 90 on"):
        forgetful.changes(50, 100, DT)
    assert recorded.get_data().magnitude[:, 0][::10].tolist() == [1.0, *np.arange(10.0)]


@pytest.mark.parametrize("cells", [[1, 2], [None], 3.0, "ab"])
def test_only_cells_receive_a_current(cells):
    sim.setup()
    with pytest.raises(TypeError, match="inject_into: .* is not a cell; give a population"):
        sim.DCSource().inject_into(cells)
