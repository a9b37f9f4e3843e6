"""A store in a bucket: the bytes of a folder, through kills and a server that refuses."""

import multiprocessing
import threading
import urllib.error
import urllib.request
from functools import partial
from http.server import ThreadingHTTPServer

import pytest

from raman_pipeline.cli.ui import _Files
from raman_pipeline.common import atomic, storage
from raman_pipeline.common.atomic import file_sha256
from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.common.storage import below, local_copy, store_path
from raman_pipeline.runs.trace import trace
from raman_pipeline_tests.integration.conftest import quick_settings, site_of, states
from raman_pipeline_tests.integration.test_kills import run_in_child

pytestmark = pytest.mark.integration

# Spawned, so that they have the environment of the test.
context = multiprocessing.get_context("spawn")


def run(settings):
    process = context.Process(target=run_in_child, args=(settings,))
    process.start()
    return process


def bytes_of(store):
    """Returns the hash of all but Dagster's record, locks, and addresses and times of fetches."""
    files = {below(store, path): path for path in store.rglob("*") if path.is_file()}
    return {
        name: file_sha256(local_copy(path))
        for name, path in files.items()
        if name.split("/")[0] in ("archives", "assets", "reports", "versions")
        and path.name not in ("manifest.json", ".lock", ".last_request")
        and name != "reports/dataset_report/report.md"
    }


def test_the_bytes_are_those_of_a_folder_whatever_happens_on_the_way(bucket, small):
    settings = quick_settings(f"{bucket.url}/store", site_of(small))
    bucket.tell("hold?assets/spectra.parquet")
    process = run(settings)
    bucket.wait_until_held(process)
    process.kill()
    process.join()
    assert (settings.asset_store / "parsed_spectra").is_dir()
    assert not (settings.asset_store / "spectra.parquet").exists()
    # The server restarts in the middle of the next run.
    bucket.tell("hold?assets/located_localities.parquet")
    process = run(settings)
    bucket.wait_until_held(process)
    bucket.tell("refuse?10")
    process.join(300)
    assert process.exitcode == 0
    assert bytes_of(settings.store) == bytes_of(small.store)
    assert not [*settings.archive_store.glob("*.lock"), *settings.checkpoint_store.glob("*")]
    assert_commands_work(settings, small)


def assert_commands_work(settings, small):
    kept, there = states(settings), states(small)
    assert {name: s.rows for name, s in kept.items()} == {n: s.rows for n, s in there.items()}
    assert kept["spectra"].where == f"{settings.store}/assets/spectra.parquet"
    member = StoredTable(small.asset_store / "spectra.parquet").row(0)["member_id"]
    ways = [
        [(step.asset, step.row, below(a.store, step.path)) for step in trace(a, member)]
        for a in (settings, small)
    ]
    assert ways[0] == ways[1]
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, store=settings.store))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = f"http://127.0.0.1:{server.server_port}/"
    shown = "reports/dataset_report/map.html"
    there = urllib.request.urlopen(page + shown, timeout=10).read()
    assert there == (small.store / shown).read_bytes()
    listed = urllib.request.urlopen(f"{page}assets/fold_assignment", timeout=10).read()
    assert b'href="fold_assignment/random.parquet"' in listed
    for hidden in ("archives/unrated_unoriented/manifest.json", "assets/none.parquet"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(page + hidden, timeout=10)
    server.shutdown()
    server.server_close()


def write_in_child(url, size):
    storage._PART = 5 * 2**20
    atomic.write_bytes(store_path(url), b"x" * size)


@pytest.mark.parametrize("size", [10, 11 * 2**20], ids=["whole", "in parts"])
def test_an_upload_that_breaks_off_leaves_the_former_version(bucket, size):
    path = store_path(f"{bucket.url}/file")
    path.write_bytes(b"former")
    bucket.tell("hold?/file")
    process = context.Process(target=write_in_child, args=(str(path), size))
    process.start()
    bucket.wait_until_held(process)
    assert local_copy(path).read_bytes() == b"former"
    process.kill()
    process.join()
    assert local_copy(path).read_bytes() == b"former"
    write_in_child(str(path), size)
    assert local_copy(path).stat().st_size == size
