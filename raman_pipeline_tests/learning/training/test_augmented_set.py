import numpy as np
import pytest

from raman_pipeline.learning.training.augmented_set import augmented_copies, augmented_set
from raman_pipeline.learning.training.classifier import TrainingSet
from raman_pipeline.learning.training.presets import PRESETS, AugmentationRecipe

PRESET = PRESETS["default"].model_copy(update={"crop": (200.0, 1300.0)})


def test_without_copies_only_the_recipe_is_stored(train_test):
    found = augmented_set(train_test[0], PRESET, 3, copies=0)
    assert set(found.arrays) == {"grid"}
    assert found.metadata["seed"] == 3
    assert found.metadata["recipe"]["mixup"] == 0.4


def test_copies_have_the_crop_of_the_network_and_depend_on_the_seed(train_test):
    train = train_test[0]
    a, b, c = (augmented_set(train, PRESET, seed, copies=2).arrays for seed in (0, 0, 1))
    assert a["intensity"].shape == (2 * len(train), a["grid"].size)
    assert (a["grid"].min() >= 200, a["grid"].max() <= 1300) == (True, True)
    assert np.bincount(a["row"]).tolist() == [2] * len(train)
    np.testing.assert_array_equal(a["intensity"], b["intensity"])
    assert not np.array_equal(a["intensity"], c["intensity"])


def test_a_preset_without_augmentation_copies_the_spectra(train_test):
    found = augmented_set(train_test[0], PRESETS["paper"], 0, copies=1)
    assert found.metadata["recipe"] is None
    np.testing.assert_array_equal(found.arrays["intensity"], train_test[0].intensity)


@pytest.mark.parametrize("row", range(0, 20, 5))
def test_a_copy_keeps_the_band_of_its_spectrum(train_test, row):
    data = TrainingSet.of(train_test[0], PRESETS["paper"])
    copy = augmented_copies(data, AugmentationRecipe(sibling=0), 0, np.array([row]))[0]
    assert abs(int(copy.argmax()) - int(data.spectra[row].argmax())) <= 2
