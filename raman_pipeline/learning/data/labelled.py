"""Labelled spectra: the training and the test set of one fold."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.data.covariates import COVARIATES
from raman_pipeline.learning.data.splits import FOLDS, Split, training_rows
from raman_pipeline.spectra.tensor_file import SpectrumTensor

LABELLED = TableSchema(
    "labelled_spectra",
    (
        *(c for c in FOLDS.columns if c.name not in ("group", "excluded")),
        Column("content", pa.string(), "hash of grid, intensities and covariates"),
    ),
)


@dataclass(frozen=True)
class LabelledSpectra:
    """Spectra with labels.

    Attributes:
        intensity: float32 [n, m], normalised.
        grid: float64 [m], cm⁻¹.
        label: int64 [n], index into `classes`.
        classes: countries, sorted; the same in training and test set.
        metadata: [n] rows with `member_id`, `rruff_id`, `mineral`, `site`, `country`, and the
            covariates if they were joined.
    """

    intensity: npt.NDArray[np.float32]
    grid: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    metadata: pd.DataFrame

    def __len__(self) -> int:
        return len(self.label)

    def subset(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> LabelledSpectra:
        """Returns some of the rows, with all classes."""
        return replace(
            self,
            intensity=self.intensity[rows],
            label=self.label[rows],
            metadata=self.metadata[rows].reset_index(drop=True)
            if rows.dtype == bool
            else self.metadata.iloc[rows].reset_index(drop=True),
        )


def labelled_spectra(
    folds: pd.DataFrame, tensor: SpectrumTensor, covariates: pd.DataFrame
) -> pa.Table:
    """Returns a LABELLED table: all that models see of a split, spectra and covariates as hashes.

    Args:
        folds: a FOLDS table; rows without a fold are left out.
        tensor: the spectra; must contain every row that has a fold.
        covariates: a COVARIATES table.

    Raises:
        KeyError: a spectrum is not in the tensor or has no covariates.
    """
    used = folds[folds["fold"].notna()]
    ids = used["member_id"].tolist()
    known = covariates.set_index("member_id").loc[ids]
    numbers = [
        np.stack([np.asarray(value, np.float64).ravel() for value in known[column.name]])
        for column in COVARIATES.columns[1:]
    ]
    rows = zip(tensor.intensity[tensor.rows_of(ids)], np.hstack(numbers), strict=True)
    grid = tensor.grid.tobytes()
    content = [
        hashlib.sha256(grid + intensity.tobytes() + covariate.tobytes()).hexdigest()
        for intensity, covariate in rows
    ]
    return LABELLED.from_frame(used.assign(content=content))


def fold_train_test(
    folds: pd.DataFrame,
    tensor: SpectrumTensor,
    fold: int,
    split: Split,
    covariates: pd.DataFrame | None = None,
) -> tuple[LabelledSpectra, LabelledSpectra]:
    """Returns the training and the test set of one fold.

    Args:
        folds: a FOLDS or LABELLED table.
        tensor: the spectra; must contain every row that has a fold.
        fold: the test fold.
        split: of the folds.
        covariates: a COVARIATES table to join; None for families that do not need it.

    Raises:
        KeyError: a spectrum is not in the tensor.
        ValueError: the fold is empty.
    """
    used = folds[folds["fold"].notna()].reset_index(drop=True)
    if covariates is not None:
        used = used.merge(covariates, on="member_id", how="left", validate="one_to_one")
    classes = tuple(sorted(used["country"].unique()))
    index = {country: i for i, country in enumerate(classes)}
    test = (used["fold"] == fold).to_numpy()
    if not test.any():
        raise ValueError(
            f"fold {fold} is empty; folds are {sorted(used['fold'].unique().tolist())}"
        )
    sets = []
    for chosen in (training_rows(used, test, split), test):
        metadata = used[chosen].reset_index(drop=True)
        rows = tensor.rows_of(metadata["member_id"].tolist())
        sets.append(
            LabelledSpectra(
                intensity=np.asarray(tensor.intensity[rows]),
                grid=tensor.grid,
                label=metadata["country"].map(index).to_numpy(np.int64),
                classes=classes,
                metadata=metadata,
            )
        )
    return sets[0], sets[1]
