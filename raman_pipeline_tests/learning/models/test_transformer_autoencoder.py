import pytest
import torch

from raman_pipeline.learning.models.transformer_autoencoder import TransformerAutoencoder


def network(**changes):
    chosen = {"length": 96, "patch": 8, "dim": 32, "heads": 4, "encoder_depth": 2,
              "decoder_depth": 1, "code": 8} | changes  # fmt: skip
    torch.manual_seed(0)
    return TransformerAutoencoder(**chosen)


@pytest.mark.parametrize("context", [True, False])
@pytest.mark.parametrize(("patch", "code"), [(8, 8), (8, 32), (16, 20), (1, 4)])
def test_an_untrained_network_is_the_identity(patch, code, context):
    model = network(patch=patch, code=code, context=context)
    spectra = torch.rand(3, 96)
    latents = model.encode(spectra)
    assert latents.shape == (3, 96 // patch * code) == (3, model.latent_size)
    torch.testing.assert_close(model(spectra), spectra, atol=1e-5, rtol=0)


def test_sizes_have_to_fit_and_unit_vectors_need_a_projection_head():
    for wrong in ({"length": 97}, {"code": 4}, {"code": 64}):
        with pytest.raises(ValueError, match="patch that divides them"):
            network(**wrong)
    latents = torch.rand(2, 96)
    with pytest.raises(ValueError, match="no projection head"):
        network().project(latents)
    length = network(projection=5).project(latents).norm(dim=1)
    torch.testing.assert_close(length, torch.ones(2))
