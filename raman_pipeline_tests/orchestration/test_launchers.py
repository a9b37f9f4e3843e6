"""Launchers beyond this machine, with a client that stands for the cluster."""

import json
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import dagster as dg
import pytest

from raman_pipeline.definitions import defs
from raman_pipeline.orchestration.dagster_internals import (
    LaunchRunContext,
    WorkerHealth,
    WorkerStatus,
)
from raman_pipeline.orchestration.launchers import PROCESS_TAG
from raman_pipeline.orchestration.sensors import lost_starts

pytest.importorskip("dagster_ray")
from raman_pipeline.orchestration import ray_launcher

NO_JOB = "Request failed with status code 404: Job x does not exist."


class Client:
    """Notes what is asked of a cluster; a job is terminal once it was stopped."""

    def __init__(self):
        self.stopped, self.failure = [], None

    def get_address(self):
        return "http://there"

    def get_job_status(self, job):
        if self.failure:
            raise RuntimeError(self.failure)
        return SimpleNamespace(is_terminal=lambda: job in self.stopped)

    def stop_job(self, job):
        self.stopped.append(job)


@pytest.fixture
def launcher(monkeypatch):
    made = ray_launcher.RayLauncher("http://there", num_cpus=1)
    vars(made)["client"] = Client()
    monkeypatch.setattr(ray_launcher.time, "sleep", lambda s: None)
    with dg.DagsterInstance.ephemeral() as instance:
        made.register_instance(instance)
        yield made


def launched(launcher, assets, parent=None):
    """Launches a run of some assets."""
    job = defs.resolve_job_def("training")
    run = launcher._instance.create_run_for_job(job, asset_selection=frozenset(assets))
    run = run._replace(parent_run_id=parent, root_run_id=parent)
    workspace = SimpleNamespace(asset_graph=defs.resolve_asset_graph())
    launcher.launch_run(LaunchRunContext(run, workspace))


@pytest.mark.parametrize(
    ("asset", "gpus", "wanted"),
    [("convnext1d_model", 1, 1), ("convnext1d_model", 0, None), ("majority_model", 1, None)],
)
def test_networks_ask_for_a_gpu_where_there_is_one(launcher, monkeypatch, asset, gpus, wanted):
    answers = [ConnectionError("restarts"), Counter(CPU=2, GPU=gpus)]

    def resources(address):
        if isinstance(answer := answers.pop(0), ConnectionError):
            raise answer
        return answer

    monkeypatch.setattr(ray_launcher, "cluster_resources", resources)
    taken = []
    monkeypatch.setattr(
        ray_launcher.RayRunLauncher, "launch_run", lambda self, c: taken.append(c.dagster_run.tags)
    )
    launched(launcher, [dg.AssetKey(asset)])
    (tags,) = taken
    asked = json.loads(tags.get("dagster-ray/config", "{}"))
    assert asked.get("num_gpus") == wanted


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        ([None], 1),
        ([ConnectionError("restarts"), RuntimeError("500: No available agent"), None], 3),
        ([RuntimeError("504: timed out"), RuntimeError("500: Job x already exists")], 2),
    ],
)
def test_a_job_needs_no_path_and_is_sent_once_the_cluster_answers(
    launcher, monkeypatch, answers, sent
):
    entries = []

    def send(self, job, entry, run):
        entries.append(entry)
        if (answer := answers[len(entries) - 1]) is not None:
            raise answer

    monkeypatch.setattr(ray_launcher.RayRunLauncher, "_launch_ray_job", send)
    place = SimpleNamespace(executable_path="/a b/python")
    run = SimpleNamespace(job_code_origin=SimpleNamespace(repository_origin=place))
    launcher._launch_ray_job("job", "dagster api execute_run '{}'", run)
    assert entries == ["'/a b/python' -m dagster api execute_run '{}'"] * sent
    monkeypatch.setattr(ray_launcher, "_ANSWERS_WITHIN_S", -1)
    answers[:] = [ConnectionError("is away")] * 9
    with pytest.raises(ConnectionError, match="is away"):
        launcher._launch_ray_job("job", "dagster api execute_run '{}'", run)


@pytest.mark.parametrize("parent", ["former", "unknown"])
def test_a_retry_waits_for_the_end_of_the_job_before_it(launcher, monkeypatch, parent):
    monkeypatch.setattr(ray_launcher.RayRunLauncher, "launch_run", lambda self, context: None)
    launcher.client.failure = NO_JOB if parent == "unknown" else None
    launched(launcher, [dg.AssetKey("majority_model")], parent)
    assert launcher.client.stopped == ([] if parent == "unknown" else ["dagster-run-former"])


def test_a_run_of_a_command_is_not_taken_for_lost(launcher):
    run = dg.DagsterRun(job_name="training", tags={PROCESS_TAG: "here/x.lock"})
    assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING


@pytest.mark.parametrize(
    ("status", "age_s", "health"),
    [("STARTED", 0, "FAILED"), ("STARTING", 0, "RUNNING"), ("STARTING", 600, "FAILED")],
)
def test_a_run_whose_job_the_cluster_forgot_is_lost(launcher, monkeypatch, status, age_s, health):
    job = defs.resolve_job_def("training")
    run = launcher._instance.create_run_for_job(job, status=dg.DagsterRunStatus[status])
    launcher.client.failure = NO_JOB
    monkeypatch.setattr(ray_launcher, "_SENT_WITHIN", timedelta(seconds=300 - age_s))
    assert launcher.check_run_worker_health(run).status.value == health
    launcher.client.failure = "Request failed with status code 500: No available agent"
    with pytest.raises(ConnectionError, match="cannot say how a run is"):
        launcher.check_run_worker_health(run)


@pytest.mark.parametrize(
    ("status", "ended"), [(WorkerStatus.FAILED, True), (WorkerStatus.RUNNING, False)]
)
def test_a_start_that_was_lost_is_failed(monkeypatch, status, ended):
    job = dg.JobDefinition(name="job", graph_def=dg.GraphDefinition("graph"))
    with dg.DagsterInstance.ephemeral() as instance:
        known = type(instance.run_launcher)
        health = WorkerHealth(status, "its node is gone")
        monkeypatch.setattr(known, "supports_check_run_worker_health", True)
        monkeypatch.setattr(known, "check_run_worker_health", lambda self, run: health, False)
        run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTING)
        with dg.build_sensor_context(instance) as context:
            lost_starts(context)
        assert instance.get_run_by_id(run.run_id).is_failure == ended
