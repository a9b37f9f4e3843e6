import dataclasses
from functools import partial

import numpy as np
import pytest

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
def test_a_resumed_training_gives_the_same_bytes(corpus, resumed, contrastive_weight):
    preset = TINY.model_copy(update={"contrastive_weight": contrastive_weight})
    fit = partial(fit_autoencoder, corpus, preset, 0)
    whole, again = fit(), resumed(fit)
    assert whole.metadata == again.metadata
    assert all(np.array_equal(whole.arrays[name], again.arrays[name]) for name in whole.arrays)
    other = fit_autoencoder(corpus, preset, 1).arrays
    assert not np.array_equal(whole.arrays["embed.weight"], other["embed.weight"])


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


def test_results_depend_neither_on_storage_nor_on_the_batch(corpus, tmp_path):
    state = fit_autoencoder(corpus, TINY, 0)
    state.write(tmp_path / "m")
    model, stored = Autoencoder(state), Autoencoder(ModelState.read(tmp_path / "m"))
    latents, denoised = model.encode(corpus.intensity), model.denoise(corpus.intensity)
    assert np.array_equal(latents, stored.encode(corpus.intensity))
    many = model.denoise(np.tile(corpus.intensity, (8, 1)))[: len(corpus)]
    for other in (many, model.decode(latents)):
        np.testing.assert_allclose(other, denoised, atol=1e-6)
