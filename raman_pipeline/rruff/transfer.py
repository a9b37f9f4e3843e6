"""Polite HTTP download: conditional, resumable, rate-limited, retried, with a User-Agent.

What belongs here: requests and responses. What does not: whether a download is accepted (see
`mirror`), rate and retries (see `common.rate_policy`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TypeVar

import httpx

from raman_pipeline import __version__
from raman_pipeline.common import atomic
from raman_pipeline.common.rate_policy import RatePolicy
from raman_pipeline.rruff.archive_store import ArchiveRecord, RemoteArchive
from raman_pipeline.rruff.zip_archive import ArchiveError

_T = TypeVar("_T")
USER_AGENT = f"raman-pipeline/{__version__} (Raman research pipeline; conditional requests)"


class _Transient(Exception):
    """A failure that may pass; carries the wait that the server asks for."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class HttpSource:
    """A server that holds `<base>/<name>.zip`."""

    def __init__(self, base: str, policy: RatePolicy, setting: str = "RRUFF_URL") -> None:
        self.base = base.rstrip("/")
        self.policy = policy
        self.setting = setting

    def url(self, name: str) -> str:
        """Returns the address of one archive."""
        return f"{self.base}/{name}.zip"

    def check_remote(self, name: str) -> RemoteArchive:
        """Sends a HEAD request.

        Raises:
            ArchiveError: there is no usable response.
        """

        def attempt() -> RemoteArchive:
            with self._client() as client:
                self.policy.wait_for_turn()
                response = client.head(self.url(name))
                if response.status_code in (405, 501):
                    # The server does not support HEAD; only a download can tell.
                    return RemoteArchive(url=self.url(name), published=True)
                _refuse_failures(response)
                return _remote(response)

        return self._retrying(attempt, name)

    def fetch(
        self,
        name: str,
        folder: Path,
        known: ArchiveRecord | None,
        progress: Callable[[int, int | None], None] | None,
    ) -> tuple[RemoteArchive, Path | None]:
        """Downloads the archive unless the server still has the known version.

        Size, date and ETag are compared with the record first: a conditional request alone would
        miss bytes that change under the same ETag. An unfinished download is resumed if the
        server can prove that the file is the same (`If-Range`), and restarted otherwise.

        Raises:
            ArchiveError: there is no usable response after all attempts.
        """
        part = _Part(folder)
        if known is not None and _unchanged(remote := self.check_remote(name), known):
            return remote, None

        def attempt() -> tuple[RemoteArchive, Path | None]:
            headers = part.resume_headers(self.url(name)) or {}
            with self._client() as client:
                self.policy.wait_for_turn()
                with client.stream("GET", self.url(name), headers=headers) as response:
                    if response.status_code == 416:
                        part.discard()
                        raise _Transient("the unfinished download no longer fits")
                    _refuse_failures(response)
                    remote = _remote(response)
                    if not remote.published:
                        return remote, None
                    with atomic.naming(part.path):
                        part.receive(response, self.url(name), progress)
            return remote, part.path

        return self._retrying(attempt, name)

    def _client(self) -> httpx.Client:
        return httpx.Client(
            timeout=self.policy.timeout_s,
            follow_redirects=True,
            # A transparent compression would make byte ranges meaningless.
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )

    def _retrying(self, attempt: Callable[[], _T], name: str) -> _T:
        retrying = self.policy.retrying(
            lambda error: isinstance(error, _Transient | httpx.TransportError),
            lambda error: getattr(error, "retry_after_s", None),
        )
        try:
            return retrying(attempt)
        except (_Transient, httpx.HTTPError, httpx.InvalidURL) as error:
            raise ArchiveError(
                f"{self.url(name)}: {str(error) or type(error).__name__} "
                f"(after {retrying.statistics.get('attempt_number', 1)} attempts); "
                f"check the address ({self.setting}) and the network; the former version stays"
            ) from error


class _Part:
    """An unfinished download and the validator of its version."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "download.part"
        self._note = folder / "download.part.json"

    def resume_headers(self, url: str) -> dict[str, str] | None:
        if not self.path.exists() or not self._note.exists():
            return None
        note = json.loads(self._note.read_text(encoding="utf-8"))
        size = self.path.stat().st_size
        if note["url"] != url or not note["validator"] or size == 0:
            return None
        return {"Range": f"bytes={size}-", "If-Range": note["validator"]}

    def receive(
        self,
        response: httpx.Response,
        url: str,
        progress: Callable[[int, int | None], None] | None,
    ) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        done = 0
        if response.status_code == 206:
            done = self.path.stat().st_size
            if not response.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
                self.discard()
                raise _Transient("the server continued at another place")
        else:
            self.discard()
            note = {"url": url, "validator": _validator(response)}
            atomic.write_text(self._note, json.dumps(note))
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        with self.path.open("ab") as file:
            # Unbuffered: buffered bytes would be lost if the connection breaks.
            for chunk in response.iter_raw():
                file.write(chunk)
                done += len(chunk)
                if progress:
                    progress(done, total)
        self._note.unlink()

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


def _unchanged(remote: RemoteArchive, known: ArchiveRecord) -> bool:
    said = (remote.etag, remote.last_modified)
    same_size = remote.bytes in (None, known.bytes)
    return any(said) and said == (known.etag, known.last_modified) and same_size


def _validator(response: httpx.Response) -> str | None:
    etag = response.headers.get("ETag", "")
    # RFC 9110, 13.1.5: a weak ETag does not prove that the bytes are equal.
    if etag and not etag.startswith("W/"):
        return etag
    return response.headers.get("Last-Modified")


def _remote(response: httpx.Response) -> RemoteArchive:
    length = response.headers.get("Content-Length")
    return RemoteArchive(
        url=str(response.request.url),
        published=response.status_code not in (404, 410),
        etag=response.headers.get("ETag"),
        last_modified=response.headers.get("Last-Modified"),
        bytes=int(length) if length and response.status_code == 200 else None,
    )


def _refuse_failures(response: httpx.Response) -> None:
    status = response.status_code
    if status in (200, 206, 404, 410):
        return
    message = f"HTTP {status} {response.reason_phrase}"
    if status == 429 or status >= 500:
        raise _Transient(message, _retry_after_s(response))
    raise httpx.HTTPStatusError(message, request=response.request, response=response)


def _retry_after_s(response: httpx.Response) -> float | None:
    requested = response.headers.get("Retry-After")
    if requested is None:
        return None
    if requested.strip().isdigit():
        return float(requested)
    try:
        return max((parsedate_to_datetime(requested) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None
