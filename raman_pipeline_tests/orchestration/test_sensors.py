import json
import shutil

import dagster as dg

from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.orchestration.sensors import changed_archives
from raman_pipeline.profiles import load_settings


def sense(location, store, cursor=None):
    settings = load_settings("rruff", store=store, location=str(location))
    archives = settings.archives.model_copy(
        update={"seconds_between_requests": 0, "backoff_s": 0.01, "attempts": 2}
    )
    rruff = Rruff(settings.model_copy(update={"archives": archives}))
    with dg.build_sensor_context(cursor=cursor, resources={"rruff": rruff}) as context:
        return changed_archives(context)


def partitions(result):
    return [r.partition_key for r in result.run_requests or []]


def test_an_archive_without_answer_is_checked_again(sample_site, tmp_path):
    first = sense(sample_site.url, tmp_path)
    sample_site.faults = [503, 503]
    silent = sense(sample_site.url, tmp_path, first.cursor)
    assert partitions(silent) == []
    assert json.loads(silent.cursor) == json.loads(first.cursor)
    nowhere = sense("http://127.0.0.1:9", tmp_path)
    assert "no answer" in nowhere.skip_reason.skip_message
    assert not nowhere.run_requests


def test_folders_are_watched_too(sample_folder, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    first = sense(folder, tmp_path / "store")
    shutil.copyfile(sample_folder / "LR-Raman.zip", folder / "LR-Raman.zip")
    assert partitions(sense(folder, tmp_path / "store", first.cursor)) == ["LR-Raman"]
