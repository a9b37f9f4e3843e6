"""Reading whole archives: a zip, a folder of members, or one member.

What belongs here: walking over members in a fixed order and collecting what was
accepted and refused. What does not: the rules (see `member`), downloads (see
`mirror`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa

from raman_pipeline.rruff.member import Member, parse_member
from raman_pipeline.rruff.member_name import parse_member_name
from raman_pipeline.rruff.refusals import MemberRefused
from raman_pipeline.rruff.tables import MEMBERS, REFUSALS, member_row, refusal_row
from raman_pipeline.rruff.zip_archive import ArchiveError, open_zip

Outcome = tuple[str, Member | MemberRefused]
_BATCH = 512


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
        with open_zip(path) as archive:
            for name, data in archive.read():
                yield name, data if isinstance(data, MemberRefused) else _parse(data, name)
    else:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ArchiveError(f"{path}: {error.strerror}; check the path") from error
        yield path.name, _parse(data, path.name)


def parse_archive(path: Path | None, archive: str, sha256: str | None = None) -> ParsedArchive:
    """Reads an archive into the tables MEMBERS and REFUSALS.

    Args:
        path: the zip or folder; None for an archive that is not published, which
            yields empty tables.
        archive: the name to record.
        sha256: of the zip, to record.

    Raises:
        ArchiveError: see `read_outcomes`.
    """
    accepted, refused = [MEMBERS.arrow.empty_table()], []
    members = 0
    for batch in _batched(read_outcomes(path) if path else ()):
        members += len(batch)
        found = [outcome for _, outcome in batch]
        # A table holds a spectrum in a third of the room that its rows take.
        accepted.append(
            MEMBERS.from_rows(
                member_row(m, archive, sha256) for m in found if isinstance(m, Member)
            )
        )
        refused += [
            refusal_row(outcome, parse_member_name(name), archive, sha256)
            for name, outcome in batch
            if isinstance(outcome, MemberRefused)
        ]
    return ParsedArchive(members, pa.concat_tables(accepted), REFUSALS.from_rows(refused))


def _batched(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    iterator = iter(outcomes)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _parse(data: bytes, name: str) -> Member | MemberRefused:
    try:
        return parse_member(data, name)
    except MemberRefused as refusal:
        return refusal
