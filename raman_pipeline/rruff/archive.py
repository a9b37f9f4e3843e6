"""Reading whole archives: a zip, a folder of members, or one member.

What belongs here: walking over members in a fixed order and collecting what was
accepted and refused. What does not: the rules (see `member`), downloads (see
`mirror`).
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa

from raman_pipeline.rruff.member import Member, parse_member
from raman_pipeline.rruff.member_name import parse_member_name
from raman_pipeline.rruff.refusals import MemberRefused, RefusalCode
from raman_pipeline.rruff.tables import MEMBERS, REFUSALS, member_row, refusal_row

Outcome = tuple[str, Member | MemberRefused]


class ArchiveError(Exception):
    """An archive cannot be opened at all; the message names it and the remedy."""


@dataclass(frozen=True)
class ParsedArchive:
    """Everything an archive held: `accepted.num_rows + refused.num_rows == members`."""

    members: int
    accepted: pa.Table
    refused: pa.Table


def read_outcomes(path: Path) -> Iterator[Outcome]:
    """Yields (member name, member or refusal) in the order of the names.

    Args:
        path: a zip archive, a folder (searched for `*.txt` and `*.zip` below it),
            or a single member.

    Raises:
        ArchiveError: the path does not exist or is no readable zip.
    """
    path = Path(path)
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in (".txt", ".zip") and file.is_file():
                yield from read_outcomes(file)
    elif path.suffix.lower() == ".zip":
        yield from _read_zip(path)
    else:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ArchiveError(f"{path}: {error.strerror}; check the path") from error
        yield path.name, _parse(data, path.name)


def parse_archive(path: Path | None, archive: str) -> ParsedArchive:
    """Reads an archive into the tables MEMBERS and REFUSALS.

    Args:
        path: the zip or folder; None for an archive that is not published, which
            yields empty tables.
        archive: the name to record.

    Raises:
        ArchiveError: see `read_outcomes`.
    """
    accepted, refused = [], []
    for name, outcome in read_outcomes(path) if path else ():
        if isinstance(outcome, Member):
            accepted.append(member_row(outcome, archive))
        else:
            refused.append(refusal_row(outcome, parse_member_name(name), archive))
    return ParsedArchive(
        members=len(accepted) + len(refused),
        accepted=MEMBERS.from_rows(accepted),
        refused=REFUSALS.from_rows(refused),
    )


def verify_zip(path: Path) -> int:
    """Checks the directory and every CRC of a zip; returns the number of members.

    Raises:
        ArchiveError: it is truncated, damaged, or no zip.
    """
    with _open_zip(path) as archive:
        try:
            damaged = archive.testzip()
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise ArchiveError(f"{path}: {error}; download it again") from error
        if damaged is not None:
            raise ArchiveError(f"{path}: member {damaged} is damaged; download it again")
        return len(_members(archive))


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        size = path.stat().st_size
        raise ArchiveError(
            f"{path}: no complete zip archive ({size:,} bytes; {error}); download it again"
        ) from error
    except OSError as error:
        raise ArchiveError(f"{path}: {error.strerror}; check the path") from error


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    members = [info for info in archive.infolist() if not info.is_dir()]
    return sorted(members, key=lambda info: info.filename)


def _read_zip(path: Path) -> Iterator[Outcome]:
    with _open_zip(path) as archive:
        for info in _members(archive):
            name = PurePosixPath(info.filename).name
            try:
                data = archive.read(info)
            except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
                yield name, MemberRefused(RefusalCode.UNREADABLE, None, str(error))
            else:
                yield name, _parse(data, name)


def _parse(data: bytes, name: str) -> Member | MemberRefused:
    try:
        return parse_member(data, name)
    except MemberRefused as refusal:
        return refusal
