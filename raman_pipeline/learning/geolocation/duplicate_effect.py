"""Effect of RAW/Processed duplicates: every measurement in the data set twice.

Every count in Tables 1 and 2 of Pappone (2024) is even, so the paper probably counted RAW and
Processed spectra separately and split the pairs across folds. Where an archive has few RAW
spectra, a duplicate is made: the same spectrum with another baseline and noise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.learning.data.splits import Split
from raman_pipeline.learning.geolocation.experiments import (
    EXPERIMENT_RUNS,
    ExperimentData,
    OnRun,
    run_family,
)
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.learning.training.presets import AugmentationRecipe
from raman_pipeline.spectra.tensor_file import SpectrumTensor

DUPLICATE = AugmentationRecipe(shift_cm1=0, noise=0.02, baseline=0.3, sibling=0)
"""Another baseline and noise, nothing else."""
DUPLICATE_FAMILIES = ("majority", "specimen_memorisation", "nearest_neighbour", "extra_trees")
DUPLICATE_SPLITS: tuple[Split, ...] = ("random", "specimen")


def with_duplicates(data: ExperimentData, seed: int) -> ExperimentData:
    """Returns the data with a duplicate of every selected spectrum.

    A duplicate has the specimen, label and covariates of its spectrum, and its own id.
    """
    # The import of torch takes seconds.
    from raman_pipeline.learning.training.augmented_set import augmented_copies
    from raman_pipeline.learning.training.classifier import TrainingSet

    rows = data.rows[data.rows["excluded"].isna()].reset_index(drop=True)
    tensor, n = data.tensor, len(rows)
    measured = np.asarray(tensor.intensity[tensor.rows_of(rows["member_id"].tolist())])
    nothing = np.zeros(n, np.int64)
    step_cm1 = float(tensor.grid[1] - tensor.grid[0])
    training = TrainingSet(measured, nothing, nothing, step_cm1)
    copies = augmented_copies(training, DUPLICATE, seed, np.arange(n))
    duplicates = rows.assign(member_id=rows["member_id"] + " duplicate")
    covariates = data.covariates[data.covariates["member_id"].isin(rows["member_id"])]
    doubled = covariates.assign(member_id=covariates["member_id"] + " duplicate")
    return replace(
        data,
        rows=pd.concat([rows, duplicates], ignore_index=True),
        tensor=SpectrumTensor(
            np.concatenate([measured, copies]),
            tensor.grid,
            (*rows["member_id"], *duplicates["member_id"]),
        ),
        covariates=pd.concat([covariates, doubled], ignore_index=True),
    )


def duplicate_effect(data: ExperimentData, seed: int, on_run: OnRun) -> pa.Table:
    """Fits DUPLICATE_FAMILIES with and without duplicates, under both splits.

    Returns:
        An EXPERIMENT_RUNS table; variants are `<family>, <split>, as measured` or
        `<family>, <split>, with duplicates`.
    """
    data_sets = (("as measured", data), ("with duplicates", with_duplicates(data, seed)))
    return EXPERIMENT_RUNS.from_rows(
        run_family(chosen, FAMILIES[name], f"{name}, {split}, {title}", fold, on_run)
        for title, chosen in data_sets
        for split in DUPLICATE_SPLITS
        for fold in chosen.folds(seed, split)
        for name in DUPLICATE_FAMILIES
    )
