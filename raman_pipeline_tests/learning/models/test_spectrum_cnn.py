import torch

from raman_pipeline.learning.models.spectrum_cnn import SpectrumCNN


def test_the_output_equals_that_of_one_dimensional_layers():
    torch.manual_seed(0)
    model = SpectrumCNN(83, 8).eval()
    x = torch.rand(3, 83)
    y = x[:, None]
    for layer in model.layers:
        y = torch.nn.functional.conv1d(
            y, layer.conv.weight[:, :, 0], layer.conv.bias, padding="same"
        )
        y = torch.nn.functional.leaky_relu(torch.nn.functional.max_pool1d(y, 2), 0.01)
        y = layer.norm(y.transpose(1, 2).flatten(0, 1)).view(3, -1, y.shape[1]).transpose(1, 2)
    flat = y.transpose(1, 2).flatten(1)
    expected = torch.nn.functional.normalize(model.head(flat))
    assert torch.allclose(model(x), expected, atol=1e-5)
    assert torch.allclose(model(x).norm(dim=1), torch.ones(3))
    # The sizes of the paper.
    assert sum(p.numel() for p in SpectrumCNN(5000).parameters()) == 2_576_608
