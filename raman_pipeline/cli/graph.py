"""The commands that materialise assets: run, backfill, experiments, cluster and the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from raman_pipeline.cli.console import Engine, Location, Profile, err, fail, out, profile_settings
from raman_pipeline.cli.findings import print_findings
from raman_pipeline.cli.progress import show_progress
from raman_pipeline.common.wording import counted

if TYPE_CHECKING:
    from raman_pipeline.runs.execution import Callbacks, RunOutcome
    from raman_pipeline.settings import Settings

CITATION = (
    "RRUFF data: please cite Lafuente, Downs, Yang & Stone (2015), The power of databases: the "
    "RRUFF project, De Gruyter, 1-30, doi:10.1515/9783110417104-003."
)

Processes = Annotated[
    int | None,
    typer.Option("--processes", min=1, help="parallel trainings [default: cores, at most 8]"),
]


def run(
    profile: Profile = None,
    rruff_url: Location = None,
    train: Annotated[bool, typer.Option(help="train models, not only prepare the data")] = True,
    processes: Processes = None,
    engine: Engine = None,
) -> None:
    """Materialise everything that is missing or stale, from the archives to the reports."""
    from raman_pipeline.runs.runner import run_graph

    _shown(
        profile_settings(profile, rruff_url, engine),
        lambda s, callbacks: run_graph(s, callbacks, train, processes),
    )


def accept_update(
    archive: Annotated[str, typer.Argument(help="for example fair_oriented")],
    profile: Profile = None,
    rruff_url: Location = None,
) -> None:
    """Accept a rejected archive update, for example one that lost many members."""
    from raman_pipeline.runs.runner import accept_archive

    settings = profile_settings(profile, rruff_url)
    outcome = accept_archive(settings, archive)
    if outcome is None:
        none = f"no update was rejected in the {settings.profile} profile"
        out.print(f"{archive}: nothing to accept; {none}")
        return
    for problem in outcome.errors:
        fail(problem)
    out.print(f"{archive}: update accepted; run the pipeline to process it")


def backfill(
    profile: Profile = None,
    partition: Annotated[
        list[str] | None,
        typer.Option("--partition", help='fold|split, for example "0|specimen"; repeatable'),
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option("--family", help="model family, for example rbf_svm; repeatable"),
    ] = None,
    processes: Processes = None,
    rruff_url: Location = None,
    engine: Engine = None,
) -> None:
    """Train and test model families per fold and split where stale, then write the report.

    The report compares models with every baseline: it needs a fold that has all of them.
    """
    from raman_pipeline.learning.geolocation.registry import FAMILIES
    from raman_pipeline.runs.runner import run_backfill

    def work(settings: Settings, callbacks: Callbacks) -> list[RunOutcome]:
        chosen = partition or None, processes, family or None
        outcomes = run_backfill(settings, callbacks, *chosen)
        if family and all(o.job != "geolocation_reports" for o in outcomes):
            needed = ", ".join(name for name, one in FAMILIES.items() if one.baseline)
            out.print(f"No report yet: no fold has all of {needed}.")
        return outcomes

    _shown(profile_settings(profile, rruff_url, engine), work)


def experiments(
    profile: Profile = None, processes: Processes = None, engine: Engine = None
) -> None:
    """Test significance, ablate inputs, compute the learning curve and the duplicate effect."""
    from raman_pipeline.runs.runner import run_job

    _shown(
        profile_settings(profile, engine=engine),
        lambda s, callbacks: run_job(s, "experiments", callbacks, processes=processes),
    )


def cluster(
    profile: Profile = None,
    partition: Annotated[
        list[str] | None,
        typer.Option("--partition", help='preset|seed, for example "default|0"; repeatable'),
    ] = None,
    processes: Processes = None,
    engine: Engine = None,
) -> None:
    """Train and evaluate denoising autoencoders and cluster their latent vectors."""
    from raman_pipeline.runs.runner import run_clustering

    _shown(
        profile_settings(profile, engine=engine),
        lambda s, callbacks: run_clustering(s, callbacks, partition or None, processes),
    )


def build_library(profile: Profile = None, rruff_url: Location = None) -> None:
    """Build the mineral library and evaluate identification."""
    from raman_pipeline.runs.runner import run_identification

    _shown(profile_settings(profile, rruff_url), run_identification)


def synthetic_benchmark(
    profile: Profile = None,
    partition: Annotated[
        list[str] | None,
        typer.Option("--partition", help='train seed|task, for example "0|challenge"; repeatable'),
    ] = None,
    processes: Processes = None,
    engine: Engine = None,
) -> None:
    """Generate the synthetic sets; evaluate baselines, peak models and trained networks."""
    from raman_pipeline.runs.runner import run_synthetic

    _shown(
        profile_settings(profile, engine=engine),
        lambda s, callbacks: run_synthetic(s, callbacks, partition or (), processes),
    )


def _shown(settings: Settings, work: Callable[[Settings, Callbacks], list[RunOutcome]]) -> None:
    """Runs stages with a progress display, renews the page of all results, prints findings."""
    from raman_pipeline.runs.runner import run_job

    with show_progress(out, err) as callbacks:
        outcomes = work(settings, callbacks)
        outcomes += run_job(settings, "index", callbacks)
    failed = [o for o in outcomes if not o.succeeded]
    runs = {(o.job, o.partition) for o in outcomes}
    idle = runs - {(o.job, o.partition) for o in outcomes if o.assets or o.errors}
    if idle:
        out.print(f"{len(idle)} of {counted(len(runs), 'run')} had nothing to do: all current.")
    out.print(CITATION, soft_wrap=True)
    print_findings(settings)
    profile = "" if settings.profile == "sample" else f" --profile {settings.profile}"
    out.print(Text.assemble("Open the UI on these runs: ", (f"raman-pipeline ui{profile}", "bold")))
    if failed:
        err.print(
            Text.assemble(
                (f"{counted(len(failed), 'run')} failed", "red"),
                "; fix the cause and re-run to resume",
            )
        )
        raise typer.Exit(1)
