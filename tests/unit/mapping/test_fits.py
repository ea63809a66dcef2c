"""Fits of all circuits at once, against curves whose parameters are known."""

import numpy as np
import pytest

from pynn_bss2sim.mapping.calibration import fits


def test_exponentials_are_found_within_the_noise():
    rng = np.random.default_rng(1)
    time = np.linspace(0.05, 5, 80)
    tau = np.exp(rng.normal(0, 0.35, 300))
    size = rng.choice([-1.0, 1.0], 300) * rng.uniform(20, 60, 300)
    clean = 500 + size * np.exp(-time[:, np.newaxis] / tau)
    found = fits.exponential(time, clean)
    assert np.allclose(found, (tau, size, np.full(300, 500.0)), rtol=1e-6)
    noisy, _, _ = fits.exponential(time, clean + rng.normal(0, 0.2, clean.shape))
    # three parameters: the error of tau is a few times noise / size / sqrt(samples within tau)
    assert np.std(noisy / tau - 1) < 0.01


def test_a_trace_without_decay_has_no_time_constant():
    time = np.linspace(0, 1, 50)
    straight = np.stack([time, 3 - 2 * time], axis=1)
    assert np.isnan(fits.exponential(time, straight)[0]).all()


def test_power_laws_with_a_shifted_code():
    code = np.array([12, 35, 100, 300, 1000])
    factor, shift = np.array([200.0, 300.0, 90.0]), np.array([0.0, 3.0, -2.0])
    value = factor * (code[:, np.newaxis] + shift) ** -0.72
    assert np.allclose(fits.shifted_power(code, value, -0.72), (factor, shift), atol=1e-9)


def test_points_that_are_nan_are_left_out_and_one_point_is_no_line():
    code = np.array([[1.0], [2.0], [4.0]])
    value = 3.0 * code + np.array([5.0, 6.0])
    value[1, 0] = np.nan
    assert np.allclose(fits.affine(code, value), ([3, 3], [5, 6]))
    value[2, 0] = np.nan
    assert np.isnan(fits.affine(code, value)[0]).tolist() == [True, False]


@pytest.mark.parametrize("tau_rise", [0.5, 4.0, 9.0])
def test_psp_solves_the_membrane_equation(tau_rise):
    step = 1e-3
    time = np.arange(0, 40, step)
    shape = fits.psp(time, np.array([tau_rise]), np.array([4.0]))[:, 0]
    slope = np.diff(shape) / step
    middle = (shape[1:] + shape[:-1]) / 2
    drive = np.exp(-(time[1:] + time[:-1]) / 2 / tau_rise)
    assert np.abs(slope - (drive - middle / 4.0)).max() < 2e-3
