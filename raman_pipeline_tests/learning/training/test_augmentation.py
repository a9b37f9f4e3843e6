import numpy as np
import pytest
import torch

from raman_pipeline.learning.training.augmentation import Augmenter, mixup, shifted
from raman_pipeline.learning.training.presets import AugmentationRecipe

NOTHING = AugmentationRecipe(shift_cm1=0, noise=0, baseline=0, sibling=0)


def augmenter(spectra, recipe):
    specimens = np.arange(len(spectra)) // 2
    return Augmenter(recipe, torch.from_numpy(spectra.intensity), specimens, 8.8)


def test_an_empty_recipe_only_normalises(train_test):
    found = augmenter(train_test[0], NOTHING)(torch.arange(5))
    spectra = train_test[0].intensity[:5]
    low, high = spectra.min(1, keepdims=True), spectra.max(1, keepdims=True)
    np.testing.assert_allclose(found, (spectra - low) / (high - low), atol=1e-6)


@pytest.mark.parametrize(
    "recipe",
    [AugmentationRecipe(), AugmentationRecipe(noise=0.5), AugmentationRecipe(shift_cm1=50)],
)
def test_augmented_spectra_are_between_zero_and_one(train_test, recipe):
    torch.manual_seed(0)
    found = augmenter(train_test[0], recipe)(torch.arange(len(train_test[0])))
    assert found.shape == train_test[0].intensity.shape
    assert torch.isfinite(found).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_shifts_by_whole_and_fractional_points():
    x = torch.zeros(3, 9)
    x[:, 4] = 1
    found = shifted(x, torch.tensor([2.0, -1.0, 0.5]))
    assert found[0].argmax() == 6
    assert found[1].argmax() == 3
    assert found[2, 4] == found[2, 5] == 0.5
    # Shifts do not wrap around.
    assert shifted(x, torch.tensor([6.0, 6.0, -6.0])).sum() == 0


def test_a_flat_spectrum_stays_finite():
    augment = Augmenter(NOTHING, torch.zeros(2, 50), np.zeros(2, np.int64), 1.0)
    assert torch.equal(augment(torch.arange(2)), torch.zeros(2, 50))


def test_mixup_is_the_weighted_mean_with_the_partners():
    torch.manual_seed(0)
    x = torch.arange(6.0)[:, None] * torch.ones(1, 4)
    found, partner, weight = mixup(x, 0.4)
    assert 0 <= weight <= 1
    torch.testing.assert_close(found, weight * x + (1 - weight) * x[partner])
