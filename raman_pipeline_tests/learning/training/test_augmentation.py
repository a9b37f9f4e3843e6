import numpy as np
import pytest
import torch

from raman_pipeline.learning.training.augmentation import Augmenter, mixed, shifted
from raman_pipeline.learning.training.augmented_set import augmented_set, disturbed
from raman_pipeline.learning.training.presets import AugmentationRecipe

NOTHING = AugmentationRecipe(shift_cm1=0, noise=0, baseline=0, sibling=0)


def augmenter(side, recipe):
    specimens = np.arange(len(side)) // 2
    return Augmenter(recipe, torch.from_numpy(side.intensity), specimens, 8.8)


def test_doing_nothing_gives_the_spectra_back(train_test):
    rows = torch.arange(5)
    found = augmenter(train_test[0], NOTHING)(rows)
    low, high = (
        train_test[0].intensity[:5].min(1)[:, None],
        train_test[0].intensity[:5].max(1)[:, None],
    )
    np.testing.assert_allclose(found, (train_test[0].intensity[:5] - low) / (high - low), atol=1e-6)


@pytest.mark.parametrize(
    "recipe",
    [AugmentationRecipe(), AugmentationRecipe(noise=0.5), AugmentationRecipe(shift_cm1=50)],
)
def test_disturbed_spectra_stay_between_zero_and_one(train_test, recipe):
    torch.manual_seed(0)
    found = augmenter(train_test[0], recipe)(torch.arange(len(train_test[0])))
    assert found.shape == train_test[0].intensity.shape
    assert torch.isfinite(found).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_shifts_move_bands_by_whole_and_broken_points():
    x = torch.zeros(3, 9)
    x[:, 4] = 1
    found = shifted(x, torch.tensor([2.0, -1.0, 0.5]))
    assert found[0].argmax() == 6
    assert found[1].argmax() == 3
    assert found[2, 4] == found[2, 5] == 0.5
    # What moves out is gone; it does not come in at the other end.
    assert shifted(x, torch.tensor([6.0, 6.0, -6.0])).sum() == 0


def test_a_flat_spectrum_stays_finite():
    augment = Augmenter(NOTHING, torch.zeros(2, 50), np.zeros(2, np.int64), 1.0)
    assert torch.equal(augment(torch.arange(2)), torch.zeros(2, 50))


def test_mixup_mixes_with_its_partners():
    torch.manual_seed(0)
    x = torch.arange(6.0)[:, None] * torch.ones(1, 4)
    found, partner, share = mixed(x, 0.4)
    assert 0 <= share <= 1
    torch.testing.assert_close(found, share * x + (1 - share) * x[partner])


class TestAugmentedSet:
    def test_the_recipe_alone_by_default(self, train_test):
        found = augmented_set(train_test[0], AugmentationRecipe(), 3, copies=0)
        assert "intensity" not in found.arrays
        assert found.metadata["seed"] == 3
        assert found.metadata["recipe"]["shift_cm1"] == 2.0

    def test_copies_of_every_spectrum_the_same_for_the_same_seed(self, train_test):
        a, b, c = (
            augmented_set(train_test[0], AugmentationRecipe(), s, copies=2) for s in (0, 0, 1)
        )
        n = len(train_test[0])
        assert a.arrays["intensity"].shape == (2 * n, train_test[0].grid.size)
        assert np.bincount(a.arrays["row"]).tolist() == [2] * n
        np.testing.assert_array_equal(a.arrays["intensity"], b.arrays["intensity"])
        assert not np.array_equal(a.arrays["intensity"], c.arrays["intensity"])

    def test_a_copy_resembles_its_spectrum(self, train_test):
        found = disturbed(train_test[0], AugmentationRecipe(sibling=0), 0, np.arange(20))
        for copy, spectrum in zip(found, train_test[0].intensity, strict=False):
            assert abs(int(copy.argmax()) - int(spectrum.argmax())) <= 2
