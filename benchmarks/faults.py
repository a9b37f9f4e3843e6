"""The fault table: what was done, the message seen, the state after.

Drives the real fetch against the loopback server of the tests; the assertions live
there (`raman_pipeline_tests/rruff/test_mirror.py`), here the words are shown. Writes
`docs/faults.md`.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

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
    """One fault in the making."""

    server: ArchiveServer
    store: ArchiveStore
    policy: RatePolicy = POLICY
    url: str = ""

    def fetch(self) -> None:
        """Fetches as the pipeline does."""
        source = open_source(self.url or self.server.url, self.policy)
        fetch_archive(source, self.store, NAME)


def zip_of(count: int) -> bytes:
    """Returns a zip with some members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.txt", "1, 2\n2, 3\n3, 4\n" * 200)
    return buffer.getvalue()


def new_version(data: bytes) -> Callable[[Stage], None]:
    """The site holds other bytes now."""

    def do(stage: Stage) -> None:
        stage.server.files[FILE] = data

    return do


def faults(*queue: object, **attributes: object) -> Callable[[Stage], None]:
    """The site has a new version, and its next answers are faults."""

    def do(stage: Stage) -> None:
        stage.server.files[FILE] = zip_of(50)
        stage.server.faults = list(queue)
        for name, value in attributes.items():
            setattr(stage.server, name, value)

    return do


def gone(stage: Stage) -> None:
    """The site publishes it no longer."""
    stage.server.files.clear()


def elsewhere(url: str) -> Callable[[Stage], None]:
    """Another address is asked."""

    def do(stage: Stage) -> None:
        stage.url = url
        stage.policy = replace(POLICY, attempts=2)

    return do


def same_tag(stage: Stage) -> None:
    """Other bytes under the tag of the version in use."""
    record = stage.store.record(NAME)
    stage.server.etag = record.etag if record else None
    stage.server.files[FILE] = zip_of(50)


def other_tag(stage: Stage) -> None:
    """The same bytes under another tag."""
    stage.server.etag = '"another"'


def damaged_copy(stage: Stage) -> None:
    """The stored zip is cut short on the disk."""
    path = stage.store.path(NAME)
    assert path is not None
    path.write_bytes(path.read_bytes()[:-9])


CASES: dict[str, Callable[[Stage], None]] = {
    "truncated zip": new_version(zip_of(50)[:4000]),
    "an HTML page instead of a zip": new_version(b"<html>log in first</html>"),
    "empty file": new_version(b""),
    "404 for an archive in use": gone,
    "403": faults(403),
    "503 twice, then fine": faults(503, 503),
    "503 for ever": faults(*[503] * 9),
    "429 with Retry-After: 1": faults((429, "1")),
    "cut in mid-body, ranges served": faults(None, "cut"),
    "cut in mid-body, no ranges": faults(None, "cut", ranges=False),
    "stalls in mid-body": faults(None, "stall"),
    "stalls for ever": faults(None, *["stall"] * 9, ranges=False),
    "redirect": faults(None, "redirect"),
    "HEAD refused (405)": faults(head=False),
    "other tag, equal bytes": other_tag,
    "equal tag, other bytes": same_tag,
    "loses most of its members": new_version(zip_of(5)),
    "stored copy damaged on the disk": damaged_copy,
    "nobody listens at the address": elsewhere("http://127.0.0.1:9/raman"),
    "no such host": elsewhere("http://no-such-host.invalid/raman/"),
    "unknown scheme": elsewhere("ftp://example.org/raman"),
    "folder that does not exist": elsewhere("/no/such/folder"),
}


def outcome(case: str, do: Callable[[Stage], None]) -> tuple[str, str]:
    """Returns the message and the state after one fault."""
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
        sound = parse_archive(path, NAME).members == record.members
        state = f"{'former' if same else 'new'} version in use, {record.members} members"
        message = re.sub(r"127\.0\.0\.1:\d+", "site", message.replace(folder, "store"))
        return message, state + ("" if sound else ", NOT SOUND")


def main() -> None:
    """Writes the table."""
    lines = ["| fault | message | state after |", "|---|---|---|"]
    for case, do in CASES.items():
        message, state = outcome(case, do)
        shown = message.replace("|", "\\|")
        lines.append(f"| {case} | {shown} | {state} |")
    table = "\n".join(lines)
    text = (
        "# Faults of the source, as they were seen\n\n"
        "Made by `python -m benchmarks.faults`: a version of 40 members is in use, then the\n"
        f"fault. Three attempts, half a second of time-out.\n\n{table}\n"
    )
    (Path(__file__).resolve().parents[1] / "docs" / "faults.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
