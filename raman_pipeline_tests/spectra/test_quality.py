"""Warnings of what was done to a spectrum, and none of one to which nothing was done."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from raman_pipeline.spectra.quality import quality_warnings

SHIFT = np.arange(100.0, 1300.0, 1.0)
WAVENUMBER = np.arange(400.0, 4000.0, 2.0)
INFRARED = 100 * 10 ** -sum(
    height / (1 + ((WAVENUMBER - at) / width) ** 2)
    for at, height, width in ((460, 0.7, 40), (780, 0.4, 20), (1080, 1.2, 90), (3400, 0.5, 200))
)
SEEDS = st.integers(0, 10_000)


def clean(seed, noise=0.005):
    """Bands at least 8 cm⁻¹ wide on a background, with heights of thousands of counts."""
    rng = np.random.default_rng(seed)
    y = rng.uniform(0, 2) * np.exp(-(((SHIFT - rng.uniform(0, 1500)) / 600) ** 2))
    for _ in range(rng.integers(2, 9)):
        width = rng.uniform(4, 15)
        y += rng.uniform(0.2, 1) / (1 + ((SHIFT - rng.uniform(150, 1250)) / width) ** 2)
    return np.round(3000 * (y + noise * rng.standard_normal(y.size)) + 500)


def kinds(shift, intensity):
    return {warning.kind for warning in quality_warnings(shift, intensity[None])[0]}


@settings(max_examples=200, deadline=None)
@given(seed=SEEDS, scale=st.sampled_from([1e-4, 1.0, 1e5]), every=st.sampled_from([1, 2, 4]))
def test_a_clean_spectrum_gives_none(seed, scale, every):
    assert kinds(SHIFT[::every], clean(seed)[::every] * scale) == set()


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, level=st.floats(0.3, 0.8))
def test_a_clipped_spectrum_is_saturated(seed, level):
    y = clean(seed)
    assert "saturated" in kinds(SHIFT, np.minimum(y, y.min() + level * np.ptp(y)))


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, at=st.integers(5, SHIFT.size - 8), width=st.sampled_from([1, 2]))
def test_a_cosmic_ray_is_a_spike(seed, at, width):
    y = clean(seed)
    assume(np.ptp(y[at - 5 : at + 8]) < 0.1 * np.ptp(y))
    y[at : at + width] += 0.8 * np.ptp(y)
    assert "spikes" in kinds(SHIFT, y)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, height=st.floats(0, 30), length=st.floats(300, 3000))
def test_noise_on_a_background_is_noisy(seed, height, length):
    noise = np.random.default_rng(seed).standard_normal(SHIFT.size)
    assert "noisy" in kinds(SHIFT, noise + height * np.exp(-SHIFT / length))


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, at=st.integers(400, 900))
def test_a_broad_band_as_of_glass_is_not_noisy(seed, at):
    noise = np.random.default_rng(seed).standard_normal(SHIFT.size)
    assert kinds(SHIFT, 35 * np.exp(-(((SHIFT - at) / 150) ** 2)) + noise) == set()


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, factor=st.floats(1e-3, 1e3))
def test_warnings_do_not_depend_on_the_scale(seed, factor):
    y = clean(seed, noise=0.05)
    assert kinds(SHIFT, y) == kinds(SHIFT, factor * y)


@pytest.mark.parametrize(
    ("shift", "intensity", "kind"),
    [
        (SHIFT, clean(1, noise=0.3), "noisy"),
        (SHIFT[::8], clean(1)[::8], "wide_steps"),
        (np.r_[SHIFT[:400], SHIFT[500:]], np.r_[clean(1)[:400], clean(1)[500:]], "wide_steps"),
        (SHIFT, 100 - 60 / (1 + ((SHIFT - 700) / 20) ** 2), "other_technique"),
        (WAVENUMBER, INFRARED, "other_technique"),
        (WAVENUMBER, INFRARED - 0.02 * WAVENUMBER, "other_technique"),
    ],
)
def test_other_warnings(shift, intensity, kind):
    assert kinds(shift, intensity) == {kind}


def test_a_constant_spectrum_gives_no_warning():
    assert kinds(SHIFT, np.ones(SHIFT.size)) == set()
