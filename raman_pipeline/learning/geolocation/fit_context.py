"""The context of a fit: everything it depends on besides the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from raman_pipeline.common.storage import StorePath
from raman_pipeline.learning.data.splits import Split
from raman_pipeline.learning.training.presets import ConvNeXtPreset, PresetName

Hyperparameters = Mapping[str, Any]
"""Values of hyperparameters, by name: one point of a grid."""


@dataclass(frozen=True)
class FitContext:
    """Seed, protocol and settings of one fit.

    Attributes:
        seed: of everything random.
        split: whose grouping the inner validation uses.
        trees: number of trees of a forest.
        presets: of the networks, by name.
        hyperparameters: of this fit.
        checkpoint: file for the state of a long fit; None for no checkpoints.
        on_epoch: callback after each epoch.
    """

    seed: int
    split: Split
    trees: int
    presets: Mapping[PresetName, ConvNeXtPreset] = field(default_factory=dict)
    hyperparameters: Hyperparameters = field(default_factory=dict)
    checkpoint: StorePath | None = None
    on_epoch: Callable | None = None
