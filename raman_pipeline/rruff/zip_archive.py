"""A zip archive as a bag of members that nobody has to trust.

What belongs here: the directory, taking bytes out, and refusing what is no plain file
of a sound size. What does not: what the bytes say (see `member`).

Nothing is ever extracted to the disk. The directory is read by `zipfile`; the data are
inflated by ISA-L, which takes less than half the time of zlib.
"""

from __future__ import annotations

import mmap
import re
import stat
import struct
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from isal import isal_zlib

from raman_pipeline.common.errors import InputError
from raman_pipeline.rruff.refusals import MemberRefused, RefusalCode

MAX_MEMBER_BYTES = 64 * 1024 * 1024
"""A thousand times a common member; RRUFF has none of even a tenth of it."""

_LEADS_OUT = re.compile(r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)")
"""Absolute, with a drive, or with a step upwards; by the rules of either system."""
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1
_ARCHIVE_STARTS = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")
_InflateError: type[Exception] = isal_zlib.error  # type: ignore[assignment]
_READ_ERRORS: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    _InflateError,
    struct.error,
)


class ArchiveError(InputError):
    """An archive cannot be opened at all; the message names it and the remedy."""


class ZipArchive:
    """An open zip; see `open_zip`."""

    def __init__(self, directory: zipfile.ZipFile, data: mmap.mmap) -> None:
        self._directory = directory
        self._data = data
        # `is_dir` fails on the empty names that a damaged directory can hold.
        members = [info for info in directory.infolist() if not info.filename.endswith("/")]
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
        return self._directory.getinfo(name)

    def read(self, info: zipfile.ZipInfo) -> bytes | MemberRefused:
        """Returns the bytes of a member, or the refusal."""
        try:
            _check_entry(info)
            data = self._inflate(info)
            if data.startswith(_ARCHIVE_STARTS):
                raise MemberRefused(RefusalCode.NOT_A_FILE, None, "an archive in the archive")
        except MemberRefused as refusal:
            return refusal
        except _READ_ERRORS as error:
            return MemberRefused(RefusalCode.UNREADABLE, None, str(error))
        return data

    def _inflate(self, info: zipfile.ZipInfo) -> bytes:
        if info.flag_bits & _ENCRYPTED:
            raise zipfile.BadZipFile("the member is encrypted")
        start = info.header_offset
        signature, name, extra = _LOCAL_HEADER.unpack_from(self._data, start)
        if signature != b"PK\x03\x04":
            raise zipfile.BadZipFile("the member is not where the directory says")
        start += _LOCAL_HEADER.size + name + extra
        packed = self._data[start : start + info.compress_size]
        if info.compress_type == zipfile.ZIP_DEFLATED:
            # One byte more than declared shows a member that holds more than it says.
            inflater = isal_zlib.decompressobj(wbits=-15)
            data = inflater.decompress(packed, max_length=info.file_size + 1)
        elif info.compress_type == zipfile.ZIP_STORED:
            data = packed
        else:
            raise zipfile.BadZipFile(f"compression {info.compress_type} is not used by RRUFF")
        if len(data) != info.file_size:
            raise zipfile.BadZipFile(f"{info.file_size:,} bytes are declared, others are there")
        if isal_zlib.crc32(data) != info.CRC:
            raise zipfile.BadZipFile("the CRC does not fit")
        return data


@contextmanager
def open_zip(path: Path) -> Iterator[ZipArchive]:
    """Opens a zip archive.

    Raises:
        ArchiveError: there is none, or it is truncated or no zip.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            directory = stack.enter_context(zipfile.ZipFile(file))
            data = stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            # zipfile raises these two for directories that are damaged or of a later version.
            size = path.stat().st_size
            raise ArchiveError(
                f"{path}: no complete zip archive ({size:,} bytes; {error}); download it again"
            ) from error
        except OSError as error:
            raise ArchiveError(f"{path}: {error.strerror or error}; check the path") from error
        yield ZipArchive(directory, data)


def verify_zip(path: Path) -> int:
    """Checks the directory and every CRC of a zip; returns the number of members.

    A member that would be refused for what it is (a link, a path that leads out, too
    large) is no damage: reading refuses it alone.

    Raises:
        ArchiveError: it is truncated, damaged, or no zip.
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
    """Refuses what is no plain file inside the archive.

    Raises:
        MemberRefused: UNSAFE_NAME, NOT_A_FILE or TOO_LARGE.
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
