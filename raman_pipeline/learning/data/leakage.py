"""Leakage of a split: test spectra with siblings, duplicates or near-duplicates in training.

Siblings are other spectra of the same specimen: the other of the RAW/Processed pair,
those of another laser, and those of the same laser in another orientation or scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.data.similarity import unit_root
from raman_pipeline.learning.data.splits import Split, training_rows
from raman_pipeline.spectra.tensor_file import SpectrumTensor

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


def measure_leakage(
    folds: pd.DataFrame, tensor: SpectrumTensor, covariates: pd.DataFrame, split: Split
) -> pd.DataFrame:
    """Returns the columns of LEAKAGE, fold by fold.

    Args:
        folds: a FOLDS table; spectra without a fold are on neither side.
        tensor: the spectra.
        covariates: a COVARIATES table.
        split: of the folds.
    """
    lasers = covariates[["member_id", "wavelength_nm"]]
    used = folds[folds["fold"].notna()].merge(lasers, "left", "member_id", validate="one_to_one")
    tests = [(used["fold"] == fold).to_numpy(bool) for fold in range(int(used["fold"].max()) + 1)]
    trains = [training_rows(used, test, split) for test in tests]
    root = unit_root(tensor.intensity[tensor.rows_of(used["member_id"].tolist())])
    nearest = np.zeros(len(used))
    # Two folds are compared once, for the test spectra of both.
    for (one, one_train), (other, other_train) in combinations(zip(tests, trains, strict=True), 2):
        similarity = root[one] @ root[other].T
        found = similarity[:, one_train[other]].max(axis=1, initial=0)
        nearest[one] = np.maximum(nearest[one], found)
        found = similarity[other_train[one]].max(axis=0, initial=0)
        nearest[other] = np.maximum(nearest[other], found)
    near = used.assign(similarity=nearest.clip(max=1), near_duplicate=nearest >= NEAR_DUPLICATE)
    sets = zip(tests, trains, strict=True)
    return pd.concat([count_siblings(used[train], near[test]) for test, train in sets])


def count_siblings(train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """Returns the test rows with their siblings in training, by kind, as in LEAKAGE.

    Args:
        train: rows with `rruff_id`, `measurement_key` and `wavelength_nm`.
        test: the same, with `member_id`.
    """
    columns = ["rruff_id", "measurement_key", "wavelength_nm"]
    pairs = test[["member_id", *columns]].merge(train[columns], on="rruff_id")
    paired = pairs["measurement_key_x"] == pairs["measurement_key_y"]
    laser = ~paired & (pairs["wavelength_nm_x"] != pairs["wavelength_nm_y"])
    kinds = pairs.assign(siblings=1, paired=paired, other_laser=laser, other_scan=~paired & ~laser)
    names = ["siblings", "paired", "other_laser", "other_scan"]
    found = kinds.groupby("member_id")[names].sum()
    found = found.reindex(test["member_id"], fill_value=0).astype(np.int32).reset_index(drop=True)
    found["same_measurement"] = found.pop("paired") > 0
    return pd.concat([test.reset_index(drop=True), found], axis=1)


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
