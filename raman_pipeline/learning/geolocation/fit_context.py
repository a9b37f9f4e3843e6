"""What a fit may need besides data.

What belongs here: the context of a fit. What does not: the families that read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raman_pipeline.learning.data.splits import Split
from raman_pipeline.learning.training.presets import ConvNeXtPreset, PresetName

Hyperparameters = Mapping[str, Any]
"""Parameters that the inner validation may choose."""


@dataclass(frozen=True)
class FitContext:
    """Seed, protocol and settings of one fit.

    Attributes:
        seed: of everything random.
        split: the inner validation groups as this split does.
        trees: of a forest.
        presets: of the networks, by name.
        choice: parameters of this fit.
        checkpoint: file for the state of a long fit; None keeps none.
        on_epoch: told of progress.
    """

    seed: int
    split: Split
    trees: int
    presets: Mapping[PresetName, ConvNeXtPreset] = field(default_factory=dict)
    choice: Hyperparameters = field(default_factory=dict)
    checkpoint: Path | None = None
    on_epoch: Callable | None = None
