import dataclasses

import numpy as np
import pytest
import torch

from raman_pipeline.learning.data.corpus import Corpus
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.denoising.autoencoder import Autoencoder, fit_autoencoder
from raman_pipeline.learning.denoising.presets import AUTOENCODERS
from raman_pipeline.learning.models.transformer_autoencoder import TransformerAutoencoder
from raman_pipeline_tests.learning.corpora import mineral_corpus

TINY = AUTOENCODERS["default"].model_copy(
    update={"patch": 8, "code": 8, "dim": 16, "heads": 2, "encoder_depth": 1, "projection": 8,
            "epochs": 3, "batch_size": 8, "warmup_steps": 3}
)  # fmt: skip


@pytest.fixture
def corpus():
    return mineral_corpus()


def network(**changes):
    chosen = {"length": 96, "patch": 8, "dim": 32, "heads": 4, "encoder_depth": 2,
              "decoder_depth": 1, "code": 8} | changes  # fmt: skip
    torch.manual_seed(0)
    return TransformerAutoencoder(**chosen)


class TestTransformerAutoencoder:
    @pytest.mark.parametrize("context", [True, False])
    @pytest.mark.parametrize(("patch", "code"), [(8, 8), (8, 32), (16, 20), (1, 4)])
    def test_an_untrained_network_is_the_identity(self, patch, code, context):
        model = network(patch=patch, code=code, context=context)
        spectra = torch.rand(3, 96)
        latents = model.encode(spectra)
        assert latents.shape == (3, 96 // patch * code) == (3, model.latent_size)
        torch.testing.assert_close(model(spectra), spectra, atol=1e-5, rtol=0)

    def test_latent_size_of_the_paper(self):
        preset = AUTOENCODERS["paper"]
        assert 1200 // preset.patch * preset.code == 38_400

    def test_inconsistent_sizes_are_rejected(self):
        for wrong in ({"length": 97}, {"code": 4}, {"code": 64}):
            with pytest.raises(ValueError, match="patch that divides them"):
                network(**wrong)

    def test_projections_are_unit_vectors_and_need_a_projection_head(self):
        latents = torch.rand(2, 96)
        with pytest.raises(ValueError, match="no projection head"):
            network().project(latents)
        length = network(projection=5).project(latents).norm(dim=1)
        torch.testing.assert_close(length, torch.ones(2))


def test_training_lowers_the_error(corpus):
    reports = []
    state = fit_autoencoder(
        corpus, TINY.model_copy(update={"epochs": 12}), 0, on_epoch=reports.append
    )
    assert reports[-1].value < 0.7 * reports[0].value
    assert state.metadata["latent_size"] == 96
    rng = np.random.default_rng(1)
    noisy = corpus.intensity + 0.1 * rng.standard_normal(corpus.intensity.shape)
    found = Autoencoder(state).denoise(np.float32(noisy))
    assert np.square(found - corpus.intensity).mean() < 0.6 * 0.01


@pytest.mark.parametrize("contrastive_weight", [0.0, 0.5])
def test_a_resumed_training_gives_the_same_bytes(corpus, tmp_path, contrastive_weight):
    preset = TINY.model_copy(update={"contrastive_weight": contrastive_weight})
    whole = fit_autoencoder(corpus, preset, 0)

    class Killed(Exception):
        pass

    def kill(report):
        if report.epoch == 1:
            raise Killed

    path = tmp_path / "checkpoint.pt"
    with pytest.raises(Killed):
        fit_autoencoder(corpus, preset, 0, path, kill)
    resumed = fit_autoencoder(corpus, preset, 0, path)
    assert all(np.array_equal(whole.arrays[n], resumed.arrays[n]) for n in whole.arrays)
    assert fit_autoencoder(corpus, preset, 1).arrays["embed.weight"].tobytes() != (
        whole.arrays["embed.weight"].tobytes()
    )


def test_the_contrastive_loss_attracts_spectra_of_a_specimen(corpus):
    # Each spectrum has its own baseline, which the projections have to ignore.
    tilts = np.random.default_rng(0).uniform(-1, 1, len(corpus))
    tilted = corpus.intensity + np.outer(tilts, np.linspace(-1, 1, 96)).astype(np.float32)
    corpus = dataclasses.replace(corpus, intensity=tilted)

    def gap(**changes):
        state = fit_autoencoder(corpus, TINY.model_copy(update=changes), 0)
        z = Autoencoder(state).representations(corpus.intensity)["projections"]
        similarity = z @ z.T
        same = corpus.specimens[:, None] == corpus.specimens
        return similarity[same].mean() - similarity[~same].mean()

    assert gap(contrastive_weight=1.0, epochs=8) > gap(contrastive_weight=0.0) + 0.1


def test_a_stored_autoencoder_gives_the_same_latents(corpus, tmp_path):
    state = fit_autoencoder(corpus, TINY, 0)
    state.write(tmp_path / "model.safetensors")
    models = [Autoencoder(s) for s in (state, ModelState.read(tmp_path / "model.safetensors"))]
    latents = [m.encode(corpus.intensity) for m in models]
    assert np.array_equal(*latents)
    np.testing.assert_allclose(
        models[0].decode(latents[0]), models[0].denoise(corpus.intensity), atol=1e-6
    )


def test_results_do_not_depend_on_the_batch(corpus):
    model = Autoencoder(fit_autoencoder(corpus, TINY, 0))
    many = Corpus(np.tile(corpus.intensity, (8, 1)), corpus.grid, corpus.metadata)
    np.testing.assert_allclose(
        model.denoise(many.intensity)[: len(corpus)], model.denoise(corpus.intensity), atol=1e-6
    )
