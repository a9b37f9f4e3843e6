import numpy as np
import pytest

from raman_pipeline.spectra.smooth import SMOOTHERS

VARIANTS = [(s.name, v, f) for s in SMOOTHERS for v, f in s.variants.items()]
AXIS = np.arange(300.0)
CLEAN = np.stack([np.exp(-0.5 * ((AXIS - c) / 8) ** 2) for c in (60, 150, 240)]).astype(np.float32)


@pytest.mark.parametrize(("name", "variant", "smooth"), VARIANTS)
@pytest.mark.parametrize("points", [300, 251])
def test_each_spectrum_is_smoothed_by_itself_without_changing_the_input(
    name, variant, smooth, points
):
    spectra = CLEAN[:, :points].copy()
    spectra.setflags(write=False)
    smoothed = smooth(spectra)
    assert smoothed.shape == spectra.shape
    assert np.isfinite(smoothed).all()
    np.testing.assert_allclose(
        smoothed, np.concatenate([smooth(s[None]) for s in spectra]), atol=1e-9
    )


@pytest.mark.parametrize("smoother", SMOOTHERS, ids=lambda s: s.name)
def test_the_best_setting_takes_most_noise_off(smoother):
    noisy = CLEAN + 0.05 * np.random.default_rng(0).standard_normal(CLEAN.shape)
    before = np.square(noisy - CLEAN).mean()
    assert min(np.square(f(noisy) - CLEAN).mean() for f in smoother.variants.values()) < before / 4
