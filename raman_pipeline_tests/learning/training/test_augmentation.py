import numpy as np
import torch

from raman_pipeline.learning.training.augmentation import Augmenter, mixup, shifted
from raman_pipeline.learning.training.augmented_set import augmented_copies, augmented_set
from raman_pipeline.learning.training.classifier import TrainingSet
from raman_pipeline.learning.training.presets import PRESETS, AugmentationRecipe
from raman_pipeline.learning.training.siblings import Siblings

NOTHING = AugmentationRecipe(shift_cm1=0, noise=0, baseline=0, sibling=0)


def augmented(spectra, recipe):
    """Returns an augmented copy of each spectrum; pairs of rows are siblings."""
    torch.manual_seed(0)
    specimens = np.arange(len(spectra)) // 2
    augment = Augmenter(recipe, torch.from_numpy(spectra), specimens, 8.8)
    return augment(torch.arange(len(spectra)))


def test_an_empty_recipe_only_normalises_and_others_stay_between_zero_and_one(train_test):
    spectra = train_test[0].intensity
    low, high = spectra.min(1, keepdims=True), spectra.max(1, keepdims=True)
    found = augmented(spectra, NOTHING)
    np.testing.assert_allclose(found, (spectra - low) / (high - low), atol=1e-6)
    # A flat spectrum stays finite.
    assert not augmented(np.zeros((2, 50), np.float32), NOTHING).any()
    for change in ({}, {"noise": 0.5}, {"shift_cm1": 50}):
        found = augmented(spectra, AugmentationRecipe(**change))
        assert found.shape == spectra.shape
        assert found.min() >= 0 and found.max() <= 1


def test_shifts_by_whole_and_fractional_points():
    x = torch.zeros(3, 9)
    x[:, 4] = 1
    found = shifted(x, torch.tensor([2.0, -1.0, 0.5]))
    assert (found[0].argmax(), found[1].argmax()) == (6, 3)
    assert found[2, 4] == found[2, 5] == 0.5
    # Shifts do not wrap around.
    assert shifted(x, torch.tensor([6.0, 6.0, -6.0])).sum() == 0


def test_mixup_is_the_weighted_mean_with_the_partners():
    torch.manual_seed(0)
    x = torch.arange(6.0)[:, None] * torch.ones(1, 4)
    found, partner, weight = mixup(x, 0.4)
    assert 0 <= weight <= 1
    torch.testing.assert_close(found, weight * x + (1 - weight) * x[partner])


def test_every_sibling_is_drawn_and_no_other_spectrum():
    siblings = Siblings(np.array([7, 3, 7, 3, 7, 1]), torch.device("cpu"))
    torch.manual_seed(0)
    drawn = siblings.draw(torch.arange(6).repeat(100)).reshape(100, 6).T
    assert [set(row.tolist()) for row in drawn] == [{0, 2, 4}, {1, 3}] * 2 + [{0, 2, 4}, {5}]


def test_copies_have_the_crop_of_the_network_and_depend_on_the_seed(train_test):
    train, preset = train_test[0], PRESETS["default"].model_copy(update={"crop": (200.0, 1300.0)})
    a, b, c = (augmented_set(train, preset, seed, copies=2).arrays for seed in (0, 0, 1))
    assert a["intensity"].shape == (2 * len(train), a["grid"].size)
    assert a["grid"].min() >= 200 and a["grid"].max() <= 1300
    assert np.bincount(a["row"]).tolist() == [2] * len(train)
    np.testing.assert_array_equal(a["intensity"], b["intensity"])
    assert not np.array_equal(a["intensity"], c["intensity"])
    assert set(augmented_set(train, preset, 0, copies=0).arrays) == {"grid"}
    # Without augmentation the copies are the spectra; with it they keep their band.
    found = augmented_set(train, PRESETS["paper"], 0, copies=1)
    assert found.metadata["recipe"] is None
    np.testing.assert_array_equal(found.arrays["intensity"], train.intensity)
    data = TrainingSet.of(train, PRESETS["paper"])
    copies = augmented_copies(data, AugmentationRecipe(sibling=0), 0, np.arange(20))
    assert np.abs(copies.argmax(axis=1) - data.spectra[:20].argmax(axis=1)).max() <= 2
