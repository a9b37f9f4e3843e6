import copy

import pytest
import torch

from benchmarks.plain_convnext1d import PlainConvNeXt1D
from raman_pipeline.learning.models.convnext1d import ConvNeXt1D, DropPath


def test_the_papers_size_and_initialisation():
    torch.manual_seed(0)
    model = ConvNeXt1D(1024, 101)
    assert sum(p.numel() for p in model.parameters()) == 1_654_725
    gammas = [v for n, v in model.named_parameters() if n.endswith("gamma")]
    assert gammas and all((g == 1e-6).all() for g in gammas)
    big = model.stages[-1].expand.weight
    assert big.std().item() == pytest.approx(0.02, rel=0.02)
    biases = [v for n, v in model.named_parameters() if n.endswith("bias")]
    assert all((b == 0).all() for b in biases)


@pytest.mark.parametrize(
    ("length", "options"), [(64, {}), (337, {"stem_norm": False, "position_embedding": True})]
)
def test_same_numbers_as_the_plain_one(length, options):
    torch.manual_seed(0)
    options |= {"drop_path": 0.0, "dropout": 0.0, "initialisation": "fan_in"}
    model = ConvNeXt1D(length, 5, layer_scale=1.0, **options)
    plain = PlainConvNeXt1D(copy.deepcopy(model))
    x = torch.rand(3, length)
    torch.testing.assert_close(model(x), plain(x), rtol=1e-4, atol=1e-5)
    for network in (model, plain):
        network(x).square().sum().backward()
    theirs = [p.grad.flatten() for p in plain.parameters()]
    for ours, other in zip(model.parameters(), theirs, strict=True):
        torch.testing.assert_close(ours.grad.flatten(), other, rtol=1e-3, atol=1e-4)


def test_drop_path_drops_in_training_only_and_keeps_the_mean():
    torch.manual_seed(0)
    drop, x = DropPath(0.25), torch.ones(4000, 2, 3)
    assert torch.equal(drop.eval()(x), x)
    y = drop.train()(x)
    assert y.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert y.mean().item() == pytest.approx(1, abs=0.03)
