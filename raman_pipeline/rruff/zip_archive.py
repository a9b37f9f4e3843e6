"""Hardened zip reader, for archives that come from the network.

What belongs here: the directory, the bytes of members, and the refusal of members that are not
plain files of a plausible size. What does not: the content of a member (see `member`).

Nothing is extracted to disk, and no member is inflated beyond its declared size.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from raman_pipeline.common.errors import InputError
from raman_pipeline.rruff.refusals import MemberRefused, RefusalCode

MAX_MEMBER_BYTES = 64 * 1024 * 1024
"""A thousand times a usual member; the largest of RRUFF has less than a tenth of it."""

_LEADS_OUT = re.compile(r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)")
"""Absolute paths, drive letters and `..`, by the rules of POSIX and of Windows."""
_ARCHIVE_STARTS = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")
# What `zipfile` raises for damaged data, beside BadZipFile: encrypted members are RuntimeErrors,
# impossible names and offsets ValueErrors and OSErrors.
_READ_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OSError,
)  # fmt: skip


class ArchiveError(InputError):
    """An archive cannot be opened; the message names it and the remedy."""


class ZipArchive:
    """An open zip; see `open_zip`."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        # `is_dir` fails on the empty names that a damaged directory can hold.
        members = [info for info in archive.infolist() if not info.filename.endswith("/")]
        self._members = sorted(members, key=lambda info: (info.filename, info.header_offset))

    @property
    def entries(self) -> Sequence[zipfile.ZipInfo]:
        """The directory's entries of all members, in the order of their names."""
        return self._members

    def entry(self, name: str) -> zipfile.ZipInfo:
        """Returns the entry of one member.

        Raises:
            KeyError: there is no such member.
        """
        return self._archive.getinfo(name)

    def read(self, info: zipfile.ZipInfo) -> bytes | MemberRefused:
        """Returns the bytes of a member, or why it is refused."""
        try:
            _check_entry(info)
            with self._archive.open(info) as file:
                # With a size, for `read()` would inflate whatever the data hold.
                data = file.read(info.file_size + 1)
            if len(data) != info.file_size:
                raise zipfile.BadZipFile("the data are shorter than declared")
            if data.startswith(_ARCHIVE_STARTS):
                raise MemberRefused(RefusalCode.NOT_A_FILE, None, "an archive in the archive")
        except MemberRefused as refusal:
            return refusal
        except _READ_ERRORS as error:
            return MemberRefused(RefusalCode.UNREADABLE, None, str(error))
        return data


@contextmanager
def open_zip(path: Path) -> Iterator[ZipArchive]:
    """Opens a zip archive.

    Raises:
        ArchiveError: the file is missing, truncated or not a zip archive.
    """
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(path))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            # zipfile raises the last two for directories that are damaged or of a later version.
            size = path.stat().st_size
            raise ArchiveError(
                f"{path}: not a complete zip archive ({size:,} bytes; {error}); download it again"
            ) from error
        except OSError as error:
            raise ArchiveError(f"{path}: {error.strerror or error}; check the path") from error
        yield ZipArchive(archive)


def verify_zip(path: Path) -> int:
    """Checks the directory and every CRC of a zip; returns the number of members.

    Unlike `zipfile.ZipFile.testzip`, it accepts members that are refused for another reason (a
    link, an unsafe path, too large): reading refuses only them. Every download is inflated here
    once more than for parsing, since no version is accepted before all its CRCs are checked.

    Raises:
        ArchiveError: it is truncated, damaged, or not a zip archive.
    """
    with open_zip(path) as archive:
        for info in archive.entries:
            data = archive.read(info)
            if isinstance(data, MemberRefused) and data.code is RefusalCode.UNREADABLE:
                raise ArchiveError(
                    f"{path}: member {info.filename} is damaged ({data.text}); download it again"
                )
        return len(archive.entries)


def _check_entry(info: zipfile.ZipInfo) -> None:
    """Refuses members that are not plain files inside the archive.

    Raises:
        MemberRefused: UNSAFE_NAME, NOT_A_FILE, TOO_LARGE or UNREADABLE.
    """
    name = info.filename
    if _LEADS_OUT.search(name):
        raise MemberRefused(RefusalCode.UNSAFE_NAME, None, name)
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise MemberRefused(RefusalCode.NOT_A_FILE, None, f"mode {stat.filemode(mode)}")
    if info.file_size > MAX_MEMBER_BYTES:
        raise MemberRefused(
            RefusalCode.TOO_LARGE,
            None,
            f"{info.file_size:,} bytes are declared, {MAX_MEMBER_BYTES:,} are allowed",
        )
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # `zipfile` bounds the output of these two only.
        raise MemberRefused(
            RefusalCode.UNREADABLE, None, f"compression {info.compress_type} is not used by RRUFF"
        )
