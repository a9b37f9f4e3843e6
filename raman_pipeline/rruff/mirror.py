"""Fetching of archives from RRUFF, from another server, or from a folder.

What belongs here: verified updates of an `ArchiveStore`, and when one is rejected. What does not:
HTTP (see `transfer`), members (see `archive`).
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from raman_pipeline.common import atomic
from raman_pipeline.common.rate_policy import RatePolicy
from raman_pipeline.rruff.archive_store import (
    NOT_PUBLISHED,
    PUBLISHED,
    ArchiveRecord,
    ArchiveStore,
    RemoteArchive,
)
from raman_pipeline.rruff.transfer import HttpSource
from raman_pipeline.rruff.zip_archive import ArchiveError, verify_zip

DownloadProgress = Callable[[int, int | None], None]
"""Called with the bytes received so far and the total, None if unknown."""


@dataclass(frozen=True)
class Fetched:
    """Result of a fetch: the current record, and whether the content changed."""

    record: ArchiveRecord
    changed: bool


class UpdateRejected(ArchiveError):
    """A published version that is not accepted; the former version stays in use."""


@dataclass(frozen=True)
class UpdatePolicy:
    """Which published versions are accepted without a review.

    Attributes:
        max_shrink: the share of members that an archive may lose per update; members move
            between ratings, but not this many at once.
        accept_any: accept every readable version, for an update that was reviewed.
    """

    max_shrink: float = 0.2
    accept_any: bool = False

    def accepts(self, former: ArchiveRecord, new: ArchiveRecord) -> bool:
        """Returns whether a new version is plausible, given the former one."""
        lost = (former.members or 0) - (new.members or 0)
        return self.accept_any or lost <= self.max_shrink * (former.members or 0)


class Source(Protocol):
    """A place that holds `<name>.zip` files."""

    def check_remote(self, name: str) -> RemoteArchive:
        """Returns the metadata of an archive without downloading it."""
        ...

    def fetch(
        self,
        name: str,
        folder: Path,
        known: ArchiveRecord | None,
        progress: DownloadProgress | None,
    ) -> tuple[RemoteArchive, Path | None]:
        """Downloads a new version into `folder`; the path is None if nothing is new."""
        ...


class FolderSource:
    """A folder with the layout of the site: `<folder>/<name>.zip`."""

    def __init__(self, folder: Path, setting: str = "RRUFF_URL") -> None:
        self.folder = Path(folder)
        self.setting = setting

    def check_remote(self, name: str) -> RemoteArchive:
        """Reads size, modification time and content; the SHA-256 takes the place of an ETag.

        Raises:
            ArchiveError: the folder itself is missing.
        """
        if not self.folder.is_dir():
            raise ArchiveError(
                f"{self.folder}: no such folder; set {self.setting} to a folder of zip archives "
                "or to an http(s) address"
            )
        path = self.folder / f"{name}.zip"
        if not path.exists():
            return RemoteArchive(url=path.resolve().as_uri(), published=False)
        status = path.stat()
        return RemoteArchive(
            url=path.resolve().as_uri(),
            published=True,
            etag=atomic.file_sha256(path),
            last_modified=formatdate(status.st_mtime, usegmt=True),
            bytes=status.st_size,
        )

    def fetch(
        self,
        name: str,
        folder: Path,
        known: ArchiveRecord | None,
        progress: DownloadProgress | None,
    ) -> tuple[RemoteArchive, Path | None]:
        """Copies the archive unless its bytes are those of the known version."""
        remote = self.check_remote(name)
        path = self.folder / f"{name}.zip"
        if not remote.published or (known and known.sha256 == remote.etag):
            return remote, None
        copy = folder / "download.part"
        with path.open("rb") as archive, atomic.naming(copy):
            folder.mkdir(parents=True, exist_ok=True)
            with copy.open("wb") as file:
                shutil.copyfileobj(archive, file)
        if progress:
            progress(copy.stat().st_size, remote.bytes)
        return remote, copy


def open_source(location: str, policy: RatePolicy, setting: str = "RRUFF_URL") -> Source:
    """Returns the source for `https://…`, `http://…`, `file:///…` or a plain folder.

    Args:
        location: of the archives.
        policy: rate and retries for a server.
        setting: the environment variable of the location, for messages.

    Raises:
        ArchiveError: the scheme is unknown.
    """
    scheme = urlsplit(location).scheme if "://" in location else ""
    if scheme in ("http", "https"):
        return HttpSource(location, policy, setting)
    if scheme == "file":
        return FolderSource(Path(unquote(urlsplit(location).path)), setting)
    if scheme:
        raise ArchiveError(
            f"{location}: unknown scheme {scheme}; use https, http, file or a folder"
        )
    return FolderSource(Path(location).expanduser(), setting)


def is_current(source: Source, store: ArchiveStore, name: str) -> bool:
    """Returns whether the source still has the stored version, by its validators.

    Nothing is downloaded. False also where the source gives neither ETag nor Last-Modified.

    Raises:
        ArchiveError: the source cannot be reached.
    """
    record = store.record(name)
    if record is None or (record.status == PUBLISHED and store.path(name) is None):
        return False
    remote = source.check_remote(name)
    if remote.published and not (remote.etag or remote.last_modified):
        return False
    stored = RemoteArchive(
        record.url,
        record.status == PUBLISHED,
        record.etag,
        record.last_modified,
        record.bytes,
    )
    return (stored.url, stored.fingerprint) == (remote.url, remote.fingerprint)


def fetch_archive(
    source: Source,
    store: ArchiveStore,
    name: str,
    progress: DownloadProgress | None = None,
    policy: UpdatePolicy | None = None,
) -> Fetched:
    """Brings one archive up to date.

    An unchanged archive is not downloaded again. A new version is accepted only after all its
    CRCs were checked and if `policy` accepts it; until then, and after any failure, the former
    version stays in use.

    Raises:
        UpdateRejected: there is a former version, and the new one is damaged, gone or much
            smaller.
        ArchiveError: the source cannot be reached, or sends no complete zip archive and there
            is no former version. The message names the address and the remedy.
        OSError: the store cannot be written.
    """
    with store.lock(name):
        former = store.record(name)
        known = former if store.path(name) else None
        return _fetch(source, store, name, progress, policy or UpdatePolicy(), former, known)


def _fetch(
    source: Source,
    store: ArchiveStore,
    name: str,
    progress: DownloadProgress | None,
    policy: UpdatePolicy,
    former: ArchiveRecord | None,
    known: ArchiveRecord | None,
) -> Fetched:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    remote, part = source.fetch(name, store.download_folder(name), known, progress)
    if not remote.published:
        if known is not None and not policy.accept_any:
            raise UpdateRejected(
                f"{remote.url}: the archive is gone (404), and {_described(known)} stays in use; "
                f"{_remedy(name)}"
            )
        record = ArchiveRecord(name, NOT_PUBLISHED, remote.url, checked_at=now)
        store.write_record(record)
        return Fetched(record, changed=former is not None and former.status == PUBLISHED)
    if part is None:
        if known is None:
            raise ArchiveError(
                f"{remote.url}: not modified according to the source, but there is no copy"
            )
        record = dataclasses.replace(
            known,
            url=remote.url,
            checked_at=now,
            etag=remote.etag or known.etag,
            last_modified=remote.last_modified or known.last_modified,
        )
        store.write_record(record)
        return Fetched(record, changed=False)
    try:
        members = verify_zip(part)
    except ArchiveError as error:
        size = part.stat().st_size
        part.unlink()
        message = (
            f"{unquote(remote.url)}: received {size:,} bytes that are not a complete zip archive "
            f"({error.__cause__ or 'a member is damaged'}); check the address and try again"
        )
        if known is None:
            raise ArchiveError(message) from error
        raise UpdateRejected(f"{message}; {_described(known)} stays in use") from error
    record = _record(name, remote, part, members, now)
    if known is not None and not policy.accepts(known, record):
        part.unlink()
        raise UpdateRejected(
            f"{remote.url}: the new version holds {members:,} members, and {_described(known)} "
            f"stays in use; {_remedy(name)}"
        )
    atomic.move(part, store.folder(name) / f"{record.sha256}.zip")
    store.write_record(record)
    return Fetched(record, changed=known is None or known.sha256 != record.sha256)


def _record(name: str, remote: RemoteArchive, part: Path, members: int, now: str) -> ArchiveRecord:
    return ArchiveRecord(
        name=name,
        status=PUBLISHED,
        url=remote.url,
        checked_at=now,
        fetched_at=now,
        sha256=atomic.file_sha256(part),
        bytes=part.stat().st_size,
        members=members,
        etag=remote.etag,
        last_modified=remote.last_modified,
    )


def _described(record: ArchiveRecord) -> str:
    return f"the version of {record.fetched_at} with {record.members:,} members"


def _remedy(name: str) -> str:
    return (
        f"if this is intended, run `raman-pipeline accept-update {name} --profile PROFILE` or "
        "materialise rruff_archive with accept: true"
    )
