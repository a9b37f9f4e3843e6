import json
import shutil

import dagster as dg
import pytest

from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.orchestration.sensors import changed_archives
from raman_pipeline.settings import load_settings
from raman_pipeline_tests.rruff.archive_server import ArchiveServer


@pytest.fixture
def server(sample_folder):
    server = ArchiveServer()
    for path in sample_folder.glob("*.zip"):
        server.files[f"/{path.name}"] = path.read_bytes()
    with server.serve():
        yield server


def look(location, store, cursor=None):
    settings = load_settings("rruff", store=store, location=str(location))
    archives = settings.archives.model_copy(
        update={"seconds_between_requests": 0, "backoff_s": 0.01, "attempts": 2}
    )
    rruff = Rruff(settings.model_copy(update={"archives": archives}))
    context = dg.build_sensor_context(cursor=cursor, resources={"rruff": rruff})
    return changed_archives(context)


def partitions(result):
    return [r.partition_key for r in result.run_requests or []]


def test_only_what_changed_is_requested(server, tmp_path):
    first = look(server.url, tmp_path)
    assert len(partitions(first)) == 10
    again = look(server.url, tmp_path, first.cursor)
    assert partitions(again) == []
    server.files["/LR-Raman.zip"] = server.files["/fair_oriented.zip"]
    del server.files["/poor_unoriented.zip"]
    changed = look(server.url, tmp_path, again.cursor)
    assert partitions(changed) == ["LR-Raman", "poor_unoriented"]
    assert all(method == "HEAD" for method, _, _ in server.requests)
    assert json.loads(changed.cursor)["poor_unoriented"] == "not published"


def test_an_archive_without_answer_is_asked_again(server, tmp_path):
    first = look(server.url, tmp_path)
    server.faults = [503, 503]
    silent = look(server.url, tmp_path, first.cursor)
    assert partitions(silent) == []
    assert json.loads(silent.cursor) == json.loads(first.cursor)


def test_nobody_answers(tmp_path):
    result = look("http://127.0.0.1:9", tmp_path)
    assert "no answer" in result.skip_reason.skip_message
    assert not result.run_requests


def test_folders_are_watched_too(sample_folder, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    first = look(folder, tmp_path / "store")
    shutil.copyfile(sample_folder / "LR-Raman.zip", folder / "LR-Raman.zip")
    assert partitions(look(folder, tmp_path / "store", first.cursor)) == ["LR-Raman"]
