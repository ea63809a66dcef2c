"""What calibrations achieve on chips whose deviations they do not know."""

import ast
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as facts
from pynn_bss2sim._core.config import ChipConfig, RowMode
from pynn_bss2sim._core.device import LINE_ENABLE, LINE_GM, LINE_HIGH_RESISTANCE, Device
from pynn_bss2sim.mapping import calibration as package
from pynn_bss2sim.mapping.calibration import (
    Bench,
    calibrated,
    drivers,
    lines,
    meter,
    potentials,
    quality,
)
from pynn_bss2sim.mapping.calibration.bench import PULSE_ROWS, pulse_registers
from pynn_bss2sim.mapping.calibration.fits import psp
from pynn_bss2sim.mapping.calibration.lines import measure_tau_syn
from pynn_bss2sim.mapping.calibration.membrane import measure_tau_mem
from pynn_bss2sim.mapping.calibration.meter import (
    CAPACITANCE,
    CIRCUITS,
    NOMINAL,
    Meter,
    registers,
)
from pynn_bss2sim.mapping.calibration.potentials import (
    measure_leak,
    measure_reset,
    measure_threshold,
)
from pynn_bss2sim.mapping.calibration.quality import TARGETS, realised
from pynn_bss2sim.mapping.calibration.record import mended
from pynn_bss2sim.mapping.chips import NEUTRAL_TRIMS

#: Largest ratios of the spreads after and before that the real chip's calibration is tested for
#: (calix: test_neuron_distribution.py).
LIMITS = {
    "leak": 0.30,
    "reset": 0.20,
    "threshold": 0.35,
    "tau_mem": 0.45,
    "tau_syn_exc": 0.20,
    "tau_syn_inh": 0.20,
}
#: Where the real chip can be calibrated to (calix: spiking/neuron.py), with what may remain.
RANGES = [
    ("leak", curves.cadc_to_mv(50), 12.0),
    ("leak", curves.cadc_to_mv(160), 12.0),
    ("reset", curves.cadc_to_mv(50), 12.0),
    ("reset", curves.cadc_to_mv(160), 12.0),
    ("threshold", curves.cadc_to_mv(60), 16.0),
    ("threshold", curves.cadc_to_mv(200), 16.0),
    *(("tau_mem", tau, 0.12 * tau) for tau in (0.5, 2.0, 20.0, 60.0)),
    *(("tau_syn_exc", tau, 0.12 * tau) for tau in (0.3, 1.0, 5.0)),
    *(("tau_syn_inh", tau, 0.12 * tau) for tau in (0.3, 1.0, 5.0)),
    # the slowest take small codes, of which one is worth much
    *((name, 30.0, 6.0) for name in ("tau_syn_exc", "tau_syn_inh")),
]


#: What the measurements must not know.
HIDDEN = {"Device", "Deviations", "deviations", "weight_steps", "Emulator"}


@cache
def chip():
    device = Device(seed=0)
    return device, calibrated(device)


def trimmed(values):
    """Standard deviation without the 5 % that lie farthest out."""
    order = np.argsort(np.abs(values - np.median(values)))
    return values[order[: round(0.95 * len(values))]].std()


#: Sample standard deviations of 512 circuits are off by 1 / sqrt(2 * 511), relatively: three and a
#: half of that, for one and for the ratio of two.
SAMPLED = 3.5 / np.sqrt(2 * (CIRCUITS - 1))
RATIO = np.sqrt(2) * SAMPLED


def left_of_leaks():
    """Standard deviation of calibrated leak potentials, mV: what codes and measurement leave.

    The cells' own errors at the codes of the measurement and at the one that is chosen, its
    rounding, noise of the readings, of trials, and of the converter's calibration.
    """
    (slope,) = NOMINAL.leak.factor
    code = np.array(potentials._LEAK_CODES, float)
    away = float(NOMINAL.leak.code(TARGETS["leak"])[0]) - code.mean()
    leverage = 1 / 3 + away**2 / ((code - code.mean()) ** 2).sum()
    cell = (slope * facts.SPREAD_VOLTAGE_CELL) ** 2
    # 64 readings of a membrane that remembers its noise
    time = facts.CADC_PERIOD * np.arange(64)
    tau = NOMINAL.tau_mem.value(300)
    membrane = (facts.NOISE_MEMBRANE / facts.CADC_PER_MV) ** 2
    membrane *= np.exp(-np.abs(time[:, np.newaxis] - time) / tau).mean()
    converter = (facts.CADC_NOISE**2 + 1 / 12) / facts.CADC_PER_MV**2
    trial = (facts.NOISE_TRIAL / facts.MADC_PER_MV) ** 2
    low, high = meter._REFERENCES
    known = ((high - TARGETS["leak"]) ** 2 + (TARGETS["leak"] - low) ** 2) / (high - low) ** 2
    known *= converter / meter._READINGS
    point = cell + membrane + converter / 64 + trial
    return np.sqrt(point * leverage + known + cell + slope**2 / 12)


@pytest.mark.parametrize("seed", range(5))
def test_spreads_shrink_as_on_the_real_chip(seed):
    """By more than would be chance; and to what codes and measurements leave, not to less."""
    device = Device(seed=seed)
    known = Meter.adjusted(Bench(device))
    law = replace(
        NOMINAL.repeated(CIRCUITS),
        leak=measure_leak(known),
        reset=measure_reset(known),
        threshold=measure_threshold(known),
    )
    law = replace(law, **measure_tau_mem(known, law))
    law, _ = mended(replace(law, **measure_tau_syn(known, law)))
    after, before = realised(device, law, TARGETS), realised(device, NOMINAL, TARGETS)
    for name, limit in LIMITS.items():
        assert trimmed(after[name]) / trimmed(before[name]) < limit / (1 + RATIO), name
        assert abs(np.median(after[name]) / TARGETS[name] - 1) < 0.03, name
    assert after["leak"].std() == pytest.approx(left_of_leaks(), rel=SAMPLED)
    far = np.abs(after["threshold"] - TARGETS["threshold"]) > 8 / facts.CADC_PER_MV
    assert far.mean() < 0.05  # calix: test_neuron_threshold_calibration.py


@pytest.mark.parametrize(("name", "target", "tolerance"), RANGES)
def test_targets_are_met_over_the_range_of_the_real_chip(name, target, tolerance):
    device, calibration = chip()
    values = realised(device, calibration.characteristics, {**TARGETS, name: target})[name]
    assert np.mean(np.abs(values - target) < tolerance) > 0.9


def test_how_fast_resets_are_is_measured():
    """Of the fastest, by which neurons are held, and of a slower one that all circuits reach."""
    device, calibration = chip()
    law = calibration.characteristics.tau_reset
    fastest = realised(device, calibration.characteristics, {**TARGETS, "tau_reset": 0.01})
    measured = law.value(law.high)
    assert measured.std() > 0.15 * measured.mean()
    assert np.abs(measured / fastest["tau_reset"] - 1).mean() < 0.01
    slower = realised(device, calibration.characteristics, {**TARGETS, "tau_reset": 1.0})
    assert np.abs(slower["tau_reset"] - 1.0).max() < 0.03


@pytest.mark.parametrize("tau", [0.3, 2.0, 32.0])
def test_refractory_times_are_counted_by_a_clock(tau):
    """No circuit deviates: a cycle of the fastest clock that reaches is all that is lost."""
    device, calibration = chip()
    rows = quality(device, calibration, {"tau_refrac": tau}).rows
    (row,) = (row for row in rows if row.parameter == "tau_refrac")
    assert row.mean == pytest.approx(tau, abs=max(0.0041, tau / 254 / 2))
    assert row.spread == row.spread_before == 0


def test_what_a_circuit_does_not_reach_is_flagged():
    """The slow ones of a chip do not come down to half the shortest time constant of synapses."""
    device, calibration = chip()
    law, target = calibration.characteristics, 0.15
    values = realised(device, law, {**TARGETS, "tau_syn_exc": target})["tau_syn_exc"]
    _, _, clipped = law.tau_syn_codes(0, np.full(CIRCUITS, target))
    assert 0.05 < clipped.mean() < 0.5
    assert np.abs(values[~clipped] - target).max() < 0.05 * target
    assert values[clipped].min() > 0.97 * target


def test_everything_else_comes_closer_to_its_target_too():
    """Of all circuits, not of most: few measurements fail, and none goes wrong unseen."""
    found = quality(*chip())
    rows = {row.parameter: row for row in found.rows}
    assert set(rows) == set(TARGETS)
    del rows["tau_refrac"]  # has nothing to gain
    for row in rows.values():
        after, before = (values - row.target for values in found.values[row.parameter])
        assert row.spread < 0.75 * row.spread_before, row
        assert after.std() < 0.6 * before.std(), row
        assert np.abs(after).max() < np.abs(before).max(), row
        assert abs(row.mean - row.target) < max(0.04 * row.target, 3), row
        assert row.suspects < 0.02 * CIRCUITS, row
    for name in ("tau_mem", "strength_exc", "strength_inh"):
        assert abs(rows[name].mean / rows[name].target - 1) < 0.02, name
    assert rows["strength_exc"].spread < 0.1 * rows["strength_exc"].target


def test_the_converters_are_calibrated():
    device, calibration = chip()
    raw, fast = Bench(device, seed=5).read_reference(600.0, 50)
    assert 8 < np.std(raw.mean(axis=0)) < 20  # LSB: what channels differ by
    volts = calibration.cadc.to_mv(raw, np.arange(CIRCUITS)).mean(axis=0)
    assert np.std(volts) * facts.CADC_PER_MV < 0.5
    quadrants = volts.reshape(facts.QUADRANTS, -1).mean(axis=1)
    assert np.ptp(quadrants) * facts.CADC_PER_MV < 5  # calix: test_cadc_calibration.py
    assert np.allclose(volts.mean(), 600, atol=1)
    assert np.allclose(calibration.madc.to_mv(fast, np.arange(2)).mean(axis=0), 600, atol=1)


def noise_of_pulse_lengths(repetitions):
    """Standard deviation of the pulse length of a driver, of the full one, as it is measured.

    Two columns tell it, each by the ratio of two fits of a PSP. These are least squares; the noise
    of the membrane outlasts many samples, and what one PSP ends with the next one begins with.
    """
    period, tau_mem, tau_syn = lines._PSP_SPAN / lines._SAMPLES, lines._TAU_MEM, lines._TAU_SYN
    time = period * np.arange(1, lines._SAMPLES)
    shape = psp(time, np.array([tau_syn]), np.array([tau_mem]))[:, 0]
    fit = shape - shape.mean()
    fit /= fit @ fit
    lag = time[:, np.newaxis] - time + lines._PSP_SPAN * np.arange(-1, 2)[:, np.newaxis, np.newaxis]
    membrane = (facts.NOISE_MEMBRANE / facts.CADC_PER_MV) ** 2
    membrane = membrane * np.exp(-np.abs(lag) / tau_mem).sum(axis=0)
    converter = (facts.MADC_NOISE**2 + 1 / 12) / facts.MADC_PER_MV**2
    variance = (fit @ membrane @ fit + converter * (fit @ fit)) / repetitions
    charge = drivers._WEIGHT * facts.ROWS_PER_DRIVER * facts.PSP_GM * curves.CURRENT_STEP
    length = curves.PULSE.value(facts.STP_V_EQUAL)
    return np.sqrt(variance * (1 + length**2) / 2) * CAPACITANCE / charge


def mean_pulse_lengths(device, trims):
    """What the measurement sees: axes hemisphere, driver, side.

    Both voltages are to be the same, but are not quite; each event moves the state from one of them
    towards the other, and there is no recovery.
    """
    equal = np.full((facts.QUADRANTS, facts.STP_TARGETS), facts.STP_V_EQUAL)
    config = replace(
        ChipConfig.default(),
        stp_enable=np.ones((2, 128), bool),
        stp_offset=trims,
        stp_v_charge=equal,
        stp_v_recover=equal,
    )
    found = device.driver_dynamics([config])
    event = np.arange(drivers._REPETITIONS)[:, np.newaxis]
    left = ((1 - found.use) ** event).mean(axis=0)
    return (found.charged + (found.recovered - found.charged) * left).reshape(2, 64, 2)


def test_pulses_of_drivers_under_short_term_plasticity_are_made_alike():
    """What is left is what steps of the codes leave, and noise of the measurement."""
    device, calibration = chip()
    neutral, trimmed = (
        mean_pulse_lengths(device, trims) for trims in (NEUTRAL_TRIMS, calibration.trims)
    )
    # the last codes take what lies beyond them: 2.7 and 3.1 standard deviations
    within = (calibration.trims > 0) & (calibration.trims < facts.STP_CODE_MAX)
    assert within.mean() > 0.97
    left = np.where(within.reshape(2, 64, 2), trimmed, np.nan)
    noise = noise_of_pulse_lengths(drivers._REPETITIONS)
    expected = np.hypot(facts.STP_OFFSET_STEP / np.sqrt(12), noise)
    # each quadrant by itself: three standard errors of the deviation of 64 drivers, and of the mean
    assert np.abs(np.nanstd(left, axis=1) / expected - 1).max() < 3 / np.sqrt(2 * 63)
    off = np.nanmean(left, axis=1) - curves.PULSE.value(facts.STP_V_EQUAL)
    assert np.abs(off).max() < 3 * expected / np.sqrt(64)
    assert expected < 0.2 * neutral.std(axis=1).min()


def test_a_bench_offers_registers_and_converters_only():
    public = {name for name in dir(Bench(Device(seed=0))) if not name.startswith("_")}
    assert public == {"configure", "hold", "read_reference", "rewrite", "run"}


@pytest.mark.parametrize(("mode", "sign"), [(RowMode.EXCITATORY, 1), (RowMode.INHIBITORY, -1)])
def test_current_based_events_move_membranes_of_a_bench_as_on_the_chip(mode, sign):
    bench = Bench(Device())
    line = 0 if sign > 0 else 1
    on = (LINE_ENABLE[line], LINE_HIGH_RESISTANCE[line])
    bench.configure(registers({}, on, **pulse_registers(3, mode)), 0.1)
    _, peak, _ = bench.run(4.0, (0.0,), period=4.0)
    bench.run(100.0)
    moved = peak[0].astype(float) - bench.run(4.0, period=4.0)[1][0]
    assert (sign * moved > 10).all()  # LSB; noise is 1.2


def test_psps_that_follow_one_another_are_told_apart():
    """What is left of the one before, exp(-5), would make each seem larger by as much."""
    law = NOMINAL.repeated(CIRCUITS)
    gm = {LINE_GM[0]: facts.PSP_GM}
    config, taus = lines.psp_setup(law, 0, meter.REST, gm)
    size = lines.psp_size(Meter.adjusted(Bench(Device())), config, taus)
    rows = PULSE_ROWS * curves.CURRENT_STEP * facts.PSP_GM / CAPACITANCE
    error = size.std() / np.sqrt(CIRCUITS)
    assert error < np.exp(-5) * rows / 5
    assert size.mean() == pytest.approx(rows, abs=3 * error)


def test_measurements_never_look_into_the_chip():
    """Only the bench (the chip), and what orders, judges or stores calibrations know devices."""
    folder = Path(package.__file__).parent
    judges = {"bench.py", "cache.py", "quality.py", "several.py"}
    measuring = [path for path in folder.glob("*.py") if path.name not in judges]
    assert len(measuring) > 6
    for path in measuring:
        tree = ast.parse(path.read_text())
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
                  for alias in node.names}  # fmt: skip
        assert not {name for name in names if "Bench__" in name}, path.name
        assert not names & HIDDEN, path.name


def test_the_same_chip_is_calibrated_alike():
    leaks = [measure_leak(Meter.adjusted(Bench(Device(seed=2)))) for _ in range(2)]
    assert np.array_equal(leaks[0].factor, leaks[1].factor)
    assert not np.array_equal(
        leaks[0].factor, measure_leak(Meter.adjusted(Bench(Device(seed=2), seed=9))).factor
    )


def test_a_circuit_that_cannot_be_measured_gets_the_median_law():
    law = NOMINAL.repeated(CIRCUITS)
    factor = np.random.default_rng(0).normal(1.2, 0.01, CIRCUITS)
    factor[7], factor[8] = np.nan, 3.0
    whole, suspects = mended(replace(law, leak=replace(law.leak, factor=factor)))
    assert suspects["leak"][[7, 8]].all()
    assert suspects["leak"].sum() < 5
    assert np.allclose(whole.leak.factor[[7, 8]], 1.2, atol=0.01)
    assert not suspects["reset"].any()
