"""Labelled spectra: the training and the test set of one fold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from raman_pipeline.learning.data.splits import Split, training_rows
from raman_pipeline.spectra.tensor_file import SpectrumTensor


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


def fold_train_test(
    folds: pd.DataFrame,
    tensor: SpectrumTensor,
    fold: int,
    split: Split,
    covariates: pd.DataFrame | None = None,
) -> tuple[LabelledSpectra, LabelledSpectra]:
    """Returns the training and the test set of one fold.

    Args:
        folds: a FOLDS table.
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
