import io
import os
import shutil
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from raman_pipeline.common.atomic import WriteError
from raman_pipeline.common.rate_policy import RatePolicy
from raman_pipeline.rruff.archive_store import NOT_PUBLISHED, PUBLISHED, ArchiveStore
from raman_pipeline.rruff.mirror import (
    UpdatePolicy,
    UpdateRejected,
    fetch_archive,
    is_current,
    open_source,
)
from raman_pipeline.rruff.zip_archive import ArchiveError
from raman_pipeline_tests.rruff.archive_server import ArchiveServer

POLICY = RatePolicy(seconds_between_requests=0, timeout_s=5, attempts=4, backoff_s=0.01)
NAME = "fair_oriented"


@pytest.fixture
def store(tmp_path):
    return ArchiveStore(tmp_path / "store")


@pytest.fixture
def server(sample_folder):
    server = ArchiveServer()
    server.files[f"/{NAME}.zip"] = (sample_folder / "unrated_unoriented.zip").read_bytes()
    with server.serve():
        yield server


def fetch(server, store, accept=False, **policy):
    source = open_source(server.url, RatePolicy(**{**vars(POLICY), **policy}))
    return fetch_archive(source, store, NAME, policy=UpdatePolicy(accept_any=accept))


def zip_of(count):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.txt", "1, 2")
    return buffer.getvalue()


OTHER = zip_of(40)


def test_one_head_where_nothing_changed_at_the_chosen_rate(server, store, tmp_path):
    rate = {"seconds_between_requests": 0.2, "clock": tmp_path / "clock"}
    start = time.monotonic()
    first = fetch(server, store, **rate)
    assert first.changed
    assert (first.record.status, first.record.members) == (PUBLISHED, 34)
    assert store.path(NAME).read_bytes() == server.files[f"/{NAME}.zip"]
    second = fetch(server, store, **rate)
    assert not second.changed
    assert second.record.sha256 == first.record.sha256
    assert second.record.fetched_at == first.record.fetched_at
    # Another ETag of the same bytes is no change.
    server.etag = '"another"'
    third = fetch(server, store, **rate)
    assert not third.changed
    assert (third.record.sha256, third.record.etag) == (first.record.sha256, '"another"')
    assert [method for method, _, _ in server.requests] == ["GET", "HEAD", "HEAD", "GET"]
    assert all(h["user-agent"].startswith("raman-pipeline/") for _, _, h in server.requests)
    assert time.monotonic() - start >= 0.6


@pytest.mark.parametrize("etag", [None, '"for ever"'])
def test_a_changed_file_is_not_resumed_and_mixed_bytes_are_rejected(server, store, etag):
    server.etag = etag
    good = fetch(server, store).record
    server.files[f"/{NAME}.zip"] = bytes(len(OTHER))
    server.faults = [None, "cut"]
    with pytest.raises(ArchiveError):
        fetch(server, store, attempts=1)
    assert (store.folder(NAME) / "download.part").exists()
    server.files[f"/{NAME}.zip"] = OTHER
    if etag:
        with pytest.raises(UpdateRejected, match="not a complete zip archive.*stays in use"):
            fetch(server, store)
        assert store.record(NAME) == good
    assert fetch(server, store).changed
    assert store.path(NAME).read_bytes() == OTHER


@pytest.mark.parametrize("etag", [None, '"for ever"'])
def test_a_new_version_replaces_the_old_one_even_under_its_etag(server, store, etag):
    server.etag = etag
    first = fetch(server, store).record
    server.files[f"/{NAME}.zip"] = OTHER
    second = fetch(server, store)
    assert second.changed
    assert second.record.sha256 != first.sha256
    assert store.path(NAME).read_bytes() == OTHER
    assert len(list(store.folder(NAME).glob("*.zip"))) == 1


@pytest.mark.parametrize("lacks", ["head", "validators"])
def test_without_head_or_validators_the_bytes_decide_after_a_redirect_too(server, store, lacks):
    setattr(server, lacks, False)
    server.faults = ["redirect"]
    first = fetch(server, store)
    assert first.changed
    assert first.record.url.endswith("/elsewhere.zip")
    assert not fetch(server, store).changed


@pytest.mark.parametrize("fault", ["cut", "stall"])
@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_is_resumed_or_restarted(server, store, fault, ranges):
    server.faults, server.ranges = [fault], ranges
    assert fetch(server, store, timeout_s=0.3).record.members == 34
    assert server.requests[1][2]["range"].startswith("bytes=")


def test_unpublished_published_withdrawn_and_published_again(server, store):
    files = dict(server.files)
    server.files.clear()
    result = fetch(server, store)
    assert (result.record.status, result.changed) == (NOT_PUBLISHED, False)
    assert store.path(NAME) is None
    server.files.update(files)
    good = fetch(server, store).record
    server.files.clear()
    with pytest.raises(UpdateRejected, match=r"gone \(404\).*34 members stays.*accept-update fair"):
        fetch(server, store)
    assert store.record(NAME) == good
    assert store.path(NAME) is not None
    assert fetch(server, store, accept=True).changed
    assert store.path(NAME) is None
    server.files.update(files)
    assert fetch(server, store).record.status == PUBLISHED
    assert store.path(NAME) is not None


def test_an_archive_that_shrinks_much_is_rejected_until_accepted(server, store):
    server.files[f"/{NAME}.zip"] = zip_of(100)
    fetch(server, store)
    server.files[f"/{NAME}.zip"] = zip_of(80)
    assert fetch(server, store).record.members == 80
    server.files[f"/{NAME}.zip"] = zip_of(63)
    with pytest.raises(UpdateRejected, match="63 members.*80 members stays in use.*accept"):
        fetch(server, store)
    assert store.record(NAME).members == 80
    assert not (store.folder(NAME) / "download.part").exists()
    assert fetch(server, store, accept=True).record.members == 63


def test_a_damaged_copy_is_fetched_again_and_a_damaged_manifest_is_an_error(server, store):
    fetch(server, store)
    path = store.path(NAME)
    path.write_bytes(path.read_bytes()[:-7])
    assert store.path(NAME) is None
    fetch(server, store)
    assert store.path(NAME).read_bytes() == server.files[f"/{NAME}.zip"]
    (store.folder(NAME) / "manifest.json").write_text("{")
    with pytest.raises(ArchiveError, match=r"manifest\.json: not a record.*delete it"):
        fetch(server, store)


def test_two_at_once_fetch_once(server, store):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: fetch(server, store), range(4)))
    assert sorted(f.changed for f in found) == [False, False, False, True]
    assert sum(method == "GET" for method, _, _ in server.requests) == 1


def test_a_full_disk_and_a_read_only_one(server, small_disk, tmp_path, read_only):
    with read_only(tmp_path / "store") as folder, pytest.raises(WriteError, match="make it writ"):
        fetch(server, ArchiveStore(folder))
    store = ArchiveStore(small_disk / "store")
    good = fetch(server, store).record
    server.files[f"/{NAME}.zip"] = zip_of(34) + bytes(2_000_000)
    with pytest.raises(WriteError, match="No space left.*free some space.*former version stays"):
        fetch(server, store)
    assert store.record(NAME) == good
    assert store.path(NAME) is not None


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [(429, 0), (500, 0), (503, 0), ((429, "1"), 1), ((503, "Thu, 01 Jan 1970 00:00:00 GMT"), 0)],
)
def test_transient_failures_are_retried_after_the_wait_of_retry_after(
    server, store, fault, seconds
):
    server.faults = [fault]
    start = time.monotonic()
    assert fetch(server, store).changed
    assert time.monotonic() - start >= seconds
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("faults", "body", "message", "requests"),
    [
        ([503] * 10, None, r"fair_oriented\.zip: HTTP 503.*4 attempts.*RRUFF_URL", 4),
        ([403], None, "HTTP 403", 1),
        (["stall"] * 10, None, r"fair_oriented\.zip: .*timed out.*4 attempts", 4),
        ([], b"<html>log in</html>", "not a complete zip archive.*stays in use", 1),
        ([], OTHER[:2000], "not a complete zip archive.*stays in use", 1),
    ],
    ids=["attempts are bounded", "client errors are final", "always stalls", "html", "truncated"],
)
def test_the_former_version_stays(server, store, faults, body, message, requests):
    good = fetch(server, store).record
    server.validators = server.ranges = False
    server.faults = [None, *faults]
    server.files[f"/{NAME}.zip"] = body or OTHER
    with pytest.raises(ArchiveError, match=message):
        fetch(server, store, timeout_s=0.3)
    # After the GET of the good version and one HEAD.
    assert len(server.requests) - 2 == requests
    assert store.record(NAME) == good
    assert store.path(NAME).exists()
    assert not body or not (store.folder(NAME) / "download.part").exists()


@pytest.mark.parametrize("ending", ["", "//"])
def test_check_remote_sends_head_only(server, ending):
    source = open_source(server.url + ending, POLICY)
    remote = source.check_remote(NAME)
    assert remote.published
    assert remote.etag in remote.fingerprint
    assert remote.url == f"{server.url}/{NAME}.zip"
    assert [method for method, _, _ in server.requests] == ["HEAD"]
    assert source.check_remote("poor_oriented").fingerprint == NOT_PUBLISHED


@pytest.mark.parametrize("address", [str, Path.as_uri])
def test_folder_and_file_address_work_alike(store, tmp_path, sample_folder, address):
    source = open_source(address(tmp_path), POLICY)
    assert fetch_archive(source, store, NAME).record.status == NOT_PUBLISHED
    for name in ("fair_oriented", "LR-Raman"):
        shutil.copyfile(sample_folder / f"{name}.zip", tmp_path / f"{NAME}.zip")
        # Changed bytes with the same date are noticed.
        os.utime(tmp_path / f"{NAME}.zip", (0, 0))
        assert not is_current(source, store, NAME)
        assert [fetch_archive(source, store, NAME).changed for _ in range(2)] == [True, False]
        assert is_current(source, store, NAME)


def test_what_is_current_is_known_without_a_download(server, store):
    source = open_source(server.url, POLICY)
    assert not is_current(source, store, NAME)
    fetch(server, store)
    seen = len(server.requests)
    assert is_current(source, store, NAME)
    server.files[f"/{NAME}.zip"] = zip_of(40)
    assert not is_current(source, store, NAME)
    assert [method for method, _, _ in server.requests[seen:]] == ["HEAD", "HEAD"]


def test_places_without_archives_are_errors(store, tmp_path):
    (tmp_path / f"{NAME}.zip").write_bytes(b"PK\x03\x04 and no more")
    for location, message in (
        ("http://127.0.0.1:9", "check the address"),
        (str(tmp_path / "nowhere"), "no such folder; set RRUFF_URL"),
        (str(tmp_path), "not a complete zip"),
        ("ftp://example.org/raman", "unknown scheme ftp"),
    ):
        with pytest.raises(ArchiveError, match=message):
            fetch_archive(open_source(location, POLICY), store, NAME)
