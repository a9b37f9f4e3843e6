"""Leakage of a split: test spectra with siblings, duplicates or near-duplicates in training.

Siblings are other spectra of the same specimen: the RAW or Processed twin of the same measurement,
those of another laser, and those of the same laser in another orientation or scan.
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
        Column("rruff_id", pa.string(), "its specimen"),
        Column("fold", pa.int32(), "its test fold", between=(0, 1000)),
        Column("siblings", pa.int32(), "training spectra of its specimen", between=(0, 10_000)),
        Column("same_measurement", pa.bool_(), "training has its RAW or Processed counterpart"),
        Column("other_laser", pa.int32(), "siblings of another laser", between=(0, 10_000)),
        Column(
            "other_scan",
            pa.int32(),
            "siblings of the same laser in another orientation or scan",
            between=(0, 10_000),
        ),
        Column("similarity", pa.float64(), "cosine to the nearest training spectrum"),
        Column("near_duplicate", pa.bool_(), f"that cosine is at least {NEAR_DUPLICATE}"),
    ),
)


def measure_leakage(train: LabelledSpectra, test: LabelledSpectra, fold: int) -> pd.DataFrame:
    """Returns the columns of LEAKAGE for one fold, one row per test spectrum.

    Args:
        train: with `measurement_key` and `wavelength_nm`.
        test: the same.
        fold: its number.
    """
    reference, query = unit_root(train.intensity), unit_root(test.intensity)
    nearest = np.empty(len(test))
    for rows, similarity in similarities(query, reference):
        nearest[rows] = similarity.max(axis=1)
    columns = ["rruff_id", "measurement_key", "wavelength_nm"]
    pairs = test.metadata[["member_id", *columns]].merge(train.metadata[columns], on="rruff_id")
    twin = pairs["measurement_key_x"] == pairs["measurement_key_y"]
    laser = ~twin & (pairs["wavelength_nm_x"] != pairs["wavelength_nm_y"])
    kinds = pairs.assign(siblings=1, twin=twin, other_laser=laser, other_scan=~twin & ~laser)
    names = ["siblings", "twin", "other_laser", "other_scan"]
    found = kinds.groupby("member_id")[names].sum()
    found = found.reindex(test.metadata["member_id"], fill_value=0).astype(np.int32)
    return pd.DataFrame(
        {
            "member_id": test.metadata["member_id"],
            "rruff_id": test.metadata["rruff_id"],
            "fold": np.int32(fold),
            "siblings": found["siblings"].to_numpy(),
            "same_measurement": found["twin"].to_numpy() > 0,
            "other_laser": found["other_laser"].to_numpy(),
            "other_scan": found["other_scan"].to_numpy(),
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
