"""Training preset of the embedding, with the values of the authors' code; imports no torch.

Changes per task are in `tasks.paper_preset`.
"""

from __future__ import annotations

from pydantic import Field

from raman_pipeline.learning.training.presets import StepSchedule


class EmbeddingPreset(StepSchedule):
    """The embedding and its training (Vorozhtsov & Kitina 2024)."""

    size: int = Field(64, ge=2, description="dimensions of the embedding")
    noise: float = Field(0.005, ge=0, description="standard deviation of the added noise")
    margin: float = 1.0
    cut: float = Field(0.3, description="terms of the loss up to this value are dropped")
    epochs: int = 20
    batch_size: int = 128
    learning_rate: float = 5e-3
    weight_decay: float = 0.01
    clip_norm: float = Field(1e9, description="the paper does not clip")
    milestones: tuple[int, ...] = (4, 8, 12, 16)


PAPER = EmbeddingPreset()
