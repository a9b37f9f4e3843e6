import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.spectra.peaks import find_peaks, local_maxima, modulated

AXIS = np.arange(400.0)


def bands(*centres, width=5.0, heights=None):
    heights = heights or [1.0] * len(centres)
    return sum(
        h * np.exp(-0.5 * ((AXIS - c) / width) ** 2) for c, h in zip(centres, heights, strict=True)
    )


@given(st.floats(50, 300), st.floats(2, 12))
def test_a_band_between_grid_points_is_found_and_a_low_one_does_not_count(centre, width):
    at, full_width = find_peaks(bands(centre, 380, width=width, heights=[1.0, 0.04]))
    assert at == pytest.approx([centre], abs=0.05)
    assert full_width == pytest.approx([2.355 * width], rel=0.05)


def test_local_maxima_have_the_middle_of_a_plateau_and_exceed_the_least_height():
    spectrum = np.array([0, 1, 1, 0, 3, 0, 2, 0], dtype=np.float32)
    at, heights = local_maxima(spectrum, 0.5)
    assert (at.tolist(), heights.tolist()) == ([1.5, 4, 6], [1, 3, 2])
    assert local_maxima(spectrum, 2.0)[0].tolist() == [4]


@pytest.mark.parametrize("spectrum", [np.zeros(50), np.ones(50), np.linspace(0, 1, 50)])
def test_without_peaks_a_copy_is_the_spectrum_with_noise(spectrum):
    assert len(find_peaks(spectrum)[0]) == 0
    copy = modulated(spectrum, np.random.default_rng(0), noise=0)
    np.testing.assert_allclose(copy, spectrum, atol=1e-6)


def test_heights_change_by_the_amplitude_at_most_and_the_rest_stays():
    spectrum = bands(100, 200, 300, heights=[1.0, 0.5, 0.8])
    spectrum.setflags(write=False)
    tops = []
    for seed in range(50):
        copy = modulated(spectrum, np.random.default_rng(seed), amplitude=0.1, noise=0)
        tops.append(copy[[100, 200, 300]] / [1.0, 0.5, 0.8])
        np.testing.assert_allclose(copy[140:160], spectrum[140:160], atol=1e-6)
    tops = np.array(tops)
    assert 0.9 <= tops.min() < 0.92
    assert 1.08 < tops.max() <= 1.1
    # Each peak has a factor of its own.
    assert abs(np.corrcoef(tops.T)[0, 1]) < 0.5


def test_same_seed_same_bytes_and_noise_as_asked():
    spectrum = bands(100)
    a, b = (modulated(spectrum, np.random.default_rng(3)) for _ in range(2))
    assert a.tobytes() == b.tobytes()
    assert a.dtype == np.float32
    noise = modulated(np.zeros(100_000), np.random.default_rng(0), noise=0.02)
    assert noise.std() == pytest.approx(0.02, rel=0.02)
