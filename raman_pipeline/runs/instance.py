"""The Dagster instance of a profile: opening it, and failing runs whose process was killed."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO

import dagster as dg
import sqlalchemy
from sqlalchemy.exc import OperationalError

from raman_pipeline.common.atomic import WriteError
from raman_pipeline.common.database import DatabaseError
from raman_pipeline.common.storage import require_bucket
from raman_pipeline.orchestration.dagster_internals import (
    lasting_engines,
    output_as_it_comes,
)
from raman_pipeline.orchestration.launchers import PROCESS_TAG, ended
from raman_pipeline.runs.configuration import DATABASE, write_configuration
from raman_pipeline.settings import Settings, SettingsError

_STORE = "raman_pipeline/store"
"""Key in Dagster's record of the store that it describes."""
_OPEN = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]


def prepare_home(settings: Settings, runs: int | None = None) -> Path:
    """Creates the instance folder with its `dagster.yaml`; returns it.

    Args:
        settings: of the profile.
        runs: number of runs that the daemon launches at once; None keeps it.

    Raises:
        SettingsError: the store cannot be written, or its record is elsewhere.
    """
    with _writing(settings):
        settings.dagster_home.mkdir(parents=True, exist_ok=True)
        write_configuration(settings, runs)
    return settings.dagster_home


def environment(settings: Settings, runs: int | None = None) -> dict[str, str]:
    """Returns the environment of processes of Dagster on the instance of a profile."""
    return os.environ | {
        "DAGSTER_HOME": str(prepare_home(settings, runs)),
        "RAMAN_PIPELINE_PROFILE": settings.profile,
        "RAMAN_PIPELINE_STORE": str(settings.store),
        "RAMAN_PIPELINE_ENGINE": settings.engine,
        "RRUFF_URL": settings.archives.location,
        "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", "ignore"),
    }


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
        DatabaseError: the shared database does not answer, or belongs to another store.
        StoreError: the bucket of the store does not exist.
    """
    require_bucket(settings.store)
    home = prepare_home(settings)
    os.environ["DAGSTER_HOME"] = str(home)
    if settings.database_url is not None:
        _require_answer(settings.database_url)
    try:
        with lasting_engines(), output_as_it_comes():
            with _writing(settings), _alone(home / "opening.lock"):
                instance = dg.DagsterInstance.get()
            with instance:
                if settings.database_url is not None:
                    _require_own(settings, instance)
                yield instance
    except OperationalError as error:
        if settings.database_url is not None:
            raise DatabaseError(
                f"{settings.database_url}: the database was lost ({str(error.orig).strip()}); "
                "re-run to resume"
            ) from error
        remedy = "make it writable" if "readonly" in str(error.orig) else "free some space"
        raise WriteError(
            errno.EIO,
            f"{home}: Dagster's record cannot be written ({error.orig}); {remedy} and re-run to "
            "resume, or set RAMAN_PIPELINE_STORE to another folder",
        ) from error


def _require_answer(url: sqlalchemy.URL) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    try:
        engine.connect().close()
    except OperationalError as error:
        raise DatabaseError(
            f"{url}: the database does not answer ({str(error.orig).strip()}); start it, or "
            f"correct {DATABASE}"
        ) from error


def _require_own(settings: Settings, instance: dg.DagsterInstance) -> None:
    """Refuses a database with the record of another store: results would be in one table."""
    own = f"{settings.store} ({settings.profile} profile)"
    storage = instance.run_storage
    known = storage.get_cursor_values({_STORE}).get(_STORE)
    if known is None:
        storage.set_cursor_values({_STORE: own})
    elif known != own:
        raise DatabaseError(
            f"{settings.database_url} holds the record of {known}, not of {own}; set {DATABASE} "
            "to a database of its own"
        )


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Holds a lock: of two processes that create Dagster's tables at once, one would fail."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def process_tags(settings: Settings) -> dict[str, str]:
    """Returns the tag that ties a run to this process, and says on which machine it is."""
    name, _ = _own_lock(settings.dagster_home / "processes")
    return {PROCESS_TAG: f"{socket.gethostname()}/{name}"}


def fail_orphans(settings: Settings, instance: dg.DagsterInstance) -> int:
    """Marks runs as failed whose process on this machine is gone; returns how many.

    A killed process cannot record this itself: its run would stay running. Where the launcher can
    tell the health of a run, as on Ray, the daemon does this for what it launched.
    """
    folder = settings.dagster_home / "processes"
    gone = {path.name for path in folder.glob("*.lock") if _remove_if_unlocked(path)}
    watched = instance.run_launcher.supports_check_run_worker_health

    def is_gone(run: dg.DagsterRun) -> bool:
        host, _, lock = run.tags.get(PROCESS_TAG, "").rpartition("/")
        if lock:
            here = host in ("", socket.gethostname())
            return here and (lock in gone or not (folder / lock).exists())
        return not watched and ended(instance, run)

    lost = [run for run in instance.get_runs(dg.RunsFilter(statuses=_OPEN)) if is_gone(run)]
    for run in lost:
        instance.report_run_failed(run, "its process was killed; re-run to resume")
    return len(lost)


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
