"""The Dagster instance of a profile.

What belongs here: opening it, and clearing up after runs that were killed. What does
not: what runs (see `runner`).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.instance import InstanceRef

from raman_pipeline import atomic
from raman_pipeline.settings import PROJECT, Settings, SettingsError

PROCESS_TAG = "raman_pipeline/process"
_OPEN = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]


def prepare_home(settings: Settings) -> Path:
    """Makes the instance folder with the project's `dagster.yaml`; returns it.

    Dagster reads `dagster.yaml` from its home only, so the project's is copied there.

    Raises:
        SettingsError: the store cannot be written.
    """
    home = settings.dagster_home
    try:
        home.mkdir(parents=True, exist_ok=True)
        text = (PROJECT / "dagster.yaml").read_text(encoding="utf-8")
        target = home / "dagster.yaml"
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            atomic.write_text(target, text)
    except OSError as error:
        raise SettingsError(
            f"{settings.store}: cannot be written ({error.strerror}); set RAMAN_PIPELINE_STORE to "
            "a folder that can"
        ) from error
    return home


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Opens the instance of a profile."""
    home = prepare_home(settings)
    os.environ["DAGSTER_HOME"] = str(home)
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home))) as instance:
        yield instance


def process_tags() -> dict[str, str]:
    """Returns tags that tell which process executes a run."""
    return {PROCESS_TAG: f"{socket.gethostname()}:{os.getpid()}"}


def fail_orphans(instance: dg.DagsterInstance) -> int:
    """Marks runs as failed whose process, on this host, is gone; returns how many.

    A killed process cannot say so itself, and its run would count as running for ever.
    """
    count = 0
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=_OPEN)):
        host, _, pid = run.tags.get(PROCESS_TAG, "").rpartition(":")
        if host == socket.gethostname() and not Path(f"/proc/{pid}").exists():
            instance.report_run_failed(run, f"process {pid} was killed; run it again to go on")
            count += 1
    return count
