"""What the `follow_up` sensor would ask for, by Dagster's own evaluation."""

import dagster as dg
import pytest

from raman_pipeline.definitions import build_definitions
from raman_pipeline.orchestration import jobs
from raman_pipeline.orchestration.instance import open_instance
from raman_pipeline.orchestration.runner import run_due

pytestmark = pytest.mark.integration


def requested(result):
    return {key.to_user_string() for r in result.results for key in [r.key] if r.true_subset.size}


def test_a_changed_archive_is_followed_up_to_the_folds_and_no_further(settings, site):
    definitions = build_definitions(settings)
    with open_instance(settings) as instance:
        first = dg.evaluate_automation_conditions(definitions, instance)
        idle = dg.evaluate_automation_conditions(definitions, instance, cursor=first.cursor)
        assert idle.total_requested == 0

        archive = site / "fair_unoriented.zip"
        archive.rename(site / "away")
        outcome = run_due(
            settings, definitions, instance, "ingest", "fair_unoriented", jobs.INGEST_ASSETS
        )
        (site / "away").rename(archive)
        assert outcome.succeeded
        after = dg.evaluate_automation_conditions(definitions, instance, cursor=idle.cursor)
        follows = set(jobs.DATASET_ASSETS) - {"countries"}
        assert requested(after) == follows

        assert run_due(settings, definitions, instance, "dataset", None, follows).succeeded
        last = dg.evaluate_automation_conditions(definitions, instance, cursor=after.cursor)
        assert requested(last) == {"fold_assignment"}
        assert last.total_requested == 4
