"""Runs as jobs of a Ray cluster; `dagster.yaml` names the class, needs the extra `[ray]`."""

from __future__ import annotations

import json
import shlex
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

import dagster as dg
from dagster_ray.core.run_launcher import RayRunLauncher, get_job_submission_id_from_run_id

from raman_pipeline.orchestration.dagster_internals import (
    LaunchRunContext,
    WorkerHealth,
    WorkerStatus,
    assets_of_run,
)
from raman_pipeline.orchestration.launchers import PROCESS_TAG, RUNNING

T = TypeVar("T")
_CONFIG = "dagster-ray/config"
_GPU_KIND = "dagster/kind/pytorch"
# Together less than the silence after which Dagster's daemon is taken for dead (`runs.queue`).
_STOPS_WITHIN_S = 50.0
_ANSWERS_WITHIN_S = 30.0
_POLL_S = 5.0
_MOST_NODES = 10_000
_SENT_WITHIN = timedelta(minutes=2)
"""How long a run may be starting before its job is sent."""
_NO_SUCH_JOB = "status code 404"
_SENT_BEFORE = "already exists"


def cluster_resources(address: str) -> Counter[str]:
    """Returns the resources of all nodes of a cluster that live, such as CPU and GPU.

    Args:
        address: of its dashboard.

    Raises:
        ConnectionError: no cluster answers.
    """
    from ray.exceptions import RayError
    from ray.util.state import list_nodes

    try:
        nodes = list_nodes(address=address, filters=[("state", "=", "ALIVE")], limit=_MOST_NODES)
    except (RayError, OSError, ValueError) as error:
        raise ConnectionError(f"no Ray cluster answers at {address}") from error
    total: Counter[str] = Counter()
    for node in nodes:
        total.update(node.resources_total)
    return total


def _once_it_answers(ask: Callable[[], T]) -> T:
    """Returns what a cluster answers, whose head node may be restarting.

    Raises:
        OSError, RuntimeError: it does not answer for long, or says that the job was sent before.
    """
    end = time.monotonic() + _ANSWERS_WITHIN_S
    while True:
        try:
            return ask()
        except (OSError, RuntimeError) as error:
            if time.monotonic() > end or _SENT_BEFORE in str(error):
                raise
        time.sleep(_POLL_S)


class RayLauncher(RayRunLauncher):
    """Launches runs on Ray: networks with a GPU where the cluster has one; a retry alone."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Submits a run as a job, once the job of the run that it repeats has ended."""
        run = context.dagster_run
        if run.parent_run_id:
            self._stop(get_job_submission_id_from_run_id(run.parent_run_id))
        if _CONFIG not in run.tags and self._wants_gpu(context):
            run = run.with_tags({**run.tags, _CONFIG: json.dumps({"num_gpus": 1})})
        super().launch_run(context._replace(dagster_run=run))

    def check_run_worker_health(self, run: dg.DagsterRun) -> WorkerHealth:
        """Returns the health of a run's job; a run of a command has none, and is not lost.

        Raises:
            ConnectionError: the cluster does not answer; Dagster checks again later.
        """
        if PROCESS_TAG in run.tags:
            return RUNNING
        health = super().check_run_worker_health(run)
        if health.status != WorkerStatus.UNKNOWN:
            return health
        # Dagster takes it for lost, which is so only if the cluster says that it has no such job.
        if _NO_SUCH_JOB not in str(health.msg):
            raise ConnectionError(f"the Ray cluster cannot say how a run is: {health.msg}")
        if run.status == dg.DagsterRunStatus.STARTING and self._unchanged(run) < _SENT_WITHIN:
            return RUNNING
        lost = "the Ray cluster does not know its job, as after the loss of its head node"
        return WorkerHealth(WorkerStatus.FAILED, lost)

    def _launch_ray_job(self, submission_id: str, entrypoint: str, run: dg.DagsterRun) -> None:
        """Submits a job by the path of its Python: a node may have no `dagster` on its PATH.

        A cluster whose head node restarts is waited for: a run has few tries.
        """
        origin = run.job_code_origin
        if origin is not None and entrypoint.startswith("dagster "):
            python = origin.repository_origin.executable_path
            entrypoint = f"{shlex.quote(python)} -m {entrypoint}"
        try:
            _once_it_answers(partial(super()._launch_ray_job, submission_id, entrypoint, run))
        except RuntimeError as error:
            if _SENT_BEFORE not in str(error):
                raise

    def _unchanged(self, run: dg.DagsterRun) -> timedelta:
        record = self._instance.get_run_record_by_id(run.run_id)
        return datetime.now(UTC) - record.update_timestamp if record else timedelta()

    def _wants_gpu(self, context: LaunchRunContext) -> bool:
        assets = assets_of_run(context)
        if not any(_GPU_KIND in asset.tags for asset in assets):
            return False
        return _once_it_answers(partial(cluster_resources, self.client.get_address()))["GPU"] >= 1

    def _stop(self, submission_id: str) -> None:
        """Stops a job and waits for its end: two must not make the same thing."""
        end = time.monotonic() + _STOPS_WITHIN_S
        while time.monotonic() < end:
            try:
                # A cluster that does not answer is asked again.
                with suppress(OSError):
                    if self.client.get_job_status(submission_id).is_terminal():
                        return
                    self.client.stop_job(submission_id)
            except RuntimeError as error:
                # It was no run of Ray, or of a head node that was lost.
                if _NO_SUCH_JOB in str(error):
                    return
            time.sleep(1)
