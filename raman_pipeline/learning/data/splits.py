"""Splits into folds: what each keeps together, and folds that stay as data are added.

What belongs here: groups, the fold of each, and the check that no group is in several folds. What
does not: which spectra are selected (see `selection`).

A fold is dealt once and kept for ever: a later state of the data deals folds only to what is new,
so that a split can be cited, and a model that was trained before has never seen a later test set.
Where an update ties groups of several folds (a corrected locality), all spectra keep their folds,
and what shares a value with a test spectrum is left out of its training set (`training_rows`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.data.selection import EXCLUSIONS

Split = Literal["random", "measurement", "specimen", "locality", "species"]
SPLITS: tuple[Split, ...] = get_args(Split)
LEAK_SPECIMENS: tuple[Split, ...] = ("random", "measurement")
"""Splits that do not keep the spectra of a specimen together."""
LEAKED: dict[Split, str] = {
    "measurement": "the other of a RAW/Processed pair",
    "specimen": "other spectra of the specimen",
    "locality": "other specimens of the site",
    "species": "other specimens of the mineral",
}
"""What training may hold under the split before, and no more under this one."""

_GROUP_COLUMNS: dict[Split, tuple[str, ...]] = {
    "random": ("member_id",),
    "measurement": ("measurement_key",),
    "specimen": ("rruff_id",),
    # By site or mineral alone, a specimen with two of them could be in two folds.
    "locality": ("rruff_id", "site"),
    "species": ("rruff_id", "mineral"),
}
"""What a split keeps together."""

FOLDS = TableSchema(
    "fold_assignment",
    (
        Column("member_id", pa.string(), "the spectrum", unique=True),
        Column("measurement_key", pa.string(), "of one scan; shared by RAW and Processed"),
        Column("rruff_id", pa.string(), "the specimen", nullable=True),
        Column("mineral", pa.string(), "NAMES header", nullable=True),
        Column("site", pa.string(), "the most local name of the LOCALITY header", nullable=True),
        Column("country", pa.string(), "label: Natural Earth NAME", nullable=True),
        Column("group", pa.int64(), "kept in one fold; null if excluded", nullable=True),
        Column("fold", pa.int32(), "test fold; null if excluded", nullable=True),
        Column("excluded", pa.string(), "reason for exclusion", True, isin=EXCLUSIONS),
    ),
)
DEALT_FOLDS = TableSchema(
    "dealt_folds",
    (
        Column("column", pa.string(), "column of `fold_assignment`"),
        Column("value", pa.string(), "its value: a member, a specimen, a site"),
        Column("fold", pa.int32(), "fold of new spectra with that value"),
        Column("version", pa.int32(), "of the folds in which it was dealt, from 1"),
        Column("seed", pa.int32(), "of the order in which folds were dealt"),
    ),
    unique_together=("column", "value"),
)


def groups_of(frame: pd.DataFrame, split: Split) -> npt.NDArray[np.int64]:
    """Returns the group of each row, int64 [n], numbered in the order of the rows.

    Groups are the connected components of rows that share a value in any of the split's columns.

    Args:
        frame: the columns of the split (of FOLDS), without nulls.
        split: which split.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(frame)
    rows = np.arange(n)
    edges, offset = [], n
    for column in _GROUP_COLUMNS[split]:
        codes, values = pd.factorize(frame[column])
        if (codes < 0).any():
            raise ValueError(f"{column} has nulls; exclude those rows")
        edges.append(np.stack([rows, codes + offset]))
        offset += len(values)
    source, target = np.concatenate(edges, axis=1)
    graph = coo_matrix((np.ones(source.size), (source, target)), shape=(offset, offset))
    _, labels = connected_components(graph, directed=False)
    return pd.factorize(labels[:n])[0].astype(np.int64)


def deal_folds(
    selection: pd.DataFrame, split: Split, n_splits: int, seed: int, former: Sequence[pa.Table] = ()
) -> tuple[pa.Table, pa.Table]:
    """Assigns every selected row to one test fold, stratified by country.

    A member that has a fold keeps it. A new one gets that of its measurement, specimen, site or
    mineral, or that of most of its group. Groups that are new are dealt, the largest first: each to
    the fold with the fewest spectra of its countries, then to the smallest fold.

    Args:
        selection: from `select_spectra`.
        split: which split.
        n_splits: number of folds.
        seed: of the order in which groups of one size are dealt.
        former: DEALT_FOLDS tables; what the first ones have goes before. None deals all folds, and
            so do those of another seed.

    Returns:
        A FOLDS table, one row per row of `selection`, in its order, and a DEALT_FOLDS table: the
        rows of `former`, and what was dealt now.

    Raises:
        ValueError: there are fewer groups than folds.
    """
    used = selection[selection["excluded"].isna()]
    groups = groups_of(used, split)
    n_groups = int(groups.max(initial=-1)) + 1
    if n_groups < n_splits:
        raise ValueError(
            f"{n_splits} folds need at least as many groups, but the {split} split has "
            f"{n_groups}; use fewer folds or more data"
        )
    before = pa.concat_tables([*former, DEALT_FOLDS.arrow.empty_table()]).to_pandas()
    before = before[before["seed"] == seed].drop_duplicates(["column", "value"])
    fold = _deal(used, groups, _known_folds(used, _ledger_columns(split), before), n_splits, seed)
    result = selection.copy()
    result["group"] = pd.Series(groups, index=used.index, dtype="Int64")
    result["fold"] = pd.Series(fold, index=used.index, dtype="Int32")
    now = dealt_values(used.assign(fold=fold), split)
    version = int(before["version"].max()) + 1 if len(before) else 1
    ledger = pd.concat([before, now.assign(version=version, seed=seed)])
    ledger = ledger.drop_duplicates(["column", "value"]).sort_values(["column", "value"])
    return FOLDS.from_frame(result), DEALT_FOLDS.from_frame(ledger)


def dealt_values(rows: pd.DataFrame, split: Split) -> pd.DataFrame:
    """Returns `column`, `value` and `fold` of what a split deals, each value once, sorted."""
    values = rows.melt("fold", _ledger_columns(split), "column", "value")
    return values.drop_duplicates(["column", "value"]).sort_values(["column", "value"])


def _ledger_columns(split: Split) -> tuple[str, ...]:
    # A member keeps its id even where its file, mineral or locality is renamed.
    return tuple(dict.fromkeys(("member_id", *_GROUP_COLUMNS[split])))


def _known_folds(
    used: pd.DataFrame, columns: tuple[str, ...], before: pd.DataFrame
) -> npt.NDArray[np.int64]:
    """Returns the fold that each row's values were dealt, the first column first, or -1."""
    known = pd.Series(np.nan, index=used.index)
    for column in columns:
        dealt = before[before["column"] == column].set_index("value")["fold"]
        known = known.fillna(used[column].map(dealt))
    return known.fillna(-1).to_numpy(np.int64)


def _deal(
    used: pd.DataFrame,
    groups: npt.NDArray[np.int64],
    known: npt.NDArray[np.int64],
    n_splits: int,
    seed: int,
) -> npt.NDArray[np.int64]:
    """Returns the fold of each row, int64 [n]; `known` is -1 where a row has none yet."""
    label, countries = pd.factorize(used["country"], sort=True)
    shape = (int(groups.max()) + 1, len(countries))
    spectra = np.zeros(shape, np.int64)
    np.add.at(spectra, (groups, label), 1)
    load = np.zeros((n_splits, len(countries)), np.int64)
    votes = np.zeros((len(spectra), n_splits), np.int64)
    has = known >= 0
    np.add.at(load, (known[has], label[has]), 1)
    np.add.at(votes, (groups[has], known[has]), 1)
    fold = np.where(votes.any(axis=1), votes.argmax(axis=1), -1)
    new = ~has & (fold[groups] >= 0)
    np.add.at(load, (fold[groups][new], label[new]), 1)
    # Independent of the order of the rows.
    names = used["member_id"].groupby(groups).min().to_numpy()
    drawn = [hashlib.sha256(f"{seed} {name}".encode()).digest() for name in names]
    size, share = spectra.sum(axis=1), spectra / spectra.sum(axis=0)
    for group in sorted(np.flatnonzero(fold < 0), key=lambda g: (-size[g], drawn[g])):
        strata = np.flatnonzero(spectra[group])
        crowd = load[:, strata] @ share[group, strata]
        fold[group] = np.lexsort((load.sum(axis=1), crowd))[0]
        load[fold[group]] += spectra[group]
    return np.where(has, known, fold[groups])


def training_rows(
    frame: pd.DataFrame, test: npt.NDArray[np.bool_], split: Split
) -> npt.NDArray[np.bool_]:
    """Returns which rows may be trained on: those that share nothing with a test row.

    Args:
        frame: the columns of the split, one row per spectrum.
        test: bool [n], the test rows.
        split: which split.
    """
    train = ~test
    for column in _GROUP_COLUMNS[split]:
        train &= ~frame[column].isin(frame.loc[test, column].unique()).to_numpy()
    return train


def assign_folds(selection: pd.DataFrame, split: Split, n_splits: int, seed: int) -> pa.Table:
    """Returns the FOLDS table of folds that are all dealt at once (see `deal_folds`)."""
    return deal_folds(selection, split, n_splits, seed)[0]


def folds_version(folds: pa.Table, ledger: pa.Table) -> str:
    """Returns the version of a split: number of the last deal, and a hash of the folds.

    Args:
        folds: FOLDS.
        ledger: DEALT_FOLDS, with what is no longer in the data.
    """
    number = max(ledger["version"].to_pylist(), default=0)
    return f"{number}-{folds_hash(folds.to_pandas().dropna(subset='fold'))}"


def folds_hash(rows: pd.DataFrame) -> str:
    """Returns a hash of the `member_id` and `fold` of rows, in whatever order they are."""
    pairs = sorted(zip(rows["member_id"], rows["fold"].astype(str), strict=True))
    return hashlib.sha256(repr(pairs).encode()).hexdigest()[:8]


def tied_values(folds: pd.DataFrame, split: Split) -> dict[str, int]:
    """Returns the number of values in more than one fold, for each column the split groups by.

    All are zero in folds that were dealt at once.
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
