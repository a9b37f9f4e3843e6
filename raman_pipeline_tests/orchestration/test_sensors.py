import json
import shutil

import dagster as dg

from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.orchestration.sensors import changed_archives
from raman_pipeline.settings import load_settings


def sense(location, store, cursor=None):
    settings = load_settings("rruff", store=store, location=str(location))
    archives = settings.archives.model_copy(
        update={"seconds_between_requests": 0, "backoff_s": 0.01, "attempts": 2}
    )
    rruff = Rruff(settings.model_copy(update={"archives": archives}))
    context = dg.build_sensor_context(cursor=cursor, resources={"rruff": rruff})
    return changed_archives(context)


def partitions(result):
    return [r.partition_key for r in result.run_requests or []]


def test_only_what_changed_is_requested(sample_site, tmp_path):
    first = sense(sample_site.url, tmp_path)
    assert len(partitions(first)) == 10
    again = sense(sample_site.url, tmp_path, first.cursor)
    assert partitions(again) == []
    sample_site.files["/LR-Raman.zip"] = sample_site.files["/fair_oriented.zip"]
    del sample_site.files["/poor_unoriented.zip"]
    changed = sense(sample_site.url, tmp_path, again.cursor)
    assert partitions(changed) == ["LR-Raman", "poor_unoriented"]
    assert all(method == "HEAD" for method, _, _ in sample_site.requests)
    assert json.loads(changed.cursor)["poor_unoriented"] == "not published"


def test_an_archive_without_answer_is_checked_again(sample_site, tmp_path):
    first = sense(sample_site.url, tmp_path)
    sample_site.faults = [503, 503]
    silent = sense(sample_site.url, tmp_path, first.cursor)
    assert partitions(silent) == []
    assert json.loads(silent.cursor) == json.loads(first.cursor)


def test_no_archive_answers(tmp_path):
    result = sense("http://127.0.0.1:9", tmp_path)
    assert "no answer" in result.skip_reason.skip_message
    assert not result.run_requests


def test_folders_are_watched_too(sample_folder, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    first = sense(folder, tmp_path / "store")
    shutil.copyfile(sample_folder / "LR-Raman.zip", folder / "LR-Raman.zip")
    assert partitions(sense(folder, tmp_path / "store", first.cursor)) == ["LR-Raman"]
