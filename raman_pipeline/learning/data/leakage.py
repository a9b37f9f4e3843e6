"""Leakage of a split: test spectra with siblings, duplicates or near-duplicates in training.

Siblings are other spectra of the same specimen.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.similarity import similarities, unit_root

NEAR_DUPLICATE = 0.99
"""Cosine of square roots from which two spectra are near-duplicates."""

LEAKAGE = TableSchema(
    "split_leakage",
    (
        Column("member_id", pa.string(), "the test spectrum", unique=True),
        Column("fold", pa.int32(), "its test fold", between=(0, 1000)),
        Column("siblings", pa.int32(), "training spectra of its specimen", between=(0, 10_000)),
        Column("same_measurement", pa.bool_(), "training has its RAW or Processed counterpart"),
        Column("similarity", pa.float64(), "cosine to the nearest training spectrum"),
        Column("near_duplicate", pa.bool_(), f"that cosine is at least {NEAR_DUPLICATE}"),
    ),
)


def measure_leakage(train: LabelledSpectra, test: LabelledSpectra, fold: int) -> pd.DataFrame:
    """Returns the columns of LEAKAGE for one fold, one row per test spectrum.

    Args:
        train: with `measurement_key`.
        test: with `measurement_key`.
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


def leakage_shares(leakage: pd.DataFrame) -> dict[str, float]:
    """Returns the share of test spectra with each kind of leakage."""
    return {
        "same_specimen": float((leakage["siblings"] > 0).mean()),
        "same_measurement": float(leakage["same_measurement"].mean()),
        "near_duplicate": float(leakage["near_duplicate"].mean()),
    }


MAX_SIBLINGS = 5
"""Larger numbers of siblings are counted together."""


def leakage_by_split(leakage: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Returns one row per split: `folds`, `n` and the shares of its LEAKAGE table."""
    return pd.DataFrame(
        {
            "split": split,
            "folds": frame["fold"].nunique(),
            "n": len(frame),
            **{name.replace("_", " "): value for name, value in leakage_shares(frame).items()},
        }
        for split, frame in leakage.items()
    )


def accuracy_by_siblings(predictions: pd.DataFrame, leakage: pd.DataFrame) -> pd.DataFrame:
    """Returns accuracy by the number of training spectra of the specimen.

    Args:
        predictions: a PREDICTIONS table of one or several folds.
        leakage: a LEAKAGE table of the same split.

    Returns:
        Columns `siblings` (0 to MAX_SIBLINGS or more), `accuracy`, `n`.
    """
    joined = predictions.merge(leakage[["member_id", "siblings"]], on="member_id")
    grouped = (joined["country"] == joined["predicted"]).groupby(
        joined["siblings"].clip(upper=MAX_SIBLINGS)
    )
    return pd.DataFrame({"accuracy": grouped.mean(), "n": grouped.size()}).reset_index()
