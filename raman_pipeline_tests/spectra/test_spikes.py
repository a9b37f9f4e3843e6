import numpy as np
import pytest

from raman_pipeline.spectra.spikes import without_spikes


def bands(step, fwhm=6.0, noise=0.0):
    x = np.arange(100, 1200, step)
    y = sum(
        h / (1 + ((x - at) / (fwhm / 2)) ** 2) for at, h in ((350.3, 1), (353.9, 0.4), (800, 0.1))
    )
    return x, 1000 * y + 1000 * noise * np.random.default_rng(0).standard_normal(x.size)


@pytest.mark.parametrize("fwhm", [2.0, 3.5, 20])
@pytest.mark.parametrize("noise", [0, 0.003, 0.1])
def test_bands_of_two_points_and_more_and_noise_are_no_spikes(fwhm, noise):
    x, y = bands(fwhm / 2, fwhm, noise)
    (kept,), (spikes,) = without_spikes(x, y[None])
    assert spikes == 0 and np.array_equal(kept, y)


@pytest.mark.parametrize("step", [3.0, 8.0, 33.0])
@pytest.mark.parametrize("points_wide", [0.2, 0.5, 1])
def test_at_wide_steps_bands_of_one_point_are_no_spikes(step, points_wide):
    x, y = bands(step, step * points_wide)
    (kept,), (spikes,) = without_spikes(x, y[None])
    assert spikes == 0 and np.array_equal(kept, y)


@pytest.mark.parametrize("at", [40, 250, 251, 600])
@pytest.mark.parametrize("beside", [0, 0.1, 0.9])
def test_a_spike_of_one_or_two_points_is_removed(at, beside):
    x, clean = bands(1.0, 10.0, 0.003)
    y = clean.copy()
    y[at : at + 2] += [2500, 2500 * beside]
    (found,), (spikes,) = without_spikes(x, y[None])
    assert spikes == 1
    assert np.abs(found - clean).max() < 0.15 * np.ptp(clean)
    assert np.array_equal(
        np.delete(found, np.r_[at - 2 : at + 4]), np.delete(clean, np.r_[at - 2 : at + 4])
    )


@pytest.mark.parametrize("points", [0, 5, 15, 16])
def test_short_and_flat_spectra_stay(points):
    (values,), (spikes,) = without_spikes(np.arange(points), np.full((1, points), 3.0))
    assert values.tolist() == [3.0] * points and spikes == 0
