import copy
import dataclasses

import numpy as np
import pytest
import torch

from benchmarks.plain_convnext1d import PlainConvNeXt1D
from raman_pipeline.learning.models.convnext1d import ConvNeXt1D, DropPath
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


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


class TestConvNeXt1D:
    def test_the_papers_size(self):
        model = ConvNeXt1D(1024, 101)
        assert sum(p.numel() for p in model.parameters()) == 1_654_725

    def test_the_papers_initialisation(self):
        torch.manual_seed(0)
        model = ConvNeXt1D(1024, 101)
        gammas = [v for n, v in model.named_parameters() if n.endswith("gamma")]
        assert len(gammas) == 2 + 2 + 3 + 2
        assert all((g == 1e-6).all() for g in gammas)
        big = model.stages[-1].expand.weight
        assert big.std().item() == pytest.approx(0.02, rel=0.02)
        biases = [v for n, v in model.named_parameters() if n.endswith("bias")]
        assert all((b == 0).all() for b in biases)

    @pytest.mark.parametrize("length", [64, 159, 1024])
    def test_shapes(self, length):
        for position in (True, False):
            model = ConvNeXt1D(length, 5, position_embedding=position)
            assert model(torch.rand(2, length)).shape == (2, 5)

    @pytest.mark.parametrize("options", [{}, {"stem_norm": False, "position_embedding": True}])
    def test_same_numbers_as_the_plain_one(self, options):
        torch.manual_seed(0)
        options |= {"drop_path": 0.0, "dropout": 0.0, "initialisation": "fan_in"}
        model = ConvNeXt1D(337, 5, layer_scale=1.0, **options)
        plain = PlainConvNeXt1D(copy.deepcopy(model))
        x = torch.rand(3, 337)
        torch.testing.assert_close(model(x), plain(x), rtol=1e-4, atol=1e-5)
        for network in (model, plain):
            network(x).square().sum().backward()
        theirs = [p.grad.flatten() for p in plain.parameters()]
        for ours, other in zip(model.parameters(), theirs, strict=True):
            torch.testing.assert_close(ours.grad.flatten(), other, rtol=1e-3, atol=1e-4)

    def test_paper_preset_is_the_paper(self):
        preset = PRESETS["paper"]
        assert (preset.depths, preset.dims) == ((2, 2, 3, 2), (32, 64, 128, 256))
        assert (preset.layer_scale, preset.learning_rate, preset.weight_decay) == (1e-6, 1e-3, 0.35)
        assert preset.stem_norm
        assert not preset.position_embedding
        assert preset.crop is None

    def test_drop_path_drops_in_training_only_and_keeps_the_mean(self):
        torch.manual_seed(0)
        drop, x = DropPath(0.25), torch.ones(4000, 2, 3)
        assert torch.equal(drop.eval()(x), x)
        y = drop.train()(x)
        assert y.unique().tolist() == pytest.approx([0.0, 4 / 3])
        assert y.mean().item() == pytest.approx(1, abs=0.03)


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


class TestAcceleration:
    def test_bf16_only_where_the_processor_has_it(self, monkeypatch):
        cpu = torch.device("cpu")
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False})
        assert autocast_dtype(cpu) is None
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
        assert autocast_dtype(cpu) is torch.bfloat16

    def test_training_in_bf16_learns_too(self, train_test, monkeypatch):
        monkeypatch.setattr(loop, "autocast_dtype", lambda device: torch.bfloat16)
        reports = train_classifier(small(), data(train_test[0]), QUICK, 0)
        assert reports[-1].loss < reports[0].loss

    def test_nothing_is_compiled_on_the_cpu_or_for_a_short_training(self):
        model = small()
        assert compiled_where_it_pays(model, torch.device("cpu"), 10**6) is model
        assert compiled_where_it_pays(model, torch.device("cuda"), 10) is model
