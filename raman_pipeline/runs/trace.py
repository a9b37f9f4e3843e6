"""The way of a member or a specimen through the assets, back to bytes and lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.common.spectrum_text import decode, read_spectrum_text
from raman_pipeline.common.storage import local_copy
from raman_pipeline.geography.tables import (
    CANDIDATES,
    LOCALITIES,
    LOCATED_LOCALITIES,
    LOCATED_SPECIMENS,
)
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.orchestration.asset_paths import asset_files
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.rruff.merge import SPECTRA
from raman_pipeline.rruff.refusals import MemberRefused
from raman_pipeline.rruff.tables import MEMBERS, REFUSALS
from raman_pipeline.rruff.versions import MEMBER_CHANGES
from raman_pipeline.rruff.zip_archive import open_zip
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import open_tensor

_MEMBER_TABLES = ("parsed_spectra", "refused_members")
_COLUMNS = {
    schema.name: schema.arrow.names
    for schema in (
        MEMBERS, REFUSALS, SPECTRA, MEMBER_CHANGES,
        LOCALITIES, CANDIDATES, LOCATED_LOCALITIES, LOCATED_SPECIMENS,
    )
}  # fmt: skip


@dataclass(frozen=True)
class TraceRow:
    """One row of one asset.

    Attributes:
        asset: its key.
        partition: its partition, None where it has none.
        path: file that holds the row.
        row: its number in the file, from 0; None for a whole file.
        values: the row, without nulls and arrays.
    """

    asset: str
    partition: str | None
    path: str
    row: int | None
    values: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Returns plain data."""
        return asdict(self)


def trace(settings: Settings, what: str) -> list[TraceRow]:
    """Returns the rows that belong to a member or a specimen, in the order of the graph.

    Args:
        settings: whose store.
        what: a member id, a member's file name, or an RRUFF ID.

    Raises:
        LookupError: nothing matches, or nothing was parsed yet.
        EarlierVersionError: a table was made by an earlier version of this package.
    """
    name = what.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".txt")
    members = [
        step
        for asset in _MEMBER_TABLES
        for column, value in (("member_id", name), ("rruff_id", name), ("member", f"{name}.txt"))
        for step in _rows(settings, asset, column, {value})
    ]
    if not members:
        parsed = asset_files(settings.asset_store, "parsed_spectra").values()
        known = sum(StoredTable(path).num_rows for path in parsed)
        raise LookupError(
            f"{what}: no member id, file name or RRUFF ID of the {known:,} members parsed below "
            f"{settings.store}; " + ("check the spelling" if known else "run the pipeline first")
        )
    unique = {(s.asset, s.path, s.row): s for s in members}
    return list(_steps(settings, list(unique.values())))


def header_lines(settings: Settings, step: TraceRow) -> list[tuple[int, str]]:
    """Returns the headers of a parsed or refused member and its faulty line, with line numbers.

    They are read from the zip; empty if the current archive is not the one that was parsed.
    """
    store = Rruff(settings).store
    record, path = store.record(step.values["archive"]), store.path(step.values["archive"])
    if path is None or record is None or record.sha256 != step.values.get("archive_sha256"):
        return []
    with open_zip(local_copy(path)) as archive:
        data = archive.read(archive.entry(step.values["member"]))
    if isinstance(data, MemberRefused):
        return []
    headers = [
        (line, f"##{key}={value}")
        for line, key, value in read_spectrum_text(data, lenient=True).headers
    ]
    faulty = step.values.get("line")
    if faulty is None or faulty in dict(headers):
        return headers
    return sorted([*headers, (faulty, decode(data, lenient=True)[0].split("\n")[faulty - 1])])


def _steps(settings: Settings, members: list[TraceRow]) -> Iterator[TraceRow]:
    store = Rruff(settings).store
    for archive in dict.fromkeys(step.values["archive"] for step in members):
        record, path = store.record(archive), store.path(archive)
        if record is not None and path is not None:
            facts = {"url": record.url, "sha256": record.sha256, "fetched_at": record.fetched_at}
            yield TraceRow("rruff_archive", archive, str(path), None, facts)
    yield from members

    def of(column: str) -> set[str]:
        return {s.values[column] for s in members if s.values.get(column) is not None}

    ids = of("member_id")
    spectra = _rows(settings, "spectra", "member_id", ids)
    yield from spectra
    yield from _rows(settings, "member_changes", "member_id", ids)
    localities = {s.values.get("locality", "") for s in spectra}
    yield from _rows(settings, "cleaned_localities", "locality", localities)
    yield from (
        step
        for step in _rows(settings, "geocoded_localities", "locality", localities)
        if "refused" not in step.values
    )
    yield from _rows(settings, "located_localities", "locality", localities)
    yield from _rows(settings, "located_specimens", "rruff_id", of("rruff_id"))
    yield from _tensor_rows(settings, ids)
    for asset in ("fold_assignment", *(f"{family}_predictions" for family in FAMILIES)):
        yield from _rows(settings, asset, "member_id", ids)


def _rows(settings: Settings, asset: str, column: str, values: set[str]) -> list[TraceRow]:
    found = []
    for partition, path in asset_files(settings.asset_store, asset).items():
        table = StoredTable(path).require(_COLUMNS.get(asset, [column]))
        fits = pc.is_in(table.select([column])[column], pa.array(sorted(values), pa.string()))
        for row in pc.indices_nonzero(fits).to_pylist():
            present = {k: v for k, v in table.row(row).items() if v is not None}
            found.append(TraceRow(asset, partition, str(path), row, present))
    return found


def _tensor_rows(settings: Settings, ids: set[str]) -> Iterator[TraceRow]:
    path = asset_files(settings.asset_store, "resampled_spectra").get(None)
    if path is None:
        return
    tensor = open_tensor(path)
    for row, member_id in enumerate(tensor.member_ids):
        if member_id in ids:
            facts = {
                "member_id": member_id,
                "points": tensor.grid.size,
                "window": f"{tensor.grid[0]:g} to {tensor.grid[-1]:g} cm⁻¹",
            }
            yield TraceRow("resampled_spectra", None, str(path), row, facts)
