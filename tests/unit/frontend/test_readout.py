"""Recording through the converters of the chip."""

import numpy as np
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim import ReadoutError
from pynn_bss2sim._core.readout import Cadc, Madc

DT = 0.1


@pytest.fixture(autouse=True)
def begin():
    sim.setup(timestep=DT, chip="quantized")


def cells(n=4, label="P", cell=sim.IF_curr_exp, **parameters):
    parameters = {"i_offset": 0.9, "cm": 0.25, "tau_m": 10.0} | parameters
    return sim.Population(n, cell(**parameters), label=label)


def signals(population, segment=-1, name="v", **get):
    return population.get_data(**get).segments[segment].filter(name=name)


def voltage_gain():
    return sim.simulator.state.mapping.scaling.voltage_gain[0]


@pytest.mark.parametrize(("device", "converter"), [("madc", Madc), ("cadc", Cadc)])
def test_a_quiet_converter_reads_what_a_probe_shows(device, converter):
    """Within half a step of the converter, and not better."""
    population = cells()
    population.record("v")
    population[1:2].record("v", device=device)
    sim.run(30.0)
    probe, read = signals(population)
    assert "device" not in probe.annotations and read.annotations["device"] == device
    expected = np.interp(read.times.magnitude, probe.times.magnitude, probe.magnitude[:, 1])
    half = 0.5 / converter.nominal().transfer.gain[0] / voltage_gain()
    error = np.abs(read.magnitude[:, 0] - expected)
    assert 0.5 * half < error.max() <= half * (1 + 1e-9)


def test_times_of_the_madc():
    population = cells()
    population[2:3].record("v", device="madc")
    sim.run(10.0)
    (v,) = signals(population)
    assert v.shape == (int(10 / 0.034) + 1, 1)
    assert (v.t_start, v.sampling_period) == (0.0, 0.034)
    assert str(v.units.dimensionality) == "mV"
    assert v.annotations["channel_ids"].tolist() == [3]
    notes = {k: a.tolist() for k, a in v.array_annotations.items()}
    assert notes == {"channel_index": [2], "chip": [0], "column": [2], "adc_channel": [0]}


def test_two_neurons_take_turns():
    population = cells()
    population[[0, 3]].record("v", device="madc")
    sim.run(10.0)
    first, second = signals(population)
    assert [s.t_start.item() for s in (first, second)] == [0.0, 0.034]
    assert [s.sampling_period.item() for s in (first, second)] == [0.068, 0.068]
    assert [s.array_annotations["adc_channel"].tolist() for s in (first, second)] == [[0], [1]]


def test_the_parity_rule():
    population = cells()
    population[[1, 3]].record("v", device="madc")
    with pytest.raises(ReadoutError, match=r"P\[1\] in column 1, P\[3\] in column 3") as error:
        sim.run(1.0)
    assert "beside P[1], P[0] or P[2] can be" in str(error.value)
    population.record(None)
    population[[1, 2]].record("v", device="madc")
    sim.run(1.0)
    assert len(signals(population)) == 2


def test_a_pinned_neuron_changes_its_parity():
    population = cells()
    sim.place(population, circuits=[0, 1, 2, 4])
    population[[1, 3]].record("v", device="madc")
    sim.run(1.0)
    assert [s.array_annotations["column"].item() for s in signals(population)] == [1, 4]


def test_each_chip_has_a_madc_of_its_own():
    population = cells(1030)
    population[[0, 1, 512, 513, 1024]].record("v", device="madc")
    sim.run(0.5)
    read = signals(population)
    assert [s.array_annotations["chip"].item() for s in read] == [0, 0, 1, 1, 2]
    assert [s.sampling_period.item() for s in read] == [0.068] * 4 + [0.034]


def test_three_neurons_are_too_many():
    population = cells()
    population[:3].record("v", device="madc")
    with pytest.raises(ReadoutError, match="reads one neuron in an even and one in an odd column"):
        sim.run(1.0)


def test_times_of_the_cadc():
    population = cells()
    population.record("v", device="cadc")
    sim.run(20.0)
    (v,) = signals(population)
    assert v.shape == (int(20 / 1.7) + 1, 4)
    assert (v.t_start, v.sampling_period) == (0.0, 1.7)
    assert v.array_annotations["adc_channel"].tolist() == [0, 1, 2, 3]


def test_period_of_the_cadc():
    population = cells()
    with pytest.raises(ReadoutError, match=r"sampling_interval=1.6 ms.*1.7 ms is the shortest"):
        population.record("v", device="cadc", sampling_interval=1.6)
    with pytest.raises(ValueError, match="no multiple of the time step"):
        population.record("v", device="cadc", sampling_interval=2.03)
    population.record("v", device="cadc", sampling_interval=2.5)
    with pytest.raises(ValueError, match=r"2.5 ms is in use"):
        population.record("v", device="cadc", sampling_interval=3.0)
    population.record("v", sampling_interval=0.2)
    sim.run(20.0)
    assert [s.sampling_period.item() for s in signals(population)] == [0.2, 2.5]


def test_period_of_the_cadc_is_a_multiple_of_the_time_step():
    sim.setup(timestep=0.3, chip="quantized")
    population = cells()
    population.record("v", device="cadc")
    sim.run(9.0)
    assert signals(population)[0].sampling_period.item() == pytest.approx(1.8)


@pytest.mark.parametrize(("device", "largest"), [("madc", 1023), ("cadc", 255)])
def test_raw_readings(device, largest):
    population = cells()
    population[:1].record("v", device=device, units="raw")
    population.record("v")
    sim.run(30.0)
    probe, read = signals(population)
    assert str(read.units.dimensionality) == "dimensionless"
    raw = read.magnitude
    assert (raw == np.round(raw)).all() and 0 < raw.min() < raw.max() < largest
    low, high = probe.magnitude[:, 0].min(), probe.magnitude[:, 0].max()
    gain = (Madc if device == "madc" else Cadc).nominal().transfer.gain[0] * voltage_gain()
    assert np.ptp(raw) == pytest.approx((high - low) * gain, abs=2)


def test_adaptation():
    population = cells(cell=sim.EIF_cond_exp_isfa_ista, tau_m=9.37, i_offset=1.0)
    population[:1].record("w", device="madc")
    population.record("w")
    sim.run(30.0)
    probe, read = signals(population, name="w")
    assert str(read.units.dimensionality) == "nA"
    expected = np.interp(read.times.magnitude, probe.times.magnitude, probe.magnitude[:, 0])
    assert np.ptp(expected) > 0.01
    assert read.magnitude[:, 0] == pytest.approx(expected, abs=0.1 * np.ptp(expected))


@pytest.mark.parametrize("splits", [[12.3], [0.1] * 5 + [5.7, 6.1]])
@pytest.mark.parametrize("device", ["madc", "cadc"])
def test_splitting_a_run_changes_nothing(device, splits):
    population = cells()
    population[[0, 1]].record("v", device=device)
    for t in splits:
        sim.run(t)
    whole = [s.magnitude.copy() for s in signals(population)]
    times = [s.t_start.item() for s in signals(population)]
    sim.reset()
    sim.run(sum(splits))
    again = signals(population)
    assert [s.t_start.item() for s in again] == times
    assert all(np.array_equal(a, b.magnitude) for a, b in zip(whole, again, strict=True))


def test_clearing_and_going_on():
    population = cells()
    population[:1].record("v", device="madc")
    sim.run(5.0)
    first = signals(population, clear=True)[0]
    sim.run(5.0)
    second = signals(population)[0]
    assert first.t_stop.item() == pytest.approx(second.t_start.item())
    sim.reset()
    sim.run(10.0)
    both = np.concatenate([first.magnitude, second.magnitude])
    assert np.array_equal(both, signals(population)[0].magnitude)


def test_a_recording_that_begins_later():
    population = cells()
    sim.run(1.7)
    population[:1].record("v", device="madc")
    population[1:].record("v", device="cadc")
    sim.run(5.0)
    madc, cadc = signals(population)
    assert madc.shape == (0, 1), "the MADC takes 8 ms until its samples are valid"
    assert cadc.t_start == 1.7 and cadc.shape == (3, 3)
    sim.run(5.0)
    madc, cadc = signals(population)
    assert 9.7 <= madc.t_start < 9.734 and cadc.t_start == 1.7
    assert madc.shape == (59, 1) and cadc.shape == (6, 3)
    sim.reset()
    sim.run(1.7)
    madc, cadc = signals(population)
    assert madc.t_start == 0.0 and madc.shape == (51, 1), "it runs on between segments"


def test_more_samples_of_the_cadc_than_the_chip_has_memory_for_are_told_once(caplog):
    population = cells()
    population.record("v", device="cadc")
    sim.run(169.0)  # 100 samples, 1.7 ms apart
    assert not caplog.messages
    sim.run(1.0)
    (message,) = caplog.messages
    assert message.startswith("P: 101 samples of the CADC 1.7 ms apart")
    assert "there is memory for 100. Give a sampling_interval of 6 ms" in message
    sim.run(100.0)
    assert len(caplog.messages) == 1
    assert signals(population)[0].shape == (159, 4), "they are recorded all the same"


def test_slow_samples_of_the_cadc_have_more_memory(caplog):
    population = cells()
    population.record("v", device="cadc", sampling_interval=6.0)
    sim.run(1000.0)
    assert not caplog.messages


def test_a_second_neuron_in_the_middle_of_a_segment():
    population = cells()
    population[:1].record("v", device="madc")
    sim.run(2.0)
    population[1:2].record("v", device="madc")
    with pytest.raises(ReadoutError, match=r"P: the MADC of chip 0 .* Call reset\(\)"):
        sim.run(1.0)
    assert len(signals(population)) == 1
    sim.reset()
    sim.run(2.0)
    assert [len(s.filter(name="v")) for s in population.get_data().segments] == [1, 2]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (lambda p: p.record("v", device="scope"), "device='scope'; choose one of 'probe', 'madc'"),
        (lambda p: p.record("v", device="madc", units="LSB"), "units='LSB'"),
        (lambda p: p.record("v", units="raw"), "a probe has no LSB"),
        (lambda p: p.record("v", device="madc", sampling_interval=0.1), "the MADC has its own"),
        (lambda p: p.record(["v", "isyn_exc"], device="cadc"), "cannot record 'isyn_exc'"),
    ],
)
def test_refused(record, message):
    population = cells()
    with pytest.raises(ValueError, match=f"^P: .*{message}"):
        record(population)
    sim.run(0.1)
    assert not population.get_data().segments[0].analogsignals


def test_one_output_of_a_neuron():
    population = cells(cell=sim.EIF_cond_exp_isfa_ista)
    with pytest.raises(ReadoutError, match="one variable of a neuron, not v and w"):
        population.record(["v", "w"], device="cadc")
    population[:2].record("v", device="cadc")
    population[2:].record("w", device="madc")
    with pytest.raises(ReadoutError, match="cell 0: 'v' is recorded with device='cadc'"):
        population.record("w", device="madc")
    with pytest.raises(ReadoutError, match="in physical units already"):
        population.record("v", device="cadc", units="raw")


def test_membranes_without_voltage():
    sim.setup(timestep=DT, chip="ideal")
    population = cells()
    with pytest.raises(ReadoutError, match="parameters='10bit', such as 'quantized'"):
        population.record("v", device="cadc")


def test_assemblies_cells_and_files(tmp_path):
    first, second = cells(label="P"), cells(label="Q")
    (first + second).record(["spikes", "v"], device="cadc")
    with pytest.warns(DeprecationWarning):
        sim.record("v", second[1], str(tmp_path / "q.pkl"), device="madc", units="raw")
    sim.run(20.0)
    data = (first + second).get_data()
    assert len(data.segments[0].spiketrains) == 8
    read = data.segments[0].filter(name="v")
    assert [s.annotations["device"] for s in read] == ["cadc", "madc"]
    assert [s.shape[1] for s in read] == [8, 1]
    assert [s.array_annotations["channel_index"].tolist() for s in read] == [[*range(8)], [5]]
    sim.end()
    import neo

    block = neo.PickleIO(str(tmp_path / "q.pkl")).read_block()
    assert [s.annotations["device"] for s in block.segments[0].analogsignals] == ["madc", "cadc"]


def test_a_diverging_cell_keeps_what_was_read():
    """The last samples may be infinite or NaN, and are stored before the error is raised."""
    population = cells()
    population[:1].record("v", device="cadc", units="raw")
    sim.run(5.0)
    (track,) = population.recorder.tracks()
    for value, raw in ((np.nan, 255), (np.inf, 255), (-np.inf, 0)):
        read = sim.state.readout.read(track, np.array([0]), np.array([[value]]), 51, 0)
        assert read.tolist() == [[raw]]


def test_converters_of_particular_chips():
    """Uncalibrated converters are off by what their channels are off, each chip in its own way."""
    sim.setup(timestep=DT, chip=sim.ChipModel.uncalibrated(noise=False, seed=3))
    population = cells(514, i_offset=0.0)
    population.record("v")
    population.record("v", device="cadc", units="raw")
    sim.run(40.0)
    probe, raw = (s.magnitude[-1] for s in signals(population))
    scaling = sim.state.mapping.scaling
    neuron = np.arange(514)
    volts = probe * scaling.voltage_gain + scaling.voltage_offset
    off = raw - np.clip(Cadc.nominal().transfer.to_lsb(volts, neuron % 512), 0, 255)
    assert 5 < off[:512].std() < 20
    assert not np.allclose(off[:2], off[512:], atol=1)


@pytest.mark.parametrize(("device", "noise"), [("madc", 1.2), ("cadc", 1.0)])
def test_noise_of_the_converters(device, noise):
    """The difference to the same reading without noise of converters; of the same chip, trials
    and streams apart."""
    chip = sim.ChipModel.uncalibrated(seed=5)
    sim.setup(timestep=DT, chip=chip)
    population = cells(1, i_offset=0.0)
    population.record("v")
    population.record("v", device=device, units="raw")
    trials = []
    for _ in range(2):
        sim.run(3000.0)
        probe, raw = signals(population)
        readout = sim.state.readout
        scaling = sim.state.mapping.scaling
        at = np.interp(raw.times.magnitude, probe.times.magnitude, probe.magnitude[:, 0])
        volts = (at * scaling.voltage_gain + scaling.voltage_offset)[:, np.newaxis]
        quiet = readout._converter(device, 0)[0].transfer.to_lsb(volts, [0])
        trials.append((raw.magnitude - quiet)[:, 0])
        sim.reset()
    n = len(trials[0])
    for difference in trials:
        expected = noise**2 + 1 / 12
        assert difference.var() == pytest.approx(expected, rel=5 * np.sqrt(2 / n))
        assert abs(difference.mean()) < 5 * np.sqrt(expected / n)
    assert abs(np.corrcoef(trials)[0, 1]) < 5 / np.sqrt(n)
