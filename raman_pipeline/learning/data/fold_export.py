"""Folds as a CSV file that can be published and cited, and folds that start from such a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.data.splits import (
    DEALT_FOLDS,
    SPLITS,
    Split,
    dealt_values,
    folds_hash,
    folds_version,
)

_NAMES = ["member_id", "measurement_key", "rruff_id", "mineral", "site", "country"]
COLUMNS = [*_NAMES, "split", "fold", "fold_version"]


def export_folds(folds: Mapping[Split, pa.Table], dealt: Mapping[Split, pa.Table]) -> str:
    """Returns one CSV of COLUMNS: every spectrum that has a fold, once for each split.

    Args:
        folds: split to FOLDS table.
        dealt: split to DEALT_FOLDS table, which has the number of the version.
    """
    parts = []
    for split, table in folds.items():
        frame = table.to_pandas()
        facts = {"split": split, "fold_version": folds_version(table, dealt[split])}
        parts.append(frame[frame["fold"].notna()].assign(**facts)[COLUMNS])
    return pd.concat(parts).to_csv(index=False)


def folds_of_export(path: Path, split: Split, seed: int) -> pa.Table:
    """Reads a CSV of `export_folds` as the DEALT_FOLDS table of one split.

    It is empty where the file does not have the split.

    Raises:
        InputError: the file is no such export, or rows of it were lost or changed.
    """
    remedy = "use a file that `raman-pipeline export-folds` wrote"
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path}: not a CSV of folds; {remedy}") from error
    if lacking := [c for c in COLUMNS if c not in frame]:
        raise InputError(f"{path}: lacks the columns {', '.join(lacking)}; {remedy}")
    if frame.empty:
        raise InputError(f"{path}: has no rows; {remedy}")
    if unknown := sorted({str(name) for name in frame["split"]} - {*SPLITS}):
        raise InputError(f"{path}: there is no split {', '.join(map(repr, unknown))}; {remedy}")
    rows = frame[frame["split"] == split]
    if rows.empty:
        return DEALT_FOLDS.arrow.empty_table()
    version = rows["fold_version"].iloc[0]
    number, _, content = version.partition("-")
    if not number.isdecimal() or content != folds_hash(rows):
        raise InputError(
            f"{path}: rows of the {split} split were lost or changed: they are not those of "
            f"fold_version {version}; {remedy}"
        )
    values = dealt_values(rows.assign(fold=rows["fold"].astype(int)), split)
    return DEALT_FOLDS.from_frame(values.assign(version=int(number), seed=seed))
