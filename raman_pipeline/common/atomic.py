"""Atomic writes: a reader sees the old file or the new one, never a part of it."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_locks: dict[Path, int] = {}
"""Descriptors that hold the locks of this process's temporary files."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary sibling of `path`; on success it becomes `path`.

    The temporary file is fsynced and renamed over `path` if the block ends without an exception,
    and removed otherwise. A process killed at any point leaves the previous version readable, and
    at most a `.tmp-` file, which the next writer in the folder removes.

    Raises:
        WriteError: the folder cannot be written (read-only, full, missing rights).
    """
    path = Path(path)
    with naming(path):
        temporary = temporary_file(path.parent, path.name)
        try:
            yield temporary
            temporary.chmod(0o666 & ~_umask())
            sync(temporary)
            temporary.replace(path)
            sync(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            release(temporary)


def temporary_file(folder: Path, name: str) -> Path:
    """Creates an empty file in a folder, and removes those that killed processes left there.

    A lock tells them apart: this process holds one on its file until `release`, or until it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(".tmp-*"):
        with suppress(OSError), old.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            old.unlink()
    while True:
        handle, path = tempfile.mkstemp(prefix=f".tmp-{name}-", dir=folder)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Another process may have taken it for a leftover before it was locked.
        if os.fstat(handle).st_nlink:
            _locks[Path(path)] = handle
            return Path(path)
        os.close(handle)


def release(path: Path) -> None:
    """Gives up the lock on a temporary file that was renamed or removed."""
    if (handle := _locks.pop(path, None)) is not None:
        os.close(handle)


def rename_temporary(temporary: Path, path: Path) -> None:
    """Renames a temporary file; it stays locked if `path` is that of another one."""
    temporary.replace(path)
    locked = path in _locks
    release(path)
    if locked:
        _locks[path] = _locks.pop(temporary)
    else:
        release(temporary)


class WriteError(OSError):
    """A file cannot be written; the message names it and the remedy."""

    def __str__(self) -> str:
        return str(self.args[1])


@contextmanager
def naming(path: Path) -> Iterator[None]:
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
            f"{path}: cannot be written ({error.strerror or error}); {remedy}, or set "
            "RAMAN_PIPELINE_STORE to another folder; the former version stays",
        ) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Writes `data` to `path` atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
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
