"""Augmented training sets, on the fly by default, stored on request."""

import dagster as dg
import numpy as np
import pyarrow as pa
from pydantic import Field

from raman_pipeline.learning.data.labelled import fold_train_test
from raman_pipeline.learning.data.splits import Split
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration.partitions import FOLD_SPLIT
from raman_pipeline.plots.augmentation import augmented_spectra
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

_SHOWN = 4


class AugmentationConfig(dg.Config):
    """What to store; set it in the launchpad."""

    copies: int = Field(0, ge=0, description="augmented copies of each spectrum to store")


@kit.model_asset(
    group_name="geolocation",
    partitions_def=FOLD_SPLIT,
    kinds={"pytorch"},
    code_version="3",
    uses=["training"],
    checks={"in_range": "Copies are finite, between 0 and 1, and of training spectra only."},
)
def augmented_training_set(
    fold: int,
    split: Split,
    config: AugmentationConfig,
    settings: Settings,
    fold_assignment: pa.Table,
    resampled_spectra: SpectrumTensor,
) -> kit.Result:
    """The augmentation that ConvNeXt1D trains with; with `copies`, augmented spectra too.

    Networks augment anew in every epoch, so nothing has to be stored to train.
    """
    from raman_pipeline.learning.training.augmented_set import augmented_copies, augmented_set
    from raman_pipeline.learning.training.classifier import TrainingSet

    train, _ = fold_train_test(fold_assignment.to_pandas(), resampled_spectra, fold, split)
    preset = settings.training.presets["default"]
    seed = settings.training.seed + fold
    result = augmented_set(train, preset, seed, config.copies)
    data = TrainingSet.of(train, preset)
    shown = augmented_copies(data, preset.augmentation, seed, np.zeros(_SHOWN, np.int64))
    stored = result.arrays.get("intensity", shown)
    in_range = np.isfinite(stored).all() and stored.min() >= 0 and stored.max() <= 1
    first = train.metadata.iloc[0]
    title = f"{first['mineral']} {first['rruff_id']}: {preset.augmentation}"
    return kit.Result(
        result,
        {"dagster/row_count": config.copies * len(train), "recipe": result.metadata["recipe"]},
        checks={"in_range": kit.Check(in_range)},
        figures={"copies": augmented_spectra(result.arrays["grid"], data.spectra[0], shown, title)},
    )
