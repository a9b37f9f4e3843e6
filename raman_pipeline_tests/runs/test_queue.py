"""What a command requests of the daemon, without one."""

import sys
import time

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._utils.error import SerializableErrorInfo

from raman_pipeline.common.errors import InputError
from raman_pipeline.definitions import build_definitions, defs
from raman_pipeline.orchestration.dagster_internals import (
    BACKFILL_ID_TAG,
    PARTITION_NAME_TAG,
    request_backfill,
    unfinished_backfills,
)
from raman_pipeline.profiles import load_settings
from raman_pipeline.runs.execution import Run
from raman_pipeline.runs.instance import open_instance
from raman_pipeline.runs.queue import _Daemon, _followed, _groups, _is_requested, _partitions

GRAPH = build_definitions().resolve_asset_graph()
MODELS = ("convnext1d_model", "convnext1d_predictions", "majority_model", "majority_predictions")


def run_of(fold, assets=MODELS):
    return Run("training", f"{fold}|random", tuple(assets))


def test_networks_are_apart_and_assets_without_partitions_too():
    whole = [Run("experiments", None, (name,)) for name in ("learning_curve", "duplicate_effect")]
    groups = dict(_groups(GRAPH, [run_of(0), run_of(1), run_of(2, MODELS[2:]), *whole]))
    assert {name: [run.partition for run in runs] for name, runs in groups.items()} == {
        "training: networks": ["0|random", "1|random"],
        "training: others": ["0|random", "1|random", "2|random"],
        "experiments: learning_curve": [None],
        "experiments: duplicate_effect": [None],
    }
    assert groups["training: networks"][0].assets == MODELS[:2]


@pytest.mark.parametrize(
    ("runs", "size"),
    [([run_of(0), run_of(1)], 8), ([Run("experiments", None, ("learning_curve",))], 1)],
)
def test_what_is_requested_is_waited_for(runs, size):
    with dg.DagsterInstance.ephemeral() as instance:
        assert not _is_requested(instance, runs)
        request_backfill(instance, GRAPH, _partitions(runs), "title")
        (backfill,) = unfinished_backfills(instance)
        wanted = backfill.asset_backfill_data.target_subset
        assert wanted.num_partitions_and_non_partitioned_assets == size
        assert _is_requested(instance, runs)


@pytest.mark.parametrize(
    ("status", "partition", "waits"),
    [("STARTED", "0|random", True), ("STARTED", "1|random", False), ("SUCCESS", "0|random", False)],
)
def test_a_run_of_the_same_is_waited_for(status, partition, waits):
    with dg.DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(
            defs.resolve_job_def("training"),
            status=dg.DagsterRunStatus[status],
            tags={PARTITION_NAME_TAG: partition},
            asset_selection=frozenset([dg.AssetKey("majority_model")]),
        )
        assert _is_requested(instance, [run_of(0)]) == waits


class Daemon:
    """Ends a backfill: the first run of each partition is lost, the second succeeds or not."""

    def __init__(self, instance, backfill, last, told):
        self.instance, self.backfill, self.last, self.told = instance, backfill, last, told
        self.ticks = 0

    def keep(self):
        self.ticks += 1
        if self.ticks == 1:
            self.run("FAILURE", {"dagster/will_retry": "true"})
        if self.ticks == 2:
            self.run(self.last, {"dagster/will_retry": "false"})
            known = self.instance.get_backfill(self.backfill)
            done = type(known.status)["COMPLETED_SUCCESS"]
            self.instance.update_backfill(known.with_status(done))

    def run(self, status, tags):
        run = self.instance.create_run_for_job(
            defs.resolve_job_def("training"),
            status=dg.DagsterRunStatus["STARTED" if status == "FAILURE" else status],
            tags={BACKFILL_ID_TAG: self.backfill, PARTITION_NAME_TAG: "0|random", **tags},
        )
        if status == "FAILURE":
            error = SerializableErrorInfo("no cluster answers:\nand so on", [], "ConnectionError")
            data = EngineEventData.engine_error(error)
            self.instance.report_engine_event("not launched", run, data)
            self.instance.report_run_failed(run, self.told)


@pytest.mark.parametrize(
    ("last", "told", "problem"),
    [
        ("SUCCESS", None, None),
        ("FAILURE", "Its node is gone:\nand so on", ": Its node is gone; see it in the UI"),
        ("FAILURE", None, ": no cluster answers; see it in the UI"),
    ],
)
def test_the_last_try_counts_and_what_never_ran_is_named(last, told, problem, monkeypatch):
    monkeypatch.setattr("raman_pipeline.runs.queue._POLL_S", 0)
    with dg.DagsterInstance.ephemeral() as instance:
        backfill = request_backfill(instance, GRAPH, _partitions([run_of(0)]), "title")
        daemon = Daemon(instance, backfill, last, told)
        first, second = _followed(instance, daemon, backfill, [run_of(0), run_of(1)])
    assert (first.partition, first.succeeded) == ("0|random", problem is None)
    assert problem is None or problem in first.errors[0]
    assert second.errors == (f"backfill {backfill}: was not run",)


def test_a_daemon_that_cannot_start_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("RAMAN_PIPELINE_STORE", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    settings = load_settings("sample")
    with (
        open_instance(settings) as instance,
        pytest.raises(InputError, match="ends as soon as it is started; see .*daemon.log"),
        _Daemon(settings, instance, None) as daemon,
    ):
        for _ in range(200):
            daemon.keep()
            time.sleep(0.02)
