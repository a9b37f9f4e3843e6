"""What the `follow_up` sensor would ask for, by Dagster's own evaluation."""

import dagster as dg
import pytest

from raman_pipeline.definitions import build_definitions
from raman_pipeline.orchestration import jobs
from raman_pipeline.runs.instance import open_instance
from raman_pipeline.runs.runner import run_stale
from raman_pipeline_tests.rruff.test_archive import zip_without

pytestmark = pytest.mark.integration


def requested(result):
    return {
        r.key.to_user_string(): r.true_subset.size for r in result.results if r.true_subset.size
    }


def test_a_changed_archive_is_followed_up_to_the_folds_and_no_further(settings, site):
    definitions = build_definitions(settings)
    archive = site / "fair_unoriented.zip"

    def run(job, partition, assets):
        assert run_stale(settings, definitions, instance, job, partition, assets).succeeded

    def evaluate(cursor=None):
        return dg.evaluate_automation_conditions(definitions, instance, cursor=cursor)

    with open_instance(settings) as instance:
        tick = evaluate(evaluate().cursor)
        assert tick.total_requested == 0

        # Fetched again, the same bytes: nothing follows.
        run("ingest", "fair_unoriented", ["rruff_archive"])
        tick = evaluate(tick.cursor)
        assert requested(tick) == {}

        whole = archive.read_bytes()
        archive.write_bytes(zip_without(whole, 1))
        run("ingest", "fair_unoriented", ["rruff_archive"])
        archive.write_bytes(whole)
        tick = evaluate(tick.cursor)
        assert requested(tick) == {"parsed_spectra": 1, "refused_members": 1}

        run("ingest", "fair_unoriented", ["parsed_spectra", "refused_members"])
        tick = evaluate(tick.cursor)
        follows = set(jobs.DATASET_ASSETS) - {"countries"}
        assert requested(tick) == dict.fromkeys(follows, 1)

        run("dataset", None, follows)
        tick = evaluate(tick.cursor)
        assert requested(tick) == dict.fromkeys(jobs.FOLD_ASSETS, 4)
