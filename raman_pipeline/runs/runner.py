"""Running the graph from the command line, without a daemon.

What belongs here: the jobs of each command. What does not: how one runs (see `execution`),
printing (see `raman_pipeline.cli`), which assets are stale (see `staleness`).

Every run checks at the source whether the archives changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import dagster as dg

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.data.fold_export import folds_of_export
from raman_pipeline.learning.data.splits import SPLITS
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.orchestration import jobs, progress
from raman_pipeline.orchestration.asset_paths import asset_files
from raman_pipeline.orchestration.build import build_definitions
from raman_pipeline.orchestration.dagster_internals import data_version, staleness
from raman_pipeline.orchestration.partitions import ARCHIVES, TASK_SEED
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.orchestration.sensors import FOLLOWED
from raman_pipeline.rruff.zip_archive import ArchiveError
from raman_pipeline.runs.execution import Callbacks, Run, RunOutcome, in_processes, run_stale
from raman_pipeline.runs.instance import fail_orphans, open_instance
from raman_pipeline.settings import Settings

_PARALLEL = {"training", "experiments", "clustering", "synthetic", "embedding"}
"""Jobs whose runs are independent of each other and long."""

_FIRST: dict[str, tuple[str, ...] | None] = {
    "training": ("0|random", "0|specimen"),
    "experiments": None,
    "clustering": ("default|0", "paper|0"),
}
"""Partitions that `run_graph` trains; None for a job without."""


def run_job(
    settings: Settings,
    job: str,
    callbacks: Callbacks,
    partitions: Sequence[str] | None = None,
    processes: int | None = None,
    assets: Sequence[str] | None = None,
) -> list[RunOutcome]:
    """Materialises what is missing or stale of one job.

    Independent runs are spread over processes. The other jobs run in this process and stop at
    the first failure. What was made stays: another call resumes, within a training too.

    Args:
        settings: of the profile.
        job: name of a job.
        callbacks: called on progress.
        partitions: keys such as `0|random`; all if None.
        processes: number of processes; the number of cores, at most 8, if None.
        assets: names of the assets of the job; all if None.

    Raises:
        InputError: a partition does not exist, or the job needs what no run has made.
    """
    definitions = build_definitions(settings)
    runs = _runs(definitions, job, partitions, assets)
    if job in _FIRST:
        _require_inputs(settings, definitions, runs)
    if job in _PARALLEL:
        return in_processes(settings, callbacks, runs, processes)
    with open_instance(settings) as instance:
        fail_orphans(settings, instance)
        return _run_here(settings, definitions, instance, callbacks, runs)


def run_graph(
    settings: Settings, callbacks: Callbacks, train: bool = True, processes: int | None = None
) -> list[RunOutcome]:
    """Runs all jobs but the synthetic ones; see `run_job`.

    With `train`, models are trained on the first partitions only; `run_backfill` and
    `run_clustering` train the others.

    Raises:
        InputError: the file of RAMAN_PIPELINE_FOLDS cannot be used.
    """
    if settings.folds.file:  # Found out now, and not when the archives are parsed.
        for split in SPLITS:
            folds_of_export(settings.folds.file, split, settings.folds.seed)
    definitions = build_definitions(settings)
    with open_instance(settings) as instance:
        fail_orphans(settings, instance)

        def run(job: str, keys: Sequence[str] | None, *always: str) -> Sequence[RunOutcome]:
            runs = _runs(definitions, job, keys)
            done = _run_here(settings, definitions, instance, callbacks, runs, always)
            outcomes.extend(done)
            return [o for o in done if o.errors and not o.update_rejected]

        # Those known before first alone: whether they are parsed depends on what the source
        # returns. If it does not answer, the accepted versions are used, if there is one of each.
        outcomes: list[RunOutcome] = []
        changed, new = _archives_to_fetch(settings, instance)
        failed = run("ingest", changed, "rruff_archive") or run("ingest", new)
        if failed and not _all_accepted(settings):
            return outcomes
        for job in FOLLOWED:
            if run(job, None):
                return outcomes
    if train:
        runs = [run for job, keys in _FIRST.items() for run in _runs(definitions, job, keys)]
        outcomes += in_processes(settings, callbacks, runs, processes)
        for job in ("geolocation_reports", "clustering_reports", "identification"):
            outcomes += run_job(settings, job, callbacks)
    return outcomes


def accept_archive(settings: Settings, name: str) -> RunOutcome | None:
    """Accepts the published version of an archive, whatever it lacks beside the accepted one.

    Returns None where there is nothing to accept: it was accepted before, or none ever was.

    Raises:
        InputError: there is no such archive.
    """
    if name not in ARCHIVES.get_partition_keys():
        raise InputError(f"no archive {name}; they are {', '.join(ARCHIVES.get_partition_keys())}")
    store = Rruff(settings).store
    former = store.record(name)
    if former is None:
        return None
    with open_instance(settings) as instance:
        fail_orphans(settings, instance)
        here = (settings, build_definitions(settings), instance, "ingest", name)
        accept = {"rruff_archive": {"accept": True}}
        outcome = run_stale(*here, always=["rruff_archive"], config=accept)
    record = store.record(name)
    assert record is not None
    unchanged = outcome.succeeded and record.data_version == former.data_version
    return None if unchanged else outcome


def run_backfill(
    settings: Settings,
    callbacks: Callbacks,
    partitions: Sequence[str] | None = None,
    processes: int | None = None,
    families: Sequence[str] | None = None,
) -> list[RunOutcome]:
    """Trains model families on fold x split, then writes the report; see `run_job`.

    Raises:
        InputError: a partition or a family does not exist, or there are no folds.
    """
    assets = None if families is None else jobs.assets_of_families(families)
    outcomes = run_job(settings, "training", callbacks, partitions, processes, assets)
    if families is None or _some_fold_has_baselines(settings):
        outcomes += run_job(settings, "geolocation_reports", callbacks)
    return outcomes


def run_clustering(
    settings: Settings,
    callbacks: Callbacks,
    partitions: Sequence[str] | None = None,
    processes: int | None = None,
) -> list[RunOutcome]:
    """Trains autoencoders and clusters their latents, then writes both reports; see `run_job`."""
    return [
        *run_job(settings, "clustering", callbacks, partitions, processes),
        *run_job(settings, "clustering_reports", callbacks),
    ]


def run_identification(settings: Settings, callbacks: Callbacks) -> list[RunOutcome]:
    """Builds the mineral library and evaluates it; see `run_job`.

    Archives are fetched only where none was: a `run` looks for newer ones.
    """
    outcomes: list[RunOutcome] = []
    ingest = () if asset_files(settings.asset_store, "parsed_spectra") else ("ingest",)
    for job in (*ingest, "dataset", "library", "identification"):
        outcomes += run_job(settings, job, callbacks)
        if any(o.errors for o in outcomes):
            break
    return outcomes


def run_synthetic(
    settings: Settings,
    callbacks: Callbacks,
    partitions: Sequence[str] = (),
    processes: int | None = None,
) -> list[RunOutcome]:
    """Evaluates baselines and peak models on the synthetic sets; see `run_job`.

    The paper's network is trained as well on the named partitions, such as `0|challenge`.
    """
    _existing(TASK_SEED, partitions)
    outcomes = run_job(settings, "synthetic", callbacks, processes=processes)
    if partitions and not any(o.errors for o in outcomes):
        outcomes += run_job(settings, "embedding", callbacks, partitions, processes)
    return [*outcomes, *run_job(settings, "synthetic_reports", callbacks)]


def _runs(
    definitions: dg.Definitions,
    job: str,
    partitions: Sequence[str] | None = None,
    assets: Sequence[str] | None = None,
) -> list[Run]:
    members = tuple(assets or jobs.assets_of(definitions, job))
    if keys := definitions.resolve_job_def(job).partitions_def:
        return [Run(job, partition, members) for partition in _existing(keys, partitions)]
    # The assets of a parallel job do not depend on each other.
    each = [(member,) for member in members] if job in _PARALLEL else [members]
    return [Run(job, None, chosen) for chosen in each]


def _require_inputs(settings: Settings, definitions: dg.Definitions, runs: Sequence[Run]) -> None:
    graph = definitions.resolve_asset_graph()
    made = {name for run in runs for name in run.assets}
    parents = {
        parent.to_user_string()
        for name in made
        for parent in graph.get(dg.AssetKey(name)).parent_keys
    }
    if missing := sorted(p for p in parents - made if not asset_files(settings.asset_store, p)):
        raise InputError(
            f"{settings.store} has no {', '.join(missing)} yet; "
            f"`raman-pipeline run --no-train --profile {settings.profile}` makes them"
        )


def _some_fold_has_baselines(settings: Settings) -> bool:
    """Returns whether a report on families has a fold to compare them on."""
    baselines = [f"{family.name}_predictions" for family in FAMILIES.values() if family.baseline]
    files = [set(asset_files(settings.asset_store, name)) for name in baselines]
    return bool(set.intersection(*files))


def _run_here(
    settings: Settings,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    callbacks: Callbacks,
    runs: Sequence[Run],
    always: Sequence[str] = (),
) -> list[RunOutcome]:
    """Runs one after the other in this process what is stale, or `always`, up to a failure."""
    for job, count in Counter(run.job for run in runs).items():
        callbacks.on_start(job, count)
    outcomes: list[RunOutcome] = []
    progress.send_to(callbacks.on_progress)
    stale = None
    for run in runs:
        # What was read of the record holds until something is made.
        if stale is None or outcomes[-1].assets:
            stale = staleness(instance, definitions.resolve_asset_graph())
        chosen = run.job, run.partition, always, run.assets
        outcomes.append(run_stale(settings, definitions, instance, *chosen, is_stale=stale))
        callbacks.on_outcome(outcomes[-1])
        # A server that does not answer would be waited for once per archive.
        if outcomes[-1].errors and not outcomes[-1].update_rejected:
            break
    return outcomes


def _existing(keys: dg.PartitionsDefinition, chosen: Sequence[str] | None) -> list[str]:
    existing = [str(key) for key in keys.get_partition_keys()]
    if unknown := sorted(set(chosen or ()) - set(existing)):
        raise InputError(f"no partition {', '.join(unknown)}; they are {', '.join(existing)}")
    return existing if chosen is None else list(chosen)


def _archives_to_fetch(
    settings: Settings, instance: dg.DagsterInstance
) -> tuple[list[str], list[str]]:
    """Returns the archives that source or store have in another version than Dagster's record.

    Those that it has no record of come second.
    """
    names, rruff = ARCHIVES.get_partition_keys(), Rruff(settings)
    recorded = {n: data_version(instance, dg.AssetKey("rruff_archive"), n) for n in names}

    def is_current(name: str) -> bool:
        stored = rruff.store.record(name)
        # A run that was killed may have stored a version that it did not record.
        known = stored is not None and stored.data_version == recorded[name]
        return known and rruff.is_current(name)

    with suppress(ArchiveError):  # the fetch says what is wrong
        names = [name for name in names if not is_current(name)]
    return [n for n in names if recorded[n]], [n for n in names if not recorded[n]]


def _all_accepted(settings: Settings) -> bool:
    store = Rruff(settings).store
    return all(store.record(name) is not None for name in ARCHIVES.get_partition_keys())
