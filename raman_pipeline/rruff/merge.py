"""All archives in one table: one row per member id, RAW/Processed pairs matched.

What belongs here: de-duplication and pairing across archives. What does not: which spectra are
used for learning (see `learning.data.selection`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from raman_pipeline.common.parquet import StoredTable, batches_of
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.rruff.tables import MEMBERS, TEXT

_KEYS = ["member_id", "archive", "member", "measurement_key", "kind"]
RRUFF_SPECTRA, RRUFF_SPECIMENS = 38_000, 4_150
"""Approximate size of the whole database in 2026."""

PAIRINGS = ("paired", "raw_only", "processed_only", "ambiguous", "unknown")

SPECTRA = TableSchema(
    "spectra",
    (
        *(replace(c, unique=True) if c.name == "member_id" else c for c in MEMBERS.columns),
        Column("copies", TEXT, "other members with this id: one archive/file per line", True),
        Column("pairing", TEXT, "state of the RAW/Processed pair", isin=PAIRINGS),
        Column("paired_id", TEXT, "member id of the other kind, if paired", nullable=True),
    ),
)


def merge_archives(tables: Mapping[str, pa.Table | StoredTable]) -> Iterator[pa.Table]:
    """Merges MEMBERS tables of several archives into one SPECTRA table, piece by piece.

    A repeated member id (stale copies remain between full rebuilds of the site, often under a
    mineral's former name) is kept once, the first by archive and file name. The others are listed
    in `copies`: rows in = rows out + copies. Only the keys of all archives are held in memory,
    not the spectra.

    Args:
        tables: archive name to MEMBERS table, its rows ordered by file name.

    Yields:
        Pieces of a table with one row per member id, ordered by archive and file name.
    """
    names = sorted(tables)
    keys = pd.concat(
        [MEMBERS.arrow.empty_table().select(_KEYS).to_pandas()]
        + [tables[name].select(_KEYS).to_pandas() for name in names],
        ignore_index=True,
    )
    copy = keys["member_id"].duplicated()
    places = (keys["archive"] + "/" + keys["member"])[copy]
    copies = places.groupby(keys["member_id"][copy]).agg("\n".join)
    pairing, paired_id = pair_kinds(keys[~copy])
    added = pd.DataFrame(
        {"copies": keys["member_id"].map(copies), "pairing": pairing, "paired_id": paired_id}
    )
    row = 0
    for name in names:
        for piece in batches_of(tables[name]):
            here = slice(row, row + piece.num_rows)
            row = here.stop
            kept = ~copy[here]
            piece = piece.filter(pa.array(kept))
            for column in added.columns:
                piece = piece.append_column(column, _text(added[column][here][kept]))
            yield piece.cast(SPECTRA.arrow)


def copies_named(spectra: pa.Table | StoredTable) -> int:
    """Counts the members that are listed in `copies`."""
    copies = spectra.select(["copies"])["copies"]
    return pc.sum(pc.list_value_length(pc.split_pattern(copies, "\n"))).as_py() or 0


def pair_kinds(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Matches the RAW and the Processed spectrum of each measurement.

    Args:
        rows: columns `member_id`, `measurement_key`, `kind`.

    Returns:
        Per row, the pairing (one of PAIRINGS) and the member id of the other kind. `ambiguous`
        marks measurements with two members of a kind, `unknown` those without key or kind;
        neither is paired.
    """
    known = rows["measurement_key"].notna() & rows["kind"].notna()
    counts = (
        rows[known]
        .groupby(["measurement_key", "kind"])
        .size()
        .unstack(fill_value=0)
        .reindex(columns=["RAW", "Processed"], fill_value=0)
    )
    state = pd.Series("ambiguous", index=counts.index, dtype="str")
    state[(counts["RAW"] == 1) & (counts["Processed"] == 1)] = "paired"
    state[(counts["RAW"] == 1) & (counts["Processed"] == 0)] = "raw_only"
    state[(counts["RAW"] == 0) & (counts["Processed"] == 1)] = "processed_only"
    pairing = rows["measurement_key"].map(state).where(known, "unknown")

    paired = rows[pairing == "paired"]
    ids = paired.pivot(index="measurement_key", columns="kind", values="member_id").reindex(
        columns=["RAW", "Processed"]
    )
    paired_id = pd.Series(None, index=rows.index, dtype="str")
    for kind, other in (("RAW", "Processed"), ("Processed", "RAW")):
        own = paired[paired["kind"] == kind]
        paired_id[own.index] = own["measurement_key"].map(ids[other])
    return pairing, paired_id


def share_of_rruff(spectra: int, specimens: int) -> str:
    """Returns what share of the whole of RRUFF a data set holds, in words."""
    return (
        f"{spectra:,} of about {RRUFF_SPECTRA:,} spectra ({spectra / RRUFF_SPECTRA:.0%}) and "
        f"{specimens:,} of about {RRUFF_SPECIMENS:,} specimens "
        f"({specimens / RRUFF_SPECIMENS:.0%})"
    )


def _text(series: pd.Series) -> pa.Array:
    return pa.array(series.astype("str"), type=TEXT, from_pandas=True)
