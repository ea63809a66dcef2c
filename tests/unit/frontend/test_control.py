"""Set-up, runs, their interruptions and errors, and the names that a script finds."""

import os
import signal
import threading
import warnings

import numpy as np
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim import _compatibility, simulator
from pynn_bss2sim._core.engine import MAX_THREADS
from pynn_bss2sim._core.records import Status


@pytest.fixture(autouse=True)
def begin():
    sim.setup(timestep=0.1)


def cells(n=3, **parameters):
    return sim.Population(n, sim.IF_curr_exp(**({"i_offset": 0.9} | parameters)), label="P")


def test_nothing_works_before_setup(monkeypatch):
    population = cells()
    monkeypatch.setattr(sim.state, "ready", False)
    for action in (
        lambda: sim.run(1.0),
        lambda: sim.Population(1, sim.IF_curr_exp()),
        lambda: sim.Projection(population, population, sim.AllToAllConnector()),
        sim.mapping_report,
    ):
        with pytest.raises(RuntimeError, match=r"call setup\(\) first"):
            action()


@pytest.mark.parametrize("timestep", [0, -1.0, np.nan, np.inf, "x", None, True])
def test_time_steps_that_make_no_sense(timestep):
    with pytest.raises(ValueError, match="setup: timestep="):
        sim.setup(timestep=timestep)


@pytest.mark.parametrize(
    "parameters",
    [
        {"mindelay": 1.0}, {"dt": 0.1}, {"min_delay": 0.01}, {"min_delay": -1.0},
        {"min_delay": 2.0, "max_delay": 1.0}, {"max_delay": 0.01}, {"max_delay": np.nan},
        {"chip": "unheard of"}, {"chip": 3}, {"rng_seed": 1.5},
        {"rng_seed": -1}, {"seed": True}, {"on_loss": "perhaps"}, {"check": 1},
    ],
)  # fmt: skip
def test_refused_by_setup(parameters):
    population = cells()
    with pytest.raises(Exception, match="setup|chip|Chip|delay"):
        sim.setup(**parameters)
    # a failed setup leaves the network alone
    assert sim.state.populations == [population]


def test_what_a_new_setup_leaves_of_a_network():
    """Data stay; whatever would act on the new simulation is refused."""
    old = cells(i_offset=2.0)
    old.record(["v", "spikes"])
    synapses = sim.Projection(old, old, sim.AllToAllConnector(), label="synapses")
    sim.run(20.0)
    before = old.get_data().segments[0]
    sim.setup(timestep=0.5)
    new = sim.Population(3, sim.IF_curr_exp(), label="new")
    actions = [
        lambda: old.set(tau_m=3.0), lambda: old[:1].set(tau_m=3.0), lambda: old.record("v"),
        lambda: old.initialize(v=0.0), lambda: old.realised("tau_m"), old.get_spike_counts,
        lambda: sim.Projection(old, new, sim.AllToAllConnector()),
        lambda: sim.Projection(new, sim.Assembly(old), sim.AllToAllConnector()),
        lambda: sim.DCSource().inject_into(old), lambda: sim.DCSource().inject_into([old[0]]),
        lambda: synapses.set(weight=1.0), lambda: synapses.get("weight", "list"),
    ]  # fmt: skip
    for action in actions:
        with pytest.raises(RuntimeError, match=r"(P|synapses): .* before the last setup\(\)"):
            action()
    sim.run(5.0)
    (after,) = old.get_data().segments
    assert after.spiketrains[0].t_stop == before.spiketrains[0].t_stop
    np.testing.assert_array_equal(after.analogsignals[0], before.analogsignals[0])
    assert [len(t) for t in after.spiketrains] == [len(t) for t in before.spiketrains] != [0] * 3


@pytest.mark.parametrize("time", ["10", None, np.array([1.0, 2.0]), [1.0], 1j, np.nan, np.inf])
def test_times_that_are_none(time):
    cells()
    for function in (sim.run, sim.run_until, sim.run_for):
        with pytest.raises((TypeError, ValueError), match="run.*(number of ms|finite)"):
            function(time)
    assert sim.run(np.int64(1)) == 1.0
    with pytest.raises(ValueError, match="past"):
        sim.run(-0.5)


@pytest.mark.parametrize(
    "function", [lambda t: None, lambda t: np.nan, lambda t: t, lambda t: t - 1.0, "x"]
)
def test_callbacks_that_do_not_say_when(function):
    """PyNN would raise an error that names no callback, or call for ever."""
    cells().record("v")
    sim.run(5.0)
    with pytest.raises((TypeError, ValueError), match="run: callback"):
        sim.run(10.0, callbacks=[lambda t: t + 1.0, function])
    sim.run(1.0)
    assert sim.get_current_time() < 7.5


def test_callbacks():
    cells()
    called = {"often": [], "seldom": [], "never": []}

    def every(name, interval):
        return lambda t: called[name].append(t) or t + interval

    sim.run(6.0, callbacks=[every("often", 2.0), every("seldom", 3.0), every("never", np.inf)])
    assert called == {"often": [0.0, 2.0, 4.0, 6.0], "seldom": [0.0, 3.0, 6.0], "never": [0.0]}


def too_many_sources():
    """More sources of one neuron than a synapse array can tell apart."""
    one = sim.Population(1, sim.IF_curr_exp(), label="one")
    many = sim.Population(8200, sim.SpikeSourceArray(), label="many")
    return sim.Projection(
        many, one, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1), label="wires"
    )


def test_lost_connections(caplog):
    sim.setup(chip="quantized")
    wires = too_many_sources()
    weight = np.array(wires.get("weight", format="list", with_address=False))
    assert np.isnan(weight).sum() == 8
    assert "wires: 8 of 8200 connections lost" in caplog.text
    caplog.clear()
    sim.setup(chip="quantized", on_loss="ignore")
    too_many_sources()
    sim.run(1.0)
    assert "lost" not in caplog.text
    sim.setup(chip="quantized", on_loss="raise")
    too_many_sources()
    with pytest.raises(ValueError, match="wires: 8 of 8200 connections lost"):
        sim.run(1.0)


def test_a_mapping_is_checked_if_asked_for(monkeypatch):
    from pynn_bss2sim.mapping import check as checks

    monkeypatch.setattr(checks, "problems", lambda mapping: ["something is wrong"])
    for check in (False, True):
        sim.setup(chip="quantized", check=check)
        cells()
        if check:
            with pytest.raises(ValueError, match="1 differences, the first: something is wrong"):
                sim.run(1.0)
        else:
            sim.run(1.0)


def test_foreign_parameters():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sim.setup(threads=4, spike_precision="on_grid", use_cvode=True, rng_seeds=[1, 2],
                  t_flush=100.0, quit_on_end=False, verbosity="error")  # fmt: skip
    assert sim.state.rng_seed == 1
    with pytest.warns(UserWarning, match="thraeds not known.*rng_seed.*threads"):
        sim.setup(thraeds=4)


def test_threads_change_nothing():
    def spikes(threads):
        sim.setup(timestep=0.1, rng_seed=3, threads=threads)
        cells = sim.Population(100, sim.IF_cond_exp(i_offset=1.0))
        noise = sim.Population(20, sim.SpikeSourcePoisson(rate=100.0))
        connector = sim.FixedProbabilityConnector(0.3, rng=sim.NumpyRNG(seed=1))
        sim.Projection(noise, cells, connector, sim.StaticSynapse(weight=0.01))
        cells.record("spikes")
        sim.run(100.0)
        return [train.magnitude.tolist() for train in cells.get_data().segments[0].spiketrains]

    one = spikes(1)
    assert sum(map(len, one)) > 100
    assert spikes(2) == one


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2", None])
def test_impossible_numbers_of_threads_are_refused(threads):
    with pytest.raises(ValueError, match="setup: threads=.*; give a positive integer"):
        sim.setup(threads=threads)


def test_no_more_threads_than_processors(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2}, raising=False)
    sim.setup(threads=2)
    assert sim.state.threads == 2
    sim.setup(threads=10**6)
    assert sim.state.threads == 3
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(100)), raising=False)
    sim.setup(threads=100)
    assert sim.state.threads == MAX_THREADS


def test_chip(monkeypatch):
    monkeypatch.delenv("BSS2SIM_CHIP")
    sim.setup()
    assert sim.state.chip == sim.ChipModel.silicon()
    monkeypatch.setenv("BSS2SIM_CHIP", "quantized")
    sim.setup()
    assert sim.state.chip == sim.ChipModel.quantized()
    sim.setup(chip="ideal")
    assert sim.state.chip == sim.ChipModel.ideal()
    sim.setup(chip=sim.ChipModel.quantized(delays="asked"))
    assert sim.state.chip.delays == "asked"


def test_check(monkeypatch):
    for words, check in (("", False), ("yes", True)):
        monkeypatch.setenv("BSS2SIM_CHECK", words)
        sim.setup()
        assert sim.state._mapping_options["check"] is check
        sim.setup(check=not check)
        assert sim.state._mapping_options["check"] is not check
    with pytest.raises(ValueError, match="check=1"):
        sim.setup(check=1)


def test_queries():
    assert (sim.rank(), sim.num_processes(), sim.get_time_step()) == (0, 1, 0.1)
    assert sim.get_min_delay() == sim.get_max_delay() == 0.1
    population = cells()
    synapse = sim.StaticSynapse(weight=0.1, delay=np.array([[0.5, 0.7, 2.0]] * 3))
    sim.Projection(population, population, sim.AllToAllConnector(), synapse)
    assert (sim.get_min_delay(), sim.get_max_delay()) == (0.5, 2.0)
    sim.setup(min_delay=0.2, max_delay=4.0)
    assert (sim.get_min_delay(), sim.get_max_delay()) == (0.2, 4.0)


def test_time_does_not_drift():
    for _ in range(1000):
        sim.run(0.1)
    assert sim.get_current_time() == 100.0
    assert sim.run(0.3) == 100.3
    assert sim.run_until(101.0) == 101.0
    with pytest.raises(ValueError, match="in the past"):
        sim.run_until(100.0)
    with pytest.raises(ValueError, match="finite"):
        sim.run(np.nan)


def test_setup_begins_anew():
    cells()
    sim.run(1.0)
    sim.setup()
    assert sim.get_current_time() == 0.0
    population = cells(1)
    population.record("v")
    sim.run(1.0)
    assert sim.state.capture.network.n_neurons == 1
    assert len(population.get_data().segments) == 1


def test_network_grows_between_runs():
    first = cells()
    first.record("v")
    sim.run(1.0)
    second = cells(2)
    second.record("v")
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.5, 1.0, 1.5]))
    source.record("spikes")
    sim.Projection(source, second, sim.AllToAllConnector(), sim.StaticSynapse(weight=5.0))
    sim.run(1.0)
    signal = second.get_data().segments[0].analogsignals[0]
    assert signal.t_start == 1.0 and signal.shape == (11, 2)
    assert signal.magnitude[-1, 0] > first.get_data().segments[0].analogsignals[0].magnitude[10, 0]
    # spikes before the source existed are not sent
    assert source.get_data().segments[0].spiketrains[0].tolist() == [1.0, 1.5]


def test_parameters_change_between_runs():
    changed, still = cells(), cells()
    for population in (changed, still):
        population.record("v")
    sim.run(1.0)
    changed.set(i_offset=0.0, v_rest=-70.0)
    sim.run(5.0)
    v = [p.get_data().segments[0].analogsignals[0].magnitude for p in (changed, still)]
    np.testing.assert_array_equal(v[0][:11], v[1][:11])
    assert (v[0][-1] < v[0][10]).all() and (v[1][-1] > v[1][10]).all()


def test_a_failing_callback_loses_nothing():
    population = cells()
    population.record("v")

    def fail(t):
        if t >= 2.0:
            raise ZeroDivisionError
        return t + 0.5

    with pytest.raises(ZeroDivisionError):
        sim.run(10.0, callbacks=[fail])
    assert population.get_data().segments[0].analogsignals[0].shape == (21, 3)
    sim.run(1.0)
    assert population.get_data().segments[0].analogsignals[0].shape == (31, 3)


def test_a_failing_mapping_loses_nothing(monkeypatch):
    population = cells()
    population.record("v")
    sim.run(1.0)
    population.set(tau_m=10.0)

    def refuse(*_, **__):
        raise ValueError("no room")

    with monkeypatch.context() as patch:
        patch.setattr("pynn_bss2sim.mapping.mapper.map_network", refuse)
        for _ in range(2):
            with pytest.raises(ValueError, match="no room"):
                sim.run(1.0)
    assert population.get_data().segments[0].analogsignals[0].shape == (11, 3)
    sim.run(1.0)
    assert population.get_data().segments[0].analogsignals[0].shape == (21, 3)


def run_cut_short():
    """Run for a long time; Ctrl-C is pressed after a moment, within a run of the emulator."""
    while sim.get_current_time() % simulator.CHUNK == 0.0:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            sim.run(1e7)


def noisy_network():
    sim.setup(timestep=0.1, rng_seed=4)
    source = sim.Population(20, sim.SpikeSourcePoisson(rate=100.0))
    population = cells(200, i_offset=0.7)
    sim.Projection(source, population, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.02))
    # keeps the emulator busy for longer than all else
    sim.Population(2000, sim.IF_curr_exp())
    source.record("spikes")
    population[:2].record(["spikes", "v"])
    return source, population


def test_interrupted_runs_go_on():
    networks = noisy_network()
    run_cut_short()
    reached = sim.get_current_time()
    assert 0 < reached < 1e7
    for population in networks:
        for train in population.get_data().segments[0].spiketrains:
            assert train.t_stop == reached
    sim.run(20.0)
    interrupted = [p.get_data().segments[0] for p in networks]
    networks = noisy_network()
    sim.run(reached + 20.0)
    for a, b in zip(interrupted, (p.get_data().segments[0] for p in networks), strict=True):
        for one, other in zip(a.spiketrains, b.spiketrains, strict=True):
            assert one.tolist() == other.tolist()
        for one, other in zip(a.analogsignals, b.analogsignals, strict=True):
            np.testing.assert_array_equal(one, other)


def test_what_is_set_after_an_interruption_acts_at_once():
    source, _ = noisy_network()
    run_cut_short()
    reached = sim.get_current_time()
    before = source.get_spike_counts()
    source.set(rate=0.0)
    sim.run(1000.0)
    assert source.get_spike_counts() == before
    assert sim.get_current_time() == pytest.approx(reached + 1000.0)


def test_ctrl_c_waits_while_results_are_stored(monkeypatch):
    population = cells()
    population.record("v")
    store = sim.state._store

    def press(activity, before):
        signal.raise_signal(signal.SIGINT)
        store(activity, before)

    monkeypatch.setattr(sim.state, "_store", press)
    with pytest.raises(KeyboardInterrupt):
        sim.run(1.0)
    assert sim.get_current_time() == 1.0
    assert population.get_data().segments[0].analogsignals[0].shape == (11, 3)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_states_that_are_not_finite(monkeypatch):
    cells(2)
    wild = sim.Population(3, sim.IF_curr_exp(), label="wild")
    wild.record("v")
    sim.run(1.0)
    emulator = sim.state.emulator
    real = emulator.run

    def run(*arguments):
        activity = real(*arguments)
        for name, value in (("status", Status.NON_FINITE), ("culprit", 3)):
            object.__setattr__(activity, name, value)
        return activity

    monkeypatch.setattr(emulator, "run", run)
    with pytest.raises(sim.SimulationError, match="wild: the state of cell 1 .* t = 2.0 ms"):
        sim.run(1.0)
    assert wild.get_data().segments[0].analogsignals[0].shape == (21, 3)


def test_currents():
    population = cells(3, i_offset=0.0)
    population.record("v")
    electrode = sim.DCSource(amplitude=0.5, start=1.0, stop=2.0)
    electrode.inject_into(population[1:])
    population[2].inject(sim.DCSource(amplitude=0.5))
    sim.run(3.0)
    v = population.get_data().segments[0].analogsignals[0].magnitude
    assert (v[:, 0] == -65.0).all()
    assert (v[:11, 1] == -65.0).all() and v[20, 1] > v[30, 1] > v[11, 1]
    assert v[20, 2] > v[20, 1]


@pytest.mark.parametrize("version", ["0.12.3", "0.14.0", "1.0", "0.130"])
def test_other_versions_of_pynn(version):
    with pytest.raises(ImportError, match=f'PyNN {version} is installed.*pip install "pyNN==0.13'):
        _compatibility.require_pynn(version)


@pytest.mark.parametrize("version", ["0.13", "0.13.0", "0.13.4"])
def test_this_version_of_pynn(version):
    _compatibility.require_pynn(version)


def test_the_whole_api_is_there():
    from pyNN import connectors, mock, standardmodels

    def public(module, kind):
        types = {n: v for n, v in vars(module).items() if isinstance(v, type)}
        return {n for n, v in types.items() if issubclass(v, kind) and "Standard" not in n}

    models = public(mock, standardmodels.StandardModelType)
    every = public(connectors, connectors.Connector) - {"MapConnector", "FixedNumberConnector"}
    functions = {n for n in dir(mock) if n.islower() and callable(getattr(mock, n))} - {
        "defaultdict", "namedtuple", "copy", "datetime", "deepcopy", "warn", "filter_by_variables",
        "gather_array", "gather_blocks", "gather_dict", "get_io", "get_mpi_comm", "mpi_sum",
        "remove_duplicate_spiketrains", "rename_existing", "safe_makedirs", "repeat",
        "build_translations", "e", "pi", "arccos", "arcsin", "arctan", "arctan2", "ceil", "cos",
        "cosh", "exp", "fabs", "floor", "fmod", "hypot", "ldexp", "log", "log10", "maximum",
        "minimum", "modf", "power", "sin", "sinh", "sqrt", "tan", "tanh",
    }  # fmt: skip
    others = {"Network", "Space", "errors", "random", "space", "NumpyRNG", "RandomDistribution",
              "Population", "PopulationView", "Assembly", "Projection", "set"}  # fmt: skip
    assert len(models) > 15 and len(every) > 10 and len(functions) > 15
    assert not {n for n in models | every | functions | others if not hasattr(sim, n)}


def test_deprecated_functions():
    with pytest.warns(DeprecationWarning):
        population = sim.create(sim.IF_curr_exp(), n=2)
        sim.connect(population[0], population[1], weight=0.1, delay=0.5)
        sim.set(population, tau_m=10.0)
        sim.initialize(population, v=-60.0)
    assert population.get("tau_m") == 10.0
    assert sim.state.projections[0].get("weight", "list") == [(0, 0, 0.1)]
    assert "IF_curr_exp" in sim.list_standard_models()


def test_report_without_a_run():
    cells()
    assert "3 neurons and 0 connections on 1 chip" in str(sim.mapping_report())
    assert sim.get_current_time() == 0.0
