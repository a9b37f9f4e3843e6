"""The Dagster instance of a profile: opening it, and failing runs whose process was killed."""

from __future__ import annotations

import errno
import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO

import dagster as dg
from sqlalchemy.exc import OperationalError

from raman_pipeline.common import atomic
from raman_pipeline.common.atomic import WriteError
from raman_pipeline.orchestration.dagster_internals import (
    HIDDEN_TAG_PREFIX,
    lasting_engines,
    output_as_it_comes,
)
from raman_pipeline.settings import Settings, SettingsError

PROCESS_TAG = f"{HIDDEN_TAG_PREFIX}raman_pipeline_process"
WORKSPACE = Path(__file__).with_name("workspace.yaml")
_OPEN = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]


def prepare_home(settings: Settings) -> Path:
    """Creates the instance folder with the project's `dagster.yaml`; returns it.

    Dagster reads `dagster.yaml` from its home only, so the project's is copied there.

    Raises:
        SettingsError: the store cannot be written.
    """
    home = settings.dagster_home
    with _writing(settings):
        home.mkdir(parents=True, exist_ok=True)
        text = Path(__file__).with_name("dagster.yaml").read_text(encoding="utf-8")
        target = home / "dagster.yaml"
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            atomic.write_text(target, text)
    return home


@contextmanager
def _writing(settings: Settings) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(
            f"{settings.store}: cannot be written ({error.strerror}), which even reading Dagster's "
            "record needs; make it writable, or set RAMAN_PIPELINE_STORE to a copy or another "
            "folder"
        ) from error


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Opens the instance of a profile.

    Raises:
        WriteError: Dagster's record cannot be written, as on a full disk.
    """
    home = prepare_home(settings)
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        with lasting_engines(), output_as_it_comes():
            with _writing(settings), _alone(home / "opening.lock"):
                instance = dg.DagsterInstance.get()
            with instance:
                yield instance
    except OperationalError as error:
        remedy = "make it writable" if "readonly" in str(error.orig) else "free some space"
        raise WriteError(
            errno.EIO,
            f"{home}: Dagster's record cannot be written ({error.orig}); {remedy} and re-run to "
            "resume, or set RAMAN_PIPELINE_STORE to another folder",
        ) from error


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Holds a lock: of two processes that create Dagster's tables at once, one would fail."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def process_tags(settings: Settings) -> dict[str, str]:
    """Returns the tag that ties a run to this process."""
    return {PROCESS_TAG: _own_lock(settings.dagster_home / "processes")[0]}


def fail_orphans(settings: Settings, instance: dg.DagsterInstance) -> int:
    """Marks runs as failed whose process is gone; returns how many.

    A killed process cannot record this itself: its run would stay running.
    """
    folder = settings.dagster_home / "processes"
    gone = {path.name for path in folder.glob("*.lock") if _remove_if_unlocked(path)}
    count = 0
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=_OPEN)):
        lock = run.tags.get(PROCESS_TAG)
        if (lock in gone or not (folder / lock).exists()) if lock else _ended(instance, run):
            instance.report_run_failed(run, "its process was killed; re-run to resume")
            count += 1
    return count


def _ended(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Returns whether the process is gone that Dagster's UI started for a run."""
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


@cache
def _own_lock(folder: Path) -> tuple[str, IO[str]]:
    """Returns name and handle of a file that stays locked until this process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid.uuid4().hex}.lock"
    unlocked = path.with_suffix(".new")
    file = unlocked.open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    # Renamed only when locked, so that no other process takes it for an orphan's.
    unlocked.rename(path)
    return path.name, file


def _remove_if_unlocked(path: Path) -> bool:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        path.unlink(missing_ok=True)  # another process may be doing the same
        return True
