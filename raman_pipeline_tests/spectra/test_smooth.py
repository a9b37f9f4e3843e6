import numpy as np
import pytest

from raman_pipeline.spectra.smooth import SMOOTHERS

VARIANTS = [(s.name, v, f) for s in SMOOTHERS for v, f in s.variants.items()]
AXIS = np.arange(300.0)
CLEAN = np.stack([np.exp(-0.5 * ((AXIS - c) / 8) ** 2) for c in (60, 150, 240)]).astype(np.float32)


@pytest.mark.parametrize(("name", "variant", "smooth"), VARIANTS)
def test_every_variant_keeps_shape_and_input_and_is_repeatable(name, variant, smooth):
    spectra = CLEAN.copy()
    spectra.setflags(write=False)
    a, b = smooth(spectra), smooth(spectra)
    assert a.shape == spectra.shape
    assert np.array_equal(a, b)
    assert np.isfinite(a).all()


@pytest.mark.parametrize("smoother", SMOOTHERS, ids=lambda s: s.name)
def test_the_best_setting_takes_most_noise_off(smoother):
    noisy = CLEAN + 0.05 * np.random.default_rng(0).standard_normal(CLEAN.shape)
    before = np.square(noisy - CLEAN).mean()
    assert min(np.square(f(noisy) - CLEAN).mean() for f in smoother.variants.values()) < before / 4


@pytest.mark.parametrize("smoother", SMOOTHERS, ids=lambda s: s.name)
def test_each_spectrum_is_smoothed_by_itself(smoother):
    for smooth in smoother.variants.values():
        alone = np.concatenate([smooth(CLEAN[i : i + 1]) for i in range(3)])
        np.testing.assert_allclose(smooth(CLEAN), alone, atol=1e-9)


def test_odd_lengths_come_back_whole():
    for smoother in SMOOTHERS:
        for smooth in smoother.variants.values():
            assert smooth(CLEAN[:, :251]).shape == (3, 251)
