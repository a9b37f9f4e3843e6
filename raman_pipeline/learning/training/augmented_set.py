"""Augmented training sets: a recipe with a seed, or the disturbed spectra themselves.

What belongs here: what `training` does on the fly, kept for those who want to look at
it or to train elsewhere. What does not: the disturbances (see `augmentation`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.training.augmentation import Augmenter
from raman_pipeline.learning.training.presets import AugmentationRecipe

_BATCH = 512


def augmented_set(
    train: LabelledSpectra, recipe: AugmentationRecipe, seed: int, copies: int
) -> ModelState:
    """Returns the recipe and, for each copy asked for, every training spectrum disturbed.

    Args:
        train: the training side of a fold.
        recipe: what is done; mixup is left to training, since it mixes labels.
        seed: of the disturbances.
        copies: how many of each spectrum; 0 keeps the recipe only.

    Returns:
        Arrays `intensity` float32 [copies · n, m], `row` int64 [copies · n] (of the training
        side) and `grid` float64 [m], cm⁻¹, where copies are asked for.
    """
    metadata = {
        "recipe": recipe.model_dump(mode="json"),
        "seed": seed,
        "copies": copies,
        "training_spectra": len(train),
        "member_ids": train.metadata["member_id"].tolist() if copies else [],
    }
    if not copies:
        return ModelState({"grid": train.grid}, metadata)
    rows = np.tile(np.arange(len(train)), copies)
    return ModelState(
        {"intensity": disturbed(train, recipe, seed, rows), "row": rows, "grid": train.grid},
        metadata,
    )


def disturbed(
    train: LabelledSpectra,
    recipe: AugmentationRecipe,
    seed: int,
    rows: npt.NDArray[np.int64],
) -> npt.NDArray[np.float32]:
    """Returns disturbed copies of some training spectra, float32 [rows, m], on the CPU."""
    specimens, _ = pd.factorize(train.metadata["rruff_id"])
    augment = Augmenter(
        recipe,
        torch.from_numpy(np.ascontiguousarray(train.intensity)),
        specimens.astype(np.int64),
        float(train.grid[1] - train.grid[0]),
    )
    torch.manual_seed(seed)
    parts = torch.from_numpy(rows).split(_BATCH)
    return torch.cat([augment(part) for part in parts]).numpy()
