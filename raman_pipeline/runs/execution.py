"""One run of a job over its stale assets, in this process, or many in processes of their own."""

from __future__ import annotations

import multiprocessing
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace

import dagster as dg

from raman_pipeline.common.processes import cpu_count, end_with_parent
from raman_pipeline.orchestration import jobs, progress
from raman_pipeline.orchestration.assets.archives import UPDATE_CHECK
from raman_pipeline.orchestration.build import build_definitions
from raman_pipeline.orchestration.dagster_internals import IsStale, failure_message, staleness
from raman_pipeline.orchestration.staleness import is_stand_in, stale_assets
from raman_pipeline.runs.instance import fail_orphans, open_instance, process_tags
from raman_pipeline.settings import Settings

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunOutcome:
    """One finished run.

    Attributes:
        job: name of the job.
        partition: its partition, None if it has none.
        assets: the assets that were stale and ran; empty if none was.
        errors: one line per failed step.
        seconds: wall time.
        update_rejected: whether the error is a rejected archive update.
    """

    job: str
    partition: str | None
    assets: tuple[str, ...]
    errors: tuple[str, ...] = ()
    seconds: float = 0.0
    update_rejected: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether nothing failed."""
        return not self.errors


OnOutcome = Callable[[RunOutcome], None]
OnStart = Callable[[str, int], None]
"""Called with the name of a job and the number of its runs."""


@dataclass
class Callbacks:
    """Called on progress."""

    on_start: OnStart = field(default=lambda job, total: None)
    on_outcome: OnOutcome = field(default=lambda outcome: None)
    on_progress: progress.OnProgress = field(default=lambda step: None)


@dataclass(frozen=True)
class Run:
    """One run of a job."""

    job: str
    partition: str | None
    assets: tuple[str, ...]


def run_stale(
    settings: Settings,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    partition: str | None,
    always: Iterable[str] = (),
    among: Iterable[str] | None = None,
    config: Mapping[str, Mapping[str, object]] | None = None,
    is_stale: IsStale | None = None,
) -> RunOutcome:
    """Runs one job for one partition, over the assets that are stale.

    Args:
        settings: of the profile.
        definitions: built from them.
        instance: where the run is recorded.
        job: name of a job.
        partition: its partition, None if the job has none.
        always: assets to run, and only those, stale or not.
        among: assets of the job; all if None.
        config: asset to its configuration.
        is_stale: see `stale_assets`.
    """
    members = jobs.assets_of(definitions, job) if among is None else tuple(among)
    graph = definitions.resolve_asset_graph()
    assets = tuple(always) or tuple(stale_assets(graph, instance, members, partition, is_stale))
    if not assets:
        return RunOutcome(job, partition, ())
    tried_again = any(is_stand_in(graph, instance, dg.AssetKey(a)) for a in assets)
    start = time.perf_counter()
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        partition_key=partition,
        asset_selection=[dg.AssetKey(a) for a in assets],
        run_config=_QUIET | {"ops": {a: {"config": c} for a, c in (config or {}).items()}},
        tags=process_tags(settings),
        raise_on_error=False,
    )
    rejected = list(_rejected_updates(result))
    errors = rejected or list(_errors(result))
    seconds = time.perf_counter() - start
    progress.publish(progress.Progress(""))
    if tried_again and not errors and not always:
        # What depends on a stand-in follows if the stand-in was replaced.
        rest = set(stale_assets(graph, instance, members, partition)) - set(assets)
        if rest:
            more = run_stale(settings, definitions, instance, job, partition, sorted(rest))
            return replace(more, assets=assets + more.assets, seconds=seconds + more.seconds)
    return RunOutcome(job, partition, assets, tuple(errors), seconds, bool(rejected))


def _begin_worker(on_progress: progress.OnProgress) -> None:
    progress.send_to(on_progress)
    end_with_parent()


def in_processes(
    settings: Settings, callbacks: Callbacks, runs: Sequence[Run], processes: int | None
) -> list[RunOutcome]:
    """Runs what is stale, each run in a process of a pool, or on the engine; see `runner.run_job`.

    The pool is no part of Dagster's, whose ways to have runs side by side all start a daemon and a
    code server first, and then one more process for each run: see docs/deployment.md.
    """
    if settings.engine != "local":
        from raman_pipeline.runs.queue import on_queue

        return on_queue(settings, callbacks, runs, processes)
    for job, count in Counter(run.job for run in runs).items():
        callbacks.on_start(job, count)
    graph, stale = build_definitions(settings).resolve_asset_graph(), []
    outcomes: list[RunOutcome] = []
    with open_instance(settings) as instance:
        fail_orphans(settings, instance)
        is_stale = staleness(instance, graph)
        for run in runs:
            # A process is started only where there is something to do: it takes seconds.
            if any(stale_assets(graph, instance, run.assets, run.partition, is_stale)):
                stale.append(run)
            else:
                outcomes.append(RunOutcome(run.job, run.partition, ()))
                callbacks.on_outcome(outcomes[-1])
    if not stale:
        return outcomes
    # Spawned, since a forked child would share the parent's torch and Arrow threads.
    context = multiprocessing.get_context("spawn")
    with progress.subscribe(context, callbacks.on_progress) as receive:
        pool = ProcessPoolExecutor(
            min(processes or min(cpu_count(), 8), len(stale)),
            mp_context=context,
            initializer=_begin_worker,
            initargs=(receive,),
        )
        try:
            futures = [pool.submit(run_alone, settings, run) for run in stale]
            for future in as_completed(futures):
                outcomes.append(future.result())
                callbacks.on_outcome(outcomes[-1])
        finally:
            # After an interrupt nothing new is started; checkpoints keep what was done.
            pool.shutdown(wait=True, cancel_futures=True)
    return outcomes


def run_alone(settings: Settings, run: Run) -> RunOutcome:
    """Runs what is stale of one run; libraries' warnings say nothing to who reads the terminal."""
    definitions = build_definitions(settings)
    with warnings.catch_warnings(action="ignore"), open_instance(settings) as instance:
        return run_stale(settings, definitions, instance, run.job, run.partition, among=run.assets)


def _rejected_updates(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for evaluation in result.get_asset_check_evaluations():
        if evaluation.check_name == UPDATE_CHECK and not evaluation.passed:
            yield f"rruff_archive: {evaluation.metadata['problem'].value}"


def _errors(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.all_events:
        if event.is_step_failure:
            yield f"{event.step_key}: {failure_message(event.step_failure_data)}"
    if not result.success and not any(e.is_step_failure for e in result.all_events):
        yield "the run failed; see it in the UI"
