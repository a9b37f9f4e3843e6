"""A site that changes between the ticks of the sensor, over HTTP, as in the months of use."""

import shutil
from collections import Counter

import dagster as dg
import pytest

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.definitions import build_definitions
from raman_pipeline.learning.data.splits import SPLITS
from raman_pipeline.orchestration import jobs
from raman_pipeline.orchestration.partitions import ARCHIVES
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.orchestration.sensors import FOLLOWED, changed_archives
from raman_pipeline.runs.execution import Callbacks, run_stale
from raman_pipeline.runs.instance import open_instance
from raman_pipeline.runs.runner import accept_archive, run_graph, run_job
from raman_pipeline_tests.integration.conftest import TWO_ARCHIVES, quick_settings, requested
from raman_pipeline_tests.rruff.test_archive import zip_without

pytestmark = pytest.mark.integration

PARSED = {"parsed_spectra": 1, "refused_members": 1}
PAGE = {"report_index": 1}
"""It names what is outdated."""
PER_SPLIT = {
    "folds": ("dealt_folds", "fold_assignment"),
    "labelled": ("labelled_spectra", "split_leakage"),
}


class Months:
    """The sensors and the runs that they request, tick by tick."""

    def __init__(self, settings, instance, sample_site):
        self.settings, self.instance, self.sample_site = settings, instance, sample_site
        self.definitions = build_definitions(settings)
        self.cursor = None

    def sense(self):
        """Returns the partitions that the sensor requests, and the HTTP methods it used."""
        before = len(self.sample_site.requests)
        resources = {"rruff": Rruff(self.settings)}
        with dg.build_sensor_context(cursor=self.cursor, resources=resources) as context:
            result = changed_archives(context)
        self.cursor = result.cursor
        methods = [method for method, _, _ in self.sample_site.requests[before:]]
        return [r.partition_key for r in result.run_requests or []], methods

    def run(self, job, partition, assets):
        return run_stale(self.settings, self.definitions, self.instance, job, partition, assets)

    def follows(self):
        """Returns what the sensor `follow_up` requests next: asset to number of partitions."""
        return dict(
            Counter(a for _, assets in requested(self.definitions, self.instance) for a in assets)
        )

    def check(self, partition):
        """Returns the last outcome of `update_accepted`."""
        key = dg.AssetCheckKey(dg.AssetKey("rruff_archive"), "update_accepted")
        records = self.instance.event_log_storage.get_asset_check_execution_history(key, 20)
        for record in records:
            evaluation = record.event.dagster_event.event_specific_data
            if evaluation.partition in (None, partition):
                return evaluation
        raise LookupError(partition)


@pytest.fixture
def settings(small, sample_site, tmp_path):
    """A store of two archives, fetched from a web server."""
    shutil.copytree(small.store, tmp_path, dirs_exist_ok=True)
    settings = quick_settings(tmp_path, sample_site.url)
    made = [
        *run_graph(settings, Callbacks(), train=False),
        *run_job(settings, "index", Callbacks()),
    ]
    assert all(outcome.succeeded for outcome in made)
    return settings


def test_five_ticks(sample_site, settings):
    archives = ARCHIVES.get_partition_keys()
    assert tuple(archives) == TWO_ARCHIVES
    goes, changes = TWO_ARCHIVES
    with open_instance(settings) as instance:
        months = Months(settings, instance, sample_site)
        dataset = set(jobs.assets_of(months.definitions, "dataset")) - {"countries"}

        # 1: the sensor starts without a cursor, and the fetches find nothing new.
        requested, methods = months.sense()
        assert requested == archives
        assert methods == ["HEAD"] * len(archives)
        for name in requested:
            assert months.run("ingest", name, ["rruff_archive"]).succeeded
        assert months.follows() == {}

        # 2: nothing changed, so one HEAD an archive and no run.
        assert months.sense() == ([], ["HEAD"] * len(archives))
        assert months.follows() == {}

        # 3: one archive loses two members; it and what follows up to the folds is made.
        address = f"/{changes}.zip"
        sample_site.files[address] = zip_without(sample_site.files[address], 2)
        assert months.sense()[0] == [changes]
        assert months.run("ingest", changes, ["rruff_archive"]).succeeded
        assert months.follows() == PARSED | PAGE
        assert months.run("ingest", changes, list(PARSED)).succeeded
        # With the page of all results, although no model was trained yet.
        assert months.follows() == dict.fromkeys({*dataset, "report_index"}, 1)
        assert months.run("dataset", None, dataset).succeeded
        assert months.run("index", None, ["report_index"]).succeeded
        for job in FOLLOWED[2:]:
            rest, splits = jobs.assets_of(months.definitions, job), [None]
            followed = {n: k for n, k in months.follows().items() if n not in PAGE}
            if job in PER_SPLIT:
                rest, splits = PER_SPLIT[job], SPLITS
            assert followed == dict.fromkeys(rest, len(splits))
            for split in splits:
                assert months.run(job, split, rest).succeeded
        assert months.run("index", None, ["report_index"]).succeeded
        table = StoredTable(settings.asset_store / "member_changes.parquet")
        assert table.select(["change"])["change"].to_pylist() == ["removed", "removed"]

        # 4: one archive is gone, one is an error page: neither comes into force.
        store = Rruff(settings).store
        good = {n: store.record(n) for n in TWO_ARCHIVES}
        shrinking = sample_site.files[address]
        gone = sample_site.files.pop(f"/{goes}.zip")
        sample_site.files[address] = b"<html>come back later</html>"
        assert months.sense()[0] == list(good)
        for name, record in good.items():
            outcome = months.run("ingest", name, ["rruff_archive"])
            assert outcome.update_rejected
            assert f"/{name}.zip" in outcome.errors[0]
            assert "stays in use" in outcome.errors[0]
            assert store.record(name) == record
            assert store.path(name) is not None
        assert not months.check(changes).passed
        assert months.follows() == {}

        # 5: one is back, the other shrinks to a few members until the update is accepted.
        sample_site.files[f"/{goes}.zip"] = gone
        sample_site.files[address] = zip_without(shrinking, 10_000)
        assert months.sense()[0] == list(good)
        assert months.run("ingest", goes, ["rruff_archive"]).succeeded
        refused = months.run("ingest", changes, ["rruff_archive"])
        assert f"raman-pipeline accept-update {changes}" in refused.errors[0]
        assert months.follows() == {}
    assert accept_archive(settings, changes).succeeded
    assert accept_archive(settings, changes) is None
    with open_instance(settings) as instance:
        months.instance = instance
        assert months.follows() == PARSED | PAGE
