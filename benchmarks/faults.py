"""Writes `docs/faults.md`: each fault of the source, the message, and the state afterwards.

Runs the real fetch against the loopback server of the tests, which assert the same states
(`raman_pipeline_tests/rruff/test_mirror.py`).
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from raman_pipeline.common.markdown import markdown_table
from raman_pipeline.common.rate_policy import RatePolicy
from raman_pipeline.rruff.archive import parse_archive
from raman_pipeline.rruff.archive_store import ArchiveStore
from raman_pipeline.rruff.mirror import fetch_archive, open_source
from raman_pipeline_tests.rruff.archive_server import ArchiveServer

NAME = "fair_oriented"
FILE = f"/{NAME}.zip"
POLICY = RatePolicy(seconds_between_requests=0, timeout_s=0.5, attempts=3, backoff_s=0.05)


@dataclass
class Stage:
    """A server, a store and an address, on which a fault is provoked."""

    server: ArchiveServer
    store: ArchiveStore
    policy: RatePolicy = POLICY
    url: str = ""

    def fetch(self) -> None:
        """Fetches like the pipeline."""
        source = open_source(self.url or self.server.url, self.policy)
        fetch_archive(source, self.store, NAME)


def zip_of(count: int) -> bytes:
    """Returns a zip archive with `count` members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.txt", "1, 2\n2, 3\n3, 4\n" * 200)
    return buffer.getvalue()


def new_version(data: bytes) -> Callable[[Stage], None]:
    """Publishes other bytes."""

    def do(stage: Stage) -> None:
        stage.server.files[FILE] = data

    return do


def faults(*queue: object, **attributes: object) -> Callable[[Stage], None]:
    """Publishes a new version; the next responses are faults."""

    def do(stage: Stage) -> None:
        stage.server.files[FILE] = zip_of(50)
        stage.server.faults = list(queue)
        for name, value in attributes.items():
            setattr(stage.server, name, value)

    return do


def gone(stage: Stage) -> None:
    """Withdraws the archive."""
    stage.server.files.clear()


def elsewhere(url: str) -> Callable[[Stage], None]:
    """Fetches from another address."""

    def do(stage: Stage) -> None:
        stage.url = url
        stage.policy = replace(POLICY, attempts=2)

    return do


def same_tag(stage: Stage) -> None:
    """Publishes other bytes with the ETag of the current version."""
    record = stage.store.record(NAME)
    stage.server.etag = record.etag if record else None
    stage.server.files[FILE] = zip_of(50)


def other_tag(stage: Stage) -> None:
    """Publishes the same bytes with another ETag."""
    stage.server.etag = '"another"'


def damaged_copy(stage: Stage) -> None:
    """Truncates the stored zip."""
    path = stage.store.path(NAME)
    assert path is not None
    path.write_bytes(path.read_bytes()[:-9])


CASES: dict[str, Callable[[Stage], None]] = {
    "truncated zip archive": new_version(zip_of(50)[:4000]),
    "HTML page instead of a zip archive": new_version(b"<html>log in first</html>"),
    "empty file": new_version(b""),
    "404 for an archive that was published": gone,
    "403": faults(403),
    "503 twice, then 200": faults(503, 503),
    "always 503": faults(*[503] * 9),
    "429 with Retry-After: 1": faults((429, "1")),
    "connection lost, byte ranges supported": faults(None, "cut"),
    "connection lost, no byte ranges": faults(None, "cut", ranges=False),
    "response stalls once": faults(None, "stall"),
    "response always stalls": faults(None, *["stall"] * 9, ranges=False),
    "redirect": faults(None, "redirect"),
    "HEAD not supported (405)": faults(head=False),
    "other ETag, same bytes": other_tag,
    "same ETag, other bytes": same_tag,
    "most members are missing": new_version(zip_of(5)),
    "stored archive damaged on disk": damaged_copy,
    "connection refused": elsewhere("http://127.0.0.1:9/raman"),
    "unknown host": elsewhere("http://no-such-host.invalid/raman/"),
    "unknown scheme": elsewhere("ftp://example.org/raman"),
    "missing folder": elsewhere("/no/such/folder"),
}


def outcome(case: str, do: Callable[[Stage], None]) -> tuple[str, str]:
    """Returns the message of one fault and the state afterwards."""
    server = ArchiveServer()
    server.files[FILE] = zip_of(40)
    with tempfile.TemporaryDirectory() as folder, server.serve():
        stage = Stage(server, ArchiveStore(Path(folder)))
        stage.fetch()
        good = stage.store.record(NAME)
        do(stage)
        try:
            stage.fetch()
            message = "–"
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
        record, path = stage.store.record(NAME), stage.store.path(NAME)
        assert good is not None
        assert record is not None
        assert path is not None, case
        same = record.sha256 == good.sha256
        intact = parse_archive(path, NAME).members == record.members
        state = f"{'former' if same else 'new'} version, {record.members} members"
        message = re.sub(r"127\.0\.0\.1:\d+", "site", message.replace(folder, "store"))
        return message, state + ("" if intact else ", DAMAGED")


def main() -> None:
    """Provokes all faults and writes the table."""
    rows = [(case, *outcome(case, do)) for case, do in CASES.items()]
    table = pd.DataFrame(rows, columns=["fault", "message", "state afterwards"])
    text = "\n".join(
        [
            "# Faults of the source",
            "",
            "Written by `python -m benchmarks.faults`. In each case, a version with 40 members is",
            "in use when the fault occurs; three attempts, with a timeout of 0.5 s.",
            "",
            *markdown_table(table),
            "",
        ]
    )
    (Path(__file__).resolve().parents[1] / "docs" / "faults.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
