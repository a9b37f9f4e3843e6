"""Readers of whole archives: a zip, a folder of members, or one member."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipInfo

import pyarrow as pa

from raman_pipeline.common.parquet import StagedTable, stage_table
from raman_pipeline.common.shards import Ledger
from raman_pipeline.common.storage import StorePath, local_copy, state_of
from raman_pipeline.rruff.member import Member, parse_member
from raman_pipeline.rruff.member_name import parse_member_name
from raman_pipeline.rruff.refusals import MemberRefused
from raman_pipeline.rruff.tables import MEMBERS, REFUSALS, member_row, refusal_row
from raman_pipeline.rruff.zip_archive import ArchiveError, ZipArchive, open_zip

_REFUSED = b"refused"
_held = ExitStack()
"""Keeps the archive open that `_opened` returned."""
Outcome = tuple[str, Member | MemberRefused]
_BATCH = 512
PART = 2048
"""Members of a shard, some seconds of work."""


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


def parse_archive(path: StorePath | None, archive: str, sha256: str | None = None) -> ParsedArchive:
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
    folder: StorePath,
    path: StorePath | None,
    archive: str,
    sha256: str | None = None,
    ledger: Ledger | None = None,
) -> ParsedArchive:
    """Like `parse_archive`, but streams the accepted members to a file, see `stage_table`.

    Args:
        folder: for the file.
        path: see `parse_archive`.
        archive: its name.
        sha256: of the zip.
        ledger: for a zip of many members, which are then parsed in parallel, to the same bytes.
    """
    batches = _Batches(path, archive, sha256, ledger)
    accepted = stage_table(folder, MEMBERS, batches)
    return ParsedArchive(batches.members, accepted, REFUSALS.from_rows(batches.refused))


class Part(NamedTuple):
    """Some members of a zip, by their numbers in the order of the names."""

    path: StorePath
    archive: str
    sha256: str | None
    start: int
    stop: int


def parse_part(part: Part) -> pa.Table:
    """Returns the accepted members of a part; the metadata of its schema hold the refusals."""
    archive = _opened(part.path)
    outcomes = [
        (info.filename, _read(archive, info)) for info in archive.entries[part.start : part.stop]
    ]
    accepted, refused = _rows(outcomes, part.archive, part.sha256)
    return accepted.replace_schema_metadata({_REFUSED: json.dumps(refused)})


class _Batches:
    """Yields accepted members as tables; counts all members and collects the refusals."""

    def __init__(
        self,
        path: StorePath | None,
        archive: str,
        sha256: str | None,
        ledger: Ledger | None = None,
    ) -> None:
        self._path, self._archive, self._sha256 = path, archive, sha256
        self._ledger = ledger
        self.members = 0
        self.refused: list[dict[str, Any]] = []

    def __iter__(self) -> Iterator[pa.Table]:
        if self._path is None:
            return
        pieces: Iterable[tuple[pa.Table, list[dict[str, Any]]]]
        if self._ledger and (parts := self._parts(self._path)):
            tables = self._ledger.tables(parse_part, parts)
            pieces = ((t, json.loads(t.schema.metadata[_REFUSED])) for t in tables)
        else:
            outcomes = read_outcomes(local_copy(self._path))
            pieces = (_rows(b, self._archive, self._sha256) for b in _batched(outcomes))
        for accepted, refused in pieces:
            self.members += accepted.num_rows + len(refused)
            self.refused += refused
            yield accepted

    def _parts(self, path: StorePath) -> dict[str, Part]:
        with open_zip(local_copy(path)) as archive:
            members = len(archive.entries)
        if members <= PART:
            return {}
        content = self._sha256 or hashlib.sha256(state_of(path).encode()).hexdigest()
        return {
            f"{content}-{start:08d}": Part(
                path, self._archive, self._sha256, start, min(start + PART, members)
            )
            for start in range(0, members, PART)
        }


def _rows(
    outcomes: Iterable[Outcome], archive: str, sha256: str | None
) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Returns the table of accepted members, and the rows of the refused ones."""
    accepted: list[Member] = []
    refused = []
    for name, outcome in outcomes:
        if isinstance(outcome, Member):
            accepted.append(outcome)
        else:
            refused.append(refusal_row(outcome, parse_member_name(name), archive, sha256))
    return MEMBERS.from_rows(member_row(m, archive, sha256) for m in accepted), refused


@lru_cache(maxsize=1)
def _opened(path: StorePath) -> ZipArchive:
    """Opens an archive until the next one: a process makes many parts of it."""
    _held.close()
    return _held.enter_context(open_zip(local_copy(path)))


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
