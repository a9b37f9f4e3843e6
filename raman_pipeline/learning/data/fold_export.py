"""Folds as a CSV file that can be published and cited, and folds that start from such a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.data.splits import DEALT_FOLDS, Split, dealt_values, folds_version

_NAMES = ["member_id", "measurement_key", "rruff_id", "mineral", "site", "country"]
COLUMNS = [*_NAMES, "split", "fold", "fold_version"]


def export_folds(folds: Mapping[Split, pa.Table], dealt: Mapping[Split, pa.Table]) -> str:
    """Returns one CSV of COLUMNS: every spectrum that has a fold, once for each split.

    Args:
        folds: split to FOLDS table.
        dealt: split to DEALT_FOLDS table, which has the version.
    """
    parts = []
    for split, table in folds.items():
        frame = table.to_pandas()
        facts = {"split": split, "fold_version": folds_version(dealt[split])}
        parts.append(frame[frame["fold"].notna()].assign(**facts)[COLUMNS])
    return pd.concat(parts).to_csv(index=False)


def folds_of_export(path: Path, split: Split, n_splits: int, seed: int) -> pa.Table:
    """Reads a CSV of `export_folds` as the DEALT_FOLDS table of one split.

    It is empty where the file does not have the split.

    Raises:
        InputError: the file is no such export, or its folds are not those of `n_splits`.
    """
    remedy = "use a file that `raman-pipeline export-folds` wrote"
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path}: not a CSV of folds; {remedy}") from error
    if lacking := [c for c in COLUMNS if c not in frame]:
        raise InputError(f"{path}: lacks the columns {', '.join(lacking)}; {remedy}")
    rows = frame[frame["split"] == split]
    if rows["member_id"].duplicated().any():
        raise InputError(f"{path}: a spectrum is in the {split} split twice; {remedy}")
    expected = {str(fold) for fold in range(n_splits)}
    if len(rows) and set(rows["fold"]) != expected:
        found = ", ".join(sorted(set(rows["fold"]) ^ expected)[:5])
        raise InputError(
            f"{path}: the {split} split needs the folds 0 to {n_splits - 1}; wrong or lacking: "
            f"{found}; {remedy}"
        )
    number = rows["fold_version"].str.extract(r"^(\d+)-")[0]
    if number.isna().any():
        raise InputError(f"{path}: a fold_version of the {split} split is no version; {remedy}")
    values = dealt_values(rows.assign(fold=rows["fold"].astype(int)), split)
    versions = values.assign(version=int(number.iloc[0]) if len(rows) else 1, seed=seed)
    return DEALT_FOLDS.from_frame(versions)
