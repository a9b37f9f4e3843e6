"""Running the graph from the command line, without a daemon.

What belongs here: which runs are due, in which order, in how many processes. What
does not: printing (see `raman_pipeline.cli.main`), assets.

A run is due where an asset partition is missing, failed, or older than its inputs,
code or settings. Archives are always asked for: only their source can tell.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field

import dagster as dg
from dagster._core.execution.plan.objects import StepFailureData

from raman_pipeline.definitions import build_definitions
from raman_pipeline.orchestration import jobs, progress
from raman_pipeline.orchestration.assets.archives import UPDATE_CHECK
from raman_pipeline.orchestration.partitions import (
    ARCHIVES,
    FOLD_SPLIT,
    PRESET_SEED,
    SPLIT,
    SYNTHETIC_SEED,
    TASK_SEED,
    preset_and_seed,
)
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.runs.instance import fail_orphans, open_instance, process_tags
from raman_pipeline.runs.staleness import stale_assets
from raman_pipeline.settings import Settings

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunOutcome:
    """One finished run.

    Attributes:
        job: its job.
        partition: its partition, None where there is none.
        assets: what it was to materialise; empty where nothing was due.
        errors: one line a failed step.
        seconds: wall time.
        former_stays: whether what failed is an update that did not come into force.
    """

    job: str
    partition: str | None
    assets: tuple[str, ...]
    errors: tuple[str, ...] = ()
    seconds: float = 0.0
    former_stays: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether nothing failed."""
        return not self.errors


OnOutcome = Callable[[RunOutcome], None]
OnStart = Callable[[str, int], None]
"""Called with the name of a stage and how many runs it has."""


@dataclass
class Callbacks:
    """Where progress is told."""

    on_start: OnStart = field(default=lambda stage, total: None)
    on_outcome: OnOutcome = field(default=lambda outcome: None)
    on_progress: progress.OnProgress = field(default=lambda step: None)


def run_graph(
    settings: Settings, listener: Callbacks, train: bool = True, processes: int | None = None
) -> list[RunOutcome]:
    """Materialises everything that is due, from the archives to the report.

    The first failure ends it; what was made stays, and another run goes on from there.

    Args:
        settings: whose graph.
        listener: told of progress.
        train: whether to go past the folds.
        processes: for training; the number of cores, at most 8, where None.
    """
    outcomes: list[RunOutcome] = []
    with open_instance(settings) as instance:
        fail_orphans(settings, instance)
        definitions = build_definitions(settings)

        def stage(job: str, partitions: Sequence[str | None], always: Iterable[str] = ()) -> bool:
            listener.on_start(job, len(partitions))
            for partition in partitions:
                outcome = run_stale(settings, definitions, instance, job, partition, always)
                listener.on_outcome(outcome)
                outcomes.append(outcome)
                # A server that does not answer would be waited for once for every archive.
                if not outcome.succeeded and not outcome.former_stays:
                    return False
            return True

        archives = ARCHIVES.get_partition_keys()
        # Asking first: whether to parse depends on what the source says. Without an
        # answer the versions in use are gone on with, where there are any.
        sound = (
            (stage("ingest", archives, always=["rruff_archive"]) or _all_known(settings))
            and stage("ingest", archives)
            and stage("dataset", [None])
            and stage("folds", SPLIT.get_partition_keys())
        )
    if sound and train:
        outcomes += run_experiments(settings, listener, processes)
        outcomes += run_backfill(settings, listener, None, processes)
        outcomes += run_clustering(settings, listener, None, processes)
        outcomes.append(_report(settings, listener, "identification"))
    return outcomes


def accept_archive(settings: Settings, name: str) -> RunOutcome:
    """Takes the present version of an archive, whatever it looks like beside the former.

    Raises:
        ValueError: there is no such archive.
    """
    if name not in ARCHIVES.get_partition_keys():
        raise ValueError(f"no archive {name}; they are {', '.join(ARCHIVES.get_partition_keys())}")
    with open_instance(settings) as instance:
        fail_orphans(settings, instance)
        return run_stale(
            settings,
            build_definitions(settings),
            instance,
            "ingest",
            name,
            always=["rruff_archive"],
            config={"rruff_archive": {"accept": True}},
        )


def run_backfill(
    settings: Settings,
    listener: Callbacks,
    partitions: Sequence[str] | None = None,
    processes: int | None = None,
    families: Sequence[str] | None = None,
) -> list[RunOutcome]:
    """Fills fold x split x family with what is due, then makes the report.

    Every process trains with one thread: on few cores that beats one process with
    many. A backfill that was killed goes on where it stopped, within a training too.

    Args:
        settings: whose graph.
        listener: told of progress.
        partitions: keys such as `0|random`; all where None.
        processes: how many; the number of cores, at most 8, where None.
        families: names of model families; all, and the augmented sets, where None.

    Raises:
        ValueError: a partition or a family does not exist.
    """
    chosen = _known(FOLD_SPLIT, partitions)
    assets = None if families is None else jobs.assets_of_families(families)
    tasks = [_Task("training", assets, partition) for partition in chosen]
    outcomes = _in_processes(settings, listener, tasks, processes)
    return [*outcomes, _report(settings, listener, "geolocation_reports")]


def run_experiments(
    settings: Settings, listener: Callbacks, processes: int | None = None
) -> list[RunOutcome]:
    """Makes the studies that are due: comparison, ablation, scaling curve.

    Args:
        settings: whose graph.
        listener: told of progress.
        processes: how many; the number of cores, at most 8, where None.
    """
    assets = jobs.assets_of(build_definitions(settings), "experiments")
    tasks = [_Task("experiments", (asset,), None) for asset in assets]
    return _in_processes(settings, listener, tasks, processes)


def run_clustering(
    settings: Settings,
    listener: Callbacks,
    partitions: Sequence[str] | None = None,
    processes: int | None = None,
) -> list[RunOutcome]:
    """Trains, judges and clusters preset x seed where due, then makes both reports.

    Args:
        settings: whose graph.
        listener: told of progress.
        partitions: keys such as `default|0`; as many seeds of every preset as the settings
            say where None.
        processes: how many; the number of cores, at most 8, where None.

    Raises:
        ValueError: a partition does not exist.
    """
    chosen = _known(PRESET_SEED, partitions)
    if partitions is None:
        chosen = [k for k in chosen if preset_and_seed(k)[1] < settings.clustering.seeds]
    tasks = [_Task("clustering", None, partition) for partition in chosen]
    outcomes = _in_processes(settings, listener, tasks, processes)
    return [*outcomes, _report(settings, listener, "clustering_reports")]


def run_identification(settings: Settings, listener: Callbacks) -> list[RunOutcome]:
    """Makes the mineral library from the archives at hand and judges it, where due."""
    dataset = _report(settings, listener, "dataset")
    if not dataset.succeeded:
        return [dataset]
    return [dataset, _report(settings, listener, "identification")]


def run_synthetic(
    settings: Settings,
    listener: Callbacks,
    partitions: Sequence[str] = (),
    processes: int | None = None,
) -> list[RunOutcome]:
    """Asks baselines and peak models on every synthetic seed, then makes the report.

    Args:
        settings: whose store.
        listener: told of progress.
        partitions: where the paper's network is trained as well, keys such as `0|challenge`.
        processes: how many; the number of cores, at most 8, where None.

    Raises:
        ValueError: a partition does not exist.
    """
    chosen = _known(TASK_SEED, partitions)
    seeds = SYNTHETIC_SEED.get_partition_keys()
    tasks = [_Task("synthetic", None, seed) for seed in seeds]
    outcomes = _in_processes(settings, listener, tasks, processes)
    if chosen and all(o.succeeded for o in outcomes):
        tasks = [_Task("embedding", None, partition) for partition in chosen]
        outcomes += _in_processes(settings, listener, tasks, processes)
    return [*outcomes, _report(settings, listener, "synthetic_reports")]


def run_stale(
    settings: Settings,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    partition: str | None,
    always: Iterable[str] = (),
    config: Mapping[str, Mapping[str, object]] | None = None,
    among: Iterable[str] | None = None,
) -> RunOutcome:
    """Runs one job for one partition, over the assets that are due.

    Args:
        settings: of the profile.
        definitions: built from them.
        instance: where the run is recorded.
        job: name of a job.
        partition: its partition, None where the job has none.
        always: assets to run, and only those, whether due or not.
        config: asset to its configuration.
        among: assets of the job to look at; all where None.
    """
    members = jobs.assets_of(definitions, job) if among is None else tuple(among)
    assets = tuple(always) or tuple(stale_assets(definitions, instance, members, partition))
    if not assets:
        return RunOutcome(job, partition, ())
    start = time.perf_counter()
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        partition_key=partition,
        asset_selection=[dg.AssetKey(a) for a in assets],
        run_config=_QUIET | {"ops": {a: {"config": c} for a, c in (config or {}).items()}},
        tags=process_tags(settings),
        raise_on_error=False,
    )
    refused = list(_refused_updates(result))
    errors = refused or list(_errors(result))
    seconds = time.perf_counter() - start
    return RunOutcome(job, partition, assets, tuple(errors), seconds, bool(refused))


def _known(definition: dg.PartitionsDefinition, chosen: Sequence[str] | None) -> list[str]:
    known = [str(key) for key in definition.get_partition_keys()]
    if chosen is None:
        return known
    if unknown := sorted(set(chosen) - set(known)):
        raise ValueError(f"no partition {', '.join(unknown)}; they are {', '.join(known)}")
    return list(chosen)


def _report(settings: Settings, listener: Callbacks, job: str) -> RunOutcome:
    with open_instance(settings) as instance:
        listener.on_start(job, 1)
        outcome = run_stale(settings, build_definitions(settings), instance, job, None)
    listener.on_outcome(outcome)
    return outcome


def _refused_updates(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for evaluation in result.get_asset_check_evaluations():
        if evaluation.check_name == UPDATE_CHECK and not evaluation.passed:
            yield f"rruff_archive: {evaluation.metadata['problem'].value}"


def _errors(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.all_events:
        if event.is_step_failure:
            yield f"{event.step_key}: {_message(event.step_failure_data)}"
    if not result.success and not any(e.is_step_failure for e in result.all_events):
        yield "the run failed; see it in the UI"


def _all_known(settings: Settings) -> bool:
    store = Rruff(settings).store
    return all(store.record(name) is not None for name in ARCHIVES.get_partition_keys())


def _message(failure: StepFailureData) -> str:
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error
    # Dagster wraps what an asset raises; what lies behind that is for the log.
    if error is not None and error.cause is not None:
        error = error.cause
    text = error.message.strip() if error else "failed"
    return text.split(": ", 1)[-1] if text.startswith("raman_pipeline.") else text


@dataclass(frozen=True)
class _Task:
    """A run for a process of its own."""

    job: str
    assets: tuple[str, ...] | None
    partition: str | None


def _in_processes(
    settings: Settings, listener: Callbacks, tasks: Sequence[_Task], processes: int | None
) -> list[RunOutcome]:
    listener.on_start(tasks[0].job if tasks else "training", len(tasks))
    with open_instance(settings) as instance:
        fail_orphans(settings, instance)
    # Spawned, since a forked child would share the parent's torch and Arrow threads.
    context = multiprocessing.get_context("spawn")
    outcomes: list[RunOutcome] = []
    with progress.subscribe(context, listener.on_progress) as messages:
        pool = ProcessPoolExecutor(
            processes or min(os.cpu_count() or 1, 8),
            mp_context=context,
            initializer=_one_thread,
            initargs=(messages,),
        )
        try:
            for future in as_completed([pool.submit(_run_task, settings, t) for t in tasks]):
                outcomes.append(future.result())
                listener.on_outcome(outcomes[-1])
        finally:
            # On an interrupt nothing new is begun; checkpoints keep what was done.
            pool.shutdown(wait=True, cancel_futures=True)
    return outcomes


def _one_thread(messages: progress.Messages) -> None:
    import torch

    torch.set_num_threads(1)
    progress.send_to(messages)


def _run_task(settings: Settings, task: _Task) -> RunOutcome:
    with open_instance(settings) as instance:
        return run_stale(
            settings,
            build_definitions(settings),
            instance,
            task.job,
            task.partition,
            among=task.assets,
        )
