"""Atomic writes: a reader sees the old file or the new one, never a part of it."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from raman_pipeline.common import storage
from raman_pipeline.common.storage import StorePath

_PREFIX = ".tmp-raman-pipeline-"
ELSEWHERE = "set RAMAN_PIPELINE_STORE to another folder"
_locks: dict[Path, int] = {}
"""Descriptors that hold the locks of this process's temporary folders, by file."""


@contextmanager
def replacing(path: StorePath, elsewhere: str = ELSEWHERE) -> Iterator[Path]:
    """Yields a temporary file of this machine; on success it becomes `path`.

    The temporary file is moved to `path` if the block ends without an exception (see `move`), and
    removed otherwise. A process killed at any point leaves the previous version readable, and
    at most a temporary folder, which the next writer beside it removes.

    Args:
        path: of the file.
        elsewhere: how to choose another folder, for the error.

    Raises:
        WriteError: the folder cannot be written (read-only, full, missing rights).
    """
    with naming(path, elsewhere):
        temporary = temporary_file(path.parent)
        try:
            yield temporary
            temporary.chmod(0o666 & ~_umask())
            move(temporary, path, elsewhere)
        finally:
            release(temporary)


def move(file: Path, path: StorePath, elsewhere: str = ELSEWHERE) -> None:
    """Moves a complete file to its path: it is fsynced and renamed, or uploaded to a bucket.

    Args:
        file: on the disk of `path`, or in the staging folder where that is in a bucket.
        path: of the file.
        elsewhere: see `replacing`.

    Raises:
        WriteError: the path cannot be written.
    """
    with naming(path, elsewhere):
        if isinstance(path, Path):
            path.parent.mkdir(parents=True, exist_ok=True)
            sync(file)
            file.replace(path)
            sync(path.parent)
        else:
            storage.put(file, path)


def temporary_file(folder: StorePath) -> Path:
    """Creates an empty file in a temporary folder, and removes what killed processes left.

    The temporary folder lies in `folder`, or in the staging folder of this machine for a bucket.

    A lock tells them apart: this process holds one until `release`, or until it ends. It is on a
    folder of the file's own, since a library may write another file and rename that. The name of
    the file starts with a dot, so that nobody takes it for a result; torch refuses a bare suffix.
    """
    folder = storage.staging_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            handle = os.open(old, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(old)
            finally:
                os.close(handle)
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder)) / ".new.part"
        # Another process may take it for a leftover before it is locked.
        with suppress(FileNotFoundError):
            _locks[path] = os.open(path.parent, os.O_RDONLY)
            fcntl.flock(_locks[path], fcntl.LOCK_EX)
            path.touch()
            return path
        release(path)


def release(path: Path) -> None:
    """Removes a temporary folder whose file was renamed or is not wanted, and its lock."""
    shutil.rmtree(path.parent, ignore_errors=True)
    if (handle := _locks.pop(path, None)) is not None:
        os.close(handle)


class WriteError(OSError):
    """A file cannot be written; the message names it and the remedy."""

    def __str__(self) -> str:
        return str(self.args[1])


@contextmanager
def naming(path: StorePath, elsewhere: str = ELSEWHERE) -> Iterator[None]:
    """Turns an OSError into one that names the file and the remedy.

    Raises:
        WriteError: instead of an OSError.
    """
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        remedy = "make it writable"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = "free some space"
        raise WriteError(
            error.errno,
            f"{path}: cannot be written ({error.strerror or error}); {remedy}, or "
            f"{elsewhere}; the former version stays",
        ) from error


def write_bytes(path: StorePath, data: bytes) -> None:
    """Writes `data` to `path` atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: StorePath, text: str) -> None:
    """Writes `text` to `path` atomically, as UTF-8."""
    write_bytes(path, text.encode("utf-8"))


def sync(path: Path) -> None:
    """Flushes a file or a folder entry to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(path: Path) -> str:
    """Returns the hexadecimal SHA-256 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
