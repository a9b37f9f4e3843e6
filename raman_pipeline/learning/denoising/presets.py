"""Named sets of choices for the denoising autoencoder.

What belongs here: the `paper` preset, whose latent has the paper's size, and the `default`
preset, which denoises best. What does not: which one a run uses (see
`raman_pipeline.settings`). torch is not imported here.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from raman_pipeline.learning.training.presets import Schedule

AutoencoderName = Literal["paper", "default"]


class AutoencoderPreset(Schedule):
    """Architecture, noise and optimiser of one autoencoder. Lengths are in grid points."""

    patch: int = Field(24, ge=1)
    dim: int = Field(128, ge=1)
    heads: int = Field(4, ge=1)
    encoder_depth: int = Field(3, ge=0)
    decoder_depth: int = Field(1, ge=0)
    code: int = Field(24, ge=1, description="numbers of a patch in the latent")
    context: bool = Field(True, description="whether a token sees the patches beside it")
    summary: int = Field(64, ge=0, description="numbers of the summary; 0 for none")
    noise: tuple[float, float] = Field(
        (0.005, 0.3), description="range of the deviation, log-uniform, drawn a spectrum"
    )
    agreement: float = Field(
        0.0, ge=0, description="weight of: spectra of one specimen have near summaries"
    )
    only_task: bool = Field(
        False, description="trained on the clustered minerals alone, with augmented copies"
    )
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_steps: int = 50


AUTOENCODERS: dict[AutoencoderName, AutoencoderPreset] = {
    # The paper prints no sizes but that of a flattened latent, 38,400 numbers: 300 patches of
    # 128 here. Its training data are the spectra that it clusters, with 50 augmented ones.
    "paper": AutoencoderPreset(
        patch=4,
        code=128,
        encoder_depth=2,
        summary=0,
        context=False,
        noise=(0.05, 0.05),
        only_task=True,
        epochs=30,
        batch_size=16,
    ),
    # Patches of 24 cm⁻¹ reach the error of those of 16 in two thirds of the time, and that of
    # 4 or 8 in less than half (`benchmarks/autoencoder.py`); 40 gains little more.
    "default": AutoencoderPreset(agreement=0.1, epochs=16, batch_size=32),
}
