"""The store of archives: verified versions, and the record of the current one.

Layout: `<root>/<name>/<sha256>.zip` and `<root>/<name>/manifest.json`. The manifest is the
pointer: it is replaced last and atomically, so a kill between the two keeps the former version.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from raman_pipeline.common import atomic, storage
from raman_pipeline.common.storage import StorePath, local_copy
from raman_pipeline.rruff.zip_archive import ArchiveError

ARCHIVE_NAMES = (
    "LR-Raman",
    "excellent_oriented",
    "excellent_unoriented",
    "fair_oriented",
    "fair_unoriented",
    "ignore_unoriented",
    "poor_oriented",
    "poor_unoriented",
    "unrated_oriented",
    "unrated_unoriented",
)
"""The archives that RRUFF publishes or has published; withdrawn ones answer 404."""

PUBLISHED = "published"
NOT_PUBLISHED = "not published"


@dataclass(frozen=True)
class RemoteArchive:
    """Metadata of an archive at its source."""

    url: str
    published: bool
    etag: str | None = None
    last_modified: str | None = None
    bytes: int | None = None

    @property
    def fingerprint(self) -> str:
        """Changes whenever the archive does; the cursor of the sensor."""
        if not self.published:
            return NOT_PUBLISHED
        # All three: a server can keep one and change the others.
        return f"{self.etag}/{self.last_modified}/{self.bytes}"


@dataclass(frozen=True)
class ArchiveRecord:
    """The stored version of one archive, as of the last check of its source.

    Times are ISO 8601 in UTC. `sha256`, `bytes` and `members` are None for an archive that is
    not published.
    """

    name: str
    status: str
    url: str
    checked_at: str
    fetched_at: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    members: int | None = None
    etag: str | None = None
    last_modified: str | None = None

    @property
    def data_version(self) -> str:
        """Changes with the content: the SHA-256, or that nothing is published."""
        return self.sha256 or NOT_PUBLISHED.replace(" ", "-")


class ArchiveStore:
    """Verified archives in a folder or in a bucket.

    Args:
        root: folder of the archives.
        downloads: folder of this machine, on the disk of `root` where that is a folder; `root`
            itself if left out.
    """

    def __init__(self, root: StorePath, downloads: Path | None = None) -> None:
        self.root, self._downloads = root, downloads

    def folder(self, name: str) -> StorePath:
        """The folder of one archive."""
        return self.root / name

    def download_folder(self, name: str) -> Path:
        """The folder of the unfinished download of one archive."""
        return storage.on_this_machine(self._downloads or self.root) / name

    def record(self, name: str) -> ArchiveRecord | None:
        """Returns the current record, or None before the first fetch."""
        manifest = self.folder(name) / "manifest.json"
        if not manifest.exists():
            return None
        try:
            return ArchiveRecord(**json.loads(local_copy(manifest).read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ArchiveError(
                f"{manifest}: not a record of an archive ({error}); delete it to fetch {name} again"
            ) from error

    def path(self, name: str) -> StorePath | None:
        """Returns the current zip; None if the archive is not published or not fetched."""
        record = self.record(name)
        if record is None or record.sha256 is None:
            return None
        path = self.folder(name) / f"{record.sha256}.zip"
        # A stored zip of another size is damaged and counts as not fetched.
        intact = path.exists() and path.stat().st_size == record.bytes
        return path if intact else None

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Lets one process at a time fetch an archive: a site is not asked by two at once."""
        with ExitStack() as stack:
            with atomic.naming(self.folder(name)):
                self.download_folder(name).mkdir(parents=True, exist_ok=True)
                stack.enter_context(storage.lock(self.root / ".lock"))
            yield

    def write_record(self, record: ArchiveRecord) -> None:
        """Makes a record the current one, then removes the versions it replaces.

        The zip of a published record must be in the store already. If an archive is no longer
        published, its last version stays on disk, unused.
        """
        folder = self.folder(record.name)
        text = json.dumps(asdict(record), indent=2) + "\n"
        atomic.write_text(folder / "manifest.json", text)
        if record.sha256 is not None:
            for old in folder.glob("*.zip"):
                if old.stem != record.sha256:
                    old.unlink()
