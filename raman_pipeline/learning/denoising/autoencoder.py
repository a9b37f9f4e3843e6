"""The denoising autoencoder: training on a corpus, and inference from its stored state.

The network is in `learning.models.transformer_autoencoder`, its loss in `objective`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from raman_pipeline.common.storage import StorePath
from raman_pipeline.learning.data.corpus import Corpus
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.denoising.objective import Denoising
from raman_pipeline.learning.denoising.presets import AutoencoderPreset
from raman_pipeline.learning.models.transformer_autoencoder import TransformerAutoencoder
from raman_pipeline.learning.training.device import choose_device
from raman_pipeline.learning.training.loop import OnEpoch, optimise
from raman_pipeline.learning.training.threads import one_thread

Spectra = npt.NDArray[np.float32]
_BATCH = 256


@one_thread()
def fit_autoencoder(
    corpus: Corpus,
    preset: AutoencoderPreset,
    seed: int,
    checkpoint: StorePath | None = None,
    on_epoch: OnEpoch | None = None,
) -> ModelState:
    """Trains an autoencoder on a corpus.

    Args:
        corpus: training spectra.
        preset: architecture, noise, optimiser.
        seed: of weights, noise and batches.
        checkpoint: as `optimise` takes it.
        on_epoch: called after each epoch.

    Returns:
        Weights by name; metadata with preset, length, seed, sizes and the final error.
    """
    torch.manual_seed(seed)
    model = _build(preset, corpus.grid.size)
    objective = Denoising(model.to(choose_device()), corpus.intensity, corpus.specimens, preset)
    digest = hashlib.sha256(np.ascontiguousarray(corpus.intensity).view(np.uint8).data)
    digest.update(corpus.specimens.tobytes())
    digest.update(f"{preset.model_dump_json()} {seed} {torch.__version__}".encode())
    reports = optimise(
        model, objective, preset, preset.epochs, seed, digest.hexdigest(), checkpoint, on_epoch
    )
    metadata = {
        "preset": preset.model_dump(mode="json"),
        "length": corpus.grid.size,
        "seed": seed,
        "training_spectra": len(corpus),
        "parameters": sum(p.numel() for p in model.parameters()),
        "latent_size": model.latent_size,
        "final_training_error": round(reports[-1].value, 8),
    }
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    return ModelState(arrays, metadata)


class Autoencoder:
    """Inference with a stored autoencoder.

    Args:
        state: as `fit_autoencoder` returns it.
    """

    def __init__(self, state: ModelState) -> None:
        self.preset = AutoencoderPreset.model_validate(state.metadata["preset"])
        self.device = choose_device()
        self._model = _build(self.preset, state.metadata["length"])
        weights = {n: torch.from_numpy(state.arrays[n]) for n in self._model.state_dict()}
        self._model.load_state_dict(weights)
        self._model.eval().to(self.device)

    def encode(self, spectra: Spectra) -> Spectra:
        """Returns latents, float32 [n, tokens · code], of spectra [n, m]."""
        return self._run(self._model.encode, spectra)

    def decode(self, latents: Spectra) -> Spectra:
        """Returns spectra, float32 [n, m], of latents [n, tokens · code]."""
        return self._run(self._model.decode, latents)

    def denoise(self, spectra: Spectra) -> Spectra:
        """Returns reconstructed spectra, float32 [n, m]."""
        return self._run(self._model, spectra)

    def representations(self, spectra: Spectra) -> dict[str, Spectra]:
        """Returns `latents` [n, tokens · code] of spectra [n, m].

        With a preset that has a projection head also `projections`, unit vectors
        [n, projection].
        """
        latents = self.encode(spectra)
        if not self.preset.projection:
            return {"latents": latents}
        return {"latents": latents, "projections": self._run(self._model.project, latents)}

    @one_thread()
    def _run(self, step: Callable[[Tensor], Tensor], values: Spectra) -> Spectra:
        parts = []
        with torch.inference_mode():
            for start in range(0, len(values), _BATCH):
                batch = np.ascontiguousarray(values[start : start + _BATCH], dtype=np.float32)
                parts.append(step(torch.from_numpy(batch).to(self.device)).float().cpu().numpy())
        return np.concatenate(parts)


def _build(preset: AutoencoderPreset, length: int) -> TransformerAutoencoder:
    return TransformerAutoencoder(
        length=length,
        patch=preset.patch,
        dim=preset.dim,
        heads=preset.heads,
        encoder_depth=preset.encoder_depth,
        decoder_depth=preset.decoder_depth,
        code=preset.code,
        context=preset.context,
        projection=preset.projection,
    )
