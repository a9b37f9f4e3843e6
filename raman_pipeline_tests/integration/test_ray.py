"""A backfill on real Ray nodes makes the bytes of one in this process; its daemon is its own."""

import shutil

import pytest
from dagster import RunsFilter

from raman_pipeline.profiles import load_settings
from raman_pipeline.runs import runner
from raman_pipeline.runs.execution import Callbacks
from raman_pipeline.runs.instance import open_instance
from raman_pipeline_tests.integration.conftest import in_this_process

pytest.importorskip("dagster_ray")
from benchmarks.engines import made
from raman_pipeline_tests.ray_nodes import ray_nodes

pytestmark = [pytest.mark.integration, pytest.mark.long]
FOLDS, FAMILIES = ["0|random", "0|specimen"], ["majority", "rbf_svm"]


def backfill(settings):
    outcomes = runner.run_backfill(settings, Callbacks(), FOLDS, None, FAMILIES)
    assert [outcome.errors for outcome in outcomes if outcome.errors] == []
    return [outcome.partition for outcome in outcomes if outcome.assets]


def test_a_backfill_on_ray_has_the_bytes_of_this_process(tmp_path, monkeypatch):
    store = tmp_path / "store"
    monkeypatch.setenv("RAMAN_PIPELINE_STORE", str(store))
    here = load_settings("sample")
    assert all(o.succeeded for o in runner.run_graph(here, Callbacks(), train=False))
    shutil.copytree(store, tmp_path / "base")
    with monkeypatch.context() as patch:
        patch.setattr(runner, "in_processes", in_this_process)
        backfill(here)
    expected = made(store)
    assert len(expected) == 8
    shutil.rmtree(store)
    shutil.copytree(tmp_path / "base", store)
    with ray_nodes(2, {}) as cluster:
        monkeypatch.setenv("RAY_ADDRESS", cluster.dashboard)
        there = load_settings("sample", engine="ray")
        assert sorted(backfill(there)) == FOLDS
        assert made(store) == expected
        assert backfill(there) == []  # nothing is stale
    with open_instance(there) as instance:
        runs = instance.get_runs(RunsFilter(tags={"dagster/partition": FOLDS[0]}))
        logs = str([log for run in runs for log in instance.all_logs(run.run_id)])
    assert "dagster-run-" in logs
