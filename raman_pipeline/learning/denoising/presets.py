"""Presets of the denoising autoencoder; torch is not imported here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from raman_pipeline.learning.training.presets import EpochSchedule

AutoencoderName = Literal["paper", "default"]


class AutoencoderPreset(EpochSchedule):
    """Architecture, noise and optimiser of one autoencoder. Lengths are in grid points."""

    patch: int = Field(24, ge=1)
    dim: int = Field(128, ge=1)
    heads: int = Field(4, ge=1)
    encoder_depth: int = Field(3, ge=0)
    decoder_depth: int = Field(1, ge=0)
    code: int = Field(24, ge=1, description="size of a patch's code in the latent")
    context: bool = Field(True, description="whether a token includes the adjacent patches")
    projection: int = Field(64, ge=0, description="size of the projection head; 0 for none")
    noise: tuple[float, float] = Field(
        (0.005, 0.3), description="range of the standard deviation, log-uniform, per spectrum"
    )
    contrastive_weight: float = Field(
        0.0, ge=0, description="weight of the contrastive loss between spectra of specimens"
    )
    train_on_clustered: bool = Field(
        False, description="whether to train on the clustered set, augmented copies included"
    )
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_steps: int = 50


AUTOENCODERS: dict[AutoencoderName, AutoencoderPreset] = {
    # The only size in the paper is that of the flattened latent, 38,400: here 300 patches of
    # 128. It trains on the spectra that it clusters, 50 augmented ones included.
    "paper": AutoencoderPreset(
        patch=4,
        code=128,
        encoder_depth=2,
        projection=0,
        context=False,
        noise=(0.05, 0.05),
        train_on_clustered=True,
        epochs=30,
        batch_size=16,
    ),
    # Patches of 24 cm⁻¹ reach the error of those of 16 in two thirds of the time, and that of
    # 4 or 8 in less than half (`benchmarks/autoencoder.py`); 40 is hardly better.
    "default": AutoencoderPreset(contrastive_weight=0.1, epochs=16, batch_size=32),
}
