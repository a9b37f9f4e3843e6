"""What launches runs where a database is shared, and tells which of them still live.

Dagster's daemon asks it, and marks as failed what is lost.
"""

from __future__ import annotations

import os
import socket

import dagster as dg

from raman_pipeline.orchestration.dagster_internals import (
    HIDDEN_TAG_PREFIX,
    LaunchRunContext,
    WorkerHealth,
    WorkerStatus,
)

PROCESS_TAG = f"{HIDDEN_TAG_PREFIX}raman_pipeline_process"
"""Machine and lock of the command that does a run in its own process."""
HOST_TAG = f"{HIDDEN_TAG_PREFIX}raman_pipeline_host"
"""Machine on which the daemon launched a run."""
RUNNING = WorkerHealth(WorkerStatus.RUNNING)


class LocalLauncher(dg.DefaultRunLauncher):
    """Launches runs on the daemon's machine, as Dagster does, and notices when one is gone."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether the daemon may ask for the health of a run."""
        return True

    def launch_run(self, context: LaunchRunContext) -> None:
        """Launches a run, and notes on which machine it is."""
        run_id = context.dagster_run.run_id
        self._instance.add_run_tags(run_id, {HOST_TAG: socket.gethostname()})
        super().launch_run(context)

    def check_run_worker_health(self, run: dg.DagsterRun) -> WorkerHealth:
        """Returns whether the process of a run lives; of one elsewhere, that it does."""
        if run.tags.get(HOST_TAG) == socket.gethostname() and ended(self._instance, run):
            return WorkerHealth(WorkerStatus.FAILED, "its process is gone")
        return RUNNING


def ended(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Returns whether the process is gone in which a run was started on this machine."""
    logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    events = [log.get_dagster_event().engine_event_data.metadata for log in logs]
    pids = [int(str(metadata["pid"].value)) for metadata in events if "pid" in metadata]
    try:
        if pids:
            os.kill(pids[-1], 0)
    except PermissionError:
        return False
    except ProcessLookupError:
        return True
    return False
