import dataclasses

import numpy as np
import pytest

from raman_pipeline.learning.data.corpus import Corpus
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.denoising.autoencoder import Autoencoder, fit_autoencoder
from raman_pipeline.learning.denoising.presets import AUTOENCODERS
from raman_pipeline_tests.learning.corpora import mineral_corpus

TINY = AUTOENCODERS["default"].model_copy(
    update={"patch": 8, "code": 8, "dim": 16, "heads": 2, "encoder_depth": 1, "projection": 8,
            "epochs": 3, "batch_size": 8, "warmup_steps": 3}
)  # fmt: skip


@pytest.fixture
def corpus():
    return mineral_corpus()


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
