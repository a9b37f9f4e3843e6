"""Runs through Dagster's queue and daemon, as those of the UI, for an engine beyond this machine.

What belongs here: requesting what is stale as backfills, waiting for them, a daemon where there is
none. What does not: what launches their runs (see `orchestration.ray_launcher`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import dagster as dg
from sqlalchemy.exc import OperationalError

from raman_pipeline.common.database import DatabaseError
from raman_pipeline.common.errors import InputError
from raman_pipeline.orchestration import progress
from raman_pipeline.orchestration.build import build_definitions
from raman_pipeline.orchestration.dagster_internals import (
    BACKFILL_ID_TAG,
    NOT_FINISHED_STATUSES,
    PARTITION_NAME_TAG,
    WILL_RETRY_TAG,
    AssetGraph,
    failure_message,
    request_backfill,
    staleness,
    unfinished_backfills,
)
from raman_pipeline.orchestration.staleness import stale_assets
from raman_pipeline.runs.configuration import WORKSPACE
from raman_pipeline.runs.execution import Callbacks, Run, RunOutcome
from raman_pipeline.runs.instance import environment, open_instance
from raman_pipeline.settings import Settings, SettingsError

_POLL_S = 2.0
_SILENT_S = 90.0
"""A daemon that said nothing for so long is gone: it says something every 30 s."""
_SOON_S = 60.0
_ENDS_WITHIN_S = 60.0
_STARTS = 3
"""Daemons that end soon after their start, one after the other, until the command gives up."""
_DATABASE_S = 300.0
"""How long a database may be away while its runs are waited for."""
_DAEMON = "QUEUED_RUN_COORDINATOR"
_TRAINS = "pytorch"
_MARKED = "marked as failed from outside"


def cluster_slots(settings: Settings) -> int | None:
    """Returns how many runs the cluster of the settings does at once; None without a cluster.

    Raises:
        SettingsError: no cluster answers.
    """
    if settings.engine != "ray":
        return None
    from raman_pipeline.orchestration.ray_launcher import cluster_resources

    address = os.environ["RAY_ADDRESS"]
    try:
        return max(1, int(cluster_resources(address)["CPU"]))
    except ConnectionError as error:
        raise SettingsError(f"RAY_ADDRESS: {error}") from error


def on_queue(
    settings: Settings, callbacks: Callbacks, runs: Sequence[Run], processes: int | None
) -> list[RunOutcome]:
    """Runs what is stale as backfills of the daemon, and waits for them; see `runner.run_job`.

    What somebody else requested of the same assets is waited for first. A command that ends early
    leaves what it requested to the daemon; the next one waits for it.
    """
    slots = processes or cluster_slots(settings)
    graph = build_definitions(settings).resolve_asset_graph()
    outcomes: list[RunOutcome] = []

    def report(outcome: RunOutcome) -> None:
        outcomes.append(outcome)
        callbacks.on_outcome(outcome)

    def told(what: str, done: int, total: int | None) -> None:
        callbacks.on_progress(progress.Progress(what, done, total))

    with open_instance(settings) as instance, _Daemon(settings, instance, slots) as daemon:
        while _is_requested(instance, runs):
            told("waiting for runs requested before", 0, None)
            daemon.keep()
            time.sleep(_POLL_S)
        is_stale = staleness(instance, graph)
        stale: list[Run] = []
        idle: list[Run] = []
        for run in runs:
            assets = tuple(stale_assets(graph, instance, run.assets, run.partition, is_stale))
            (stale if assets else idle).append(Run(run.job, run.partition, assets))
        groups = dict(_groups(graph, stale))
        parts = [run for group in groups.values() for run in group]
        for job, count in Counter(run.job for run in (*idle, *parts)).items():
            callbacks.on_start(job, count)
        for run in idle:
            report(RunOutcome(run.job, run.partition, ()))
        requested = {
            request_backfill(instance, graph, _partitions(group), name): group
            for name, group in groups.items()
        }
        for backfill, group in requested.items():
            for done, outcome in enumerate(_followed(instance, daemon, backfill, group)):
                told(group[0].job, done + 1, len(group))
                report(outcome)
    told("", 0, None)
    return outcomes


def _groups(graph: AssetGraph, runs: Sequence[Run]) -> Iterator[tuple[str, list[Run]]]:
    """Yields what is one backfill each: runs of one job, networks (for a GPU) apart from the rest.

    Assets without partitions, which do not depend on each other, are apart, too.
    """
    groups: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        networks = _networks(graph, run.assets)
        for name, assets in (("networks", networks), ("others", {*run.assets} - networks)):
            if assets:
                part = Run(run.job, run.partition, tuple(a for a in run.assets if a in assets))
                groups[run.job, name if run.partition else ", ".join(part.assets)].append(part)
    for (job, name), group in groups.items():
        yield f"{job}: {name}", group


def _networks(graph: AssetGraph, assets: Iterable[str]) -> set[str]:
    """Returns those of some assets that train a network or come from one that does."""
    found: set[dg.AssetKey] = set()
    wanted = {dg.AssetKey(asset) for asset in assets}
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        if key in wanted and (f"dagster/kind/{_TRAINS}" in node.tags or node.parent_keys & found):
            found.add(key)
    return {key.to_user_string() for key in found}


def _partitions(runs: Iterable[Run]) -> dict[str, list[str | None]]:
    """Returns asset to its partitions in some runs."""
    found: dict[str, list[str | None]] = defaultdict(list)
    for run in runs:
        for asset in run.assets:
            found[asset].append(run.partition)
    return found


def _is_requested(instance: dg.DagsterInstance, runs: Sequence[Run]) -> bool:
    """Returns whether an unfinished run or backfill makes any of the same."""
    assets = {(asset, run.partition) for run in runs for asset in run.assets}
    whole = {(run.job, run.partition) for run in runs}
    names = {asset for asset, _ in assets}
    if any(
        key.to_user_string() in names
        for backfill in unfinished_backfills(instance)
        for key in backfill.asset_selection or ()
    ):
        return True
    for run in instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES)):
        partition = run.tags.get(PARTITION_NAME_TAG)
        chosen = run.asset_selection
        if chosen is None and (run.job_name, partition) in whole:
            return True
        if any((key.to_user_string(), partition) in assets for key in chosen or ()):
            return True
    return False


def _followed(
    instance: dg.DagsterInstance, daemon: _Daemon, backfill_id: str, runs: Sequence[Run]
) -> Iterator[RunOutcome]:
    """Yields the outcome of each run of a backfill once it has ended; a lost one is repeated."""
    waited = {run.partition: run for run in runs}
    away = 0.0
    while True:
        daemon.keep()
        try:
            backfill = instance.get_backfill(backfill_id)
            last = {
                run.tags.get(PARTITION_NAME_TAG): run  # oldest first: the last try stays
                for run in reversed(instance.get_runs(_of(backfill_id)))
            }
            away = 0.0
        except Exception as error:
            if not _is_of_database(error) or away > _DATABASE_S:
                raise
            away += _POLL_S
            time.sleep(_POLL_S)
            continue
        ended = backfill is None or backfill.status.value not in (
            "REQUESTED", "CANCELING", "FAILING"
        )  # fmt: skip
        for partition in [*waited]:
            run = last.get(partition)
            if run is None:
                continue
            lasts = run.is_success or run.tags.get(WILL_RETRY_TAG) == "false"
            if run.is_finished and (lasts or ended):
                yield _outcome(instance, waited.pop(partition), run)
        if ended:
            break
        time.sleep(_POLL_S)
    reason = backfill.error.message.strip() if backfill and backfill.error else "was not run"
    for left in waited.values():
        problem = f"backfill {backfill_id}: {reason}"
        yield RunOutcome(left.job, left.partition, left.assets, (problem,))


def _of(backfill_id: str) -> dg.RunsFilter:
    return dg.RunsFilter(tags={BACKFILL_ID_TAG: backfill_id})


def _is_of_database(error: Exception) -> bool:
    # Dagster's own error, after it tried five times, has no base class of SQLAlchemy's.
    return isinstance(error, OperationalError | DatabaseError) or (
        type(error).__name__ == "DagsterPostgresException"
    )


def _outcome(instance: dg.DagsterInstance, wanted: Run, run: dg.DagsterRun) -> RunOutcome:
    stats = instance.get_run_stats(run.run_id)
    seconds = (stats.end_time or 0.0) - (stats.start_time or stats.end_time or 0.0)
    errors: list[str] = []
    if not run.is_success:
        logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        events = [log.dagster_event for log in logs if log.dagster_event]
        errors = [f"{e.step_key}: {failure_message(e.step_failure_data)}" for e in events]
        errors = errors or [f"run {run.run_id}: {_end_of(instance, run)}; see it in the UI"]
    return RunOutcome(wanted.job, wanted.partition, wanted.assets, tuple(errors), seconds)


def _end_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """Returns the first line of what ended a run outside its steps, as an error of a launch."""
    logs = instance.all_logs(run.run_id)
    events = [log.dagster_event for log in logs if log.dagster_event]
    failure = dg.DagsterEventType.RUN_FAILURE
    texts = [event.message or "" for event in events if event.event_type == failure]
    errors = [e.engine_event_data.error for e in events if e.is_engine_event]
    # Of a launch that failed, the failure says no more than that there was one.
    texts = [text for text in texts if _MARKED not in text] or [e.message for e in errors if e]
    return (texts or ["was lost or cancelled"])[-1].strip().splitlines()[0].rstrip(".:")


class _Daemon:
    """Dagster's daemon: somebody's that runs, else one of this process's own while it waits."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance, runs: int | None) -> None:
        self._settings, self._instance, self._runs = settings, instance, runs
        self._own: subprocess.Popen[bytes] | None = None
        self._since, self._ended_soon = 0.0, 0

    def __enter__(self) -> _Daemon:
        return self

    def keep(self) -> None:
        """Starts a daemon where none runs.

        Raises:
            InputError: it ends again and again.
        """
        if self._own is None and self._heard():
            return
        if self._own is None or self._own.poll() is not None:
            soon = self._own is not None and time.monotonic() - self._since < _SOON_S
            self._ended_soon = self._ended_soon + 1 if soon else 0
            file = self._settings.dagster_home / "daemon.log"
            if self._ended_soon == _STARTS:
                raise InputError(f"Dagster's daemon ends as soon as it is started; see {file}")
            self._since = time.monotonic()
            with file.open("ab") as log:
                self._own = subprocess.Popen(
                    [sys.executable, "-m", "raman_pipeline.runs.queue"],
                    env=environment(self._settings, self._runs),
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )

    def _heard(self) -> bool:
        try:
            heartbeat = self._instance.get_daemon_heartbeats().get(_DAEMON)
        except Exception as error:
            if not _is_of_database(error):
                raise
            return True  # nobody knows; asked again soon
        return heartbeat is not None and time.time() - heartbeat.timestamp < _SILENT_S

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            self._own.terminate()
            try:
                self._own.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._own.kill()
                self._own.wait()
            # Otherwise the next command would wait for it.
            self._instance.wipe_daemon_heartbeats()


def _daemon() -> None:
    """Is Dagster's daemon, until the command that started it ends, however that was killed."""
    from dagster._daemon.cli import main as dagster_daemon

    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    sys.argv[1:] = ["run", "-w", str(WORKSPACE)]
    dagster_daemon()


if __name__ == "__main__":
    _daemon()
