"""Changes between versions of RRUFF: the index of all members, its history, and comparisons.

RRUFF publishes no release numbers: a version is the current set of archives, identified by the
hash of its index.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import pandas as pd
import pyarrow as pa

from raman_pipeline.common import atomic
from raman_pipeline.common.markdown import markdown_report, markdown_table
from raman_pipeline.common.parquet import StoredTable, table_version, write_table
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.common.storage import StorePath, local_copy

TEXT = pa.string()
CHANGES = ("added", "removed", "re-rated", "changed", "renamed")
"""`re-rated`: moved to another archive; `changed`: other bytes in the same archive;
`renamed`: the same bytes in the same archive under another file name."""

INDEX = TableSchema(
    "member_index",
    (
        Column("key", TEXT, "the server's id of the file, else its name"),
        Column("archive", TEXT, "archive that holds the member"),
        Column("member", TEXT, "file name inside the archive"),
        Column("sha256", TEXT, "of the member's bytes", nullable=True),
        Column("mineral", TEXT, "NAMES header", nullable=True),
        Column("rruff_id", TEXT, "RRUFFID header: the specimen", nullable=True),
        Column("accepted", pa.bool_(), "whether the member is accepted"),
        Column("locality", TEXT, "LOCALITY header of an accepted member", nullable=True),
    ),
)

MEMBER_CHANGES = TableSchema(
    "member_changes",
    (
        Column("change", TEXT, "kind of change", isin=CHANGES),
        Column("member_id", TEXT, "the server's id of the file, else its name"),
        Column("mineral", TEXT, "NAMES header, of the later version", nullable=True),
        Column("rruff_id", TEXT, "RRUFFID header, of the later version", nullable=True),
        Column("from_archive", TEXT, "archive before", nullable=True),
        Column("to_archive", TEXT, "archive after", nullable=True),
        Column("from_member", TEXT, "file name before", nullable=True),
        Column("to_member", TEXT, "file name after", nullable=True),
        Column("from_sha256", TEXT, "of the bytes before", nullable=True),
        Column("to_sha256", TEXT, "of the bytes after", nullable=True),
        Column("from_accepted", pa.bool_(), "whether accepted before", nullable=True),
        Column("to_accepted", pa.bool_(), "whether accepted after", nullable=True),
    ),
)

_SHARED = ["archive", "member", "sha256", "mineral", "rruff_id"]
_CORRECTIONS, _ROWS = 100, 20
"""Rows of the tables of corrections and of the others; all changes are in MEMBER_CHANGES."""


def member_index(
    accepted: Iterable[StoredTable | pa.Table], refused: Iterable[StoredTable | pa.Table]
) -> pa.Table:
    """Returns the INDEX of all members, ordered by archive and file name."""
    columns = ["member_id", *_SHARED]
    frames = [
        table.select(chosen).to_pandas().assign(accepted=sound)
        for tables, chosen, sound in (
            (accepted, [*columns, "locality"], True),
            (refused, columns, False),
        )
        for table in tables
    ]
    empty = INDEX.arrow.empty_table().to_pandas()
    if not frames:
        return INDEX.from_frame(empty)
    index = pd.concat(frames, ignore_index=True)
    if "locality" not in index:
        index["locality"] = None
    index["key"] = index["member_id"].fillna(index["member"])
    return INDEX.from_frame(index.sort_values(["archive", "member"], ignore_index=True))


def compare(before: pd.DataFrame, after: pd.DataFrame) -> pa.Table:
    """Returns MEMBER_CHANGES from one INDEX to another.

    A member that moved to another archive under the same id is `re-rated`, whether or not its
    bytes changed as well (see `from_sha256` and `to_sha256`).
    """
    # An id may occur several times in an archive: the n-th is compared with the n-th.
    # As objects, since pandas 3 cannot merge empty Arrow strings.
    earlier, later = (
        frame.astype(object).assign(nth=frame.groupby(["key", "archive"]).cumcount())
        for frame in (before, after)
    )
    same_place = earlier.merge(
        later,
        on=["key", "archive", "nth"],
        how="outer",
        suffixes=("_from", "_to"),
        indicator=True,
    )
    same_place["archive_from"] = same_place["archive_to"] = same_place["archive"]
    both = same_place[same_place["_merge"] == "both"]
    other_bytes = ~_equal(both["sha256_from"], both["sha256_to"])
    other_name = ~_equal(both["member_from"], both["member_to"])
    both = both.assign(change=other_bytes.map({True: "changed", False: "renamed"}))
    stayed = both[other_bytes | other_name]

    gone, come = (
        same_place[same_place["_merge"] == side].assign(
            nth=lambda frame: frame.groupby("key").cumcount()
        )
        for side in ("left_only", "right_only")
    )
    moved = gone[[c for c in gone if c.endswith("_from")] + ["key", "nth"]].merge(
        come[[c for c in come if c.endswith("_to")] + ["key", "nth"]],
        on=["key", "nth"],
        how="outer",
        indicator=True,
    )
    names = {"both": "re-rated", "left_only": "removed", "right_only": "added"}
    moved["change"] = moved["_merge"].astype("str").map(names)
    found = pd.concat([moved, stayed], ignore_index=True)
    renamed = {
        f"{column}_{side}": f"{side}_{column}"
        for column in ("archive", "member", "sha256", "accepted")
        for side in ("from", "to")
    }
    table = found.rename(columns=renamed | {"key": "member_id"})
    for column in ("mineral", "rruff_id"):
        table[column] = table[f"{column}_to"].fillna(table[f"{column}_from"])
    table["order"] = table["change"].map({name: n for n, name in enumerate(CHANGES)})
    table = table.sort_values(
        ["order", "mineral", "member_id", "from_archive", "to_archive"], ignore_index=True
    )
    for side in ("from_accepted", "to_accepted"):
        table[side] = table[side].astype("boolean")
    return MEMBER_CHANGES.from_frame(table)


class VersionHistory:
    """The versions of RRUFF that a store has seen, the latest last.

    Args:
        folder: contains one Parquet file per version, and `history.json` with their order.
    """

    def __init__(self, folder: StorePath) -> None:
        self.folder = folder

    def versions(self) -> list[str]:
        """Returns the versions, the oldest first."""
        path = self.folder / "history.json"
        return json.loads(local_copy(path).read_text(encoding="utf-8")) if path.exists() else []

    def index(self, version: str) -> pa.Table:
        """Returns the INDEX of a version; without localities where it was stored before them."""
        stored = StoredTable(self.folder / f"{version}.parquet").read()
        return INDEX.from_rows(stored.to_pylist())

    def add(self, index: pa.Table) -> tuple[str | None, str]:
        """Adds a version unless it is the latest; returns the former version and this one."""
        versions = self.versions()
        latest = self.index(versions[-1]) if versions else None
        # The hash of a member covers its headers, and an earlier index may lack localities.
        is_new = latest is None or latest.drop_columns("locality") != index.drop_columns("locality")
        version = table_version(index)[:16] if is_new else versions[-1]
        if latest != index:
            with atomic.replacing(self.folder / f"{version}.parquet") as temporary:
                write_table(temporary, index)
        if is_new:
            versions.append(version)
            # Last, so that a kill before it leaves only an unreferenced file.
            atomic.write_text(self.folder / "history.json", json.dumps(versions, indent=1))
        return (versions[-2] if len(versions) > 1 else None), version


def update_report(before: pd.DataFrame | None, after: pd.DataFrame, changes: pa.Table) -> str:
    """Returns what an update changed, as Markdown for a person.

    Args:
        before: INDEX of the former version; None if there was none.
        after: INDEX of this version.
        changes: from the one to the other (see `compare`).
    """
    title = "Changes since the former version of RRUFF"
    if before is None:
        first = f"{len(after):,} of the first version that this store saw: nothing to compare with"
        return markdown_report(title, {"members": first})
    frame = changes.to_pandas()
    counts = frame["change"].value_counts().reindex(CHANGES, fill_value=0)
    frame["specimen"] = frame["rruff_id"]
    frame["from"] = frame["from_archive"] + ": " + frame["from_member"]
    frame["to"] = frame["to_archive"] + ": " + frame["to_member"]
    minerals = _altered(before, after, "mineral")
    sites = _altered(before[before["accepted"]], after[after["accepted"]], "locality")
    recorded = before["locality"].notna().any()  # not by earlier versions of this program
    new, gone = _only_in(after, before), _only_in(before, after)
    parts = (
        ("Minerals renamed", minerals, _CORRECTIONS),
        ("Localities corrected", sites if recorded else sites[:0], _CORRECTIONS),
        ("Minerals of new specimens", new, _ROWS),
        ("Minerals of specimens that are gone", gone, _ROWS),
        ("Members", frame[["change", "mineral", "specimen", "from", "to"]], _ROWS),
    )
    tables = [
        text
        for title, part, rows in parts
        if len(part)
        for text in (f"## {title}", "\n".join(markdown_table(part, rows)))
    ]
    protocol = {
        "members": f"{len(before):,} before, {len(after):,} after",
        **{name: f"{count:,}" for name, count in counts.items()},
        "specimens": f"{new['specimens'].sum():,} new, {gone['specimens'].sum():,} gone",
        "specimens with a mineral renamed": len(minerals),
        "specimens with a locality corrected": len(sites) if recorded else "not recorded before",
    }
    return markdown_report(title, protocol, *tables)


def _altered(before: pd.DataFrame, after: pd.DataFrame, column: str) -> pd.DataFrame:
    """Returns the specimens of both versions that have other values of a column, and which."""
    old, new = _values(before, column), _values(after, column)
    rows = []
    for specimen in sorted(old.keys() & new.keys()):
        was, now = old[specimen], new[specimen]
        # A value more or less is that of a member more or less.
        if (was - now or not was) and (now - was or not now) and was != now:
            rows.append((specimen, " / ".join(sorted(was - now)), " / ".join(sorted(now - was))))
    return pd.DataFrame(rows, columns=["specimen", "from", "to"])


def _values(frame: pd.DataFrame, column: str) -> dict[str, set[str]]:
    """Returns the values of a column by specimen."""
    found: dict[str, set[str]] = {specimen: set() for specimen in frame["rruff_id"].dropna()}
    for specimen, value in frame[["rruff_id", column]].dropna().itertuples(index=False):
        found[specimen].add(value)
    return found


def _only_in(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Returns the minerals of the specimens of one version alone, the most frequent first."""
    only = one[one["rruff_id"].notna() & ~one["rruff_id"].isin(other["rruff_id"])]
    by_mineral = only.drop_duplicates("rruff_id").groupby("mineral")["rruff_id"]
    counted = by_mineral.agg(specimens="size", ids=lambda ids: ", ".join(sorted(ids)))
    return counted.reset_index().sort_values(["specimens", "mineral"], ascending=[False, True])


def _equal(one: pd.Series, other: pd.Series) -> pd.Series:
    return (one == other) | (one.isna() & other.isna())
