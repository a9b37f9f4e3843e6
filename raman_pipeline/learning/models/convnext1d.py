"""ConvNeXt1D: a one-dimensional ConvNeXt for spectra.

Pappone, Califano & Tafani (2024), From Spectra to Geography, section 4.2, after Liu
et al. (2022), A ConvNet for the 2020s. Departures from the paper are options, all
off in the `paper` preset (see `raman_pipeline.learning.training.presets`).

From stem to head tensors are [batch, length, channels], so that norms and pointwise
convolutions need no transposition: the numbers of `Conv1d` on [batch, channels, length],
at a multiple of its speed on a CPU (see `benchmarks/training.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn


class PatchConv(nn.Conv1d):
    """A convolution of [batch, length, channels] whose stride is its kernel: one product.

    As with `Conv1d`, what is left over at the end of the length is not seen.
    """

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__(inputs, outputs, size, stride=size)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, channels = x.shape
        (size,) = self.kernel_size
        patches = x[:, : length // size * size].reshape(batch, length // size, size * channels)
        weight = self.weight.transpose(1, 2).flatten(1)
        return nn.functional.linear(patches, weight, self.bias)


class DepthwiseConv(nn.Conv1d):
    """A convolution of each channel of [batch, length, channels] on its own; keeps the length.

    Run as a two-dimensional one in `channels_last` order, whose kernels are two to three
    times as fast on a CPU, forward and backward, as those of `Conv1d`.
    """

    def __init__(self, channels: int, size: int) -> None:
        super().__init__(channels, channels, size, padding=size // 2, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        image = x.unsqueeze(1).permute(0, 3, 1, 2)
        weight = self.weight.unsqueeze(2).contiguous(memory_format=torch.channels_last)
        padding = (0, self.kernel_size[0] // 2)
        y = nn.functional.conv2d(image, weight, self.bias, padding=padding, groups=self.groups)
        return y.permute(0, 2, 3, 1).squeeze(1)


class DropPath(nn.Module):
    """Stochastic depth: drops the whole branch of a random part of the batch."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        mask = torch.empty(x.shape[0], 1, 1, dtype=x.dtype, device=x.device).bernoulli_(keep)
        return x * mask / keep


class Block(nn.Module):
    """y = x + DropPath(gamma * PW2(GELU(PW1(LN(DWConv7(x)))))), [batch, length, channels]."""

    def __init__(self, channels: int, layer_scale: float, drop_path: float) -> None:
        super().__init__()
        self.depthwise = DepthwiseConv(channels, 7)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.expand = nn.Linear(channels, 4 * channels)
        self.activation = nn.GELU()
        self.project = nn.Linear(4 * channels, channels)
        self.gamma = nn.Parameter(torch.full((channels,), layer_scale))
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.activation(self.expand(self.norm(self.depthwise(x)))))
        return x + self.drop_path(self.gamma * y)


class ConvNeXt1D(nn.Module):
    """Classifies spectra [batch, length] into logits [batch, classes].

    Args:
        length: grid points of a spectrum.
        classes: number of classes.
        depths: blocks in each stage.
        dims: channels in each stage.
        layer_scale: initial gamma of each block.
        stem_norm: LayerNorm right after the stem, as in the paper. On one input
            channel it removes the amplitude.
        position_embedding: adds a learnt vector for each position after the stem;
            without it the mean over the length forgets where a band stood.
        initialisation: `truncated_normal` of deviation 0.02 as in the paper, or `fan_in`,
            the same shape with deviation 1/sqrt(inputs of a unit).
        drop_path: rate of the last block; rises linearly from 0.
        dropout: before the classifier.
    """

    def __init__(
        self,
        length: int,
        classes: int,
        depths: Sequence[int] = (2, 2, 3, 2),
        dims: Sequence[int] = (32, 64, 128, 256),
        layer_scale: float = 1e-6,
        stem_norm: bool = True,
        position_embedding: bool = False,
        initialisation: Literal["truncated_normal", "fan_in"] = "truncated_normal",
        drop_path: float = 0.1,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.stem = PatchConv(1, dims[0], 4)
        self.stem_norm = nn.LayerNorm(dims[0], eps=1e-6) if stem_norm else nn.Identity()
        self.position = (
            nn.Parameter(torch.zeros(dims[0], length // 4)) if position_embedding else None
        )
        rates = iter(torch.linspace(0, drop_path, sum(depths)).tolist())
        stages: list[nn.Module] = []
        for stage, (depth, dim) in enumerate(zip(depths, dims, strict=True)):
            if stage:
                before = dims[stage - 1]
                stages += [nn.LayerNorm(before, eps=1e-6), PatchConv(before, dim, 2)]
            stages += [Block(dim, layer_scale, next(rates)) for _ in range(depth)]
        self.stages = nn.Sequential(*stages)
        self.head_norm = nn.LayerNorm(dims[-1], eps=1e-6)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(dims[-1], classes)
        for module in self.modules():
            _initialise(module, initialisation)
        if self.position is not None:
            nn.init.trunc_normal_(self.position, std=0.02)

    def forward(self, spectra: Tensor) -> Tensor:
        x = self.stem_norm(self.stem(spectra.unsqueeze(2)))
        if self.position is not None:
            x = x + self.position.T
        x = self.stages(x).mean(dim=1)
        return self.classifier(self.dropout(self.head_norm(x)))


def _initialise(module: nn.Module, initialisation: str) -> None:
    if isinstance(module, nn.Conv1d | nn.Linear):
        inputs = module.weight[0].numel()
        std = 0.02 if initialisation == "truncated_normal" else inputs**-0.5
        nn.init.trunc_normal_(module.weight, std=std)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
