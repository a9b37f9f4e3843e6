"""Stage 5: augmented training sets, on the fly by default, stored on request."""

import dagster as dg
import numpy as np
import pyarrow as pa
from pydantic import Field

from raman_pipeline.learning.data.labelled import fold_train_test
from raman_pipeline.learning.training.augmented_set import augmented_set, disturbed
from raman_pipeline.learning.training.presets import AugmentationRecipe
from raman_pipeline.orchestration.metadata import (
    MODEL,
    OWNERS,
    arrays_version,
    blocking_check,
    check_result,
    figure_metadata,
)
from raman_pipeline.orchestration.partitions import FOLD_SPLIT, fold_and_split
from raman_pipeline.plots.augmentation import disturbed_copies
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

_SHOWN = 4


class AugmentationConfig(dg.Config):
    """What to store; set it in the launchpad."""

    copies: int = Field(0, ge=0, description="disturbed copies of each spectrum to store")


@dg.asset(
    group_name="folds",
    owners=OWNERS,
    partitions_def=FOLD_SPLIT,
    dagster_type=MODEL,
    io_manager_key="model_io_manager",
    kinds={"safetensors", "pytorch"},
    code_version="2",
    metadata={"settings_used": ["augmentation"]},
    check_specs=[
        blocking_check(
            "augmented_training_set",
            "sound",
            "Copies are finite, between 0 and 1, and of training spectra only.",
        )
    ],
)
def augmented_training_set(
    context: dg.AssetExecutionContext,
    config: AugmentationConfig,
    settings: dg.ResourceParam[Settings],
    fold_assignment: pa.Table,
    resampled_spectra: SpectrumTensor,
) -> dg.MaterializeResult:
    """The recipe by which training spectra are disturbed; with `copies`, the spectra too.

    Networks disturb anew in every epoch, so nothing has to be stored to train.
    """
    fold, _ = fold_and_split(context.partition_key)
    train, _ = fold_train_test(fold_assignment.to_pandas(), resampled_spectra, fold)
    recipe: AugmentationRecipe = settings.augmentation
    seed = settings.training.seed + fold
    result = augmented_set(train, recipe, seed, config.copies)
    shown = disturbed(train, recipe, seed, np.zeros(_SHOWN, np.int64))
    stored = result.arrays.get("intensity", shown)
    sound = bool(np.isfinite(stored).all() and stored.min() >= 0 and stored.max() <= 1)
    first = train.metadata.iloc[0]
    figure = disturbed_copies(
        train.grid, train.intensity[0], shown, f"{first['mineral']} {first['rruff_id']}: {recipe}"
    )
    return dg.MaterializeResult(
        value=result,
        data_version=dg.DataVersion(arrays_version(result.arrays, str(result.metadata))),
        metadata={
            "dagster/row_count": config.copies * len(train),
            "training_spectra": len(train),
            "copies": config.copies,
            "seed": seed,
            "recipe": recipe.model_dump(mode="json"),
            **figure_metadata(settings, "augmented_training_set", copies_of_one=figure),
        },
        check_results=[check_result("augmented_training_set", "sound", sound)],
    )
