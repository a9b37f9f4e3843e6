"""What counting every measurement twice is worth.

What belongs here: a data set in which each spectrum has a twin, as the RAW and the
Processed file of one scan are, and families fitted on it under two splits. What does
not: the other studies (see `studies`).

Every count in Tables 1 and 2 of Pappone (2024) is even, so the paper probably counted RAW
and Processed spectra apart and split the twins across folds. Where an archive holds few
RAW spectra, a twin is made: the same spectrum with another background and noise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.splits import Split
from raman_pipeline.learning.geolocation.experiments import (
    EXPERIMENT_RUNS,
    ExperimentData,
    OnRun,
    run_family,
)
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.learning.training.augmented_set import disturbed
from raman_pipeline.learning.training.presets import AugmentationRecipe
from raman_pipeline.spectra.tensor_file import SpectrumTensor

DUPLICATE = AugmentationRecipe(shift_cm1=0, noise=0.02, baseline=0.3, sibling=0)
"""Another background and noise, nothing else."""
DUPLICATE_FAMILIES = ("majority", "specimen_memorisation", "nearest_neighbour", "extra_trees")
DUPLICATE_SPLITS: tuple[Split, ...] = ("random", "specimen")


def with_duplicates(data: ExperimentData, seed: int) -> ExperimentData:
    """Returns a study in which every spectrum that takes part stands twice.

    The twin has the same specimen, label and covariates, and an id of its own.
    """
    rows = data.rows[data.rows["excluded"].isna()].reset_index(drop=True)
    tensor = data.tensor
    chosen = tensor.rows_of(rows["member_id"].tolist())
    measured = LabelledSpectra(
        np.asarray(tensor.intensity[chosen]),
        tensor.grid,
        np.zeros(len(rows), np.int64),
        ("",),
        rows,
    )
    copies = disturbed(measured, DUPLICATE, seed, np.arange(len(rows)))
    twins = rows.assign(member_id=rows["member_id"] + " twin")
    covariates = data.covariates[data.covariates["member_id"].isin(rows["member_id"])]
    return replace(
        data,
        rows=pd.concat([rows, twins], ignore_index=True),
        tensor=SpectrumTensor(
            np.concatenate([measured.intensity, copies]),
            tensor.grid,
            (*rows["member_id"], *twins["member_id"]),
        ),
        covariates=pd.concat(
            [covariates, covariates.assign(member_id=covariates["member_id"] + " twin")],
            ignore_index=True,
        ),
    )


def duplicate_effect(data: ExperimentData, seed: int, on_run: OnRun) -> pa.Table:
    """Fits DUPLICATE_FAMILIES on the data as measured and doubled, under both splits.

    Returns:
        An EXPERIMENT_RUNS table; variants are `<family>, <split>, as measured` or `, twins`.
    """
    sets = (("as measured", data), ("twins", with_duplicates(data, seed)))
    return EXPERIMENT_RUNS.from_rows(
        run_family(study, FAMILIES[name], f"{name}, {split}, {word}", cell, on_run)
        for word, study in sets
        for split in DUPLICATE_SPLITS
        for cell in study.cells(seed, split)
        for name in DUPLICATE_FAMILIES
    )
