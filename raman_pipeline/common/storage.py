"""Where stores lie: a folder of this machine, or a prefix of a bucket (`s3://bucket/prefix`).

A path below a folder is a `pathlib.Path`, one below a bucket a `upath.UPath`. Both have the methods
for names, listing and deleting; the second cannot be opened as a file by mistake. What differs
is here: an object becomes a file of this machine to be read (`local_copy`), and a file becomes an
object (`put`). Objects are replaced whole, by the promise of S3: who reads gets the
former or the new one, and an upload that breaks off leaves the former. Where several objects are
one thing, the last one put refers to the others by their content.
"""

from __future__ import annotations

import fcntl
import hashlib
import mimetypes
import os
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from raman_pipeline.common.errors import InputError

if TYPE_CHECKING:
    from upath import UPath

    StorePath: TypeAlias = Path | UPath
else:
    # Importing it takes a short command a third of its time.
    StorePath = Any

ENDPOINT = "RAMAN_PIPELINE_S3_ENDPOINT"
_ATTEMPTS = 8
"""Tries of a request, with waits that double: some 45 s, for a server that restarts."""
_PART = 50 * 2**20
"""Bytes of the parts in which s3fs sends larger files."""
_KEPT_S = 86_400.0
"""How long copies of former versions are kept for those who read them."""
_LEASE_S = 60.0
"""After this time without a sign of its holder, a lock in a bucket is taken over."""


class StoreError(InputError):
    """A store cannot be used; the message names it and the remedy."""


def store_path(location: str | StorePath) -> StorePath:
    """Returns the path of a folder or file, or of a prefix or object in a bucket.

    Args:
        location: a path, or `s3://bucket/prefix`. Credentials are those of AWS's variables and
            files; RAMAN_PIPELINE_S3_ENDPOINT is the address of another server than Amazon's.

    Raises:
        StoreError: another scheme, no bucket, or the package for S3 is missing.
    """
    if not isinstance(location, str):
        return location
    scheme, separator, rest = location.partition("://")
    if not separator:
        return Path(location)
    if scheme != "s3" or not rest or rest.startswith("/"):
        raise StoreError(f"{location}: a store is a folder or s3://bucket/prefix")
    try:
        import s3fs  # noqa: F401
        from upath import UPath
    except ImportError as error:
        raise StoreError(
            f"{location}: a bucket needs s3fs; `pip install 'raman-pipeline[s3]'`"
        ) from error
    return UPath(
        location.rstrip("/"),
        endpoint_url=os.environ.get(ENDPOINT) or None,
        # Other processes change the bucket, too.
        use_listings_cache=False,
        config_kwargs={"retries": {"mode": "standard", "max_attempts": _ATTEMPTS}},
    )


def on_this_machine(path: str | StorePath, setting: str = "") -> Path:
    """Returns a path as one of a file or folder of this machine.

    Args:
        path: of a file or folder.
        setting: the environment variable that it comes from, for the message.

    Raises:
        StoreError: it is an address.
    """
    if isinstance(path, Path):
        return path
    if "://" in str(path):
        named = f"{setting}={path}" if setting else path
        raise StoreError(f"{named}: an address cannot be used here; give a path of this machine")
    return Path(str(path))


def below(folder: StorePath, path: StorePath | str) -> str:
    """Returns a path relative to a folder, as text; the whole path where it is not below it."""
    return str(path).removeprefix(f"{folder}/")


def in_order(paths: Iterable[StorePath]) -> list[StorePath]:
    """Returns paths sorted by their parts, the same in a folder and in a bucket."""
    return sorted(paths, key=lambda path: tuple(path.parts))


def cache_folder() -> Path:
    """Returns the user's cache folder; a relative one where there is no home."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))


def staging_folder(folder: StorePath) -> Path:
    """Returns where the files of a folder are written before they are moved to their place."""
    return folder if isinstance(folder, Path) else _copies() / "staging"


def local_copy(path: StorePath) -> Path:
    """Returns a file of this machine with the present content: the path itself, or a copy.

    An object is downloaded once per version, into the user's cache folder, under its own name.

    Raises:
        FileNotFoundError: there is no such object.
    """
    if isinstance(path, Path):
        return path
    version = _version(path)
    while True:
        folder = _copies_of(path) / version
        copy = folder / path.name
        with suppress(FileNotFoundError):
            os.utime(folder)
            copy.stat()
            return copy
        part = _new_folder(path) / path.name
        # In one request, which is answered with one version; resumed after a break, it may
        # be another one.
        path.fs.get_file(path.path, str(part), max_concurrency=1)
        former, version = version, _version(path)
        if version == former:
            _keep(part.parent, folder)
        else:
            shutil.rmtree(part.parent)


def state_of(path: StorePath) -> str:
    """Returns name, size and time of change of a file, or name and version of an object.

    Raises:
        FileNotFoundError: there is none.
    """
    if isinstance(path, Path):
        found = path.stat()
        return f"{path} {found.st_size} {found.st_mtime_ns}"
    return f"{path} {_version(path)}"


def put(file: Path, path: UPath) -> None:
    """Moves a file into a bucket; it stays on this machine as the copy of its version.

    Raises:
        OSError: the bucket cannot be written.
    """
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    with _as_os_error(path):
        path.fs.put_file(str(file), path.path, chunksize=_PART, max_concurrency=4, ContentType=kind)
        version = _version(path)
    if version == _version_of(_etag(file), file.stat().st_size):
        part = _new_folder(path)
        file.rename(part / path.name)
        _keep(part, _copies_of(path) / version)
    else:  # of another writer, or encrypted by a key of the server
        file.unlink()


@contextmanager
def lock(path: StorePath) -> Iterator[None]:
    """Lets one process at a time do what the lock stands for, on all machines.

    In a bucket, the lock is an object that its holder creates on the condition that there is none,
    and renews. It is taken over once it was not renewed for a minute. A server that ignores
    conditions (`If-None-Match`, `If-Match`) keeps nobody out.

    Raises:
        StoreError: there is no such bucket.
    """
    if isinstance(path, Path):
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    held = threading.Event()
    etag = _acquire(path)

    def renew() -> None:
        nonlocal etag
        while not held.wait(_LEASE_S / 3):
            with suppress(OSError), _as_os_error(path):  # the server may answer the next time
                etag = _put_if(path, IfMatch=etag) or etag

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        held.set()
        thread.join()
        with suppress(FileNotFoundError):
            if path.fs.info(path.path)["ETag"] == etag:
                path.unlink()


def require_bucket(path: StorePath) -> None:
    """Checks that the bucket of a path exists; without the right to see that, nothing is said.

    Raises:
        StoreError: there is none.
    """
    if isinstance(path, Path):
        return
    bucket = path.path.partition("/")[0]
    try:
        path.fs.call_s3("head_bucket", Bucket=bucket)
    except FileNotFoundError as error:
        raise StoreError(
            f"{path}: there is no bucket {bucket}; make it, or name another"
        ) from error
    except PermissionError:
        return


def failure(error: Exception) -> str | None:
    """Returns what to tell the user of an error of the S3 client, None of any other."""
    if not type(error).__module__.startswith(("botocore", "aiobotocore")):
        return None
    return (
        f"the bucket cannot be reached ({error}); check {ENDPOINT}, the credentials "
        "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) and the network"
    )


def _acquire(path: UPath) -> str:
    """Creates the lock, or takes over one whose version did not change for a lease.

    Raises:
        StoreError: there is no such bucket.
    """
    seen, since = "", time.monotonic()
    while True:
        if etag := _put_if(path, IfNoneMatch="*"):
            return etag
        with suppress(FileNotFoundError):
            etag = path.fs.info(path.path)["ETag"]
            if etag != seen:
                seen, since = etag, time.monotonic()
            elif time.monotonic() - since > _LEASE_S and (taken := _put_if(path, IfMatch=etag)):
                return taken
        time.sleep(1)


def _put_if(path: UPath, **condition: str) -> str | None:
    """Writes a new version of a lock and returns its ETag; None where the condition fails."""
    bucket, _, key = path.path.partition("/")
    try:
        answer = path.fs.call_s3(
            "put_object", Bucket=bucket, Key=key, Body=uuid.uuid4().bytes, **condition
        )
    except FileExistsError:
        return None
    except FileNotFoundError as error:  # the object that is to be there, or else the bucket
        if "IfMatch" in condition:
            return None
        raise StoreError(f"{path}: {error}") from error
    except OSError as error:
        if "condition" not in str(error):
            raise
        return None
    return answer["ETag"]


def _copies() -> Path:
    folder = cache_folder()
    return (
        folder if folder.is_absolute() else Path(tempfile.gettempdir())
    ) / "raman-pipeline/store"


def _copies_of(path: UPath) -> Path:
    server = path.storage_options.get("endpoint_url") or ""
    return _copies() / hashlib.sha256(f"{server} {path}".encode()).hexdigest()[:16]


def _new_folder(path: UPath) -> Path:
    """Makes a folder for a copy, and removes those that nobody needs any more."""
    folder = _copies_of(path)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        with suppress(FileNotFoundError):
            if old.stat().st_mtime < time.time() - _KEPT_S:
                shutil.rmtree(old)
    return Path(tempfile.mkdtemp(dir=folder))


def _keep(part: Path, folder: Path) -> None:
    """Renames a complete copy to its place, unless another process was faster."""
    try:
        part.rename(folder)
    except OSError:
        shutil.rmtree(part)
        if not folder.is_dir():
            raise


def _version(path: UPath) -> str:
    """Returns the version of the object that is there."""
    info = path.fs.info(path.path)
    if "ETag" not in info:
        raise FileNotFoundError(2, "no such object", str(path))
    return _version_of(info["ETag"].strip('"'), info["size"])


def _version_of(etag: str, size: int) -> str:
    return hashlib.sha256(f"{etag} {size}".encode()).hexdigest()[:16]


def _etag(file: Path) -> str:
    """Returns the ETag that S3 gives a file that s3fs sends: MD5, in parts where it is large."""
    with file.open("rb") as opened:
        if file.stat().st_size < 2 * _PART:
            return hashlib.file_digest(opened, "md5").hexdigest()
        parts = [hashlib.md5(part).digest() for part in iter(lambda: opened.read(_PART), b"")]
    return f"{hashlib.md5(b''.join(parts)).hexdigest()}-{len(parts)}"


@contextmanager
def _as_os_error(path: UPath) -> Iterator[None]:
    """Turns errors of the S3 client into those of files, for which writers are prepared."""
    try:
        yield
    except Exception as error:
        if (text := failure(error)) is None:
            raise
        raise OSError(5, text, str(path)) from error
