"""Splits into folds: the papers' random split, and splits by specimen, locality and species.

What belongs here: grouped folds and the check that no group is in several folds. What does not:
which spectra are selected (see `selection`).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.data.selection import EXCLUSIONS

if TYPE_CHECKING:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

Split = Literal["random", "specimen", "locality", "species"]
SPLITS: tuple[Split, ...] = get_args(Split)

_GROUP_COLUMNS: dict[Split, tuple[str, ...]] = {
    "random": (),
    "specimen": ("rruff_id",),
    # By locality or mineral alone, a specimen with two of them could be in two folds.
    "locality": ("locality", "rruff_id"),
    "species": ("mineral", "rruff_id"),
}

FOLDS = TableSchema(
    "fold_assignment",
    (
        Column("member_id", pa.string(), "the spectrum", unique=True),
        Column("rruff_id", pa.string(), "the specimen", nullable=True),
        Column("mineral", pa.string(), "NAMES header", nullable=True),
        Column("locality", pa.string(), "LOCALITY header, empty where absent"),
        Column("country", pa.string(), "label: Natural Earth NAME", nullable=True),
        Column("group", pa.int64(), "kept in one fold; null in `random`", nullable=True),
        Column("fold", pa.int32(), "test fold; null if excluded", nullable=True),
        Column("excluded", pa.string(), "reason for exclusion", True, isin=EXCLUSIONS),
    ),
)


def groups_of(frame: pd.DataFrame, split: Split) -> npt.NDArray[np.int64] | None:
    """Returns the group of each row, or None for the random split.

    Groups are the connected components of rows that share a value in any of the split's columns.

    Args:
        frame: columns `rruff_id`, `locality`, `mineral`, without nulls.
        split: which split.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    columns = _GROUP_COLUMNS[split]
    if not columns:
        return None
    n = len(frame)
    rows = np.arange(n)
    edges, offset = [], n
    for column in columns:
        codes, values = pd.factorize(frame[column])
        if (codes < 0).any():
            raise ValueError(f"{column} has nulls; exclude those rows")
        edges.append(np.stack([rows, codes + offset]))
        offset += len(values)
    source, target = np.concatenate(edges, axis=1)
    graph = coo_matrix((np.ones(source.size), (source, target)), shape=(offset, offset))
    _, labels = connected_components(graph, directed=False)
    return pd.factorize(labels[:n])[0].astype(np.int64)


def make_splitter(split: Split, n_splits: int, seed: int) -> StratifiedKFold | StratifiedGroupKFold:
    """Returns the scikit-learn splitter of a split; pass it `groups_of` as groups."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    if _GROUP_COLUMNS[split]:
        return StratifiedGroupKFold(n_splits=n_splits, shuffle=True, random_state=seed)
    return StratifiedKFold(n_splits=n_splits, shuffle=True, random_state=seed)


@contextmanager
def ignore_rare_classes() -> Iterator[None]:
    """Ignores scikit-learn's warning of countries with fewer spectra than folds; reports give n."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        yield


def assign_folds(selection: pd.DataFrame, split: Split, n_splits: int, seed: int) -> pa.Table:
    """Assigns every selected row to one test fold.

    Args:
        selection: from `select_spectra`.
        split: which split.
        n_splits: number of folds.
        seed: of the shuffle.

    Returns:
        A FOLDS table, one row per row of `selection`, in its order.

    Raises:
        ValueError: there are fewer groups, or fewer spectra of the most frequent country, than
            folds.
    """
    used = selection[selection["excluded"].isna()]
    groups = groups_of(used, split)
    available = len(used) if groups is None else len(np.unique(groups))
    if available < n_splits:
        raise ValueError(
            f"{n_splits} folds need at least as many "
            f"{'spectra' if groups is None else 'groups'}, but the {split} split has {available}; "
            "use fewer folds or more data"
        )
    fold = np.full(len(used), -1)
    with ignore_rare_classes():
        splitter = make_splitter(split, n_splits, seed)
        for number, (_, test) in enumerate(splitter.split(used, used["country"], groups)):
            fold[test] = number
    result = selection.copy()
    result["group"] = pd.Series(groups, index=used.index, dtype="Int64")
    result["fold"] = pd.Series(fold, index=used.index, dtype="Int32")
    return FOLDS.from_frame(result)


def groups_in_several_folds(folds: pd.DataFrame, split: Split) -> dict[str, int]:
    """Returns the number of values in more than one fold, for each column the split groups by.

    All counts are zero in a valid assignment; the random split has no such columns.
    """
    used = folds[folds["fold"].notna()]
    return {
        column: int((used.groupby(column)["fold"].nunique() > 1).sum())
        for column in _GROUP_COLUMNS[split]
    }


def seen_specimen_share(folds: pd.DataFrame) -> float:
    """Returns the share of spectra with a sibling in another fold: the leakage of a split."""
    used = folds[folds["fold"].notna()]
    return float((used.groupby("rruff_id")["fold"].transform("nunique") > 1).mean())
