"""ConvNeXt1D as it is usually written, the reference for the speed of the project's own.

Convolutions on [batch, channels, length] throughout, norms between two transpositions. It takes
its weights from a `ConvNeXt1D` and gives the same numbers, which a test checks.
"""

from __future__ import annotations

from torch import Tensor, nn

from raman_pipeline.learning.models.convnext1d import Block, ConvNeXt1D, DropPath


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of [batch, channels, length]."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """Returns the same shape."""
        return self.norm(x.transpose(1, 2)).transpose(1, 2)


class PlainBlock(nn.Module):
    """The block with pointwise convolutions."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.depthwise = _conv(block.depthwise)
        self.norm = ChannelNorm(block.norm)
        self.expand, self.project = _pointwise(block.expand), _pointwise(block.project)
        self.gamma = nn.Parameter(block.gamma.detach().unsqueeze(1))
        self.activation, self.drop_path = nn.GELU(), DropPath(block.drop_path.rate)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the same shape."""
        y = self.project(self.activation(self.expand(self.norm(self.depthwise(x)))))
        return x + self.drop_path(self.gamma * y)


class PlainConvNeXt1D(nn.Module):
    """Classifies spectra [batch, length] into logits [batch, classes]."""

    def __init__(self, model: ConvNeXt1D) -> None:
        super().__init__()
        self.stem, self.stem_norm = _conv(model.stem), ChannelNorm(model.stem_norm)
        self.position = model.position
        self.stages = nn.Sequential(*map(_plain, model.stages))
        self.head_norm, self.dropout = model.head_norm, model.dropout
        self.classifier = model.classifier

    def forward(self, spectra: Tensor) -> Tensor:
        """Returns logits, [batch, classes]."""
        x = self.stem_norm(self.stem(spectra.unsqueeze(1)))
        if self.position is not None:
            x = x + self.position
        x = self.stages(x).mean(dim=2)
        return self.classifier(self.dropout(self.head_norm(x)))


def _plain(module: nn.Module) -> nn.Module:
    if isinstance(module, Block):
        return PlainBlock(module)
    return _conv(module) if isinstance(module, nn.Conv1d) else ChannelNorm(module)


def _conv(conv: nn.Conv1d) -> nn.Conv1d:
    plain = nn.Conv1d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,  # type: ignore[arg-type]
        conv.stride,  # type: ignore[arg-type]
        conv.padding,  # type: ignore[arg-type]
        groups=conv.groups,
    )
    plain.load_state_dict(conv.state_dict())
    return plain


def _pointwise(linear: nn.Linear) -> nn.Conv1d:
    conv = nn.Conv1d(linear.in_features, linear.out_features, 1)
    conv.load_state_dict({"weight": linear.weight.unsqueeze(2), "bias": linear.bias})
    return conv
