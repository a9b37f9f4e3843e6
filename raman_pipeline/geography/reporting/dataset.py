"""Counts of the data set per kind, as Tables 1 to 3 of Pappone (2024) give them.

The paper counts spectra, and every one of its counts is even: RAW and Processed of one
measurement were probably counted separately. So each count is given per kind, and as
specimens.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from raman_pipeline.common.markdown import markdown_report
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.geography.reporting.pappone2024 import (
    PAPER_COUNTRIES,
    PAPER_GROUPS,
    PAPER_SPECIES,
    PAPER_TOTALS,
)

SECTIONS = ("total", "country", "species", "country_group", "excluded")

DATASET_COUNTS = TableSchema(
    "dataset_report",
    (
        Column("section", pa.string(), "what is counted", isin=SECTIONS),
        Column("rank", pa.int32(), "order within the section, from 1"),
        Column("name", pa.string(), "country, species, or total"),
        Column("raw", pa.int32(), "RAW spectra"),
        Column("processed", pa.int32(), "Processed spectra"),
        Column("spectra", pa.int32(), "spectra of both kinds"),
        Column("specimens", pa.int32(), "specimens"),
        Column("cumulative_percent", pa.float64(), "of spectra, to this rank", nullable=True),
        Column("paper_spectra", pa.int32(), "Pappone (2024)", nullable=True),
    ),
    unique_together=("section", "name"),
)


def count_dataset(
    spectra: pd.DataFrame, specimens: pd.DataFrame, refused: pd.DataFrame
) -> pa.Table:
    """Returns a DATASET_COUNTS table.

    Args:
        spectra: columns `rruff_id`, `mineral`, `kind`, one row per spectrum.
        specimens: a LOCATED_SPECIMENS table.
        refused: columns `rruff_id`, `code`, `kind`, one row per refused member.

    Returns:
        Totals; natural spectra by country and by species; the paper's three countries
        and the rest; and what is excluded, with the reason.
        Each spectrum is either counted or excluded; members without a spectrum are refused.
    """
    known = specimens[["rruff_id", "country", "latitude", "level", "is_synthetic"]]
    joined = spectra.merge(known, on="rruff_id", how="left", validate="m:1")
    reason = _reasons(joined)
    used = joined[reason == ""]
    natural = used[~used["is_synthetic"].astype(bool)]
    with_point = used["latitude"].notna()
    totals = {
        "all": used,
        "natural": natural,
        "synthetic": used[used["is_synthetic"].astype(bool)],
        "with coordinates": used[with_point],
        "without coordinates": used[~with_point],
        "at a place": used[used["level"] == "place"],
        "natural with a country": natural[natural["country"].notna()],
    }
    located = natural[natural["country"].notna()]
    grouped = located["country"].where(located["country"].isin(list(PAPER_GROUPS)), "Others")
    rows = [
        _row("total", rank, name, part, PAPER_TOTALS.get(name))
        for rank, (name, part) in enumerate(totals.items(), 1)
    ]
    rows += _ranked("country", located, located["country"], PAPER_COUNTRIES)
    rows += _ranked("species", natural, natural["mineral"], PAPER_SPECIES)
    rows += _ranked("country_group", located, grouped, PAPER_GROUPS)
    excluded = {name: joined[reason == name] for name in sorted(set(reason) - {""})}
    excluded |= {f"member refused: {code}": part for code, part in sorted(refused.groupby("code"))}
    rows += [
        _row("excluded", rank, str(name), part, None)
        for rank, (name, part) in enumerate(excluded.items(), 1)
    ]
    return DATASET_COUNTS.from_rows(rows)


def _reasons(joined: pd.DataFrame) -> pd.Series:
    reason = pd.Series("", index=joined.index, dtype=object)
    reason[joined["rruff_id"].isna()] = "no specimen"
    reason[joined["mineral"].isna() | (joined["mineral"] == "")] = "no mineral name"
    return reason


def _ranked(
    section: str, spectra: pd.DataFrame, names: pd.Series, paper: Mapping[str, int]
) -> list[dict[str, object]]:
    parts = dict(iter(spectra.groupby(names)))
    order = sorted(parts, key=lambda name: (-len(parts[name]), name))
    rows, running = [], 0
    for rank, name in enumerate(order, 1):
        running += len(parts[name])
        row = _row(section, rank, name, parts[name], paper.get(name))
        rows.append(row | {"cumulative_percent": round(100 * running / len(names), 2)})
    return rows


def _row(
    section: str, rank: int, name: str, part: pd.DataFrame, paper: int | None
) -> dict[str, object]:
    # Of lists: pandas takes a millisecond per row, of which there are 1,500.
    kinds, specimens = part["kind"].tolist(), part["rruff_id"].tolist()
    return {
        "section": section,
        "rank": rank,
        "name": name,
        "raw": kinds.count("RAW"),
        "processed": kinds.count("Processed"),
        "spectra": len(part),
        "specimens": len({s for s in specimens if isinstance(s, str)}),
        "paper_spectra": paper,
    }


def dataset_markdown(counts: pd.DataFrame, protocol: Mapping[str, object], top: int = 20) -> str:
    """Returns the report as Markdown; `counts` is a DATASET_COUNTS table."""
    columns = ["raw", "processed", "spectra", "specimens"]
    titles = {
        "total": "Totals",
        "country": "Table 1: natural spectra by country",
        "species": "Table 2: natural spectra by species",
        "country_group": "Table 3: natural spectra of three countries and of the rest",
        "excluded": "Excluded, with the reason",
    }
    sections: list[str | pd.DataFrame] = []
    for section, title in titles.items():
        shown = ["name", *columns, "cumulative_percent", "paper_spectra"]
        if section in ("total", "excluded"):
            shown.remove("cumulative_percent")
        sections += [f"## {title}", counts.loc[counts["section"] == section, shown].head(top)]
    return markdown_report(
        "Dataset report",
        protocol,
        "RAW and Processed are two files of one measurement: `spectra` counts both, as the\n"
        "paper seems to (every count in its tables is even), `specimens` counts neither twice.\n"
        "Coordinates are those of a place, or of the centre of a division with its uncertainty.",
        *sections,
        "The paper's Table 3 prints 30%, 16%, 8% and 46%; its own counts give Canada 8.4% and\n"
        "Australia 2.5% of 32,892. Its Table 1 counts 31,189 spectra (9,656 = 30.96%), fewer than\n"
        "its 32,214 natural ones: at least 977 located natural spectra have no country there.",
    )
