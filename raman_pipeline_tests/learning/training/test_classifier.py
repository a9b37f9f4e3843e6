import dataclasses
from functools import partial

import numpy as np
import pytest
import torch

from raman_pipeline.common.storage import store_path
from raman_pipeline.learning.models.convnext1d import ConvNeXt1D
from raman_pipeline.learning.training import loop
from raman_pipeline.learning.training.classifier import (
    TrainingSet,
    crop_columns,
    predict_probabilities,
    train_classifier,
)
from raman_pipeline.learning.training.device import autocast_dtype, compiled_where_it_pays
from raman_pipeline.learning.training.presets import PRESETS, AugmentationRecipe
from raman_pipeline_tests.learning.geolocation.families.test_families import QUICK


def small(seed=0):
    torch.manual_seed(seed)
    return ConvNeXt1D(160, 3, dims=(4, 8, 8, 8), layer_scale=1.0, position_embedding=True)


def data(labelled, **changes):
    return dataclasses.replace(TrainingSet.of(labelled, PRESETS["paper"]), **changes)


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_loss_falls_and_every_epoch_is_reported(train_test, monkeypatch, dtype):
    monkeypatch.setattr(loop, "autocast_dtype", lambda device: dtype)
    reported = []
    reports = train_classifier(small(), data(train_test[0]), QUICK, 0, on_epoch=reported.append)
    assert reported == reports
    assert [r.epoch for r in reports] == list(range(1, reports[-1].epochs + 1))
    assert reports[-1].loss < reports[0].loss


@pytest.mark.parametrize("recipe", [None, AugmentationRecipe(mixup=0.4)])
def test_an_interrupted_training_resumes_to_the_same_bytes(train_test, resumed, recipe):
    preset = QUICK.model_copy(update={"augmentation": recipe})
    fit = partial(train_classifier, data=data(train_test[0]), preset=preset, seed=0)
    whole, other = small(), small(seed=9)
    reports = fit(whole)
    again = resumed(partial(fit, small()), partial(fit, other))
    assert [(r.loss, r.value) for r in again] == [(r.loss, r.value) for r in reports]
    pairs = zip(whole.state_dict().values(), other.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_an_interrupted_training_resumes_from_a_bucket(train_test, resumed, bucket):
    fit = partial(train_classifier, data=data(train_test[0]), preset=QUICK, seed=0)
    path = store_path(f"{bucket.url}/checkpoint.pt")
    again = resumed(partial(fit, small()), partial(fit, small(seed=9)), path)
    assert [(r.loss, r.value) for r in again] == [(r.loss, r.value) for r in fit(small())]


def test_a_checkpoint_of_other_data_or_settings_is_ignored(train_test, tmp_path):
    train, short = data(train_test[0]), QUICK.model_copy(update={"steps": 18})
    path = tmp_path / "checkpoint.pt"
    train_classifier(small(), train, short, 0, path)
    for other in (
        {"data": data(train_test[0], spectra=train.spectra * 0.5)},
        {"data": data(train_test[0], label=np.roll(train.label, 1))},
        {"data": data(train_test[0], specimens=train.specimens + 1)},
        {"seed": 1},
        {"preset": short.model_copy(update={"learning_rate": 1e-3})},
    ):
        arguments = {"data": train, "preset": short, "seed": 0} | other
        trained = []
        train_classifier(small(), **arguments, checkpoint=path, on_epoch=trained.append)
        assert len(trained) == 2


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


def test_bf16_and_compilation_only_where_they_pay(monkeypatch):
    cpu, model = torch.device("cpu"), torch.nn.Identity()
    for has, dtype in ((False, None), (True, torch.bfloat16)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda has=has: {"amx_bf16": has})
        assert autocast_dtype(cpu) is dtype
    assert compiled_where_it_pays(model, cpu, 10**6) is model
    assert compiled_where_it_pays(model, torch.device("cuda"), 10) is model
