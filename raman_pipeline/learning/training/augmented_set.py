"""Augmented training sets: the augmentation of a preset with a seed and, on request, the spectra.

Networks augment anew in every epoch (see `classifier`); these are for inspection, and for training
elsewhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.training.augmentation import Augmenter
from raman_pipeline.learning.training.classifier import TrainingSet, crop_columns
from raman_pipeline.learning.training.presets import AugmentationRecipe, ConvNeXtPreset

_BATCH = 512


def augmented_set(
    train: LabelledSpectra, preset: ConvNeXtPreset, seed: int, copies: int
) -> ModelState:
    """Returns the augmentation of a preset and `copies` augmented copies of each spectrum.

    Args:
        train: the training set of a fold.
        preset: whose crop and augmentation are applied, except mixup, which mixes labels too.
        seed: of the augmentation.
        copies: of each spectrum; 0 stores the recipe only.

    Returns:
        Array `grid` float64 [m], cm⁻¹, and with copies `intensity` float32 [copies · n, m] and
        `row` int64 [copies · n], of the training set.
    """
    recipe = preset.augmentation
    metadata = {
        "recipe": recipe and recipe.model_dump(mode="json"),
        "seed": seed,
        "copies": copies,
        "training_spectra": len(train),
        "member_ids": train.metadata["member_id"].tolist() if copies else [],
    }
    grid = train.grid[crop_columns(train.grid, preset.crop)]
    if not copies:
        return ModelState({"grid": grid}, metadata)
    rows = np.tile(np.arange(len(train)), copies)
    intensity = augmented_copies(TrainingSet.of(train, preset), recipe, seed, rows)
    return ModelState({"intensity": intensity, "row": rows, "grid": grid}, metadata)


def augmented_copies(
    data: TrainingSet,
    recipe: AugmentationRecipe | None,
    seed: int,
    rows: npt.NDArray[np.int64],
) -> npt.NDArray[np.float32]:
    """Returns augmented copies of the spectra of some rows, float32 [rows, m], on the CPU."""
    if recipe is None:
        return data.spectra[rows]
    spectra = torch.from_numpy(np.ascontiguousarray(data.spectra))
    augment = Augmenter(recipe, spectra, data.specimens, data.step_cm1)
    torch.manual_seed(seed)
    return torch.cat([augment(part) for part in torch.from_numpy(rows).split(_BATCH)]).numpy()
