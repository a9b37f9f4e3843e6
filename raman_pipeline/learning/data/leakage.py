"""What a split lets the training side know of each test spectrum.

What belongs here: specimens, measurements and near-duplicates on both sides, and
accuracy by them. What does not: folds (see `splits`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.similarity import similarities, unit_root

NEAR_DUPLICATE = 0.99
"""Cosine of square roots from which two spectra count as near-duplicates."""

LEAKAGE = TableSchema(
    "split_leakage",
    (
        Column("member_id", pa.string(), "the test spectrum", unique=True),
        Column("fold", pa.int32(), "its test fold", between=(0, 1000)),
        Column("siblings", pa.int32(), "training spectra of its specimen", between=(0, 10_000)),
        Column("same_measurement", pa.bool_(), "its RAW or Processed twin stands in training"),
        Column("similarity", pa.float64(), "cosine with the nearest training spectrum"),
        Column("near_duplicate", pa.bool_(), f"that cosine is at least {NEAR_DUPLICATE}"),
    ),
)


def measure_leakage(train: LabelledSpectra, test: LabelledSpectra, fold: int) -> pd.DataFrame:
    """Returns the columns of LEAKAGE for one fold, one row a test spectrum.

    Args:
        train: must carry `measurement_key`.
        test: likewise.
        fold: its number.
    """
    reference, query = unit_root(train.intensity), unit_root(test.intensity)
    nearest = np.empty(len(test))
    for rows, similarity in similarities(query, reference):
        nearest[rows] = similarity.max(axis=1)
    siblings = train.metadata["rruff_id"].value_counts()
    return pd.DataFrame(
        {
            "member_id": test.metadata["member_id"],
            "fold": np.int32(fold),
            "siblings": test.metadata["rruff_id"].map(siblings).fillna(0).astype(np.int32),
            "same_measurement": test.metadata["measurement_key"].isin(
                train.metadata["measurement_key"].unique()
            ),
            "similarity": nearest.clip(0, 1),
            "near_duplicate": nearest >= NEAR_DUPLICATE,
        }
    )


def shares(leakage: pd.DataFrame) -> dict[str, float]:
    """Returns the shares of test spectra of which training knows something."""
    return {
        "same_specimen": float((leakage["siblings"] > 0).mean()),
        "same_measurement": float(leakage["same_measurement"].mean()),
        "near_duplicate": float(leakage["near_duplicate"].mean()),
    }


MAX_SIBLINGS = 5
"""Numbers of siblings from this on are counted together."""


def accuracy_by_siblings(predictions: pd.DataFrame, leakage: pd.DataFrame) -> pd.DataFrame:
    """Returns accuracy by how many training spectra the specimen has.

    Args:
        predictions: a PREDICTIONS table, of one or several folds.
        leakage: a LEAKAGE table of the same split.

    Returns:
        Columns `siblings` (0 to MAX_SIBLINGS, the last meaning that or more), `accuracy`, `n`.
    """
    joined = predictions.merge(leakage[["member_id", "siblings"]], on="member_id")
    grouped = (joined["country"] == joined["predicted"]).groupby(
        joined["siblings"].clip(upper=MAX_SIBLINGS)
    )
    return pd.DataFrame({"accuracy": grouped.mean(), "n": grouped.size()}).reset_index()
