"""The convolutional embedding of Vorozhtsov & Kitina (2024).

What belongs here: the architecture. What does not: what it is trained for (see
`learning.synthetic_tasks.triplets`).

Tensors are [batch, length, channels] throughout: on a CPU a step takes less than half the time of
one with `Conv1d` and `MaxPool1d`, whose numbers these are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_LAYERS = ((16, 21), (32, 11), (64, 5))
"""Filters and kernel of each convolution."""
_SLOPE = 0.01


class _Layer(nn.Module):
    """Convolution that keeps the length, maximum of each two points, LeakyReLU, BatchNorm."""

    def __init__(self, inputs: int, filters: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, filters, (1, kernel), padding=(0, kernel // 2))
        self.norm = nn.BatchNorm1d(filters)

    def forward(self, x: Tensor) -> Tensor:
        image = x.unsqueeze(1).permute(0, 3, 1, 2)
        y = self.conv(image).permute(0, 2, 3, 1).squeeze(1)
        batch, length, filters = y.shape
        pairs = y[:, : length // 2 * 2].reshape(batch, length // 2, 2, filters)
        y = nn.functional.leaky_relu(torch.maximum(pairs[:, :, 0], pairs[:, :, 1]), _SLOPE)
        return self.norm(y.flatten(0, 1)).view(y.shape)


class SpectrumCNN(nn.Module):
    """Maps spectra float32 [batch, points] to unit vectors float32 [batch, size].

    Three convolutions, then one linear layer on all that is left, as in the authors' code.

    Args:
        points: of a spectrum.
        size: of the embedding.
    """

    def __init__(self, points: int, size: int = 64) -> None:
        super().__init__()
        inputs = [1, *(filters for filters, _ in _LAYERS)]
        self.layers = nn.Sequential(
            *(_Layer(n, f, k) for n, (f, k) in zip(inputs[:-1], _LAYERS, strict=True))
        )
        self.head = nn.Linear(inputs[-1] * (points // 2 ** len(_LAYERS)), size)

    def forward(self, x: Tensor) -> Tensor:
        features = self.layers(x.unsqueeze(2)).flatten(1)
        return nn.functional.normalize(self.head(features).float())
