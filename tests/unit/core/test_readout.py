"""Converters: transfer, range, noise, sample times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.readout import Cadc, Madc, NoiseStream, Sampling, Transfer, madc_period

QUIET = Madc.nominal(noise=0.0), Cadc.nominal(noise=0.0)


@pytest.mark.parametrize(
    ("converter", "to_mv"), [(QUIET[0], curves.madc_to_mv), (QUIET[1], curves.cadc_to_mv)]
)
def test_readings_lie_within_half_a_step_of_the_voltage(converter, to_mv):
    volts = np.linspace(to_mv(0), to_mv(converter.largest), 997)[:, np.newaxis]
    raw = converter.convert(volts, [1])
    back = converter.transfer.to_mv(raw, [1])
    step = to_mv(1) - to_mv(0)
    assert np.abs(back - volts).max() <= step / 2 * (1 + 1e-9)
    assert np.abs(back - volts).max() > 0.4 * step


@pytest.mark.parametrize(("converter", "largest"), [(QUIET[0], 1023), (QUIET[1], 255)])
def test_readings_end_at_the_ends_of_the_range(converter, largest):
    raw = converter.convert(np.array([[-1e9, -np.inf, 1e9, np.inf]]), [0, 1, 0, 1])
    assert raw.dtype == np.uint16
    assert raw.tolist() == [[0, 0, largest, largest]]


def test_scale_of_the_fact_sheet():
    """A volt lies at 685 LSB of the MADC and at 209 LSB of the CADC."""
    madc, cadc = QUIET
    assert madc.convert([[1000.0]], [0]) == 27 + 658
    assert cadc.convert([[1000.0]], [0]) == 222 - 13


def test_transfer_and_inverse_by_channel():
    transfer = Transfer([0.5, 2.0], [10.0, -3.0])
    volts = np.array([[4.0, 5.0], [6.0, 7.0]])
    assert transfer.to_lsb(volts, [0, 1]).tolist() == [[12.0, 7.0], [13.0, 11.0]]
    assert transfer.to_mv([[12, 7], [13, 11]], [0, 1]).tolist() == volts.tolist()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Transfer([1.0, 0.0], [0.0, 0.0]), "0 at channel 1"),
        (lambda: Transfer([1.0, np.nan], [0.0, 0.0]), "finite"),
        (lambda: Transfer([1.0, 1.0], [0.0]), "shape"),
        (lambda: Madc.nominal(noise=-1.0), "noise"),
        (lambda: QUIET[0].convert([[np.nan]], [0]), "NaN"),
        (lambda: QUIET[0].convert([[1.0]], [2]), "channels 2 to 2; there are 0 to 1"),
        (lambda: QUIET[0].convert([[1.0]], [-1]), "channels -1"),
        (lambda: madc_period(adjust=8), "adjust=8"),
        (lambda: madc_period(scale=-1), "scale=-1"),
        (lambda: Sampling(0.0, 0.1), "period=0"),
        (lambda: Sampling(0.1, 0.1, -1.0), "phase=-1"),
        (lambda: Sampling(0.1, 0.1).sample(np.zeros((3, 1)), 5, 2), "sample 2 is taken at step 2"),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_correction_of_the_column_converters():
    """It is added behind the converter, which has then saturated already."""
    correction = np.zeros(1024, int)
    correction[:3] = 5, -20, 127
    cadc = Cadc(QUIET[1].transfer, noise=0.0, correction=correction)
    volts = np.repeat(curves.cadc_to_mv(np.array([10.0, 100.0, 400.0]))[:, np.newaxis], 4, axis=1)
    assert cadc.convert(volts, [0, 1, 2, 3]).tolist() == [
        [15, 0, 137, 10],
        [105, 80, 227, 100],
        [255, 235, 255, 255],
    ]
    with pytest.raises(ValueError, match="-129 at channel 7"):
        Cadc(QUIET[1].transfer, correction=np.where(np.arange(1024) == 7, -129, 0))


@pytest.mark.parametrize("converter", [Madc.nominal(), Cadc.nominal()])
def test_noise_of_a_static_voltage(converter):
    """Standard deviation: noise and rounding, sqrt(s^2 + 1/12), averaged over levels."""
    n, channels = 4000, np.arange(2)
    volts = curves.cadc_to_mv(100 + np.linspace(0, 1, 25))[:, np.newaxis]
    stream = NoiseStream(3, (1,), width=2)
    spread = []
    for k, v in enumerate(volts):
        raw = converter.convert(np.full((n, 2), v), channels, stream.rows(k * n, n))
        spread.append(raw.var())
    expected = converter.noise**2 + 1 / 12
    total = 2 * n * len(volts)
    # the variance of N normals has a relative standard deviation of sqrt(2 / N)
    assert np.mean(spread) == pytest.approx(expected, rel=5 * np.sqrt(2 / total))


@given(
    width=st.sampled_from([1, 3, 512, 9000]),
    first=st.integers(0, 20000),
    cuts=st.lists(st.integers(0, 300), max_size=4),
)
def test_streams_do_not_depend_on_how_they_are_read(width, first, cuts):
    if width > 500:
        first, cuts = first % 40, [c % 10 for c in cuts]
    stream = NoiseStream(7, (2, 0), width)
    whole = stream.rows(first, sum(cuts))
    at = first + np.concatenate([[0], np.cumsum(cuts)]).astype(int)
    parts = [stream.rows(int(a), int(b - a)) for a, b in zip(at[:-1], at[1:], strict=True)]
    assert np.array_equal(whole, np.concatenate([np.empty((0, width)), *parts]))


def test_streams_differ():
    paths = [(1, ()), (2, ()), (1, (0,)), (1, (1,)), (1, (0, 1))]
    rows = [NoiseStream(seed, path, 4).rows(0, 500).ravel() for seed, path in paths]
    correlation = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(correlation).max() < 5 / np.sqrt(2000)
    blocks = NoiseStream(1, (), 1).rows(0, 16384)[:, 0]
    assert abs(np.corrcoef(blocks[:8192], blocks[8192:])[0, 1]) < 5 / np.sqrt(8192)


def test_sample_rates_of_the_fact_sheet():
    assert madc_period() == 0.034
    assert 1 / madc_period(adjust=0) == pytest.approx(500 / 12)
    assert madc_period(scale=0) == 0.068 and madc_period(adjust=7, scale=15) == 19 * 32 / 500
    times = [Sampling.madc(0.1, 2, k).time(np.arange(3)) for k in range(2)]
    assert times[0] == pytest.approx([0, 0.068, 0.136])
    assert times[1] == pytest.approx([0.034, 0.102, 0.17])


def test_samples_lie_on_straight_lines():
    sampling = Sampling(0.034, 0.1)
    line = np.stack([np.arange(6.0), -3.0 * np.arange(6)], axis=1)
    values = sampling.sample(line, 0, 0)
    assert len(values) == sampling.count_until(5) == 15
    assert values[:, 0] == pytest.approx(sampling.time(np.arange(15)) / 0.1)
    assert values[:, 1] == pytest.approx(-3 * values[:, 0])
    kink = sampling.sample([[0.0], [0.0], [1.0]], 0, 0)[:, 0]
    assert kink[:3].tolist() == [0, 0, 0] and kink[3] == pytest.approx(0.02)


@pytest.mark.parametrize("timestep", [0.1, 0.01, 0.034, 1.0])
def test_a_sample_at_a_step_is_the_value_there(timestep):
    """Both products, of sample number and of step, are rounded, and may not fall apart."""
    sampling = Sampling(0.034, timestep)
    for step in 17 * np.arange(300):
        number = round(step * timestep / 0.034)
        assert sampling.count_until(step) == number + 1
        assert sampling.first_from(step) == number
        assert sampling.first_from(step + 1) == sampling.count_until(step + 1) - (timestep == 0.034)
        assert sampling.sample([[4.0]], step, number).tolist() == [[4.0]]


@given(
    period=st.sampled_from([0.034, 0.068, 1.7, 0.1, 0.013]),
    timestep=st.sampled_from([0.1, 0.01, 0.025, 1.0]),
    phase=st.sampled_from([0.0, 0.034, 5.05]),
    cuts=st.lists(st.integers(0, 40), min_size=1, max_size=5),
)
def test_splitting_a_run_changes_no_sample(period, timestep, phase, cuts):
    sampling = Sampling(period, timestep, phase)
    steps = sum(cuts)
    trace = np.random.default_rng(1).normal(size=(steps + 1, 2))
    whole = sampling.sample(trace, 0, 0)
    at, taken, parts = 0, 0, []
    for n in cuts:
        parts.append(sampling.sample(trace[at : at + n + 1], at, taken))
        taken += len(parts[-1])
        at += n
    assert taken == sampling.count_until(steps) == len(whole)
    assert np.array_equal(np.concatenate(parts), whole)
    times = sampling.time(np.arange(taken))
    assert (times <= steps * timestep + 1e-9).all()
    assert sampling.time(taken) > steps * timestep - 1e-9


def test_converters_of_a_chip_have_deviations_of_their_own():
    device = Device(seed=2)
    own = device.deviations
    cadc, madc = Cadc.of_device(device).transfer, Madc.of_device(device).transfer
    assert len(cadc) == 1024
    # acausal channel of circuit 300: hemisphere 1, column 44, quadrant 2
    shift = own.cadc_offset[1, 44, 1] + own.cadc_quadrant[2]
    assert cadc.offset[512 + 300] == pytest.approx(chip.CADC_OFFSET + shift)
    assert cadc.gain[512 + 300] == chip.CADC_PER_MV * own.cadc_gain[1, 44, 1]
    assert madc.gain == pytest.approx(chip.MADC_PER_MV * own.madc_gain)
    assert madc.offset == pytest.approx(chip.MADC_OFFSET + own.madc_offset)


def test_offsets_of_column_converters_spread_by_less_than_published():
    spreads = [Cadc.of_device(Device(seed=s)).transfer.offset.std() for s in range(5)]
    assert 10 < min(spreads) < max(spreads) < 20


def test_converters_of_the_nominal_chip_are_the_nominal_ones():
    for kind in (Cadc, Madc):
        one, other = kind.of_device(Device()).transfer, kind.nominal().transfer
        assert np.array_equal(one.gain, other.gain)
        assert np.array_equal(one.offset, other.offset)
