"""Readers of whole archives: a zip, a folder of members, or one member."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import ZipInfo

import pyarrow as pa

from raman_pipeline.common.parquet import StagedTable, stage_table
from raman_pipeline.common.storage import StorePath
from raman_pipeline.rruff.member import Member, parse_member
from raman_pipeline.rruff.member_name import parse_member_name
from raman_pipeline.rruff.refusals import MemberRefused
from raman_pipeline.rruff.tables import MEMBERS, REFUSALS, member_row, refusal_row
from raman_pipeline.rruff.zip_archive import ArchiveError, ZipArchive, open_zip

Outcome = tuple[str, Member | MemberRefused]
_BATCH = 512


@dataclass(frozen=True)
class ParsedArchive:
    """The members of an archive: `accepted.num_rows + refused.num_rows == members`."""

    members: int
    accepted: pa.Table | StagedTable
    refused: pa.Table


def read_outcomes(path: Path) -> Iterator[Outcome]:
    """Yields (member name, member or refusal) in the order of the names.

    Args:
        path: a zip archive, a folder (searched recursively for `*.txt` and `*.zip`), or a
            single member.

    Raises:
        ArchiveError: the path does not exist or is not a readable zip archive.
    """
    path = Path(path)
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in (".txt", ".zip") and file.is_file():
                yield from read_outcomes(file)
    elif path.suffix.lower() == ".zip":
        with open_zip(path) as archive:
            for info in archive.entries:
                yield info.filename, _read(archive, info)
    else:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ArchiveError(f"{path}: {error.strerror}; check the path") from error
        yield path.name, _parse(data, path.name)


def parse_archive(path: Path | None, archive: str, sha256: str | None = None) -> ParsedArchive:
    """Reads an archive into the tables MEMBERS and REFUSALS.

    Args:
        path: the zip or folder; None for an archive that is not published, which gives
            empty tables.
        archive: its name.
        sha256: of the zip.

    Raises:
        ArchiveError: see `read_outcomes`.
    """
    batches = _Batches(path, archive, sha256)
    accepted = pa.concat_tables([MEMBERS.arrow.empty_table(), *batches])
    return ParsedArchive(batches.members, accepted, REFUSALS.from_rows(batches.refused))


def stage_archive(
    folder: StorePath, path: Path | None, archive: str, sha256: str | None = None
) -> ParsedArchive:
    """Like `parse_archive`, but streams the accepted members to a file, see `stage_table`.

    Args:
        folder: for the file.
        path: see `parse_archive`.
        archive: its name.
        sha256: of the zip.
    """
    batches = _Batches(path, archive, sha256)
    accepted = stage_table(folder, MEMBERS, batches)
    return ParsedArchive(batches.members, accepted, REFUSALS.from_rows(batches.refused))


class _Batches:
    """Yields accepted members as tables; counts all members and collects the refusals."""

    def __init__(self, path: Path | None, archive: str, sha256: str | None) -> None:
        self._path, self._archive, self._sha256 = path, archive, sha256
        self.members = 0
        self.refused: list[dict[str, Any]] = []

    def __iter__(self) -> Iterator[pa.Table]:
        for batch in _batched(read_outcomes(self._path) if self._path else ()):
            self.members += len(batch)
            self.refused += [
                refusal_row(outcome, parse_member_name(name), self._archive, self._sha256)
                for name, outcome in batch
                if isinstance(outcome, MemberRefused)
            ]
            yield MEMBERS.from_rows(
                member_row(outcome, self._archive, self._sha256)
                for _, outcome in batch
                if isinstance(outcome, Member)
            )


def _batched(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    iterator = iter(outcomes)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _read(archive: ZipArchive, info: ZipInfo) -> Member | MemberRefused:
    data = archive.read(info)
    return data if isinstance(data, MemberRefused) else _parse(data, info.filename)


def _parse(data: bytes, name: str) -> Member | MemberRefused:
    try:
        return parse_member(data, name)
    except MemberRefused as refusal:
        return refusal
