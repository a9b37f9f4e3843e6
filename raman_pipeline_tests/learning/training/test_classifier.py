import dataclasses

import numpy as np
import pytest
import torch

from raman_pipeline.learning.models.convnext1d import ConvNeXt1D
from raman_pipeline.learning.training import loop
from raman_pipeline.learning.training.classifier import (
    TrainingSet,
    crop_columns,
    predict_probabilities,
    train_classifier,
)
from raman_pipeline.learning.training.presets import PRESETS, AugmentationRecipe
from raman_pipeline_tests.learning.geolocation.families.test_families import QUICK


def small(seed=0):
    torch.manual_seed(seed)
    return ConvNeXt1D(160, 3, dims=(4, 8, 8, 8), layer_scale=1.0, position_embedding=True)


def data(labelled, **changes):
    return dataclasses.replace(TrainingSet.of(labelled, PRESETS["paper"]), **changes)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def test_loss_falls_and_every_epoch_is_reported(train_test):
    reported = []
    reports = train_classifier(small(), data(train_test[0]), QUICK, 0, on_epoch=reported.append)
    assert reported == reports
    assert [r.epoch for r in reports] == list(range(1, QUICK.epochs + 1))
    assert reports[-1].loss < reports[0].loss


@pytest.mark.parametrize("recipe", [None, AugmentationRecipe(mixup=0.4)])
def test_an_interrupted_training_resumes_to_the_same_bytes(train_test, tmp_path, recipe):
    preset = QUICK.model_copy(update={"augmentation": recipe})
    whole = small()
    train_classifier(whole, data(train_test[0]), preset, 0)

    class Interrupted(Exception):
        pass

    def interrupt(report):
        if report.epoch == 2:
            raise Interrupted

    path = tmp_path / "checkpoint.pt"
    with pytest.raises(Interrupted):
        train_classifier(small(), data(train_test[0]), preset, 0, path, interrupt)
    resumed = small(seed=9)
    reports = train_classifier(resumed, data(train_test[0]), preset, 0, path)
    assert [r.epoch for r in reports] == [3, 4, 5, 6]
    assert same(weights(whole), weights(resumed))


def test_a_checkpoint_of_other_data_or_settings_is_ignored(train_test, tmp_path):
    train = data(train_test[0])
    path = tmp_path / "checkpoint.pt"
    train_classifier(small(), train, QUICK, 0, path)
    for other in (
        {"data": data(train_test[0], spectra=train.spectra * 0.5)},
        {"data": data(train_test[0], label=np.roll(train.label, 1))},
        {"data": data(train_test[0], specimens=train.specimens + 1)},
        {"seed": 1},
        {"preset": QUICK.model_copy(update={"learning_rate": 1e-3})},
    ):
        arguments = {"data": train, "preset": QUICK, "seed": 0} | other
        assert len(train_classifier(small(), **arguments, checkpoint=path)) == QUICK.epochs


def test_probabilities_do_not_depend_on_the_batch(train_test):
    model, x = small(), train_test[1].intensity
    whole, parts = (predict_probabilities(model, x, batch_size=b) for b in (256, 3))
    np.testing.assert_allclose(whole, parts, rtol=1e-5)


def test_crops():
    grid = np.linspace(0, 2000, 401)
    assert crop_columns(grid, None) == slice(0, 401)
    columns = crop_columns(grid, (100, 1500))
    assert grid[columns][0] == 100
    with pytest.raises(ValueError, match="raise grid.points"):
        crop_columns(grid, (100, 200))


def test_training_in_bf16_learns_too(train_test, monkeypatch):
    monkeypatch.setattr(loop, "autocast_dtype", lambda device: torch.bfloat16)
    reports = train_classifier(small(), data(train_test[0]), QUICK, 0)
    assert reports[-1].loss < reports[0].loss
